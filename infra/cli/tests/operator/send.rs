//! `acuse send` from the payload to the ledger.

use std::collections::BTreeMap;

use acuse_core::providers::{kuenta, onepay};
use serde_json::Value;

use super::*;

/// Each line that `acuse send --json` prints.
async fn send(arguments: &[&str]) -> Vec<Value> {
    let printed = done(&[&["send", "--json"], arguments].concat(), "").await;
    let lines = printed.lines();
    lines.map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// Waits until all of these events are completed; returns their records by key.
async fn arrived(provider: &Provider, lines: &[Value]) -> BTreeMap<String, Record> {
    let keys: Vec<&str> = lines.iter().map(|line| line["key"].as_str().unwrap()).collect();
    let wait = async {
        loop {
            let records = records_at(stack().await, provider).await.into_iter();
            let records = records.filter(|record| keys.contains(&record.key.as_str()) && record.status == "COMPLETED");
            let records: BTreeMap<String, Record> = records.map(|record| (record.key.clone(), record)).collect();
            if keys.iter().all(|key| records.contains_key(*key)) {
                return records;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    };
    tokio::time::timeout(PATIENCE, wait).await.expect("all events complete")
}

#[tokio::test(flavor = "multi_thread")]
async fn the_events_of_a_scenario_arrive_under_the_keys_that_are_printed() {
    let reference = format!("ORD/{} ñ", uuid::Uuid::new_v4().simple());
    let scenario = [
        "--scenario",
        "paid-then-refunded",
        "--reference",
        &reference,
        "--shuffle",
        "--twice",
    ];
    let lines = send(&scenario).await;
    assert_eq!(lines.len(), 8);
    let records = arrived(&onepay::PROVIDER, &lines).await;
    let mut types: Vec<&str> = records.values().map(|record| record.type_name.as_str()).collect();
    types.sort_unstable();
    assert_eq!(
        types,
        ["charge.created", "charge.paid", "charge.processing", "charge.refunded"]
    );
    assert!(
        records
            .values()
            .all(|record| record.reference.as_ref() == Some(&reference))
    );

    // A provider that names no environment, months ago.
    let lines = send(&["--scenario", "credit-paid-off"]).await;
    assert_eq!(arrived(&kuenta::PROVIDER, &lines).await.len(), 11);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sample_arrives_with_the_values_that_are_set() {
    let changes = ["--set", "payment.amount=99000.50", "--unset", "payment.customer"];
    let lines = send(&[&["onepay", "payment.rejected"], &changes[..]].concat()).await;
    let records = arrived(&onepay::PROVIDER, &lines).await;
    let record = records.values().next().unwrap();
    assert_eq!(record.reference.as_deref(), lines[0]["reference"].as_str());
    // The same payload once more, from the ledger.
    let printed = done(&["send", "onepay", "--event", &record.key, "--print"], "").await;
    assert!(
        printed.contains("\"amount\":99000.50,") && !printed.contains("customer"),
        "{printed}"
    );
}
