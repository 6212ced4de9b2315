//! The ledger's answers: acuse-core's rules on the modelled record, with a mutant's one wrong rule.

use acuse_core::ledger::{Blame, Change, Decision, Extent, Lease, RecordState, Replay, Status, decide};

use crate::bounds::HookKind;
use crate::mutant::Mutant;
use crate::protocol::Protocol;
use crate::state::{Hooks, Record, Request, State, Token, Write, at, ticks};

/// The hooks' names.
const NAMES: [&str; 2] = ["first", "second"];

/// What the deliveries bring, where the second one brings other bytes.
const BODIES: [&str; 2] = ["aa", "bb"];

/// A delivery's bytes, told apart by whether they are those of the second one.
pub(crate) fn body(other: bool) -> &'static str {
    BODIES.get(usize::from(other)).copied().unwrap_or_default()
}

/// What the ledger says to a request.
pub(crate) enum Answer {
    /// It is the sender's; these hooks are done.
    Claimed(Hooks),
    /// The lease runs until then.
    Wait(i8),
    /// A duplicate, to be dropped.
    Drop,
    /// The event was new, and is completed.
    Settled,
    /// It takes a claim.
    Take,
    /// Its bytes are not the event's.
    Conflict,
    /// They have a record of their own now.
    Kept,
    Written,
    /// The lease is another's.
    Refused,
}

impl Protocol {
    /// One conditional write.
    pub(crate) fn ask(&self, state: &mut State, request: Request) -> Answer {
        match request {
            Request::Claim {
                token,
                replay,
                other,
                now,
                expires,
            } => self.claim(state, token, (replay, other), now, expires),
            Request::Settle {
                token,
                other,
                now,
                expires,
            } => self.settle(state, token, other, now, expires),
            Request::Keep { other } => keep(state, other),
            Request::Write(token, write) => self.write(state, token, write),
        }
    }

    fn claim(&self, state: &mut State, token: Token, (replay, other): (bool, bool), now: i8, expires: i8) -> Answer {
        // As DynamoDB's adapter: a claim whose answer was lost is refused by its own lease.
        if state.holder() == Some(token) {
            return Answer::Claimed(done(state));
        }
        let found = state.record.as_ref().map(|record| &record.standing);
        // A replay goes at once whenever it comes: more than it may.
        let hurries = self.mutant == Some(Mutant::EachDeliveryRetriesOnItsOwn) && state.is(Status::Released);
        let extent = match replay || hurries {
            true => Replay::AtOnce,
            false => Replay::No,
        };
        let body = match (self.mutant, found) {
            (Some(Mutant::OtherBytesAreClaimed), Some(found)) => &found.body_sha256,
            _ => body(other),
        };
        match decide(found, body, extent, at(now)) {
            Decision::Conflict if self.mutant == Some(Mutant::ConflictIsADuplicate) => Answer::Drop,
            Decision::Conflict => Answer::Conflict,
            Decision::Wait { .. } if self.mutant == Some(Mutant::DropInProgress) => Answer::Drop,
            Decision::Take(_) if self.mutant == Some(Mutant::EndlessLease) && state.is(Status::InProgress) => {
                Answer::Wait(now + 1)
            }
            Decision::Wait { until } => Answer::Wait(ticks(until)),
            Decision::Drop { .. } => Answer::Drop,
            Decision::Take(taken) => {
                let furthest = self.bounds.skews.iter().max().copied().unwrap_or(0);
                let waits = found.filter(|found| found.status == Status::Released && !replay);
                state.hasty |= waits.is_some_and(|found| ticks(found.retry_at) > furthest);
                // Its owner fell silent: with its process, as far as anybody knows.
                state.failures += u8::from(found.is_some_and(|found| found.status == Status::InProgress));
                let standing = RecordState::claimed(&taken, body, &lease(token, expires));
                state.record = Some(Record {
                    standing,
                    holder: token,
                });
                Answer::Claimed(done(state))
            }
        }
    }

    /// A settlement of the whole that is sent again, since its answer was lost, finds its own record and takes
    /// itself for a duplicate: either way, its delivery is done with.
    fn settle(&self, state: &mut State, token: Token, other: bool, now: i8, expires: i8) -> Answer {
        // As DynamoDB's adapter: a settlement that claimed is known by its own lease.
        if state.holder() == Some(token) {
            return Answer::Claimed(done(state));
        }
        let Some(extent) = self.bounds.settles() else {
            return Answer::Refused;
        };
        let hooks = match extent {
            Extent::Whole => &NAMES[..],
            Extent::Begun => &NAMES[..1],
        };
        let found = state.record.as_ref().map(|record| &record.standing);
        let body = body(other);
        let decision = decide(found, body, Replay::No, at(now));
        let overlooks = match self.mutant {
            Some(Mutant::UnconditionalSettlement) => true,
            Some(Mutant::SettlesWhatMayBeClaimed) => matches!(decision, Decision::Take(_)),
            _ => false,
        };
        let seen = found.filter(|_| !overlooks);
        let lease = lease(token, expires);
        let Some(standing) = RecordState::settled(seen, hooks.iter().copied(), extent, &lease, body, at(0)) else {
            return match decision {
                Decision::Wait { until } => Answer::Wait(ticks(until)),
                Decision::Drop { .. } => Answer::Drop,
                Decision::Take(_) => Answer::Take,
                Decision::Conflict if self.mutant == Some(Mutant::ConflictIsADuplicate) => Answer::Drop,
                Decision::Conflict => Answer::Conflict,
            };
        };
        state.intruded |= found.is_some();
        state.record = Some(Record {
            standing,
            holder: token,
        });
        for hook in 0..hooks.len() {
            self.apply(state, hook);
        }
        match extent {
            Extent::Whole => Answer::Settled,
            Extent::Begun => Answer::Claimed(done(state)),
        }
    }

    /// The effects of a hook commit with its record.
    fn apply(&self, state: &mut State, hook: usize) {
        if self.bounds.hooks.get(hook) == Some(&HookKind::Transactional)
            && self.mutant != Some(Mutant::EffectsApart)
            && let Some(applied) = state.applied.get_mut(hook)
        {
            *applied += 1;
        }
    }

    fn write(&self, state: &mut State, token: Token, write: Write) -> Answer {
        let rightful = state.holder() == Some(token);
        let Some(record) = &mut state.record else {
            return Answer::Refused;
        };
        let change = match write {
            Write::Record(hook) => Change::Record(name(hook), at(0)),
            Write::Complete(hook) => Change::Complete(Some((name(hook), at(0)))),
            Write::Release(Some(retry_at)) => Change::Release(Blame::Hook { retry_at: at(retry_at) }),
            Write::Release(None) => Change::Release(Blame::Nobody),
            Write::Reject => Change::Reject,
        };
        let (holder, token) = (record.holder.to_string(), token.to_string());
        let changed = record
            .standing
            .changed(&holder, &token, change)
            .or_else(|| self.wrongly(&record.standing, &holder, &token, change));
        let Some(mut standing) = changed else {
            return Answer::Refused;
        };
        if write == Write::Reject {
            state.failures = 0;
            if self.mutant == Some(Mutant::AttemptsAreNotForgiven) {
                standing.forgiven = record.standing.forgiven;
            }
        }
        // When a hook was done says nothing about what may happen next.
        standing.hooks.values_mut().for_each(|when| *when = at(0));
        record.standing = standing;
        state.intruded |= !rightful;
        if let Write::Record(hook) | Write::Complete(hook) = write {
            self.apply(state, hook);
        }
        Answer::Written
    }

    /// What a mutant lets through.
    fn wrongly(&self, found: &RecordState, holder: &str, token: &str, change: Change<'_>) -> Option<RecordState> {
        match (self.mutant?, change) {
            (Mutant::UnconditionalCompletion, Change::Complete(_))
            | (Mutant::UncheckedRelease, Change::Release(_))
            | (Mutant::UncheckedRejection, Change::Reject) => {
                let mut forged = found.clone();
                forged.status = Status::InProgress;
                forged.changed(holder, holder, change)
            }
            (Mutant::HookRecordedTwice, Change::Record(hook, _)) => {
                let mut forgetful = found.clone();
                forgetful.hooks.remove(hook);
                forgetful.changed(holder, token, change)
            }
            _ => None,
        }
    }
}

/// However often it is sent, and whenever it arrives.
fn keep(state: &mut State, other: bool) -> Answer {
    if let Some(kept) = state.conflicts.get_mut(usize::from(other)) {
        let found = kept.then(|| RecordState::conflict(None, body(other))).flatten();
        *kept |= RecordState::conflict(found.as_ref(), body(other)).is_some();
    }
    Answer::Kept
}

fn lease(token: Token, expires: i8) -> Lease {
    Lease {
        token: token.to_string(),
        expires_at: at(expires),
        message_id: String::new(),
        first: true,
    }
}

/// The hooks that are recorded.
pub(crate) fn done(state: &State) -> Hooks {
    let recorded = |hook: usize| {
        let record = state.record.as_ref();
        record.is_some_and(|record| record.standing.hooks.contains_key(name(hook)))
    };
    (0..NAMES.len())
        .filter(|hook| recorded(*hook))
        .fold(Hooks::default(), Hooks::with)
}

fn name(hook: usize) -> &'static str {
    NAMES.get(hook).copied().unwrap_or_default()
}
