//! What the functions log: enough to find a delivery, and nothing of what is in it.

use std::collections::VecDeque;
use std::process::Stdio;

use acuse_cli::{local, sample};
use acuse_core::providers::kuenta;
use axum::Router;
use axum::body::Bytes;
use axum::extract::Request;
use axum::http::StatusCode;
use serde_json::{Value, json};
use tokio::io::AsyncReadExt;

use crate::ledger::Tables;
use crate::runtime::{SHIPPED_CONSUMER, TRACE, serve, start};

const SIGNATURE: &str = "6364337e1d2d294028f2306f57f7ec9668ef757383116d2a458b3b7450376964";
const FORGED: &str = "1111111111111111111111111111111111111111111111111111111111111111";

/// What may be in no line: proofs, secrets, and what was in the body, as it is or as it travels.
const SECRET: [&str; 6] = [
    SIGNATURE,
    FORGED,
    "local-kuenta-secret",
    "test-access-key",
    "462500.5",
    "ImNyZWRpdElk",
];

fn fixture(name: &str) -> String {
    std::fs::read_to_string(format!("{}/fixtures/invoke/{name}.json", env!("CARGO_MANIFEST_DIR"))).unwrap()
}

/// Secrets Manager with the local secret, and SQS that takes everything.
async fn aws(request: Request) -> (StatusCode, String) {
    let target = request.headers()["x-amz-target"].to_str().unwrap().to_owned();
    let body = axum::body::to_bytes(request.into_body(), usize::MAX).await.unwrap();
    let asked: Value = serde_json::from_slice(&body).unwrap();
    let answer = match target.as_str() {
        "secretsmanager.GetSecretValue" if asked["VersionStage"] == "AWSCURRENT" => {
            json!({"SecretString": sample::local_secret(&kuenta::PROVIDER).to_string()})
        }
        "secretsmanager.GetSecretValue" => {
            let none = json!({"__type": "ResourceNotFoundException"});
            return (StatusCode::BAD_REQUEST, none.to_string());
        }
        _ => json!({"MessageId": "1", "MD5OfMessageBody": "1"}),
    };
    (StatusCode::OK, answer.to_string())
}

/// All that a function writes while it works through `events`.
async fn written(name: &str, aws: &str, level: &str, events: impl Into<VecDeque<Bytes>>) -> String {
    let binary = match name {
        "consumer" => SHIPPED_CONSUMER.into(),
        _ => local::function_binary(name).await.unwrap(),
    };
    let events = events.into();
    let expected = events.len();
    let level = [("AWS_LAMBDA_LOG_LEVEL", level)];
    let (mut child, mut answered) = start(&binary, aws, events, level, Stdio::piped()).await;
    let mut stdout = child.stdout.take().unwrap();
    let reading = tokio::spawn(async move {
        let mut text = String::new();
        stdout.read_to_string(&mut text).await.unwrap();
        text
    });
    for _ in 0..expected {
        answered.recv().await.unwrap();
    }
    child.kill().await.unwrap();
    reading.await.unwrap()
}

async fn verifier(level: &str) -> String {
    let aws = format!("http://{}", serve(Router::new().fallback(aws)).await);
    let genuine = fixture("kuenta");
    let forged = genuine.replace(SIGNATURE, FORGED);
    written("kuenta", &aws, level, [genuine.into(), forged.into()]).await
}

async fn consumer(level: &str) -> String {
    let tables = Tables::create().await;
    let mut batch: Value = serde_json::from_str(&fixture("consumer")).unwrap();
    batch["Records"][0]["attributes"]["AWSTraceHeader"] = TRACE.into();
    written("consumer", &tables.endpoint, level, [batch.to_string().into()]).await
}

/// The lines with this message.
fn lines(text: &str, message: &str) -> Vec<Value> {
    let lines = text.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    lines.filter(|line| line["message"] == message).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn no_level_shows_a_body_a_signature_or_a_secret() {
    for level in ["INFO", "TRACE"] {
        for text in [verifier(level).await, consumer(level).await] {
            assert!(!text.is_empty());
            for secret in SECRET {
                let line = text.lines().find(|line| line.contains(secret));
                assert_eq!(line, None, "{secret} at level {level}");
            }
        }
    }
}

/// What is stored now has a field too many; the version before is as it should be.
async fn misspelt(request: Request) -> (StatusCode, String) {
    let target = request.headers()["x-amz-target"].to_str().unwrap().to_owned();
    let body = axum::body::to_bytes(request.into_body(), usize::MAX).await.unwrap();
    let asked: Value = serde_json::from_slice(&body).unwrap();
    let answer = match asked["VersionStage"].as_str() {
        Some("AWSCURRENT") => json!({"SecretString": r#"{"signing_secrets":["new"],"tokens":["hunter2"]}"#}),
        _ if target == "secretsmanager.GetSecretValue" => {
            json!({"SecretString": sample::local_secret(&kuenta::PROVIDER).to_string()})
        }
        _ => json!({"MessageId": "1", "MD5OfMessageBody": "1"}),
    };
    (StatusCode::OK, answer.to_string())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_secret_that_can_not_be_used_is_named() {
    let aws = format!("http://{}", serve(Router::new().fallback(misspelt)).await);
    let text = written("kuenta", &aws, "INFO", [fixture("kuenta").into()]).await;
    let named = lines(&text, "the current secret can't be used; the previous one still is");
    assert_eq!(named[0]["level"], "ERROR");
    assert_eq!(named[0]["provider"], "kuenta");
    let error = named[0]["error"].as_str().unwrap();
    assert!(
        error.starts_with("the secret of `kuenta` has a field that no secret has: `tokens`"),
        "{error}"
    );
    assert_eq!(lines(&text, "delivery queued").len(), 1, "{text}");
    assert!(!text.contains("hunter2"));
}

#[tokio::test(flavor = "multi_thread")]
async fn one_line_at_the_door_and_one_at_the_consumer_share_the_trace() {
    let verifier = verifier("INFO").await;
    let queued = lines(&verifier, "delivery queued");
    assert_eq!(queued.len(), 1, "{verifier}");
    assert_eq!(queued[0]["span"]["xrayTraceId"], TRACE);
    assert!(queued[0]["delivery_id"].is_string());
    let refused = lines(&verifier, "delivery refused");
    assert_eq!(refused.len(), 1, "{verifier}");
    assert!(
        refused[0]["headers"].to_string().contains("x-kuenta-signature"),
        "names are said"
    );

    let consumer = consumer("INFO").await;
    let completed = lines(&consumer, "event completed");
    assert_eq!(completed.len(), 1, "{consumer}");
    assert_eq!(completed[0]["span"]["xrayTraceId"], TRACE);
    assert_eq!(completed[0]["delivery_id"], "018e5bb6-8d80-7707-8707-070707070707");
}

#[tokio::test(flavor = "multi_thread")]
async fn metrics_are_written_at_every_level() {
    for level in ["INFO", "ERROR"] {
        let text = verifier(level).await;
        let metrics = text.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
        let metrics: Vec<Value> = metrics.filter(|line| line.get("_aws").is_some()).collect();
        assert!(!metrics.is_empty(), "{text}");
        // Lambda drops what is below its level, and takes a line that names none for INFO.
        assert!(
            metrics
                .iter()
                .all(|line| line["level"] == level && line["timestamp"].is_string()),
            "{text}"
        );
    }
}
