//! Erasing what the ledger has of a person.

use std::collections::BTreeSet;

use acuse_aws::destinations::items::{Changed, Deliveries};
use acuse_aws::ledger::erased::{Erased, Erasures};
use acuse_core::destination::DestinationName;
use acuse_core::destination::delivery::{Answer, Change as DeliveryChange, DeliveryKey};
use acuse_core::event::key::IdempotencyKey;

use super::*;

const BY: &str = "arn:aws:iam::123456789012:user/ana";

async fn erase(tables: &Tables, event: &Event) -> Erased {
    let erasures = Erasures::new(tables.client.clone(), "ledger");
    erasures.erase(&event.key, BY, seconds(60)).await.unwrap()
}

/// An event with everything that a record may have of a person.
fn personal(id: &str) -> Event {
    let mut event = event_with(id, "Ana Pérez");
    event.amount = Some("150000.00".to_owned());
    event.currency = Some("COP".to_owned());
    event.reference = Some("ORD-4821".to_owned());
    event
}

#[tokio::test]
async fn an_erased_event_keeps_what_tells_a_duplicate_and_nothing_of_a_person() {
    let tables = Tables::create().await;
    let event = personal("p1");
    let claimed = tables.claimed(&event, "a", 0).await;
    let rejected = Change::Reject {
        reason: "Ana Pérez is unknown".to_owned(),
    };
    tables.ledger.change(&claimed, rejected, seconds(1)).await.unwrap();
    assert_eq!(erase(&tables, &event).await, Erased::Now);
    assert_eq!(erase(&tables, &event).await, Erased::Before);

    let item = tables.item(&event).await;
    let kept: BTreeSet<&str> = item.keys().map(String::as_str).collect();
    let expected = [
        "attempts",
        "body_sha256",
        "claimed_at",
        "completed_at",
        "day",
        "delivery_id",
        "duplicates",
        "environment",
        "erased_at",
        "erased_by",
        "expires_at",
        "forgiven",
        "form",
        "hooks",
        "message_id",
        "pk",
        "provider",
        "received_at",
        "reference_key",
        "reference_of",
        "resource_id",
        "resource_kind",
        "sk",
        "status",
        "type",
        "version",
    ];
    assert_eq!(kept, expected.into());
    let everything = format!("{item:?}");
    for personal in ["Ana", "150000", "ORD-4821", "COP"] {
        assert!(!everything.contains(personal), "{everything}");
    }
    let record = tables.record(&event).await;
    assert_eq!(record.status, "REJECTED");
    let said = record.erasure().unwrap();
    assert_eq!(said, format!("erased on {} by {BY}", seconds(60)));
    let reader = LedgerReader::new(tables.client.clone(), "ledger");
    assert_eq!(reader.payload(&record).await.unwrap(), None);

    // The same bytes are a duplicate, even for a replay or a redrive; nothing of them is written.
    for overrides in [Override::None, Override::Rejection, Override::RejectionAndWait] {
        let lease = Lease {
            overrides,
            ..lease("b")
        };
        let again = tables.ledger.claim(&event, &lease, seconds(70)).await.unwrap();
        let status = Status::Rejected;
        assert_eq!(again.unwrap_err(), Refused::Duplicate { status });
    }
    let lease_of_c = lease("c");
    let committed = tables
        .ledger
        .commit_new(&event, &lease_of_c, vec![], RecordAs::Completed, seconds(71));
    assert!(matches!(committed.await.unwrap(), Err(Refused::Duplicate { .. })));
    let other = event_with("p1", "other bytes");
    assert_eq!(other.key, event.key);
    let again = tables.ledger.claim(&other, &lease("d"), seconds(72)).await.unwrap();
    assert_eq!(again.unwrap_err(), Refused::Conflict);
    assert_eq!(tables.record(&event).await.payload, None);
}

#[tokio::test]
async fn an_event_that_is_not_finished_is_left_as_it_is() {
    let tables = Tables::create().await;
    let event = personal("p1");
    assert_eq!(erase(&tables, &event).await, Erased::Gone);
    let claimed = tables.claimed(&event, "a", 0).await;
    assert_eq!(erase(&tables, &event).await, Erased::Unfinished(Status::InProgress));
    let released = Change::Release {
        error: "later".to_owned(),
        cause: ReleaseCause::HookFailed { retry_at: seconds(90) },
    };
    tables.ledger.change(&claimed, released, seconds(1)).await.unwrap();
    assert_eq!(erase(&tables, &event).await, Erased::Unfinished(Status::Released));
    tables
        .ledger
        .keep_conflict(&event_with("p1", "x"), "m", seconds(2))
        .await
        .unwrap();
    let conflict = event_with("p1", "x").into_conflict();
    assert_eq!(erase(&tables, &conflict).await, Erased::Unfinished(Status::Conflict));
    assert!(tables.record(&event).await.payload.is_some());
}

#[tokio::test]
async fn the_parts_of_a_long_payload_are_emptied_and_not_written_again() {
    let tables = Tables::create().await;
    let noise: String = std::iter::repeat_with(fastrand::alphanumeric).take(1_000_000).collect();
    let event = event_with("noise", &noise);
    let claimed = tables.claimed(&event, "a", 0).await;
    tables
        .ledger
        .change(&claimed, Change::Complete(None), seconds(1))
        .await
        .unwrap();
    let before = tables.record(&event).await;
    assert!(before.parts > 1);
    assert_eq!(erase(&tables, &event).await, Erased::Now);
    let again = tables.ledger.claim(&event, &lease("b"), seconds(70)).await.unwrap();
    assert!(matches!(again.unwrap_err(), Refused::Duplicate { .. }));
    let reader = LedgerReader::new(tables.client.clone(), "ledger");
    for record in [before, tables.record(&event).await] {
        assert_eq!(reader.payload(&record).await.unwrap(), None);
    }
}

/// Two accounts may get the same bytes, as where a shop has both test and live credentials of one panel.
#[tokio::test]
async fn erasing_one_of_two_equal_long_payloads_leaves_the_other_whole() {
    let tables = Tables::create().await;
    let noise: String = std::iter::repeat_with(fastrand::alphanumeric).take(1_000_000).collect();
    let event = event_with("noise", &noise);
    let other = event.under(IdempotencyKey::new(
        event.key.partition.replace("kuenta#", "kuenta/other#"),
        &event.key.sort,
    ));
    assert_eq!(
        (other.body_sha256(), other.key == event.key),
        (event.body_sha256(), false)
    );
    for event in [&event, &other] {
        let claimed = tables.claimed(event, "a", 0).await;
        let completed = tables.ledger.change(&claimed, Change::Complete(None), seconds(1));
        completed.await.unwrap();
    }
    assert_eq!(erase(&tables, &event).await, Erased::Now);
    let reader = LedgerReader::new(tables.client.clone(), "ledger");
    let payload = async |event: &Event| reader.payload(&tables.record(event).await).await.unwrap();
    assert_eq!(payload(&event).await, None);
    assert_eq!(payload(&other).await.as_deref(), Some(other.body().as_ref()));
    // A redrive of the erased one does not bring its payload back, by whichever key.
    let again = tables.ledger.claim(&event, &lease("b"), seconds(70)).await.unwrap();
    assert!(matches!(again.unwrap_err(), Refused::Duplicate { .. }));
    assert_eq!(payload(&event).await, None);
}

/// The claim that finds out about a conflict has written its parts.
#[tokio::test]
async fn no_part_of_an_erased_conflict_is_left() {
    let tables = Tables::create().await;
    let event = personal("p1");
    let claimed = tables.claimed(&event, "a", 0).await;
    let complete = tables.ledger.change(&claimed, Change::Complete(None), seconds(1));
    complete.await.unwrap();
    let noise: String = std::iter::repeat_with(fastrand::alphanumeric).take(1_000_000).collect();
    let other = event_with("p1", &noise);
    let refused = tables.ledger.claim(&other, &lease("b"), seconds(2)).await.unwrap();
    assert_eq!(refused.unwrap_err(), Refused::Conflict);
    tables.ledger.keep_conflict(&other, "m", seconds(2)).await.unwrap();
    let conflict = other.into_conflict();
    let dismissals = acuse_aws::ledger::conflict::Conflicts::new(tables.client.clone(), "ledger");
    dismissals.dismiss(&conflict.key, "a retry", seconds(3)).await.unwrap();
    assert_eq!(erase(&tables, &conflict).await, Erased::Now);
    let scan = tables.client.scan().table_name("ledger").send().await.unwrap();
    let parts = scan.items().iter().filter(|item| item.contains_key("part")).count();
    assert_eq!(parts, 0);
}

#[tokio::test]
async fn what_was_erased_is_found_by_its_reference_and_does_not_tell_it() {
    let tables = Tables::create().await;
    let reader = LedgerReader::new(tables.client.clone(), "ledger");
    let event = personal("p1");
    let claimed = tables.claimed(&event, "a", 0).await;
    let complete = tables.ledger.change(&claimed, Change::Complete(None), seconds(1));
    complete.await.unwrap();
    assert!(reader.erased("ORD-4821", 10).await.unwrap().is_empty());
    assert_eq!(erase(&tables, &event).await, Erased::Now);
    let found = reader.erased("ORD-4821", 10).await.unwrap();
    assert_eq!(found.len(), 1);
    assert_eq!(
        (found[0].key.clone(), &found[0].reference),
        (event.key.to_string(), &None)
    );
    for other in ["ORD-482", "ORD-48210", ""] {
        assert!(reader.erased(other, 10).await.unwrap().is_empty(), "{other}");
    }
}

#[tokio::test]
async fn what_a_destination_answered_goes_too_and_an_event_that_it_is_owed_waits_for_it() {
    let tables = Tables::create().await;
    let event = personal("p1");
    let claimed = tables.claimed(&event, "a", 0).await;
    let destination = DestinationName::parse("shop").unwrap();
    let deliveries = Deliveries::new(tables.client.clone(), "ledger");
    let key = DeliveryKey {
        event: event.key.clone(),
        destination: destination.clone(),
    };
    let owed = deliveries.owe(&key, seconds(0), seconds(1), seconds(999)).unwrap();
    let hook = ("destinations", Effects::writes(vec![owed]));
    tables
        .ledger
        .change(&claimed, Change::Complete(Some(hook)), seconds(1))
        .await
        .unwrap();
    assert_eq!(erase(&tables, &event).await, Erased::Owed(destination));
    let answer = Answer {
        status: 422,
        took_ms: 5,
        body: "Ana Pérez has no account".to_owned(),
    };
    let failed = DeliveryChange::Failed {
        attempts: 0,
        error: "422: Ana Pérez".to_owned(),
        fault: true,
        answer: Some(answer),
        retry_at: None,
    };
    assert!(matches!(
        deliveries.change(&key, &failed, seconds(2)).await.unwrap(),
        Changed::Written(_)
    ));
    assert_eq!(erase(&tables, &event).await, Erased::Now);
    let delivery = deliveries.get(&key).await.unwrap().unwrap();
    assert_eq!(
        (delivery.status.name(), &delivery.answer, &delivery.error),
        ("GIVEN_UP", &None, &None)
    );
    // Nothing is left to send.
    let listed = deliveries.list(&key.destination, None).await.unwrap();
    assert!(listed.deliveries.is_empty());
    let requeued = deliveries
        .change(&key, &DeliveryChange::Requeue, seconds(80))
        .await
        .unwrap();
    assert_eq!(requeued, Changed::Refused(Some(delivery)));
}

/// Nothing is left to compare it with, so an operator hears of it: it would bring back what was erased.
#[tokio::test]
async fn the_webhook_of_an_erased_reconciled_event_does_not_confirm_it() {
    let tables = Tables::create().await;
    let mut event = personal("p1");
    event.reconciled = true;
    let mut webhook = event_with("p1", "as the webhook has it");
    webhook.amount = event.amount.clone();
    webhook.currency = event.currency.clone();
    let recorded = async || tables.ledger.recorded(&event.key).await.unwrap().unwrap();

    let claimed = tables.claimed(&event, "a", 0).await;
    assert!(recorded().await.is_confirmed_by(&webhook));
    let complete = tables.ledger.change(&claimed, Change::Complete(None), seconds(1));
    complete.await.unwrap();
    assert!(recorded().await.is_confirmed_by(&webhook));
    assert_eq!(erase(&tables, &event).await, Erased::Now);
    let erased = recorded().await;
    assert!(erased.reconciled && erased.erased && !erased.rejected, "{erased:?}");
    assert!(!erased.is_confirmed_by(&webhook));
    webhook.amount = None;
    webhook.currency = None;
    assert!(!recorded().await.is_confirmed_by(&webhook), "neither names money");
}

#[tokio::test]
async fn the_record_of_a_rejected_reconciled_event_says_so() {
    let tables = Tables::create().await;
    let mut event = personal("p1");
    event.reconciled = true;
    let claimed = tables.claimed(&event, "a", 0).await;
    let rejected = Change::Reject {
        reason: "never".to_owned(),
    };
    tables.ledger.change(&claimed, rejected, seconds(1)).await.unwrap();
    let recorded = tables.ledger.recorded(&event.key).await.unwrap().unwrap();
    assert!(recorded.rejected && recorded.reconciled, "{recorded:?}");
    assert!(!recorded.is_confirmed_by(&event));
}
