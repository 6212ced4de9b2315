//! Other bytes under a known key: kept, then released or dismissed by an operator.

use super::*;
use crate::wire::envelope::Replay;

/// The event of `payment("p1")`, in other bytes.
fn changed(message_id: &str, note: &str) -> Received {
    let body = format!(r#"{{"event":"payment.completed","data":{{"id":"p1"}},"note":"{note}"}}"#);
    message(message_id, "kuenta", &body)
}

/// The key of its record as a conflict.
fn conflict_of(message: &Received) -> IdempotencyKey {
    event_of(message).into_conflict().key
}

/// As `acuse events release` sends it.
pub(super) fn released(message_id: &str, of: &Received) -> Received {
    let attribute = |name: &str| of.attributes.get(name).map(String::as_str);
    let envelope = Envelope {
        replay: Some(Replay::Conflict),
        ..Envelope::from_message(of.text.clone(), attribute).unwrap()
    };
    let sealed = envelope.to_message().unwrap();
    let attributes = sealed.attributes.into_iter();
    Received {
        message_id: message_id.to_owned(),
        attributes: attributes.map(|(name, value)| (name.to_owned(), value)).collect(),
        ..of.clone()
    }
}

impl Scene {
    fn status(&self, key: &IdempotencyKey) -> Option<Status> {
        self.ledger.record(key).map(|stored| stored.state.status)
    }
}

#[tokio::test]
async fn a_conflict_is_kept_whatever_became_of_the_event_and_reaches_no_hook() {
    type Act = fn(&Event, Attempt) -> Result<Effects<&'static str>, HookError>;
    let completes: Act = |_, _| Ok(Effects::writes(vec!["h"]));
    let releases: Act = |_, _| Err(HookError::retry("no"));
    let rejects: Act = |_, _| Err(HookError::reject("never"));
    for (act, status) in [
        (completes, Status::Completed),
        (releases, Status::Released),
        (rejects, Status::Rejected),
    ] {
        let scene = Scene::default();
        let hook = Told::to("h", act);
        scene.consume(&[&hook], vec![payment("p1")]).await;
        let other = changed("other", "");
        assert_eq!(scene.consume(&[&hook], vec![other.clone()]).await, [""; 0]);
        assert_eq!(hook.calls(), 1, "{status:?}");
        assert_eq!(scene.status(&event_of(&payment("p1")).key), Some(status));
        let kept = scene.ledger.record(&conflict_of(&other)).unwrap();
        assert_eq!((kept.state.status, kept.state.attempts), (Status::Conflict, 0));
        assert_eq!(kept.error.as_deref(), Some(crate::ledger::CONFLICT));
    }
}

#[tokio::test]
async fn a_conflict_is_kept_while_the_event_is_in_progress_and_after_its_owner_died() {
    let scene = Scene::default();
    let event = event_of(&payment("p1"));
    scene.claimed(&event, Duration::from_secs(17)).await;
    for note in ["during", "after"] {
        let other = changed(note, note);
        assert_eq!(scene.consume(&[&ok("h")], vec![other.clone()]).await, [""; 0], "{note}");
        assert_eq!(scene.status(&conflict_of(&other)), Some(Status::Conflict));
        scene.clock.advance(Duration::from_secs(20));
    }
    assert_eq!(scene.status(&event.key), Some(Status::InProgress), "it is not theirs");
}

/// Also in one batch, and if hooks commit with the record.
#[tokio::test]
async fn of_two_payloads_in_one_batch_the_first_is_the_event() {
    for transactional in [false, true] {
        let scene = Scene::default();
        let hook = Told {
            transactional,
            ..ok("h")
        };
        let batch = vec![
            payment("p1"),
            changed("b", "b"),
            changed("c", "c"),
            changed("b again", "b"),
        ];
        assert_eq!(scene.consume(&[&hook], batch).await, [""; 0]);
        assert_eq!(scene.ledger.applied("h"), 1, "a conflict's writes are not made");
        assert_eq!(scene.status(&event_of(&payment("p1")).key), Some(Status::Completed));
        let kept = ["b", "c"].map(|note| scene.ledger.record(&conflict_of(&changed(note, note))).unwrap());
        assert_eq!(kept.each_ref().map(|kept| kept.state.status), [Status::Conflict; 2]);
        assert_eq!(kept.map(|kept| kept.duplicates), [1, 0], "the same bytes are known");
        assert_eq!(scene.ledger.records().len(), 3);
    }
}

#[tokio::test]
async fn a_message_received_again_is_no_duplicate_of_its_own_conflict() {
    let (scene, hook) = (Scene::default(), ok("h"));
    scene.consume(&[&hook], vec![payment("p1")]).await;
    for _ in 0..3 {
        assert_eq!(scene.consume(&[&hook], vec![changed("m", "")]).await, [""; 0]);
    }
    let kept = scene.ledger.record(&conflict_of(&changed("m", ""))).unwrap();
    assert_eq!(kept.duplicates, 0);
}

#[tokio::test]
async fn a_conflict_that_cannot_be_kept_comes_back() {
    let (scene, hook) = (Scene::default(), ok("h"));
    scene.consume(&[&hook], vec![payment("p1")]).await;
    scene.ledger.fail(&["keep_conflict"]);
    assert_eq!(scene.consume(&[&hook], vec![changed("m", "")]).await, ["m"]);
    assert_eq!(scene.status(&conflict_of(&changed("m", ""))), None);
    scene.ledger.fail(&[]);
    assert_eq!(scene.consume(&[&hook], vec![changed("m", "")]).await, [""; 0]);
    assert_eq!(scene.status(&conflict_of(&changed("m", ""))), Some(Status::Conflict));
}

#[tokio::test]
async fn an_operator_releases_a_conflict_as_an_event_of_its_own() {
    let scene = Scene::default();
    let keys = Arc::new(std::sync::Mutex::new(Vec::new()));
    let seen = Arc::clone(&keys);
    let hook = Told::to("h", move |event, _| {
        seen.lock().unwrap().push(event.key.clone());
        Ok(Effects::writes(vec!["h"]))
    });
    let (first, other) = (event_of(&payment("p1")).key, changed("m", ""));
    let key = conflict_of(&other);
    scene.consume(&[&hook], vec![payment("p1"), other.clone()]).await;

    // A message alone does nothing: somebody has to decide.
    assert_eq!(scene.consume(&[&hook], vec![released("early", &other)]).await, [""; 0]);
    assert_eq!(scene.status(&key), Some(Status::Conflict));

    assert!(scene.ledger.decide_conflict(&key, Status::Released));
    for message_id in ["release", "release", "release again"] {
        assert_eq!(
            scene.consume(&[&hook], vec![released(message_id, &other)]).await,
            [""; 0]
        );
    }
    assert_eq!(scene.status(&key), Some(Status::Completed));
    assert_eq!(scene.ledger.applied("h"), 2, "once for each event");
    assert_eq!(*keys.lock().unwrap(), [first, key], "hooks tell them apart by the key");
}

#[tokio::test]
async fn a_dismissed_conflict_is_only_counted_when_it_comes_again() {
    let (scene, hook) = (Scene::default(), ok("h"));
    let other = changed("m", "");
    scene.consume(&[&hook], vec![payment("p1"), other.clone()]).await;
    assert!(scene.ledger.decide_conflict(&conflict_of(&other), Status::Rejected));
    assert_eq!(scene.consume(&[&hook], vec![changed("m2", "")]).await, [""; 0]);
    let kept = scene.ledger.record(&conflict_of(&other)).unwrap();
    assert_eq!((kept.state.status, kept.duplicates), (Status::Rejected, 1));
    assert_eq!(hook.calls(), 1);
}

/// A replay of the event has the event's bytes.
#[tokio::test]
async fn a_replay_with_other_bytes_does_not_take_a_rejected_event() {
    let scene = Scene::default();
    let hook = Told::to("h", |_, _| Err(HookError::reject("never")));
    scene.consume(&[&hook], vec![payment("p1")]).await;
    let mut replay = changed("replay", "");
    replay.attributes.insert("replay".to_owned(), "1".to_owned());
    assert_eq!(scene.consume(&[&hook], vec![replay.clone()]).await, [""; 0]);
    assert_eq!(hook.calls(), 1);
    assert_eq!(scene.status(&conflict_of(&replay)), Some(Status::Conflict));
}

/// Otherwise, releasing all conflicts would hand test money to a live stack's hooks.
#[tokio::test]
async fn other_bytes_of_another_environment_are_rejected_as_such() {
    let mut scene = Scene::default();
    scene.policy.environment = Some(Environment::Live);
    let hook = ok("h");
    let test = |id: &str, note: &str| {
        let body =
            format!(r#"{{"event":"payment.completed","environment":"test","data":{{"id":"p1"}},"note":"{note}"}}"#);
        message(id, "kuenta", &body)
    };
    let batch = vec![test("a", "a"), test("b", "b"), test("b again", "b")];
    assert_eq!(scene.consume(&[&hook], batch).await, [""; 0]);
    let kept = scene.ledger.record(&conflict_of(&test("b", "b"))).unwrap();
    assert_eq!((kept.state.status, kept.duplicates), (Status::Rejected, 1));
    let reason = kept.error.unwrap();
    assert_eq!(
        SetAside::from_reason(&reason),
        Some(SetAside::WrongEnvironment(Environment::Test))
    );
    assert_eq!((hook.calls(), scene.ledger.records().len()), (0, 2));

    // Somebody who replays it by its key means it.
    assert_eq!(
        scene.consume(&[&hook], vec![released("replay", &test("b", "b"))]).await,
        [""; 0]
    );
    assert_eq!(hook.calls(), 1);
}
