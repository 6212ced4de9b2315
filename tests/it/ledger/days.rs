//! A provider's day over several shards: where events go, and how lists find them, in order and at what cost.

use std::collections::BTreeSet;

use acuse_aws::ledger::DynamoLedger;
use acuse_core::account::{Account, AccountName};
use aws_sdk_dynamodb::types::{PutRequest, WriteRequest};
use futures_util::{StreamExt, stream};

use super::*;

/// An event received this many milliseconds after the day began.
fn received(id: usize, millis: i64) -> Event {
    received_by("default", id, millis)
}

/// The same by an account.
fn received_by(account: &str, id: usize, millis: i64) -> Event {
    let body = format!(r#"{{"event":"payment.completed","data":{{"id":"p{id:05}"}}}}"#);
    let envelope = Envelope {
        account: Account {
            name: AccountName::parse(account).unwrap(),
            environment: None,
        },
        provider: "kuenta".to_owned(),
        content: Default::default(),
        delivery_id: DeliveryId::new(seconds(0), [1; 10]),
        received_at: at(millis),
        form: CanonicalForm::Raw,
        body: body.into(),
        replay: None,
    };
    Event::read(envelope, &kuenta::PROVIDER, Environment::Live)
}

/// This many milliseconds after the day began.
fn at(millis: i64) -> Timestamp {
    Timestamp::from_millis(Timestamp::from_rfc3339("2026-11-26T00:00:00Z").unwrap().as_millis() + millis)
}

async fn write(ledger: &DynamoLedger, event: &Event) {
    let lease = Lease {
        token: event.key.to_string(),
        expires_at: at(30_000),
        message_id: event.key.to_string(),
        overrides: Override::None,
    };
    let hooks = vec![("h", Effects::none())];
    ledger
        .commit_new(event, &lease, hooks, RecordAs::Completed, at(0))
        .await
        .unwrap()
        .unwrap();
}

async fn write_all(ledger: &DynamoLedger, events: impl IntoIterator<Item = Event>) {
    let writes = stream::iter(events).map(|event| async move { write(ledger, &event).await });
    writes.buffer_unordered(16).collect::<()>().await;
}

impl Tables {
    fn spread(&self, shards: u32) -> DynamoLedger {
        self.ledger.clone().with_day_shards(shards)
    }

    /// Puts many events at once, as the ledger writes them.
    async fn put_all(&self, shards: u32, events: &[Event]) {
        write(&self.spread(shards), &events[0]).await;
        let scan = self.client.scan().table_name("ledger").index_name("by-day");
        let like = scan.send().await.unwrap().items.unwrap().remove(0);
        let text = AttributeValue::S;
        let put = |event: &Event| {
            let day = match event.key.shard(shards) {
                0 => "kuenta#2026-11-26".to_owned(),
                shard => format!("kuenta#2026-11-26#{shard}"),
            };
            let own = [
                ("pk", text(event.key.partition.clone())),
                ("sk", text(event.key.sort.clone())),
                ("day", text(day)),
                (
                    "received_at",
                    AttributeValue::N(event.received_at.as_millis().to_string()),
                ),
                ("resource_id", text(event.resource.as_ref().unwrap().id.clone())),
            ];
            let mut item = like.clone();
            item.extend(own.map(|(name, value)| (name.to_owned(), value)));
            let put = PutRequest::builder().set_item(Some(item)).build().unwrap();
            WriteRequest::builder().put_request(put).build()
        };
        for events in events.chunks(25) {
            let writes = events.iter().map(put).collect();
            let batch = self.client.batch_write_item().request_items("ledger", writes);
            let left = batch.send().await.unwrap().unprocessed_items.unwrap_or_default();
            assert!(left.is_empty());
        }
    }

    async fn listed(&self, limit: usize) -> Vec<String> {
        let reader = LedgerReader::new(self.client.clone(), "ledger");
        let records = reader.on_day("kuenta", None, at(0), limit).await.unwrap();
        records.into_iter().map(|record| record.resource_id.unwrap()).collect()
    }

    /// The keys of the index that have events.
    pub(crate) async fn days(&self) -> BTreeSet<String> {
        let scan = self.client.scan().table_name("ledger").index_name("by-day");
        let items: Vec<_> = scan.into_paginator().items().send().collect().await;
        let day = |item: Result<HashMap<String, AttributeValue>, _>| item.unwrap()["day"].as_s().unwrap().clone();
        items.into_iter().map(day).collect()
    }
}

fn ids(places: impl IntoIterator<Item = usize>) -> Vec<String> {
    places.into_iter().map(|id| format!("p{id:05}")).collect()
}

#[tokio::test]
async fn events_of_all_shards_are_listed_newest_first() {
    for shards in [1, 2, 4, 16] {
        let tables = Tables::create().await;
        write_all(&tables.spread(shards), (0..100).map(|id| received(id, id as i64))).await;
        let used = tables.days().await;
        assert!(used.contains("kuenta#2026-11-26"), "{used:?}");
        assert_eq!(used.len(), shards as usize, "{used:?}");
        for limit in [0, 1, 7, 99, 100, 101, usize::MAX] {
            let newest = (0..100).rev().take(limit);
            assert_eq!(tables.listed(limit).await, ids(newest), "{limit} of {shards} shards");
        }
        let reader = LedgerReader::new(tables.client.clone(), "ledger");
        let other_day = reader.on_day("kuenta", None, at(86_400_000), 9).await.unwrap();
        let other_provider = reader.on_day("onepay", None, at(0), 9).await.unwrap();
        assert!(other_day.is_empty() && other_provider.is_empty());
    }
}

/// Of a busy default account and of a rare one.
#[tokio::test]
async fn events_of_one_account_are_listed_newest_first() {
    for shards in [1, 8] {
        let tables = Tables::create().await;
        let account = |id: usize| if id.is_multiple_of(25) { "rare" } else { "default" };
        let events = (0..100).map(|id| received_by(account(id), id, id as i64));
        write_all(&tables.spread(shards), events).await;
        let reader = LedgerReader::new(tables.client.clone(), "ledger");
        for own in ["rare", "default", "nobody"] {
            let name = AccountName::parse(own).unwrap();
            for limit in [0, 1, 3, 4, 96, usize::MAX] {
                let records = reader.on_day("kuenta", Some(&name), at(0), limit).await.unwrap();
                assert!(records.iter().all(|record| record.account == name));
                let listed: Vec<_> = records.into_iter().map(|record| record.resource_id.unwrap()).collect();
                let newest = (0..100).rev().filter(|id| account(*id) == own).take(limit);
                assert_eq!(listed, ids(newest), "{limit} of {own} in {shards} shards");
            }
        }
    }
}

#[tokio::test]
async fn events_of_one_millisecond_are_listed_by_their_keys() {
    for shards in [1, 8] {
        let tables = Tables::create().await;
        write_all(&tables.spread(shards), (0..60).rev().map(|id| received(id, 5))).await;
        write_all(&tables.spread(shards), [received(99, 6)]).await;
        for limit in [2, 9, 60] {
            let expected = std::iter::once(99).chain(0..60).take(limit);
            assert_eq!(tables.listed(limit).await, ids(expected), "{limit} of {shards} shards");
        }
    }
}

#[tokio::test]
async fn a_list_begins_at_any_moment_of_its_day() {
    let tables = Tables::create().await;
    for shards in [1, 8] {
        write_all(&tables.spread(shards), (0..60).map(|id| received(id, id as i64 / 2))).await;
    }
    let reader = LedgerReader::new(tables.client.clone(), "ledger");
    for until in [0, 7, 29, 1_000_000] {
        let records = reader.on_day_until("kuenta", None, at(until), 9).await.unwrap();
        let listed: Vec<String> = records.into_iter().map(|record| record.resource_id.unwrap()).collect();
        // Two of a millisecond, by their keys.
        let pairs = (0..30usize).rev().filter(|pair| *pair as i64 <= until);
        let expected = pairs.flat_map(|pair| [2 * pair, 2 * pair + 1]).take(9);
        assert_eq!(listed, ids(expected), "{until}");
    }
}

/// In no order, and over midnight.
#[tokio::test]
async fn a_period_has_its_events_and_those_of_an_amount() {
    let tables = Tables::create().await;
    let hours = |id: usize| 3_600_000 * id as i64;
    for shards in [1, 8] {
        write_all(&tables.spread(shards), (0..60).map(|id| received(id, hours(id)))).await;
    }
    let reader = LedgerReader::new(tables.client.clone(), "ledger");
    let found = async |from, until, amount| {
        let records = reader.received_between("kuenta", at(from), at(until), amount).await;
        let mut ids: Vec<String> = records
            .unwrap()
            .into_iter()
            .map(|record| record.resource_id.unwrap())
            .collect();
        ids.sort();
        ids
    };
    assert_eq!(found(hours(3), hours(50), None).await, ids(3..50));
    assert_eq!(found(hours(3) + 1, hours(3) + 2, None).await, ids([]));
    assert_eq!(found(0, 0, None).await, ids([]));
    // Those without an amount have it in their payload, perhaps.
    assert_eq!(found(0, hours(60), Some("150000")).await, ids(0..60));
    let amounts = [(4, "150000.00"), (9, "99"), (30, "0150000")];
    for (id, amount) in amounts {
        let event = received(id, 0);
        let update = tables.client.update_item().table_name("ledger");
        let update = update
            .key("pk", AttributeValue::S(event.key.partition.clone()))
            .key("sk", AttributeValue::S(event.key.sort.clone()))
            .update_expression("SET amount = :amount")
            .expression_attribute_values(":amount", AttributeValue::S(amount.to_owned()));
        update.send().await.unwrap();
    }
    let others = (0..60).filter(|id| *id != 9);
    assert_eq!(found(0, hours(60), Some("150000")).await, ids(others));
}

/// Up and down during a day, by processes that know nothing of each other.
#[tokio::test]
async fn the_number_changes_and_every_event_is_found() {
    let tables = Tables::create().await;
    let mut written = 0;
    for shards in [1, 16, 3, 40, 1] {
        // The earlier deployment runs on for a while.
        let (old, new) = (tables.spread(1), tables.spread(shards));
        for _ in 0..8 {
            write(&old, &received(written, written as i64)).await;
            write(&new, &received(written + 1, written as i64 + 1)).await;
            written += 2;
            assert_eq!(tables.listed(usize::MAX).await.len(), written, "{shards} shards");
        }
        assert_eq!(tables.listed(10).await, ids((0..written).rev().take(10)));
    }
    assert_eq!(tables.listed(usize::MAX).await, ids((0..written).rev()));
}

#[tokio::test]
async fn an_event_that_comes_again_stays_where_it_is() {
    let tables = Tables::create().await;
    let events: Vec<Event> = (0..20).map(|id| received(id, id as i64)).collect();
    for event in &events {
        let lease = Lease {
            token: "first".to_owned(),
            expires_at: at(1000),
            message_id: "first".to_owned(),
            overrides: Override::None,
        };
        let before = tables.spread(1);
        before.claim(event, &lease, at(0)).await.unwrap().unwrap();
    }
    for event in &events {
        let lease = Lease {
            token: "second".to_owned(),
            expires_at: at(60_000),
            message_id: "second".to_owned(),
            overrides: Override::None,
        };
        tables.spread(16).claim(event, &lease, at(2000)).await.unwrap().unwrap();
    }
    assert_eq!(tables.days().await, BTreeSet::from(["kuenta#2026-11-26".to_owned()]));
    assert_eq!(tables.listed(usize::MAX).await, ids((0..20).rev()));
}

/// An operator would not find an event written before that.
#[tokio::test]
async fn the_number_of_shards_is_recorded_before_the_first_event_and_once_a_day() {
    let tables = Tables::create().await;
    let ledger = tables.spread(16);
    tables.calls.take();
    write_all(&ledger, (0..5).map(|id| received(id, 0))).await;
    assert_eq!(tables.calls.take(), ["UpdateItem"; 6]);
    write(&ledger, &received(6, 86_400_000)).await;
    write(&ledger, &received(7, 86_400_001)).await;
    assert_eq!(tables.calls.take(), ["UpdateItem"; 3]);
    // Readers always read four shards.
    write_all(&tables.spread(4), (8..20).map(|id| received(id, 172_800_000))).await;
    assert_eq!(tables.calls.take(), ["UpdateItem"; 12]);

    tables.client.delete_table().table_name("ledger").send().await.unwrap();
    tables.calls.take();
    let lease = Lease {
        token: "t".to_owned(),
        expires_at: at(1000),
        message_id: "m".to_owned(),
        overrides: Override::None,
    };
    let claim = tables.spread(16).claim(&received(1, 0), &lease, at(0)).await;
    assert!(matches!(claim.unwrap_err().cause, Cause::Outage(_)));
    assert_eq!(tables.calls.take().len(), 1, "the event's own write is not tried");
}

#[tokio::test(flavor = "multi_thread")]
async fn two_hundred_of_ten_thousand_cost_little_more_than_two_hundred() {
    for (shards, count, queries, most) in [(4, 10_000, 4, 270), (1, 1_000, 7, 205), (16, 1_000, 20, 350)] {
        let tables = Tables::create().await;
        let events: Vec<Event> = (0..count).map(|id| received(id, id as i64)).collect();
        tables.put_all(shards, &events).await;
        tables.calls.take();
        tables.calls.take_read();
        assert_eq!(tables.listed(200).await, ids((0..count).rev().take(200)));
        let calls = tables.calls.take();
        let asked = calls.iter().filter(|call| *call == "Query").count();
        let read = tables.calls.take_read();
        eprintln!("{shards} shards: {asked} queries, {read} items");
        assert!(asked <= queries, "{shards} shards: {asked} queries");
        assert!((200..=most).contains(&read), "{shards} shards: {read} items");
    }
}
