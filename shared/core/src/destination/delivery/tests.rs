use super::*;
use std::time::Duration;

const NOW: Timestamp = Timestamp::from_seconds(1_700_000_000);
const LATER: Timestamp = Timestamp::from_seconds(1_700_000_100);

fn answer(status: u16) -> Answer {
    Answer {
        status,
        took_ms: 12,
        body: "busy".to_owned(),
    }
}

fn failed(attempts: u32, retry_at: Option<Timestamp>) -> Change {
    Change::Failed {
        attempts,
        error: "answered 503".to_owned(),
        fault: false,
        answer: Some(answer(503)),
        retry_at,
    }
}

fn all(attempts: u32) -> [Change; 6] {
    [
        Change::Delivered(answer(200)),
        failed(attempts, Some(LATER)),
        failed(attempts, None),
        Change::GiveUp {
            reason: "the destination was removed".to_owned(),
        },
        Change::Skip,
        Change::Requeue,
    ]
}

fn with(status: Status) -> Delivery {
    Delivery {
        status,
        attempts: 3,
        ..Delivery::owed(NOW)
    }
}

#[test]
fn what_each_write_makes_of_each_state() {
    let rows: Vec<String> = Status::ALL
        .into_iter()
        .flat_map(|status| {
            all(3).into_iter().map(move |change| {
                let after = with(status).changed(&change, LATER);
                let change = format!("{change:?}");
                let change = change.split([' ', '(']).next().unwrap();
                let after = after.map_or("refused".to_owned(), |after| {
                    let ended = after.ended_at.map_or("", |_| " ended");
                    let again = after.retry_at.map_or("", |_| " tried again");
                    format!("{} {}{ended}{again}", after.status.name(), after.attempts)
                });
                format!("{:9} {change:9} {after}", status.name())
            })
        })
        .collect();
    insta::assert_snapshot!(rows.join("\n"), @r"
    OWED      Delivered DELIVERED 4 ended
    OWED      Failed    OWED 4 tried again
    OWED      Failed    GIVEN_UP 4 ended
    OWED      GiveUp    GIVEN_UP 3 ended
    OWED      Skip      SKIPPED 3 ended
    OWED      Requeue   OWED 0
    DELIVERED Delivered refused
    DELIVERED Failed    refused
    DELIVERED Failed    refused
    DELIVERED GiveUp    refused
    DELIVERED Skip      refused
    DELIVERED Requeue   OWED 0
    GIVEN_UP  Delivered DELIVERED 4 ended
    GIVEN_UP  Failed    refused
    GIVEN_UP  Failed    refused
    GIVEN_UP  GiveUp    refused
    GIVEN_UP  Skip      refused
    GIVEN_UP  Requeue   OWED 0
    SKIPPED   Delivered DELIVERED 4 ended
    SKIPPED   Failed    refused
    SKIPPED   Failed    refused
    SKIPPED   GiveUp    refused
    SKIPPED   Skip      refused
    SKIPPED   Requeue   OWED 0
    ");
}

#[test]
fn a_late_failure_changes_nothing() {
    let first = with(Status::Owed).changed(&failed(3, Some(LATER)), NOW).unwrap();
    assert_eq!(first.attempts, 4);
    assert_eq!(first.changed(&failed(3, None), NOW), None);
    let taken = first.changed(&Change::Delivered(answer(204)), NOW).unwrap();
    assert_eq!(taken.changed(&failed(4, Some(LATER)), NOW), None);
    assert_eq!((taken.error, taken.fault, taken.retry_at), (None, false, None));
}

#[test]
fn it_is_due_once_its_wait_is_over() {
    let waiting = with(Status::Owed).changed(&failed(3, Some(LATER)), NOW).unwrap();
    assert!(!waiting.is_due(NOW) && waiting.is_due(LATER));
    assert!(Delivery::owed(NOW).is_due(NOW));
    let taken = waiting.changed(&Change::Delivered(answer(200)), LATER).unwrap();
    assert!(!taken.is_due(LATER.plus(Duration::from_secs(1000))));
}

#[test]
fn sending_it_again_begins_anew() {
    for status in Status::ALL {
        let again = with(status).changed(&Change::Requeue, LATER).unwrap();
        assert_eq!(again, Delivery::owed(LATER));
    }
}

#[test]
fn an_event_is_completed_once_nothing_is_owed() {
    use Status::{Delivered, GivenUp, Owed, Skipped};
    for (deliveries, progress) in [
        (&[][..], Progress::Completed),
        (&[Delivered, Skipped], Progress::Completed),
        (&[Delivered, Owed, GivenUp], Progress::Delivering),
        (&[GivenUp, Delivered], Progress::GivenUp),
    ] {
        assert_eq!(Progress::of(deliveries.iter().copied()), progress, "{deliveries:?}");
    }
    assert_eq!(
        Status::ALL.map(Status::name).map(Status::from_name),
        Status::ALL.map(Some)
    );
}

#[test]
fn a_delivery_is_found_by_its_keys_and_by_its_message() {
    let event = IdempotencyKey::new("onepay#live#payment#p1", "payment.approved#event#evt_1");
    let conflict = event.conflict("5a5a");
    for event in [event, conflict] {
        let key = DeliveryKey {
            event,
            destination: DestinationName::parse("shop-2").unwrap(),
        };
        assert_eq!(DeliveryKey::parse(&key.event.partition, &key.sort()), Some(key.clone()));
        assert_eq!(DeliveryKey::from_message(&key.message()), Some(key.clone()));
        assert_eq!(DeliveryKey::parse(&key.event.partition, &key.event.sort), None);
        assert_eq!(DeliveryKey::list(&key.destination), "destination#shop-2");
        assert!(IdempotencyKey::parse(&key.event.to_string()).is_some());
    }
    for text in [
        "",
        "{}",
        r#"{"pk":"a","sk":"b","destination":"No"}"#,
        r#"{"pk":1,"sk":"b","destination":"a"}"#,
    ] {
        assert_eq!(DeliveryKey::from_message(text), None, "{text}");
    }
}
