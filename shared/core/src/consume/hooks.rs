//! The hooks of a claimed event, and its completion.

use std::panic::AssertUnwindSafe;

use futures_util::FutureExt;

use super::event::Owned;
use super::single_call::FirstAnswers;
use super::{Consumer, Inbox, Outcome};
use crate::clock::{Timestamp, within};
use crate::event::Event;
use crate::hook::{AnyHook, Attempt, Effects, HookError, Order};
use crate::ledger::{Change, Ledger};
use crate::metric;

impl<L: Ledger, I: Inbox> Consumer<L, I> {
    /// Calls the hooks that are not done. The effects of the last one commit with the completion.
    pub(super) async fn call_hooks(
        &self,
        owned: &Owned<'_>,
        mut answers: FirstAnswers<L::Write>,
        cut: Timestamp,
    ) -> Outcome {
        let Owned { event, claimed, .. } = owned;
        let attempt = claimed.progress.attempt;
        let done = &claimed.progress.hooks;
        let mut open = self.wanting(event).await;
        open.retain(|hook| !done.contains_key(hook.name()));
        let mut last = None;
        let mut late = None;
        for (place, hook) in open.iter().enumerate() {
            let order = hook.order();
            // Read once, and only for a hook that wants to know.
            if late.is_none() && order != Order::Any {
                late = match self.ledger.overtaken(event).await {
                    Ok(late) => Some(late),
                    Err(error) => return self.ledger_failed_at(owned, hook.name(), error).await,
                };
            }
            let late = order != Order::Any && late == Some(true);
            let answer = match answers.remove(hook.name()) {
                _ if late && order == Order::SkipLate => Ok(Effects::none()),
                Some(answer) => answer,
                None => self.call(*hook, event, attempt, late, cut).await,
            };
            let effects = match answer {
                Ok(effects) => effects,
                Err(HookError::Retry { reason, after }) => {
                    return self.hook_failed(owned, hook.name(), &reason, after).await;
                }
                Err(HookError::Reject { reason }) => {
                    let reason = format!("hook `{}`: {reason}", hook.name());
                    return self.dead_letter(owned, &reason, "rejected").await;
                }
            };
            if place + 1 == open.len() {
                last = Some((hook.name(), effects));
                break;
            }
            let record = Change::RecordHook((hook.name(), effects));
            if let Err(error) = self.ledger.change(claimed, record, self.clock.now()).await {
                return self.ledger_failed_at(owned, hook.name(), error).await;
            }
        }
        let name = last.as_ref().map_or("", |(name, _)| name);
        let complete = self.ledger.change(claimed, Change::Complete(last), self.clock.now());
        match complete.await {
            Ok(()) => self.completed(event, attempt),
            Err(error) => self.ledger_failed_at(owned, name, error).await,
        }
    }

    /// The hooks that have something to do for `event`, in their order.
    pub(super) async fn wanting(&self, event: &Event) -> Vec<&dyn AnyHook<L::Write>> {
        let mut wanting = Vec::with_capacity(self.hooks.len());
        for hook in &self.hooks {
            if hook.wants(event).await {
                wanting.push(hook.as_ref());
            }
        }
        wanting
    }

    /// Calls one hook, until `cut` at the longest. A panic is a retry.
    pub(super) async fn call(
        &self,
        hook: &dyn AnyHook<L::Write>,
        event: &Event,
        number: u32,
        late: bool,
        cut: Timestamp,
    ) -> Result<Effects<L::Write>, HookError> {
        let now = self.clock.now();
        let attempt = Attempt {
            number,
            started_at: now,
            deadline: cut,
            late,
        };
        // The call itself may panic before it returns a future.
        let work = AssertUnwindSafe(async { hook.call(event, attempt).await }).catch_unwind();
        let done = within(&*self.clock, cut.since(now), work).await;
        metric::hook_duration(hook.name(), self.clock.now().since(now));
        match done {
            None => Err(HookError::retry("cut: the invocation ends")),
            Some(Err(panic)) => Err(HookError::retry(format!("panicked: {}", message_of(&*panic)))),
            Some(Ok(result)) => result,
        }
    }
}

fn message_of(panic: &(dyn std::any::Any + Send)) -> &str {
    panic
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| panic.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("without a message")
}
