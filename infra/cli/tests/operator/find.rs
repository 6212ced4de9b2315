//! "Did order ORD-4816 arrive?": found by what people know, wherever it is.

use acuse_core::providers::onepay;
use serde_json::{Value, json};

use super::*;

/// A payment of this order.
fn order(reference: &str, amount: &str) -> (Bytes, String) {
    let provider = &onepay::PROVIDER;
    let mut payload: Value = serde_json::from_slice(&payment(provider)).unwrap();
    payload["payment"]["reference"] = json!(reference);
    payload["payment"]["amount"] = json!(amount);
    let id = payload["payment"]["id"].as_str().unwrap().to_owned();
    (payload.to_string().into(), id)
}

async fn arrives(body: &Bytes) {
    let provider = &onepay::PROVIDER;
    assert_eq!(post(provider, body, &local_secrets(provider)).await, 200);
}

/// Waits until `acuse events show` finds this.
async fn shown(what: &str) -> String {
    let wait = async {
        loop {
            let output = acuse(&["events", "show", what, "--days", "1"], "").await;
            let text = String::from_utf8(output.stdout).unwrap();
            if output.status.success() && text.contains("COMPLETED") {
                return text;
            }
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    };
    tokio::time::timeout(PATIENCE, wait).await.expect("the event arrives")
}

fn objects(text: &str) -> Vec<Value> {
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_that_arrived_is_found_by_its_number_amount_and_ids() {
    let (body, id) = order("ORD-4821", "482100.00");
    arrives(&body).await;
    let text = shown("ORD-4821").await;
    assert!(
        text.starts_with("COMPLETED: onepay#") && text.contains(&id) && text.contains("payload:"),
        "{text}"
    );
    // COMPLETED is the state of hooks.
    assert_eq!(text.lines().nth(1), Some("what happened: PaymentSucceeded"), "{text}");

    let json = done(&["events", "show", "ORD-4821", "--json"], "").await;
    let event = &objects(&json)[0];
    assert_eq!(event["payload"], serde_json::from_slice::<Value>(&body).unwrap());
    assert_eq!(event["kind"], "PaymentSucceeded");
    assert_eq!(
        (&event["reference"], &event["amount"]),
        (&json!("ORD-4821"), &json!("482100.00"))
    );
    let day = &event["received_at"].as_str().unwrap()[..10];
    for found in [
        done(&["events", "list", "--reference", "ORD-4821", "--json"], "").await,
        done(&["events", "list", "--reference", "ORD-482*", "--json"], "").await,
        done(&["events", "list", "--amount", "482100", "--day", day, "--json"], "").await,
        done(&["events", "show", &format!("482100.0 {day}"), "--json"], "").await,
    ] {
        let found = objects(&found);
        assert_eq!(found.len(), 1);
        assert_eq!(
            (&found[0]["resource_id"], &found[0]["account"]),
            (&json!(id), &json!("default"))
        );
    }
    let table = done(&["events", "list", "--reference", "ORD-4821"], "").await;
    assert!(
        table.contains("REFERENCE") && table.contains("ORD-4821") && table.contains("482100.00"),
        "{table}"
    );

    // It comes again: the second delivery is a duplicate of the event.
    arrives(&body).await;
    let wait = async {
        loop {
            let json = done(&["events", "show", "ORD-4821", "--json"], "").await;
            if objects(&json)[0]["duplicates"] == 1 {
                return;
            }
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    };
    tokio::time::timeout(PATIENCE, wait)
        .await
        .expect("the duplicate is counted");
    let dropped = logs();
    let dropped = dropped
        .lines()
        .rfind(|line| line.contains("duplicate dropped") && line.contains(&id))
        .unwrap();
    let line: Value = serde_json::from_str(&dropped[dropped.find('{').unwrap()..]).unwrap();
    let delivery = line["delivery_id"].as_str().unwrap();
    let output = acuse(&["events", "show", delivery], "").await;
    let note = String::from_utf8(output.stderr).unwrap();
    assert!(
        note.contains(&format!("delivery {delivery} is a duplicate of onepay#")),
        "{note}"
    );
}

/// Two payments of one order, as if a customer had tried twice.
#[tokio::test(flavor = "multi_thread")]
async fn several_events_of_an_order_are_a_table() {
    let ((first, first_id), (second, second_id)) = (order("ORD-7001", "1"), order("ORD-7001", "2"));
    arrives(&first).await;
    shown("ORD-7001").await;
    arrives(&second).await;
    shown(&second_id).await;
    let text = done(&["events", "show", "ORD-7001"], "").await;
    let places = [&second_id, &first_id].map(|id| text.find(id).unwrap());
    assert!(
        text.contains("REFERENCE") && places[0] < places[1],
        "newest first:\n{text}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_in_quarantine_is_named_with_the_cause_and_not_as_applied() {
    let _queue = QUARANTINE.lock().await;
    let provider = &onepay::PROVIDER;
    let (body, _) = order("ORD-4816", "150000.00");
    let sample = Sample::signed(
        provider,
        body.to_vec(),
        &local_secrets(provider),
        SystemClock.now(),
        None,
    )
    .unwrap();
    let signature = provider.scheme.signatures[0].headers[0];
    let renamed: Vec<(&'static str, String)> = sample
        .headers
        .into_iter()
        .map(|(name, value)| (if name == signature { "x-one-signature" } else { name }, value))
        .collect();
    assert_eq!(post_with(provider, &body, &renamed).await, 401);

    let output = acuse(&["events", "show", "ORD-4816", "--days", "1"], "").await;
    let text = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(1), "nothing was applied: {text}");
    let line = "ORD-4816: 1 delivery in quarantine, not applied: signature in header `x-one-signature`; `acuse quarantine show ";
    assert!(
        text.contains("no event of `ORD-4816` in the ledger") && text.contains(line),
        "{text}"
    );
    let delivery = text
        .rsplit_once("quarantine show ")
        .unwrap()
        .1
        .split('`')
        .next()
        .unwrap();

    let by_delivery = acuse(&["events", "show", delivery, "--days", "1"], "").await;
    let by_delivery = String::from_utf8(by_delivery.stdout).unwrap();
    assert!(
        by_delivery.contains(&format!("delivery {delivery} is in quarantine, not applied")),
        "{by_delivery}"
    );

    for which in [delivery, "ORD-4816"] {
        let text = done(&["quarantine", "show", which], "").await;
        assert!(
            text.contains("unverified: ") && text.contains("reference ORD-4816  amount 150000.00"),
            "{text}"
        );
        assert!(
            text.contains("payload:") && !text.contains("applied: it verifies"),
            "{text}"
        );
    }
    let json = done(&["quarantine", "show", delivery, "--json"], "").await;
    assert_eq!(objects(&json)[0]["payload"]["payment"]["reference"], "ORD-4816");
    assert_eq!(objects(&json)[0]["unverified"]["reference"], "ORD-4816");
    let table = done(&["quarantine", "list", "--provider", "onepay"], "").await;
    assert!(table.contains("ORD-4816") && table.contains("150000.00"), "{table}");
    // Leave nothing for the other tests.
    done(&["quarantine", "purge", "--yes", "--provider", "onepay"], "").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dead_letter_is_found_by_its_order_number() {
    let _queue = DEAD_LETTERS.lock().await;
    let (body, id) = order("ORD-4817", "99000.00");
    let envelope = acuse_core::wire::envelope::Envelope {
        account: Default::default(),
        provider: "onepay".to_owned(),
        content: Default::default(),
        delivery_id: acuse_core::wire::delivery::DeliveryId::new(SystemClock.now(), [17; 10]),
        received_at: SystemClock.now(),
        form: acuse_core::wire::delivery::CanonicalForm::Raw,
        body,
        replay: None,
    };
    crate::dead_letters::dead_letter(envelope.to_message().unwrap(), "hook `h`: no such order").await;

    let output = acuse(&["events", "show", "ORD-4817", "--days", "1"], "").await;
    let text = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(1), "{text}");
    assert!(
        text.contains("ORD-4817: 1 dead letter: hook `h`: no such order; `acuse dlq show "),
        "{text}"
    );
    let shown = done(&["dlq", "show", &id], "").await;
    assert!(
        shown.contains("dead letter: hook `h`: no such order") && shown.contains("payload:"),
        "{shown}"
    );
    let json = done(&["dlq", "show", "ORD-4817", "--json"], "").await;
    let letter = &objects(&json)[0];
    assert_eq!(
        (&letter["reference"], &letter["amount"]),
        (&json!("ORD-4817"), &json!("99000.00"))
    );
    assert_eq!(letter["payload"]["payment"]["id"], json!(id));
    let table = done(&["dlq", "list", "--error", "no such order"], "").await;
    assert!(table.contains("REFERENCE") && table.contains("ORD-4817"), "{table}");
    done(&["dlq", "redrive", "--error", "no such order"], "").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_miss_says_where_it_looked() {
    let output = acuse(&["events", "show", "ORD-nobody", "--days", "2"], "").await;
    assert_eq!(output.status.code(), Some(1));
    let text = String::from_utf8(output.stderr).unwrap();
    for place in [
        "no event of `ORD-nobody` in the ledger",
        "the ledger by key, reference, resource or event id, delivery id, webhook-id",
        "every payload of the last 2 days (UTC)",
        "quarantine (",
        "dead letters (",
    ] {
        assert!(text.contains(place), "{place:?} is not in:\n{text}");
    }
}

/// Copied without, it would work on the stack that is found without, or on none.
#[tokio::test(flavor = "multi_thread")]
async fn a_printed_command_names_the_stack_of_the_command_that_prints_it() {
    stack().await;
    let output = start(&state(), &["dlq", "show", "no-such"], "").await;
    let output = output.wait_with_output().await.unwrap();
    let told = String::from_utf8(output.stderr).unwrap();
    let expected = format!("`acuse events show --state {}` looks in the ledger", state().display());
    assert!(told.contains(&expected), "{told}");
}
