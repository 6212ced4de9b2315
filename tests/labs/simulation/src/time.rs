//! Steps of ten milliseconds.

use std::time::Duration;

/// Steps since the begin. 32 bits are more than a year.
pub type Tick = u32;

/// Steps in a second.
pub const SECOND: Tick = 100;

/// Steps in a minute.
pub const MINUTE: Tick = 60 * SECOND;

/// Steps in a day.
pub const DAY: Tick = 24 * 60 * MINUTE;

/// Whole steps in so many milliseconds, and at least one.
pub fn ticks(milliseconds: f64) -> Tick {
    ((milliseconds / 10.0).round() as Tick).max(1)
}

/// A time between two steps, as the consumer measures it.
pub fn duration(from: Tick, to: Tick) -> Duration {
    Duration::from_millis(10 * u64::from(to.saturating_sub(from)))
}

/// Whole steps in a wait, and at least one.
pub fn steps(wait: Duration) -> Tick {
    Tick::try_from(wait.as_millis() / 10).unwrap_or(Tick::MAX).max(1)
}

/// Seconds between two steps.
pub fn seconds(from: Tick, to: Tick) -> f64 {
    f64::from(to.saturating_sub(from)) / f64::from(SECOND)
}
