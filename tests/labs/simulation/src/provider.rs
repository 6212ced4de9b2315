//! What a provider does with a delivery that was not answered 200.
//!
//! UnoPago's guide: twenty exponential retries, then the webhook is switched off. It does not say which waits:
//! those of a common sender are assumed, 10ⁿ seconds and at most 100,000
//! (<https://github.com/spatie/laravel-webhook-server>, `ExponentialBackoffStrategy`).

use std::collections::BTreeMap;

use crate::time::{SECOND, Tick};

/// A delivery is sent this often again.
pub const RETRIES: u32 = 20;

/// Deliveries that wait to be sent again.
#[derive(Default)]
pub struct Provider {
    waiting: BTreeMap<Tick, Vec<Attempt>>,
    /// Deliveries after whose last retry the webhook is switched off.
    pub given_up: u64,
}

/// Deliveries that are sent at once for the same time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Attempt {
    /// 0 is the first.
    pub retry: u32,
    /// How many.
    pub deliveries: u32,
}

impl Provider {
    /// These were refused or failed: they come again, or are given up.
    pub fn refused(&mut self, attempt: Attempt, now: Tick) {
        if attempt.deliveries == 0 {
            return;
        }
        if attempt.retry == RETRIES {
            self.given_up += u64::from(attempt.deliveries);
            return;
        }
        let retry = attempt.retry + 1;
        self.waiting
            .entry(now + wait(retry))
            .or_default()
            .push(Attempt { retry, ..attempt });
    }

    /// Those whose time has come.
    pub fn due(&mut self, now: Tick) -> Vec<Attempt> {
        let mut due = Vec::new();
        while let Some(first) = self.waiting.first_entry().filter(|first| *first.key() <= now) {
            due.extend(first.remove());
        }
        due
    }

    /// When the next is sent.
    pub fn next(&self) -> Option<Tick> {
        self.waiting.keys().next().copied()
    }

    /// How many wait.
    pub fn waiting(&self) -> u64 {
        self.waiting
            .values()
            .flatten()
            .map(|attempt| u64::from(attempt.deliveries))
            .sum()
    }
}

/// How long before the `retry`th retry.
pub fn wait(retry: u32) -> Tick {
    10_u32.saturating_pow(retry).min(100_000) * SECOND
}
