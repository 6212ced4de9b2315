//! What is away, and how.

use std::sync::Mutex;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use acuse_tests::proxy::{Aws, Between, Call, error, hang_up};
use axum::body::Body;
use axum::http::StatusCode;
use axum::response::Response;

/// Longer than the SDK waits for an answer.
const SLOW: Duration = Duration::from_millis(1800);

/// How a call fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum How {
    /// The connection breaks.
    Unreachable,
    /// Throttled, transactions by their reasons.
    Throttled,
    Denied,
    /// It is done, long after the caller has given up.
    Slow,
}

/// The calls that fail: their target begins so, and their body holds this.
#[derive(Debug, Clone, Copy)]
pub(super) struct Outage {
    pub(super) target: &'static str,
    pub(super) body: &'static str,
    pub(super) how: How,
}

/// Lets through what is not away.
#[derive(Default)]
pub(super) struct Gate {
    outages: Mutex<Vec<Outage>>,
    failed: AtomicU32,
}

impl Gate {
    /// From now on these are away, and nothing else.
    pub(super) fn away(&self, outages: &[Outage]) {
        *self.outages.lock().unwrap() = outages.to_vec();
    }

    /// How many calls have failed since this was asked last.
    pub(super) fn failed(&self) -> u32 {
        self.failed.swap(0, Ordering::SeqCst)
    }

    fn outage(&self, call: &Call) -> Option<How> {
        let (target, body) = (call.header("x-amz-target"), String::from_utf8_lossy(&call.body));
        let outages = self.outages.lock().unwrap();
        let mut outages = outages.iter();
        let hit = outages.find(|outage| target.starts_with(outage.target) && body.contains(outage.body));
        hit.map(|outage| outage.how)
    }
}

impl Between for Gate {
    async fn answer(&self, call: Call, aws: &Aws) -> Response {
        let Some(how) = self.outage(&call) else {
            return aws.forward(call).await;
        };
        self.failed.fetch_add(1, Ordering::SeqCst);
        match how {
            How::Unreachable => hang_up(),
            How::Throttled if call.header("x-amz-target").ends_with("TransactWriteItems") => throttled_transaction(),
            How::Throttled => error(StatusCode::BAD_REQUEST, "ThrottlingException"),
            How::Denied => error(StatusCode::BAD_REQUEST, "AccessDeniedException"),
            How::Slow => {
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
