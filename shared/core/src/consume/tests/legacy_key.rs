//! Events that version 0.1 recorded under another key are known; events that only share such a key are new.

use super::conflict::released;
use super::*;
use crate::providers::{onepay, unopago};

const NUMBERED: &str = r#"{"event":"payment.approved","data":{"id":7,"amount":1}}"#;
const OF_EVENT: &str =
    r#"{"payment":{"id":"p1"},"event":{"id":"evt_1","type":"payment.approved","environment":"live"}}"#;
const RESTAMPED: &str =
    r#"{"payment":{"id":"p1"},"event":{"id":"evt_1","type":"payment.approved","environment":"live","attempt":2}}"#;

/// The event as version 0.1 knew it.
fn as_of_0_1(event: &Event) -> Event {
    event.under(event.legacy_key().expect("a former key").key.clone())
}

/// Version 0.1 has claimed it, and its lease is over.
async fn claimed_by_0_1(scene: &Scene, event: &Event) -> Claimed {
    scene.claimed(&as_of_0_1(event), Duration::ZERO).await
}

async fn completed_by_0_1(scene: &Scene, event: &Event) {
    let claimed = claimed_by_0_1(scene, event).await;
    scene.change(&claimed, Change::Complete(None)).await.unwrap();
}

#[tokio::test]
async fn an_event_completed_under_a_former_key_is_known() {
    for (provider, then, now) in [
        (&onepay::PROVIDER, NUMBERED, NUMBERED),
        (&onepay::PROVIDER, OF_EVENT, OF_EVENT),
        (
            &unopago::PROVIDER,
            r#"{"event":"payment_received","id":"77001"}"#,
            r#"{"event":"payment_received","id":"77001"}"#,
        ),
        // Version 0.1 did not take an id for the event's if the resource had the same.
        (
            &unopago::PROVIDER,
            r#"{"event":"payment_received","id":"evt_1","payment":{"id":"evt_1"}}"#,
            r#"{"event":"payment_received","id":"evt_1","payment":{"id":"evt_1"}}"#,
        ),
        (
            &unopago::PROVIDER,
            r#"{"event":"invoice_created","livemode":false,"data":{"id":"i1"}}"#,
            r#"{"event":"invoice_created","livemode":false,"data":{"id":"i1"}}"#,
        ),
    ] {
        for hook in [ok("h"), ok("h").writes_only()] {
            let scene = Scene::default();
            let event = read(provider, &message("m", provider.name, then));
            completed_by_0_1(&scene, &event).await;
            let batch = vec![message("m", provider.name, now)];
            assert_eq!(scene.consume(&[&hook], batch).await, [""; 0]);
            assert_eq!(scene.ledger.applied("h"), 0, "{now}");
            let record = scene.ledger.record(&as_of_0_1(&event).key).unwrap();
            assert_eq!((record.duplicates, scene.ledger.records().len()), (1, 1), "{now}");
        }
    }
}

#[tokio::test]
async fn other_bytes_under_a_former_key_are_a_conflict_there() {
    for hook in [ok("h"), ok("h").writes_only()] {
        let scene = Scene::default();
        let event = read(&onepay::PROVIDER, &message("m", onepay::PROVIDER.name, OF_EVENT));
        completed_by_0_1(&scene, &event).await;
        let batch = vec![message("m", "onepay", RESTAMPED)];
        assert_eq!(scene.consume(&[&hook], batch).await, [""; 0]);
        let restamped = read(&onepay::PROVIDER, &message("m", onepay::PROVIDER.name, RESTAMPED));
        let key = as_of_0_1(&event).key.conflict(restamped.body_sha256());
        assert_eq!(scene.ledger.record(&key).unwrap().state.status, Status::Conflict);
        assert_eq!((scene.ledger.applied("h"), scene.ledger.records().len()), (0, 2));

        // An operator releases it.
        assert!(scene.ledger.decide_conflict(&key, Status::Released));
        let release = released("release", &message("m", "onepay", RESTAMPED));
        assert_eq!(scene.consume(&[&hook], vec![release]).await, [""; 0]);
        assert_eq!(scene.ledger.record(&key).unwrap().state.status, Status::Completed);
        assert_eq!((scene.ledger.applied("h"), scene.ledger.records().len()), (1, 2));
    }
}

#[tokio::test]
async fn an_event_claimed_under_a_former_key_stays_there() {
    let (scene, hook) = (Scene::default(), ok("h"));
    let event = read(&onepay::PROVIDER, &message("m", onepay::PROVIDER.name, OF_EVENT));
    claimed_by_0_1(&scene, &event).await;
    scene.consume(&[&hook], vec![message("m", "onepay", OF_EVENT)]).await;
    let record = scene.ledger.record(&as_of_0_1(&event).key).unwrap();
    assert_eq!((record.state.status, record.state.attempts), (Status::Completed, 2));
    assert_eq!((hook.calls(), scene.ledger.records().len()), (1, 1));
}

#[tokio::test]
async fn an_event_that_only_shares_a_former_key_is_new() {
    for (provider, then, now) in [
        // Of another type: version 0.1 would have dropped it.
        (
            &unopago::PROVIDER,
            r#"{"event":"payment_received","id":"77001"}"#,
            r#"{"event":"invoice_created","id":"77001"}"#,
        ),
        (&onepay::PROVIDER, OF_EVENT, &*OF_EVENT.replace("approved", "expired")),
        // Of other bytes, which are what tells these apart.
        (
            &unopago::PROVIDER,
            r#"{"event":"customer_updated","id":"c1","name":"a"}"#,
            r#"{"event":"customer_updated","id":"c1","name":"b"}"#,
        ),
        (
            &onepay::PROVIDER,
            NUMBERED,
            r#"{"event":"payment.approved","data":{"id":7,"amount":2}}"#,
        ),
    ] {
        let (scene, hook) = (Scene::default(), ok("h"));
        completed_by_0_1(&scene, &read(provider, &message("m", provider.name, then))).await;
        scene.consume(&[&hook], vec![message("m", provider.name, now)]).await;
        assert_eq!((hook.calls(), scene.ledger.records().len()), (1, 2), "{now}");
    }
}

/// The key of one is the former key of the other.
#[tokio::test]
async fn a_text_and_a_number_are_two_and_so_are_live_and_test() {
    for batch in [
        [
            r#"{"event":"payment.approved","data":{"id":"7"}}"#,
            r#"{"event":"payment.approved","data":{"id":7}}"#,
        ],
        [
            r#"{"event":"payment.approved","data":{"id":"p"}}"#,
            r#"{"event":"payment.approved","data":{"id":"p","is_test":true}}"#,
        ],
    ] {
        let (scene, hook) = (Scene::default(), ok("h"));
        for (place, body) in batch.into_iter().enumerate() {
            scene
                .consume(&[&hook], vec![message(&place.to_string(), "onepay", body)])
                .await;
        }
        assert_eq!((hook.calls(), scene.ledger.records().len()), (2, 2), "{batch:?}");
    }
}

#[tokio::test]
async fn a_message_comes_back_if_the_former_key_cannot_be_looked_up() {
    let (scene, hook) = (Scene::default(), ok("h"));
    scene.ledger.fail(&["recorded"]);
    let failed = scene.consume(&[&hook], vec![message("m", "onepay", OF_EVENT)]).await;
    assert_eq!((failed, hook.calls()), (vec!["m".to_owned()], 0));
    // Most events have no former key, and need no lookup.
    let plain = message("plain", "kuenta", r#"{"event":"payment.completed","data":{"id":"p"}}"#);
    assert_eq!(scene.consume(&[&hook], vec![plain]).await, [""; 0]);
    assert_eq!(hook.calls(), 1);
}

/// Version 0.1 lost an event of each pair.
#[tokio::test]
async fn two_events_of_one_id_are_two() {
    for bodies in [
        [
            r#"{"event":"payment_received","id":"77001","amount":100}"#,
            r#"{"event":"invoice_created","id":"77001","amount":100}"#,
        ],
        [
            r#"{"event":"customer_updated","id":"c1","name":"a"}"#,
            r#"{"event":"customer_updated","id":"c1","name":"b"}"#,
        ],
        [
            r#"{"event":"payment_received","id":"77001","status":"partial","amount":50}"#,
            r#"{"event":"payment_received","id":"77001","status":"complete","amount":100}"#,
        ],
        [
            r#"{"event":"payment_received","event_id":"1","data":{"id":"p"}}"#,
            r#"{"event":"invoice_created","event_id":"1","data":{"id":"p"}}"#,
        ],
        [
            r#"{"event":"invoice_created","data":{"id":"\ud800x"}}"#,
            r#"{"event":"invoice_created","data":{"id":"\ud801x"}}"#,
        ],
    ] {
        let (scene, hook) = (Scene::default(), ok("h"));
        for (place, body) in bodies.into_iter().enumerate() {
            let name = place.to_string();
            scene
                .consume(
                    &[&hook],
                    vec![message(&name, "unopago", body), message("again", "unopago", body)],
                )
                .await;
        }
        assert_eq!((hook.calls(), scene.ledger.records().len()), (2, 2), "{bodies:?}");
    }
}
