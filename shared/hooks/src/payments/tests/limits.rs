//! DynamoDB's limits, which the emulator does not enforce, and keys that never collide.
//! <https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html>

use std::collections::BTreeSet;

use proptest::prelude::*;

use super::*;

fn lengths(update: &Update) -> Vec<usize> {
    let values = update.expression_attribute_values.iter().flatten();
    let attributes = update.key.values().chain(values.map(|(_, value)| value));
    attributes
        .filter_map(|value| value.as_s().ok().map(String::len))
        .collect()
}

#[tokio::test]
async fn whatever_a_provider_sends_fits_a_key_and_an_item() {
    let long = "9".repeat(420_000);
    let members = format!(r#""id":"{long}","amount":"{long}""#);
    let table = Table::create().await;
    let (advance, count) = table
        .effects(&kuenta_with("payment.completed", 0, &members))
        .await
        .into_parts();
    let updates: Vec<_> = [advance, count.unwrap()].concat();
    assert_eq!(updates.len(), 2);
    for update in updates.into_iter().filter_map(|write| write.update) {
        assert!(lengths(&update).into_iter().all(|length| length < 512), "{update:?}");
    }
}

#[tokio::test]
async fn what_fits_stays_as_the_provider_sends_it() {
    let table = Table::create().await;
    let event = kuenta_with("payment.completed", 0, r#""id":"pay_1","amount":"1000.50""#);
    table.apply(&event).await;
    let item = table.item("kuenta#live#payment#pay_1").await.unwrap();
    assert_eq!(text(&item, "amount"), "1000.50");
    assert_eq!(text(&item, "resource_kind"), "payment");
}

/// In an earlier version, a charge and a cashout with the same id shared a row.
#[tokio::test]
async fn resources_of_two_kinds_and_one_id_have_a_row_each() {
    let table = Table::create().await;
    table.apply(&onepay("charge.paid", 0)).await;
    table.apply(&onepay("cashout.created", 60)).await;
    let status = async |pk| text(&table.item(pk).await.unwrap(), "status");
    assert_eq!(status("onepay#live#charge#5001").await, "succeeded");
    assert_eq!(status("onepay#live#cashout#5001").await, "created");
}

/// Ids that a naive key would confuse: separators, escapes, normalisation forms, case, digits, control characters,
/// and any length.
fn id() -> impl Strategy<Value = String> {
    prop_oneof![
        "[a#|%~]{1,4}",
        "(payment|cashout)#[0-9]",
        "[\u{e9}\u{301}eE]{1,3}",
        "0{0,2}[0-9]{1,2}",
        "[\u{0}-\u{1f}\u{7f}]{1,2}",
        "[ab]{254,260}",
        "[a#]{3000}",
        ".{1,20}",
    ]
}

proptest! {
    #[test]
    fn different_resources_have_different_rows(ids in proptest::collection::vec(id(), 2..6)) {
        let mut known = BTreeSet::new();
        let mut keys = BTreeSet::new();
        for kind in ["payment.approved", "cashout.processed"] {
            for id in &ids {
                known.insert((kind, id.clone()));
                let id = serde_json::to_string(id).unwrap();
                let event = onepay_with(kind, 0, &format!(r#""id":{id}"#));
                prop_assert!(row_of(&event).len() <= 2048);
                keys.insert(row_of(&event));
            }
        }
        prop_assert_eq!(keys.len(), known.len());
    }
}
