//! Steps of ten milliseconds.

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

/// Seconds between two steps.
pub fn seconds(from: Tick, to: Tick) -> f64 {
    f64::from(to.saturating_sub(from)) / f64::from(SECOND)
}
