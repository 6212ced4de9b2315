//! A ledger whose calls fail, time out after doing the work, or come late.

use std::future::Future;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use acuse_core::clock::Timestamp;
use acuse_core::event::Event;
use acuse_core::event::key::{IdempotencyKey, Recorded};
use acuse_core::hook::Effects;
use acuse_core::ledger::{Blame, Claim, Claimed, Extent, Kept, Lease, Ledger, LedgerError, Settlement};
use acuse_core::testing::MemoryLedger;

use crate::fault::{Fault, Faults};
use crate::simulation::Simulation;

#[derive(Clone)]
pub(crate) struct FaultyLedger {
    pub(crate) simulation: Simulation,
    pub(crate) faults: Faults,
    pub(crate) ledger: Arc<MemoryLedger>,
    /// How many events were recorded together with what their first hooks write.
    pub(crate) settled: Arc<AtomicU32>,
}

impl FaultyLedger {
    /// Makes a call with its fate. The work is the database's: once the call is under way, it is done
    /// whether or not the caller still lives.
    async fn faulty<T, F>(
        &self,
        operation: &'static str,
        key: &IdempotencyKey,
        work: impl FnOnce(Arc<MemoryLedger>) -> F + Send + 'static,
    ) -> Result<T, LedgerError>
    where
        F: Future<Output = Result<T, LedgerError>> + Send + 'static,
        T: Send + 'static,
    {
        let failed = || LedgerError::Service {
            operation,
            key: key.clone(),
            source: "injected".into(),
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
                let answer: Arc<Mutex<Option<Result<T, LedgerError>>>> = Arc::default();
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

/// A key to name in an error.
fn note(message_id: &str) -> IdempotencyKey {
    IdempotencyKey {
        partition: message_id.to_owned(),
        sort: "begun".to_owned(),
    }
}

/// Outlives the caller, which a claim otherwise may not.
fn same(claimed: &Claimed) -> Claimed {
    Claimed {
        key: claimed.key.clone(),
        lease_token: claimed.lease_token.clone(),
        taken: claimed.taken.clone(),
    }
}

impl Ledger for FaultyLedger {
    type Write = &'static str;

    async fn claim(&self, event: &Event, lease: &Lease, now: Timestamp) -> Result<Claim, LedgerError> {
        let (own, lease) = (event.clone(), lease.clone());
        let work = move |ledger: Arc<MemoryLedger>| async move { (&*ledger).claim(&own, &lease, now).await };
        self.faulty("claim", &event.key, work).await
    }

    async fn settle(
        &self,
        event: &Event,
        lease: &Lease,
        hooks: Vec<(&'static str, Effects<Self::Write>)>,
        extent: Extent,
        now: Timestamp,
    ) -> Result<Settlement, LedgerError> {
        let (own, lease, settled) = (event.clone(), lease.clone(), Arc::clone(&self.settled));
        let work = move |ledger: Arc<MemoryLedger>| async move {
            let settlement = (&*ledger).settle(&own, &lease, hooks, extent, now).await?;
            let new = matches!(settlement, Settlement::Completed | Settlement::Claimed(_));
            settled.fetch_add(u32::from(new), Ordering::SeqCst);
            Ok(settlement)
        };
        self.faulty("settle", &event.key, work).await
    }

    async fn recorded(&self, key: &IdempotencyKey) -> Result<Option<Recorded>, LedgerError> {
        let own = key.clone();
        let work = move |ledger: Arc<MemoryLedger>| async move { (&*ledger).recorded(&own).await };
        self.faulty("recorded", key, work).await
    }

    async fn overtaken(&self, event: &Event) -> Result<bool, LedgerError> {
        let own = event.clone();
        let work = move |ledger: Arc<MemoryLedger>| async move { (&*ledger).overtaken(&own).await };
        self.faulty("overtaken", &event.key, work).await
    }

    async fn keep_conflict(&self, event: &Event, message_id: &str, now: Timestamp) -> Result<Kept, LedgerError> {
        let (own, message_id) = (event.clone(), message_id.to_owned());
        let work =
            move |ledger: Arc<MemoryLedger>| async move { (&*ledger).keep_conflict(&own, &message_id, now).await };
        self.faulty("keep_conflict", &event.key, work).await
    }

    async fn count_duplicate(&self, key: &IdempotencyKey, now: Timestamp) -> Result<(), LedgerError> {
        let own = key.clone();
        let work = move |ledger: Arc<MemoryLedger>| async move { (&*ledger).count_duplicate(&own, now).await };
        self.faulty("count_duplicate", key, work).await
    }

    async fn record_hook(
        &self,
        claimed: &Claimed,
        hook: &'static str,
        effects: Effects<Self::Write>,
        now: Timestamp,
    ) -> Result<(), LedgerError> {
        let own = same(claimed);
        let work =
            move |ledger: Arc<MemoryLedger>| async move { (&*ledger).record_hook(&own, hook, effects, now).await };
        self.faulty("record_hook", &claimed.key, work).await
    }

    async fn complete(
        &self,
        claimed: &Claimed,
        last: Option<(&'static str, Effects<Self::Write>)>,
        now: Timestamp,
    ) -> Result<(), LedgerError> {
        let own = same(claimed);
        let work = move |ledger: Arc<MemoryLedger>| async move { (&*ledger).complete(&own, last, now).await };
        self.faulty("complete", &claimed.key, work).await
    }

    async fn release(&self, claimed: &Claimed, error: &str, blame: Blame) -> Result<(), LedgerError> {
        let (own, error) = (same(claimed), error.to_owned());
        let work = move |ledger: Arc<MemoryLedger>| async move { (&*ledger).release(&own, &error, blame).await };
        self.faulty("release", &claimed.key, work).await
    }

    async fn reject(&self, claimed: &Claimed, reason: &str, now: Timestamp) -> Result<(), LedgerError> {
        let (own, reason) = (same(claimed), reason.to_owned());
        let work = move |ledger: Arc<MemoryLedger>| async move { (&*ledger).reject(&own, &reason, now).await };
        self.faulty("reject", &claimed.key, work).await
    }

    async fn begin(&self, message_id: &str, now: Timestamp) -> Result<u32, LedgerError> {
        let own = message_id.to_owned();
        let work = move |ledger: Arc<MemoryLedger>| async move { (&*ledger).begin(&own, now).await };
        self.faulty("begin", &note(message_id), work).await
    }

    async fn put_off(&self, message_id: &str, now: Timestamp) -> Result<(), LedgerError> {
        let own = message_id.to_owned();
        let work = move |ledger: Arc<MemoryLedger>| async move { (&*ledger).put_off(&own, now).await };
        self.faulty("put_off", &note(message_id), work).await
    }

    async fn survive(&self, message_id: &str, now: Timestamp) -> Result<(), LedgerError> {
        let own = message_id.to_owned();
        let work = move |ledger: Arc<MemoryLedger>| async move { (&*ledger).survive(&own, now).await };
        self.faulty("survive", &note(message_id), work).await
    }
}
