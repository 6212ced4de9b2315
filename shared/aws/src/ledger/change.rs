//! What the owner of an event writes.

use acuse_core::clock::Timestamp;
use acuse_core::hook::Effects;
use acuse_core::ledger::{Cause, Change, Claimed, LedgerResult, ReleaseCause, Status};
use aws_sdk_dynamodb::types::TransactWriteItem;

use super::error::failed;
use super::expression::{n, s};
use super::write::Updated;
use super::{DynamoLedger, item};

/// Only the owner of the lease may write.
const OWN: &str = "#status = :in_progress AND #lease_token = :token";

/// A hook with effects is recorded once, so that they are applied once. Without effects the same write may be made
/// twice, as the SDK does if an answer was lost.
const OWN_ONCE: &str = "#status = :in_progress AND #lease_token = :token AND attribute_not_exists(#hooks.#hook)";

impl DynamoLedger {
    pub(super) async fn change_record(
        &self,
        claimed: &Claimed,
        change: Change<Effects<TransactWriteItem>>,
        now: Timestamp,
    ) -> LedgerResult<()> {
        let operation = change.operation();
        let step = self
            .step(&claimed.key)
            .condition(OWN)
            .name("#status", "status")
            .name("#lease_token", "lease_token")
            .value(":in_progress", s(Status::InProgress.name()))
            .value(":token", s(&claimed.lease_token));
        let (step, effects) = match change {
            Change::RecordHook((hook, effects)) => {
                let condition = if effects.is_none() { OWN } else { OWN_ONCE };
                let step = step.condition(condition).set_hook(hook, now);
                (item::owed_to(step, effects.destinations()), effects)
            }
            Change::Complete(last) => {
                let step = step.end_lease(Status::Completed);
                let step = step.set("completed_at", n(now.as_millis())).remove("error");
                match last {
                    Some((hook, effects)) => {
                        let step = item::owed_to(step.set_hook(hook, now), effects.destinations());
                        (step, effects)
                    }
                    None => (step, Effects::none()),
                }
            }
            Change::Release { error, cause } => {
                let step = step.end_lease(Status::Released).set("error", s(item::short(&error)));
                let step = match cause {
                    ReleaseCause::HookFailed { retry_at } => step.set("retry_at", n(retry_at.as_millis())),
                    // A claim of version 0.1 leaves an earlier `retry_at` in place.
                    ReleaseCause::Outage => step.add("attempts", n(-1)).remove("retry_at"),
                };
                (step, Effects::none())
            }
            Change::Reject { reason } => {
                let step = step.end_lease(Status::Rejected).set("error", s(item::short(&reason)));
                let step = step
                    .set("completed_at", n(now.as_millis()))
                    .copy("attempts", "forgiven");
                (step, Effects::none())
            }
        };
        let written = self.write(step, vec![effects.into_parts()]);
        let failed = failed(operation, &claimed.key);
        match written.await.map_err(&failed)? {
            Updated::Written(_) => Ok(()),
            Updated::Refused(_) => Err(failed(Cause::LeaseLost)),
        }
    }
}
