//! The ledger's answers: acuse-core's rules on the modelled record, with a mutant's one wrong rule.

use acuse_core::ledger::{Change, Lease, Override, RecordAs, RecordState, Refused, ReleaseCause, Status, decide};

use crate::bounds::HookKind;
use crate::mutant::Mutant;
use crate::protocol::Protocol;
use crate::state::{Hooks, Request, State, Token, Write, at, ticks};

/// The hooks' names.
const NAMES: [&str; 2] = ["first", "second"];

/// The bytes of the deliveries, if the second one brings others.
const BODIES: [&str; 2] = ["aa", "bb"];

/// A delivery's bytes.
pub(crate) fn body(other: bool) -> &'static str {
    BODIES.get(usize::from(other)).copied().unwrap_or_default()
}

/// The ledger's answer to a request.
pub(crate) enum Answer {
    /// The event is the sender's; these hooks are done.
    Claimed(Hooks),
    /// Nobody may claim it before then.
    Wait(i8),
    /// A duplicate, to be dropped.
    Duplicate,
    /// The event was new and is completed.
    Completed,
    /// The event is known, and may be claimed.
    Claimable,
    /// Its bytes are not the event's.
    Conflict,
    /// They have a record of their own now.
    Kept,
    Written,
    /// The lease is another's.
    LeaseLost,
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
            } => self.claim(state, &lease(token, expires, replay), token, other, now),
            Request::CommitNew {
                token,
                replay,
                other,
                now,
                expires,
            } => self.commit_new(state, &lease(token, expires, replay), token, other, now),
            Request::Keep { other } => keep(state, other),
            Request::Write(token, write) => self.write(state, token, write),
        }
    }

    /// Notes what a read may show from now on: this state of the record, or any before.
    pub(crate) fn may_be_read(&self, state: &mut State) {
        let Some(record) = &state.record else { return };
        let status = match record.status {
            Status::Rejected if self.mutant == Some(Mutant::RejectionIsFinal) => Status::Completed,
            status => status,
        };
        for (other, readable) in state.readable.iter_mut().enumerate() {
            let recorded = match self.mutant {
                Some(Mutant::ReadIgnoresBytes) => body(other == 1),
                _ => &record.body_sha256,
            };
            *readable |= RecordState::completed_with(status, recorded, body(other == 1));
        }
    }

    fn claim(&self, state: &mut State, lease: &Lease, token: Token, other: bool, now: i8) -> Answer {
        let found = state.record.as_ref();
        let body = match (self.mutant, found) {
            (Some(Mutant::OtherBytesAreClaimed), Some(found)) => &found.body_sha256,
            _ => body(other),
        };
        let hurries = self.mutant == Some(Mutant::EachDeliveryRetriesOnItsOwn) && state.is(Status::Released);
        let again = self.mutant == Some(Mutant::ReplayOverridesAgain) && lease.overrides != Override::None;
        // A message that has not claimed the event yet overrides.
        let wrong = (hurries || again).then(|| Lease {
            overrides: Override::RejectionAndWait,
            message_id: "another".to_owned(),
            ..lease.clone()
        });
        match decide(found, body, wrong.as_ref().unwrap_or(lease), at(now)) {
            // Sent again.
            Ok(_) if state.holder() == Some(token) => Answer::Claimed(done(state)),
            Ok(_) if self.mutant == Some(Mutant::EndlessLease) && state.is(Status::InProgress) => Answer::Wait(now + 1),
            Ok(progress) => {
                let furthest = self.bounds.skews.iter().max().copied().unwrap_or(0);
                let replay = lease.overrides != Override::None;
                let waits = found.filter(|found| found.status == Status::Released && !replay);
                state.hasty |= waits.is_some_and(|found| ticks(found.retry_at) > furthest);
                // Its owner is silent: dead, as far as anybody knows.
                state.failures += u8::from(found.is_some_and(|found| found.status == Status::InProgress));
                state.record = Some(RecordState::claimed(&progress, body, lease));
                Answer::Claimed(done(state))
            }
            Err(refused) => self.refused(refused),
        }
    }

    /// A commit that completed its event and is sent again finds its own record and takes itself for a duplicate,
    /// which ends its delivery as well.
    fn commit_new(&self, state: &mut State, lease: &Lease, token: Token, other: bool, now: i8) -> Answer {
        let Some(record_as) = self.bounds.single_call() else {
            return Answer::LeaseLost;
        };
        let hooks = match record_as {
            RecordAs::Completed => &NAMES[..],
            RecordAs::Claimed => &NAMES[..1],
        };
        let found = state.record.as_ref();
        let body = body(other);
        let decision = decide(found, body, lease, at(now));
        if state.holder() == Some(token) {
            return Answer::Claimed(done(state));
        }
        let overlooks = match self.mutant {
            Some(Mutant::UnconditionalCommit) => true,
            Some(Mutant::CommitsWhatMayBeClaimed) => decision.is_ok(),
            _ => false,
        };
        let seen = found.filter(|_| !overlooks);
        let Some(new) = RecordState::committed(seen, hooks.iter().copied(), record_as, lease, body, at(0)) else {
            return match decision {
                Ok(_) => Answer::Claimable,
                Err(refused) => self.refused(refused),
            };
        };
        state.intruded |= found.is_some();
        state.record = Some(new);
        for hook in 0..hooks.len() {
            self.apply(state, hook);
        }
        match record_as {
            RecordAs::Completed => Answer::Completed,
            RecordAs::Claimed => Answer::Claimed(done(state)),
        }
    }

    fn refused(&self, refused: Refused) -> Answer {
        match refused {
            Refused::Wait { .. } if self.mutant == Some(Mutant::DropInProgress) => Answer::Duplicate,
            Refused::Wait { until } => Answer::Wait(ticks(until)),
            Refused::Conflict if self.mutant == Some(Mutant::ConflictIsADuplicate) => Answer::Duplicate,
            Refused::Conflict => Answer::Conflict,
            Refused::Duplicate { .. } => Answer::Duplicate,
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
            return Answer::LeaseLost;
        };
        let release = |cause| Change::Release {
            error: String::new(),
            cause,
        };
        let change = match write {
            Write::Record(hook) => Change::RecordHook((name(hook), ())),
            Write::Complete(hook) => Change::Complete(Some((name(hook), ()))),
            Write::Release(Some(retry_at)) => release(ReleaseCause::HookFailed { retry_at: at(retry_at) }),
            Write::Release(None) => release(ReleaseCause::Outage),
            Write::Reject => Change::Reject { reason: String::new() },
        };
        // When a hook was done says nothing about what may happen next.
        let changed = record
            .changed(&token.to_string(), &change, at(0))
            .or_else(|| self.wrongly(record, &token.to_string(), &change));
        let Some(mut next) = changed else {
            return Answer::LeaseLost;
        };
        if write == Write::Reject {
            state.failures = 0;
            if self.mutant == Some(Mutant::AttemptsAreNotForgiven) {
                next.forgiven = record.forgiven;
            }
        }
        *record = next;
        state.intruded |= !rightful;
        if let Write::Record(hook) | Write::Complete(hook) = write {
            self.apply(state, hook);
        }
        Answer::Written
    }

    /// What a mutant allows.
    fn wrongly(&self, found: &RecordState, token: &str, change: &Change<()>) -> Option<RecordState> {
        let mut forged = found.clone();
        match (self.mutant?, change) {
            (Mutant::UnconditionalCompletion, Change::Complete(_))
            | (Mutant::UncheckedRelease, Change::Release { .. })
            | (Mutant::UncheckedRejection, Change::Reject { .. }) => {
                forged.status = Status::InProgress;
                token.clone_into(&mut forged.lease_token);
            }
            (Mutant::HookRecordedTwice, Change::RecordHook((hook, ()))) => {
                forged.hooks.remove(*hook);
            }
            _ => return None,
        }
        forged.changed(token, change, at(0))
    }
}

/// However often it is sent, and whenever it arrives.
fn keep(state: &mut State, other: bool) -> Answer {
    if let Some(kept) = state.conflicts.get_mut(usize::from(other)) {
        let conflict = |found| RecordState::conflict(found, body(other), "");
        let found = kept.then(|| conflict(None)).flatten();
        *kept |= conflict(found.as_ref()).is_some();
    }
    Answer::Kept
}

/// Only the replay's message needs a name: no other one may override anything.
fn lease(token: Token, expires: i8, replay: bool) -> Lease {
    let (overrides, message_id) = match replay {
        true => (Override::RejectionAndWait, "replay"),
        false => (Override::None, ""),
    };
    Lease {
        token: token.to_string(),
        expires_at: at(expires),
        message_id: message_id.to_owned(),
        overrides,
    }
}

/// The hooks that are recorded.
pub(crate) fn done(state: &State) -> Hooks {
    let recorded = |hook: usize| {
        let record = state.record.as_ref();
        record.is_some_and(|record| record.hooks.contains_key(name(hook)))
    };
    (0..NAMES.len())
        .filter(|hook| recorded(*hook))
        .fold(Hooks::default(), Hooks::with)
}

fn name(hook: usize) -> &'static str {
    NAMES.get(hook).copied().unwrap_or_default()
}
