//! One event's way: claim, hooks, completion.

use std::ops::ControlFlow;
use std::panic::AssertUnwindSafe;
use std::time::Duration;

use futures_util::FutureExt;
use tracing::{debug, error, info, warn};

use super::backoff::LONGEST_DELAY;
use super::single_call::{Said, Tried};
use super::{Consumer, Fate, Inbox, Policy, Received, SetAside};
use crate::clock::{Clock, Random, Timestamp, within};
use crate::error::chain;
use crate::event::Event;
use crate::hook::{Attempt, Effects, Hook, HookError, Order};
use crate::ledger::{Blame, Claim, Claimed, Lease, Ledger, LedgerError, Taken};
use crate::metric;
use crate::provider::Unreadable;

/// Kept free at the end of an invocation, so that a hook which overruns can still be released
/// before the function is cut.
pub(super) const RESERVE: Duration = Duration::from_secs(2);

/// A lease outlives its invocation by this much: nobody takes an event from an owner who may
/// still be running, although two machines' clocks differ a little.
const LEASE_SLACK: Duration = Duration::from_secs(1);

/// Why an event reaches no hook.
#[derive(Debug, thiserror::Error)]
enum Aside {
    #[error(transparent)]
    Unreadable(Unreadable),
    #[error(transparent)]
    OnPurpose(SetAside),
}

impl<L: Ledger, I: Inbox, C: Clock, R: Random> Consumer<L, I, C, R> {
    pub(super) async fn consume_event(
        &self,
        message: &Received,
        event: &Event,
        unreadable: Option<Unreadable>,
        deadline: Timestamp,
    ) -> Fate {
        let started = self.clock.now();
        let cut = deadline.minus(RESERVE);
        if started >= cut {
            debug!(key = %event.key, "event not started: the invocation ends");
            return Fate::Back(Duration::ZERO, "not started: the invocation ends".to_owned());
        }
        let event = match self.as_recorded(event).await {
            Ok(event) => event,
            Err(error) => return self.ledger_failed(message, event, &error),
        };
        let event = event.as_ref();
        let lease = Lease {
            token: format!("{:032x}", self.random.bits()),
            expires_at: deadline.plus(LEASE_SLACK),
            message_id: message.message_id.clone(),
            first: message.receives <= 1,
        };
        let aside = self.set_aside(event, unreadable, started);
        let tried = match aside {
            Some(_) => Tried::Said(Vec::new()),
            None => match self.try_settle(message, event, &lease, cut).await {
                ControlFlow::Break(fate) => return fate,
                ControlFlow::Continue(tried) => tried,
            },
        };
        let (claimed, said) = match tried {
            Tried::Claimed(claimed) => (claimed, Vec::new()),
            Tried::Said(said) => match self.claim(message, event, &lease, aside.as_ref()).await {
                ControlFlow::Break(fate) => return fate,
                ControlFlow::Continue(claimed) => (claimed, said),
            },
        };
        if claimed.taken.attempt == 1 {
            metric::queue_latency(event.provider, started.since(event.received_at));
        }
        match aside {
            Some(why) => self.reject(message, event, &claimed, &why).await,
            // The last attempt's owner has told nobody how it ended.
            None if claimed.taken.used() > self.policy.max_attempts => {
                let attempts = self.policy.max_attempts;
                let reason = format!("given up after {attempts} attempts: the function died during the last one");
                self.dead_letter(message, event, &claimed, &reason, "dead_lettered")
                    .await
            }
            None => self.call_hooks(message, event, &claimed, said, cut).await,
        }
    }

    fn set_aside(&self, event: &Event, unreadable: Option<Unreadable>, now: Timestamp) -> Option<Aside> {
        if let Some(why) = unreadable {
            return Some(Aside::Unreadable(why));
        }
        let Policy {
            environment, retention, ..
        } = self.policy;
        SetAside::of(event, environment, retention, now)
            // An operator who replays it knows. A test delivery is for nobody.
            .filter(|why| !event.replay || *why == SetAside::TestDelivery)
            .map(Aside::OnPurpose)
    }

    /// Claims it, or says what becomes of a delivery that may not.
    async fn claim(
        &self,
        message: &Received,
        event: &Event,
        lease: &Lease,
        aside: Option<&Aside>,
    ) -> ControlFlow<Fate, Claimed> {
        let now = self.clock.now();
        ControlFlow::Break(match self.ledger.claim(event, lease, now).await {
            Ok(Claim::Claimed(claimed)) => return ControlFlow::Continue(claimed),
            Ok(Claim::Wait { until }) => self.wait(event, until, now),
            Ok(Claim::Duplicate { status }) => self.count_duplicate(message, event, status.name()).await,
            // No operator has to decide on what this stack does not take: it is recorded like any other of its
            // environment, beside the first, and `release` does not hand it to hooks.
            Ok(Claim::Conflict) if matches!(aside, Some(Aside::OnPurpose(SetAside::WrongEnvironment(_)))) => {
                let own = event.clone().into_conflict();
                return Box::pin(self.claim(message, &own, lease, None)).await;
            }
            Ok(Claim::Conflict) => self.keep_conflict(message, event).await,
            Err(error) => self.ledger_failed(message, event, &error),
        })
    }

    /// Somebody else works on it; or it was tried, and another delivery of it is not to shorten the wait.
    pub(super) fn wait(&self, event: &Event, until: Timestamp, now: Timestamp) -> Fate {
        metric::event(event.provider, "waiting");
        info!(key = %event.key, delivery_id = %event.delivery_id, %until, "event not free yet");
        Fate::Back(
            until.since(now),
            "in progress elsewhere, or not to be tried again yet".to_owned(),
        )
    }

    pub(super) async fn count_duplicate(&self, message: &Received, event: &Event, status: &str) -> Fate {
        let (key, delivery_id) = (&event.key, event.delivery_id);
        match self.ledger.count_duplicate(key, self.clock.now()).await {
            Ok(()) => {
                metric::event(event.provider, "duplicate");
                info!(%key, %delivery_id, status, "duplicate dropped");
                Fate::Done
            }
            Err(error) => self.ledger_failed(message, event, &error),
        }
    }

    /// Calls the hooks that are not done. The last one's effects commit with the completion. `said`: what
    /// they have said to the first attempt already.
    async fn call_hooks(
        &self,
        message: &Received,
        event: &Event,
        claimed: &Claimed,
        mut said: Said<L::Write>,
        cut: Timestamp,
    ) -> Fate {
        let Taken {
            attempt, hooks: done, ..
        } = &claimed.taken;
        let open: Vec<&dyn Hook<L::Write>> = self
            .hooks
            .iter()
            .map(AsRef::as_ref)
            .filter(|hook| !done.contains_key(hook.name()))
            .collect();
        let mut last = None;
        let mut late = None;
        for (place, hook) in open.iter().enumerate() {
            // Asked once, and only where a hook wants to know.
            if late.is_none() && hook.order() != Order::Any {
                late = match self.ledger.overtaken(event).await {
                    Ok(late) => Some(late),
                    Err(error) => return self.write_failed(message, event, claimed, hook.name(), error).await,
                };
            }
            let late = late.unwrap_or(false);
            let called = match hook.order() {
                Order::SkipLate if late => Ok(Effects::none()),
                order => match said.iter().position(|(name, _)| *attempt == 1 && *name == hook.name()) {
                    Some(place) => said.swap_remove(place).1,
                    None => {
                        let late = late && order != Order::Any;
                        self.call(*hook, event, *attempt, late, cut).await
                    }
                },
            };
            let effects = match called {
                Ok(effects) => effects,
                Err(HookError::Retry { reason, after }) => {
                    return self
                        .hook_failed(message, event, claimed, hook.name(), &reason, after)
                        .await;
                }
                Err(HookError::Reject { reason }) => {
                    let reason = format!("hook `{}`: {reason}", hook.name());
                    return self.dead_letter(message, event, claimed, &reason, "rejected").await;
                }
            };
            if place + 1 == open.len() {
                last = Some((hook.name(), effects));
                break;
            }
            let recorded = self.ledger.record_hook(claimed, hook.name(), effects, self.clock.now());
            if let Err(error) = recorded.await {
                return self.write_failed(message, event, claimed, hook.name(), error).await;
            }
        }
        let name = last.as_ref().map_or("", |(name, _)| name);
        let now = self.clock.now();
        match self.ledger.complete(claimed, last, now).await {
            Ok(()) => self.completed(event, *attempt, now),
            Err(error) => self.write_failed(message, event, claimed, name, error).await,
        }
    }

    /// All hooks are done, and that is recorded.
    pub(super) fn completed(&self, event: &Event, attempt: u32, now: Timestamp) -> Fate {
        let latency = now.since(event.received_at);
        metric::event(event.provider, "completed");
        metric::end_to_end_latency(event.provider, latency);
        let ms = u64::try_from(latency.as_millis()).unwrap_or(u64::MAX);
        info!(key = %event.key, delivery_id = %event.delivery_id, attempt, ms, "event completed");
        Fate::Done
    }

    /// One hook's call, cut in time; a panic of its is a retry.
    pub(super) async fn call(
        &self,
        hook: &dyn Hook<L::Write>,
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
        // The call itself may panic before it gives a future.
        let work = AssertUnwindSafe(async { hook.call(event, attempt).await }).catch_unwind();
        let done = within(&self.clock, cut.since(now), work).await;
        metric::hook_duration(hook.name(), self.clock.now().since(now));
        match done {
            None => Err(HookError::retry("cut: the invocation ends")),
            Some(Err(panic)) => Err(HookError::retry(format!("panicked: {}", message_of(&*panic)))),
            Some(Ok(result)) => result,
        }
    }

    /// A hook asks to retry, or failed: the event is free for the next attempt, where it has one left.
    async fn hook_failed(
        &self,
        message: &Received,
        event: &Event,
        claimed: &Claimed,
        hook: &str,
        reason: &str,
        after: Option<Duration>,
    ) -> Fate {
        let (key, delivery_id, attempt) = (&event.key, event.delivery_id, claimed.taken.attempt);
        let (used, error) = (claimed.taken.used(), format!("hook `{hook}`: {reason}"));
        let Some(delay) = self.policy.retry(used, &self.random) else {
            let reason = format!("given up after {used} attempts: {error}");
            return self
                .dead_letter(message, event, claimed, &reason, "dead_lettered")
                .await;
        };
        let delay = delay.max(after.unwrap_or_default()).min(LONGEST_DELAY);
        warn!(%key, %delivery_id, attempt, hook, reason, retry_in_s = delay.as_secs(), "event released");
        metric::event(event.provider, "retried");
        let retry_at = self.clock.now().plus(delay);
        match self.ledger.release(claimed, &error, Blame::Hook { retry_at }).await {
            Ok(()) => Fate::Back(delay, error),
            Err(error) => self.ledger_failed(message, event, &error),
        }
    }

    /// What is needed could not be reached: that is no attempt of the event's.
    async fn give_back(&self, message: &Received, event: &Event, claimed: &Claimed, error: &str) -> Fate {
        metric::event(event.provider, "failed");
        error!(key = %event.key, delivery_id = %event.delivery_id, error, "event given back");
        match self.ledger.release(claimed, error, Blame::Nobody).await {
            Ok(()) => self.wait_longer(message, error.to_owned()),
            Err(error) => self.ledger_failed(message, event, &error),
        }
    }

    async fn reject(&self, message: &Received, event: &Event, claimed: &Claimed, why: &Aside) -> Fate {
        let reason = chain(why);
        let outcome = match why {
            // Nobody expects this one, so somebody should look.
            Aside::Unreadable(_) => return self.dead_letter(message, event, claimed, &reason, "unreadable").await,
            // It may be an event that hooks never had.
            Aside::OnPurpose(SetAside::Expired(_)) => {
                return self.dead_letter(message, event, claimed, &reason, "expired").await;
            }
            Aside::OnPurpose(SetAside::TestDelivery) => "test_delivery",
            Aside::OnPurpose(SetAside::WrongEnvironment(_)) => "wrong_environment",
        };
        self.record_rejection(message, event, claimed, &reason, outcome).await
    }

    /// First the dead-letter queue, then the record: a crash between the two makes a second
    /// copy there, never none.
    async fn dead_letter(
        &self,
        message: &Received,
        event: &Event,
        claimed: &Claimed,
        reason: &str,
        outcome: &'static str,
    ) -> Fate {
        if let Err(error) = self.inbox.dead_letter(message, reason).await {
            return self.give_back(message, event, claimed, &chain(&error)).await;
        }
        self.record_rejection(message, event, claimed, reason, outcome).await
    }

    async fn record_rejection(
        &self,
        message: &Received,
        event: &Event,
        claimed: &Claimed,
        reason: &str,
        outcome: &'static str,
    ) -> Fate {
        match self.ledger.reject(claimed, reason, self.clock.now()).await {
            Ok(()) => {
                metric::event(event.provider, outcome);
                warn!(key = %event.key, delivery_id = %event.delivery_id, reason, "event rejected");
                Fate::Done
            }
            Err(error) => self.ledger_failed(message, event, &error),
        }
    }

    /// Recording a hook, or completing, did not work.
    async fn write_failed(
        &self,
        message: &Received,
        event: &Event,
        claimed: &Claimed,
        hook: &str,
        error: LedgerError,
    ) -> Fate {
        let reason = chain(&error);
        match error {
            // Nothing is ours any more; the new owner sees it through.
            LedgerError::LeaseLost { .. } => self.ledger_failed(message, event, &error),
            LedgerError::EffectsRefused { .. } => self.hook_failed(message, event, claimed, hook, &reason, None).await,
            // It would be the same another time.
            LedgerError::EffectsInvalid { .. } => {
                let reason = format!("hook `{hook}`: {reason}");
                self.dead_letter(message, event, claimed, &reason, "rejected").await
            }
            LedgerError::Service { .. } => self.give_back(message, event, claimed, &reason).await,
        }
    }

    /// The event stays as it is: the message comes back, and finds it claimable once the lease
    /// has run out.
    pub(super) fn ledger_failed(&self, message: &Received, event: &Event, error: &LedgerError) -> Fate {
        let error = chain(error);
        metric::event(event.provider, "failed");
        error!(key = %event.key, delivery_id = %event.delivery_id, error, "ledger call failed");
        self.wait_longer(message, error)
    }
}

fn message_of(panic: &(dyn std::any::Any + Send)) -> &str {
    panic
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| panic.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("without a message")
}
