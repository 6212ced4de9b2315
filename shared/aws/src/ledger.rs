//! The ledger on DynamoDB: one item an event, one conditional write a step.

mod expression;
mod item;
pub mod reader;
pub mod record;

use std::time::Duration;

use acuse_core::clock::Timestamp;
use acuse_core::event::Event;
use acuse_core::hook::Effects;
use acuse_core::key::IdempotencyKey;
use acuse_core::ledger::{Claim, Claimed, Decision, Lease, Ledger, LedgerError, Status, decide};
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::error::SdkError;
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::types::{ReturnValue, ReturnValuesOnConditionCheckFailure, TransactWriteItem};
use expression::{Step, bool_error, n, s};
use item::Payload;

/// Tries of one transaction that meets another on the same item, in all.
const TRIES: u32 = 6;

/// The ledger's table.
#[derive(Debug, Clone)]
pub struct DynamoLedger {
    client: Client,
    table: String,
    retention: Duration,
}

impl DynamoLedger {
    /// The ledger in `table`, whose records are kept for `retention` after they were claimed
    /// last.
    pub fn new(client: Client, table: impl Into<String>, retention: Duration) -> Self {
        Self {
            client,
            table: table.into(),
            retention,
        }
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
        key: &IdempotencyKey,
        step: Step,
        effects: Effects<TransactWriteItem>,
    ) -> Result<(), LedgerError> {
        let (effects, otherwise) = effects.into_parts();
        let Some(otherwise) = otherwise else {
            return self.write(operation, key, step, effects).await;
        };
        match self.write(operation, key, step.clone(), effects).await {
            Err(LedgerError::EffectsRefused { .. }) => self.write(operation, key, step, otherwise).await,
            done => done,
        }
    }

    async fn write(
        &self,
        operation: &'static str,
        key: &IdempotencyKey,
        step: Step,
        effects: Vec<TransactWriteItem>,
    ) -> Result<(), LedgerError> {
        if effects.is_empty() {
            return match step.into_update(&self.client).send().await {
                Ok(_) => Ok(()),
                Err(error)
                    if error
                        .as_service_error()
                        .is_some_and(|e| e.is_conditional_check_failed_exception()) =>
                {
                    Err(LedgerError::LeaseLost {
                        operation,
                        key: key.clone(),
                    })
                }
                Err(error) => Err(service(operation, key, error)),
            };
        }
        let mut items = vec![step.into_transaction_item().map_err(|e| service(operation, key, e))?];
        items.extend(effects);
        let mut tries = 1;
        loop {
            let call = self
                .client
                .transact_write_items()
                .set_transact_items(Some(items.clone()));
            let Err(error) = call.send().await else {
                return Ok(());
            };
            match cancellation(&error) {
                Cancelled::LeaseLost => {
                    return Err(LedgerError::LeaseLost {
                        operation,
                        key: key.clone(),
                    });
                }
                Cancelled::EffectsRefused => {
                    return Err(LedgerError::EffectsRefused {
                        operation,
                        key: key.clone(),
                    });
                }
                // Two events of one payment at the same moment: the other one is done in a moment.
                Cancelled::Conflict if tries < TRIES => {
                    let longest = 10u64 << tries;
                    tokio::time::sleep(Duration::from_millis(fastrand::u64(longest / 2..longest))).await;
                    tries += 1;
                }
                Cancelled::Conflict | Cancelled::Otherwise => return Err(service(operation, key, error)),
            }
        }
    }
}

impl Ledger for DynamoLedger {
    type Write = TransactWriteItem;

    /// ```text
    /// absent ────────────────────────────┐
    /// RELEASED ──────────────────────────┼─▶ IN_PROGRESS, attempts + 1, a new lease
    /// IN_PROGRESS, lease over ───────────┘
    /// IN_PROGRESS, lease running │
    /// COMPLETED, REJECTED        ├─▶ refused; the item that refused it comes back with the answer
    /// ```
    ///
    /// An operator's replay may claim what is REJECTED, once: the same message, received again, may not.
    /// A claim whose answer was lost, and which the
    /// SDK sent again, is refused by its own lease: that is a claim as well.
    async fn claim(&self, event: &Event, lease: &Lease, now: Timestamp) -> Result<Claim, LedgerError> {
        const OPERATION: &str = "claim";
        let key = &event.key;
        let expires_at = now.plus(self.retention);
        let payload = Payload::of(event.body()).map_err(|error| service(OPERATION, key, error))?;
        // Before the claim: what is claimed is whole.
        for (place, bytes) in payload.parts().iter().enumerate() {
            let step = self.step(&item::part_key(event.body_sha256(), place));
            let update = item::part(step, bytes, expires_at).into_update(&self.client);
            update.send().await.map_err(|error| service(OPERATION, key, error))?;
        }
        let step = item::claim(self.step(key), event, lease, expires_at, payload)
            .set("claimed_at", n(now.as_millis()))
            .condition("attribute_not_exists(pk) OR #status = :released OR (#status = :replayed AND #message_id <> :set_message_id) OR (#status = :in_progress AND #lease_expires_at <= :now)")
            .name("#lease_expires_at", "lease_expires_at")
            .value(":released", s(Status::Released.name()))
            .value(":replayed", s(if event.replay { Status::Rejected } else { Status::Released }.name()))
            .value(":now", n(now.as_millis()));
        let answer = step
            .into_update(&self.client)
            .return_values(ReturnValue::AllOld)
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
            .send()
            .await;
        let (found, refused) = match answer {
            Ok(output) => (output.attributes, false),
            Err(SdkError::ServiceError(error)) if error.err().is_conditional_check_failed_exception() => {
                match error.into_err() {
                    aws_sdk_dynamodb::operation::update_item::UpdateItemError::ConditionalCheckFailedException(e) => {
                        (e.item, true)
                    }
                    other => return Err(service(OPERATION, key, other)),
                }
            }
            Err(error) => return Err(service(OPERATION, key, error)),
        };
        if let Some(item) = found.as_ref().filter(|_| refused)
            && item::text(item, "lease_token") == Some(lease.token.as_str())
        {
            let taken = item::taken(item, event.body_sha256()).map_err(|error| service(OPERATION, key, error))?;
            return Ok(Claim::Claimed(Claimed {
                key: key.clone(),
                lease_token: lease.token.clone(),
                taken,
            }));
        }
        let again = found
            .as_ref()
            .is_some_and(|item| item::text(item, "message_id") == Some(lease.message_id.as_str()));
        let replay = event.replay && !again;
        let standing = found
            // An item that was just made had no status before: some emulators give its key back.
            .filter(|item| refused || item.contains_key("status"))
            .map(|item| item::standing(&item))
            .transpose()
            .map_err(|error| service(OPERATION, key, error))?;
        match (decide(standing.as_ref(), event.body_sha256(), replay, now), refused) {
            (Decision::Take(taken), false) => Ok(Claim::Claimed(Claimed {
                key: key.clone(),
                lease_token: lease.token.clone(),
                taken,
            })),
            (Decision::Wait { until }, true) => Ok(Claim::Wait { until }),
            (Decision::Drop { status, conflict }, true) => Ok(Claim::Duplicate { status, conflict }),
            // The condition above and `decide` say the same, or one of them is wrong.
            _ => Err(service(
                OPERATION,
                key,
                bool_error("the claim's condition and the ledger's rule disagree"),
            )),
        }
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

    async fn count_duplicate(&self, key: &IdempotencyKey, conflict: bool, now: Timestamp) -> Result<(), LedgerError> {
        let mut step = self
            .step(key)
            .condition("attribute_exists(pk)")
            .set("last_duplicate_at", n(now.as_millis()))
            .add("duplicates", n(1));
        if conflict {
            step = step.add("conflicts", n(1));
        }
        match step.into_update(&self.client).send().await {
            Ok(_) => Ok(()),
            // Its time to live ended in between.
            Err(error)
                if error
                    .as_service_error()
                    .is_some_and(|e| e.is_conditional_check_failed_exception()) =>
            {
                Ok(())
            }
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
        self.commit("record_hook", &claimed.key, step, effects).await
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
        self.commit("complete", &claimed.key, step, effects).await
    }

    async fn release(&self, claimed: &Claimed, error: &str) -> Result<(), LedgerError> {
        let step = self
            .own_step(claimed)
            .set("status", s(Status::Released.name()))
            .set("error", s(item::short(error)));
        self.commit("release", &claimed.key, step, Effects::none()).await
    }

    async fn reject(&self, claimed: &Claimed, reason: &str, now: Timestamp) -> Result<(), LedgerError> {
        let step = self
            .own_step(claimed)
            .set("status", s(Status::Rejected.name()))
            .set("completed_at", n(now.as_millis()))
            .set("error", s(item::short(reason)));
        self.commit("reject", &claimed.key, step, Effects::none()).await
    }
}

/// Why a transaction did not commit.
enum Cancelled {
    LeaseLost,
    EffectsRefused,
    Conflict,
    Otherwise,
}

/// The reasons come in the order of the items; the ledger's own is the first.
fn cancellation(error: &SdkError<TransactWriteItemsError>) -> Cancelled {
    let Some(TransactWriteItemsError::TransactionCanceledException(cancelled)) = error.as_service_error() else {
        return Cancelled::Otherwise;
    };
    let codes: Vec<&str> = cancelled
        .cancellation_reasons()
        .iter()
        .map(|reason| reason.code().unwrap_or_default())
        .collect();
    const REFUSED: &str = "ConditionalCheckFailed";
    if codes.first() == Some(&REFUSED) {
        Cancelled::LeaseLost
    } else if codes.contains(&REFUSED) {
        Cancelled::EffectsRefused
    } else if codes.contains(&"TransactionConflict") {
        Cancelled::Conflict
    } else {
        Cancelled::Otherwise
    }
}

fn service(
    operation: &'static str,
    key: &IdempotencyKey,
    source: impl Into<Box<dyn std::error::Error + Send + Sync>>,
) -> LedgerError {
    LedgerError::Service {
        operation,
        key: key.clone(),
        source: source.into(),
    }
}
