//! What was recorded under a key of version 0.1 is not new, and what only shares such a key is.

use super::conflict::released;
use super::*;
use crate::ledger::{Claim, Lease};
use crate::provider::Provider;
use crate::providers::{onepay, unopago};

const NUMBERED: &str = r#"{"event":"payment.approved","data":{"id":7,"amount":1}}"#;
const OF_EVENT: &str =
    r#"{"payment":{"id":"p1"},"event":{"id":"evt_1","type":"payment.approved","environment":"live"}}"#;
const RESTAMPED: &str =
    r#"{"payment":{"id":"p1"},"event":{"id":"evt_1","type":"payment.approved","environment":"live","attempt":2}}"#;

fn read(provider: &'static Provider, body: &str) -> Event {
    let text = message("m", provider.name, body);
    let attribute = |name: &str| text.attributes.get(name).map(String::as_str);
    let envelope = Envelope::from_message(&text.text, attribute).unwrap();
    Event::read(envelope, provider, Environment::Live)
}

/// The event as version 0.1 knew it.
fn as_of_0_1(event: &Event) -> Event {
    event.under(event.legacy_key().expect("a legacy key").key.clone())
}

/// Version 0.1 has claimed it.
async fn claimed_by_0_1(scene: &Scene, event: &Event) -> crate::ledger::Claimed {
    let lease = Lease {
        token: "of 0.1".to_owned(),
        expires_at: scene.clock.now(),
        message_id: "of 0.1".to_owned(),
        first: true,
    };
    let (ledger, event) = (&scene.ledger, as_of_0_1(event));
    match ledger.claim(&event, &lease, scene.clock.now()).await.unwrap() {
        Claim::Claimed(claimed) => claimed,
        other => panic!("{other:?}"),
    }
}

async fn completed_by_0_1(scene: &Scene, event: &Event) {
    let claimed = claimed_by_0_1(scene, event).await;
    (&scene.ledger)
        .complete(&claimed, None, scene.clock.now())
        .await
        .unwrap();
}

#[tokio::test]
async fn what_is_completed_under_a_former_key_is_a_duplicate() {
    for (provider, then, now) in [
        (&onepay::PROVIDER, NUMBERED, NUMBERED),
        (&onepay::PROVIDER, OF_EVENT, OF_EVENT),
        (
            &unopago::PROVIDER,
            r#"{"event":"payment_received","id":"77001"}"#,
            r#"{"event":"payment_received","id":"77001"}"#,
        ),
        // It took an id that the resource has as well for no event's.
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
            let event = read(provider, then);
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
        let event = read(&onepay::PROVIDER, OF_EVENT);
        completed_by_0_1(&scene, &event).await;
        let batch = vec![message("m", "onepay", RESTAMPED)];
        assert_eq!(scene.consume(&[&hook], batch).await, [""; 0]);
        let restamped = read(&onepay::PROVIDER, RESTAMPED);
        let key = as_of_0_1(&event).key.conflict(restamped.body_sha256());
        assert_eq!(scene.ledger.record(&key).unwrap().standing.status, Status::Conflict);
        assert_eq!((scene.ledger.applied("h"), scene.ledger.records().len()), (0, 2));

        // An operator lets it through.
        assert!(scene.ledger.decide_conflict(&key, Status::Released));
        let release = released("release", &message("m", "onepay", RESTAMPED));
        assert_eq!(scene.consume(&[&hook], vec![release]).await, [""; 0]);
        assert_eq!(scene.ledger.record(&key).unwrap().standing.status, Status::Completed);
        assert_eq!((scene.ledger.applied("h"), scene.ledger.records().len()), (1, 2));
    }
}

#[tokio::test]
async fn what_is_begun_under_a_former_key_goes_on_there() {
    let (scene, hook) = (Scene::default(), ok("h"));
    let event = read(&onepay::PROVIDER, OF_EVENT);
    claimed_by_0_1(&scene, &event).await;
    scene.consume(&[&hook], vec![message("m", "onepay", OF_EVENT)]).await;
    let record = scene.ledger.record(&as_of_0_1(&event).key).unwrap();
    assert_eq!(
        (record.standing.status, record.standing.attempts),
        (Status::Completed, 2)
    );
    assert_eq!((hook.calls(), scene.ledger.records().len()), (1, 1));
}

#[tokio::test]
async fn what_only_shares_a_former_key_is_new() {
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
        completed_by_0_1(&scene, &read(provider, then)).await;
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
async fn where_the_ledger_cant_be_asked_the_message_comes_back() {
    let (scene, hook) = (Scene::default(), ok("h"));
    scene.ledger.fail(&["recorded"]);
    let failed = scene.consume(&[&hook], vec![message("m", "onepay", OF_EVENT)]).await;
    assert_eq!((failed, hook.calls()), (vec!["m".to_owned()], 0));
    // Most events have no other key, and nobody asks for theirs.
    let plain = message("plain", "kuenta", r#"{"event":"payment.completed","data":{"id":"p"}}"#);
    assert_eq!(scene.consume(&[&hook], vec![plain]).await, [""; 0]);
    assert_eq!(hook.calls(), 1);
}

/// Each of these lost an event before.
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
