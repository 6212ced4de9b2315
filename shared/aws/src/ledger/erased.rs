//! Events whose personal data an operator erases.
//!
//! ```text
//! record      COMPLETED or REJECTED ──▶ the same, without payload, reference, amount, currency, error and reasons
//! index       ORD-4821 ──▶ the SHA-256 of it, by which a second request finds that it was erased
//! delivery    DELIVERED, GIVEN_UP or SKIPPED ──▶ the same, without the backend's answer and error
//! part        of a long payload ──▶ empty, and never written again
//! ```
//!
//! A record's parts are its own: another record of the same bytes, in another account, keeps its payload.
//!
//! What tells one event from another stays: the key, the SHA-256 of the bytes, the status, the type, the times, the hooks
//! that are done. So another delivery of the same bytes is still a duplicate, and other bytes are still a conflict.

use acuse_core::clock::Timestamp;
use acuse_core::destination::DestinationName;
use acuse_core::destination::delivery::{DeliveryKey, Status as DeliveryStatus};
use acuse_core::event::key::IdempotencyKey;
use acuse_core::ledger::Status;
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::TransactWriteItem;

use super::conflict::WriteError;
use super::error::Source;
use super::expression::{Step, n, s};
use super::item::ERASED_AT;
use super::payload::part_key;
use super::reader::LedgerReader;
use super::record::Record;
use super::reference;
use super::write::{Cancelled, commit, update};
use crate::destinations::items::Deliveries;

/// What a record loses. Its key, which has the resource's id, stays.
const PERSONAL: [&str; 12] = [
    "payload",
    "payload_encoding",
    "content_type",
    "content_encoding",
    "amount",
    "currency",
    "reference",
    reference::OF,
    reference::KEY,
    "no_time",
    "error",
    "dropped",
];

/// How often the record may change while it is erased.
const TRIES: usize = 5;

/// The ledger as an operator erases in it.
#[derive(Debug, Clone)]
pub struct Erasures {
    client: Client,
    table: String,
}

/// What came of an erasure.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Erased {
    /// It was made.
    Now,
    /// It was made before.
    Before,
    /// Nothing was changed: the event is not finished.
    Unfinished(Status),
    /// Nothing was changed: this destination has not taken it yet.
    Owed(DestinationName),
    /// There is no such record.
    Gone,
    /// Nothing was changed: others changed it again and again meanwhile.
    Busy,
}

impl Erasures {
    /// The erasures in the ledger's `table`.
    pub fn new(client: Client, table: impl Into<String>) -> Self {
        Self {
            client,
            table: table.into(),
        }
    }

    /// Erases what the record with this key has of a person, and what its deliveries to destinations have.
    ///
    /// ```text
    /// operator:  read COMPLETED, attempts 1 ────────── write ✗ attempts is 2 ── read IN_PROGRESS: refused
    /// consumer:                     claim (a replay) ✓
    /// ```
    ///
    /// One transaction changes the record and its deliveries, on the condition that they are as they were read. A
    /// consumer that claims the event meanwhile wins, and the event is not erased under its hooks.
    ///
    /// # Errors
    /// The table can't be read or written. Making the same call again is safe.
    pub async fn erase(&self, key: &IdempotencyKey, by: &str, now: Timestamp) -> Result<Erased, WriteError> {
        for _ in 0..TRIES {
            if let Some(outcome) = self
                .try_erase(key, by, now)
                .await
                .map_err(|source| self.failed(source))?
            {
                return Ok(outcome);
            }
        }
        Ok(Erased::Busy)
    }

    /// `None` if something changed between the reads and the write.
    async fn try_erase(&self, key: &IdempotencyKey, by: &str, now: Timestamp) -> Result<Option<Erased>, Source> {
        let reader = LedgerReader::new(self.client.clone(), &self.table);
        let Some(record) = reader.event(key).await? else {
            return Ok(Some(Erased::Gone));
        };
        let status = Status::from_name(record.status);
        if let Some(unfinished) = status.filter(|status| ![Status::Completed, Status::Rejected].contains(status)) {
            return Ok(Some(Erased::Unfinished(unfinished)));
        }
        if record.erased_at.is_some() {
            // The run that erased it may have ended before its last write.
            self.empty_parts(key, &record, now).await?;
            return Ok(Some(Erased::Before));
        }
        let deliveries = Deliveries::new(self.client.clone(), &self.table).of_event(key).await?;
        let owed = deliveries
            .iter()
            .find(|(_, delivery)| delivery.status == DeliveryStatus::Owed);
        if let Some((destination, _)) = owed {
            return Ok(Some(Erased::Owed(destination.clone())));
        }
        let mut writes = vec![self.record_step(key, &record, by, now).into_transaction_item()?];
        for (destination, delivery) in deliveries {
            writes.push(self.delivery_step(key, destination, delivery.status, now)?);
        }
        match commit(&self.client, writes).await {
            Ok(()) => {}
            Err(Cancelled::Refused { .. }) => return Ok(None),
            Err(Cancelled::Invalid(source) | Cancelled::Otherwise(source)) => return Err(source),
        }
        self.empty_parts(key, &record, now).await?;
        Ok(Some(Erased::Now))
    }

    fn record_step(&self, key: &IdempotencyKey, record: &Record, by: &str, now: Timestamp) -> Step {
        let mut step = Step::of(&self.table, key)
            .set(ERASED_AT, n(now.as_millis()))
            .set("erased_by", s(by))
            .condition("#status = :status AND #attempts = :attempts AND attribute_not_exists(#erased_at)")
            .name("#status", "status")
            .name("#attempts", "attempts")
            .value(":status", s(record.status))
            // Each claim adds one.
            .value(":attempts", n(record.attempts));
        let mut lost = PERSONAL.to_vec();
        // Who asks again has the number, and is told that it was erased. The entry in the index tells nobody else.
        if let Some(reference) = &record.reference {
            step = step
                .set(reference::OF, s(reference::ERASED))
                .set(reference::KEY, s(reference::erased_key(reference)));
            lost.retain(|name| ![reference::OF, reference::KEY].contains(name));
        }
        lost.into_iter().fold(step, Step::remove)
    }

    /// The delivery stays as its outcome. Without `day` it is no longer listed as given up: nothing is left to send.
    fn delivery_step(
        &self,
        event: &IdempotencyKey,
        destination: DestinationName,
        status: DeliveryStatus,
        now: Timestamp,
    ) -> Result<TransactWriteItem, Source> {
        let key = DeliveryKey {
            event: event.clone(),
            destination,
        };
        let step = Step::of(&self.table, &IdempotencyKey::new(&event.partition, key.sort()))
            .set(ERASED_AT, n(now.as_millis()))
            .remove("answer")
            .remove("error")
            .remove("day")
            .condition("#status = :status")
            .name("#status", "status")
            .value(":status", s(status.name()));
        Ok(step.into_transaction_item()?)
    }

    /// The parts stay as empty items until their time to live ends. They would be written anew otherwise: parts are
    /// written before the claim that finds out that their delivery is a duplicate.
    async fn empty_parts(&self, key: &IdempotencyKey, record: &Record, now: Timestamp) -> Result<(), Source> {
        for place in 0..record.parts {
            let step = Step::of(&self.table, &part_key(key, &record.body_sha256, place))
                .set(ERASED_AT, n(now.as_millis()))
                .remove("part")
                .condition("attribute_exists(pk)");
            update(step.into_update(&self.client)).await?;
        }
        Ok(())
    }

    fn failed(&self, source: Source) -> WriteError {
        WriteError {
            table: self.table.clone(),
            source,
        }
    }
}
