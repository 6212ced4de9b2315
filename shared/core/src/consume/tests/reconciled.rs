//! Events that an operator took in because their webhook never came, and the webhook that comes after all.

use super::*;
use crate::wire::envelope::Replay;

/// The webhook of `p1`, of this amount.
fn webhook(message_id: &str, amount: &str) -> Received {
    let body = format!(
        r#"{{"event":"payment.completed","data":{{"id":"p1","amount":{amount},"currency":"COP"}},"timestamp":"2026-11-20T08:00:00Z"}}"#
    );
    message(message_id, "kuenta", &body)
}

/// The same event, as `acuse reconcile --ingest` sends it.
fn reconciled(message_id: &str) -> Received {
    let body =
        r#"{"data":{"id":"p1","amount":1000,"currency":"cop","status":"completed"},"event":"payment.completed"}"#;
    let of = message(message_id, "kuenta", body);
    let attribute = |name: &str| of.attributes.get(name).map(String::as_str);
    let envelope = Envelope {
        replay: Some(Replay::Reconciled),
        ..Envelope::from_message(of.text.clone(), attribute).unwrap()
    };
    let sealed = envelope.to_message().unwrap();
    let attributes = sealed.attributes.into_iter();
    Received {
        attributes: attributes.map(|(name, value)| (name.to_owned(), value)).collect(),
        ..of
    }
}

fn statuses(scene: &Scene) -> Vec<(bool, Status, u32)> {
    let records = scene.ledger.records();
    let records = records.iter();
    records
        .map(|(key, stored)| (key.conflict_of().is_some(), stored.state.status, stored.duplicates))
        .collect()
}

#[tokio::test]
async fn a_reconciled_event_reaches_hooks_once_and_its_webhook_only_confirms_it() {
    for transactional in [false, true] {
        let scene = Scene::default();
        let hook = Told {
            transactional,
            ..ok("h")
        };
        scene.consume(&[&hook], vec![reconciled("m1")]).await;
        // Twice the same bytes, then the webhook, as text and number, and a retry of it.
        for message in [
            reconciled("m2"),
            webhook("m3", "\"1000.00\""),
            webhook("m4", "\"1000.00\""),
        ] {
            assert_eq!(scene.consume(&[&hook], vec![message]).await, [""; 0]);
        }
        assert_eq!(scene.ledger.applied("h"), 1);
        assert_eq!(
            statuses(&scene),
            [(false, Status::Completed, 1), (true, Status::Completed, 1)],
            "no conflict, no alarm"
        );
        let stored = scene.ledger.records().into_values().last().unwrap();
        assert!(stored.confirmation && stored.state.hooks.is_empty());
    }
}

#[tokio::test]
async fn a_webhook_about_other_money_is_a_conflict() {
    let (scene, hook) = (Scene::default(), ok("h"));
    scene.consume(&[&hook], vec![reconciled("m1")]).await;
    scene.consume(&[&hook], vec![webhook("m2", "100000")]).await;
    assert_eq!(
        statuses(&scene),
        [(false, Status::Completed, 0), (true, Status::Conflict, 0)]
    );
    assert_eq!(hook.calls(), 1);
}

#[tokio::test]
async fn a_reconciled_event_whose_webhook_came_first_is_a_duplicate() {
    let (scene, hook) = (Scene::default(), ok("h"));
    scene.consume(&[&hook], vec![webhook("m1", "1000")]).await;
    scene.consume(&[&hook], vec![reconciled("m2")]).await;
    assert_eq!(statuses(&scene), [(false, Status::Completed, 1)]);
    assert_eq!(hook.calls(), 1);
}

#[tokio::test]
async fn both_in_one_batch_in_either_order_reach_hooks_once() {
    for batch in [
        vec![reconciled("m1"), webhook("m2", "1000")],
        vec![webhook("m2", "1000"), reconciled("m1")],
    ] {
        let (scene, hook) = (Scene::default(), ok("h"));
        assert_eq!(scene.consume(&[&hook], batch).await, [""; 0]);
        assert_eq!(hook.calls(), 1);
        assert!(
            statuses(&scene)
                .iter()
                .all(|(_, status, _)| *status == Status::Completed)
        );
    }
}

/// Whatever became of the event, its webhook changes nothing of it. An operator can release the webhook of a rejected
/// one: hooks may take what the provider sent, where they did not take what its API says.
#[tokio::test]
async fn the_webhook_confirms_an_event_that_is_retried_and_is_kept_beside_one_that_was_rejected() {
    type Act = fn(&Event, Attempt) -> Result<Effects<&'static str>, HookError>;
    let releases: Act = |_, _| Err(HookError::retry("no"));
    let rejects: Act = |_, _| Err(HookError::reject("never"));
    for (act, status, webhook_status) in [
        (releases, Status::Released, Status::Completed),
        (rejects, Status::Rejected, Status::Conflict),
    ] {
        let scene = Scene::default();
        let hook = Told::to("h", act);
        scene.consume(&[&hook], vec![reconciled("m1")]).await;
        assert_eq!(scene.consume(&[&hook], vec![webhook("m2", "1000")]).await, [""; 0]);
        assert_eq!(statuses(&scene), [(false, status, 0), (true, webhook_status, 0)]);
        assert_eq!(hook.calls(), 1);
    }
}

#[tokio::test]
async fn the_webhook_of_a_rejected_event_reaches_hooks_once_it_is_released() {
    let (scene, rejects) = (Scene::default(), Told::to("h", |_, _| Err(HookError::reject("never"))));
    scene.consume(&[&rejects], vec![reconciled("m1")]).await;
    let late = webhook("m2", "1000");
    scene.consume(&[&rejects], vec![late.clone()]).await;
    let completes = ok("h");
    assert!(
        scene
            .ledger
            .decide_conflict(&event_of(&late).into_conflict().key, Status::Released)
    );
    assert_eq!(
        scene
            .consume(&[&completes], vec![super::conflict::released("m3", &late)])
            .await,
        [""; 0]
    );
    assert_eq!(scene.ledger.applied("h"), 1);
}

/// What is not named can't be compared.
#[tokio::test]
async fn a_webhook_that_does_not_name_the_same_money_is_a_conflict() {
    for (named, is_confirmed) in [
        (r#","amount":1000,"currency":"COP""#, true),
        (r#","amount":1000"#, false),
        (r#","amount":1000,"currency":"USD""#, false),
        (r#","currency":"COP""#, false),
        (r#","amount":"","currency":"COP""#, false),
        ("", false),
    ] {
        let (scene, hook) = (Scene::default(), ok("h"));
        scene.consume(&[&hook], vec![reconciled("m1")]).await;
        let body = format!(r#"{{"event":"payment.completed","data":{{"id":"p1"{named}}}}}"#);
        scene.consume(&[&hook], vec![message("m2", "kuenta", &body)]).await;
        let status = if is_confirmed {
            Status::Completed
        } else {
            Status::Conflict
        };
        assert_eq!(
            statuses(&scene),
            [(false, Status::Completed, 0), (true, status, 0)],
            "{named}"
        );
        assert_eq!(hook.calls(), 1);
    }
}

/// A hook that asks for the order of events does not take the confirmation for a later one.
#[tokio::test]
async fn an_event_is_not_overtaken_by_its_own_confirmation() {
    let (scene, hook) = (Scene::default(), Told::to("h", |_, _| Err(HookError::retry("no"))));
    scene.consume(&[&hook], vec![reconciled("m1")]).await;
    scene.clock.advance(Duration::from_secs(5));
    scene.consume(&[&hook], vec![webhook("m2", "1000")]).await;
    let mut event = event_of(&reconciled("m1"));
    event.occurred_at = Some(Timestamp::from_seconds(1));
    assert!(!(&scene.ledger).overtaken(&event).await.unwrap());
}

#[tokio::test]
async fn a_confirmation_that_cannot_be_kept_comes_back() {
    for operation in ["recorded", "complete"] {
        let (scene, hook) = (Scene::default(), ok("h"));
        scene.consume(&[&hook], vec![reconciled("m1")]).await;
        scene.ledger.fail(match operation {
            "recorded" => &["recorded"],
            _ => &["complete"],
        });
        assert_eq!(
            scene.consume(&[&hook], vec![webhook("m2", "1000")]).await,
            ["m2"],
            "{operation}"
        );
        assert_eq!(hook.calls(), 1);
    }
}

/// A redriven dead letter keeps its mark.
#[tokio::test]
async fn a_rejected_event_is_claimed_again_by_its_redrive() {
    let (scene, rejects) = (Scene::default(), Told::to("h", |_, _| Err(HookError::reject("never"))));
    scene.consume(&[&rejects], vec![reconciled("m1")]).await;
    assert_eq!(statuses(&scene), [(false, Status::Rejected, 0)]);
    let completes = ok("h");
    assert_eq!(
        scene.consume(&[&completes], vec![reconciled("redriven")]).await,
        [""; 0]
    );
    assert_eq!(statuses(&scene), [(false, Status::Completed, 0)]);
    assert_eq!(scene.ledger.applied("h"), 1);
}

/// Unlike a replay, it reaches no hook of a stack that does not take its environment.
#[test]
fn a_reconciled_event_is_no_replay() {
    let event = event_of(&reconciled("m1"));
    assert!(event.reconciled && !event.replay);
}
