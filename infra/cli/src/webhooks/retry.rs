//! Which calls are made again, and when.

use std::time::Duration;

use acuse_core::clock::{Clock, Random, Timestamp};
use acuse_core::consume::Backoff;
use jiff::fmt::rfc2822;

/// No call is made more often.
pub const TRIES: u32 = 5;

/// A server that wants to be left alone for longer is reported instead.
pub const LONGEST_WAIT: Duration = Duration::from_secs(120);

const BACKOFF: Backoff = Backoff {
    base: Duration::from_millis(500),
    max: Duration::from_secs(8),
};

/// What became of one try that was no success.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// No connection: the server never had the request.
    Unconnected,
    /// The connection broke or the time was over: nobody knows whether it was done.
    Lost,
    /// The server answered with this status, and may have said when to come again.
    Status(u16, Option<Duration>),
}

/// What may be done twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Repeat {
    /// Doing it twice is doing it once.
    Safe,
    /// Only what surely was not done may be done again: it makes something.
    OnlyUndone,
}

impl Repeat {
    /// Whether a call with this outcome is worth another try.
    pub fn allows(self, outcome: Outcome) -> bool {
        match outcome {
            Outcome::Unconnected | Outcome::Status(429 | 503, _) => true,
            Outcome::Lost | Outcome::Status(500..=599, _) => self == Self::Safe,
            Outcome::Status(..) => false,
        }
    }
}

impl Outcome {
    /// Whether the call may have been carried out nevertheless.
    pub fn is_unsure(self) -> bool {
        match self {
            Self::Unconnected | Self::Status(429 | 503, _) => false,
            Self::Lost => true,
            Self::Status(status, _) => status >= 500,
        }
    }

    /// How long to wait after the `tries`-th try: what the server asks for, and at least the
    /// exponential back-off. `None` where it asks for longer than anybody waits.
    pub fn delay(self, tries: u32, random: &dyn Random) -> Option<Duration> {
        let delay = BACKOFF.delay(tries, &Any(random));
        match self {
            Self::Status(_, Some(asked)) if asked > LONGEST_WAIT => None,
            Self::Status(_, Some(asked)) => Some(asked.max(delay)),
            _ => Some(delay),
        }
    }
}

/// The wait that a `Retry-After` header asks for: seconds, or an HTTP date.
pub fn retry_after(value: &str, clock: &dyn Clock) -> Option<Duration> {
    let value = value.trim();
    if let Ok(seconds) = value.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let date = rfc2822::DateTimeParser::new().parse_timestamp(value).ok()?;
    Some(Timestamp::from_millis(date.as_millisecond()).since(clock.now()))
}

/// A source of randomness that is known only by reference.
struct Any<'a>(&'a dyn Random);

impl Random for Any<'_> {
    fn bits(&self) -> u128 {
        self.0.bits()
    }
}
