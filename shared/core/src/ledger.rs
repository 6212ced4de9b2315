//! What has happened to each event, and who may change that.
//!
//! ```text
//!            claim                  complete
//!  (absent) ───────▶ IN_PROGRESS ─────────────▶ COMPLETED
//!                     ▲   │  │ ▲    reject
//!        claim: lease │   │  │ └── claim ───┐
//!        is over      └───┘  ├───────────▶ RELEASED      release
//!                            └───────────▶ REJECTED      reject; claim: an operator's replay
//! ```
//!
//! The first hooks of a new event, where they do nothing but write here, need no claim before them: one
//! write settles them, from (absent) to IN_PROGRESS, or to COMPLETED where there is no other hook.
//!
//! The same key with other bytes is a conflict: it never touches the event's record, and has one of its own,
//! which only an operator frees or dismisses. What is free is claimed like any other event.
//!
//! ```text
//!  (absent) ───▶ CONFLICT ───▶ RELEASED      keep_conflict; an operator lets it through
//!                   └────────▶ REJECTED      an operator dismisses it
//! ```
//!
//! Only the holder of the lease token may complete, release or reject: a late owner, whose
//! lease went to somebody else, changes nothing. All rules are pure: [`decide`] for claims,
//! [`RecordState::settled`] for what is settled in one, and [`RecordState::changed`] for owners; `tests/model` checks them under every interleaving.

mod change;

use std::collections::BTreeMap;
use std::future::Future;

use thiserror::Error;

use crate::clock::Timestamp;
use crate::event::Event;
use crate::event::key::{IdempotencyKey, Recorded};
use crate::hook::Effects;
pub use change::{Blame, Change};

/// The ledger as the consumer needs it. Each method is one conditional write.
pub trait Ledger: Send + Sync {
    /// One write of the database that the ledger lives in.
    type Write: Send + Sync + 'static;

    /// Takes `event` under `lease`, or says why not. Whether it may be taken is [`decide`]'s.
    fn claim(
        &self,
        event: &Event,
        lease: &Lease,
        now: Timestamp,
    ) -> impl Future<Output = Result<Claim, LedgerError>> + Send;

    /// Records an event that is new, with `hooks` and all their effects, in one transaction: completed, or
    /// claimed under `lease`, as `extent` says. Or says what is known of it. Whether it is new is
    /// [`RecordState::settled`]'s.
    fn settle(
        &self,
        event: &Event,
        lease: &Lease,
        hooks: Vec<(&'static str, Effects<Self::Write>)>,
        extent: Extent,
        now: Timestamp,
    ) -> impl Future<Output = Result<Settlement, LedgerError>> + Send;

    /// Which event is recorded at `key`, as of now.
    fn recorded(&self, key: &IdempotencyKey) -> impl Future<Output = Result<Option<Recorded>, LedgerError>> + Send;

    /// Whether an event that happened later ([`Event::at`]) to the same resource is completed.
    fn overtaken(&self, event: &Event) -> impl Future<Output = Result<bool, LedgerError>> + Send;

    /// Counts a duplicate of an event that is finished.
    fn count_duplicate(
        &self,
        key: &IdempotencyKey,
        now: Timestamp,
    ) -> impl Future<Output = Result<(), LedgerError>> + Send;

    /// Keeps `event`, whose key is known with other bytes, in a record of its own, under
    /// [`IdempotencyKey::conflict`]; or says that it is kept there already. `message_id` names the message
    /// that brings it.
    fn keep_conflict(
        &self,
        event: &Event,
        message_id: &str,
        now: Timestamp,
    ) -> impl Future<Output = Result<Kept, LedgerError>> + Send;

    /// Records `hook` as done and commits its effects, all or nothing.
    fn record_hook(
        &self,
        claimed: &Claimed,
        hook: &'static str,
        effects: Effects<Self::Write>,
        now: Timestamp,
    ) -> impl Future<Output = Result<(), LedgerError>> + Send;

    /// Completes the event, and in the same transaction records the last hook with its effects.
    fn complete(
        &self,
        claimed: &Claimed,
        last: Option<(&'static str, Effects<Self::Write>)>,
        now: Timestamp,
    ) -> impl Future<Output = Result<(), LedgerError>> + Send;

    /// Gives the event back, to be claimed again; with `blame`, whether this was an attempt.
    fn release(
        &self,
        claimed: &Claimed,
        error: &str,
        blame: Blame,
    ) -> impl Future<Output = Result<(), LedgerError>> + Send;

    /// Records that the event is never to reach (further) hooks, unless an operator sends it again: then it
    /// has all its attempts once more.
    fn reject(
        &self,
        claimed: &Claimed,
        reason: &str,
        now: Timestamp,
    ) -> impl Future<Output = Result<(), LedgerError>> + Send;

    /// Notes that work on a message begins, before it is read: what kills the function leaves this note. Gives
    /// how often work on it has begun in a row, this time included, without [`survive`](Self::survive).
    fn begin(&self, message_id: &str, now: Timestamp) -> impl Future<Output = Result<u32, LedgerError>> + Send;

    /// Takes the last note back: work on the message has not begun after all.
    fn put_off(&self, message_id: &str, now: Timestamp) -> impl Future<Output = Result<(), LedgerError>> + Send;

    /// Notes that the function has survived the message.
    fn survive(&self, message_id: &str, now: Timestamp) -> impl Future<Output = Result<(), LedgerError>> + Send;
}

/// Where an event stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Status {
    /// Somebody works on it, or died doing so.
    InProgress,
    /// It is to be tried again: a hook asked to, or the ledger could not be written.
    Released,
    /// All hooks are done.
    Completed,
    /// A hook said never, or it can't be read, or it is stale or of the wrong environment.
    Rejected,
    /// Other bytes under the key of an event: an operator decides what becomes of them.
    Conflict,
}

/// Why a conflict's record is there: its `error`.
pub const CONFLICT: &str = "an event of the same key was received before, with other bytes";

/// What came of keeping a conflict.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kept {
    /// Its record is there now, made on behalf of this message.
    New,
    /// The same bytes were kept before, for another message.
    Known,
}

/// The right to work on an event for a while.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lease {
    /// The fence: every later write of the holder requires it.
    pub token: String,
    /// When others may take the event.
    pub expires_at: Timestamp,
    /// The queue message on whose behalf it is held.
    pub message_id: String,
    /// The message was received for the first time.
    pub first: bool,
}

/// What an operator's replay may claim that other deliveries may not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Replay {
    /// Nothing: it is none, or its message has claimed the event last.
    No,
    /// What is rejected.
    Rejected,
    /// And what is released, before its time.
    AtOnce,
}

/// What [`decide`] looks at in an event's record.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct RecordState {
    /// Where it stands.
    pub status: Status,
    /// When the lease of `InProgress` ends.
    pub lease_expires_at: Timestamp,
    /// When `Released` may be tried again: by whichever of its deliveries comes then.
    pub retry_at: Timestamp,
    /// How often its hooks were called, or may have been: the claims that were not released as nobody's
    /// fault. One whose owner died was an attempt.
    pub attempts: u32,
    /// How many of them came before an operator sent it again; they no longer count.
    pub forgiven: u32,
    /// The SHA-256 of the bytes that were claimed first.
    pub body_sha256: String,
    /// The hooks that are done, and when.
    pub hooks: BTreeMap<String, Timestamp>,
}

/// What may be done with a delivery of an event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decision {
    /// It may be claimed.
    Take(Taken),
    /// Somebody works on it until then, or it is not to be tried again before: come back.
    Wait {
        /// When the lease ends, or the time for the next attempt has come.
        until: Timestamp,
    },
    /// It is finished: count the delivery and drop it.
    Drop {
        /// `Completed` or `Rejected`; `Conflict` for a conflict that nobody has decided on.
        status: Status,
    },
    /// Its bytes are not the event's: keep it in a record of its own.
    Conflict,
}

/// What a new owner finds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Taken {
    /// 1 for the first.
    pub attempt: u32,
    /// How many came before an operator sent it again.
    pub forgiven: u32,
    /// The hooks that earlier attempts have done.
    pub hooks: BTreeMap<String, Timestamp>,
}

/// What came of a claim.
#[derive(Debug)]
pub enum Claim {
    /// It is ours.
    Claimed(Claimed),
    /// As [`Decision::Wait`].
    Wait {
        /// When the lease ends, or the time for the next attempt has come.
        until: Timestamp,
    },
    /// As [`Decision::Drop`].
    Duplicate {
        /// `Completed`, `Rejected` or `Conflict`.
        status: Status,
    },
    /// As [`Decision::Conflict`].
    Conflict,
}

/// How much of an event is settled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Extent {
    /// All its hooks: it is completed.
    Whole,
    /// Its first hooks: it is claimed for the others.
    Begun,
}

/// What came of settling an event.
#[derive(Debug, PartialEq, Eq)]
pub enum Settlement {
    /// It was new, and is completed.
    Completed,
    /// It was new, and is ours, with its first hooks done.
    Claimed(Claimed),
    /// There is a record of it; nothing was written. [`Decision::Take`]: it takes a claim.
    Known(Decision),
}

/// An event that is ours until the lease ends. Made by a ledger's claim or settlement alone.
#[derive(Debug, PartialEq, Eq)]
pub struct Claimed {
    /// The event's key.
    pub key: IdempotencyKey,
    /// The fence.
    pub lease_token: String,
    /// What was found.
    pub taken: Taken,
}

/// A ledger call that did not do its work.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum LedgerError {
    /// The lease went to somebody else, or this very change is made already; nothing was changed.
    #[error("{operation} {key}: the lease is another owner's now")]
    LeaseLost {
        /// Which call.
        operation: &'static str,
        /// Of which event.
        key: IdempotencyKey,
    },
    /// A condition of the hook's own writes did not hold; nothing was changed.
    #[error("{operation} {key}: a condition of the hook's own writes does not hold")]
    EffectsRefused {
        /// Which call.
        operation: &'static str,
        /// Of which event.
        key: IdempotencyKey,
    },
    /// The database will never take these writes of the hook's; nothing was changed.
    #[error("{operation} {key}: the hook's writes can't be made")]
    EffectsInvalid {
        /// Which call.
        operation: &'static str,
        /// Of which event.
        key: IdempotencyKey,
        /// What it said.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The database could not be asked, or could not answer.
    #[error("{operation} {key}")]
    Service {
        /// Which call.
        operation: &'static str,
        /// Of which event.
        key: IdempotencyKey,
        /// What it said.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}

/// Whether a delivery with these bytes may be claimed at `now`, given the event's record.
///
/// Every ledger follows this function: those with transactions call it, DynamoDB's adapter
/// writes the case [`Decision::Take`] as a condition and calls it on the item that a failed
/// claim returns.
///
/// ```text
/// a released event, to be tried again at T
/// delivery A: hook fails ── T ──▶ claim                 its own wait ends at T as well
/// delivery B:     wait until T ──▶ wait for A's lease   one attempt, however many deliveries there are
/// ```
///
/// `replay`: an operator sends it again on purpose ([`Lease::replay`]), which may claim a rejected event, and
/// does not wait. A completed one stays completed.
///
/// Bytes are compared first, whatever the status: other bytes are another event as long as nobody knows
/// better, and what was verified is dropped only where it is known byte for byte.
pub fn decide(standing: Option<&RecordState>, body_sha256: &str, replay: Replay, now: Timestamp) -> Decision {
    let Some(found) = standing else {
        return Decision::Take(Taken::first(BTreeMap::new()));
    };
    if found.body_sha256 != body_sha256 {
        return Decision::Conflict;
    }
    match found.status {
        Status::InProgress if found.lease_expires_at > now => Decision::Wait {
            until: found.lease_expires_at,
        },
        Status::Released if found.retry_at > now && replay != Replay::AtOnce => {
            Decision::Wait { until: found.retry_at }
        }
        Status::Rejected if replay != Replay::No => Decision::Take(found.taken()),
        Status::InProgress | Status::Released => Decision::Take(found.taken()),
        status @ (Status::Completed | Status::Rejected | Status::Conflict) => Decision::Drop { status },
    }
}

impl Lease {
    /// What `event` may claim as an operator's replay; `last`: the message that has claimed it last. Each
    /// message gets past a rejection once, and does not wait when it comes first: later it is one of the
    /// event's deliveries, whose attempts are spaced.
    pub fn replay(&self, event: &Event, last: Option<&str>) -> Replay {
        match event.replay && last != Some(self.message_id.as_str()) {
            false => Replay::No,
            true if self.first => Replay::AtOnce,
            true => Replay::Rejected,
        }
    }
}

impl Taken {
    /// What the first owner finds, with the hooks that its own settlement has done.
    pub fn first(hooks: BTreeMap<String, Timestamp>) -> Self {
        Self {
            attempt: 1,
            forgiven: 0,
            hooks,
        }
    }

    /// How many attempts of those that it has are used, this one included.
    pub fn used(&self) -> u32 {
        self.attempt.saturating_sub(self.forgiven)
    }
}

impl Claimed {
    /// `event` under `lease`: for ledgers, whose record says the same.
    pub fn under(lease: &Lease, event: &Event, taken: Taken) -> Self {
        Self {
            key: event.key.clone(),
            lease_token: lease.token.clone(),
            taken,
        }
    }
}

impl RecordState {
    /// What the next owner finds.
    fn taken(&self) -> Taken {
        Taken {
            attempt: self.attempts.saturating_add(1),
            forgiven: self.forgiven,
            hooks: self.hooks.clone(),
        }
    }
}

impl Status {
    /// All of them.
    pub const ALL: [Self; 5] = [
        Self::InProgress,
        Self::Released,
        Self::Completed,
        Self::Rejected,
        Self::Conflict,
    ];

    /// The name in the table: `IN_PROGRESS`, `RELEASED`, `COMPLETED`, `REJECTED`, `CONFLICT`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::InProgress => "IN_PROGRESS",
            Self::Released => "RELEASED",
            Self::Completed => "COMPLETED",
            Self::Rejected => "REJECTED",
            Self::Conflict => "CONFLICT",
        }
    }

    /// Reads a [`name`](Self::name).
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.name() == name)
    }
}

#[cfg(test)]
mod tests;
