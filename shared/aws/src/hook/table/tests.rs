//! What is read from a table.

use acuse_core::event::Amount;
use serde::Deserialize;
use serde_json::{Value, json};

use super::*;
use crate::hook::Writes;
use crate::hook::tests::{attempt, commit, database, table};

#[derive(Debug, Deserialize, PartialEq)]
struct Line {
    sk: u64,
    amount: Amount,
}

#[tokio::test]
async fn a_partition_is_read_in_order() {
    let client = database().await;
    let lines = table(&client, "lines");
    let mut writes = Writes::new(attempt());
    for (pk, sk) in [("a", 10), ("a", 9), ("b", 1)] {
        writes.put(&lines, json!({"pk": pk, "sk": sk, "amount": "1.50"}));
    }
    assert_eq!(commit(&client, writes.into_effects().unwrap()).await, "written");
    let found: Vec<Line> = lines.query(key("pk", "a")).await.unwrap();
    assert_eq!(found.iter().map(|line| line.sk).collect::<Vec<_>>(), [9, 10]);
    assert_eq!(found[0].amount, "1.50");
    assert_eq!(
        lines.get::<Line>(key("pk", "b").and("sk", 1)).await.unwrap(),
        Some(Line {
            sk: 1,
            amount: "1.50".into(),
        })
    );
    assert_eq!(lines.query::<Line>(key("pk", "c")).await.unwrap(), []);
}

#[tokio::test]
async fn all_pages_of_a_partition_are_read() {
    let page = |sk: u8, more: bool| {
        let item = json!({"sk": {"N": sk.to_string()}, "amount": {"N": "9007199254740993.10"}});
        let mut page = json!({"Items": [item]});
        if more {
            page["LastEvaluatedKey"] = json!({"pk": {"S": "a"}, "sk": {"N": sk.to_string()}});
        }
        (200, page.to_string())
    };
    let (client, requests) = crate::ledger::fake::client(vec![page(1, true), page(2, false)]);
    let found: Vec<Line> = table(&client, "lines").query(key("pk", "a")).await.unwrap();
    assert_eq!(found.iter().map(|line| line.sk).collect::<Vec<_>>(), [1, 2]);
    assert_eq!(found[0].amount, "9007199254740993.10", "exactly");
    let requests = requests.lock().unwrap();
    insta::assert_json_snapshot!(*requests);
}

#[tokio::test]
async fn every_type_of_dynamodb_is_read() {
    let item = json!({"Item": {
        "text": {"S": "a\"\n"}, "number": {"N": "-1.50"}, "yes": {"BOOL": true}, "no": {"BOOL": false},
        "nothing": {"NULL": true}, "list": {"L": [{"N": "1"}, {"S": "b"}]}, "map": {"M": {"a": {"N": "1"}, "b": {"S": ""}}},
        "texts": {"SS": ["x", "y"]}, "numbers": {"NS": ["1", "2"]}, "bytes": {"B": "AAE="}, "bytes_set": {"BS": ["AAE="]},
    }});
    let (client, _) = crate::ledger::fake::client(vec![(200, item.to_string())]);
    let read: Value = table(&client, "orders").get(key("pk", "a")).await.unwrap().unwrap();
    insta::assert_json_snapshot!(read, @r#"
    {
      "bytes": [
        0,
        1
      ],
      "bytes_set": [
        [
          0,
          1
        ]
      ],
      "list": [
        1,
        "b"
      ],
      "map": {
        "a": 1,
        "b": ""
      },
      "no": false,
      "nothing": null,
      "number": -1.5,
      "numbers": [
        1,
        2
      ],
      "text": "a\"\n",
      "texts": [
        "x",
        "y"
      ],
      "yes": true
    }
    "#);
}

#[tokio::test]
async fn an_item_of_another_shape_is_a_rejection_that_names_table_and_field() {
    let reason = |item: Value| async move {
        let (client, _) = crate::ledger::fake::client(vec![(200, json!({"Item": item}).to_string())]);
        match table(&client, "orders").get::<Line>(key("pk", "a")).await.unwrap_err() {
            HookError::Reject { reason } => reason,
            retry => panic!("{retry:?}"),
        }
    };
    let reasons = [
        reason(json!({"sk": {"S": "juan"}, "amount": {"N": "1"}})).await,
        reason(json!({"sk": {"N": "-1"}, "amount": {"N": "1"}})).await,
        reason(json!({"sk": {"N": "1"}})).await,
        reason(json!({"sk": {"N": "1"}, "amount": {"L": [{"S": "juan"}]}})).await,
    ];
    assert!(reasons.iter().all(|reason| !reason.contains("juan")), "{reasons:#?}");
    insta::assert_snapshot!(reasons.join("\n"), @r"
    reading from the table `orders`: the item is not a valid `Line`: sk: invalid type: string, expected u64
    reading from the table `orders`: the item is not a valid `Line`: sk: invalid value: integer, expected u64
    reading from the table `orders`: the item is not a valid `Line`: missing field `amount`
    reading from the table `orders`: the item is not a valid `Line`: amount: invalid type: sequence, expected a string or a number
    ");
    let (client, _) = crate::ledger::fake::client(vec![(200, "{}".to_owned())]);
    let error = table(&client, "orders").get::<Line>(key("pk", [1])).await.unwrap_err();
    assert_eq!(
        error,
        HookError::reject("reading from the table `orders`: the key `pk` is not a text, a number or bytes")
    );
}

#[test]
fn keys_are_as_long_as_dynamodb_takes_them() {
    let text = |length| "k".repeat(length);
    assert!(key("pk", text(2048)).and("sk", text(1024)).into_item().is_ok());
    let reason = |key: Key| key.into_item().unwrap_err();
    assert_eq!(
        reason(key("pk", text(2049))),
        "the key `pk` has 2049 bytes; DynamoDB takes 2048"
    );
    assert_eq!(
        reason(key("pk", 1).and("sk", text(1025))),
        "the key `sk` has 1025 bytes; DynamoDB takes 1024"
    );
    assert_eq!(reason(key("pk", "")), "the key `pk` is an empty text");
}

#[tokio::test]
async fn a_table_out_of_reach_is_a_retry() {
    let answer = json!({"__type": "com.amazonaws.dynamodb.v20120810#ResourceNotFoundException", "message": "none"});
    let (client, _) = crate::ledger::fake::client(vec![(400, answer.to_string())]);
    let error = table(&client, "orders").get::<Line>(key("pk", "a")).await.unwrap_err();
    assert!(matches!(error, HookError::Retry { .. }), "{error:?}");
}
