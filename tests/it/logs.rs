//! The functions' logs, which have what it takes to find a delivery and nothing of its content.

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
use crate::runtime::{REQUEST, SHIPPED_CONSUMER, TRACE, serve, start};

const SIGNATURE: &str = "6364337e1d2d294028f2306f57f7ec9668ef757383116d2a458b3b7450376964";
/// The part of [`TRACE`] that is logged.
const TRACE_ID: &str = "1-65a1b2c3-0123456789abcdef01234567";
const FORGED: &str = "1111111111111111111111111111111111111111111111111111111111111111";

/// Signatures, secrets, and parts of the body, plain and in base64: none of these may be logged.
const SENSITIVE: [&str; 6] = [
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

/// A Secrets Manager with the local secret, for two accounts, and an SQS that accepts everything.
async fn aws(request: Request) -> (StatusCode, String) {
    let target = request.headers()["x-amz-target"].to_str().unwrap().to_owned();
    let body = axum::body::to_bytes(request.into_body(), usize::MAX).await.unwrap();
    let asked: Value = serde_json::from_slice(&body).unwrap();
    let answer = match target.as_str() {
        "secretsmanager.GetSecretValue" if asked["VersionStage"] == "AWSCURRENT" => {
            let own = sample::local_secret(&kuenta::PROVIDER);
            json!({"SecretString": json!({"accounts": {"default": own, "second": own}}).to_string()})
        }
        "secretsmanager.GetSecretValue" => {
            let none = json!({"__type": "ResourceNotFoundException"});
            return (StatusCode::BAD_REQUEST, none.to_string());
        }
        _ => json!({"MessageId": "1", "MD5OfMessageBody": "1"}),
    };
    (StatusCode::OK, answer.to_string())
}

/// Everything that a function prints while it processes `events`.
async fn output(name: &str, aws: &str, level: &str, events: impl Into<VecDeque<Bytes>>) -> String {
    let binary = match name {
        "consumer" => SHIPPED_CONSUMER.into(),
        _ => local::function_binary(name).await.unwrap(),
    };
    let events = events.into();
    let answers = events.len();
    let variables = [
        ("AWS_LAMBDA_LOG_LEVEL", level),
        ("ACCOUNT_METRICS", "true"),
        // A stack's, with a name of usual length.
        ("METRICS_NAMESPACE", "Acuse/payments"),
    ];
    let (mut child, mut answered) = start(&binary, aws, events, variables, Stdio::piped()).await;
    let mut stdout = child.stdout.take().unwrap();
    let reading = tokio::spawn(async move {
        let mut text = String::new();
        stdout.read_to_string(&mut text).await.unwrap();
        text
    });
    for _ in 0..answers {
        answered.recv().await.unwrap();
    }
    child.kill().await.unwrap();
    reading.await.unwrap()
}

async fn verifier(level: &str) -> String {
    let aws = format!("http://{}", serve(Router::new().fallback(aws)).await);
    let genuine = fixture("kuenta");
    let forged = genuine.replace(SIGNATURE, FORGED);
    output("kuenta", &aws, level, [genuine.into(), forged.into()]).await
}

async fn consumer(level: &str) -> String {
    let tables = Tables::create().await;
    let mut batch: Value = serde_json::from_str(&fixture("consumer")).unwrap();
    batch["Records"][0]["attributes"]["AWSTraceHeader"] = TRACE.into();
    output("consumer", &tables.endpoint, level, [batch.to_string().into()]).await
}

/// The log lines with this message.
fn lines(text: &str, message: &str) -> Vec<Value> {
    let lines = text.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    lines.filter(|line| line["message"] == message).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn no_level_shows_a_body_a_signature_or_a_secret() {
    for level in ["INFO", "TRACE"] {
        for text in [verifier(level).await, consumer(level).await] {
            assert!(!text.is_empty());
            for sensitive in SENSITIVE {
                let line = text.lines().find(|line| line.contains(sensitive));
                assert_eq!(line, None, "{sensitive} at level {level}");
            }
        }
    }
}

/// A Secrets Manager whose current version has an unknown field, and whose previous version is valid.
async fn aws_with_invalid_secret(request: Request) -> (StatusCode, String) {
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
async fn an_invalid_secret_is_logged_with_its_error_and_without_its_values() {
    let aws = format!(
        "http://{}",
        serve(Router::new().fallback(aws_with_invalid_secret)).await
    );
    let text = output("kuenta", &aws, "INFO", [fixture("kuenta").into()]).await;
    let logged = lines(&text, "the current secret is invalid; only the previous one is used");
    assert_eq!(logged[0]["level"], "ERROR");
    assert_eq!(logged[0]["provider"], "kuenta");
    let error = logged[0]["error"].as_str().unwrap();
    assert!(
        error.starts_with("the secret of `kuenta` has an unknown field: `tokens`"),
        "{error}"
    );
    assert_eq!(lines(&text, "delivery queued").len(), 1, "{text}");
    assert!(!text.contains("hunter2"));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_verifier_and_the_consumer_log_a_line_each_with_the_same_trace() {
    let verifier = verifier("INFO").await;
    let queued = lines(&verifier, "delivery queued");
    assert_eq!(queued.len(), 1, "{verifier}");
    assert_eq!(queued[0]["xrayTraceId"], TRACE_ID);
    assert_eq!(queued[0]["requestId"], Value::Null);
    assert!(queued[0]["delivery_id"].is_string());
    assert_eq!(
        (&queued[0]["Outcome"], &queued[0]["Deliveries"]),
        (&json!("queued"), &json!(1))
    );
    let refused = lines(&verifier, "delivery refused");
    assert_eq!(refused.len(), 1, "{verifier}");
    assert!(
        refused[0]["headers"].to_string().contains("x-kuenta-signature"),
        "{refused:?}"
    );
    // What became of it is a line of its own, with the same ids.
    let outcome = metrics(&verifier)
        .into_iter()
        .find(|line| line["Outcome"] == "signature")
        .unwrap();
    assert_eq!(outcome["delivery_id"], refused[0]["delivery_id"]);
    assert_eq!([&outcome["requestId"], &refused[0]["requestId"]], [REQUEST; 2]);
    assert_eq!(
        (&outcome["Quarantined"], &outcome["message"]),
        (&json!(1), &Value::Null)
    );

    let consumer = consumer("INFO").await;
    let completed = lines(&consumer, "event completed");
    assert_eq!(completed.len(), 1, "{consumer}");
    assert_eq!(completed[0]["xrayTraceId"], TRACE_ID);
    assert_eq!(
        (&completed[0]["Outcome"], &completed[0]["Hook"]),
        (&json!("completed"), &json!("payments"))
    );
    for metric in ["Events", "QueueLatency", "EndToEndLatency", "HookDuration"] {
        assert!(completed[0][metric].is_number(), "{metric} in {consumer}");
    }
    assert_eq!(metrics(&consumer).len(), 1, "{consumer}");
    assert_eq!(completed[0]["delivery_id"], "018e5bb6-8d80-7707-8707-070707070707");
}

/// What docs/cost.md reckons with, in bytes. Each is one line, and has no trace unless X-Ray records it.
#[tokio::test(flavor = "multi_thread")]
async fn a_delivery_that_goes_well_is_a_short_line_in_each_half() {
    let trace = format!(r#","xrayTraceId":"{TRACE_ID}""#);
    for (text, message, most) in [
        (verifier("INFO").await, "delivery queued", 385),
        // The fixture is of years ago: its two latencies have eight digits more than usual each.
        (consumer("INFO").await, "event completed", 785 + 16),
    ] {
        let line = text.lines().find(|line| line.contains(message)).unwrap();
        let length = line.replace(&trace, "").len() + 1;
        println!("{length} bytes: {line}");
        assert!(length <= most, "{length} bytes: {line}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn metrics_are_written_at_every_level() {
    for level in ["INFO", "ERROR"] {
        let text = verifier(level).await;
        let metrics = metrics(&text);
        assert!(!metrics.is_empty(), "{text}");
        // Lambda drops lines below the function's level, and takes a line without a level as INFO.
        assert!(
            metrics
                .iter()
                .all(|line| line["level"] == level && line["timestamp"].is_string()),
            "{text}"
        );
    }
}

fn metrics(text: &str) -> Vec<Value> {
    let lines = text.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    lines.filter(|line| line.get("_aws").is_some()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn another_account_is_counted_beside_its_provider() {
    let aws = format!("http://{}", serve(Router::new().fallback(aws)).await);
    let mut event: Value = serde_json::from_str(&fixture("kuenta")).unwrap();
    event["pathParameters"] = json!({"proxy": "second"});
    let text = output("kuenta", &aws, "INFO", [event.to_string().into()]).await;
    let queued = &lines(&text, "delivery queued")[0];
    let directives = queued["_aws"]["CloudWatchMetrics"].as_array().unwrap();
    let dimensions: Vec<_> = directives.iter().map(|directive| &directive["Dimensions"]).collect();
    let expected = [
        json!([["Provider", "Outcome"]]),
        json!([["Provider", "Account", "Outcome"]]),
    ];
    assert_eq!(dimensions, expected.each_ref());
    assert_eq!(
        (&queued["Account"], &queued["Deliveries"]),
        (&json!("second"), &json!(1))
    );
    assert_eq!(queued["account"], "second");
}
