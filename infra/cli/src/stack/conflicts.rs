//! Conflicts, and the operator's decisions on them.

use acuse_aws::ledger::conflict::{Conflicts, Decided};
use acuse_aws::ledger::reader::{LedgerReader, ReadError};
use acuse_aws::ledger::record::Record;
use acuse_aws::system::SystemClock;
use acuse_core::clock::Clock;
use acuse_core::event::key::IdempotencyKey;
use acuse_core::ledger::Status;
use acuse_core::receive::Outbox;

use crate::stack::bindings::Bindings;
use crate::stack::difference::{self, Difference};
use crate::stack::error::StackError;
use crate::stack::events::replayed;
use crate::stack::target::{Target, TargetError};

/// The result of a decision.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DecisionOutcome {
    /// The conflict was released or dismissed.
    Done,
    /// The same decision was made before. A released conflict that nobody has claimed is queued once more.
    Again,
    /// Nothing changed: the opposite decision was made before, and the record has this status.
    Otherwise(Status),
    /// Nothing changed: the payload is no longer in the ledger.
    Gone,
}

/// Releases a conflict: marks its record as free to claim, then queues it, so that hooks get it as an event of its own.
/// In this order, nobody can dismiss a conflict that is already queued.
pub async fn release(target: &Target, bindings: &Bindings, record: &Record) -> Result<DecisionOutcome, StackError> {
    let replayed = replayed(&target.ledger()?, bindings, record).await?;
    let (Some(key), Some((group, message))) = (IdempotencyKey::parse(&record.key), replayed) else {
        return Ok(DecisionOutcome::Gone);
    };
    let outcome = match ledger(target)?.release(&key).await? {
        Decided::Now => DecisionOutcome::Done,
        // The first run may have failed to queue it. If not, a second message is a duplicate.
        Decided::Already(Status::Released) => DecisionOutcome::Again,
        Decided::Already(Status::InProgress | Status::Completed) => return Ok(DecisionOutcome::Again),
        Decided::Already(status) => return Ok(DecisionOutcome::Otherwise(status)),
        Decided::Gone => return Ok(DecisionOutcome::Gone),
    };
    let queued = target.outbox()?.queue(&group, message).await;
    queued.map_err(StackError::NotQueued)?;
    Ok(outcome)
}

/// Dismisses a conflict: it reaches no hook, and its record keeps the reason.
pub async fn dismiss(target: &Target, record: &Record, reason: &str) -> Result<DecisionOutcome, StackError> {
    let Some(key) = IdempotencyKey::parse(&record.key) else {
        return Ok(DecisionOutcome::Gone);
    };
    Ok(match ledger(target)?.dismiss(&key, reason, SystemClock.now()).await? {
        Decided::Now => DecisionOutcome::Done,
        Decided::Already(Status::Rejected) => DecisionOutcome::Again,
        Decided::Already(status) => DecisionOutcome::Otherwise(status),
        Decided::Gone => DecisionOutcome::Gone,
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

/// The records of a partition, each event with the count of its conflicts: those with a record of their own, and those
/// that an older consumer only counted.
pub fn counted(mut records: Vec<Record>) -> Vec<Record> {
    let counts: Vec<u32> = records
        .iter()
        .map(|record| {
            let conflicts = of(&record.key, &records).filter(|other| !other.confirmation);
            u32::try_from(conflicts.count()).unwrap_or(u32::MAX)
        })
        .collect();
    let events = records.iter_mut().zip(counts);
    for (record, count) in events.filter(|(record, _)| record.conflict_of.is_none()) {
        record.conflicts = Some(record.conflicts.unwrap_or_default().saturating_add(count));
    }
    records
}

/// How a conflict differs from its event, which is among `records`; `None` if one of the two payloads is gone.
pub async fn compared(
    ledger: &LedgerReader,
    conflict: &Record,
    records: &[Record],
) -> Result<Option<Difference>, ReadError> {
    let mut records = records.iter();
    let Some(event) = records.find(|record| conflict.conflict_of.as_ref() == Some(&record.key)) else {
        return Ok(None);
    };
    let payloads = ledger.payload(event).await?.zip(ledger.payload(conflict).await?);
    Ok(payloads.map(|(before, after)| difference::between(&before, &after)))
}
