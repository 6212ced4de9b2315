//! What claims and owners make of a record: the rules behind the conditional writes, as values.

use std::collections::BTreeMap;

use crate::clock::Timestamp;

use super::{Extent, Lease, RecordState, Status, Taken};

/// Why an event is released: whether this was one of the attempts that it has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Blame {
    /// A hook failed. So does one that dies with its process, which is not released at all.
    Hook {
        /// No delivery of the event is to call it again before.
        retry_at: Timestamp,
    },
    /// Nobody: the ledger or a queue could not be reached. The attempt is given back.
    Nobody,
}

/// What an owner writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change<'a> {
    /// A hook is done, and when; others are not.
    Record(&'a str, Timestamp),
    /// All hooks are done, this one with the same write.
    Complete(Option<(&'a str, Timestamp)>),
    /// The event is free to be claimed again.
    Release(Blame),
    /// The event is never to reach (further) hooks.
    Reject,
}

impl RecordState {
    /// The record after a claim that [`decide`](super::decide) let through.
    #[must_use]
    pub fn claimed(taken: &Taken, body_sha256: &str, lease: &Lease) -> Self {
        Self {
            status: Status::InProgress,
            lease_expires_at: lease.expires_at,
            retry_at: Timestamp::from_millis(0),
            attempts: taken.attempt,
            forgiven: taken.forgiven,
            // Where there is a record, it has the same: `decide` sees to that.
            body_sha256: body_sha256.to_owned(),
            hooks: taken.hooks.clone(),
        }
    }

    /// The record of an event whose `hooks` are done by the write that makes it; `None` where there is one.
    /// Whatever was found is refused, also what a claim might take: its hooks may be done in part, and their
    /// effects applied.
    ///
    /// ```text
    /// delivery A: hooks ── settle ✓ ─────────── the record, and the hooks' effects
    /// delivery B: hooks ──────────── settle: refused, there is a record; nothing is applied
    /// ```
    #[must_use]
    pub fn settled<'a>(
        found: Option<&Self>,
        hooks: impl IntoIterator<Item = &'a str>,
        extent: Extent,
        lease: &Lease,
        body_sha256: &str,
        now: Timestamp,
    ) -> Option<Self> {
        let (status, lease_expires_at) = match extent {
            Extent::Whole => (Status::Completed, Timestamp::from_millis(0)),
            Extent::Begun => (Status::InProgress, lease.expires_at),
        };
        found.is_none().then(|| Self {
            status,
            lease_expires_at,
            retry_at: Timestamp::from_millis(0),
            attempts: 1,
            forgiven: 0,
            body_sha256: body_sha256.to_owned(),
            hooks: hooks.into_iter().map(|hook| (hook.to_owned(), now)).collect(),
        })
    }

    /// The record of other bytes under a known key; `None` where they are `found` to have one.
    #[must_use]
    pub fn conflict(found: Option<&Self>, body_sha256: &str) -> Option<Self> {
        found.is_none().then(|| Self {
            status: Status::Conflict,
            lease_expires_at: Timestamp::from_millis(0),
            retry_at: Timestamp::from_millis(0),
            attempts: 0,
            forgiven: 0,
            body_sha256: body_sha256.to_owned(),
            hooks: BTreeMap::new(),
        })
    }

    /// The record after `change` by the owner with `token`, where `holder` is the record's lease token;
    /// `None` where the change is refused. Time has no say: an owner whose lease is over, but went to
    /// nobody, may still finish.
    ///
    /// ```text
    /// owner A: claim ── works ──────────────(too late) complete: refused, the holder is B
    /// owner B:            (lease over) claim ── works ── complete
    /// ```
    ///
    /// A hook is recorded once, so that its effects are applied once: the same write sent twice, because
    /// the answer to the first was lost, must not apply them again. The status sees to that for the
    /// changes that end a lease, and the record of hooks for the one that doesn't.
    #[must_use]
    pub fn changed(&self, holder: &str, token: &str, change: Change<'_>) -> Option<Self> {
        if self.status != Status::InProgress || holder != token {
            return None;
        }
        let mut next = self.clone();
        match change {
            Change::Record(hook, at) => {
                if next.hooks.insert(hook.to_owned(), at).is_some() {
                    return None;
                }
                return Some(next);
            }
            Change::Complete(last) => {
                next.hooks.extend(last.map(|(hook, at)| (hook.to_owned(), at)));
                next.status = Status::Completed;
            }
            Change::Release(blame) => {
                next.status = Status::Released;
                match blame {
                    Blame::Hook { retry_at } => next.retry_at = retry_at,
                    Blame::Nobody => next.attempts = next.attempts.saturating_sub(1),
                }
            }
            // Only an operator gets past this one, and then its attempts begin anew.
            Change::Reject => {
                next.status = Status::Rejected;
                next.forgiven = next.attempts;
            }
        }
        // Only an event in progress has a lease.
        next.lease_expires_at = Timestamp::from_millis(0);
        Some(next)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_seconds(99);
    const LATER: Timestamp = Timestamp::from_seconds(400);
    const NEVER: Timestamp = Timestamp::from_millis(0);

    const ALL: [Change<'static>; 5] = [
        Change::Record("mail", NOW),
        Change::Complete(Some(("mail", NOW))),
        Change::Release(Blame::Hook { retry_at: LATER }),
        Change::Release(Blame::Nobody),
        Change::Reject,
    ];

    fn standing(status: Status) -> RecordState {
        RecordState {
            status,
            lease_expires_at: Timestamp::from_seconds(50),
            retry_at: NEVER,
            attempts: 1,
            forgiven: 0,
            body_sha256: "aa".to_owned(),
            hooks: BTreeMap::from([("payments".to_owned(), Timestamp::from_seconds(40))]),
        }
    }

    #[test]
    fn the_holder_changes_the_record_although_its_lease_is_over() {
        let after = ALL.map(|change| standing(Status::InProgress).changed("a", "a", change).unwrap());
        assert_eq!(
            after.each_ref().map(|standing| standing.status),
            [
                Status::InProgress,
                Status::Completed,
                Status::Released,
                Status::Released,
                Status::Rejected
            ]
        );
        let hooks = after.each_ref().map(|standing| standing.hooks.len());
        assert_eq!(hooks, [2, 2, 1, 1, 1]);
        // Only a hook's failure makes deliveries wait.
        let retry_at = after.each_ref().map(|standing| standing.retry_at);
        assert_eq!(retry_at, [NEVER, NEVER, LATER, NEVER, NEVER]);
        // What is nobody's fault is no attempt; what an operator sends again begins anew.
        let attempts = after.map(|standing| (standing.attempts, standing.forgiven));
        assert_eq!(attempts, [(1, 0), (1, 0), (1, 0), (0, 0), (1, 1)]);
    }

    #[test]
    fn nobody_else_does_and_nobody_once_it_is_not_in_progress() {
        for change in ALL {
            assert_eq!(standing(Status::InProgress).changed("b", "a", change), None);
            for status in [Status::Released, Status::Completed, Status::Rejected, Status::Conflict] {
                assert_eq!(standing(status).changed("a", "a", change), None);
            }
        }
    }

    #[test]
    fn an_event_is_settled_where_there_is_no_record_whatever_it_says() {
        let lease = Lease {
            token: "a".to_owned(),
            expires_at: Timestamp::from_seconds(120),
            message_id: "m".to_owned(),
            first: true,
        };
        for (extent, status, lease_expires_at) in [
            (Extent::Whole, Status::Completed, NEVER),
            (Extent::Begun, Status::InProgress, lease.expires_at),
        ] {
            let settle = |found: Option<&RecordState>| {
                RecordState::settled(found, ["payments", "mail"], extent, &lease, "aa", NOW)
            };
            let settled = settle(None).unwrap();
            assert_eq!((settled.status, settled.attempts), (status, 1));
            assert_eq!((settled.hooks.len(), settled.lease_expires_at), (2, lease_expires_at));
            for status in Status::ALL {
                let found = standing(status);
                assert_eq!(settle(Some(&found)), None);
            }
        }
    }

    #[test]
    fn a_hook_is_recorded_once() {
        let again = standing(Status::InProgress).changed("a", "a", Change::Record("payments", NOW));
        assert_eq!(again, None);
    }
}
