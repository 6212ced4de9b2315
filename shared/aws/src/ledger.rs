//! The ledger on DynamoDB: one item an event, one conditional write a step.

pub mod conflict;
mod day;
mod expression;
mod item;
pub mod reader;
pub mod record;
mod single_call;
mod write;

use std::collections::HashMap;
use std::time::Duration;

use acuse_core::clock::Timestamp;
use acuse_core::event::Event;
use acuse_core::event::key::{IdempotencyKey, Recorded};
use acuse_core::hook::Effects;
use acuse_core::ledger::{
    Blame, Claim, Claimed, Decision, Extent, Kept, Lease, Ledger, LedgerError, Settlement, Status, decide,
};
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::{AttributeValue, ReturnValue, ReturnValuesOnConditionCheckFailure, TransactWriteItem};
use day::Days;
pub use day::MOST_SHARDS;
use expression::{Step, bool_error, n, s};
use item::Payload;
use write::{Cancelled, Updated, commit, update};

/// An item as DynamoDB has it.
type Item = HashMap<String, AttributeValue>;

/// What is behind an error of ours.
type Source = Box<dyn std::error::Error + Send + Sync>;

/// The ledger's table.
#[derive(Debug, Clone)]
pub struct DynamoLedger {
    client: Client,
    table: String,
    retention: Duration,
    days: Days,
}

impl DynamoLedger {
    /// The ledger in `table`, whose records are kept for `retention` after they were claimed
    /// last.
    pub fn new(client: Client, table: impl Into<String>, retention: Duration) -> Self {
        Self {
            client,
            table: table.into(),
            retention,
            days: Days::spread_over(1),
        }
    }

    /// Spreads each provider's day over so many keys of the index `by-day`, up to [`MOST_SHARDS`].
    #[must_use]
    pub fn with_day_shards(self, shards: u32) -> Self {
        let days = Days::spread_over(shards);
        Self { days, ..self }
    }

    fn step(&self, key: &IdempotencyKey) -> Step {
        Step::of(&self.table, key)
    }

    /// A step that only the lease's holder may take.
    ///
    /// ```text
    /// owner A: claim ── works ──────────────(too late) complete: refused, token is B's
    /// owner B:            (lease over) claim ── works ── complete
    /// ```
    fn own_step(&self, claimed: &Claimed) -> Step {
        self.step(&claimed.key)
            .condition("#status = :in_progress AND #lease_token = :token")
            .value(":in_progress", s(Status::InProgress.name()))
            .value(":token", s(&claimed.lease_token))
            .set_free()
    }

    /// Writes `step`, and `effects` with it in one transaction; those instead of them where one of
    /// their conditions does not hold.
    async fn commit(
        &self,
        operation: &'static str,
        claimed: &Claimed,
        step: Step,
        effects: Effects<TransactWriteItem>,
    ) -> Result<(), LedgerError> {
        let (effects, otherwise) = effects.into_parts();
        let Some(otherwise) = otherwise else {
            return self.write(operation, claimed, step, effects).await;
        };
        match self.write(operation, claimed, step.clone(), effects).await {
            Err(LedgerError::EffectsRefused { .. }) => self.write(operation, claimed, step, otherwise).await,
            done => done,
        }
    }

    async fn write(
        &self,
        operation: &'static str,
        claimed: &Claimed,
        step: Step,
        effects: Vec<TransactWriteItem>,
    ) -> Result<(), LedgerError> {
        let key = &claimed.key;
        if effects.is_empty() {
            return match update(step.into_update(&self.client)).await {
                Ok(Updated::Written(_)) => Ok(()),
                Ok(Updated::Refused(_)) => Err(lease_lost(operation, key)),
                Err(error) => Err(service(operation, key, error)),
            };
        }
        let own = step.into_transaction_item(ReturnValuesOnConditionCheckFailure::None);
        let own = own.map_err(|error| service(operation, key, error))?;
        match commit(&self.client, [vec![own], effects].concat()).await {
            Ok(()) => Ok(()),
            Err(Cancelled::Refused { places, .. }) if places.first() == Some(&0) => Err(lease_lost(operation, key)),
            Err(Cancelled::Refused { .. }) => Err(effects_refused(operation, key)),
            Err(Cancelled::Invalid(error)) => Err(effects_invalid(operation, key, error)),
            Err(Cancelled::Otherwise(error)) => Err(service(operation, key, error)),
        }
    }

    /// Changes the note on a message; gives how often work on it has begun.
    async fn note(
        &self,
        operation: &'static str,
        message_id: &str,
        now: Timestamp,
        change: impl FnOnce(Step) -> Step,
    ) -> Result<u32, LedgerError> {
        let key = item::note_key(message_id);
        let step = change(self.step(&key)).set("expires_at", n(now.plus(self.retention).as_seconds()));
        let call = step.into_update(&self.client).return_values(ReturnValue::AllNew);
        match update(call).await {
            Ok(Updated::Written(note)) => {
                let begun = note.and_then(|note| item::number(&note, "begun"));
                Ok(begun.unwrap_or_default())
            }
            Ok(Updated::Refused(_)) => Err(service(operation, &key, bool_error("refused without a condition"))),
            Err(error) => Err(service(operation, &key, error)),
        }
    }

    /// Keeps a payload that is too long for an item in parts of its own, before the item: what the
    /// ledger says it has is whole.
    async fn keep_parts(
        &self,
        operation: &'static str,
        event: &Event,
        expires_at: Timestamp,
    ) -> Result<Payload, LedgerError> {
        let payload = Payload::of(event.body()).map_err(|error| service(operation, &event.key, error))?;
        for (place, bytes) in payload.parts().iter().enumerate() {
            let step = self.step(&item::part_key(event.body_sha256(), place));
            let part = update(item::part(step, bytes, expires_at).into_update(&self.client));
            part.await.map_err(|error| service(operation, &event.key, error))?;
        }
        Ok(payload)
    }
}

impl Ledger for DynamoLedger {
    type Write = TransactWriteItem;

    /// ```text
    /// absent ────────────────────────────┐
    /// RELEASED, retry_at come, or none ──┼─▶ IN_PROGRESS, attempts + 1, a new lease
    /// IN_PROGRESS, lease over ───────────┘
    /// RELEASED, retry_at to come │
    /// IN_PROGRESS, lease running │
    /// COMPLETED, REJECTED        ├─▶ refused; the item that refused it comes back with the answer
    /// any, with other bytes      │
    /// ```
    ///
    /// An operator's replay may claim what is REJECTED, once: the same message, received again, may not. When
    /// it comes first, it does not wait for `retry_at` either. A claim whose answer was lost, and which the
    /// SDK sent again, is refused by its own lease: that is a claim as well.
    async fn claim(&self, event: &Event, lease: &Lease, now: Timestamp) -> Result<Claim, LedgerError> {
        const OPERATION: &str = "claim";
        let key = &event.key;
        let expires_at = now.plus(self.retention);
        let payload = self.keep_parts(OPERATION, event, expires_at).await?;
        let day = self
            .day_key(event)
            .await
            .map_err(|error| service(OPERATION, key, error))?;
        let step = item::kept(self.step(key), event, day, lease, now, expires_at, payload);
        let step = item::claimed(step, lease)
            .set_first("hooks", AttributeValue::M(HashMap::new()))
            .remove("retry_at");
        let call = item::claimable(step, lease.replay(event, None), now)
            .into_update(&self.client)
            .return_values(ReturnValue::AllOld)
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        let (found, refused) = match update(call).await {
            Ok(Updated::Written(before)) => (before, false),
            Ok(Updated::Refused(found)) => (found, true),
            Err(error) => return Err(service(OPERATION, key, error)),
        };
        if let Some(item) = found.as_ref().filter(|_| refused)
            && item::text(item, "lease_token") == Some(lease.token.as_str())
        {
            let taken = item::taken(item).map_err(|error| service(OPERATION, key, error))?;
            return Ok(Claim::Claimed(Claimed::under(lease, event, taken)));
        }
        let replay = lease.replay(event, found.as_ref().and_then(|item| item::text(item, "message_id")));
        let standing = found
            // An item that was just made had no status before: some emulators give its key back.
            .filter(|item| refused || item.contains_key("status"))
            .map(|item| item::standing(&item))
            .transpose()
            .map_err(|error| service(OPERATION, key, error))?;
        match (decide(standing.as_ref(), event.body_sha256(), replay, now), refused) {
            (Decision::Take(taken), false) => Ok(Claim::Claimed(Claimed::under(lease, event, taken))),
            (Decision::Wait { until }, true) => Ok(Claim::Wait { until }),
            (Decision::Drop { status }, true) => Ok(Claim::Duplicate { status }),
            (Decision::Conflict, true) => Ok(Claim::Conflict),
            // The condition above and `decide` say the same, or one of them is wrong.
            _ => Err(service(
                OPERATION,
                key,
                bool_error("the claim's condition and the ledger's rule disagree"),
            )),
        }
    }

    async fn settle(
        &self,
        event: &Event,
        lease: &Lease,
        hooks: Vec<(&'static str, Effects<Self::Write>)>,
        extent: Extent,
        now: Timestamp,
    ) -> Result<Settlement, LedgerError> {
        self.settle_new(event, lease, hooks, extent, now).await
    }

    /// A query, for which the consumer has a permission, of one key: it costs what `GetItem` does.
    async fn recorded(&self, key: &IdempotencyKey) -> Result<Option<Recorded>, LedgerError> {
        const OPERATION: &str = "recorded";
        let query = self
            .client
            .query()
            .table_name(&self.table)
            .consistent_read(true)
            .key_condition_expression("pk = :pk AND sk = :sk")
            .projection_expression("#type, body_sha256")
            .expression_attribute_names("#type", "type")
            .expression_attribute_values(":pk", s(&key.partition))
            .expression_attribute_values(":sk", s(&key.sort));
        let found = query.send().await.map_err(|error| service(OPERATION, key, error))?;
        let recorded = |item| item::recorded(item).map_err(|error| service(OPERATION, key, error));
        found.items().first().map(recorded).transpose()
    }

    async fn overtaken(&self, event: &Event) -> Result<bool, LedgerError> {
        const OPERATION: &str = "overtaken";
        let mut pages = self
            .client
            .query()
            .table_name(&self.table)
            .consistent_read(true)
            .key_condition_expression("pk = :pk")
            .filter_expression("#status = :completed AND (occurred_at > :at OR (attribute_not_exists(occurred_at) AND received_at > :at))")
            .projection_expression("pk")
            .expression_attribute_names("#status", "status")
            .expression_attribute_values(":pk", s(&event.key.partition))
            .expression_attribute_values(":completed", s(Status::Completed.name()))
            .expression_attribute_values(":at", n(event.at().as_millis()))
            .into_paginator()
            .send();
        while let Some(page) = pages.next().await {
            if page.map_err(|error| service(OPERATION, &event.key, error))?.count() > 0 {
                return Ok(true);
            }
        }
        Ok(false)
    }

    async fn keep_conflict(&self, event: &Event, message_id: &str, now: Timestamp) -> Result<Kept, LedgerError> {
        self.keep_other_bytes(event.clone().into_conflict(), message_id, now)
            .await
    }

    async fn count_duplicate(&self, key: &IdempotencyKey, now: Timestamp) -> Result<(), LedgerError> {
        let step = self
            .step(key)
            .condition("attribute_exists(pk)")
            .set("last_duplicate_at", n(now.as_millis()))
            .add("duplicates", n(1));
        match update(step.into_update(&self.client)).await {
            // Refused: its time to live ended in between.
            Ok(Updated::Written(_) | Updated::Refused(_)) => Ok(()),
            Err(error) => Err(service("count_duplicate", key, error)),
        }
    }

    async fn record_hook(
        &self,
        claimed: &Claimed,
        hook: &'static str,
        effects: Effects<Self::Write>,
        now: Timestamp,
    ) -> Result<(), LedgerError> {
        // Recorded once, so that its effects are applied once. Without effects the same write may be
        // made twice, as the SDK does where an answer was lost.
        let condition = match effects.is_none() {
            true => "#status = :in_progress AND #lease_token = :token",
            false => "#status = :in_progress AND #lease_token = :token AND attribute_not_exists(#hooks.#hook)",
        };
        let step = self
            .step(&claimed.key)
            .condition(condition)
            .name("#status", "status")
            .name("#lease_token", "lease_token")
            .value(":in_progress", s(Status::InProgress.name()))
            .value(":token", s(&claimed.lease_token))
            .set_hook(hook, now);
        self.commit("record_hook", claimed, step, effects).await
    }

    async fn complete(
        &self,
        claimed: &Claimed,
        last: Option<(&'static str, Effects<Self::Write>)>,
        now: Timestamp,
    ) -> Result<(), LedgerError> {
        let mut step = self
            .own_step(claimed)
            .set("status", s(Status::Completed.name()))
            .set("completed_at", n(now.as_millis()))
            .remove("error");
        let mut effects = Effects::none();
        if let Some((hook, own)) = last {
            step = step.set_hook(hook, now);
            effects = own;
        }
        self.commit("complete", claimed, step, effects).await
    }

    async fn release(&self, claimed: &Claimed, error: &str, blame: Blame) -> Result<(), LedgerError> {
        let mut step = self
            .own_step(claimed)
            .set("status", s(Status::Released.name()))
            .set("error", s(item::short(error)));
        step = match blame {
            Blame::Hook { retry_at } => step.set("retry_at", n(retry_at.as_millis())),
            // An older consumer's claim leaves the one before.
            Blame::Nobody => step.add("attempts", n(-1)).remove("retry_at"),
        };
        self.commit("release", claimed, step, Effects::none()).await
    }

    async fn reject(&self, claimed: &Claimed, reason: &str, now: Timestamp) -> Result<(), LedgerError> {
        let step = self
            .own_step(claimed)
            .set("status", s(Status::Rejected.name()))
            .set("completed_at", n(now.as_millis()))
            .set("error", s(item::short(reason)))
            .copy("attempts", "forgiven");
        self.commit("reject", claimed, step, Effects::none()).await
    }

    /// The note is an item of its own, since nothing is known of the message but its id. Time ends it.
    async fn begin(&self, message_id: &str, now: Timestamp) -> Result<u32, LedgerError> {
        self.note("begin", message_id, now, |step| step.add("begun", n(1)))
            .await
    }

    async fn put_off(&self, message_id: &str, now: Timestamp) -> Result<(), LedgerError> {
        let step = |step: Step| step.add("begun", n(-1));
        self.note("put_off", message_id, now, step).await.map(drop)
    }

    async fn survive(&self, message_id: &str, now: Timestamp) -> Result<(), LedgerError> {
        let step = |step: Step| step.set("begun", n(0));
        self.note("survive", message_id, now, step).await.map(drop)
    }
}

fn lease_lost(operation: &'static str, key: &IdempotencyKey) -> LedgerError {
    LedgerError::LeaseLost {
        operation,
        key: key.clone(),
    }
}

fn effects_refused(operation: &'static str, key: &IdempotencyKey) -> LedgerError {
    LedgerError::EffectsRefused {
        operation,
        key: key.clone(),
    }
}

fn effects_invalid(operation: &'static str, key: &IdempotencyKey, source: Source) -> LedgerError {
    LedgerError::EffectsInvalid {
        operation,
        key: key.clone(),
        source,
    }
}

fn service(operation: &'static str, key: &IdempotencyKey, source: impl Into<Source>) -> LedgerError {
    LedgerError::Service {
        operation,
        key: key.clone(),
        source: source.into(),
    }
}
