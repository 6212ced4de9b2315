//! Who may claim an event.

use std::collections::BTreeMap;

use super::{Lease, Status};
use crate::clock::Timestamp;

/// Whether a delivery with these bytes may claim an event under `lease` at `now`, given the event's record.
///
/// Every ledger follows this function. Those with transactions call it; DynamoDB's adapter writes the case `Ok` as a
/// condition, and calls it on the item that comes back from the claim.
///
/// ```text
/// a released event, to be retried at T
/// delivery A: hook fails ── T ──▶ claim                 its own wait ends at T as well
/// delivery B:     wait until T ──▶ wait for A's lease   one attempt, however many deliveries there are
/// ```
///
/// Bytes are compared first, whatever the status: a delivery is dropped only if the ledger knows it byte for byte.
///
/// A claim that is sent again because its answer was lost finds its own lease, and succeeds.
///
/// # Errors
/// [`Refused`] says what to do with the delivery instead.
pub fn decide(
    record: Option<&RecordState>,
    body_sha256: &str,
    lease: &Lease,
    now: Timestamp,
) -> Result<Progress, Refused> {
    let Some(record) = record else {
        return Ok(Progress::new(BTreeMap::new()));
    };
    if record.body_sha256 != body_sha256 {
        return Err(Refused::Conflict);
    }
    // Its payload must not come back with a message that was dead-lettered before.
    if record.erased {
        return Err(Refused::Duplicate { status: record.status });
    }
    let overrides = record.overridden_by(lease);
    match record.status {
        Status::InProgress if record.lease_token == lease.token => Ok(record.progress(record.attempts)),
        Status::InProgress if record.lease_expires_at > now => Err(Refused::Wait {
            until: record.lease_expires_at,
        }),
        Status::Released if record.retry_at > now && overrides != Override::RejectionAndWait => {
            Err(Refused::Wait { until: record.retry_at })
        }
        Status::Rejected if overrides == Override::None => Err(Refused::Duplicate { status: record.status }),
        Status::Completed | Status::Conflict => Err(Refused::Duplicate { status: record.status }),
        Status::InProgress | Status::Released | Status::Rejected => {
            Ok(record.progress(record.attempts.saturating_add(1)))
        }
    }
}

/// Why an event is not claimed: what to do with the delivery instead.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refused {
    /// Come back later: somebody works on the event, or it is not due yet.
    Wait {
        /// When the lease ends, or the next attempt is due.
        until: Timestamp,
    },
    /// Count the delivery and drop it: its event is finished.
    Duplicate {
        /// `Completed` or `Rejected`; `Conflict` for a conflict that nobody has decided on.
        status: Status,
    },
    /// Keep its bytes in a record of their own: the event has others.
    Conflict,
}

/// What an operator's replay may claim that other deliveries may not. Completed events stay completed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Override {
    /// Nothing more: it is no replay.
    None,
    /// A rejected event.
    Rejection,
    /// And a released one before it is due.
    RejectionAndWait,
}

/// What the ledger's rules look at in a record.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct RecordState {
    /// Where the event stands.
    pub status: Status,
    /// The lease token of `InProgress`; empty otherwise.
    pub lease_token: String,
    /// When the lease of `InProgress` ends.
    pub lease_expires_at: Timestamp,
    /// When `Released` is due again, for whichever of its deliveries comes then.
    pub retry_at: Timestamp,
    /// How often its hooks were called, or may have been: every claim but those that an outage ended. A claim whose
    /// owner died counts.
    pub attempts: u32,
    /// How many of them came before an operator's replay, and no longer count.
    pub forgiven: u32,
    /// The SHA-256 of the bytes that were claimed first.
    pub body_sha256: String,
    /// The queue message that claimed it last.
    pub message_id: String,
    /// The hooks that are done, and when.
    pub hooks: BTreeMap<String, Timestamp>,
    /// An operator erased its payload. It is finished, and nothing claims it again.
    pub erased: bool,
}

/// How far an event has come when its new owner gets it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Progress {
    /// The number of this attempt, from 1.
    pub attempt: u32,
    /// How many came before an operator's replay, and no longer count.
    pub forgiven: u32,
    /// The hooks that are done, and when.
    pub hooks: BTreeMap<String, Timestamp>,
}

impl Override {
    /// What a delivery may override: `replay` if an operator sent it, `receives` how often it was received. Only its
    /// first receive overrides a wait; later ones are spaced like those of any other delivery.
    pub fn of(replay: bool, receives: u32) -> Self {
        match (replay, receives) {
            (false, _) => Self::None,
            (true, ..=1) => Self::RejectionAndWait,
            (true, _) => Self::Rejection,
        }
    }
}

impl Progress {
    /// A first attempt, with the hooks that its own single-call commit has done.
    pub fn new(hooks: BTreeMap<String, Timestamp>) -> Self {
        Self {
            attempt: 1,
            forgiven: 0,
            hooks,
        }
    }

    /// How many of the attempts that the event has are used, this one included.
    pub fn attempts_used(&self) -> u32 {
        self.attempt.saturating_sub(self.forgiven)
    }
}

impl RecordState {
    /// Whether these bytes are a completed event's. No write takes that back, so whoever has once read it knows it, however
    /// old the read; of anything else, an old read says nothing.
    ///
    /// ```text
    /// REJECTED ── a replay claims ──▶ IN_PROGRESS …     a read may still find it rejected: no reason to drop anything
    /// COMPLETED, these bytes                            for good, except that its time to live ends
    /// ```
    pub fn completed_with(status: Status, recorded_sha256: &str, body_sha256: &str) -> bool {
        status == Status::Completed && recorded_sha256 == body_sha256
    }

    /// Each message overrides once: one that has claimed the event and is received again, because it was not deleted
    /// yet, is a delivery like any other.
    fn overridden_by(&self, lease: &Lease) -> Override {
        match self.message_id == lease.message_id {
            true => Override::None,
            false => lease.overrides,
        }
    }

    fn progress(&self, attempt: u32) -> Progress {
        Progress {
            attempt,
            forgiven: self.forgiven,
            hooks: self.hooks.clone(),
        }
    }
}

#[cfg(test)]
mod tests;
