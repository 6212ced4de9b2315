//! Events by what people know: references, the ids of duplicates, and what destinations got.

use std::collections::BTreeSet;

use acuse_aws::destinations::items::Deliveries;
use acuse_aws::ledger::DynamoLedger;
use acuse_aws::ledger::reader::Wanted;
use acuse_aws::ledger::record::Record;
use acuse_cli::stack::find::{self, By, Find};
use acuse_core::destination::DestinationName;
use acuse_core::destination::delivery::DeliveryKey;
use acuse_core::event::reference::{ReferencePath, References};
use acuse_core::providers;
use acuse_core::providers::onepay;

use super::*;

/// A payment of this order, received this many seconds in.
fn paid(id: &str, reference: &str, at: i64) -> Event {
    let payment = serde_json::json!({"id": id, "reference": reference, "amount": 150_000.5, "currency": "COP"});
    let body = serde_json::json!({"event": "payment.approved", "payment": payment});
    let envelope = Envelope {
        account: Default::default(),
        provider: "onepay".to_owned(),
        content: Default::default(),
        delivery_id: DeliveryId::new(seconds(at), [at as u8; 10]),
        received_at: seconds(at),
        form: CanonicalForm::Raw,
        body: body.to_string().into(),
        replay: None,
    };
    Event::read(envelope, &onepay::PROVIDER, Environment::Live)
}

impl Tables {
    fn reader(&self) -> LedgerReader {
        LedgerReader::new(self.client.clone(), "ledger")
    }

    async fn write(&self, ledger: &DynamoLedger, events: impl IntoIterator<Item = Event>) {
        for event in events {
            let lease = lease(&event.key.to_string());
            ledger.claim(&event, &lease, seconds(0)).await.unwrap().unwrap();
        }
    }

    async fn with_reference(&self, wanted: Wanted<'_>) -> Vec<Record> {
        let found = self.reader().by_reference(providers::ALL.names(), wanted, 100).await;
        let found = found.unwrap();
        assert!(!found.no_index && !found.more);
        found.records
    }

    async fn found(&self, text: &str) -> find::InLedger {
        let find = Find {
            text,
            account: None,
            limit: 100,
        };
        find::look_in(&self.reader(), &References::default(), &find)
            .await
            .unwrap()
    }

    /// The calls that a search makes: how many of each operation.
    async fn calls_of(&self, text: &str) -> BTreeMap<String, usize> {
        self.calls.take();
        assert!(!self.found(text).await.records.is_empty(), "{text}");
        let mut calls = BTreeMap::new();
        self.calls
            .take()
            .into_iter()
            .for_each(|call| *calls.entry(call).or_default() += 1);
        calls
    }
}

fn ids(records: &[Record]) -> Vec<&str> {
    records
        .iter()
        .map(|record| record.resource_id.as_deref().unwrap())
        .collect()
}

#[tokio::test]
async fn an_order_is_found_by_its_number_and_by_the_beginning_of_it() {
    for shards in [1, 4, 40] {
        let tables = Tables::create().await;
        let ledger = tables.ledger.clone().with_day_shards(shards);
        let orders = [
            ("p1", "ORD-4821", 1),
            ("p2", "ORD-4821", 3),
            ("p3", "ORD-48210", 2),
            ("p4", "ord-4821", 4),
        ];
        tables
            .write(&ledger, orders.map(|(id, reference, at)| paid(id, reference, at)))
            .await;
        let (exact, prefix) = (Wanted::Exact("ORD-4821"), Wanted::Prefix("ORD-4821"));
        assert_eq!(
            ids(&tables.with_reference(exact).await),
            ["p2", "p1"],
            "{shards} shards"
        );
        assert_eq!(ids(&tables.with_reference(prefix).await), ["p2", "p3", "p1"]);
        assert_eq!(ids(&tables.with_reference(Wanted::Prefix("ORD-482100")).await), [""; 0]);
        let record = &tables.with_reference(exact).await[0];
        assert_eq!(record.reference.as_deref(), Some("ORD-4821"));
        assert_eq!(
            (record.amount.as_deref(), record.currency.as_deref()),
            (Some("150000.5"), Some("COP"))
        );
    }
}

#[tokio::test]
async fn an_order_is_found_as_a_list_prints_its_number() {
    let tables = Tables::create().await;
    let ledger = tables.ledger.clone();
    tables
        .write(&ledger, [paid("p1", "ORD\u{1b}-7", 1), paid("p2", r"ORD\u{2d}8", 2)])
        .await;
    for (printed, id) in [
        (r"ORD\u{1b}-7", "p1"),
        (r"ORD\u001b-7", "p1"),
        (r"ORD\u{1b}*", "p1"),
        // What was sent comes before what it might stand for.
        (r"ORD\u{2d}8", "p2"),
    ] {
        assert_eq!(ids(&tables.found(printed).await.records), [id], "{printed}");
    }
    assert!(tables.found(r"ORD\u{1b}-8").await.records.is_empty());
}

/// An index key that is empty or too long makes DynamoDB refuse the whole write.
#[tokio::test]
async fn no_reference_stops_an_event_from_being_recorded() {
    let tables = Tables::create().await;
    let whole = "ñ".repeat(512);
    let (long, longer) = (format!("{whole}1"), "x".repeat(300_000));
    let orders = [("p1", ""), ("p2", &*whole), ("p3", &*long), ("p4", &*longer)];
    tables
        .write(&tables.ledger, orders.map(|(id, reference)| paid(id, reference, 1)))
        .await;
    let found = |text: String| {
        let tables = &tables;
        async move { tables.with_reference(Wanted::Exact(&text)).await }
    };
    assert_eq!(
        ids(&found(whole.clone()).await),
        ["p2"],
        "not the longer one, which begins the same"
    );
    assert_eq!(ids(&found(long.clone()).await), ["p3"]);
    assert_eq!(found(long.clone()).await[0].reference.as_ref(), Some(&long), "whole");
    assert_eq!(ids(&found(longer).await), ["p4"]);
    assert_eq!(ids(&tables.with_reference(Wanted::Prefix(&whole)).await), ["p2", "p3"]);
    assert_eq!(tables.records("onepay#live#payment#p1").await.len(), 1);
    // No search for nothing.
    assert_eq!(found(String::new()).await.len(), 0);
}

/// Recorded by a version without references, and claimed again by this one.
#[tokio::test]
async fn an_event_from_before_gets_its_reference_when_it_is_claimed_again() {
    let tables = Tables::create().await;
    let event = paid("p1", "ORD-4821", 1);
    tables.write(&tables.ledger, [event.clone()]).await;
    let update = tables.client.update_item().table_name("ledger");
    let update = update
        .key("pk", AttributeValue::S(event.key.partition.clone()))
        .key("sk", AttributeValue::S(event.key.sort.clone()))
        .update_expression("REMOVE reference_of, reference_key");
    update.send().await.unwrap();
    assert!(tables.with_reference(Wanted::Exact("ORD-4821")).await.is_empty());
    tables.claimed(&event, "again", 31).await;
    assert_eq!(tables.with_reference(Wanted::Exact("ORD-4821")).await.len(), 1);
}

/// Each call reads half a unit if it finds nothing, whatever the ledger's size.
#[tokio::test]
async fn a_search_makes_the_same_few_calls_on_any_ledger() {
    let tables = Tables::create().await;
    let event = paid("p1", "ORD-4821", 1);
    tables.write(&tables.ledger, [event.clone()]).await;
    tables
        .write(
            &tables.ledger,
            (0..50).map(|id| paid(&format!("other-{id}"), &format!("ORD-5{id}"), 2)),
        )
        .await;
    let providers = providers::ALL.names().count();
    let calls = |calls: &[(&str, usize)]| -> BTreeMap<String, usize> {
        calls.iter().map(|(name, count)| ((*name).to_owned(), *count)).collect()
    };
    // A key: its partition.
    assert_eq!(tables.calls_of(&event.key.to_string()).await, calls(&[("Query", 1)]));
    // Four shards of each provider, the number of shards, and the record; and the likely keys of an id.
    let by_id = tables.calls_of("ORD-4821").await["Query"] - 4 * providers;
    assert!(by_id <= 60, "{by_id}");
    assert_eq!(
        tables.calls_of("ORD-4821").await,
        calls(&[("BatchGetItem", 1), ("GetItem", 1), ("Query", 4 * providers + by_id)])
    );
    let by_prefix = tables.calls_of("ORD-482*").await;
    assert_eq!((by_prefix["BatchGetItem"], by_prefix["GetItem"]), (1, 1));
    assert!(by_prefix["Query"] <= 4 * providers + 60);
    // The shards of a millisecond of each provider, and how many there are; and one query for a `webhook-id`.
    let by_delivery = tables.calls_of(&event.delivery_id.to_string()).await;
    assert_eq!(by_delivery["GetItem"], 1 + providers);
    assert!(by_delivery["Query"] <= 8 * providers + 1 + 60);
    // Six parts of each of the day's shards.
    let by_amount = tables.calls_of("150000.50 2023-11-14").await;
    assert_eq!(
        by_amount,
        calls(&[("GetItem", providers), ("Query", 6 * 4 * providers)])
    );
}

#[tokio::test]
async fn one_search_takes_whatever_people_know() {
    let tables = Tables::create().await;
    let event = paid("p1", "ORD-4821", 1);
    tables
        .write(&tables.ledger, [event.clone(), paid("p2", "ORD-4822", 2)])
        .await;
    let (delivery, webhook) = (event.delivery_id.to_string(), event.idempotency_key());
    let destination = DestinationName::parse("shop").unwrap();
    let owed = Deliveries::new(tables.client.clone(), "ledger").owe(
        &DeliveryKey {
            event: event.key.clone(),
            destination,
        },
        event.received_at,
        seconds(0),
        seconds(90),
    );
    let write = tables.client.transact_write_items().transact_items(owed.unwrap());
    write.send().await.unwrap();
    let duplicate = DeliveryId::new(seconds(50), [9; 10]);
    tables
        .ledger
        .count_duplicate(&event.key, duplicate, seconds(51))
        .await
        .unwrap();
    for (text, by) in [
        (&*event.key.to_string(), By::Key),
        ("onepay#live#payment#p1", By::Key),
        ("ORD-4821", By::Reference),
        (" ORD-4821 ", By::Reference),
        ("p1", By::Id),
        (&*delivery, By::Delivery),
        (&*delivery.to_uppercase(), By::Delivery),
        (&*webhook, By::WebhookId),
        (&*webhook.to_uppercase(), By::WebhookId),
        (&*duplicate.to_string(), By::Duplicate),
    ] {
        let found = tables.found(text).await;
        assert_eq!((ids(&found.records), found.by), (vec!["p1"], vec![by]), "{text}");
    }
    for (text, by) in [
        ("ORD-48", By::ReferencePrefix),
        ("ORD-48*", By::ReferencePrefix),
        ("150000.50 2023-11-14", By::AmountOnDay),
    ] {
        let found = tables.found(text).await;
        assert_eq!((ids(&found.records), found.by), (vec!["p2", "p1"], vec![by]), "{text}");
    }
    for text in [
        "ORD-9",
        "4821",
        "*",
        "150001 2023-11-14",
        "150000.5 2023-11-15",
        "p3",
        "a|b",
        "|",
        "~",
    ] {
        let found = tables.found(text).await;
        assert!(
            found.records.is_empty() && found.by.is_empty(),
            "{text}: {:?}",
            found.by
        );
        assert!(!found.looked_for.is_empty(), "{text}");
    }
}

/// The consumer alone knows the owner's path to it, and records what it has read.
#[tokio::test]
async fn destinations_get_the_reference_that_was_recorded() {
    let tables = Tables::create().await;
    let path = ReferencePath::parse("payment.id").unwrap();
    let references = References::new([("onepay", path)]);
    for (reference, recorded) in [("ORD-4821", "p1"), (&*"x".repeat(5000), "p2")] {
        let event = paid(recorded, reference, 1);
        let applied = references.applied(vec![event.clone()]).remove(0);
        tables.write(&tables.ledger, [applied]).await;
        let record = tables.record(&event).await;
        let again = acuse_aws::destinations::events::event(&tables.reader(), &record, providers::ALL).await;
        assert_eq!(again.unwrap().reference.as_deref(), Some(recorded));
    }
    // A long one is cut in the record, but not in the payload.
    let long = "x".repeat(5000);
    let event = paid("p3", &long, 1);
    tables.write(&tables.ledger, [event.clone()]).await;
    let record = tables.record(&event).await;
    assert_eq!(record.reference.as_ref().unwrap().len(), 4096);
    let again = acuse_aws::destinations::events::event(&tables.reader(), &record, providers::ALL).await;
    assert_eq!(again.unwrap().reference, Some(long));
}

/// The tool may be newer than the stack.
#[tokio::test]
async fn a_table_without_the_index_is_a_note_and_not_an_error() {
    let tables = Tables::create().await;
    let event = paid("p1", "ORD-4821", 1);
    tables.write(&tables.ledger, [event]).await;
    let delete = aws_sdk_dynamodb::types::DeleteGlobalSecondaryIndexAction::builder().index_name("by-reference");
    let update = aws_sdk_dynamodb::types::GlobalSecondaryIndexUpdate::builder().delete(delete.build().unwrap());
    let change = tables.client.update_table().table_name("ledger");
    change
        .global_secondary_index_updates(update.build())
        .send()
        .await
        .unwrap();
    let found = tables.found("ORD-4821").await;
    assert!(found.no_index && found.records.is_empty());
    assert_eq!(ids(&tables.found("p1").await.records), ["p1"]);
}

/// Two deliveries to a destination are one event.
#[tokio::test]
async fn an_event_is_found_once_however_many_destinations_got_it() {
    let tables = Tables::create().await;
    let event = paid("p1", "ORD-4821", 1);
    tables.write(&tables.ledger, [event.clone()]).await;
    let deliveries = Deliveries::new(tables.client.clone(), "ledger");
    for name in ["shop", "erp"] {
        let key = DeliveryKey {
            event: event.key.clone(),
            destination: DestinationName::parse(name).unwrap(),
        };
        let owed = deliveries
            .owe(&key, event.received_at, seconds(0), seconds(90))
            .unwrap();
        let write = tables.client.transact_write_items().transact_items(owed);
        write.send().await.unwrap();
    }
    let found = tables.reader().by_webhook_id(&event.idempotency_key()).await.unwrap();
    let keys: BTreeSet<String> = found.iter().map(|record| record.key.clone()).collect();
    assert_eq!((found.len(), keys), (1, BTreeSet::from([event.key.to_string()])));
}
