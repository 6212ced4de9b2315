//! The doctor, on a stack that is well and on one that is not.

use axum::Json;
use axum::Router;
use axum::routing::get;
use serde_json::{Value, json};

use super::*;

#[tokio::test(flavor = "multi_thread")]
async fn the_doctor_tells_what_to_mend() {
    let _queues = QUEUES.lock().await;
    let running = stack().await;

    // Kuenta has the stack's URL, and one event too few.
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
    assert_eq!(output.status.code(), Some(1), "something has to be mended");

    // Without Kuenta's organization nobody is asked there.
    let without = acuse(&["doctor", "--json", "--no-delivery"], "").await;
    assert_ne!(without.status.code(), Some(2), "{without:?}");
    assert!(!String::from_utf8_lossy(&without.stdout).contains("kuenta: webhook"));

    // Its test deliveries are marked, and reached no hook.
    let probes = done(&["events", "list", "--type", "acuse.doctor", "--json"], "").await;
    assert_eq!(probes.lines().count(), 3);
    for line in probes.lines() {
        let record: Value = serde_json::from_str(line).unwrap();
        assert_eq!(
            (record["status"].as_str(), &record["hooks"]),
            (Some("REJECTED"), &json!({}))
        );
    }
}
