//! What has happened to each event, and who may change that.
//!
//! ```text
//!            claim                  complete
//!  (absent) ───────▶ IN_PROGRESS ─────────────▶ COMPLETED
//!                     ▲   │  │ ▲    reject
//!        claim: lease │   │  │ └── claim ───┐
//!        is over      └───┘  ├───────────▶ RELEASED      release
//!                            └───────────▶ REJECTED      reject; claimed only by an operator's replay
//! ```
//!
//! A new event whose first hooks only return writes needs no separate claim: a single-call commit takes it from
//! (absent) to IN_PROGRESS together with those writes, or to COMPLETED if there is no other hook.
//!
//! The same key with other bytes is a conflict. It never touches the event's record but gets one of its own,
//! which stays as it is until an operator releases or dismisses it. A released one is claimed like any event.
//!
//! ```text
//!  (absent) ───▶ CONFLICT ───▶ RELEASED      keep_conflict; an operator releases it
//!                   └────────▶ REJECTED      an operator dismisses it
//! ```
//!
//! Completing, releasing and rejecting take the lease token, so an owner whose lease has passed to somebody else
//! changes nothing. All rules are pure functions: [`decide`] for claims, [`RecordState::committed`] for
//! single-call commits and [`RecordState::changed`] for owners. `tests/model` checks them under every interleaving.

mod change;
mod decide;
mod error;
mod status;

use std::future::Future;

use crate::clock::Timestamp;
use crate::event::Event;
use crate::event::key::{IdempotencyKey, Recorded};
use crate::hook::Effects;
use crate::wire::delivery::DeliveryId;
pub use change::{Change, HookDone, RecordAs, ReleaseCause};
pub use decide::{Override, Progress, RecordState, Refused, decide};
pub use error::{Cause, LedgerError, LedgerResult};
pub use status::Status;

/// The ledger as the consumer needs it. Every method that changes something is one conditional write.
pub trait Ledger: Send + Sync {
    /// One write to the database that the ledger lives in.
    type Write: Send + Sync + 'static;

    /// Claims `event` under `lease`, as [`decide`] rules.
    fn claim(
        &self,
        event: &Event,
        lease: &Lease,
        now: Timestamp,
    ) -> impl Future<Output = LedgerResult<Result<Claimed, Refused>>> + Send;

    /// Records a new event together with the effects of `hooks`, in one transaction, as [`RecordState::committed`]
    /// rules. Writes nothing if the event has a record.
    fn commit_new(
        &self,
        event: &Event,
        lease: &Lease,
        hooks: Vec<HookDone<Effects<Self::Write>>>,
        record_as: RecordAs,
        now: Timestamp,
    ) -> impl Future<Output = LedgerResult<Result<Commit, Refused>>> + Send;

    /// Changes the record of a claimed event and commits the change's effects with it, as [`RecordState::changed`]
    /// rules.
    fn change(
        &self,
        claimed: &Claimed,
        change: Change<Effects<Self::Write>>,
        now: Timestamp,
    ) -> impl Future<Output = LedgerResult<()>> + Send;

    /// Keeps `event`, whose key has a record with other bytes, in a record of its own under
    /// [`IdempotencyKey::conflict`]. `message_id` is the message that brings it.
    fn keep_conflict(
        &self,
        event: &Event,
        message_id: &str,
        now: Timestamp,
    ) -> impl Future<Output = LedgerResult<ConflictRecord>> + Send;

    /// Whether the event is completed with these bytes, by a cheap read that may miss the latest writes
    /// ([`RecordState::completed_with`]). `false` says nothing.
    fn is_completed(&self, event: &Event) -> impl Future<Output = LedgerResult<bool>> + Send;

    /// Counts a duplicate of a finished event, and keeps which delivery it was. The delivery that brought the event is none:
    /// its message may come again.
    fn count_duplicate(
        &self,
        key: &IdempotencyKey,
        delivery: DeliveryId,
        now: Timestamp,
    ) -> impl Future<Output = LedgerResult<()>> + Send;

    /// Which event is recorded at `key` now.
    fn recorded(&self, key: &IdempotencyKey) -> impl Future<Output = LedgerResult<Option<Recorded>>> + Send;

    /// Whether an event of the same resource that happened later ([`Event::at`]) is completed.
    fn overtaken(&self, event: &Event) -> impl Future<Output = LedgerResult<bool>> + Send;

    /// Counts the starts of work on a message in a row, before the message is read: a function that dies leaves its
    /// start behind. Returns the count after `count`.
    fn count_starts(
        &self,
        message_id: &str,
        count: StartCount,
        now: Timestamp,
    ) -> impl Future<Output = LedgerResult<u32>> + Send;
}

/// The right to work on an event for a while.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lease {
    /// Every later write of the owner requires it.
    pub token: String,
    /// When others may claim the event.
    pub expires_at: Timestamp,
    /// The queue message on whose behalf the event is claimed.
    pub message_id: String,
    /// What the claim may ignore.
    pub overrides: Override,
}

/// An event that is ours until its lease ends. Made only by a ledger's claim or single-call commit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claimed {
    /// The event's key.
    pub key: IdempotencyKey,
    /// The lease token.
    pub lease_token: String,
    /// How far the event has come.
    pub progress: Progress,
}

/// What a single-call commit has done with an event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Commit {
    /// It was new and is completed.
    Completed,
    /// It was new and is ours, with its first hooks done.
    Claimed(Claimed),
    /// Nothing: it has a record, which a claim may take.
    Claimable,
}

/// What came of keeping a conflict.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ConflictRecord {
    /// It was made for this message.
    New,
    /// The same bytes were kept before, for another message.
    Known,
}

/// A change to the number of starts of work on a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StartCount {
    /// Work starts.
    Add,
    /// Work has not started after all.
    TakeBack,
    /// Work has ended, and the function is alive.
    Reset,
}

/// The `error` of a conflict's record.
pub const CONFLICT: &str = "an event of the same key was received before, with other bytes";

impl Claimed {
    /// `event` under `lease`: for ledgers, once their record says so.
    pub fn under(lease: &Lease, event: &Event, progress: Progress) -> Self {
        Self {
            key: event.key.clone(),
            lease_token: lease.token.clone(),
            progress,
        }
    }
}
