//! A ledger whose calls fail, succeed without an answer, or come late.

use std::future::Future;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use acuse_core::clock::Timestamp;
use acuse_core::event::Event;
use acuse_core::event::key::{IdempotencyKey, Recorded};
use acuse_core::hook::Effects;
use acuse_core::ledger::{
    Cause, Change, Claimed, Commit, ConflictRecord, HookDone, Lease, Ledger, LedgerError, LedgerResult, RecordAs,
    Refused, StartCount,
};
use acuse_core::testing::MemoryLedger;
use acuse_core::wire::delivery::DeliveryId;

use crate::fault::{Fault, Faults};
use crate::simulation::Simulation;

#[derive(Clone)]
pub(crate) struct FaultyLedger {
    pub(crate) simulation: Simulation,
    pub(crate) faults: Faults,
    pub(crate) ledger: Arc<MemoryLedger>,
    /// How many events were committed in a single call.
    pub(crate) single_calls: Arc<AtomicU32>,
}

impl FaultyLedger {
    /// Makes a call that may meet a fault. The work is the database's: once the call is under way, it is done even if
    /// the caller is killed.
    async fn faulty<T, F>(
        &self,
        operation: &'static str,
        key: &IdempotencyKey,
        work: impl FnOnce(Arc<MemoryLedger>) -> F + Send + 'static,
    ) -> LedgerResult<T>
    where
        F: Future<Output = LedgerResult<T>> + Send + 'static,
        T: Send + 'static,
    {
        let failed = || LedgerError {
            operation,
            key: key.clone(),
            cause: Cause::Outage("injected".into()),
        };
        let ledger = Arc::clone(&self.ledger);
        match self.faults.draw() {
            Fault::None => work(ledger).await,
            Fault::Before => Err(failed()),
            Fault::After => {
                let _ = work(ledger).await;
                Err(failed())
            }
            Fault::SlowBefore(delay) => {
                let answer: Arc<Mutex<Option<LedgerResult<T>>>> = Arc::default();
                let (simulation, given) = (self.simulation.clone(), Arc::clone(&answer));
                self.simulation.spawn(async move {
                    simulation.sleep(delay).await;
                    let done = work(ledger).await;
                    *given.lock().unwrap() = Some(done);
                });
                loop {
                    self.simulation.sleep(Duration::from_millis(500)).await;
                    if let Some(done) = answer.lock().unwrap().take() {
                        return done;
                    }
                }
            }
            Fault::SlowAfter(delay) => {
                let done = work(ledger).await;
                self.simulation.sleep(delay).await;
                done
            }
        }
    }
}

impl Ledger for FaultyLedger {
    type Write = &'static str;

    async fn claim(&self, event: &Event, lease: &Lease, now: Timestamp) -> LedgerResult<Result<Claimed, Refused>> {
        let (own, lease) = (event.clone(), lease.clone());
        let work = move |ledger: Arc<MemoryLedger>| async move { (&*ledger).claim(&own, &lease, now).await };
        self.faulty("claim", &event.key, work).await
    }

    async fn commit_new(
        &self,
        event: &Event,
        lease: &Lease,
        hooks: Vec<HookDone<Effects<Self::Write>>>,
        record_as: RecordAs,
        now: Timestamp,
    ) -> LedgerResult<Result<Commit, Refused>> {
        let (own, lease, single_calls) = (event.clone(), lease.clone(), Arc::clone(&self.single_calls));
        let work = move |ledger: Arc<MemoryLedger>| async move {
            let commit = (&*ledger).commit_new(&own, &lease, hooks, record_as, now).await?;
            let new = matches!(commit, Ok(Commit::Completed | Commit::Claimed(_)));
            single_calls.fetch_add(u32::from(new), Ordering::SeqCst);
            Ok(commit)
        };
        self.faulty("commit_new", &event.key, work).await
    }

    async fn change(
        &self,
        claimed: &Claimed,
        change: Change<Effects<Self::Write>>,
        now: Timestamp,
    ) -> LedgerResult<()> {
        let (own, operation) = (claimed.clone(), change.operation());
        let work = move |ledger: Arc<MemoryLedger>| async move { (&*ledger).change(&own, change, now).await };
        self.faulty(operation, &claimed.key, work).await
    }

    async fn keep_conflict(&self, event: &Event, message_id: &str, now: Timestamp) -> LedgerResult<ConflictRecord> {
        let (own, message_id) = (event.clone(), message_id.to_owned());
        let work =
            move |ledger: Arc<MemoryLedger>| async move { (&*ledger).keep_conflict(&own, &message_id, now).await };
        self.faulty("keep_conflict", &event.key, work).await
    }

    async fn is_completed(&self, event: &Event) -> LedgerResult<bool> {
        let own = event.clone();
        let work = move |ledger: Arc<MemoryLedger>| async move { (&*ledger).is_completed(&own).await };
        self.faulty("is_completed", &event.key, work).await
    }

    async fn count_duplicate(&self, key: &IdempotencyKey, delivery: DeliveryId, now: Timestamp) -> LedgerResult<()> {
        let own = key.clone();
        let work =
            move |ledger: Arc<MemoryLedger>| async move { (&*ledger).count_duplicate(&own, delivery, now).await };
        self.faulty("count_duplicate", key, work).await
    }

    async fn recorded(&self, key: &IdempotencyKey) -> LedgerResult<Option<Recorded>> {
        let own = key.clone();
        let work = move |ledger: Arc<MemoryLedger>| async move { (&*ledger).recorded(&own).await };
        self.faulty("recorded", key, work).await
    }

    async fn overtaken(&self, event: &Event) -> LedgerResult<bool> {
        let own = event.clone();
        let work = move |ledger: Arc<MemoryLedger>| async move { (&*ledger).overtaken(&own).await };
        self.faulty("overtaken", &event.key, work).await
    }

    async fn count_starts(&self, message_id: &str, count: StartCount, now: Timestamp) -> LedgerResult<u32> {
        let own = message_id.to_owned();
        let key = IdempotencyKey {
            partition: message_id.to_owned(),
            sort: "begun".to_owned(),
        };
        let work = move |ledger: Arc<MemoryLedger>| async move { (&*ledger).count_starts(&own, count, now).await };
        self.faulty("count_starts", &key, work).await
    }
}
