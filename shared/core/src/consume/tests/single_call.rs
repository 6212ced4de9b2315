//! Events that are committed in a single call, and those that are not.

use std::sync::Mutex;

use super::*;

const LEASE: Duration = Duration::from_secs(17);

/// A transactional hook that remembers the attempts it was called for.
fn writes(name: &'static str) -> (Told, Arc<Mutex<Vec<u32>>>) {
    let attempts = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&attempts);
    let hook = Told::to(name, move |_, attempt| {
        seen.lock().unwrap().push(attempt.number);
        Ok(Effects::writes(vec![name]))
    });
    (hook.writes_only(), attempts)
}

#[tokio::test]
async fn a_new_event_is_completed_together_with_all_that_its_hooks_write() {
    let scene = Scene::default();
    let ((payments, _), (books, _)) = (writes("payments"), writes("books"));
    for _ in 0..3 {
        assert_eq!(scene.consume(&[&payments, &books], vec![payment("p1")]).await, [""; 0]);
    }
    let applied = ["payments", "books"].map(|write| scene.ledger.applied(write));
    assert_eq!(applied, [1, 1]);
    let stored = scene.ledger.record(&event_of(&payment("p1")).key).unwrap();
    assert_eq!((stored.state.status, stored.state.attempts), (Status::Completed, 1));
    assert_eq!((stored.state.hooks.len(), stored.duplicates), (2, 2));
    assert_eq!(
        payments.calls(),
        3,
        "called before anybody knows that it is a duplicate"
    );
}

#[tokio::test]
async fn a_hook_with_external_side_effects_is_not_called_for_a_duplicate() {
    let scene = Scene::default();
    let ((payments, _), mail) = (writes("payments"), ok("mail"));
    for _ in 0..2 {
        assert_eq!(scene.consume(&[&payments, &mail], vec![payment("p1")]).await, [""; 0]);
    }
    assert_eq!((payments.calls(), mail.calls()), (2, 1));
    assert_eq!(scene.ledger.applied("payments"), 1);
    let stored = scene.ledger.record(&event_of(&payment("p1")).key).unwrap();
    assert_eq!((stored.state.hooks.len(), stored.duplicates), (2, 1));
}

#[tokio::test]
async fn writes_of_earlier_hooks_are_made_before_a_hook_with_side_effects_is_called() {
    let scene = Arc::new(Scene::default());
    let ((payments, _), (books, _)) = (writes("payments"), writes("books"));
    let seen = Arc::clone(&scene);
    let mail = Told::to("mail", move |event, attempt| {
        let stored = seen.ledger.record(&event.key).unwrap();
        let applied = ["payments", "books"].map(|write| seen.ledger.applied(write));
        assert_eq!(
            (stored.state.status, applied, attempt.number),
            (Status::InProgress, [1, 0], 1)
        );
        Ok(Effects::none())
    });
    // Only hooks before it are part of the single call: `books` is called under the lease.
    assert_eq!(
        scene.consume(&[&payments, &mail, &books], vec![payment("p1")]).await,
        [""; 0]
    );
    assert_eq!(["payments", "books"].map(|write| scene.ledger.applied(write)), [1, 1]);
    let stored = scene.ledger.record(&event_of(&payment("p1")).key).unwrap();
    assert_eq!((stored.state.status, stored.state.hooks.len()), (Status::Completed, 3));
}

#[tokio::test]
async fn committed_hooks_are_not_called_again_when_a_later_hook_fails() {
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
async fn a_replay_of_a_rejected_event_is_claimed_even_without_hooks() {
    let scene = Scene::default();
    let claimed = scene.claimed(&event_of(&payment("p1")), LEASE).await;
    let reject = Change::Reject {
        reason: "never".to_owned(),
    };
    scene.change(&claimed, reject).await.unwrap();
    let mut replay = payment("p1");
    replay.attributes.insert("replay".to_owned(), "1".to_owned());
    assert_eq!(scene.consume(&[], vec![replay]).await, [""; 0]);
    let stored = scene.ledger.record(&event_of(&payment("p1")).key).unwrap();
    assert_eq!((stored.state.status, stored.state.attempts), (Status::Completed, 2));
}

#[tokio::test]
async fn a_message_received_again_and_a_replay_are_claimed_first() {
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
async fn a_hook_that_fails_before_the_claim_is_called_once_and_its_failure_recorded() {
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
        assert_eq!((payments.calls(), books.calls()), (1, 1), "their answers count");
        let stored = scene.ledger.record(&event_of(&payment("p1")).key).unwrap();
        assert_eq!((stored.state.status, stored.error.as_deref()), (status, Some(error)));
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
async fn a_panic_before_the_claim_is_recorded_like_any_failure() {
    let (scene, neighbour) = (Scene::default(), payment("p2"));
    let hook = Told::to("h", |event, _| match event.resource.as_ref().unwrap().id.as_str() {
        "p1" => panic!("boom"),
        _ => Ok(Effects::writes(vec!["h"])),
    });
    let back = scene
        .consume(&[&hook.writes_only()], vec![payment("p1"), neighbour])
        .await;
    assert_eq!((back, scene.ledger.applied("h")), (vec!["p1".to_owned()], 1));
    let stored = scene.ledger.record(&event_of(&payment("p1")).key).unwrap();
    assert_eq!(stored.error.as_deref(), Some("hook `h`: panicked: boom"));
}

#[tokio::test]
async fn nothing_is_written_for_an_event_in_progress() {
    let (scene, (hook, _)) = (Scene::default(), writes("payments"));
    scene.claimed(&event_of(&payment("p1")), LEASE).await;
    assert_eq!(scene.consume(&[&hook], vec![payment("p1")]).await, ["p1"]);
    assert_eq!(scene.inbox.returned(), [("p1".to_owned(), Duration::from_secs(17))]);
    assert_eq!(scene.ledger.applied("payments"), 0);
}

#[tokio::test]
async fn a_released_event_is_claimed_and_only_its_open_hooks_count() {
    let scene = Scene::default();
    let ((payments, first), (books, second)) = (writes("payments"), writes("books"));
    let earlier = scene.claimed(&event_of(&payment("p1")), LEASE).await;
    let release = Change::Release {
        error: "books: not yet".to_owned(),
        cause: ReleaseCause::HookFailed {
            retry_at: scene.clock.now(),
        },
    };
    for change in [
        Change::RecordHook(("payments", Effects::writes(vec!["payments"]))),
        release,
    ] {
        scene.change(&earlier, change).await.unwrap();
    }

    assert_eq!(scene.consume(&[&payments, &books], vec![payment("p1")]).await, [""; 0]);
    let applied = ["payments", "books"].map(|write| scene.ledger.applied(write));
    assert_eq!(applied, [1, 1], "the first is done, and its effect applied");
    // Both are called as if the event were new; then the open one, for its second attempt.
    assert_eq!(
        (first.lock().unwrap().clone(), second.lock().unwrap().clone()),
        (vec![1], vec![1, 2])
    );
}

#[tokio::test]
async fn no_hook_is_called_for_an_event_that_is_set_aside() {
    let (scene, (hook, _)) = (Scene::default(), writes("payments"));
    let expired = r#"{"event":"payment.completed","data":{"id":"s"},"timestamp":"2023-01-01T00:00:00Z"}"#;
    let batch = vec![
        message("expired", "kuenta", expired),
        message("bad", "kuenta", "not json"),
    ];
    assert_eq!(scene.consume(&[&hook], batch).await, [""; 0]);
    assert_eq!(hook.calls(), 0);
    assert!(scene.statuses().iter().all(|(_, status)| *status == Status::Rejected));
}

#[tokio::test]
async fn a_single_call_is_counted_like_two() {
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

/// As if it were not there: neither called nor recorded, and the hook before it is the last one.
#[tokio::test]
async fn a_hook_that_wants_nothing_of_an_event_costs_nothing() {
    let scene = Scene::default();
    let ((payments, _), mail) = (writes("payments"), ok("mail"));
    let last = writes("destinations").0.wants_nothing();
    // One call for all transactional hooks.
    scene.ledger.fail(&["claim", "complete", "record_hook"]);
    let hooks = [&payments, &last];
    assert_eq!(scene.consume(&hooks, vec![payment("p1")]).await, [""; 0]);
    // The hook with side effects is recorded by the completion.
    scene.ledger.fail(&["record_hook"]);
    let hooks = [&payments, &mail, &last];
    assert_eq!(scene.consume(&hooks, vec![payment("p2")]).await, [""; 0]);
    for id in ["p1", "p2"] {
        let stored = scene.ledger.record(&event_of(&payment(id)).key).unwrap();
        assert_eq!(stored.state.status, Status::Completed);
        assert!(!stored.state.hooks.contains_key("destinations"));
    }
    assert_eq!((last.calls(), mail.calls()), (0, 1));
}
