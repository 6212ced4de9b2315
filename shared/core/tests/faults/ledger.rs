//! A ledger whose calls fail, time out after doing the work, or come late.

use std::future::Future;
use std::sync::Arc;

use acuse_core::clock::Timestamp;
use acuse_core::event::Event;
use acuse_core::hook::Effects;
use acuse_core::key::IdempotencyKey;
use acuse_core::ledger::{Claim, Claimed, Lease, Ledger, LedgerError};
use acuse_core::testing::MemoryLedger;

use crate::fault::{Fault, Faults};
use crate::simulation::Simulation;

#[derive(Clone)]
pub(crate) struct FaultyLedger {
    pub(crate) simulation: Simulation,
    pub(crate) faults: Faults,
    pub(crate) ledger: Arc<MemoryLedger>,
}

impl FaultyLedger {
    async fn faulty<T, F>(
        &self,
        operation: &'static str,
        key: &IdempotencyKey,
        work: impl FnOnce() -> F + Send,
    ) -> Result<T, LedgerError>
    where
        F: Future<Output = Result<T, LedgerError>> + Send,
        T: Send,
    {
        let failed = || LedgerError::Service {
            operation,
            key: key.clone(),
            source: "injected".into(),
        };
        match self.faults.draw() {
            Fault::None => work().await,
            Fault::Before => Err(failed()),
            Fault::After => {
                let _ = work().await;
                Err(failed())
            }
            Fault::SlowBefore(delay) => {
                self.simulation.sleep(delay).await;
                work().await
            }
            Fault::SlowAfter(delay) => {
                let done = work().await;
                self.simulation.sleep(delay).await;
                done
            }
        }
    }
}

impl Ledger for FaultyLedger {
    type Write = &'static str;

    async fn claim(&self, event: &Event, lease: &Lease, now: Timestamp) -> Result<Claim, LedgerError> {
        let ledger = &*self.ledger;
        self.faulty("claim", &event.key, || async move {
            (&ledger).claim(event, lease, now).await
        })
        .await
    }

    async fn overtaken(&self, event: &Event) -> Result<bool, LedgerError> {
        let ledger = &*self.ledger;
        self.faulty(
            "overtaken",
            &event.key,
            || async move { (&ledger).overtaken(event).await },
        )
        .await
    }

    async fn count_duplicate(&self, key: &IdempotencyKey, conflict: bool) -> Result<(), LedgerError> {
        let ledger = &*self.ledger;
        self.faulty("count_duplicate", key, || async move {
            (&ledger).count_duplicate(key, conflict).await
        })
        .await
    }

    async fn record_hook(
        &self,
        claimed: &Claimed,
        hook: &'static str,
        effects: Effects<Self::Write>,
        now: Timestamp,
    ) -> Result<(), LedgerError> {
        let ledger = &*self.ledger;
        self.faulty("record_hook", &claimed.key, || async move {
            (&ledger).record_hook(claimed, hook, effects, now).await
        })
        .await
    }

    async fn complete(
        &self,
        claimed: &Claimed,
        last: Option<(&'static str, Effects<Self::Write>)>,
        now: Timestamp,
    ) -> Result<(), LedgerError> {
        let ledger = &*self.ledger;
        self.faulty("complete", &claimed.key, || async move {
            (&ledger).complete(claimed, last, now).await
        })
        .await
    }

    async fn release(&self, claimed: &Claimed, error: &str) -> Result<(), LedgerError> {
        let ledger = &*self.ledger;
        self.faulty("release", &claimed.key, || async move {
            (&ledger).release(claimed, error).await
        })
        .await
    }

    async fn reject(&self, claimed: &Claimed, reason: &str, now: Timestamp) -> Result<(), LedgerError> {
        let ledger = &*self.ledger;
        self.faulty("reject", &claimed.key, || async move {
            (&ledger).reject(claimed, reason, now).await
        })
        .await
    }
}
