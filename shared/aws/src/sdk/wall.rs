//! Idle connections by the wall clock.

use std::pin::Pin;
use std::sync::Arc;
use std::time::{Duration, Instant};

use acuse_core::clock::{Clock, Timestamp};
use hyper::rt::{Sleep, Timer};
use hyper_util::rt::TokioTimer;

/// A timer for a pool of connections. Between two invocations Lambda freezes the sandbox, and with it the
/// monotonic clock that timers go by: a connection that is minutes old would seem to have been idle for
/// milliseconds, while the other end has closed it long ago.
#[derive(Clone)]
pub(super) struct WallTimer {
    clock: Arc<dyn Clock>,
    /// One moment by both clocks.
    begun: (Instant, Timestamp),
}

impl WallTimer {
    pub(super) fn new(clock: Arc<dyn Clock>) -> Self {
        let begun = (Instant::now(), clock.now());
        Self { clock, begun }
    }
}

impl Timer for WallTimer {
    fn sleep(&self, duration: Duration) -> Pin<Box<dyn Sleep>> {
        TokioTimer::new().sleep(duration)
    }

    /// `deadline` is one of [`now`](Self::now)'s.
    fn sleep_until(&self, deadline: Instant) -> Pin<Box<dyn Sleep>> {
        self.sleep(deadline.saturating_duration_since(self.now()))
    }

    fn now(&self) -> Instant {
        let (instant, timestamp) = self.begun;
        instant + self.clock.now().since(timestamp)
    }
}
