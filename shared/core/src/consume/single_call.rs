//! One call for a new event and its first hooks: those that do nothing but write are asked before anything
//! is claimed, and what they want written commits with the event's record. Where there is no other hook, the
//! event is completed with it; otherwise it is claimed with it, for the hooks that call out.
//!
//! ```text
//! first hooks, each only says what to write ── settle ─▶ new: COMPLETED, or IN_PROGRESS, with all effects
//!   │                                            ├─────▶ finished, or in progress: counted, or back
//!   │                                            ├─────▶ other bytes: kept as a conflict
//!   └ one fails                                  └─────▶ else: claim, as if nothing had been tried
//!     └────────────────────────────────────────────────▶ claim, and what they said already counts
//! ```
//!
//! Whatever goes wrong here has changed nothing, or has settled the event; either is what a claim finds.

use std::ops::ControlFlow;

use tracing::warn;

use super::{Consumer, Fate, Inbox, Received};
use crate::clock::{Clock, Random, Timestamp};
use crate::error::chain;
use crate::event::Event;
use crate::hook::{Effects, Hook, HookError, Order};
use crate::ledger::{Claimed, Decision, Extent, Lease, Ledger, Settlement};
use crate::metric;

/// What hooks have said to an event's first attempt.
pub(super) type Said<W> = Vec<(&'static str, Result<Effects<W>, HookError>)>;

/// Some of the hooks, in their order.
type Hooks<W> = [Box<dyn Hook<W>>];

/// What came of trying, where the event is not done with.
pub(super) enum Tried<W> {
    /// It is ours, and its first hooks are done.
    Claimed(Claimed),
    /// It has to be claimed. What its hooks have said counts for the first attempt.
    Said(Said<W>),
}

impl<L: Ledger, I: Inbox, C: Clock, R: Random> Consumer<L, I, C, R> {
    /// The hooks that may be settled: the first ones, up to one that calls out, or that asks for order: this
    /// costs a read, which a duplicate is not worth. `None` where there is nothing to settle, and for a
    /// message that comes again, or that an operator sends again: its event has a record, as a rule.
    fn first_hooks(&self, message: &Received, event: &Event) -> Option<(&Hooks<L::Write>, Extent)> {
        if message.receives > 1 || event.replay {
            return None;
        }
        let mut hooks = self.hooks.iter();
        match hooks.position(|hook| !hook.transactional() || hook.order() != Order::Any) {
            None => Some((&self.hooks, Extent::Whole)),
            Some(0) => None,
            Some(first) => Some((self.hooks.get(..first)?, Extent::Begun)),
        }
    }

    /// Settles the first hooks of `event`, which may be all; or gives what they have said to it.
    pub(super) async fn try_settle(
        &self,
        message: &Received,
        event: &Event,
        lease: &Lease,
        cut: Timestamp,
    ) -> ControlFlow<Fate, Tried<L::Write>> {
        let claim = |said| ControlFlow::Continue(Tried::Said(said));
        let Some((first, extent)) = self.first_hooks(message, event) else {
            return claim(Vec::new());
        };
        let started = self.clock.now();
        let mut said = Vec::new();
        for hook in first {
            let answer = self.call(hook.as_ref(), event, 1, false, cut).await;
            let failed = answer.is_err();
            said.push((hook.name(), answer));
            if failed {
                return claim(said);
            }
        }
        let hooks = said
            .into_iter()
            .filter_map(|(hook, answer)| Some((hook, answer.ok()?)))
            .collect();
        let now = self.clock.now();
        match self.ledger.settle(event, lease, hooks, extent, now).await {
            Ok(Settlement::Completed) => {
                metric::queue_latency(event.provider, started.since(event.received_at));
                ControlFlow::Break(self.completed(event, 1, now))
            }
            Ok(Settlement::Claimed(claimed)) => ControlFlow::Continue(Tried::Claimed(claimed)),
            Ok(Settlement::Known(Decision::Wait { until })) => ControlFlow::Break(self.wait(event, until, now)),
            Ok(Settlement::Known(Decision::Drop { status })) => {
                ControlFlow::Break(self.count_duplicate(message, event, status.name()).await)
            }
            Ok(Settlement::Known(Decision::Conflict)) => ControlFlow::Break(self.keep_conflict(message, event).await),
            Ok(Settlement::Known(Decision::Take(_))) => claim(Vec::new()),
            // Refused effects, or a ledger that can't be asked: recorded, if it can be, under a lease.
            Err(error) => {
                let (key, delivery_id) = (&event.key, event.delivery_id);
                warn!(%key, %delivery_id, error = chain(&error), "event not settled in one call");
                claim(Vec::new())
            }
        }
    }
}
