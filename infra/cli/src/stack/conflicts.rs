//! Conflicts, and what an operator makes of them.

use acuse_aws::ledger::conflict::{Conflicts, Decided, WriteError};
use acuse_aws::ledger::reader::{LedgerReader, ReadError};
use acuse_aws::ledger::record::Record;
use acuse_aws::system::SystemClock;
use acuse_core::clock::Clock;
use acuse_core::event::key::IdempotencyKey;
use acuse_core::ledger::Status;
use acuse_core::providers;
use acuse_core::receive::{Outbox, OutboxError};
use thiserror::Error;

use crate::stack::difference::{self, Difference};
use crate::stack::events::{ReplayError, replayed};
use crate::stack::target::{Target, TargetError};

/// What came of a decision.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// It is made.
    Done,
    /// It was made before: let through and queued once more, or dismissed.
    Again,
    /// Nothing was done: another decision was made before, and this is where the record stands.
    Otherwise(Status),
    /// Nothing was done: the payload is in the ledger no more.
    Gone,
}

/// A decision that could not be made.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ConflictError {
    /// The stack.
    #[error(transparent)]
    Target(#[from] TargetError),
    /// The ledger does not answer.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// The ledger does not take it.
    #[error(transparent)]
    Write(#[from] WriteError),
    /// It fits no message.
    #[error(transparent)]
    Replay(#[from] ReplayError),
    /// The queue does not take it.
    #[error("the conflict is free to be processed, but was not queued: run this again")]
    NotQueued(#[from] OutboxError),
}

/// Lets a conflict through: it is free to be claimed, and queued, so that the consumer hands it to hooks as an
/// event of its own. First freed, so that nobody dismisses what is on its way.
///
/// # Errors
/// [`ConflictError`].
pub async fn release(target: &Target, record: &Record) -> Result<Outcome, ConflictError> {
    let message = replayed(&target.ledger()?, record).await?;
    let (Some(key), Some(message), Some(provider)) = (
        IdempotencyKey::parse(&record.key),
        message,
        providers::by_name(&record.provider),
    ) else {
        return Ok(Outcome::Gone);
    };
    let outcome = match ledger(target)?.release(&key).await? {
        Decided::Now => Outcome::Done,
        // Its message may never have been queued. A second one is a duplicate.
        Decided::Already(Status::Released) => Outcome::Again,
        Decided::Already(Status::InProgress | Status::Completed) => return Ok(Outcome::Again),
        Decided::Already(status) => return Ok(Outcome::Otherwise(status)),
        Decided::Gone => return Ok(Outcome::Gone),
    };
    target.outbox()?.queue(provider.name, message).await?;
    Ok(outcome)
}

/// Dismisses a conflict: it reaches no hook, and the record says why.
///
/// # Errors
/// [`ConflictError`].
pub async fn dismiss(target: &Target, record: &Record, reason: &str) -> Result<Outcome, ConflictError> {
    let Some(key) = IdempotencyKey::parse(&record.key) else {
        return Ok(Outcome::Gone);
    };
    Ok(match ledger(target)?.dismiss(&key, reason, SystemClock.now()).await? {
        Decided::Now => Outcome::Done,
        Decided::Already(Status::Rejected) => Outcome::Again,
        Decided::Already(status) => Outcome::Otherwise(status),
        Decided::Gone => Outcome::Gone,
    })
}

fn ledger(target: &Target) -> Result<Conflicts, TargetError> {
    let client = aws_sdk_dynamodb::Client::new(&target.sdk);
    Ok(Conflicts::new(client, target.output("LedgerTableName")?))
}

/// The conflicts of the event with this key, among the records of its partition.
pub fn of<'a>(key: &'a str, records: &'a [Record]) -> impl Iterator<Item = &'a Record> {
    records
        .iter()
        .filter(move |record| record.conflict_of.as_deref() == Some(key))
}

/// The records of a whole partition, each event with the count of its conflicts: those that have a record of their own,
/// and those that an older consumer only counted.
pub fn counted(mut records: Vec<Record>) -> Vec<Record> {
    let counts: Vec<u32> = records
        .iter()
        .map(|record| u32::try_from(of(&record.key, &records).count()).unwrap_or(u32::MAX))
        .collect();
    let events = records.iter_mut().zip(counts);
    for (record, count) in events.filter(|(record, _)| record.conflict_of.is_none()) {
        record.conflicts = Some(record.conflicts.unwrap_or_default().saturating_add(count));
    }
    records
}

/// A record's status as lists have it. That of a conflict which is decided on looks like an event's.
pub fn status(record: &Record) -> String {
    match record.conflict_of {
        Some(_) if record.status != Status::Conflict.name() => format!("{} (conflict)", record.status),
        _ => record.status.to_owned(),
    }
}

/// How a conflict differs from its event, which is among `records`; `None` where one of the two is gone.
///
/// # Errors
/// [`ReadError`] names the table.
pub async fn compared(
    ledger: &LedgerReader,
    conflict: &Record,
    records: &[Record],
) -> Result<Option<Difference>, ReadError> {
    let event = records
        .iter()
        .find(|record| conflict.conflict_of.as_deref() == Some(record.key.as_str()));
    let Some(event) = event else { return Ok(None) };
    let (before, after) = (ledger.payload(event).await?, ledger.payload(conflict).await?);
    Ok(before
        .zip(after)
        .map(|(before, after)| difference::between(&before, &after)))
}
