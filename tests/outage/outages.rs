//! Which calls to AWS fail, and how.

use std::sync::Mutex;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use acuse_tests::proxy::{Aws, Call, Interceptor, error, hang_up};
use axum::body::Body;
use axum::http::StatusCode;
use axum::response::Response;

/// Longer than the SDK waits for an answer.
const SLOW: Duration = Duration::from_millis(1800);

/// How a call fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Failure {
    /// The connection breaks.
    Unreachable,
    /// Throttled; a transaction is cancelled with that reason.
    Throttled,
    Denied,
    /// AWS does the work long after the caller has given up.
    Slow,
}

/// Fails the calls whose target starts with `target` and whose body contains `body`.
#[derive(Debug, Clone, Copy)]
pub(super) struct Outage {
    pub(super) target: &'static str,
    pub(super) body: &'static str,
    pub(super) failure: Failure,
}

/// The outages of the moment. Other calls are forwarded.
#[derive(Default)]
pub(super) struct Outages {
    current: Mutex<Vec<Outage>>,
    failed: AtomicU32,
}

impl Outages {
    /// Replaces the current outages.
    pub(super) fn set(&self, outages: &[Outage]) {
        *self.current.lock().unwrap() = outages.to_vec();
    }

    /// How many calls have failed since the last time this was called.
    pub(super) fn take_failed(&self) -> u32 {
        self.failed.swap(0, Ordering::SeqCst)
    }

    fn failure(&self, call: &Call) -> Option<Failure> {
        let (target, body) = (call.header("x-amz-target"), String::from_utf8_lossy(&call.body));
        let current = self.current.lock().unwrap();
        let mut current = current.iter();
        let hit = current.find(|outage| target.starts_with(outage.target) && body.contains(outage.body));
        hit.map(|outage| outage.failure)
    }
}

impl Interceptor for Outages {
    async fn intercept(&self, call: Call, aws: &Aws) -> Response {
        let Some(failure) = self.failure(&call) else {
            return aws.forward(call).await;
        };
        self.failed.fetch_add(1, Ordering::SeqCst);
        match failure {
            Failure::Unreachable => hang_up(),
            Failure::Throttled if call.header("x-amz-target").ends_with("TransactWriteItems") => {
                throttled_transaction()
            }
            Failure::Throttled => error(StatusCode::BAD_REQUEST, "ThrottlingException"),
            Failure::Denied => error(StatusCode::BAD_REQUEST, "AccessDeniedException"),
            Failure::Slow => {
                tokio::time::sleep(SLOW).await;
                aws.forward(call).await
            }
        }
    }
}

fn throttled_transaction() -> Response {
    let name = "com.amazonaws.dynamodb.v20120810#TransactionCanceledException";
    let reasons = r#"[{"Code":"ThrottlingError","Message":"injected"},{"Code":"None"}]"#;
    let body = format!(r#"{{"__type":"{name}","Message":"injected","CancellationReasons":{reasons}}}"#);
    Response::builder()
        .status(StatusCode::BAD_REQUEST)
        .header("content-type", "application/x-amz-json-1.0")
        .body(Body::from(body))
        .unwrap()
}
