//! What claims, commits and owners make of a record: the rules behind the conditional writes, as values.

use std::collections::BTreeMap;

use super::{Lease, Progress, RecordState, Status};
use crate::clock::Timestamp;

/// What an owner writes. `E`: the effects that commit with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change<E> {
    /// A hook is done; others are not.
    RecordHook(HookDone<E>),
    /// All hooks are done, the last one by this write.
    Complete(Option<HookDone<E>>),
    /// The event is to be retried.
    Release {
        /// What failed.
        error: String,
        /// Whether that was one of the event's attempts.
        cause: ReleaseCause,
    },
    /// The event reaches no further hook, unless an operator replays it: then it has all its attempts once more.
    Reject {
        /// Why.
        reason: String,
    },
}

/// A hook that is done, by its name, and the effects that commit with its record.
pub type HookDone<E> = (&'static str, E);

/// Why an event is released.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ReleaseCause {
    /// A hook failed. So does one that dies with its process, which releases nothing.
    HookFailed {
        /// No delivery of the event calls it again before.
        retry_at: Timestamp,
    },
    /// The ledger or a queue could not be reached. The attempt does not count.
    Outage,
}

/// How a new event is recorded by its single-call commit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RecordAs {
    /// All its hooks are done.
    Completed,
    /// Its first hooks are done; it is claimed for the others.
    Claimed,
}

impl<E> Change<E> {
    /// The name of the change in errors.
    pub fn operation(&self) -> &'static str {
        match self {
            Self::RecordHook(_) => "record_hook",
            Self::Complete(_) => "complete",
            Self::Release { .. } => "release",
            Self::Reject { .. } => "reject",
        }
    }
}

/// The time of what has none.
const NEVER: Timestamp = Timestamp::from_millis(0);

impl RecordState {
    /// The record after a claim that [`decide`](super::decide) allowed.
    #[must_use]
    pub fn claimed(progress: &Progress, body_sha256: &str, lease: &Lease) -> Self {
        Self {
            lease_token: lease.token.clone(),
            lease_expires_at: lease.expires_at,
            attempts: progress.attempt,
            forgiven: progress.forgiven,
            hooks: progress.hooks.clone(),
            ..Self::unclaimed(Status::InProgress, body_sha256, &lease.message_id)
        }
    }

    /// The record that a single-call commit makes of a new event; `None` if the event has one. Any record refuses it,
    /// even one that a claim may take: its hooks may be done in part, and their effects applied.
    ///
    /// ```text
    /// delivery A: hooks ── commit_new ✓ ─────────── the record and the hooks' effects
    /// delivery B: hooks ──────────── commit_new ✗   there is a record; nothing is applied
    /// ```
    #[must_use]
    pub fn committed<'a>(
        found: Option<&Self>,
        hooks: impl IntoIterator<Item = &'a str>,
        record_as: RecordAs,
        lease: &Lease,
        body_sha256: &str,
        now: Timestamp,
    ) -> Option<Self> {
        if found.is_some() {
            return None;
        }
        let hooks = hooks.into_iter().map(|hook| (hook.to_owned(), now)).collect();
        let mut new = Self::claimed(&Progress::new(hooks), body_sha256, lease);
        if record_as == RecordAs::Completed {
            new.end_lease(Status::Completed);
        }
        Some(new)
    }

    /// The record of a conflict; `None` if these bytes have one.
    #[must_use]
    pub fn conflict(found: Option<&Self>, body_sha256: &str, message_id: &str) -> Option<Self> {
        let new = || Self::unclaimed(Status::Conflict, body_sha256, message_id);
        found.is_none().then(new)
    }

    /// The record after `change` by the owner with the lease token `token`; `None` if the change is refused. An
    /// owner whose lease is over may still finish, as long as nobody else has claimed the event.
    ///
    /// ```text
    /// owner A: claim ── works ──────────────(too late) complete: refused, the token is B's
    /// owner B:            (lease over) claim ── works ── complete
    /// ```
    ///
    /// A hook is recorded once, so that its effects are applied once: a write that is sent again because its answer
    /// was lost must not apply them again. For changes that end the lease the status sees to that.
    #[must_use]
    pub fn changed<E>(&self, token: &str, change: &Change<E>, now: Timestamp) -> Option<Self> {
        if self.status != Status::InProgress || self.lease_token != token {
            return None;
        }
        let mut next = self.clone();
        match change {
            Change::RecordHook((hook, _)) => {
                let recorded = next.hooks.insert((*hook).to_owned(), now);
                return recorded.is_none().then_some(next);
            }
            Change::Complete(last) => {
                next.hooks
                    .extend(last.iter().map(|(hook, _)| ((*hook).to_owned(), now)));
                next.end_lease(Status::Completed);
            }
            Change::Release { cause, .. } => {
                match cause {
                    ReleaseCause::HookFailed { retry_at } => next.retry_at = *retry_at,
                    ReleaseCause::Outage => next.attempts = next.attempts.saturating_sub(1),
                }
                next.end_lease(Status::Released);
            }
            // Only a replay gets past this one, and its attempts begin anew.
            Change::Reject { .. } => {
                next.forgiven = next.attempts;
                next.end_lease(Status::Rejected);
            }
        }
        Some(next)
    }

    fn unclaimed(status: Status, body_sha256: &str, message_id: &str) -> Self {
        Self {
            status,
            lease_token: String::new(),
            lease_expires_at: NEVER,
            retry_at: NEVER,
            attempts: 0,
            forgiven: 0,
            body_sha256: body_sha256.to_owned(),
            message_id: message_id.to_owned(),
            hooks: BTreeMap::new(),
            erased: false,
        }
    }

    fn end_lease(&mut self, status: Status) {
        self.status = status;
        self.lease_token.clear();
        self.lease_expires_at = NEVER;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_seconds(99);
    const LATER: Timestamp = Timestamp::from_seconds(400);

    fn all() -> [Change<()>; 5] {
        let release = |cause| Change::Release {
            error: "no".to_owned(),
            cause,
        };
        [
            Change::RecordHook(("mail", ())),
            Change::Complete(Some(("mail", ()))),
            release(ReleaseCause::HookFailed { retry_at: LATER }),
            release(ReleaseCause::Outage),
            Change::Reject {
                reason: "never".to_owned(),
            },
        ]
    }

    fn record(status: Status) -> RecordState {
        RecordState {
            lease_token: "a".to_owned(),
            lease_expires_at: Timestamp::from_seconds(50),
            attempts: 1,
            hooks: BTreeMap::from([("payments".to_owned(), Timestamp::from_seconds(40))]),
            ..RecordState::unclaimed(status, "aa", "m")
        }
    }

    #[test]
    fn the_owner_changes_the_record_even_after_its_lease_is_over() {
        let after = all().map(|change| record(Status::InProgress).changed("a", &change, NOW).unwrap());
        assert_eq!(
            after.each_ref().map(|record| record.status),
            [
                Status::InProgress,
                Status::Completed,
                Status::Released,
                Status::Released,
                Status::Rejected
            ]
        );
        let hooks = after.each_ref().map(|record| record.hooks.len());
        assert_eq!(hooks, [2, 2, 1, 1, 1]);
        // Only a hook's failure makes deliveries wait.
        let retry_at = after.each_ref().map(|record| record.retry_at);
        assert_eq!(retry_at, [NEVER, NEVER, LATER, NEVER, NEVER]);
        // An outage is no attempt; after a rejection attempts begin anew.
        let attempts = after.map(|record| (record.attempts, record.forgiven));
        assert_eq!(attempts, [(1, 0), (1, 0), (1, 0), (0, 0), (1, 1)]);
    }

    #[test]
    fn nobody_else_changes_it_and_nobody_once_it_is_not_in_progress() {
        for change in all() {
            assert_eq!(record(Status::InProgress).changed("b", &change, NOW), None);
            for status in [Status::Released, Status::Completed, Status::Rejected, Status::Conflict] {
                assert_eq!(record(status).changed("a", &change, NOW), None);
            }
        }
    }

    #[test]
    fn a_single_call_commit_makes_a_record_only_if_there_is_none() {
        let lease = Lease {
            token: "a".to_owned(),
            expires_at: Timestamp::from_seconds(120),
            message_id: "m".to_owned(),
            overrides: super::super::Override::None,
        };
        for (record_as, status, lease_expires_at) in [
            (RecordAs::Completed, Status::Completed, NEVER),
            (RecordAs::Claimed, Status::InProgress, lease.expires_at),
        ] {
            let commit = |found: Option<&RecordState>| {
                RecordState::committed(found, ["payments", "mail"], record_as, &lease, "aa", NOW)
            };
            let new = commit(None).unwrap();
            assert_eq!((new.status, new.attempts), (status, 1));
            assert_eq!((new.hooks.len(), new.lease_expires_at), (2, lease_expires_at));
            for status in Status::ALL {
                assert_eq!(commit(Some(&record(status))), None);
            }
        }
    }

    #[test]
    fn a_hook_is_recorded_once() {
        let again = Change::RecordHook(("payments", ()));
        assert_eq!(record(Status::InProgress).changed("a", &again, NOW), None);
    }
}
