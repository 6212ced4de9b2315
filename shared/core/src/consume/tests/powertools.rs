//! Bugs that users of Powertools' idempotency utility report, each as a test that it does not happen here. An item
//! that stays in progress after a time-out: see `edges`. A record that fails its whole batch: see `retries`.

use super::*;

const LEASE: Duration = Duration::from_secs(31);

#[tokio::test]
async fn a_late_owner_neither_completes_nor_releases_the_new_owners_record() {
    let scene = Scene::default();
    let event = event_of(&payment("p1"));
    let late = scene.claimed(&event, LEASE).await;
    scene.clock.advance(LEASE);
    let again = scene.claimed(&event, LEASE).await;
    let hook = || ("h", Effects::write("h"));
    let no = || "no".to_owned();
    let cause = ReleaseCause::HookFailed {
        retry_at: scene.clock.now(),
    };
    for change in [
        Change::Complete(Some(hook())),
        Change::RecordHook(hook()),
        Change::Release { error: no(), cause },
        Change::Reject { reason: no() },
    ] {
        let refused = scene.change(&late, change).await;
        assert!(matches!(refused, Err(LedgerError::LeaseLost { .. })));
    }
    assert_eq!(scene.ledger.applied("h"), 0, "its effects roll back with it");
    let stored = scene.ledger.record(&again.key).unwrap();
    assert_eq!((stored.state.status, stored.state.attempts), (Status::InProgress, 2));
}

#[tokio::test]
async fn a_payment_is_not_run_again_after_a_time_out() {
    let (scene, pay) = (Scene::default(), ok("pay"));
    // The payment is made and recorded; then the function is cut.
    let owner = scene.claimed(&event_of(&payment("p1")), LEASE).await;
    let paid = Change::RecordHook(("pay", Effects::write("pay")));
    scene.change(&owner, paid).await.unwrap();
    scene.clock.advance(LEASE);
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
    assert_eq!((event.duplicates, conflict.state.status), (0, Status::Conflict));
    assert_eq!(hook.calls(), 1);
}
