//! One call for a new event: where the hooks do nothing but write, they are asked first, and what they
//! want written commits with the event's record. Nobody can come between, so nothing needs a lease.
//!
//! ```text
//! hooks, each only says what to write ── settle ─▶ new: COMPLETED, with all effects. One call
//!   │                                      ├─────▶ finished, or in progress: counted, or back
//!   └ one fails                            └─────▶ else: claim, as if nothing had been tried
//!     └──────────────────────────────────────────▶ claim, and what they said already counts
//! ```
//!
//! Whatever goes wrong here has changed nothing, or has settled the event; either is what a claim finds.

use std::ops::ControlFlow;

use tracing::warn;

use super::{Consumer, Fate, Inbox, Received};
use crate::clock::{Clock, Random, Timestamp};
use crate::event::Event;
use crate::hook::{Effects, HookError, Order, chain};
use crate::ledger::{Decision, Lease, Ledger, Settlement};
use crate::metric;

/// What hooks have said to an event's first attempt.
pub(super) type Said<W> = Vec<(&'static str, Result<Effects<W>, HookError>)>;

impl<L: Ledger, I: Inbox, C: Clock, R: Random> Consumer<L, I, C, R> {
    /// Whether it is worth a try. A message that comes again, or that an operator sends again, is of an
    /// event with a record, as a rule; and who asks for order costs a read, which a duplicate is not worth.
    fn may_settle(&self, message: &Received, event: &Event) -> bool {
        let writes_only = self
            .hooks
            .iter()
            .all(|hook| hook.transactional() && hook.order() == Order::Any);
        writes_only && message.receives <= 1 && !event.replay
    }

    /// Settles `event` in one call; or gives what the hooks have said to it, for the attempt under a lease.
    pub(super) async fn try_settle(
        &self,
        message: &Received,
        event: &Event,
        lease: &Lease,
        cut: Timestamp,
    ) -> ControlFlow<Fate, Said<L::Write>> {
        let mut said = Vec::new();
        if !self.may_settle(message, event) {
            return ControlFlow::Continue(said);
        }
        let started = self.clock.now();
        for hook in &self.hooks {
            let answer = self.call(hook.as_ref(), event, 1, false, cut).await;
            let failed = answer.is_err();
            said.push((hook.name(), answer));
            if failed {
                return ControlFlow::Continue(said);
            }
        }
        let hooks = said
            .into_iter()
            .filter_map(|(hook, answer)| Some((hook, answer.ok()?)))
            .collect();
        let now = self.clock.now();
        match self.ledger.settle(event, lease, hooks, now).await {
            Ok(Settlement::Completed) => {
                metric::queue_latency(event.provider, started.since(event.received_at));
                ControlFlow::Break(self.completed(event, 1, now))
            }
            Ok(Settlement::Known(Decision::Wait { until })) => ControlFlow::Break(self.wait(event, until, now)),
            Ok(Settlement::Known(Decision::Drop { status, conflict })) => {
                ControlFlow::Break(self.count_duplicate(event, status.name(), conflict).await)
            }
            Ok(Settlement::Known(Decision::Take(_))) => ControlFlow::Continue(Vec::new()),
            // Refused effects, or a ledger that can't be asked: recorded, if it can be, under a lease.
            Err(error) => {
                let (key, delivery_id) = (&event.key, event.delivery_id);
                warn!(%key, %delivery_id, error = chain(&error), "event not settled in one call");
                ControlFlow::Continue(Vec::new())
            }
        }
    }
}
