//! Reading the ledger with patience.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use acuse_core::clock::Timestamp;
use axum::http::StatusCode;
use axum::{Json, Router};
use serde_json::json;

use super::*;

/// The SDK makes a call three times if nobody says otherwise.
const THROTTLED: u32 = 3;

#[tokio::test]
async fn a_read_that_is_throttled_again_and_again_is_made_until_it_succeeds() {
    let calls = Arc::new(AtomicU32::new(0));
    let counted = Arc::clone(&calls);
    let router = Router::new().fallback(move || async move {
        let throttled = json!({"__type": "com.amazonaws.dynamodb.v20120810#ProvisionedThroughputExceededException"});
        match counted.fetch_add(1, Ordering::SeqCst) {
            ..THROTTLED => (StatusCode::BAD_REQUEST, Json(throttled)),
            _ => (StatusCode::OK, Json(json!({"Items": []}))),
        }
    });
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, router).await });
    let target = Target {
        sdk: crate::stack::running::sdk(&endpoint),
        name: "acuse".to_owned(),
        local: None,
        outputs: BTreeMap::from([("LedgerTableName".to_owned(), "ledger".to_owned())]),
        parameters: BTreeMap::new(),
    };
    let ledger = target.patient().ledger().unwrap();
    let (from, until) = (Timestamp::from_seconds(1), Timestamp::from_seconds(2));
    let mut walk = ledger.walk_day(["onepay"], None, from, until).await.unwrap();
    assert!(walk.next().await.unwrap().is_empty());
    // The item that says how many shards there are, and four of them.
    assert_eq!(calls.load(Ordering::SeqCst), THROTTLED + 5);
}
