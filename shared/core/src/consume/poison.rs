//! Messages that were received often. Most of them wait for something; but one may be among them that kills
//! the function before anything is recorded, and everything that is in its batch comes back with it.
//!
//! ```text
//! received rarely ──────────────────┐
//! often, nothing noted ── noted ── worked on together, deleted ── notes taken back ──┐
//! often, and the note of an earlier time is still there ── noted ── worked on, one by one ── …
//!                                                            └ noted too often: dead-lettered, unread
//! ```
//!
//! Who has died on a message finds its note the next time. From then on it takes nobody along: all others are
//! done with and deleted before.

use std::time::Duration;

use futures_util::{StreamExt, stream};
use tracing::error;

use super::event::RESERVE;
use super::{Consumer, Fate, Inbox, LAST, Received, provider_of};
use crate::clock::{Clock, Random, Timestamp};
use crate::error::chain;
use crate::ledger::{Ledger, LedgerError};
use crate::metric;

/// From this receive on it is noted when work on a message begins. Earlier ones save the two writes.
pub const OFTEN: u32 = 4;

pub(super) fn is_often(message: &Received) -> bool {
    message.receives >= OFTEN
}

impl<L: Ledger, I: Inbox, C: Clock, R: Random> Consumer<L, I, C, R> {
    pub(super) async fn consume_often(
        &self,
        often: Vec<Received>,
        others: Vec<Received>,
        deadline: Timestamp,
    ) -> Vec<String> {
        let (mut failed, mut calm, mut suspects) = (Vec::new(), Vec::new(), Vec::new());
        let noted = stream::iter(often).map(|message| async {
            let begun = self.begin(&message, deadline).await;
            // Its turn is later.
            let begun = match begun {
                Ok(2..) => self.put_off(&message, deadline).await.map(|()| 2),
                begun => begun,
            };
            (message, begun)
        });
        let noted: Vec<_> = noted.buffer_unordered(self.policy.concurrency.max(1)).collect().await;
        for (message, begun) in noted {
            match begun {
                Ok(..=1) => calm.push(message),
                Ok(2..) => suspects.push(message),
                Err(fate) => failed.extend(self.see_off(&message, fate, deadline).await),
            }
        }
        let noted = calm.clone();
        calm.extend(others);
        failed.extend(match suspects.is_empty() {
            true => self.work(calm, deadline).await,
            false => self.work_and_delete(calm, deadline).await,
        });
        self.survive(noted, deadline).await;
        for message in suspects {
            failed.extend(self.consume_alone(message, deadline).await);
        }
        failed
    }

    /// Works on a message that may kill the function.
    async fn consume_alone(&self, message: Received, deadline: Timestamp) -> Vec<String> {
        if self.clock.now() >= deadline.minus(2 * RESERVE) {
            let fate = Fate::Back(Duration::ZERO, "not started: the invocation ends".to_owned());
            return Vec::from_iter(self.see_off(&message, fate, deadline).await);
        }
        let crashes = match self.begin(&message, deadline).await {
            Ok(begun) => begun.saturating_sub(1),
            Err(fate) => return Vec::from_iter(self.see_off(&message, fate, deadline).await),
        };
        if crashes >= self.policy.wait_policy.max_crashes {
            let reason = format!("the function has died {crashes} times in a row while it worked on this message");
            error!(message_id = message.message_id, reason, "message given up");
            if self.bury(&message, &reason, deadline).await {
                self.delete_ahead(&[message], deadline).await;
                return Vec::new();
            }
            let fate = self.wait_longer(&message, reason);
            return Vec::from_iter(self.see_off(&message, fate, deadline).await);
        }
        let failed = self.work_and_delete(vec![message.clone()], deadline).await;
        self.survive(vec![message], deadline).await;
        failed
    }

    /// Works through messages, and deletes those that are done with, since the invocation goes on to others.
    async fn work_and_delete(&self, batch: Vec<Received>, deadline: Timestamp) -> Vec<String> {
        let mut done = batch.clone();
        let failed = self.work(batch, deadline).await;
        done.retain(|message| !failed.contains(&message.message_id));
        self.delete_ahead(&done, deadline).await;
        failed
    }

    async fn delete_ahead(&self, done: &[Received], deadline: Timestamp) {
        if !done.is_empty()
            && let Some(Err(error)) = self.in_time(deadline, self.inbox.delete(done)).await
        {
            // Lambda deletes them once the invocation ends well.
            error!(error = chain(&error), "messages not deleted ahead");
        }
    }

    async fn begin(&self, message: &Received, deadline: Timestamp) -> Result<u32, Fate> {
        let begin = self.ledger.begin(&message.message_id, self.clock.now());
        self.noted(message, self.in_time(deadline.minus(LAST), begin).await)
    }

    async fn put_off(&self, message: &Received, deadline: Timestamp) -> Result<(), Fate> {
        let put_off = self.ledger.put_off(&message.message_id, self.clock.now());
        self.noted(message, self.in_time(deadline.minus(LAST), put_off).await)
    }

    /// Without its note nothing is begun.
    fn noted<T>(&self, message: &Received, noted: Option<Result<T, LedgerError>>) -> Result<T, Fate> {
        let why = match noted {
            Some(Ok(noted)) => return Ok(noted),
            Some(Err(error)) => chain(&error),
            None => "no end before the invocation's".to_owned(),
        };
        metric::event(provider_of(message), "failed");
        error!(message_id = message.message_id, error = why, "message not begun");
        Err(self.wait_longer(message, why))
    }

    async fn survive(&self, messages: Vec<Received>, deadline: Timestamp) {
        let all = stream::iter(messages).map(|message| async move {
            let survive = self.ledger.survive(&message.message_id, self.clock.now());
            if let Some(Err(error)) = self.in_time(deadline, survive).await {
                // Once more, and the note is one too many: it is worked on alone then, and no harm is done.
                error!(
                    message_id = message.message_id,
                    error = chain(&error),
                    "note not taken back"
                );
            }
        });
        all.buffer_unordered(self.policy.concurrency.max(1))
            .collect::<Vec<()>>()
            .await;
    }
}
