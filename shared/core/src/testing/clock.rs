//! A clock that moves only when told to, and dice with given results.

use std::future::{Future, pending, ready};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::time::Duration;

use crate::clock::{Clock, Random, Timestamp};

/// A clock that stands. Its sleeps never end, unless it is [`impatient`](Self::impatient).
#[derive(Debug, Clone)]
pub struct StoppedClock {
    millis: Arc<AtomicI64>,
    impatient: bool,
}

impl StoppedClock {
    /// A clock that stands at `now`.
    pub fn at(now: Timestamp) -> Self {
        Self {
            millis: Arc::new(AtomicI64::new(now.as_millis())),
            impatient: false,
        }
    }

    /// The same clock with sleeps that end at once: whatever is not ready immediately times out.
    #[must_use]
    pub fn impatient(mut self) -> Self {
        self.impatient = true;
        self
    }

    /// Moves the clock on.
    pub fn advance(&self, by: Duration) {
        let millis = i64::try_from(by.as_millis()).unwrap_or(i64::MAX);
        self.millis.fetch_add(millis, Ordering::SeqCst);
    }
}

impl Clock for StoppedClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(self.millis.load(Ordering::SeqCst))
    }

    fn sleep(&self, _duration: Duration) -> Pin<Box<dyn Future<Output = ()> + Send>> {
        if self.impatient {
            Box::pin(ready(()))
        } else {
            Box::pin(pending())
        }
    }
}

/// Dice that always show the same, or count up.
#[derive(Debug, Default)]
pub struct Dice {
    fixed: Option<u128>,
    thrown: AtomicU64,
}

impl Dice {
    /// Always `bits`.
    pub fn fixed(bits: u128) -> Self {
        Self {
            fixed: Some(bits),
            thrown: AtomicU64::new(0),
        }
    }
}

impl Random for Dice {
    fn bits(&self) -> u128 {
        let count = self.thrown.fetch_add(1, Ordering::SeqCst) + 1;
        self.fixed.unwrap_or(u128::from(count))
    }
}
