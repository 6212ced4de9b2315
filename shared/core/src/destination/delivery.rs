//! What a destination is owed: one item for each event and destination, beside the event's record in the ledger.
//!
//! ```text
//!               ┌── failed: tried again later
//!               ▼  │
//! (absent) ───▶ OWED ─────────▶ DELIVERED     the destination has taken it
//!   with the    ▲  ├──────────▶ SKIPPED       the destination's filters leave it out by now
//!   event's     │  └──────────▶ GIVEN_UP      it was owed for too long, or an operator gave it up
//!   completion  └── requeue, from any of them: an operator wants it sent (again)
//! ```
//!
//! The ledger is the truth, and messages are hints: a message says that something may be owed. Several messages may bring
//! the same delivery at once. Then it may be sent twice, and nothing is lost:
//!
//! ```text
//! message 1  read OWED, 3 attempts ── request: 200 ── delivered ✓             DELIVERED, whatever the others write
//! message 2  read OWED, 3 attempts ─────── request: time-out ── failed ✗      it is not OWED any more
//! ```

use serde::{Deserialize, Serialize};

use super::DestinationName;
use crate::clock::Timestamp;
use crate::event::key::IdempotencyKey;

/// Separates the event's key from the destination's name. No part of an event's key contains a plain `|`, but for a
/// conflict's, which goes on otherwise.
const DESTINATION: &str = "|destination#";

/// Where a delivery stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Status {
    /// The destination has not taken it yet.
    Owed,
    /// The destination has taken it.
    Delivered,
    /// It was owed for too long, or an operator gave it up.
    GivenUp,
    /// When it was about to be sent, the destination's filters left it out.
    Skipped,
}

/// A delivery as it is recorded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivery {
    /// Where it stands.
    pub status: Status,
    /// How often it was tried since it became owed, or since it was queued again: waits follow from it.
    pub attempts: u32,
    /// How often it was tried in all.
    pub tries: u32,
    /// When it was last tried in vain; `None` if an earlier version wrote it.
    pub tried_at: Option<Timestamp>,
    /// When it became owed.
    pub owed_since: Timestamp,
    /// It is not tried before; `None` if it may be tried at once.
    pub retry_at: Option<Timestamp>,
    /// When it ended: delivered, given up, or skipped.
    pub ended_at: Option<Timestamp>,
    /// Why the last try failed, or why it was given up.
    pub error: Option<String>,
    /// Whether that is the receiver's fault: it is up, and refuses.
    pub fault: bool,
    /// The last answer, if there was any.
    pub answer: Option<Answer>,
}

/// A destination's answer, as it is kept for the operator.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// Its status.
    pub status: u16,
    /// How long it took, in milliseconds.
    pub took_ms: u64,
    /// The beginning of its body: see [`kept`](super::answer::kept).
    pub body: String,
}

/// What a function or an operator writes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// The destination has taken it.
    Delivered(Answer),
    /// A try failed. `attempts` is what was read before the try.
    Failed {
        /// How often it had been tried before.
        attempts: u32,
        /// Why.
        error: String,
        /// Whether that is the receiver's fault.
        fault: bool,
        /// The answer, if there was any.
        answer: Option<Answer>,
        /// The next try; `None` if there is none, and it is given up.
        retry_at: Option<Timestamp>,
    },
    /// It is given up without another try.
    GiveUp {
        /// Why.
        reason: String,
    },
    /// The destination does not want it.
    Skip,
    /// An operator wants it sent, whatever has become of it: its attempts begin anew.
    Requeue,
}

impl Delivery {
    /// A delivery that is owed from `now` on.
    pub fn owed(now: Timestamp) -> Self {
        Self {
            status: Status::Owed,
            attempts: 0,
            tries: 0,
            tried_at: None,
            owed_since: now,
            retry_at: None,
            ended_at: None,
            error: None,
            fault: false,
            answer: None,
        }
    }

    /// Whether it may be tried at `now`.
    pub fn is_due(&self, now: Timestamp) -> bool {
        self.status == Status::Owed && self.retry_at.is_none_or(|at| at <= now)
    }

    /// The delivery after `change`; `None` if the change is refused. Conditions of the writes, in DynamoDB's words:
    ///
    /// | change | on condition that |
    /// |---|---|
    /// | delivered | `status` is not `DELIVERED`: it was taken, even if somebody gave it up meanwhile |
    /// | failed | `status` is `OWED` and `attempts` is what was read: a later try knows better |
    /// | give up, skip | `status` is `OWED` |
    /// | requeue | there is an item |
    #[must_use]
    pub fn changed(&self, change: &Change, now: Timestamp) -> Option<Self> {
        let is_owed = self.status == Status::Owed;
        let ended = |status| Self {
            status,
            retry_at: None,
            ended_at: Some(now),
            ..self.clone()
        };
        match change {
            Change::Delivered(answer) => (self.status != Status::Delivered).then(|| Self {
                attempts: self.attempts.saturating_add(1),
                tries: self.tries.saturating_add(1),
                error: None,
                fault: false,
                answer: Some(answer.clone()),
                ..ended(Status::Delivered)
            }),
            Change::Failed {
                attempts,
                error,
                fault,
                answer,
                retry_at,
            } => (is_owed && *attempts == self.attempts).then(|| {
                let next = match retry_at {
                    Some(_) => self.clone(),
                    None => ended(Status::GivenUp),
                };
                Self {
                    attempts: attempts.saturating_add(1),
                    tries: self.tries.saturating_add(1),
                    tried_at: Some(now),
                    retry_at: *retry_at,
                    error: Some(error.clone()),
                    fault: *fault,
                    answer: answer.clone(),
                    ..next
                }
            }),
            Change::GiveUp { reason } => is_owed.then(|| Self {
                error: Some(reason.clone()),
                ..ended(Status::GivenUp)
            }),
            Change::Skip => is_owed.then(|| ended(Status::Skipped)),
            Change::Requeue => Some(Self {
                tries: self.tries,
                answer: self.answer.clone(),
                ..Self::owed(now)
            }),
        }
    }
}

impl Status {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Owed, Self::Delivered, Self::GivenUp, Self::Skipped];

    /// The name in the table: `OWED`, `DELIVERED`, `GIVEN_UP`, `SKIPPED`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Owed => "OWED",
            Self::Delivered => "DELIVERED",
            Self::GivenUp => "GIVEN_UP",
            Self::Skipped => "SKIPPED",
        }
    }

    /// Reads a [`name`](Self::name).
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.name() == name)
    }
}

/// How far a completed event has come with all its destinations.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Progress {
    /// Something is still owed.
    Delivering,
    /// All that wanted it have taken it, or there is none.
    Completed,
    /// Nothing is owed any more, and something was given up.
    GivenUp,
}

impl Progress {
    /// How far an event with these deliveries has come.
    pub fn of(deliveries: impl IntoIterator<Item = Status>) -> Self {
        let mut progress = Self::Completed;
        for status in deliveries {
            match status {
                Status::Owed => return Self::Delivering,
                Status::GivenUp => progress = Self::GivenUp,
                Status::Delivered | Status::Skipped => {}
            }
        }
        progress
    }
}

/// Which event is owed to whom: the key of the item.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct DeliveryKey {
    /// The event.
    pub event: IdempotencyKey,
    /// The destination.
    pub destination: DestinationName,
}

impl DeliveryKey {
    /// The item's sort key, `{the event's}|destination#{name}`. Its partition key is the event's.
    pub fn sort(&self) -> String {
        format!("{}{DESTINATION}{}", self.event.sort, self.destination)
    }

    /// Reads an item's keys. `None` if it is not a delivery.
    pub fn parse(partition: &str, sort: &str) -> Option<Self> {
        let (event, name) = sort.rsplit_once(DESTINATION)?;
        Some(Self {
            event: IdempotencyKey::new(partition, event),
            destination: DestinationName::parse(name)?,
        })
    }

    /// What the index `by-day` lists it under while it is owed or given up, `destination#{name}`.
    pub fn list(destination: &DestinationName) -> String {
        format!("destination#{destination}")
    }

    /// The text of the queue's message that says it may be owed.
    pub fn message(&self) -> String {
        let message = Message {
            pk: &self.event.partition,
            sk: &self.event.sort,
            destination: self.destination.as_str(),
        };
        serde_json::to_string(&message).unwrap_or_default()
    }

    /// Reads a queue's [message](Self::message).
    pub fn from_message(text: &str) -> Option<Self> {
        #[derive(Deserialize)]
        struct Owned {
            pk: String,
            sk: String,
            destination: String,
        }
        let message: Owned = serde_json::from_str(text).ok()?;
        Some(Self {
            event: IdempotencyKey::new(message.pk, message.sk),
            destination: DestinationName::parse(&message.destination)?,
        })
    }
}

#[derive(Serialize)]
struct Message<'a> {
    pk: &'a str,
    sk: &'a str,
    destination: &'a str,
}

#[cfg(test)]
mod tests;
