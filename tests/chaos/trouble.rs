//! Faults between the functions and AWS: throttles, fails, drops and delays calls.

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::Duration;

use acuse_tests::proxy::{Aws, Between, Call, error, hang_up};
use axum::http::StatusCode;
use axum::response::Response;

/// One call in so many meets a fault.
const ONE_IN: u32 = 8;

/// Strikes while it is told to.
pub(super) struct Trouble {
    striking: AtomicBool,
    random: Mutex<fastrand::Rng>,
    faults: Faults,
}

/// How often each fault has struck.
#[derive(Debug, Default)]
pub(super) struct Faults {
    throttled: AtomicU32,
    failed: AtomicU32,
    dropped: AtomicU32,
    /// The work was done, and the answer lost.
    unanswered: AtomicU32,
    delayed: AtomicU32,
}

impl Faults {
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

impl Trouble {
    pub(super) fn new(random: fastrand::Rng) -> Self {
        Self {
            striking: AtomicBool::new(false),
            random: Mutex::new(random),
            faults: Faults::default(),
        }
    }

    pub(super) fn strike(&self, on: bool) {
        self.striking.store(on, Ordering::Relaxed);
    }

    pub(super) fn faults(&self) -> &Faults {
        &self.faults
    }
}

impl Between for Trouble {
    async fn answer(&self, call: Call, aws: &Aws) -> Response {
        let draw = |of: u32| self.random.lock().unwrap().u32(0..of);
        let fault = match self.striking.load(Ordering::Relaxed) && draw(ONE_IN) == 0 {
            true => draw(5),
            false => u32::MAX,
        };
        let count = |counter: &AtomicU32| counter.fetch_add(1, Ordering::Relaxed);
        match fault {
            0 => {
                count(&self.faults.throttled);
                error(StatusCode::BAD_REQUEST, "ThrottlingException")
            }
            1 => {
                count(&self.faults.failed);
                error(StatusCode::INTERNAL_SERVER_ERROR, "InternalServerError")
            }
            2 => {
                count(&self.faults.dropped);
                hang_up()
            }
            3 => {
                count(&self.faults.unanswered);
                aws.forward(call).await;
                hang_up()
            }
            4 => {
                count(&self.faults.delayed);
                let delay = u64::from(draw(2500));
                tokio::time::sleep(Duration::from_millis(delay)).await;
                aws.forward(call).await
            }
            _ => aws.forward(call).await,
        }
    }
}
