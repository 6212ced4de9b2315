//! What a gate is told, and what it says.

use std::time::Duration;

use super::Pause;
use crate::clock::{Random, Timestamp};
use crate::destination::answer::{Outcome, Verdict};

/// Messages that wait for a closed gate come back spread over this time after it opens.
pub const SPREAD: Duration = Duration::from_secs(30);

/// Why there is no permit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wait {
    /// The destination is paused: what it is owed stays owed, and its messages are dropped.
    Paused,
    /// The gate is closed.
    Closed {
        /// Until then.
        until: Timestamp,
    },
    /// All requests that are allowed at a time are under way.
    Busy {
        /// There are few of them, because it recovers.
        recovering: bool,
    },
}

/// What an outcome means for the gate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Effect {
    /// The destination works.
    Success,
    /// It is up, and does not want this event. Another one may fare better.
    Fault,
    /// It is down or overloaded.
    Failure {
        /// It asks to be left alone until then.
        leave_alone: Option<Timestamp>,
    },
    /// It is gone: what it answered.
    Gone(Pause),
}

impl Effect {
    /// What `outcome` means at `now`.
    pub fn of(outcome: &Outcome, now: Timestamp) -> Self {
        let leave_alone = outcome.leave_alone().map(|after| now.plus(after));
        match outcome.verdict() {
            Verdict::Delivered => Self::Success,
            Verdict::Fault { .. } | Verdict::GiveUp => Self::Fault,
            Verdict::Retry { .. } => Self::Failure { leave_alone },
            Verdict::Pause => Self::Gone(Pause {
                reason: outcome.to_string(),
                since_ms: now.as_millis(),
            }),
        }
    }
}

impl Wait {
    /// When a message comes back that had to wait; `None` if it is dropped. Messages come back spread, so that most don't
    /// find the gate busy with the first of them.
    pub fn comes_back(self, now: Timestamp, random: &dyn Random) -> Option<Timestamp> {
        let (from, over) = match self {
            Self::Paused => return None,
            Self::Closed { until } => (until, SPREAD),
            Self::Busy { recovering: true } => (now.plus(Duration::from_secs(5)), Duration::from_secs(25)),
            Self::Busy { recovering: false } => (now.plus(Duration::from_secs(1)), Duration::from_secs(4)),
        };
        #[expect(clippy::cast_precision_loss, reason = "a share between 0 and 1")]
        let share = (random.bits() >> 64) as f64 / u64::MAX as f64;
        Some(from.plus(over.mul_f64(share.clamp(0.0, 1.0))))
    }
}
