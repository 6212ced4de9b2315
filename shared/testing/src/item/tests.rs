use serde::Deserialize;
use serde_json::{Value, json};

use super::*;
use crate::number;

fn item() -> Item {
    let n = |number: &str| AttributeValue::N(number.to_owned());
    let s = |text: &str| AttributeValue::S(text.to_owned());
    let attributes = [
        ("pk", s("ORD-1")),
        ("paid", n("9007199254740993.3")),
        ("payments", n("2")),
        (
            "totals",
            AttributeValue::Ns(vec!["50000".to_owned(), "120000.5".to_owned()]),
        ),
        ("open", AttributeValue::Bool(false)),
        (
            "lines",
            AttributeValue::L(vec![AttributeValue::M([("sku".to_owned(), s("A"))].into())]),
        ),
    ];
    Item {
        what: "the order".to_owned(),
        attributes: Some(attributes.map(|(name, value)| (name.to_owned(), value)).into()),
    }
}

#[test]
fn attributes_compare_as_dynamodb_has_them() {
    item()
        .has("pk", "ORD-1")
        .has("paid", number("9007199254740993.30"))
        .has("payments", 2)
        .has("payments", 2.0)
        .has("totals", [number("120000.50"), number("50000")])
        .has("open", false)
        .has("lines", json!([{"sku": "A"}]))
        .has_no("status");
    let absent = Item {
        what: "the order".to_owned(),
        attributes: None,
    };
    absent.has_no("pk").is_absent();
}

#[test]
fn an_item_reads_as_a_type_or_as_json() {
    #[derive(Deserialize)]
    struct Order {
        pk: String,
        payments: u32,
    }
    let order: Order = item().read();
    assert_eq!((order.pk.as_str(), order.payments), ("ORD-1", 2));
    let json: Value = item().read();
    assert_eq!(json["lines"], json!([{"sku": "A"}]));
}

#[test]
#[should_panic(expected = "the order: `paid` is 9007199254740993.3, not 9007199254740993")]
fn a_digit_matters() {
    item().has("paid", number("9007199254740993"));
}

#[test]
#[should_panic(expected = "the order: `status` is absent, not \"paid\".\n{\"lines\":[{\"sku\":\"A\"}],\"open\":false,")]
fn what_is_there_is_shown() {
    item().has("status", "paid");
}

#[test]
#[should_panic(expected = "the order should be absent; it is\n{")]
fn an_item_that_should_not_be_there_is_shown() {
    item().is_absent();
}
