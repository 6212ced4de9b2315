//! One event: open it, call its hooks, complete it.

use std::borrow::Cow;
use std::time::Duration;

use tracing::{debug, error, info};

use super::single_call::{FirstAnswers, Opened};
use super::{Consumer, Inbox, Outcome, Received, SetAside};
use crate::clock::Timestamp;
use crate::error::chain;
use crate::event::Event;
use crate::ledger::{Claimed, Lease, Ledger, LedgerError, Override, Refused, Status};
use crate::metric::{self, WORK};
use crate::provider::Unreadable;

/// Kept free at the end of an invocation, so that an event whose hook overruns can still be released.
pub(super) const RESERVE: Duration = Duration::from_secs(2);

/// A lease outlives its invocation by this much: nobody takes an event from an owner who may still be running,
/// although the clocks of two machines differ a little.
const LEASE_SLACK: Duration = Duration::from_secs(1);

#[derive(Debug, thiserror::Error)]
pub(super) enum NoHooks {
    #[error(transparent)]
    Unreadable(Unreadable),
    #[error(transparent)]
    SetAside(SetAside),
}

/// A claimed event, as its owner works on it.
pub(super) struct Owned<'e> {
    pub(super) message: &'e Received,
    pub(super) event: &'e Event,
    pub(super) claimed: Claimed,
}

impl<L: Ledger, I: Inbox> Consumer<L, I> {
    pub(super) async fn consume_event(&self, message: &Received, event: &Event, deadline: Timestamp) -> Outcome {
        let started = self.clock.now();
        let cut = deadline.minus(RESERVE);
        if started >= cut {
            debug!(key = %event.key, "event not started: the invocation ends");
            return Outcome::not_started();
        }
        let mut event = match self.as_recorded(event).await {
            Ok(event) => event,
            Err(error) => return self.ledger_failed(message, event, &error),
        };
        let lease = Lease {
            token: format!("{:032x}", self.random.bits()),
            expires_at: deadline.plus(LEASE_SLACK),
            message_id: message.message_id.clone(),
            // An operator redrives a reconciled event that a hook rejected.
            overrides: Override::of(event.replay || event.reconciled, message.receives),
        };
        let no_hooks = self.no_hooks(&event, started);
        if no_hooks.is_none() && self.is_known_repeat(message, &event).await {
            return self.count_duplicate(message, &event, Status::Completed).await;
        }
        let opened = match &no_hooks {
            None => self.open(message, &event, &lease, cut).await,
            Some(why) => self.claim_without_hooks(&mut event, &lease, why).await,
        };
        let event = event.as_ref();
        let (claimed, answers) = match opened {
            Ok(Opened::Completed) => {
                metric::queue_latency(event.provider, started.since(event.received_at));
                return self.completed(event, 1);
            }
            Ok(Opened::Claimed(claimed, answers)) => (claimed, answers),
            Ok(Opened::Refused(Refused::Wait { until })) => return self.wait(event, until),
            Ok(Opened::Refused(Refused::Duplicate { status })) => {
                return self.count_duplicate(message, event, status).await;
            }
            Ok(Opened::Refused(Refused::Conflict)) => return self.other_bytes(message, event, &lease).await,
            Err(error) => return self.ledger_failed(message, event, &error),
        };
        if claimed.progress.attempt == 1 {
            metric::queue_latency(event.provider, started.since(event.received_at));
        }
        let used = claimed.progress.attempts_used();
        let owned = Owned {
            message,
            event,
            claimed,
        };
        match no_hooks {
            Some(why) => self.reject_without_hooks(&owned, &why).await,
            // The owner of the last attempt died, so nobody has seen how it ended.
            None if used > self.policy.max_attempts => {
                let attempts = self.policy.max_attempts;
                let reason = format!("given up after {attempts} attempts: the function died during the last one");
                self.dead_letter(&owned, &reason, "dead_lettered").await
            }
            None => self.call_hooks(&owned, answers, cut).await,
        }
    }

    fn no_hooks(&self, event: &Event, now: Timestamp) -> Option<NoHooks> {
        if let Some(why) = &event.unreadable {
            return Some(NoHooks::Unreadable(why.clone()));
        }
        SetAside::of(event, self.policy.environment, self.policy.retention, now)
            // An operator who replays an event wants it processed. A test delivery never reaches hooks, and neither does
            // what poses as another environment.
            .filter(|why| !event.replay || matches!(why, SetAside::TestDelivery | SetAside::AccountEnvironment { .. }))
            .map(NoHooks::SetAside)
    }

    /// Claims an event that reaches no hook. A conflict of an environment that this stack does not take is claimed
    /// under its own key and rejected like any other event of that environment: no operator has to decide on it, and
    /// releasing all conflicts does not hand it to hooks.
    async fn claim_without_hooks(
        &self,
        event: &mut Cow<'_, Event>,
        lease: &Lease,
        why: &NoHooks,
    ) -> Result<Opened<L::Write>, LedgerError> {
        let mut claim = self.ledger.claim(event, lease, self.clock.now()).await?;
        if claim == Err(Refused::Conflict)
            && matches!(
                why,
                NoHooks::SetAside(SetAside::WrongEnvironment(_) | SetAside::AccountEnvironment { .. })
            )
        {
            *event = Cow::Owned(event.clone().into_owned().into_conflict());
            claim = self.ledger.claim(event, lease, self.clock.now()).await?;
        }
        Ok(claim.map_or_else(Opened::Refused, |claimed| {
            Opened::Claimed(claimed, FirstAnswers::default())
        }))
    }

    /// All hooks are done, and the ledger says so.
    pub(super) fn completed(&self, event: &Event, attempt: u32) -> Outcome {
        let latency = self.clock.now().since(event.received_at);
        metric::event(event.provider, &event.account.name, "completed");
        metric::end_to_end_latency(event.provider, latency);
        info!(target: WORK, key = %event.key, attempt, "event completed");
        Outcome::Delete
    }

    pub(super) fn wait(&self, event: &Event, until: Timestamp) -> Outcome {
        metric::event(event.provider, &event.account.name, "waiting");
        info!(target: WORK, key = %event.key, %until, "event in progress elsewhere, or not due yet");
        Outcome::Return(
            until.since(self.clock.now()),
            "in progress elsewhere, or not due yet".to_owned(),
        )
    }

    /// The event stays as it is: the message comes back, and may claim it once its lease is over.
    pub(super) fn ledger_failed(&self, message: &Received, event: &Event, error: &LedgerError) -> Outcome {
        let error = chain(error);
        metric::event(event.provider, &event.account.name, "failed");
        error!(key = %event.key, delivery_id = %event.delivery_id, error, "ledger call failed");
        self.wait_longer(message, error)
    }
}
