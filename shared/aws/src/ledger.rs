//! The ledger on DynamoDB: one item an event, one conditional write a step.

pub(crate) mod batch_get;
mod change;
mod claim;
pub mod conflict;
mod day;
pub mod dropped;
pub mod erased;
pub(crate) mod error;
pub(crate) mod expression;
#[cfg(test)]
pub(crate) mod fake;
pub(crate) mod item;
mod payload;
pub mod reader;
pub mod record;
pub(crate) mod reference;
mod single_call;
pub(crate) mod write;

use std::collections::HashMap;
use std::time::Duration;

use acuse_core::clock::Timestamp;
use acuse_core::event::Event;
use acuse_core::event::key::{IdempotencyKey, Recorded};
use acuse_core::hook::Effects;
use acuse_core::ledger::{
    Change, Claimed, Commit, ConflictRecord, HookDone, Lease, Ledger, LedgerResult, RecordAs, Refused, StartCount,
    Status,
};
use acuse_core::wire::delivery::DeliveryId;
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::{AttributeValue, ReturnValue, TransactWriteItem};
use day::Days;
pub use day::MOST_SHARDS;
use error::outage;
use expression::{Step, n, s};
use write::{Updated, update};

type Item = HashMap<String, AttributeValue>;

/// The ledger's table.
#[derive(Debug, Clone)]
pub struct DynamoLedger {
    client: Client,
    table: String,
    retention: Duration,
    days: Days,
}

impl DynamoLedger {
    /// The ledger in `table`, which keeps records for `retention` after their last claim.
    pub fn new(client: Client, table: impl Into<String>, retention: Duration) -> Self {
        Self {
            client,
            table: table.into(),
            retention,
            days: Days::spread_over(1),
        }
    }

    /// Spreads each provider's day over this many keys of the index `by-day`, and its references over as many of
    /// `by-reference`, up to [`MOST_SHARDS`].
    #[must_use]
    pub fn with_day_shards(self, shards: u32) -> Self {
        let days = Days::spread_over(shards);
        Self { days, ..self }
    }

    fn step(&self, key: &IdempotencyKey) -> Step {
        Step::of(&self.table, key)
    }
}

impl Ledger for DynamoLedger {
    type Write = TransactWriteItem;

    async fn claim(&self, event: &Event, lease: &Lease, now: Timestamp) -> LedgerResult<Result<Claimed, Refused>> {
        self.claim_event(event, lease, now).await
    }

    async fn commit_new(
        &self,
        event: &Event,
        lease: &Lease,
        hooks: Vec<HookDone<Effects<Self::Write>>>,
        record_as: RecordAs,
        now: Timestamp,
    ) -> LedgerResult<Result<Commit, Refused>> {
        self.commit_event(event, lease, hooks, record_as, now).await
    }

    async fn change(
        &self,
        claimed: &Claimed,
        change: Change<Effects<Self::Write>>,
        now: Timestamp,
    ) -> LedgerResult<()> {
        self.change_record(claimed, change, now).await
    }

    /// If the conflict's key has an item, the same bytes are kept already, since the key contains their digest. A
    /// message that finds its own item was received again before it was deleted, or the SDK sent the write again.
    async fn keep_conflict(&self, event: &Event, message_id: &str, now: Timestamp) -> LedgerResult<ConflictRecord> {
        let conflict = event.clone().into_conflict();
        let failed = outage("keep_conflict", &conflict.key);
        let placement = self.write_ahead(&conflict, now.plus(self.retention)).await;
        let placement = placement.map_err(&failed)?;
        let step = item::conflict(self.step(&conflict.key), &conflict, placement, message_id)
            .condition("attribute_not_exists(pk)");
        let own = |item| item::text(item, "message_id") == Some(message_id);
        Ok(match update(step.into_update(&self.client)).await.map_err(failed)? {
            Updated::Refused(found) if !found.as_ref().is_some_and(own) => ConflictRecord::Known,
            _ => ConflictRecord::New,
        })
    }

    /// Eventually consistent: half a read unit, since what it reads of a completed record is final. A query of a single key
    /// costs what `GetItem` does, and the consumer's role allows it.
    async fn is_completed(&self, event: &Event) -> LedgerResult<bool> {
        let query = self
            .client
            .query()
            .table_name(&self.table)
            .key_condition_expression("pk = :pk AND sk = :sk")
            .projection_expression("#status, body_sha256, #version")
            .expression_attribute_names("#status", "status")
            .expression_attribute_names("#version", "version")
            .expression_attribute_values(":pk", s(&event.key.partition))
            .expression_attribute_values(":sk", s(&event.key.sort));
        let found = query.send().await;
        let found = found.map_err(|error| outage("is_completed", &event.key)(error.into()))?;
        let is = |item| item::is_completed_with(item, event.body_sha256());
        Ok(found.items().first().is_some_and(is))
    }

    /// An item of its own says whose duplicate the delivery is, so that its id is found. It comes first: whoever makes
    /// this call again writes it again, unchanged.
    ///
    /// The event's own delivery is no duplicate: it is there again because an operator replayed a waiting event, or
    /// because SQS delivered its message twice. Nobody sent it twice.
    async fn count_duplicate(&self, key: &IdempotencyKey, delivery: DeliveryId, now: Timestamp) -> LedgerResult<()> {
        let note = self
            .step(&item::duplicate_key(delivery))
            .set(item::DUPLICATE_OF, s(key.to_string()))
            .set("expires_at", n(now.plus(self.retention).as_seconds()));
        if let Err(error) = update(note.into_update(&self.client)).await {
            return Err(outage("count_duplicate", key)(error));
        }
        let step = self
            .step(key)
            .condition("attribute_exists(pk) AND (attribute_not_exists(delivery_id) OR delivery_id <> :delivery)")
            .value(":delivery", s(delivery.to_string()))
            .set("last_duplicate_at", n(now.as_millis()))
            .add("duplicates", n(1));
        match update(step.into_update(&self.client)).await {
            // Refused: it is the event's own delivery, or the record's time to live has ended in between.
            Ok(Updated::Written(_) | Updated::Refused(_)) => Ok(()),
            Err(error) => Err(outage("count_duplicate", key)(error)),
        }
    }

    /// A query of a single key, which costs what `GetItem` does, and which the consumer's role allows.
    async fn recorded(&self, key: &IdempotencyKey) -> LedgerResult<Option<Recorded>> {
        let failed = outage("recorded", key);
        let query = self
            .client
            .query()
            .table_name(&self.table)
            .consistent_read(true)
            .key_condition_expression("pk = :pk AND sk = :sk")
            .projection_expression("#type, body_sha256, #reconciled, #status, #erased_at, #amount, #currency")
            .expression_attribute_names("#type", "type")
            .expression_attribute_names("#reconciled", "reconciled")
            .expression_attribute_names("#status", "status")
            .expression_attribute_names("#erased_at", item::ERASED_AT)
            .expression_attribute_names("#amount", "amount")
            .expression_attribute_names("#currency", "currency")
            .expression_attribute_values(":pk", s(&key.partition))
            .expression_attribute_values(":sk", s(&key.sort));
        let found = query.send().await.map_err(|error| failed(error.into()))?;
        let recorded = |item| item::recorded(item).map_err(|error| failed(error.into()));
        found.items().first().map(recorded).transpose()
    }

    async fn overtaken(&self, event: &Event) -> LedgerResult<bool> {
        let failed = outage("overtaken", &event.key);
        let mut pages = self
            .client
            .query()
            .table_name(&self.table)
            .consistent_read(true)
            .key_condition_expression("pk = :pk")
            .filter_expression("#status = :completed AND attribute_not_exists(#confirmation) AND (occurred_at > :at OR (attribute_not_exists(occurred_at) AND received_at > :at))")
            .projection_expression("pk")
            .expression_attribute_names("#status", "status")
            .expression_attribute_names("#confirmation", "confirmation")
            .expression_attribute_values(":pk", s(&event.key.partition))
            .expression_attribute_values(":completed", s(Status::Completed.name()))
            .expression_attribute_values(":at", n(event.at().as_millis()))
            .into_paginator()
            .send();
        while let Some(page) = pages.next().await {
            if page.map_err(|error| failed(error.into()))?.count() > 0 {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// The count has an item of its own, since only the message's id is known yet. Its time to live ends it.
    async fn count_starts(&self, message_id: &str, count: StartCount, now: Timestamp) -> LedgerResult<u32> {
        let key = item::starts_key(message_id);
        let failed = outage("count_starts", &key);
        let step = self
            .step(&key)
            .set("expires_at", n(now.plus(self.retention).as_seconds()));
        let step = match count {
            StartCount::Add => step.add(item::STARTS, n(1)),
            StartCount::TakeBack => step.add(item::STARTS, n(-1)),
            StartCount::Reset => step.set(item::STARTS, n(0)),
        };
        let call = step.into_update(&self.client).return_values(ReturnValue::AllNew);
        match update(call).await {
            Ok(Updated::Written(after)) => {
                let starts = after.and_then(|after| item::number(&after, item::STARTS));
                Ok(starts.unwrap_or_default())
            }
            Ok(Updated::Refused(_)) => Err(failed("refused without a condition".into())),
            Err(error) => Err(failed(error)),
        }
    }
}
