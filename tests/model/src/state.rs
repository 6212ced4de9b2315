//! The modelled world at one moment.
//!
//! Times are ticks from now, so that two moments that differ only in the date are one state.

use acuse_core::clock::Timestamp;
use acuse_core::ledger::{RecordState, Status};

/// Which of the two deliveries.
pub(crate) type Delivery = usize;

/// A lease token. Tokens are renumbered in each state, since only their identity matters.
pub(crate) type Token = u8;

/// The world at one moment.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct State {
    pub(crate) messages: [Message; 2],
    pub(crate) record: Option<RecordState>,
    /// Whether the first and the second delivery's bytes have a conflict's record.
    pub(crate) conflicts: [bool; 2],
    pub(crate) consumers: Vec<Consumer>,
    /// Requests that their senders gave up and that may still arrive.
    pub(crate) network: Vec<Request>,
    /// Whether a read, however old, may show the event finished for good with the first and the second delivery's bytes.
    pub(crate) readable: [bool; 2],
    /// How often each transactional hook's effect was applied.
    pub(crate) applied: [u8; 2],
    /// How often the hook with external side effects was called; 2 stands for more.
    pub(crate) called: u8,
    /// A copy with the reason is on the dead-letter queue.
    pub(crate) copied: bool,
    /// Somebody who did not hold the lease changed the record.
    pub(crate) intruded: bool,
    /// A delivery was deleted although the event was not finished.
    pub(crate) dropped: bool,
    /// How often the event's hooks have failed, or their owner has died, since it was last rejected.
    pub(crate) failures: u8,
    /// It was given up.
    pub(crate) given_up: bool,
    /// It was given up before it had used all its attempts.
    pub(crate) early: bool,
    /// It was claimed before it was due, and clocks are not to blame.
    pub(crate) hasty: bool,
    pub(crate) pauses: u8,
    pub(crate) losses: u8,
    pub(crate) crashes: u8,
}

/// A delivery as the queue has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Message {
    pub(crate) place: Place,
    pub(crate) receives: u8,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Place {
    /// Visible in so many ticks.
    Queue(i8),
    Deleted,
    DeadLetters,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Consumer {
    /// How far its clock is ahead.
    pub(crate) skew: i8,
    /// When its invocation ends, by its own clock; 0 where that no longer matters.
    pub(crate) deadline: i8,
    /// Which of the event's attempts it makes; 0 where that does not matter.
    pub(crate) attempt: u8,
    pub(crate) doing: Doing,
}

/// What a consumer is about to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Doing {
    Idle,
    /// Commit the event, if it is new, together with the effects of its first hooks.
    CommitNew(Delivery, Token),
    Claim(Delivery, Token),
    /// Call the first hook that is not in this set.
    Call(Delivery, Token, Hooks),
    /// Put a copy on the dead-letter queue, then reject.
    Copy(Delivery, Token),
    Write(Delivery, Token, Hooks, Write),
    /// Keep other bytes in a record of their own.
    Keep(Delivery),
    /// Make the message visible again after so many ticks.
    Return(Delivery, i8),
    /// Delete the message.
    Delete(Delivery, Why),
}

/// A set of hooks by their place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub(crate) struct Hooks(pub(crate) u8);

/// An owner's write.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Write {
    Record(usize),
    Complete(usize),
    /// When the event is due again after a hook failed, by the owner's clock. `None` after an outage.
    Release(Option<i8>),
    Reject,
}

/// Why a delivery is deleted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Why {
    Finished,
    CommittedNew,
    /// A duplicate that a read recognized.
    Repeat,
    Duplicate,
    Conflict,
}

/// What travels to the ledger.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Request {
    /// `now` and `expires` by the sender's clock when it was sent.
    Claim {
        token: Token,
        replay: bool,
        other: bool,
        now: i8,
        expires: i8,
    },
    CommitNew {
        token: Token,
        replay: bool,
        other: bool,
        now: i8,
        expires: i8,
    },
    Write(Token, Write),
    Keep {
        other: bool,
    },
}

impl Hooks {
    pub(crate) fn with(self, place: usize) -> Self {
        Self(self.0 | 1 << place)
    }

    pub(crate) fn has(self, place: usize) -> bool {
        self.0 & 1 << place != 0
    }
}

impl State {
    /// The event is completed or rejected.
    pub(crate) fn finished(&self) -> bool {
        self.is(Status::Completed) || self.is(Status::Rejected)
    }

    pub(crate) fn is(&self, status: Status) -> bool {
        self.record.as_ref().is_some_and(|record| record.status == status)
    }

    /// How many of its attempts are used, the current one included.
    pub(crate) fn used(&self) -> u8 {
        let record = self.record.as_ref();
        let used = record.map_or(0, |record| record.attempts.saturating_sub(record.forgiven));
        u8::try_from(used).unwrap_or(u8::MAX)
    }

    /// The token that writes need.
    pub(crate) fn holder(&self) -> Option<Token> {
        self.record.as_ref()?.lease_token.parse().ok()
    }

    pub(crate) fn busy(&self) -> bool {
        self.consumers.iter().any(|consumer| consumer.doing != Doing::Idle)
    }

    pub(crate) fn message(&mut self, delivery: Delivery) -> Option<&mut Message> {
        self.messages.get_mut(delivery)
    }
}

impl Doing {
    /// The token of an owner at work.
    pub(crate) fn token(self) -> Option<Token> {
        match self {
            Self::Call(_, token, _) | Self::Copy(_, token) | Self::Write(_, token, ..) => Some(token),
            Self::Idle
            | Self::CommitNew(..)
            | Self::Claim(..)
            | Self::Keep(_)
            | Self::Return(..)
            | Self::Delete(..) => None,
        }
    }
}

/// The moment so many ticks from now, as the ledger's functions want it.
pub(crate) fn at(ticks: i8) -> Timestamp {
    Timestamp::from_seconds(NOW + i64::from(ticks))
}

/// How many ticks from now that moment is.
pub(crate) fn ticks(moment: Timestamp) -> i8 {
    i8::try_from(moment.as_seconds() - NOW).unwrap_or(i8::MIN)
}

/// Any moment will do.
const NOW: i64 = 1_000;
