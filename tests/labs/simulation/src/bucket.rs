//! The token bucket: what most quotas of AWS are.

use crate::time::{Tick, seconds};

/// So many a second, and so many at once.
#[derive(Debug, Clone)]
pub struct Bucket {
    rate: f64,
    size: f64,
    tokens: f64,
    at: Tick,
}

impl Bucket {
    /// A full bucket.
    pub fn new(rate: f64, size: f64) -> Self {
        let at = 0;
        Self {
            rate,
            size,
            tokens: size,
            at,
        }
    }

    /// Another rate and size from now on.
    pub fn resize(&mut self, rate: f64, size: f64, now: Tick) {
        self.refill(now);
        (self.rate, self.size) = (rate, size);
    }

    /// Whole tokens that are there.
    pub fn available(&mut self, now: Tick) -> u32 {
        self.refill(now);
        self.tokens.max(0.0) as u32
    }

    /// Takes `wanted` tokens, or as many as there are.
    pub fn take(&mut self, wanted: u32, now: Tick) -> u32 {
        let taken = wanted.min(self.available(now));
        self.tokens -= f64::from(taken);
        taken
    }

    /// Whether nothing can be borrowed.
    pub fn is_empty(&mut self, now: Tick) -> bool {
        self.refill(now);
        self.tokens <= 0.0
    }

    /// Takes `cost` where there is anything at all: what is too much is paid back before the next one.
    pub fn borrow(&mut self, cost: f64, now: Tick) -> bool {
        let may = !self.is_empty(now);
        if may {
            self.tokens -= cost;
        }
        may
    }

    fn refill(&mut self, now: Tick) {
        self.tokens = (self.tokens + self.rate * seconds(self.at, now)).min(self.size);
        self.at = now;
    }
}
