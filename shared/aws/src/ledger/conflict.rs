//! An operator's decision on a conflict.

use acuse_core::clock::Timestamp;
use acuse_core::event::key::IdempotencyKey;
use acuse_core::ledger::Status;
use aws_sdk_dynamodb::Client;

use super::error::Source;
use super::expression::{Step, n, s};
use super::item;
use super::write::{Updated, update};

/// Conflicts as an operator decides on them. Each decision is one conditional write, so that of two operators one
/// decides and the other finds it decided.
#[derive(Debug, Clone)]
pub struct Conflicts {
    client: Client,
    table: String,
}

/// What came of a decision.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decided {
    /// It was made.
    Now,
    /// Nothing was changed: the record had this status already.
    Already(Status),
    /// There is no such record.
    Gone,
}

/// An operator's decision that could not be written.
#[derive(Debug, thiserror::Error)]
#[error("writing to the table `{table}`")]
pub struct WriteError {
    pub(super) table: String,
    pub(super) source: Source,
}

impl Conflicts {
    /// The conflicts in the ledger's `table`.
    pub fn new(client: Client, table: impl Into<String>) -> Self {
        Self {
            client,
            table: table.into(),
        }
    }

    /// Lets a conflict be claimed as an event of its own.
    pub async fn release(&self, key: &IdempotencyKey) -> Result<Decided, WriteError> {
        let step = |step: Step| {
            step.set("status", s(Status::Released.name()))
                .set("error", s("a conflict that an operator released"))
        };
        self.decide(key, step).await
    }

    /// Rejects a conflict, so that it never reaches hooks.
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
        match update(step.into_update(&self.client)).await {
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
