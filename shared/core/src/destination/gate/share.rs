//! How many invocations a destination may keep waiting.
//!
//! The function that delivers has so many invocations at a time for all destinations, and each lasts as long as the slowest
//! of its requests. Without a share, a destination that hangs or is slow has all of them wait for it within a moment, and
//! nobody gets anything for that long.

use std::time::Duration;

use super::Gate;
use crate::clock::Timestamp;

/// An invocation that waits for as long as this waits for a slow destination.
pub const SLOW: Duration = Duration::from_secs(2);

impl Gate {
    /// Whether so many of the function's `invocations` call the destination at `now` that no other may: half of them, or a
    /// fifth once it has turned out to be slow. One always may.
    pub fn is_crowded(&self, invocations: u32, now: Timestamp) -> bool {
        let share = if self.slow { 5 } else { 2 };
        let most = usize::try_from((invocations / share).max(1)).unwrap_or(usize::MAX);
        let running = |until_ms| Timestamp::from_millis(until_ms) > now;
        let calling = self.leases.iter().filter(|lease| running(lease.until_ms));
        calling.count() >= most
    }
}
