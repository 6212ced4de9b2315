//! Which calls are repeated, and when.

use std::time::Duration;

use acuse_core::clock::{Clock, Random, Timestamp};
use acuse_core::consume::Backoff;
use jiff::fmt::rfc2822;
use thiserror::Error;

/// Attempts at one call.
pub(super) const ATTEMPTS: u32 = 5;

/// If a server asks for a longer wait, the call fails instead.
pub(super) const LONGEST_WAIT: Duration = Duration::from_secs(120);

const BACKOFF: Backoff = Backoff {
    base: Duration::from_millis(500),
    max: Duration::from_secs(8),
};

/// How an attempt failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub(super) enum CallOutcome {
    /// No connection: the server never had the request.
    #[error("can't be reached")]
    Unconnected,
    /// The connection broke off or timed out: the server may have carried out the call.
    #[error("did not answer")]
    Lost,
    /// The server answered with this status and, perhaps, `Retry-After`.
    #[error("answers {0}")]
    Status(u16, Option<Duration>),
}

/// Whether a call may be carried out twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Repeat {
    /// Twice has the same effect as once.
    Safe,
    /// The call creates something: it is repeated only if it was certainly not carried out.
    OnlyUndone,
}

impl Repeat {
    /// How long to wait after an attempt that was the `attempts`-th: at least the exponential back-off, or
    /// `Retry-After`. `None` if the call is not to be repeated.
    pub(super) fn delay(self, outcome: CallOutcome, attempts: u32, random: &dyn Random) -> Option<Duration> {
        let repeat = outcome.is_undone() || (self == Self::Safe && outcome.is_unsure());
        let asked = match outcome {
            CallOutcome::Status(_, asked) => asked.unwrap_or_default(),
            _ => Duration::ZERO,
        };
        (repeat && attempts < ATTEMPTS && asked <= LONGEST_WAIT).then(|| asked.max(BACKOFF.delay(attempts, random)))
    }
}

impl CallOutcome {
    /// Whether the call was certainly not carried out, and may be another time.
    fn is_undone(self) -> bool {
        matches!(self, Self::Unconnected | Self::Status(429 | 503, _))
    }

    /// Whether the call may have been carried out nevertheless.
    pub(super) fn is_unsure(self) -> bool {
        matches!(self, Self::Lost | Self::Status(500.., _)) && !self.is_undone()
    }
}

/// The wait that a `Retry-After` header asks for: seconds, or an HTTP date.
pub(super) fn retry_after(value: &str, clock: &dyn Clock) -> Option<Duration> {
    let value = value.trim();
    if let Ok(seconds) = value.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let date = rfc2822::DateTimeParser::new().parse_timestamp(value).ok()?;
    Some(Timestamp::from_millis(date.as_millisecond()).since(clock.now()))
}
