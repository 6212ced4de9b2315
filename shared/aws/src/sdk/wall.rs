//! Measures idle connections by the wall clock.

use std::pin::Pin;
use std::sync::Arc;
use std::time::{Duration, Instant};

use acuse_core::clock::{Clock, Timestamp};
use hyper::rt::{Sleep, Timer};
use hyper_util::rt::TokioTimer;

/// The timer of a connection pool. Between two invocations Lambda freezes the sandbox, including the monotonic clock
/// that timers use: a connection that was idle for minutes would seem to have been idle for milliseconds, although the
/// other end has closed it.
#[derive(Clone)]
pub(super) struct WallTimer {
    clock: Arc<dyn Clock>,
    /// The same moment on both clocks.
    start: (Instant, Timestamp),
}

impl WallTimer {
    pub(super) fn new(clock: Arc<dyn Clock>) -> Self {
        let start = (Instant::now(), clock.now());
        Self { clock, start }
    }
}

impl Timer for WallTimer {
    fn sleep(&self, duration: Duration) -> Pin<Box<dyn Sleep>> {
        TokioTimer::new().sleep(duration)
    }

    /// `deadline` is relative to [`now`](Self::now).
    fn sleep_until(&self, deadline: Instant) -> Pin<Box<dyn Sleep>> {
        self.sleep(deadline.saturating_duration_since(self.now()))
    }

    fn now(&self) -> Instant {
        let (instant, timestamp) = self.start;
        instant + self.clock.now().since(timestamp)
    }
}
