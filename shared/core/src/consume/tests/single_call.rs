//! Events that are settled, whole or begun, and those that are not.

use std::sync::Mutex;

use super::*;
use crate::ledger::Lease;
use crate::providers::kuenta;

fn event_of(message: &Received) -> Event {
    let attribute = |name: &str| message.attributes.get(name).map(String::as_str);
    let envelope = Envelope::from_message(&message.text, attribute).unwrap();
    Event::read(envelope, &kuenta::PROVIDER, Environment::Live)
}

/// A hook that says what to write, and remembers the attempts it was called for.
fn writes(name: &'static str) -> (Told, Arc<Mutex<Vec<u32>>>) {
    let attempts = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&attempts);
    let hook = Told::to(name, move |_, attempt| {
        seen.lock().unwrap().push(attempt.number);
        Ok(Effects::write(name))
    });
    (hook.writes_only(), attempts)
}

/// Somebody's claim, before the consumer comes.
async fn claimed(scene: &Scene, message: &Received) -> crate::ledger::Claimed {
    let now = scene.clock.now();
    let lease = Lease {
        token: "somebody else's".to_owned(),
        expires_at: now.plus(Duration::from_secs(17)),
        message_id: "another".to_owned(),
        first: true,
    };
    match (&scene.ledger).claim(&event_of(message), &lease, now).await.unwrap() {
        crate::ledger::Claim::Claimed(claimed) => claimed,
        other => panic!("not claimed: {other:?}"),
    }
}

#[tokio::test]
async fn a_new_event_is_completed_with_all_that_its_hooks_write() {
    let scene = Scene::default();
    let ((payments, _), (books, _)) = (writes("payments"), writes("books"));
    for _ in 0..3 {
        assert_eq!(scene.consume(&[&payments, &books], vec![payment("p1")]).await, [""; 0]);
    }
    let applied = ["payments", "books"].map(|write| scene.ledger.applied(write));
    assert_eq!(applied, [1, 1]);
    let stored = scene.ledger.record(&event_of(&payment("p1")).key).unwrap();
    assert_eq!(
        (stored.standing.status, stored.standing.attempts),
        (Status::Completed, 1)
    );
    assert_eq!((stored.standing.hooks.len(), stored.duplicates), (2, 2));
    assert_eq!(payments.calls(), 3, "asked before anybody knows that it is a duplicate");
}

#[tokio::test]
async fn one_hook_with_other_effects_is_not_called_for_a_duplicate() {
    let scene = Scene::default();
    let ((payments, _), mail) = (writes("payments"), ok("mail"));
    for _ in 0..2 {
        assert_eq!(scene.consume(&[&payments, &mail], vec![payment("p1")]).await, [""; 0]);
    }
    assert_eq!((payments.calls(), mail.calls()), (2, 1));
    assert_eq!(scene.ledger.applied("payments"), 1);
    let stored = scene.ledger.record(&event_of(&payment("p1")).key).unwrap();
    assert_eq!((stored.standing.hooks.len(), stored.duplicates), (2, 1));
}

#[tokio::test]
async fn what_is_written_before_a_call_is_there_when_it_is_made() {
    let scene = Arc::new(Scene::default());
    let ((payments, _), (books, _)) = (writes("payments"), writes("books"));
    let seen = Arc::clone(&scene);
    let mail = Told::to("mail", move |event, attempt| {
        let stored = seen.ledger.record(&event.key).unwrap();
        let applied = ["payments", "books"].map(|write| seen.ledger.applied(write));
        assert_eq!(
            (stored.standing.status, applied, attempt.number),
            (Status::InProgress, [1, 0], 1)
        );
        Ok(Effects::none())
    });
    // Only what comes before it is settled: `books` is asked under the lease.
    assert_eq!(
        scene.consume(&[&payments, &mail, &books], vec![payment("p1")]).await,
        [""; 0]
    );
    assert_eq!(["payments", "books"].map(|write| scene.ledger.applied(write)), [1, 1]);
    let stored = scene.ledger.record(&event_of(&payment("p1")).key).unwrap();
    assert_eq!(
        (stored.standing.status, stored.standing.hooks.len()),
        (Status::Completed, 3)
    );
}

#[tokio::test]
async fn what_was_settled_is_not_asked_again_where_a_later_hook_failed() {
    let scene = Scene::default();
    let (payments, first) = writes("payments");
    let mail = Told::to("mail", |_, attempt| match attempt.number {
        1 => Err(HookError::retry("not yet")),
        _ => Ok(Effects::none()),
    });
    assert_eq!(scene.consume(&[&payments, &mail], vec![payment("p1")]).await, ["p1"]);
    let mut again = payment("p1");
    again.receives = 2;
    scene.wait();
    assert_eq!(scene.consume(&[&payments, &mail], vec![again]).await, [""; 0]);
    assert_eq!((first.lock().unwrap().clone(), mail.calls()), (vec![1], 2));
    assert_eq!(scene.ledger.applied("payments"), 1);
}

#[tokio::test]
async fn a_replay_of_what_was_rejected_is_claimed_where_there_are_no_hooks_either() {
    let scene = Scene::default();
    let rejected = claimed(&scene, &payment("p1")).await;
    (&scene.ledger)
        .reject(&rejected, "never", scene.clock.now())
        .await
        .unwrap();
    let mut replay = payment("p1");
    replay.attributes.insert("replay".to_owned(), "1".to_owned());
    assert_eq!(scene.consume(&[], vec![replay]).await, [""; 0]);
    let stored = scene.ledger.record(&event_of(&payment("p1")).key).unwrap();
    assert_eq!(
        (stored.standing.status, stored.standing.attempts),
        (Status::Completed, 2)
    );
}

#[tokio::test]
async fn a_message_that_comes_again_and_a_replay_ask_the_ledger_first() {
    let (scene, (hook, _)) = (Scene::default(), writes("payments"));
    scene.consume(&[&hook], vec![payment("p1")]).await;
    let mut again = payment("p1");
    again.receives = 2;
    let mut replay = payment("p1");
    replay.attributes.insert("replay".to_owned(), "1".to_owned());
    assert_eq!(scene.consume(&[&hook], vec![again, replay]).await, [""; 0]);
    assert_eq!((hook.calls(), scene.ledger.applied("payments")), (1, 1));
}

#[tokio::test]
async fn a_hook_that_fails_is_called_once_and_its_failure_recorded() {
    for (answer, status, error) in [
        (
            HookError::retry_after(Duration::from_secs(60), "not yet"),
            Status::Released,
            "hook `books`: not yet",
        ),
        (HookError::reject("never"), Status::Rejected, "hook `books`: never"),
    ] {
        let (scene, (payments, _)) = (Scene::default(), writes("payments"));
        let failing = answer.clone();
        let books = Told::to("books", move |_, _| Err(failing.clone())).writes_only();
        let back = scene.consume(&[&payments, &books], vec![payment("p1")]).await;
        assert_eq!((payments.calls(), books.calls()), (1, 1), "what they said counts");
        let stored = scene.ledger.record(&event_of(&payment("p1")).key).unwrap();
        assert_eq!((stored.standing.status, stored.error.as_deref()), (status, Some(error)));
        let released = status == Status::Released;
        assert_eq!(
            (back.len(), scene.inbox.dead().len()),
            (released.into(), (!released).into())
        );
        let returned = scene.inbox.returned();
        assert!(returned.iter().all(|(_, delay)| *delay == Duration::from_secs(60)));
    }
}

#[tokio::test]
async fn a_hook_that_panics_is_recorded_as_any() {
    let (scene, neighbour) = (Scene::default(), payment("p2"));
    let hook = Told::to("h", |event, _| match event.resource.as_ref().unwrap().id.as_str() {
        "p1" => panic!("boom"),
        _ => Ok(Effects::write("h")),
    });
    let back = scene
        .consume(&[&hook.writes_only()], vec![payment("p1"), neighbour])
        .await;
    assert_eq!((back, scene.ledger.applied("h")), (vec!["p1".to_owned()], 1));
    let stored = scene.ledger.record(&event_of(&payment("p1")).key).unwrap();
    assert_eq!(stored.error.as_deref(), Some("hook `h`: panicked: boom"));
}

#[tokio::test]
async fn an_event_in_progress_is_waited_for_and_nothing_applied() {
    let (scene, (hook, _)) = (Scene::default(), writes("payments"));
    claimed(&scene, &payment("p1")).await;
    assert_eq!(scene.consume(&[&hook], vec![payment("p1")]).await, ["p1"]);
    assert_eq!(scene.inbox.returned(), [("p1".to_owned(), Duration::from_secs(17))]);
    assert_eq!(scene.ledger.applied("payments"), 0);
}

#[tokio::test]
async fn what_a_claim_may_take_is_claimed_and_only_what_is_open_called() {
    let scene = Scene::default();
    let ((payments, first), (books, second)) = (writes("payments"), writes("books"));
    let earlier = claimed(&scene, &payment("p1")).await;
    let (ledger, now) = (&scene.ledger, scene.clock.now());
    ledger
        .record_hook(&earlier, "payments", Effects::write("payments"), now)
        .await
        .unwrap();
    ledger
        .release(&earlier, "books: not yet", crate::ledger::Blame::Hook { retry_at: now })
        .await
        .unwrap();

    assert_eq!(scene.consume(&[&payments, &books], vec![payment("p1")]).await, [""; 0]);
    let applied = ["payments", "books"].map(|write| scene.ledger.applied(write));
    assert_eq!(applied, [1, 1], "the first is done, and its effect applied");
    // Both are asked as for a new event; then the open one, for the attempt that it is.
    assert_eq!(
        (first.lock().unwrap().clone(), second.lock().unwrap().clone()),
        (vec![1], vec![1, 2])
    );
}

#[tokio::test]
async fn what_reaches_no_hook_is_asked_of_none() {
    let (scene, (hook, _)) = (Scene::default(), writes("payments"));
    let stale = r#"{"event":"payment.completed","data":{"id":"s"},"timestamp":"2023-01-01T00:00:00Z"}"#;
    let batch = vec![message("stale", "kuenta", stale), message("bad", "kuenta", "not json")];
    assert_eq!(scene.consume(&[&hook], batch).await, [""; 0]);
    assert_eq!(hook.calls(), 0);
    assert!(scene.statuses().iter().all(|(_, status)| *status == Status::Rejected));
}

#[tokio::test]
async fn it_is_counted_as_any_other() {
    let recorder = metrics_util::debugging::DebuggingRecorder::new();
    let snapshotter = recorder.snapshotter();
    let _counting = metrics::set_default_local_recorder(&recorder);
    let (scene, (hook, _)) = (Scene::default(), writes("payments"));
    scene.consume(&[&hook], vec![payment("p1"), payment("p1")]).await;
    insta::assert_snapshot!(counted(&snapshotter).join("\n"), @r#"
    EndToEndLatency["kuenta"] = 1 values
    Events["kuenta", "completed"] = 1
    Events["kuenta", "duplicate"] = 1
    HookDuration["payments"] = 2 values
    QueueLatency["kuenta"] = 1 values
    "#);
}
