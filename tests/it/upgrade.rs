//! A new version takes over in the middle of the work: the queue holds yesterday's messages, and the
//! ledger yesterday's records. `fixtures/upgrade/v{n}` are as version n wrote them: never changed, only
//! joined by others.

use std::collections::HashMap;
use std::process::Stdio;

use acuse_core::clock::Timestamp;
use axum::body::Bytes;
use serde_json::Value;

use crate::ledger::Tables;
use crate::runtime::{SHIPPED_CONSUMER, consumer, start};

fn fixture(name: &str) -> Vec<u8> {
    std::fs::read(format!("{}/fixtures/upgrade/{name}", env!("CARGO_MANIFEST_DIR"))).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn yesterdays_messages_meet_yesterdays_records() {
    let binary = SHIPPED_CONSUMER.as_ref();
    let tables = Tables::create().await;
    let records: Vec<HashMap<String, Value>> = serde_json::from_slice(&fixture("v1/ledger.json")).unwrap();
    for record in records {
        tables.put_record(record).await;
    }

    let messages = Bytes::from(fixture("v1/messages.json"));
    let (_child, mut answered) = consumer(binary, &tables.endpoint, messages, None).await;
    assert_eq!(answered.recv().await.unwrap(), r#"{"batchItemFailures":[]}"#);

    for (partition, attempts, duplicates, applied) in [
        ("kuenta#live#payment#pmt_text", 1, 0, 1),
        ("kuenta#live#payment#pmt_base64", 1, 0, 1),
        ("kuenta#live#payment#pmt_gzip", 1, 0, 1),
        ("onepay#live#payment#pay_js", 1, 0, 1),
        // A replay takes what was rejected.
        ("kuenta#live#payment#pmt_rejected", 2, 0, 1),
        // Its hook was done already.
        ("kuenta#live#payment#pmt_released", 2, 0, 0),
        ("kuenta#live#payment#pmt_completed", 1, 1, 0),
        ("kuenta#live#payment#pmt_abandoned", 2, 0, 1),
    ] {
        let record = tables.only_record(partition).await;
        assert_eq!(
            (record.status, record.attempts, record.duplicates),
            ("COMPLETED", attempts, duplicates),
            "{partition}"
        );
        assert_eq!(tables.applied(partition).await, applied, "{partition}");
    }
}

/// Their key had no resource kind: a row moves to today's with its payment's next event, and stays where it
/// is another kind's.
#[tokio::test(flavor = "multi_thread")]
async fn yesterdays_payments_go_on_under_todays_key() {
    let binary = SHIPPED_CONSUMER.as_ref();
    let tables = Tables::create().await;
    let rows: Vec<HashMap<String, Value>> = serde_json::from_slice(&fixture("v1/payments.json")).unwrap();
    for row in rows {
        tables.put_payment(row).await;
    }
    let messages = Bytes::from(fixture("v1/messages.json"));
    let (_child, mut answered) = consumer(binary, &tables.endpoint, messages, None).await;
    assert_eq!(answered.recv().await.unwrap(), r#"{"batchItemFailures":[]}"#);

    for (pk, applied) in [
        ("kuenta#live#payment#pmt_text", 3),
        ("kuenta#live#pmt_text", 0),
        ("onepay#live#payment#pay_js", 1),
        ("onepay#live#pay_js", 3),
    ] {
        assert_eq!(tables.applied(pk).await, applied, "{pk}");
    }
}

/// What version 1 recorded under a key of another text than today's is not new; what only shares its key is.
#[tokio::test(flavor = "multi_thread")]
async fn yesterdays_keys_are_known() {
    let binary = SHIPPED_CONSUMER.as_ref();
    let tables = Tables::create().await;
    let records: Vec<HashMap<String, Value>> = serde_json::from_slice(&fixture("v1/keys/ledger.json")).unwrap();
    for record in records {
        tables.put_record(record).await;
    }

    let messages = Bytes::from(fixture("v1/keys/messages.json"));
    let (_child, mut answered) = consumer(binary, &tables.endpoint, messages, None).await;
    assert_eq!(answered.recv().await.unwrap(), r#"{"batchItemFailures":[]}"#);

    for (key, attempts, duplicates) in [
        // The same bytes; others are a conflict.
        ("onepay#live#payment#pay_evt|event#evt_1", 1, 1),
        // Of the same event id, and another type.
        ("onepay#live#payment#pay_evt|payment.expired#event#evt_1", 1, 0),
        // It was released, and goes on.
        ("onepay#live#payment#5001|payment.approved", 2, 0),
        ("unopago#live#event#77001|event#77001", 1, 1),
        ("unopago#live#invoice#77001|invoice_created", 1, 0),
        ("unopago#live#invoice#\u{FFFD}x|invoice_created", 1, 1),
        ("unopago#live#invoice#%ED%A0%81x|invoice_created", 1, 0),
        ("unopago#live#invoice#inv_flag|invoice_created", 1, 1),
    ] {
        let partition = key.split('|').next().unwrap();
        let records = tables.records(partition).await;
        let record = records.iter().find(|record| record.key == key).expect(key);
        assert_eq!(
            (record.status, record.attempts, record.duplicates),
            ("COMPLETED", attempts, duplicates),
            "{key}"
        );
    }
    let of_event = tables.records("onepay#live#payment#pay_evt").await;
    let conflicts = of_event.iter().filter(|record| record.status == "CONFLICT");
    let of: Vec<_> = conflicts.map(|record| record.conflict_of.as_deref()).collect();
    assert_eq!(of, [Some("onepay#live#payment#pay_evt|event#evt_1")]);
    for partition in ["onepay#live#payment#~n5001", "unopago#test#invoice#inv_flag"] {
        assert!(tables.records(partition).await.is_empty(), "{partition}");
    }
}

/// From the function's environment to the index's keys, and to a reader that knows nothing of either.
#[tokio::test(flavor = "multi_thread")]
async fn the_consumer_spreads_a_day_as_its_environment_says() {
    let binary = SHIPPED_CONSUMER.as_ref();
    let tables = Tables::create().await;
    let messages = Bytes::from(fixture("v1/messages.json"));
    let spread = [("LEDGER_DAY_SHARDS", "64")];
    let (_child, mut answered) = start(binary, &tables.endpoint, [messages].into(), spread, Stdio::null()).await;
    assert_eq!(answered.recv().await.unwrap(), r#"{"batchItemFailures":[]}"#);

    let days = tables.days().await;
    assert!(days.iter().any(|day| day.matches('#').count() == 2), "{days:?}");
    let day = Timestamp::from_rfc3339("2024-03-20T10:00:00Z").unwrap();
    let kuenta = tables.on_day("kuenta", day).await.len();
    let onepay = tables.on_day("onepay", day).await.len();
    assert_eq!((kuenta, onepay), (7, 1), "{days:?}");
}

/// Version 1 wrote a day under one key.
#[tokio::test]
async fn yesterdays_records_are_listed() {
    let tables = Tables::create().await;
    let records: Vec<HashMap<String, Value>> = serde_json::from_slice(&fixture("v1/ledger.json")).unwrap();
    let count = records.len();
    for record in records {
        tables.put_record(record).await;
    }
    let day = Timestamp::from_rfc3339("2024-03-20T10:00:00Z").unwrap();
    assert_eq!(tables.on_day("kuenta", day).await.len(), count);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_record_of_a_newer_version_is_left_to_it() {
    let binary = SHIPPED_CONSUMER.as_ref();
    let tables = Tables::create().await;
    let records: Vec<HashMap<String, Value>> = serde_json::from_slice(&fixture("v1/ledger.json")).unwrap();
    let messages: Value = serde_json::from_slice(&fixture("v1/messages.json")).unwrap();
    let mut completed = records
        .into_iter()
        .find(|record| record["status"]["S"] == "COMPLETED")
        .unwrap();
    completed.insert("version".to_owned(), serde_json::json!({"N": "2"}));
    tables.put_record(completed).await;

    let batch = serde_json::json!({"Records": [messages["Records"][6]]}).to_string();
    let (_child, mut answered) = consumer(binary, &tables.endpoint, Bytes::from(batch), None).await;
    let answer: Value = serde_json::from_slice(&answered.recv().await.unwrap()).unwrap();
    assert_eq!(
        answer["batchItemFailures"][0]["itemIdentifier"], messages["Records"][6]["messageId"],
        "its message goes back to the queue"
    );
    let record = tables.only_record("kuenta#live#payment#pmt_completed").await;
    assert_eq!((record.status, record.duplicates), ("COMPLETED", 0));
}
