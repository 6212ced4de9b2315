//! The health check, on a healthy stack and on one that needs fixing.

use axum::Json;
use axum::Router;
use axum::routing::get;
use serde_json::{Value, json};

use super::*;

#[tokio::test(flavor = "multi_thread")]
async fn the_doctor_says_what_to_fix() {
    let _queues = lock_both_queues().await;
    let running = stack().await;

    // Kuenta has the stack's URL, with one event missing.
    let url = format!("{}/webhooks/kuenta", running.http);
    let webhook = json!({"id": "wh_1", "url": url, "events": ["payment.completed"]});
    let router = Router::new().route("/v1/webhooks", get(move || async move { Json(json!([webhook])) }));
    let kuenta = serve(router).await;

    let output = acuse(
        &["doctor", "--json", "--organization-id", "org_1", "--base-url", &kuenta],
        "",
    )
    .await;
    let lines: Vec<Value> = String::from_utf8(output.stdout)
        .unwrap()
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let found = |check: &str| {
        lines
            .iter()
            .find(|line| line["check"] == check)
            .unwrap_or_else(|| panic!("{check}: {lines:?}"))
    };
    for provider in acuse_core::providers::ALL {
        assert_eq!(found(&format!("{}: secret", provider.name))["ok"], true, "{lines:?}");
        let delivery = found(&format!("{}: test delivery", provider.name));
        assert_eq!(delivery["ok"], true, "{delivery}");
    }
    let webhook = found("kuenta: webhook");
    assert_eq!(webhook["ok"], false);
    assert!(
        webhook["found"]
            .as_str()
            .unwrap()
            .contains("registered without credit.application.created")
    );
    assert_eq!(output.status.code(), Some(1), "something needs fixing");
    for check in ["functions", "alarms", "alarm mail"] {
        let found = found(check);
        assert_eq!(found["ok"], true, "{found}");
        assert!(found["found"].as_str().unwrap().starts_with("not checked: "), "{found}");
    }

    // Without an organization, Kuenta is not asked.
    let without = acuse(&["doctor", "--json", "--no-delivery"], "").await;
    assert_ne!(without.status.code(), Some(2), "{without:?}");
    assert!(!String::from_utf8_lossy(&without.stdout).contains("kuenta: webhook"));

    // An event that waits for a retry, with its error.
    let provider = &acuse_core::providers::unopago::PROVIDER;
    let local = sample::local_secrets(provider);
    let body = payment(provider);
    let value = acuse_core::json::parse(&body).unwrap();
    let id = (provider.read)(&value).unwrap().resource.unwrap().id;
    assert_eq!(post(provider, &body, &local).await, 200);
    let partition = format!("unopago#live#payment#{id}");
    let wait = async {
        while running.ledger().partition(&partition).await.unwrap().is_empty() {
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    };
    tokio::time::timeout(PATIENCE, wait).await.unwrap();
    let key = running.ledger().partition(&partition).await.unwrap().remove(0).key;
    let reason = "hook `payments`: no such table: `payments-old` (PAYMENTS_TABLE)";
    super::dead_letters::set_record(&key, "RELEASED", reason).await;
    let client = aws_sdk_sqs::Client::new(&running.sdk());
    let waiting = client.send_message().queue_url(&running.outputs["EventQueueUrl"]);
    let waiting = waiting.message_body("waits").delay_seconds(900).send().await.unwrap();
    assert!(waiting.message_id.is_some());
    let retried = printed(&["doctor", "--no-delivery"]).await;
    let expected = format!(
        "1 is being retried: {reason}; the stack's is `{}` (PAYMENTS_TABLE)",
        running.outputs["PaymentsTableName"]
    );
    assert!(retried.contains(&expected), "{retried}");
    super::dead_letters::set_record(&key, "COMPLETED", "").await;

    // The test deliveries are recorded as such, and reached no hook.
    let test_deliveries = done(&["events", "list", "--type", "acuse.doctor", "--json"], "").await;
    assert_eq!(test_deliveries.lines().count(), 3);
    for line in test_deliveries.lines() {
        let record: Value = serde_json::from_str(line).unwrap();
        assert_eq!(
            (record["status"].as_str(), &record["hooks"]),
            (Some("REJECTED"), &json!({}))
        );
    }
}

/// What a command prints, whatever its exit code.
async fn printed(arguments: &[&str]) -> String {
    String::from_utf8(acuse(arguments, "").await.stdout).unwrap()
}
