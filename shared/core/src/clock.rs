//! Time and randomness, passed in as parameters.

use std::fmt;
use std::future::Future;
use std::pin::{Pin, pin};
use std::time::Duration;

use futures_util::future::Either;

/// A moment, in milliseconds since the Unix epoch, UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(i64);

/// A source of time. The wall clock is in `acuse-aws`; tests use their own.
pub trait Clock: Send + Sync {
    /// The current time.
    fn now(&self) -> Timestamp;

    /// Completes after `duration`.
    fn sleep(&self, duration: Duration) -> Pin<Box<dyn Future<Output = ()> + Send>>;
}

/// A source of randomness for ids and jitter. Not for secrets.
pub trait Random: Send + Sync {
    /// 128 random bits.
    fn bits(&self) -> u128;
}

/// The output of `future`, or `None` if `limit` passes first.
pub async fn within<T>(clock: &dyn Clock, limit: Duration, future: impl Future<Output = T>) -> Option<T> {
    let (sleep, future) = (clock.sleep(limit), pin!(future));
    // The future is polled first, so one that is ready counts however short the limit is.
    match futures_util::future::select(future, sleep).await {
        Either::Left((output, _)) => Some(output),
        Either::Right(_) => None,
    }
}

impl Timestamp {
    /// From milliseconds since the Unix epoch.
    pub const fn from_millis(millis: i64) -> Self {
        Self(millis)
    }

    /// From seconds since the Unix epoch; saturates.
    pub const fn from_seconds(seconds: i64) -> Self {
        Self(seconds.saturating_mul(1000))
    }

    /// Reads an RFC 3339 date and time with an offset (`2024-03-20T10:00:00Z`).
    pub fn from_rfc3339(text: &str) -> Option<Self> {
        text.parse::<jiff::Timestamp>()
            .ok()
            .map(|moment| Self(moment.as_millisecond()))
    }

    /// Reads a provider's timestamp: RFC 3339 with an offset, or a number of seconds, milliseconds, microseconds or
    /// nanoseconds since the Unix epoch, depending on its magnitude. A date alone and a time without an offset are
    /// refused: they don't order events within a day.
    pub fn from_text(text: &str) -> Option<Self> {
        let text = text.trim();
        match text.parse::<i64>() {
            Ok(number) => Some(Self::from_number(number)),
            Err(_) => Self::from_decimal(text).or_else(|| Self::from_rfc3339(text)),
        }
    }

    /// Seconds reach 10^11 in the year 5138; milliseconds passed it in 1973.
    fn from_number(number: i64) -> Self {
        match number.unsigned_abs() {
            0..100_000_000_000 => Self::from_seconds(number),
            100_000_000_000..100_000_000_000_000 => Self::from_millis(number),
            100_000_000_000_000..100_000_000_000_000_000 => Self::from_millis(number.div_euclid(1000)),
            _ => Self::from_millis(number.div_euclid(1_000_000)),
        }
    }

    /// Reads seconds with decimals, as Python's `time.time()` prints them.
    fn from_decimal(text: &str) -> Option<Self> {
        let (whole, decimals) = text.split_once('.')?;
        let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        if !digits(whole) || !digits(decimals) {
            return None;
        }
        let whole = Self::from_number(whole.parse().ok()?);
        let millis: String = decimals.chars().chain("000".chars()).take(3).collect();
        Some(whole.plus(Duration::from_millis(millis.parse().ok()?)))
    }

    /// Milliseconds since the Unix epoch.
    pub const fn as_millis(self) -> i64 {
        self.0
    }

    /// Whole seconds since the Unix epoch.
    pub const fn as_seconds(self) -> i64 {
        self.0.div_euclid(1000)
    }

    /// `duration` after this moment; saturates.
    #[must_use]
    pub fn plus(self, duration: Duration) -> Self {
        let millis = i64::try_from(duration.as_millis()).unwrap_or(i64::MAX);
        Self(self.0.saturating_add(millis))
    }

    /// `duration` before this moment; saturates.
    #[must_use]
    pub fn minus(self, duration: Duration) -> Self {
        let millis = i64::try_from(duration.as_millis()).unwrap_or(i64::MAX);
        Self(self.0.saturating_sub(millis))
    }

    /// The time from `earlier` to this moment; zero if `earlier` is later.
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_millis(u64::try_from(self.0.saturating_sub(earlier.0)).unwrap_or(0))
    }

    /// The UTC day, `yyyy-mm-dd`.
    pub fn day(self) -> String {
        self.to_jiff().strftime("%Y-%m-%d").to_string()
    }

    fn to_jiff(self) -> jiff::Timestamp {
        jiff::Timestamp::from_millisecond(self.0).unwrap_or(jiff::Timestamp::UNIX_EPOCH)
    }
}

impl fmt::Display for Timestamp {
    /// RFC 3339 in UTC with milliseconds.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.3}", self.to_jiff())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_timestamp_reads_and_prints_rfc3339() {
        let moment = Timestamp::from_rfc3339("2024-03-20T05:00:00.250-05:00").unwrap();
        assert_eq!(moment.as_millis(), 1_710_928_800_250);
        assert_eq!(moment.to_string(), "2024-03-20T10:00:00.250Z");
        assert_eq!(moment.day(), "2024-03-20");
        assert_eq!(Timestamp::from_rfc3339("20 de marzo"), None);
    }

    #[test]
    fn differences_do_not_go_below_zero() {
        let (early, late) = (Timestamp::from_seconds(1), Timestamp::from_seconds(3));
        assert_eq!(late.since(early), Duration::from_secs(2));
        assert_eq!(early.since(late), Duration::ZERO);
    }
}
