//! Each write and condition, as the request that is sent and as DynamoDB understands it.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::*;
use crate::hook::tests::{attempt, commit, database, table};
use crate::hook::{Attribute, attr, key};

/// The requests of a transaction with these writes.
async fn requests(write: impl FnOnce(&Table, &mut Writes)) -> Value {
    let (client, requests) = crate::ledger::fake::client(vec![(200, "{}".to_owned())]);
    let mut writes = Writes::new(attempt());
    write(&table(&client, "orders"), &mut writes);
    let (writes, _) = writes.into_effects().unwrap().into_parts();
    let call = client.transact_write_items().set_transact_items(Some(writes));
    call.send().await.unwrap();
    let mut sent = requests.lock().unwrap().remove(0);
    sent["TransactItems"].take()
}

#[tokio::test]
async fn writes_are_requests() {
    let sent = requests(|orders, writes| {
        writes.put(
            orders,
            json!({"pk": "a", "lines": [1, "two", null, true], "total": {"cop": 5}}),
        );
        writes
            .put(orders, BTreeMap::from([("pk", "b")]))
            .only_if(attr("pk").is_absent());
        writes
            .update(orders, key("pk", "c"))
            .set("status", "paid")
            .set_if_absent("first_paid_at", 7)
            .add("payments", 1)
            .add("total", "0.10")
            .remove("expires_at")
            .only_if(
                attr("status")
                    .is("open")
                    .or(attr("status").is_absent().and(attr("n").less_than(3))),
            );
        writes
            .delete(orders, key("pk", "d").and("sk", 5))
            .only_if(attr("n").greater_than(1.5));
        writes.check(orders, key("pk", "e"), attr("x").is_not("y").and(attr("z").exists()));
    });
    insta::assert_json_snapshot!(sent.await);
}

/// Every condition, of an item that has the attribute, of one that does not, and of one that does not exist.
#[tokio::test]
async fn conditions_are_what_they_are_called() {
    let client = database().await;
    let orders = table(&client, "orders");
    let mut writes = Writes::new(attempt());
    writes.put(&orders, json!({"pk": "has", "n": 5, "status": "open"}));
    writes.put(&orders, json!({"pk": "has_not"}));
    assert_eq!(commit(&client, writes.into_effects().unwrap()).await, "written");

    type Make = fn(Attribute) -> Condition;
    let conditions: [(&str, Make); 12] = [
        ("n is 5", |n| n.is(5)),
        ("n is 4", |n| n.is(4)),
        ("n is \"5\"", |n| n.is("5")),
        ("n is_not 5", |n| n.is_not(5)),
        ("n is_not 4", |n| n.is_not(4)),
        ("n less_than 6", |n| n.less_than(6)),
        ("n less_than 5", |n| n.less_than(5)),
        ("n greater_than 4.5", |n| n.greater_than(4.5)),
        ("n exists", |n| n.exists()),
        ("n is_absent", |n| n.is_absent()),
        ("n is 5 and status is open", |n| n.is(5).and(attr("status").is("open"))),
        ("n is 4 or status is open", |n| n.is(4).or(attr("status").is("open"))),
    ];
    let mut lines = Vec::new();
    for (name, condition) in conditions {
        let mut line = format!("{name}:");
        for item in ["has", "has_not", "none"] {
            let mut writes = Writes::new(attempt());
            writes.check(&orders, key("pk", item), condition(attr("n")));
            let is_true = commit(&client, writes.into_effects().unwrap()).await == "written";
            line.push_str(if is_true { " true" } else { " false" });
        }
        lines.push(line);
    }
    insta::assert_snapshot!(lines.join("\n"), @r#"
    n is 5: true false false
    n is 4: false false false
    n is "5": false false false
    n is_not 5: false true true
    n is_not 4: true true true
    n less_than 6: true false false
    n less_than 5: false false false
    n greater_than 4.5: true false false
    n exists: true false false
    n is_absent: false true true
    n is 5 and status is open: true false false
    n is 4 or status is open: true false false
    "#);
}

#[tokio::test]
async fn every_change_is_made_as_it_is_called() {
    let client = database().await;
    let orders = table(&client, "orders");
    for round in 1..=2 {
        let mut writes = Writes::new(attempt());
        writes
            .update(&orders, key("pk", "a"))
            .set("status", format!("round {round}"))
            .set("type", Some("a reserved word"))
            .set("no.path", None::<String>)
            .set_if_absent("first", round)
            .add("count", 1)
            .add("total", acuse_core::event::Amount::from("90071992547409931.10"))
            .remove("gone");
        assert_eq!(commit(&client, writes.into_effects().unwrap()).await, "written");
    }
    let mut item: Value = orders.get(key("pk", "a")).await.unwrap().unwrap();
    // A `Value` would round it.
    let exact: Total = orders.get(key("pk", "a")).await.unwrap().unwrap();
    item["total"] = json!(exact.total);
    insta::assert_json_snapshot!(item, @r#"
    {
      "count": 2,
      "first": 1,
      "no.path": null,
      "pk": "a",
      "status": "round 2",
      "total": "180143985094819862.2",
      "type": "a reserved word"
    }
    "#);
    let mut writes = Writes::new(attempt());
    writes.delete(&orders, key("pk", "a")).only_if(attr("first").is(1));
    assert_eq!(commit(&client, writes.into_effects().unwrap()).await, "written");
    assert!(orders.get::<Value>(key("pk", "a")).await.unwrap().is_none());
}

#[derive(serde::Deserialize)]
struct Total {
    total: acuse_core::event::Amount,
}

#[tokio::test]
async fn a_false_condition_ends_as_the_hook_says() {
    let client = database().await;
    let orders = table(&client, "orders");
    let refused = || {
        let mut writes = Writes::new(attempt());
        writes.put(&orders, json!({"pk": "beside"}));
        writes
            .update(&orders, key("pk", "none"))
            .set("x", 1)
            .only_if(attr("pk").exists());
        writes
    };
    assert_eq!(commit(&client, refused().into_effects().unwrap()).await, "done");
    assert!(
        orders.get::<Value>(key("pk", "beside")).await.unwrap().is_none(),
        "all or none"
    );
    let mut retried = refused();
    retried.retry_if_refused();
    assert_eq!(commit(&client, retried.into_effects().unwrap()).await, "retry");
    let mut other = refused();
    other.otherwise().put(&orders, json!({"pk": "instead"}));
    other.otherwise().put(&orders, json!({"pk": "as well"}));
    assert_eq!(commit(&client, other.into_effects().unwrap()).await, "otherwise");
    assert!(orders.get::<Value>(key("pk", "instead")).await.unwrap().is_some());
    assert!(orders.get::<Value>(key("pk", "as well")).await.unwrap().is_some());
    let mut other = refused();
    other.otherwise().check(&orders, key("pk", "none"), attr("pk").exists());
    assert_eq!(commit(&client, other.into_effects().unwrap()).await, "retry");
    let mut raw = Writes::new(attempt());
    raw.raw(refused().into_effects().unwrap().into_parts().0.remove(1));
    assert_eq!(commit(&client, raw.into_effects().unwrap()).await, "retry");
}

#[derive(serde::Serialize)]
struct Basket {
    pk: &'static str,
    lines: Vec<BTreeMap<Option<u8>, &'static str>>,
}

/// Serializes as an error that quotes the value.
struct Secretive;

impl Serialize for Secretive {
    fn serialize<S: serde::Serializer>(&self, _: S) -> Result<S::Ok, S::Error> {
        Err(serde::ser::Error::custom("can't write \"juan\""))
    }
}

#[tokio::test]
async fn what_cannot_be_written_is_a_rejection_that_names_table_and_field() {
    let (client, _) = crate::ledger::fake::client(vec![(200, "{}".to_owned())]);
    let orders = table(&client, "orders");
    let basket = Basket {
        pk: "juan",
        lines: vec![BTreeMap::from([(None, "juan")])],
    };
    let none = BTreeMap::from([((), "juan")]);
    let cases: [&dyn Fn(&mut Writes); 12] = [
        &|writes| {
            writes.put(&orders, &basket);
        },
        &|writes| {
            writes.put(&orders, "juan");
        },
        &|writes| {
            writes.put(&orders, Secretive);
        },
        &|writes| {
            writes.update(&orders, key("pk", "a")).set("basket", &basket);
        },
        &|writes| {
            writes.update(&orders, key("pk", "a")).set("none", &none);
        },
        &|writes| {
            writes.update(&orders, key("pk", "a")).set("mail", Secretive);
        },
        &|writes| {
            writes.update(&orders, key("pk", "a")).add("paid", "1.000,50");
        },
        &|writes| {
            writes.update(&orders, key("pk", "a")).add("paid", None::<u8>);
        },
        &|writes| {
            writes.update(&orders, key("pk", "a"));
        },
        &|writes| {
            writes.delete(&orders, key("pk", ""));
        },
        &|writes| {
            writes.delete(&orders, key("pk", ["juan"]));
        },
        &|writes| writes.check(&orders, key("pk", "a"), attr("mail").is(Secretive)),
    ];
    let reasons: Vec<String> = cases
        .iter()
        .map(|case| {
            let mut writes = Writes::new(attempt());
            case(&mut writes);
            match writes.into_effects().unwrap_err() {
                HookError::Reject { reason } => reason,
                retry => panic!("{retry:?}"),
            }
        })
        .collect();
    assert!(reasons.iter().all(|reason| !reason.contains("juan")), "{reasons:#?}");
    insta::assert_snapshot!(reasons.join("\n"), @r"
    a write to the table `orders`: the item is not a valid `Basket`: lines[0]: Key must be a string
    a write to the table `orders`: what is put there is not a struct or a map
    a write to the table `orders`: the item is not a valid `Secretive`: can't write
    a write to the table `orders`: the value is not a valid `Basket`: basket.lines[0]: Key must be a string
    a write to the table `orders`: the value is not a valid `BTreeMap`: none: Key must be a string
    a write to the table `orders`: the value is not a valid `Secretive`: mail: can't write
    a write to the table `orders`: what is added to `paid` is not a decimal number
    a write to the table `orders`: what is added to `paid` is not a decimal number
    a write to the table `orders`: an update without `set`, `add` or `remove`
    a write to the table `orders`: the key `pk` is an empty text
    a write to the table `orders`: the key `pk` is not a text, a number or bytes
    a write to the table `orders`: the value is not a valid `Secretive`: mail: can't write
    ");
}
