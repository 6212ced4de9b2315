//! The real ledger and the real hooks, watched by the process that calls them.

use std::sync::Arc;

use acuse_aws::consumer::BoxedHook;
use acuse_aws::ledger::DynamoLedger;
use acuse_core::clock::Timestamp;
use acuse_core::event::Event;
use acuse_core::event::key::{IdempotencyKey, Recorded};
use acuse_core::hook::{AnyHook, Attempt, Effects, HookError, Order};
use acuse_core::ledger::{
    Change, Claimed, Commit, ConflictRecord, HookDone, Lease, Ledger, LedgerResult, RecordAs, Refused, StartCount,
};
use acuse_core::wire::delivery::DeliveryId;
use async_trait::async_trait;
use aws_sdk_dynamodb::types::TransactWriteItem;

use super::process::{Process, Step};
use crate::outcome::End;

pub(super) struct WatchedHook {
    pub(super) hook: BoxedHook,
    pub(super) process: Arc<Process>,
}

#[async_trait]
impl AnyHook<TransactWriteItem> for WatchedHook {
    fn name(&self) -> &'static str {
        self.hook.name()
    }

    fn order(&self) -> Order {
        self.hook.order()
    }

    fn transactional(&self) -> bool {
        self.hook.transactional()
    }

    async fn wants(&self, event: &Event) -> bool {
        self.hook.wants(event).await
    }

    async fn call(&self, event: &Event, attempt: Attempt) -> Result<Effects<TransactWriteItem>, HookError> {
        let name = self.name();
        *self.process.seen().calls.entry(name).or_default() += 1;
        self.process.note(format!("`{name}` called"));
        let answer = self.hook.call(event, attempt).await;
        self.process.note(match &answer {
            Ok(_) => format!("`{name}` returned"),
            Err(HookError::Retry { reason, .. }) => format!("`{name}` asked for a retry: {reason}"),
            Err(HookError::Reject { reason }) => format!("`{name}` rejected: {reason}"),
        });
        self.process.step(Step::AfterHook(name)).await;
        answer
    }
}

pub(super) struct WatchedLedger {
    pub(super) ledger: DynamoLedger,
    pub(super) process: Arc<Process>,
}

impl WatchedLedger {
    /// `call` is boxed by its caller: these futures are large, and a test has 2 MiB of stack.
    async fn watch<T>(
        &self,
        [before, after]: [Step; 2],
        call: impl Future<Output = LedgerResult<T>>,
        seen: impl FnOnce(&T) -> (&'static str, Option<End>),
    ) -> LedgerResult<T> {
        self.process.step(before).await;
        let answer = call.await;
        match &answer {
            Ok(answer) => {
                let (line, end) = seen(answer);
                self.process.note(line);
                let mut seen = self.process.seen();
                seen.end = end.or(seen.end.take());
            }
            Err(error) => self.process.note(acuse_core::error::chain(error)),
        }
        self.process.step(after).await;
        answer
    }
}

const COMMIT: [Step; 2] = [Step::BeforeCommit, Step::AfterCommit];
const OTHER: [Step; 2] = [Step::Other, Step::Other];

fn refused(refused: &Refused) -> (&'static str, Option<End>) {
    match refused {
        Refused::Duplicate { .. } => ("ledger: a duplicate", None),
        Refused::Conflict => ("ledger: other bytes under a known key", None),
        Refused::Wait { .. } => ("ledger: in progress elsewhere, or not due yet", None),
    }
}

impl Ledger for WatchedLedger {
    type Write = TransactWriteItem;

    async fn claim(&self, event: &Event, lease: &Lease, now: Timestamp) -> LedgerResult<Result<Claimed, Refused>> {
        let claim = Box::pin(self.ledger.claim(event, lease, now));
        self.watch(OTHER, claim, |claim| match claim {
            Ok(_) => ("ledger: claimed", None),
            Err(why) => refused(why),
        })
        .await
    }

    async fn commit_new(
        &self,
        event: &Event,
        lease: &Lease,
        hooks: Vec<HookDone<Effects<Self::Write>>>,
        record_as: RecordAs,
        now: Timestamp,
    ) -> LedgerResult<Result<Commit, Refused>> {
        let commit = Box::pin(self.ledger.commit_new(event, lease, hooks, record_as, now));
        self.watch(COMMIT, commit, |commit| match commit {
            Ok(Commit::Completed) => ("ledger: completed, with all writes", Some(End::Completed)),
            Ok(Commit::Claimed(_)) => ("ledger: claimed, with the first writes", None),
            Ok(Commit::Claimable) => ("ledger: known, and not done", None),
            Err(why) => refused(why),
        })
        .await
    }

    async fn change(
        &self,
        claimed: &Claimed,
        change: Change<Effects<Self::Write>>,
        now: Timestamp,
    ) -> LedgerResult<()> {
        let (steps, line, end) = match &change {
            Change::RecordHook(_) => (COMMIT, "ledger: a hook recorded, with its writes", None),
            Change::Complete(_) => (COMMIT, "ledger: completed, with the last writes", Some(End::Completed)),
            Change::Release { error, .. } => (OTHER, "ledger: released", Some(End::Retried(error.clone()))),
            Change::Reject { reason } => (OTHER, "ledger: rejected", Some(End::Rejected(reason.clone()))),
        };
        let change = Box::pin(self.ledger.change(claimed, change, now));
        self.watch(steps, change, |()| (line, end)).await
    }

    async fn keep_conflict(&self, event: &Event, message_id: &str, now: Timestamp) -> LedgerResult<ConflictRecord> {
        let kept = Box::pin(self.ledger.keep_conflict(event, message_id, now));
        self.watch(OTHER, kept, |_| ("ledger: conflict kept", Some(End::Conflict)))
            .await
    }

    /// Nothing is recognized early: each duplicate has to meet the hooks' writes.
    async fn is_completed(&self, _: &Event) -> LedgerResult<bool> {
        Ok(false)
    }

    async fn count_duplicate(&self, key: &IdempotencyKey, delivery: DeliveryId, now: Timestamp) -> LedgerResult<()> {
        let counted = Box::pin(self.ledger.count_duplicate(key, delivery, now));
        self.watch(OTHER, counted, |()| ("ledger: duplicate counted", Some(End::Duplicate)))
            .await
    }

    async fn recorded(&self, key: &IdempotencyKey) -> LedgerResult<Option<Recorded>> {
        self.ledger.recorded(key).await
    }

    async fn overtaken(&self, event: &Event) -> LedgerResult<bool> {
        let overtaken = Box::pin(self.ledger.overtaken(event));
        self.watch(OTHER, overtaken, |late| match late {
            true => ("ledger: late", None),
            false => ("ledger: not late", None),
        })
        .await
    }

    async fn count_starts(&self, message_id: &str, count: StartCount, now: Timestamp) -> LedgerResult<u32> {
        self.ledger.count_starts(message_id, count, now).await
    }
}
