//! What a destination's answer means.

use std::fmt;
use std::time::{Duration, UNIX_EPOCH};

use http::StatusCode;

use crate::clock::Timestamp;

/// The longest wait that an answer may ask for.
pub const LONGEST_RETRY_AFTER: Duration = Duration::from_secs(12 * 60 * 60);

/// How much of an answer's body is kept for the operator, in bytes.
pub const KEPT: usize = 1024;

/// What came of a try.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// There was an answer.
    Answered {
        /// Its status.
        status: StatusCode,
        /// What its header `retry-after` asks for: see [`retry_after`].
        retry_after: Option<Duration>,
    },
    /// There was none.
    Failed(Failure),
}

/// Why there was no answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Failure {
    /// The name has no address.
    NoAddress,
    /// The address is one that is [not called](super::egress).
    Forbidden,
    /// Nobody took the connection.
    Connect,
    /// The certificate is not valid for the name, or there is no TLS.
    Tls,
    /// The whole answer took too long.
    TimedOut,
    /// The connection ended before the answer did.
    Broken,
    /// The queue of an `sqs:` destination refused the message, or could not be reached.
    Queue,
    /// The event is larger than any queue takes.
    TooLarge,
}

/// What is to be done about a delivery.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// The destination has taken it.
    Delivered,
    /// The destination is down, or overloaded: it is tried again.
    Retry {
        /// Not before this.
        after: Option<Duration>,
    },
    /// The destination is up and does not want it, which is a mistake in it or in its configuration: it is tried again
    /// with the same patience, and shown as the receiver's fault.
    Fault {
        /// Not before this.
        after: Option<Duration>,
    },
    /// It can never be delivered there: it is given up, and listed as such.
    GiveUp,
    /// The destination is gone (410): it is paused until an operator resumes it, and what it is owed stays owed.
    Pause,
}

impl Outcome {
    /// What is to be done about it.
    pub fn verdict(&self) -> Verdict {
        let (status, after) = match self {
            Self::Failed(Failure::Forbidden) => return Verdict::Fault { after: None },
            Self::Failed(Failure::TooLarge) => return Verdict::GiveUp,
            Self::Failed(_) => return Verdict::Retry { after: None },
            Self::Answered { status, retry_after } => (*status, *retry_after),
        };
        match status.as_u16() {
            200..=299 => Verdict::Delivered,
            410 => Verdict::Pause,
            // The request took too long, came too early or too often.
            408 | 425 | 429 => Verdict::Retry { after },
            // A redirect is not followed: it would take the event to somewhere that nobody configured.
            300..=499 => Verdict::Fault { after },
            _ => Verdict::Retry { after },
        }
    }

    /// How long the whole destination asks to be left alone, not only with this event: a 429 or 503 with `retry-after`.
    pub fn leave_alone(&self) -> Option<Duration> {
        match self {
            Self::Answered { status, retry_after } if matches!(status.as_u16(), 429 | 503) => *retry_after,
            _ => None,
        }
    }
}

/// For the ledger and lists: says what happened, and what to do about it if that is not obvious.
impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let status = match self {
            Self::Failed(failure) => return failure.fmt(f),
            Self::Answered { status, .. } => status,
        };
        // `StatusCode` prints an unknown reason as such.
        write!(f, "answered {}", status.as_u16())?;
        if let Some(reason) = status.canonical_reason() {
            write!(f, " {reason}")?;
        }
        match status.as_u16() {
            300..=399 => f.write_str("; redirects are not followed: set the URL to where it leads"),
            401 | 403 => {
                f.write_str("; check that it verifies the raw body, with the destination's current signing secret")
            }
            404 | 405 => f.write_str("; check the URL's path, and that it takes POST"),
            _ => Ok(()),
        }
    }
}

impl Failure {
    /// One word for metrics.
    pub const fn name(self) -> &'static str {
        match self {
            Self::NoAddress => "no_address",
            Self::Forbidden => "forbidden",
            Self::Connect => "connect",
            Self::Tls => "tls",
            Self::TimedOut => "timed_out",
            Self::Broken => "broken",
            Self::Queue => "queue",
            Self::TooLarge => "too_large",
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NoAddress => "its host name has no address",
            Self::Forbidden => "its address is not one that may be called",
            Self::Connect => "the connection failed",
            Self::Tls => "it has no valid certificate for its host name",
            Self::TimedOut => "it did not answer in time",
            Self::Broken => "the connection ended before the answer",
            Self::Queue => "the queue did not take the message",
            Self::TooLarge => {
                "the event is too large for a queue: `acuse events show KEY` has its payload, and a URL takes it"
            }
        })
    }
}

/// Reads the header `retry-after`: seconds, or a date in any of HTTP's three forms (RFC 9110, 10.2.3). At most
/// [`LONGEST_RETRY_AFTER`]; zero for a date that has passed; `None` if it is neither.
pub fn retry_after(value: &[u8], now: Timestamp) -> Option<Duration> {
    let text = std::str::from_utf8(value).ok()?.trim();
    if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) {
        // More digits than that are long enough in any case.
        let seconds = text.parse().unwrap_or(u64::MAX);
        return Some(Duration::from_secs(seconds).min(LONGEST_RETRY_AFTER));
    }
    let date = httpdate::parse_http_date(text).ok()?;
    let seconds = date.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
    let date = Timestamp::from_seconds(i64::try_from(seconds).unwrap_or(i64::MAX));
    Some(date.since(now).min(LONGEST_RETRY_AFTER))
}

/// The first [`KEPT`] bytes of an answer's body, as text for the operator.
pub fn kept(body: &[u8]) -> String {
    let first = body.get(..KEPT).unwrap_or(body);
    let mut text = String::from_utf8_lossy(first).into_owned();
    // A character that was cut in two.
    if first.len() < body.len() {
        text.truncate(text.trim_end_matches(char::REPLACEMENT_CHARACTER).len());
    }
    text
}

#[cfg(test)]
mod tests;
