//! DynamoDB's errors in its own words, from a list of answers instead of an emulator.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::{AttributeValue, Delete};

use super::super::fake::client;
use super::*;

/// A cancelled transaction with these reasons.
fn cancelled_for(codes: &[&str]) -> (u16, String) {
    let reasons = codes
        .iter()
        .map(|code| format!(r#"{{"Code":"{code}","Message":"because of {code}"}}"#));
    let reasons = reasons.collect::<Vec<_>>().join(",");
    let name = "com.amazonaws.dynamodb.v20120810#TransactionCanceledException";
    let body = format!(r#"{{"__type":"{name}","Message":"Transaction cancelled","CancellationReasons":[{reasons}]}}"#);
    (400, body)
}

fn invalid(message: &str) -> (u16, String) {
    let name = "com.amazon.coral.validate#ValidationException";
    (400, format!(r#"{{"__type":"{name}","message":"{message}"}}"#))
}

fn done() -> (u16, String) {
    (200, "{}".to_owned())
}

fn writes() -> Vec<TransactWriteItem> {
    let key = HashMap::from([("pk".to_owned(), AttributeValue::S("p".to_owned()))]);
    let delete = Delete::builder().table_name("t").set_key(Some(key)).build().unwrap();
    vec![TransactWriteItem::builder().delete(delete).build()]
}

#[tokio::test]
async fn a_transaction_that_is_throttled_or_meets_another_is_tried_again() {
    for code in [
        "ThrottlingError",
        "ProvisionedThroughputExceeded",
        "TransactionConflict",
    ] {
        let refused = cancelled_for(&["None", code]);
        let (client, calls) = client(vec![refused.clone(), refused.clone(), refused, done()]);
        assert!(commit(&client, writes()).await.is_ok(), "{code}");
        assert_eq!(calls.lock().unwrap().len(), 4, "{code}");
    }
}

#[tokio::test]
async fn a_throttled_transaction_is_not_tried_for_ever() {
    let (client, calls) = client(vec![cancelled_for(&["ThrottlingError", "None"])]);
    let begun = Instant::now();
    let why = commit(&client, writes()).await;
    assert!(matches!(why, Err(Cancelled::Otherwise(_))), "no fault of the hook's");
    assert!(begun.elapsed() < RETRY_FOR);
    let calls = calls.lock().unwrap().len();
    assert!((6..20).contains(&calls), "{calls} calls");
}

#[tokio::test]
async fn an_invalid_write_is_tried_once_and_says_why() {
    let many = "1 validation error detected: Value at 'transactItems' failed to satisfy constraint: Member must have length less than or equal to 100";
    let twice = "Transaction request cannot include multiple operations on one item";
    for (answer, wanted) in [
        (invalid(many), many),
        (invalid(twice), twice),
        (
            cancelled_for(&["None", "ValidationError"]),
            "because of ValidationError",
        ),
        (
            cancelled_for(&["ThrottlingError", "ValidationError"]),
            "because of ValidationError",
        ),
    ] {
        let (client, calls) = client(vec![answer]);
        let Err(Cancelled::Invalid(why)) = commit(&client, writes()).await else {
            panic!("not invalid: {wanted}");
        };
        assert_eq!((why.to_string().as_str(), calls.lock().unwrap().len()), (wanted, 1));
    }
}

#[tokio::test]
async fn a_false_condition_outweighs_throttling() {
    let (client, calls) = client(vec![cancelled_for(&["ThrottlingError", "ConditionalCheckFailed"])]);
    let Err(Cancelled::Refused { places, .. }) = commit(&client, writes()).await else {
        panic!("not refused");
    };
    assert_eq!((places, calls.lock().unwrap().len()), (vec![1], 1));
}

#[tokio::test]
async fn a_missing_permission_or_table_is_no_fault_of_the_hooks() {
    for name in ["AccessDeniedException", "ResourceNotFoundException"] {
        let answer = (400, format!(r#"{{"__type":"{name}","message":"no"}}"#));
        let (client, _) = client(vec![answer]);
        assert!(
            matches!(commit(&client, writes()).await, Err(Cancelled::Otherwise(_))),
            "{name}"
        );
    }
}

#[tokio::test]
async fn an_update_that_meets_a_transaction_is_tried_again() {
    let busy = r#"{"__type":"com.amazonaws.dynamodb.v20120810#TransactionConflictException","message":"busy"}"#;
    let busy = (400, busy.to_owned());
    let (client, calls) = client(vec![busy.clone(), busy, done()]);
    let call = client
        .update_item()
        .table_name("t")
        .key("pk", AttributeValue::S("p".to_owned()));
    assert!(matches!(update(call).await, Ok(Updated::Written(_))));
    assert_eq!(calls.lock().unwrap().len(), 3);
}

#[tokio::test]
async fn a_missing_table_is_named_with_its_variable() {
    let name = "com.amazonaws.dynamodb.v20120810#ResourceNotFoundException";
    let (client, calls) = client(vec![(
        400,
        format!(r#"{{"__type":"{name}","message":"Requested resource not found"}}"#),
    )]);
    let (variable, table) = std::env::vars().find(|(_, value)| !value.is_empty()).unwrap();
    let write = |table: &str| {
        let delete = Delete::builder()
            .table_name(table)
            .key("pk", AttributeValue::S("a".to_owned()));
        TransactWriteItem::builder().delete(delete.build().unwrap()).build()
    };
    let writes = vec![write("ledger"), write(&table), write(&table)];
    let Err(Cancelled::Otherwise(error)) = commit(&client, writes).await else {
        panic!("it is no refusal");
    };
    // Two variables may have the same value.
    let text = error.to_string();
    assert!(text.starts_with(&format!("no such table: `{table}` (")), "{text}");
    assert!(
        text.ends_with(')'),
        "not the ledger, which the claim has just been written to: {text}"
    );
    assert_eq!(
        crate::config::variable_of(&table).map(|own| std::env::var(own).unwrap()),
        Some(table),
        "{variable}"
    );
    assert_eq!(calls.lock().unwrap().len(), 1);
}

fn writes_to(tables: &[&str]) -> Vec<TransactWriteItem> {
    let delete = |table: &&str| {
        Delete::builder()
            .table_name(*table)
            .set_key(Some(HashMap::new()))
            .build()
    };
    let write = |table| TransactWriteItem::builder().delete(delete(table).unwrap()).build();
    tables.iter().map(write).collect()
}

#[test]
fn only_refused_writes_are_replaced_and_only_once() {
    let mut hooks = vec![
        (writes_to(&["a", "b"]), Some(writes_to(&["instead of a, b"]))),
        (writes_to(&["c"]), None),
        (writes_to(&["d"]), Some(writes_to(&["e", "f"]))),
    ];
    // The ledger's own, a, b, c, d.
    assert!(replace_refused(&mut hooks, &[4]));
    assert_eq!(hooks[0].0, writes_to(&["a", "b"]));
    assert_eq!(hooks[2].0, writes_to(&["e", "f"]));
    // The ledger's own, a, b, c, e, f.
    assert!(replace_refused(&mut hooks, &[1, 2]));
    assert_eq!(hooks[0].0, writes_to(&["instead of a, b"]));
    // The ledger's own, the one instead, c, e, f.
    assert!(!replace_refused(&mut hooks, &[1]), "there is no third choice");
    assert!(!replace_refused(&mut hooks, &[2]), "it has none");
    assert!(!replace_refused(&mut hooks, &[4]));
}
