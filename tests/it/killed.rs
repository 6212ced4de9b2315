//! The real consumer binary, killed while its writes are on their way.
//!
//! It runs under a small Runtime API, on a DynamoDB in process, behind a proxy that can hold a
//! call back.

use std::path::Path;
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use acuse_aws::system::SystemClock;
use acuse_cli::local;
use acuse_core::clock::Clock;
use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::Response;
use tokio::net::TcpListener;
use tokio::process::{Child, Command};
use tokio::sync::{Mutex, Notify, mpsc};

use crate::ledger::Tables;

/// How long an invocation may take; a lease ends a second later.
const INVOCATION: Duration = Duration::from_secs(8);

/// DynamoDB behind a door that can be shut before transactions; and a bus that takes all.
#[derive(Clone)]
struct Proxy {
    dynamodb: String,
    client: reqwest::Client,
    shut: Arc<Mutex<bool>>,
    held: Arc<Notify>,
}

async fn forward(State(proxy): State<Proxy>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let target = parts
        .headers
        .get("x-amz-target")
        .and_then(|target| target.to_str().ok())
        .unwrap_or_default();
    if target.ends_with("TransactWriteItems") && *proxy.shut.lock().await {
        proxy.held.notify_one();
        std::future::pending::<()>().await;
    }
    if target.ends_with("PutEvents") {
        return Response::new(Body::from(r#"{"FailedEntryCount":0,"Entries":[{"EventId":"1"}]}"#));
    }
    let body = axum::body::to_bytes(body, usize::MAX).await.unwrap();
    let answer = proxy
        .client
        .post(&proxy.dynamodb)
        .headers(parts.headers)
        .body(body)
        .send()
        .await
        .unwrap();
    let (status, headers) = (answer.status(), answer.headers().clone());
    let mut response = Response::new(Body::from(answer.bytes().await.unwrap()));
    (*response.status_mut(), *response.headers_mut()) = (status, headers);
    response
}

/// Lambda's Runtime API: gives one event, and takes the answer.
#[derive(Clone)]
struct Runtime {
    event: Arc<Mutex<Option<Bytes>>>,
    answers: mpsc::UnboundedSender<Bytes>,
}

async fn runtime(State(runtime): State<Runtime>, request: Request) -> Response {
    if request.uri().path().ends_with("/invocation/next") {
        let Some(event) = runtime.event.lock().await.take() else {
            return std::future::pending().await;
        };
        let deadline = SystemClock.now().plus(INVOCATION).as_millis();
        return Response::builder()
            .header("Lambda-Runtime-Aws-Request-Id", "8476a536-e9f4-11e8-9739-2dfe598c3fcd")
            .header("Lambda-Runtime-Deadline-Ms", deadline.to_string())
            .header(
                "Lambda-Runtime-Invoked-Function-Arn",
                "arn:aws:lambda:us-east-1:123456789012:function:consumer",
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

async fn serve(router: Router) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
    address
}

/// Starts a consumer with one event to consume. It publishes where there is a `bus`: then it
/// has a hook with an effect outside, and claims events.
async fn consumer(binary: &Path, aws: &str, bus: Option<&str>) -> (Child, mpsc::UnboundedReceiver<Bytes>) {
    let event = std::fs::read(concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/invoke/consumer.json")).unwrap();
    let (answers, answered) = mpsc::unbounded_channel();
    let event = Arc::new(Mutex::new(Some(Bytes::from(event))));
    let api = serve(Router::new().fallback(runtime).with_state(Runtime { event, answers })).await;
    let child = Command::new(binary)
        .env_clear()
        .envs([
            ("AWS_LAMBDA_RUNTIME_API", api.as_str()),
            ("AWS_LAMBDA_FUNCTION_NAME", "consumer"),
            ("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST"),
            ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "256"),
            ("AWS_LAMBDA_LOG_GROUP_NAME", "group"),
            ("AWS_LAMBDA_LOG_STREAM_NAME", "stream"),
            ("AWS_REGION", "us-east-1"),
            ("AWS_ACCESS_KEY_ID", "test"),
            ("AWS_SECRET_ACCESS_KEY", "test"),
            ("AWS_ENDPOINT_URL", aws),
            ("EVENT_QUEUE_URL", "http://127.0.0.1:9/none"),
            ("DEAD_LETTER_QUEUE_URL", "http://127.0.0.1:9/none"),
            ("LEDGER_TABLE", "ledger"),
            ("PAYMENTS_TABLE", "effects"),
            ("RETENTION_DAYS", "36500"),
        ])
        .envs(bus.map(|bus| ("EVENT_BUS_NAME", bus)))
        .stdout(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    (child, answered)
}

/// Tables, a shut door before them, and its address.
async fn behind_a_shut_door() -> (Tables, Proxy, String) {
    let tables = Tables::create().await;
    let proxy = Proxy {
        dynamodb: tables.endpoint.clone(),
        client: reqwest::Client::new(),
        shut: Arc::new(Mutex::new(true)),
        held: Arc::default(),
    };
    let address = serve(Router::new().fallback(forward).with_state(proxy.clone())).await;
    (tables, proxy, format!("http://{address}"))
}

const PARTITION: &str = "kuenta#live#payment#pmt_789";
const PAYMENT: &str = "kuenta#live#pmt_789";
const DONE: &[u8] = br#"{"batchItemFailures":[]}"#;

#[tokio::test(flavor = "multi_thread")]
async fn a_consumer_killed_between_claim_and_completion_loses_and_doubles_nothing() {
    let binary = local::function_binary("consumer").await.unwrap();
    let (tables, proxy, aws) = behind_a_shut_door().await;

    // Claimed, and about to record its first hook: killed.
    let (mut first, _) = consumer(&binary, &aws, Some("bus")).await;
    proxy.held.notified().await;
    first.kill().await.unwrap();
    let claimed_at = SystemClock.now();
    let record = tables.only_record(PARTITION).await;
    assert_eq!((record.status, record.attempts), ("IN_PROGRESS", 1));
    *proxy.shut.lock().await = false;

    // SQS delivers the message again: too early while the lease runs, …
    let (_child, mut answered) = consumer(&binary, &aws, Some("bus")).await;
    let answer = answered.recv().await.unwrap();
    assert!(
        answer.ends_with(br#"[{"itemIdentifier":"059f36b4-87a3-44ab-83d2-661975830a7d"}]}"#),
        "{answer:?}"
    );
    // … and again when it is over.
    let over = claimed_at.plus(INVOCATION + Duration::from_secs(1));
    SystemClock.sleep(over.since(SystemClock.now())).await;
    let (_child, mut answered) = consumer(&binary, &aws, Some("bus")).await;
    assert_eq!(answered.recv().await.unwrap(), DONE);

    let record = tables.only_record(PARTITION).await;
    assert_eq!((record.status, record.attempts), ("COMPLETED", 2));
    assert_eq!(tables.applied(PAYMENT).await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_consumer_killed_before_it_settles_leaves_nothing_to_wait_for() {
    let binary = local::function_binary("consumer").await.unwrap();
    let (tables, proxy, aws) = behind_a_shut_door().await;

    let (mut first, _) = consumer(&binary, &aws, None).await;
    proxy.held.notified().await;
    first.kill().await.unwrap();
    assert_eq!(tables.records(PARTITION).await.len(), 0, "no lease");
    *proxy.shut.lock().await = false;

    for duplicates in [0, 1] {
        let (_child, mut answered) = consumer(&binary, &aws, None).await;
        assert_eq!(answered.recv().await.unwrap(), DONE);
        let record = tables.only_record(PARTITION).await;
        assert_eq!((record.status, record.attempts), ("COMPLETED", 1));
        assert_eq!(record.duplicates, duplicates);
        assert_eq!(tables.applied(PAYMENT).await, 1);
    }
}
