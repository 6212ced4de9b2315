//! How a claimed event ends that is not completed: released for a retry, or rejected.

use std::time::Duration;

use tracing::{error, warn};

use super::backoff::LONGEST_DELAY;
use super::event::{NoHooks, Owned};
use super::{Consumer, Inbox, Outcome, SetAside};
use crate::error::chain;
use crate::ledger::{Cause, Change, Ledger, LedgerError, ReleaseCause};
use crate::metric;

impl<L: Ledger, I: Inbox> Consumer<L, I> {
    /// A hook failed: the event is released for its next attempt, or given up after its last.
    pub(super) async fn hook_failed(
        &self,
        owned: &Owned<'_>,
        hook: &str,
        reason: &str,
        after: Option<Duration>,
    ) -> Outcome {
        let Owned { event, claimed, .. } = owned;
        let (key, delivery_id, attempt) = (&event.key, event.delivery_id, claimed.progress.attempt);
        let (used, error) = (claimed.progress.attempts_used(), format!("hook `{hook}`: {reason}"));
        let Some(delay) = self.policy.retry(used, &*self.random) else {
            let reason = format!("given up after {used} attempts: {error}");
            return self.dead_letter(owned, &reason, "dead_lettered").await;
        };
        let delay = delay.max(after.unwrap_or_default()).min(LONGEST_DELAY);
        warn!(%key, %delivery_id, attempt, hook, reason, retry_in_s = delay.as_secs(), "event released");
        metric::event(event.provider, &event.account.name, "retried");
        let retry_at = self.clock.now().plus(delay);
        let release = Change::Release {
            error: error.clone(),
            cause: ReleaseCause::HookFailed { retry_at },
        };
        self.end_with(owned, release, || Outcome::Return(delay, error)).await
    }

    /// The ledger failed while it was at `hook`: reading for it, recording it, or completing with it.
    pub(super) async fn ledger_failed_at(&self, owned: &Owned<'_>, hook: &str, error: LedgerError) -> Outcome {
        // The record and the log line have the key.
        let reason = chain(&error.cause);
        match error.cause {
            // The new owner sees the event through.
            Cause::LeaseLost => self.ledger_failed(owned.message, owned.event, &error),
            Cause::EffectsRefused => self.hook_failed(owned, hook, &reason, None).await,
            // They would be the same another time.
            Cause::EffectsInvalid(_) => {
                let reason = format!("hook `{hook}`: {reason}");
                self.dead_letter(owned, &reason, "rejected").await
            }
            Cause::Outage(_) => self.outage(owned, reason).await,
        }
    }

    /// Records an event that reaches no hook as rejected.
    pub(super) async fn reject_without_hooks(&self, owned: &Owned<'_>, why: &NoHooks) -> Outcome {
        let reason = chain(why);
        match why {
            // Unexpected, so somebody should look.
            NoHooks::Unreadable(_) => self.dead_letter(owned, &reason, "unreadable").await,
            // Hooks may never have had it.
            NoHooks::SetAside(SetAside::Expired(_)) => self.dead_letter(owned, &reason, "expired").await,
            NoHooks::SetAside(SetAside::AccountEnvironment { .. }) => {
                metric::account_mismatch();
                self.reject(owned, &reason, "account_environment").await
            }
            NoHooks::SetAside(SetAside::TestDelivery) => self.reject(owned, &reason, "test_delivery").await,
            NoHooks::SetAside(SetAside::WrongEnvironment(_)) => self.reject(owned, &reason, "wrong_environment").await,
        }
    }

    /// Dead-letters and rejects an event, in this order: a crash in between makes a second copy on the dead-letter
    /// queue, never none.
    pub(super) async fn dead_letter(&self, owned: &Owned<'_>, reason: &str, outcome: &'static str) -> Outcome {
        match self.inbox.dead_letter(owned.message, reason).await {
            Ok(()) => self.reject(owned, reason, outcome).await,
            Err(error) => self.outage(owned, chain(&error)).await,
        }
    }

    async fn reject(&self, owned: &Owned<'_>, reason: &str, outcome: &'static str) -> Outcome {
        let event = owned.event;
        let reject = Change::Reject {
            reason: reason.to_owned(),
        };
        self.end_with(owned, reject, || {
            metric::event(event.provider, &event.account.name, outcome);
            warn!(key = %event.key, delivery_id = %event.delivery_id, reason, "event rejected");
            Outcome::Delete
        })
        .await
    }

    /// The ledger or a queue could not be reached, which does not count as an attempt.
    async fn outage(&self, owned: &Owned<'_>, error: String) -> Outcome {
        let Owned { message, event, .. } = owned;
        metric::event(event.provider, &event.account.name, "failed");
        error!(key = %event.key, delivery_id = %event.delivery_id, error, "event released after an outage");
        let release = Change::Release {
            error: error.clone(),
            cause: ReleaseCause::Outage,
        };
        self.end_with(owned, release, || self.wait_longer(message, error)).await
    }

    /// Writes the change that ends the lease, then gives the message its outcome.
    async fn end_with(
        &self,
        owned: &Owned<'_>,
        change: Change<crate::hook::Effects<L::Write>>,
        then: impl FnOnce() -> Outcome,
    ) -> Outcome {
        match self.ledger.change(&owned.claimed, change, self.clock.now()).await {
            Ok(()) => then(),
            Err(error) => self.ledger_failed(owned.message, owned.event, &error),
        }
    }
}
