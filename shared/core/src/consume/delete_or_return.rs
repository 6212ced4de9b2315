//! What becomes of a message: deleted, returned to the queue, or dead-lettered at its end.

use std::time::Duration;

use tracing::error;

use super::parts::Waiting;
use super::{Consumer, Inbox, Received};
use crate::account::{Account, AccountName};
use crate::clock::Timestamp;
use crate::error::chain;
use crate::ledger::Ledger;
use crate::metric;
use crate::provider::Providers;

#[derive(Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    Delete,
    /// It comes back after this time, for this reason.
    Return(Duration, String),
}

impl Outcome {
    /// Comes back at once: there was no time for it.
    pub(super) fn not_started() -> Self {
        Self::Return(Duration::ZERO, "not started: the invocation ends".to_owned())
    }
}

impl<L: Ledger, I: Inbox> Consumer<L, I> {
    /// The message comes back later, the later the more often it was received.
    pub(super) fn wait_longer(&self, message: &Received, why: String) -> Outcome {
        let age = self.age(message);
        let delay = self.policy.wait_policy.delay(message.receives, age, &*self.random);
        Outcome::Return(delay, why)
    }

    /// Carries out a message's outcome. Returns its id if it must not be deleted.
    pub(super) async fn finish(&self, message: &Received, outcome: Outcome, deadline: Timestamp) -> Option<String> {
        match outcome {
            Outcome::Delete => None,
            Outcome::Return(delay, why) => {
                let waiting = vec![(message.clone(), delay, why)];
                self.return_or_dead_letter(waiting, deadline).await
            }
        }
    }

    /// Returns a message to the queue or, if that would be its last time there, dead-letters what still waits of it.
    /// Returns its id if it must not be deleted.
    pub(super) async fn return_or_dead_letter(&self, waiting: Vec<Waiting>, deadline: Timestamp) -> Option<String> {
        // The event that is due first sets the time; the ledger makes the others wait.
        let (message, delay, _) = waiting.iter().min_by_key(|(_, delay, _)| *delay)?;
        let (age, wait_policy) = (self.age(message), &self.policy.wait_policy);
        // The attempts of one event fit into the receives of its message. Those of an array's events, each due at a
        // time of its own, do not.
        let delay = match waiting.len() {
            1 => *delay,
            _ => wait_policy.share(message.receives, age).max(*delay),
        };
        if let Some(age) = age {
            metric::open_event_age(age);
        }
        let end = match age {
            Some(age) if wait_policy.ends(age, delay) => Some("the event queue would forget it within a day"),
            // SQS would move it without a reason.
            _ if message.receives >= wait_policy.max_receives => Some("it was received as often as the queue allows"),
            _ => None,
        };
        if let Some(end) = end {
            let mut left = waiting.len();
            for (part, _, why) in &waiting {
                let reason = format!("{end}: {why}");
                left -= usize::from(self.send_to_dead_letters(part, &reason, deadline).await);
            }
            if left == 0 {
                return None;
            }
        }
        let returned = self.in_time(deadline, self.inbox.return_after(message, delay)).await;
        if let Some(Err(error)) = returned {
            // It comes back all the same, when its visibility time-out ends.
            error!(error = chain(&error), "message's return not scheduled");
        }
        Some(message.message_id.clone())
    }

    /// Puts a copy of a message on the dead-letter queue, so that the message can be deleted; false if that fails.
    pub(super) async fn send_to_dead_letters(&self, message: &Received, reason: &str, deadline: Timestamp) -> bool {
        match self.in_time(deadline, self.inbox.dead_letter(message, reason)).await {
            Some(Ok(())) => {
                metric::event(
                    provider_of(self.providers, message),
                    &AccountName::DEFAULT,
                    "dead_lettered",
                );
                true
            }
            Some(Err(error)) => {
                error!(error = chain(&error), "message not dead-lettered");
                false
            }
            None => false,
        }
    }

    fn age(&self, message: &Received) -> Option<Duration> {
        message.sent_at.map(|sent_at| self.clock.now().since(sent_at))
    }
}

/// The provider that an unread message names, for metrics.
pub(super) fn provider_of(providers: Providers, message: &Received) -> &'static str {
    let sender = message.attributes.get("provider");
    sender
        .and_then(|sender| providers.by_name(Account::split(sender)?.0))
        .map_or("unknown", |provider| provider.name)
}
