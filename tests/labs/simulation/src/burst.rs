//! When deliveries arrive: after a long silence, for a while, at random.

use crate::time::{Tick, seconds};

/// A Poisson process: the gaps between deliveries are exponential, as of senders that know nothing of one another.
pub struct Burst {
    random: fastrand::Rng,
    rate: f64,
    end: f64,
    next: f64,
}

impl Burst {
    /// `rate` deliveries a second until `end`.
    pub fn new(seed: u64, rate: f64, end: Tick) -> Self {
        let mut burst = Self {
            random: fastrand::Rng::with_seed(seed),
            rate,
            end: seconds(0, end),
            next: 0.0,
        };
        burst.next = burst.gap();
        burst
    }

    /// How many arrive before the end of this step that did not arrive before.
    pub fn arrivals(&mut self, now: Tick) -> u32 {
        let until = seconds(0, now + 1).min(self.end);
        let mut arrived = 0;
        while self.next < until {
            arrived += 1;
            self.next += self.gap();
        }
        arrived
    }

    /// Whether no more come.
    pub fn over(&self) -> bool {
        self.next >= self.end
    }

    fn gap(&mut self) -> f64 {
        -(1.0 - self.random.f64()).ln() / self.rate
    }
}
