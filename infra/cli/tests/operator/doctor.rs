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
    let began = SystemClock.now().to_string();

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
    let skipped = String::from_utf8(without.stdout).unwrap();
    let skipped = skipped.lines().find(|line| line.contains("kuenta: webhook")).unwrap();
    assert!(skipped.contains("not checked: set KUENTA_ORGANIZATION_ID"), "{skipped}");

    // An event that waits for a retry, with its error.
    let provider = &acuse_core::providers::unopago::PROVIDER;
    let local = local_secrets(provider);
    let body = payment(provider);
    let value = acuse_core::json::parse(&body).unwrap();
    let id = (provider.read)(&value).unwrap().resource.unwrap().id;
    assert_eq!(post(provider, &body, &local).await, 200);
    let partition = format!("unopago#live#payment#{id}");
    let wait = async {
        while ledger(running).partition(&partition).await.unwrap().is_empty() {
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    };
    tokio::time::timeout(PATIENCE, wait).await.unwrap();
    let key = ledger(running).partition(&partition).await.unwrap().remove(0).key;
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
    let list = ["events", "list", "--type", "acuse.doctor", "--since", &began, "--json"];
    let test_deliveries = done(&list, "").await;
    assert_eq!(test_deliveries.lines().count(), 3);
    for line in test_deliveries.lines() {
        let record: Value = serde_json::from_str(line).unwrap();
        assert_eq!(
            (record["status"].as_str(), &record["hooks"]),
            (Some("REJECTED"), &json!({}))
        );
    }
}

/// OnePay's accounts: one bound to `test`, one with the secret of the default account, and one stored with a mistake.
#[tokio::test(flavor = "multi_thread")]
async fn every_account_is_checked_and_gets_its_own_deliveries() {
    let _queues = lock_both_queues().await;
    let running = stack().await;
    let provider = &acuse_core::providers::onepay::PROVIDER;
    let client = aws_sdk_secretsmanager::Client::new(&running.sdk());
    let put = async |secret: &Value| {
        let put = client.put_secret_value().secret_id(&running.outputs["OnepaySecretId"]);
        put.secret_string(secret.to_string()).send().await.unwrap();
    };
    let local = sample::local_secret(provider);
    let mut shop = local.clone();
    shop["token"] = "wh_hdr_of_shop".into();
    let live = json!({"environment": "live", "signing_secrets": ["wh_tok_of_live"], "token": "wh_hdr_of_live"});
    put(&json!({"accounts": {"default": local, "live": live, "shop": shop, "another": {"signing_secrets": []}}})).await;
    // Running functions read it within 40 s, at the next delivery that they can't verify.
    let accepted = async {
        loop {
            let printed = printed(&["doctor", "--json"]).await;
            let lines = printed.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
            let arrived = |line: &Value| {
                let is_new = ["onepay/live: test delivery", "onepay/shop: test delivery"];
                is_new.iter().any(|check| line["check"] == *check) && line["ok"] == true
            };
            if lines.filter(arrived).count() == 2 {
                return printed;
            }
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
    };
    let printed = tokio::time::timeout(PATIENCE, accepted).await.unwrap();
    // The test deliveries that came too early.
    done(&["quarantine", "purge", "--yes"], "").await;
    let lines = printed.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let checks = lines.map(|line| (line["check"].as_str().unwrap().to_owned(), line["ok"] == true));
    let checks: Vec<(String, bool)> = checks.filter(|(check, _)| check.starts_with("onepay")).collect();
    let expected = [
        ("onepay: secret", true),
        ("onepay: test delivery", true),
        ("onepay/another: secret", false),
        ("onepay/live: secret", true),
        ("onepay/live: test delivery", true),
        ("onepay/shop: secret", true),
        ("onepay/shop: test delivery", true),
        ("onepay: accounts", false),
        ("onepay: webhook", true),
        ("onepay: last delivery", true),
        ("onepay/live: last delivery", true),
        ("onepay/shop: last delivery", true),
    ];
    let expected = expected.map(|(check, ok)| (check.to_owned(), ok));
    assert_eq!(checks, expected, "{printed}");
    for expected in [
        "the secret of `onepay/another` has an empty signing secret",
        "well formed; bound to `live`",
        "`default`, `shop` have the same signing secret, so",
    ] {
        assert!(printed.contains(expected), "{printed}");
    }

    let listed = done(&["secrets", "list", "onepay", "--json"], "").await;
    let another = listed
        .lines()
        .find(|line| line.contains(r#""account":"another""#))
        .unwrap();
    assert!(another.contains("has an empty signing secret"), "{listed}");

    // A sample is signed with the account's secret, and of its environment.
    let send = ["send", "onepay", "payment.approved", "--account"];
    done(&[&send[..], &["live", "--json"]].concat(), "").await;
    let wait = async {
        loop {
            let mut records = records_at(running, provider).await.into_iter();
            match records.find(|record| record.account.as_str() == "live" && record.status == "COMPLETED") {
                Some(record) => return record.key,
                None => tokio::time::sleep(Duration::from_millis(100)).await,
            }
        }
    };
    let key = tokio::time::timeout(PATIENCE, wait).await.unwrap();
    assert!(key.starts_with("onepay/live#live#payment#"), "{key}");
    for (account, expected) in [
        ("another", "the secret of `onepay/another` has an empty signing secret"),
        (
            "moon",
            "onepay has no account `moon`; it has `another`, `default`, `live`, `shop`",
        ),
        ("Live", acuse_core::account::AccountName::EXPECTED),
    ] {
        let output = acuse(&[&send[..], &[account]].concat(), "").await;
        let printed = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(!output.status.success() && printed.contains(expected), "{printed}");
    }
    // Twice, so that no account is left in the previous version.
    put(&local).await;
    let left = acuse(&["doctor", "--no-delivery"], "").await;
    let left = String::from_utf8_lossy(&left.stdout).into_owned();
    for expected in ["✗ onepay/live: secret", "`acuse secrets remove onepay --account live`"] {
        assert!(left.contains(expected), "{left}");
    }
    put(&local).await;
}

/// What a command prints, whatever its exit code.
async fn printed(arguments: &[&str]) -> String {
    String::from_utf8(acuse(arguments, "").await.stdout).unwrap()
}
