use acuse_core::destination::delivery::Progress;

use super::*;
use crate::destinations::fake::{self, NOW, complete, key, name};
use crate::ledger::reader::LedgerReader;

const LATER: Timestamp = Timestamp::from_seconds(1_800_000_060);

fn answer(status: u16) -> Answer {
    Answer {
        status,
        took_ms: 12,
        body: "no".to_owned(),
    }
}

fn failed(attempts: u32, retry_at: Option<Timestamp>) -> Change {
    Change::Failed {
        attempts,
        error: "answered 500".to_owned(),
        fault: true,
        answer: Some(answer(500)),
        retry_at,
    }
}

/// Every change to every state that a delivery can be in does in the table what the rule says.
#[tokio::test]
async fn the_table_follows_the_rule() {
    let client = fake::ledger().await;
    let deliveries = Deliveries::new(client.clone(), "ledger");
    let changes = [
        Change::Delivered(answer(200)),
        failed(0, Some(LATER)),
        failed(1, Some(LATER)),
        failed(0, None),
        failed(1, None),
        Change::GiveUp {
            reason: "too old".to_owned(),
        },
        Change::Skip,
        Change::Requeue,
    ];
    let key = key("shop");
    for first in &changes {
        for second in &changes {
            let write = deliveries.owe(&key, NOW, NOW, LATER).unwrap();
            let call = client.transact_write_items().transact_items(write);
            call.send().await.unwrap();
            let mut expected = Delivery::owed(NOW);
            for change in [first, second] {
                let changed = deliveries.change(&key, change, LATER).await.unwrap();
                let wanted = match expected.changed(change, LATER) {
                    Some(next) => Changed::Written(next),
                    None => Changed::Refused(Some(expected)),
                };
                assert_eq!(changed, wanted, "{first:?}, {second:?}");
                expected = match wanted {
                    Changed::Written(delivery) | Changed::Refused(Some(delivery)) => delivery,
                    Changed::Refused(None) => unreachable!(),
                };
            }
            assert_eq!(deliveries.get(&key).await.unwrap(), Some(expected.clone()));
            let listed = deliveries.list(&name("shop"), None).await.unwrap().deliveries;
            let is_listed = matches!(expected.status, Status::Owed | Status::GivenUp);
            assert_eq!(listed.len(), usize::from(is_listed), "{expected:?}");
        }
    }
}

#[tokio::test]
async fn what_is_not_there_is_not_changed() {
    let deliveries = Deliveries::new(fake::ledger().await, "ledger");
    for change in [
        Change::Delivered(answer(200)),
        failed(0, None),
        Change::Skip,
        Change::Requeue,
    ] {
        let changed = deliveries.change(&key("shop"), &change, NOW).await.unwrap();
        assert_eq!(changed, Changed::Refused(None), "{change:?}");
    }
}

#[tokio::test]
async fn an_events_deliveries_are_beside_its_record_and_its_record_lists_them() {
    let client = fake::ledger().await;
    let deliveries = Deliveries::new(client.clone(), "ledger");
    let mut event = fake::event();
    event.reconciled = true;
    complete(&client, &event, &["erp", "shop"], NOW).await;
    deliveries.change(&key("erp"), &Change::Skip, NOW).await.unwrap();

    let found = deliveries.of_event(&event.key).await.unwrap();
    let statuses: Vec<_> = found.iter().map(|(name, own)| (name.as_str(), own.status)).collect();
    assert_eq!(statuses, [("erp", Status::Skipped), ("shop", Status::Owed)]);
    assert_eq!(
        Progress::of(found.iter().map(|(_, own)| own.status)),
        Progress::Delivering
    );

    let reader = LedgerReader::new(client, "ledger");
    let records = reader.partition(&event.key.partition).await.unwrap();
    let [record] = &records[..] else { panic!("{records:?}") };
    assert_eq!(record.destinations, [name("erp"), name("shop")].into());
    let again = super::super::events::event(&reader, record, acuse_core::providers::ALL);
    let again = again.await.unwrap();
    assert!(again.reconciled, "the record says so, not the payload");
    assert_eq!(
        acuse_core::destination::body::of(&again),
        acuse_core::destination::body::of(&event)
    );
    assert_eq!(again.idempotency_key(), event.idempotency_key());
}

#[tokio::test]
async fn many_are_read_at_once_and_those_that_are_not_there_are_left_out() {
    let client = fake::ledger().await;
    let deliveries = Deliveries::new(client.clone(), "ledger");
    let keys: Vec<_> = (0..130).map(|number| key(&format!("shop-{number}"))).collect();
    for key in keys.iter().filter(|key| key.destination.as_str() != "shop-7") {
        let write = deliveries.owe(key, NOW, NOW, LATER).unwrap();
        client
            .transact_write_items()
            .transact_items(write)
            .send()
            .await
            .unwrap();
    }
    let found = deliveries.many(&keys).await.unwrap();
    assert_eq!(found.len(), 129);
    assert!(!found.contains_key(&keys[7]));
    assert_eq!(found[&keys[129]], Delivery::owed(NOW));
    assert!(deliveries.many(&[]).await.unwrap().is_empty());
}
