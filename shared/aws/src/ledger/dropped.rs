//! Events whose dead letter an operator drops.

use acuse_core::clock::Timestamp;
use acuse_core::event::key::IdempotencyKey;
use acuse_core::ledger::Status;
use aws_sdk_dynamodb::Client;

use super::conflict::WriteError;
use super::expression::{Step, n, s};
use super::item;
use super::write::{Updated, update};

/// The ledger as an operator notes in it that an event's dead letter is dropped.
#[derive(Debug, Clone)]
pub struct Drops {
    client: Client,
    table: String,
}

/// What became of a reason.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Noted {
    /// The event's record keeps it.
    Kept,
    /// The event is completed, and its record stays as it is.
    Completed,
    /// There is no record.
    NoRecord,
}

impl Drops {
    /// The drops in the ledger's `table`.
    pub fn new(client: Client, table: impl Into<String>) -> Self {
        Self {
            client,
            table: table.into(),
        }
    }

    /// Notes the reason in the event's record.
    ///
    /// ```text
    /// RELEASED  ──▶ REJECTED     SQS moved the message here: nothing retries the event any more
    /// COMPLETED ──▶ unchanged    and without the reason: hooks got the event, so that nothing of it is dropped
    /// others    ──▶ unchanged    with their own error, which says why the consumer rejected it
    /// ```
    ///
    /// # Errors
    /// The table can't be written.
    pub async fn note(&self, key: &IdempotencyKey, reason: &str, now: Timestamp) -> Result<Noted, WriteError> {
        loop {
            // Neither write took it: a consumer has claimed or released it between the two.
            if let Some(noted) = self.try_note(key, reason, now).await? {
                return Ok(noted);
            }
        }
    }

    async fn try_note(&self, key: &IdempotencyKey, reason: &str, now: Timestamp) -> Result<Option<Noted>, WriteError> {
        let text = item::short(reason);
        let step = || {
            Step::of(&self.table, key)
                .set("dropped", s(&text))
                .name("#status", "status")
        };
        let other = step()
            .condition("attribute_exists(pk) AND NOT #status IN (:released, :completed)")
            .value(":released", s(Status::Released.name()))
            .value(":completed", s(Status::Completed.name()));
        if let Some(noted) = self.write(other).await? {
            return Ok(Some(noted));
        }
        let released = step()
            .set("status", s(Status::Rejected.name()))
            .set("error", s(item::short(&format!("dropped: {reason}"))))
            .set("completed_at", n(now.as_millis()))
            .condition("#status = :released")
            .value(":released", s(Status::Released.name()));
        self.write(released).await
    }

    /// `None` if the event is in another state than this write is for.
    async fn write(&self, step: Step) -> Result<Option<Noted>, WriteError> {
        match update(step.into_update(&self.client)).await {
            Ok(Updated::Written(_)) => Ok(Some(Noted::Kept)),
            Ok(Updated::Refused(None)) => Ok(Some(Noted::NoRecord)),
            Ok(Updated::Refused(Some(record))) => {
                let is_completed = item::text(&record, "status") == Some(Status::Completed.name());
                Ok(is_completed.then_some(Noted::Completed))
            }
            Err(source) => Err(WriteError {
                table: self.table.clone(),
                source,
            }),
        }
    }
}
