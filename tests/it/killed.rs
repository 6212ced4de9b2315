//! The real consumer binary, killed while its writes are on their way.
//!
//! It runs under a small Runtime API, with a DynamoDB in process behind a proxy that can stop a call.

use std::sync::Arc;
use std::time::Duration;

use acuse_aws::system::SystemClock;
use acuse_core::clock::Clock;
use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{Request, State};
use axum::response::Response;
use tokio::sync::{Mutex, Notify};

use crate::ledger::Tables;
use crate::runtime::{INVOCATION, SHIPPED_CONSUMER, consumer, serve};

/// DynamoDB and an event bus, behind a gate that can be shut to one operation.
#[derive(Clone)]
struct Proxy {
    dynamodb: String,
    client: reqwest::Client,
    shut: Arc<Mutex<Option<&'static str>>>,
    stopped: Arc<Notify>,
}

async fn forward(State(proxy): State<Proxy>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let target = parts
        .headers
        .get("x-amz-target")
        .and_then(|target| target.to_str().ok())
        .unwrap_or_default();
    if proxy
        .shut
        .lock()
        .await
        .is_some_and(|operation| target.ends_with(operation))
    {
        proxy.stopped.notify_one();
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

/// Tables behind a gate that is shut to `operation`, and the address of the gate.
async fn behind_a_gate_shut_to(operation: &'static str) -> (Tables, Proxy, String) {
    let tables = Tables::create().await;
    let proxy = Proxy {
        dynamodb: tables.endpoint.clone(),
        client: acuse_cli::http::client().unwrap(),
        shut: Arc::new(Mutex::new(Some(operation))),
        stopped: Arc::default(),
    };
    let address = serve(Router::new().fallback(forward).with_state(proxy.clone())).await;
    (tables, proxy, format!("http://{address}"))
}

fn event() -> Bytes {
    let event = std::fs::read(concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/invoke/consumer.json"));
    event.unwrap().into()
}

const PARTITION: &str = "kuenta#live#payment#pmt_789";
const DONE: &[u8] = br#"{"batchItemFailures":[]}"#;

#[tokio::test(flavor = "multi_thread")]
async fn a_consumer_killed_before_a_side_effect_loses_and_doubles_nothing() {
    killed_at("PutEvents").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_consumer_killed_before_the_completion_loses_and_doubles_nothing() {
    killed_at("UpdateItem").await;
}

/// The event is claimed, and the writes of `payments` are made, when the consumer dies.
async fn killed_at(operation: &'static str) {
    let binary = SHIPPED_CONSUMER.as_ref();
    let (tables, proxy, aws) = behind_a_gate_shut_to(operation).await;

    let (mut first, _) = consumer(binary, &aws, event(), Some("bus")).await;
    proxy.stopped.notified().await;
    first.kill().await.unwrap();
    let claimed_at = SystemClock.now();
    let record = tables.only_record(PARTITION).await;
    assert_eq!((record.status, record.attempts), ("IN_PROGRESS", 1));
    assert_eq!(record.hooks.keys().collect::<Vec<_>>(), ["payments"]);
    assert_eq!(tables.applied(PARTITION).await, 1);
    *proxy.shut.lock().await = None;

    // SQS delivers the message again while the lease runs, …
    let (_child, mut answered) = consumer(binary, &aws, event(), Some("bus")).await;
    let answer = answered.recv().await.unwrap();
    assert!(
        answer.ends_with(br#"[{"itemIdentifier":"059f36b4-87a3-44ab-83d2-661975830a7d"}]}"#),
        "{answer:?}"
    );
    // … and again after its end.
    let over = claimed_at.plus(INVOCATION + Duration::from_secs(1));
    SystemClock.sleep(over.since(SystemClock.now())).await;
    let (_child, mut answered) = consumer(binary, &aws, event(), Some("bus")).await;
    assert_eq!(answered.recv().await.unwrap(), DONE);

    let record = tables.only_record(PARTITION).await;
    assert_eq!((record.status, record.attempts), ("COMPLETED", 2));
    assert_eq!(record.hooks.len(), 2);
    assert_eq!(tables.applied(PARTITION).await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_consumer_killed_before_its_single_call_leaves_nothing_to_wait_for() {
    let binary = SHIPPED_CONSUMER.as_ref();
    let (tables, proxy, aws) = behind_a_gate_shut_to("TransactWriteItems").await;

    let (mut first, _) = consumer(binary, &aws, event(), None).await;
    proxy.stopped.notified().await;
    first.kill().await.unwrap();
    assert_eq!(tables.records(PARTITION).await.len(), 0, "no lease");
    *proxy.shut.lock().await = None;

    for _ in 0..2 {
        let (_child, mut answered) = consumer(binary, &aws, event(), None).await;
        assert_eq!(answered.recv().await.unwrap(), DONE);
        let record = tables.only_record(PARTITION).await;
        assert_eq!((record.status, record.attempts), ("COMPLETED", 1));
        assert_eq!(record.duplicates, 0, "SQS delivered it twice; nobody sent it twice");
        assert_eq!(tables.applied(PARTITION).await, 1);
    }
}
