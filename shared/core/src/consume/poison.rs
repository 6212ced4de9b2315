//! Messages that were received often. Most of them wait for something, but one may kill the function before anything
//! is recorded, and then everything in its batch comes back with it.
//!
//! So the start of work on such a message is counted before it is read, and the count is reset when work has ended:
//!
//! ```text
//! received rarely ───────────────┐
//! often, count 1 ────────────────┴─ worked on together, deleted ── count reset ──┐
//! often, count 2 or more: the function died on it ── count taken back ───────────┴─ counted again, worked on alone
//!                                                    count above `max_crashes`: dead-lettered, unread
//! ```
//!
//! Once the function has died on a message, all others are done with and deleted before its turn comes.

use futures_util::{StreamExt, stream};
use tracing::error;

use super::delete_or_return::provider_of;
use super::event::RESERVE;
use super::{Consumer, Inbox, LAST, Outcome, Received};
use crate::account::AccountName;
use crate::clock::Timestamp;
use crate::error::chain;
use crate::ledger::{Ledger, StartCount};
use crate::metric;

/// From this receive on, starts of work on a message are counted. That costs two writes, which most messages save.
pub const OFTEN: u32 = 4;

pub(super) fn is_often(message: &Received) -> bool {
    message.receives >= OFTEN
}

impl<L: Ledger, I: Inbox> Consumer<L, I> {
    pub(super) async fn consume_often(
        &self,
        often: Vec<Received>,
        others: Vec<Received>,
        deadline: Timestamp,
    ) -> Vec<String> {
        let (mut failed, mut harmless, mut suspects) = (Vec::new(), Vec::new(), Vec::new());
        let counted = stream::iter(often).map(|message| async {
            let starts = match self.count(&message, StartCount::Add, deadline).await {
                // It starts later, alone.
                Ok(2..) => self.count(&message, StartCount::TakeBack, deadline).await.map(|_| 2),
                starts => starts,
            };
            (message, starts)
        });
        let counted: Vec<_> = counted.buffer_unordered(self.concurrency()).collect().await;
        for (message, starts) in counted {
            match starts {
                Ok(..=1) => harmless.push(message),
                Ok(2..) => suspects.push(message),
                Err(outcome) => failed.extend(self.finish(&message, outcome, deadline).await),
            }
        }
        let counted = harmless.clone();
        let batch = [harmless, others].concat();
        failed.extend(match suspects.is_empty() {
            true => self.work(batch, deadline).await,
            false => self.work_and_delete(batch, deadline).await,
        });
        self.reset(counted, deadline).await;
        for message in suspects {
            failed.extend(self.consume_alone(message, deadline).await);
        }
        failed
    }

    /// Works on a message that may kill the function.
    async fn consume_alone(&self, message: Received, deadline: Timestamp) -> Vec<String> {
        let outcome = match self.clock.now() >= deadline.minus(2 * RESERVE) {
            true => Outcome::not_started(),
            false => match self.count(&message, StartCount::Add, deadline).await {
                Err(outcome) => outcome,
                Ok(starts) if starts > self.policy.wait_policy.max_crashes => {
                    let crashes = starts.saturating_sub(1);
                    let reason =
                        format!("the function has died {crashes} times in a row while it worked on this message");
                    error!(message_id = message.message_id, reason, "message given up");
                    if self.send_to_dead_letters(&message, &reason, deadline).await {
                        self.delete_now(&[message], deadline).await;
                        return Vec::new();
                    }
                    self.wait_longer(&message, reason)
                }
                Ok(_) => {
                    let failed = self.work_and_delete(vec![message.clone()], deadline).await;
                    self.reset(vec![message], deadline).await;
                    return failed;
                }
            },
        };
        Vec::from_iter(self.finish(&message, outcome, deadline).await)
    }

    /// Works through messages and deletes the finished ones, since the invocation goes on to a message that may kill
    /// the function.
    async fn work_and_delete(&self, batch: Vec<Received>, deadline: Timestamp) -> Vec<String> {
        let mut done = batch.clone();
        let failed = self.work(batch, deadline).await;
        done.retain(|message| !failed.contains(&message.message_id));
        self.delete_now(&done, deadline).await;
        failed
    }

    async fn delete_now(&self, done: &[Received], deadline: Timestamp) {
        if !done.is_empty()
            && let Some(Err(error)) = self.in_time(deadline, self.inbox.delete(done)).await
        {
            // Lambda deletes them if the invocation ends well.
            error!(error = chain(&error), "messages not deleted early");
        }
    }

    /// Counts, or says what becomes of the message: without its count, work on it does not start.
    async fn count(&self, message: &Received, count: StartCount, deadline: Timestamp) -> Result<u32, Outcome> {
        let starts = self.ledger.count_starts(&message.message_id, count, self.clock.now());
        let why = match self.in_time(deadline.minus(LAST), starts).await {
            Some(Ok(starts)) => return Ok(starts),
            Some(Err(error)) => chain(&error),
            None => "the invocation ended first".to_owned(),
        };
        metric::event(provider_of(self.providers, message), &AccountName::DEFAULT, "failed");
        error!(message_id = message.message_id, error = why, "message not started");
        Err(self.wait_longer(message, why))
    }

    /// The function has survived these messages.
    async fn reset(&self, messages: Vec<Received>, deadline: Timestamp) {
        let all = stream::iter(messages).map(|message| async move {
            let (id, now) = (&message.message_id, self.clock.now());
            let reset = self.ledger.count_starts(id, StartCount::Reset, now);
            if let Some(Err(error)) = self.in_time(deadline, reset).await {
                // If the message comes back, it is worked on alone, which does no harm.
                let error = chain(&error);
                error!(message_id = id, error, "count of starts not reset");
            }
        });
        all.buffer_unordered(self.concurrency()).collect::<Vec<()>>().await;
    }
}
