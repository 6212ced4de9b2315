//! What users of Powertools' idempotency report, each as a test that it does not happen here.

use super::*;
use crate::ledger::{Blame, Claim, Claimed, Lease, LedgerError};
use crate::providers::kuenta;

fn event_of(message: &Received) -> Event {
    let attribute = |name: &str| message.attributes.get(name).map(String::as_str);
    let envelope = Envelope::from_message(&message.text, attribute).unwrap();
    Event::read(envelope, &kuenta::PROVIDER, Environment::Live)
}

/// An owner that claimed the event and was never heard of again.
async fn dead_owner(scene: &Scene, message: &Received) -> Claimed {
    let now = scene.clock.now();
    let lease = Lease {
        token: "the dead owner's".to_owned(),
        expires_at: now.plus(Duration::from_secs(31)),
        message_id: message.message_id.clone(),
        first: true,
    };
    match (&scene.ledger).claim(&event_of(message), &lease, now).await.unwrap() {
        Claim::Claimed(claimed) => claimed,
        other => panic!("not claimed: {other:?}"),
    }
}

#[tokio::test]
async fn an_item_is_not_stuck_in_progress_after_a_time_out() {
    let (scene, hook) = (Scene::default(), ok("h"));
    dead_owner(&scene, &payment("p1")).await;
    // It comes back when the lease ends: not sooner, not after the whole visibility time-out.
    assert_eq!(scene.consume(&[&hook], vec![payment("p1")]).await, ["p1"]);
    assert_eq!(scene.inbox.returned(), [("p1".to_owned(), Duration::from_secs(31))]);
    scene.clock.advance(Duration::from_secs(31));
    assert_eq!(scene.consume(&[&hook], vec![payment("p1")]).await, [""; 0]);
    assert_eq!(scene.ledger.applied("h"), 1);
}

#[tokio::test]
async fn a_late_owner_neither_completes_nor_releases_the_new_owners_record() {
    let scene = Scene::default();
    let late = dead_owner(&scene, &payment("p1")).await;
    scene.clock.advance(Duration::from_secs(31));
    let again = dead_owner(&scene, &payment("p1")).await;
    let late = Claimed {
        lease_token: "an older one".to_owned(),
        ..late
    };
    let (ledger, now) = (&scene.ledger, scene.clock.now());
    let effects = || Effects::write("h");
    for refused in [
        ledger.complete(&late, Some(("h", effects())), now).await,
        ledger.record_hook(&late, "h", effects(), now).await,
        ledger.release(&late, "no", Blame::Hook { retry_at: now }).await,
        ledger.reject(&late, "no", now).await,
    ] {
        assert!(matches!(refused, Err(LedgerError::LeaseLost { .. })));
    }
    assert_eq!(scene.ledger.applied("h"), 0, "its effects roll back with it");
    let stored = scene.ledger.record(&again.key).unwrap();
    assert_eq!(
        (stored.standing.status, stored.standing.attempts),
        (Status::InProgress, 2)
    );
}

#[tokio::test]
async fn a_payment_is_not_run_again_after_a_time_out() {
    let (scene, pay) = (Scene::default(), ok("pay"));
    // The payment is made and recorded; then the function is cut.
    let owner = dead_owner(&scene, &payment("p1")).await;
    let now = scene.clock.now();
    (&scene.ledger)
        .record_hook(&owner, "pay", Effects::write("pay"), now)
        .await
        .unwrap();
    scene.clock.advance(Duration::from_secs(31));
    let notify = ok("notify");
    assert_eq!(scene.consume(&[&pay, &notify], vec![payment("p1")]).await, [""; 0]);
    assert_eq!((pay.calls(), scene.ledger.applied("pay")), (0, 1));
    assert_eq!(notify.calls(), 1);
}

#[tokio::test]
async fn a_duplicate_does_not_swallow_the_retry_of_a_failed_first_attempt() {
    let scene = Scene::default();
    let hook = Told::to("h", |_, attempt| match attempt.number {
        1 => Err(HookError::retry("the bank is down")),
        _ => Ok(Effects::write("h")),
    });
    assert_eq!(scene.consume(&[&hook], vec![payment("p1")]).await, ["p1"]);
    // The provider sends it again before the retry is due: the duplicate waits for that, does the work, …
    let mut duplicate = payment("p1");
    duplicate.message_id = "the duplicate".to_owned();
    let duplicate = || vec![duplicate.clone()];
    assert_eq!(scene.consume(&[&hook], duplicate()).await, ["the duplicate"]);
    scene.wait();
    assert_eq!(scene.consume(&[&hook], duplicate()).await, [""; 0]);
    assert_eq!(scene.ledger.applied("h"), 1);
    // … and the retry finds it done.
    assert_eq!(scene.consume(&[&hook], vec![payment("p1")]).await, [""; 0]);
    assert_eq!((hook.calls(), scene.ledger.applied("h")), (2, 1));
}

#[tokio::test]
async fn other_bytes_under_a_known_key_are_kept_and_are_no_duplicate() {
    let (scene, hook) = (Scene::default(), ok("h"));
    scene.consume(&[&hook], vec![payment("p1")]).await;
    let mut other = payment("p1");
    other.text = other.text.replace("}}", r#","amount":1}}"#);
    assert_eq!(scene.consume(&[&hook], vec![other.clone()]).await, [""; 0]);
    let event = scene.ledger.record(&event_of(&payment("p1")).key).unwrap();
    let conflict = scene.ledger.record(&event_of(&other).into_conflict().key).unwrap();
    assert_eq!((event.duplicates, conflict.standing.status), (0, Status::Conflict));
    assert_eq!(hook.calls(), 1);
}

#[tokio::test]
async fn a_poison_record_does_not_fail_its_batch() {
    let scene = Scene::default();
    let hook = Told::to("h", |event, _| match event.resource.as_ref().unwrap().id.as_str() {
        "poison" => panic!("boom"),
        _ => Ok(Effects::write("h")),
    });
    let batch = vec![payment("a"), payment("poison"), payment("b")];
    assert_eq!(scene.consume(&[&hook], batch).await, ["poison"]);
    assert_eq!(scene.ledger.applied("h"), 2);
}
