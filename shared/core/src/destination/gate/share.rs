//! How many invocations a slow destination may keep waiting.
//!
//! The function that delivers has so many invocations at a time for all destinations, and each lasts as long as the slowest
//! of its requests. Without a share, a destination that is slow has more and more of them wait for it, and nobody gets
//! anything.

use std::time::Duration;

use super::Gate;
use crate::clock::Timestamp;

/// A destination whose request takes this long is slow.
pub const SLOW: Duration = Duration::from_secs(2);

impl Gate {
    /// Notes how long the longest of a function's requests took.
    pub fn took(&mut self, longest: Duration) {
        self.slow = longest >= SLOW;
    }

    /// Whether a fifth of the function's `invocations` wait for the destination at `now`, though it is slow, so that no
    /// other may call it. Until its first answer, it is slow as soon as that many have waited for [`SLOW`]. One may always
    /// call.
    pub fn is_crowded(&self, invocations: u32, now: Timestamp) -> bool {
        let share = usize::try_from((invocations / 5).max(1)).unwrap_or(usize::MAX);
        let at = Timestamp::from_millis;
        let running = self.leases.iter().filter(|lease| at(lease.until_ms) > now);
        let waiting = running.filter(|lease| self.slow || now.since(at(lease.since_ms)) >= SLOW);
        waiting.count() >= share
    }
}
