//! Runs the real binaries under a small Runtime API.

use std::collections::VecDeque;
use std::path::Path;
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use acuse_aws::system::SystemClock;
use acuse_core::clock::Clock;
use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::Response;
use tokio::net::TcpListener;
use tokio::process::{Child, Command};
use tokio::sync::{Mutex, mpsc};

/// An invocation's time limit. A lease ends a second later.
pub(crate) const INVOCATION: Duration = Duration::from_secs(8);

/// The id of every invocation.
pub(crate) const REQUEST: &str = "8476a536-e9f4-11e8-9739-2dfe598c3fcd";

/// The trace of every invocation.
pub(crate) const TRACE: &str = "Root=1-65a1b2c3-0123456789abcdef01234567;Parent=0123456789abcdef;Sampled=1";

/// The consumer with the hooks that Acuse ships, and none of the owner's.
pub(crate) const SHIPPED_CONSUMER: &str = env!("CARGO_BIN_EXE_shipped");

/// Lambda's Runtime API, which hands out events one after the other and receives the answers.
#[derive(Clone)]
struct Runtime {
    events: Arc<Mutex<VecDeque<Bytes>>>,
    answers: mpsc::UnboundedSender<Bytes>,
}

async fn runtime(State(runtime): State<Runtime>, request: Request) -> Response {
    if request.uri().path().ends_with("/invocation/next") {
        let Some(event) = runtime.events.lock().await.pop_front() else {
            return std::future::pending().await;
        };
        let deadline = SystemClock.now().plus(INVOCATION).as_millis();
        return Response::builder()
            .header("Lambda-Runtime-Aws-Request-Id", REQUEST)
            .header("Lambda-Runtime-Deadline-Ms", deadline.to_string())
            .header("Lambda-Runtime-Trace-Id", TRACE)
            .header(
                "Lambda-Runtime-Invoked-Function-Arn",
                "arn:aws:lambda:us-east-1:123456789012:function:acuse",
            )
            .body(Body::from(event))
            .unwrap();
    }
    let answer = axum::body::to_bytes(request.into_body(), usize::MAX).await.unwrap();
    runtime.answers.send(answer).unwrap();
    Response::builder()
        .status(StatusCode::ACCEPTED)
        .body(Body::empty())
        .unwrap()
}

/// Serves `router` on a free port, and returns its address.
pub(crate) async fn serve(router: Router) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
    address
}

/// Starts a consumer with one batch. With a `bus` it publishes events: a hook with external side effects, so that
/// it claims events before it calls the hooks.
pub(crate) async fn consumer(
    binary: &Path,
    aws: &str,
    event: Bytes,
    bus: Option<&str>,
) -> (Child, mpsc::UnboundedReceiver<Bytes>) {
    let bus = bus.map(|bus| ("EVENT_BUS_NAME", bus));
    start(binary, aws, [event].into(), bus, Stdio::null()).await
}

/// Starts a function with events to process.
pub(crate) async fn start(
    binary: &Path,
    aws: &str,
    events: VecDeque<Bytes>,
    more: impl IntoIterator<Item = (&str, &str)>,
    stdout: Stdio,
) -> (Child, mpsc::UnboundedReceiver<Bytes>) {
    let (answers, answered) = mpsc::unbounded_channel();
    let events = Arc::new(Mutex::new(events));
    let api = serve(Router::new().fallback(runtime).with_state(Runtime { events, answers })).await;
    let child = Command::new(binary)
        .env_clear()
        .envs([
            ("AWS_LAMBDA_RUNTIME_API", api.as_str()),
            ("AWS_LAMBDA_FUNCTION_NAME", "acuse"),
            ("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST"),
            ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "256"),
            ("AWS_LAMBDA_LOG_GROUP_NAME", "group"),
            ("AWS_LAMBDA_LOG_STREAM_NAME", "stream"),
            ("AWS_REGION", "us-east-1"),
            ("AWS_ACCESS_KEY_ID", "test"),
            ("AWS_SECRET_ACCESS_KEY", "test-access-key"),
            ("AWS_ENDPOINT_URL", aws),
            ("EVENT_QUEUE_URL", "http://127.0.0.1:9/none"),
            ("QUARANTINE_QUEUE_URL", "http://127.0.0.1:9/none"),
            ("DEAD_LETTER_QUEUE_URL", "http://127.0.0.1:9/none"),
            ("KUENTA_SECRET_ID", "kuenta"),
            ("LEDGER_TABLE", "ledger"),
            ("PAYMENTS_TABLE", "effects"),
            ("RETENTION_DAYS", "36500"),
        ])
        .envs(more)
        .stdout(stdout)
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    (child, answered)
}
