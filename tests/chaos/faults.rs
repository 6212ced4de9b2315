//! Random faults between the functions and AWS: calls are throttled, failed, dropped and delayed.

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::Duration;

use acuse_tests::proxy::{Aws, Call, Interceptor, error, hang_up};
use axum::http::StatusCode;
use axum::response::Response;

/// One call in this many meets a fault.
const ONE_IN: u32 = 8;

/// Injects faults while it is told to.
pub(super) struct Faults {
    injecting: AtomicBool,
    random: Mutex<fastrand::Rng>,
    counts: Counts,
}

/// How many faults of each kind were injected.
#[derive(Debug, Default)]
pub(super) struct Counts {
    throttled: AtomicU32,
    failed: AtomicU32,
    dropped: AtomicU32,
    /// AWS did the work, and its answer was lost.
    unanswered: AtomicU32,
    delayed: AtomicU32,
}

impl Counts {
    pub(super) fn total(&self) -> u32 {
        let all = [
            &self.throttled,
            &self.failed,
            &self.dropped,
            &self.unanswered,
            &self.delayed,
        ];
        all.into_iter().map(|count| count.load(Ordering::Relaxed)).sum()
    }
}

impl Faults {
    pub(super) fn new(random: fastrand::Rng) -> Self {
        Self {
            injecting: AtomicBool::new(false),
            random: Mutex::new(random),
            counts: Counts::default(),
        }
    }

    pub(super) fn inject(&self, on: bool) {
        self.injecting.store(on, Ordering::Relaxed);
    }

    pub(super) fn counts(&self) -> &Counts {
        &self.counts
    }
}

impl Interceptor for Faults {
    async fn intercept(&self, call: Call, aws: &Aws) -> Response {
        let draw = |of: u32| self.random.lock().unwrap().u32(0..of);
        let fault = (self.injecting.load(Ordering::Relaxed) && draw(ONE_IN) == 0).then(|| draw(5));
        let count = |counter: &AtomicU32| counter.fetch_add(1, Ordering::Relaxed);
        match fault {
            Some(0) => {
                count(&self.counts.throttled);
                error(StatusCode::BAD_REQUEST, "ThrottlingException")
            }
            Some(1) => {
                count(&self.counts.failed);
                error(StatusCode::INTERNAL_SERVER_ERROR, "InternalServerError")
            }
            Some(2) => {
                count(&self.counts.dropped);
                hang_up()
            }
            Some(3) => {
                count(&self.counts.unanswered);
                aws.forward(call).await;
                hang_up()
            }
            Some(_) => {
                count(&self.counts.delayed);
                let delay = u64::from(draw(2500));
                tokio::time::sleep(Duration::from_millis(delay)).await;
                aws.forward(call).await
            }
            None => aws.forward(call).await,
        }
    }
}
