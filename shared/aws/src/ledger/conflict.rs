//! Other bytes under a known key: their record, and what an operator makes of it.

use acuse_core::clock::Timestamp;
use acuse_core::event::Event;
use acuse_core::event::key::IdempotencyKey;
use acuse_core::ledger::{Kept, LedgerError, Status};
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::ReturnValuesOnConditionCheckFailure::AllOld;

use super::expression::{Step, n, s};
use super::write::{Updated, update};
use super::{DynamoLedger, item, service};

impl DynamoLedger {
    /// ```text
    /// absent ──▶ CONFLICT, with the whole payload
    /// any record │ refused: the key has the bytes' digest in it, so these are the same; they are kept
    /// ```
    ///
    /// A message that finds its own record has come again before it was deleted, or was sent again by the SDK.
    pub(super) async fn keep_other_bytes(
        &self,
        conflict: Event,
        message_id: &str,
        now: Timestamp,
    ) -> Result<Kept, LedgerError> {
        const OPERATION: &str = "keep_conflict";
        let key = &conflict.key;
        let expires_at = now.plus(self.retention);
        let payload = self.keep_parts(OPERATION, &conflict, expires_at).await?;
        let day = self.day_key(&conflict).await;
        let day = day.map_err(|error| service(OPERATION, key, error))?;
        let step = item::conflict(self.step(key), &conflict, day, message_id, expires_at, payload)
            .condition("attribute_not_exists(pk)");
        let call = step.into_update(&self.client);
        match update(call.return_values_on_condition_check_failure(AllOld)).await {
            Ok(Updated::Written(_)) => Ok(Kept::New),
            Ok(Updated::Refused(found)) => {
                let brought_by = found.as_ref().and_then(|item| item::text(item, "message_id"));
                Ok(match brought_by == Some(message_id) {
                    true => Kept::New,
                    false => Kept::Known,
                })
            }
            Err(error) => Err(service(OPERATION, key, error)),
        }
    }
}

/// Conflicts as an operator decides on them.
///
/// ```text
/// CONFLICT ──▶ RELEASED    let through: free to be claimed, by a message that has to be queued now
///         └──▶ REJECTED    dismissed, with a reason
/// ```
///
/// Each is one conditional write, so that of two operators one decides, and one finds it decided.
#[derive(Debug, Clone)]
pub struct Conflicts {
    client: Client,
    table: String,
}

/// What came of a decision.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decided {
    /// It is made.
    Now,
    /// Nothing was changed: the record is not `CONFLICT`, but this.
    Already(Status),
    /// There is no such record.
    Gone,
}

/// A decision that could not be written.
#[derive(Debug, thiserror::Error)]
#[error("writing to the table `{table}`")]
pub struct WriteError {
    table: String,
    source: Box<dyn std::error::Error + Send + Sync>,
}

impl Conflicts {
    /// Those in the ledger's `table`.
    pub fn new(client: Client, table: impl Into<String>) -> Self {
        Self {
            client,
            table: table.into(),
        }
    }

    /// Frees a conflict to be claimed as an event of its own.
    ///
    /// # Errors
    /// [`WriteError`] names the table.
    pub async fn release(&self, key: &IdempotencyKey) -> Result<Decided, WriteError> {
        let step = |step: Step| {
            step.set("status", s(Status::Released.name()))
                .set("error", s("a conflict that an operator lets through"))
        };
        self.decide(key, step).await
    }

    /// Records that a conflict is never to reach hooks.
    ///
    /// # Errors
    /// [`WriteError`] names the table.
    pub async fn dismiss(&self, key: &IdempotencyKey, reason: &str, now: Timestamp) -> Result<Decided, WriteError> {
        let step = |step: Step| {
            step.set("status", s(Status::Rejected.name()))
                .set("error", s(item::short(&format!("dismissed: {reason}"))))
                .set("completed_at", n(now.as_millis()))
        };
        self.decide(key, step).await
    }

    async fn decide(&self, key: &IdempotencyKey, change: impl FnOnce(Step) -> Step) -> Result<Decided, WriteError> {
        let step = change(Step::of(&self.table, key))
            .condition("#status = :conflict")
            .value(":conflict", s(Status::Conflict.name()));
        let call = step.into_update(&self.client);
        match update(call.return_values_on_condition_check_failure(AllOld)).await {
            Ok(Updated::Written(_)) => Ok(Decided::Now),
            Ok(Updated::Refused(found)) => {
                let status = found.as_ref().and_then(|item| item::text(item, "status"));
                Ok(status
                    .and_then(Status::from_name)
                    .map_or(Decided::Gone, Decided::Already))
            }
            Err(source) => Err(WriteError {
                table: self.table.clone(),
                source,
            }),
        }
    }
}

#[cfg(test)]
mod tests;
