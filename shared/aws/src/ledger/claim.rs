//! The claim of an event.

use std::collections::HashMap;

use acuse_core::clock::Timestamp;
use acuse_core::event::Event;
use acuse_core::ledger::{Claimed, Lease, LedgerResult, Override, RecordState, Refused, Status, decide};
use aws_sdk_dynamodb::types::{AttributeValue, ReturnValue};

use super::error::outage;
use super::expression::{Step, n, s};
use super::write::{Updated, update};
use super::{DynamoLedger, item};

impl DynamoLedger {
    /// ```text
    /// absent ────────────────────────────┐
    /// RELEASED, due ─────────────────────┼─▶ IN_PROGRESS, attempts + 1, a new lease
    /// IN_PROGRESS, lease over ───────────┘
    /// RELEASED, not due          │
    /// IN_PROGRESS, lease running │
    /// COMPLETED, REJECTED        ├─▶ refused; the item comes back with the answer
    /// any, with other bytes      │
    /// any that was erased        │
    /// ```
    ///
    /// An operator's replay may claim a REJECTED event, once a message; on its first receive also a RELEASED one that
    /// is not due. A claim that the SDK sends again because the answer was lost is refused by its own lease, which
    /// counts as success.
    pub(super) async fn claim_event(
        &self,
        event: &Event,
        lease: &Lease,
        now: Timestamp,
    ) -> LedgerResult<Result<Claimed, Refused>> {
        let failed = outage("claim", &event.key);
        let expires_at = now.plus(self.retention);
        let placement = self.write_ahead(event, expires_at).await.map_err(&failed)?;
        let step = item::opened(self.step(&event.key), event, placement, lease, now);
        let step = item::claimed(step, lease)
            .set_first("hooks", AttributeValue::M(HashMap::new()))
            .remove("retry_at");
        let call = claimable(step, event, lease, now)
            .into_update(&self.client)
            .return_values(ReturnValue::AllOld);
        let (found, refused) = match update(call).await.map_err(&failed)? {
            // An item that was just made had no status before: some emulators return its key.
            Updated::Written(before) => (before.filter(|item| item.contains_key("status")), false),
            Updated::Refused(item) => (item, true),
        };
        let record = found.map(|item| item::state(&item)).transpose();
        let record = record.map_err(|error| failed(error.into()))?;
        let own = |record: &RecordState| record.lease_token == lease.token;
        let refused = refused && !record.as_ref().is_some_and(own);
        match (decide(record.as_ref(), event.body_sha256(), lease, now), refused) {
            (Ok(progress), false) => Ok(Ok(Claimed::under(lease, event, progress))),
            (Err(why), true) => Ok(Err(why)),
            _ => Err(failed("the claim's condition and the ledger's rule disagree".into())),
        }
    }
}

/// The condition of a claim: `decide`'s case `Ok`.
fn claimable(step: Step, event: &Event, lease: &Lease, now: Timestamp) -> Step {
    let replayed = match lease.overrides {
        Override::None => "",
        Override::Rejection => " OR (#status = :rejected AND #message_id <> :message_id)",
        Override::RejectionAndWait => {
            " OR ((#status = :rejected OR #status = :released) AND #message_id <> :message_id)"
        }
    };
    // DynamoDB refuses values that the expression does not use.
    let step = match lease.overrides {
        Override::None => step,
        _ => step
            .value(":rejected", s(Status::Rejected.name()))
            .value(":message_id", s(&lease.message_id)),
    };
    // Records of version 0.1 have no `retry_at`.
    step.condition(&format!(
        "attribute_not_exists(pk) OR (attribute_not_exists(#erased_at) AND #body_sha256 = :body_sha256 AND (\
         (#status = :released AND (attribute_not_exists(#retry_at) OR #retry_at <= :now)) \
         OR (#status = :in_progress AND #lease_expires_at <= :now){replayed}))"
    ))
    .name("#erased_at", item::ERASED_AT)
    .name("#retry_at", "retry_at")
    .name("#lease_expires_at", "lease_expires_at")
    .value(":body_sha256", s(event.body_sha256()))
    .value(":released", s(Status::Released.name()))
    .value(":in_progress", s(Status::InProgress.name()))
    .value(":now", n(now.as_millis()))
}
