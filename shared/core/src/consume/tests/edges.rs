//! Just before and just after: leases, attempts, ages and orders at their very edges.

use std::sync::Mutex;

use super::*;
use crate::ledger::{Claim, Lease};

fn again(id: &str, message_id: &str) -> Received {
    Received {
        message_id: message_id.to_owned(),
        ..payment(id)
    }
}

/// Two machines' clocks differ a little.
#[tokio::test]
async fn a_lease_outlives_its_invocation() {
    let scene = Arc::new(Scene::default());
    let cut = scene.clock.now().plus(Duration::from_secs(30));
    let seen = Arc::clone(&scene);
    let hook = Told::to("h", move |event, _| {
        let stored = seen.ledger.record(&event.key).unwrap();
        let slack = stored.standing.lease_expires_at.since(cut);
        assert!(slack >= Duration::from_millis(500), "{slack:?}");
        assert!(
            slack <= Duration::from_secs(5),
            "a dead owner's event waits for it: {slack:?}"
        );
        Ok(Effects::none())
    });
    assert_eq!(scene.consume(&[&hook], vec![payment("p1")]).await, [""; 0]);
    assert_eq!(scene.statuses()[0].1, Status::Completed);
}

/// They were asked as for a new event, and it was none.
#[tokio::test]
async fn what_hooks_answer_to_a_first_attempt_does_not_count_for_a_second() {
    let scene = Scene::default();
    let attempts = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&attempts);
    let hook = Told::to("h", move |_, attempt| {
        seen.lock().unwrap().push(attempt.number);
        match attempt.number {
            1 => Err(HookError::retry("not yet")),
            _ => Ok(Effects::write("h")),
        }
    });
    let hook = hook.writes_only();
    assert_eq!(scene.consume(&[&hook], vec![payment("p1")]).await, ["p1"]);
    scene.wait();
    // The provider has sent it again, and this delivery comes first.
    assert_eq!(scene.consume(&[&hook], vec![again("p1", "another")]).await, [""; 0]);
    assert_eq!(*attempts.lock().unwrap(), [1, 1, 2]);
    assert_eq!(
        (scene.ledger.applied("h"), scene.statuses()[0].1),
        (1, Status::Completed)
    );
}

/// Each has its own answer, whichever of them fails.
#[tokio::test]
async fn what_each_of_three_hooks_answered_is_recorded_as_its_own() {
    let scene = Scene::default();
    let [first, second] = ["first", "second"].map(|name| ok(name).writes_only());
    let third = Told::to("third", |_, _| Err(HookError::retry("not yet"))).writes_only();
    let batch = vec![payment("p1")];
    assert_eq!(scene.consume(&[&first, &second, &third], batch).await, ["p1"]);
    assert_eq!((first.calls(), second.calls(), third.calls()), (1, 1, 1));
    assert_eq!((scene.ledger.applied("first"), scene.ledger.applied("second")), (1, 1));
    let records = scene.ledger.records();
    let stored = records.values().next().unwrap();
    let done: Vec<&String> = stored.standing.hooks.keys().collect();
    assert_eq!(done, ["first", "second"]);
    assert_eq!(stored.error.as_deref(), Some("hook `third`: not yet"));
}

fn cashout(step: &str, at: i64) -> Received {
    let body = format!(
        r#"{{"cashout":{{"id":"c1"}},"event":{{"type":"cashout.{step}","timestamp":{at},"environment":"live"}}}}"#
    );
    message(step, "onepay", &body)
}

/// That all it does is write does not mean that it may be asked before anybody knows what came before.
#[tokio::test]
async fn a_transactional_hook_that_asks_for_order_is_told_of_late_events_and_spared_them() {
    for (order, expected) in [
        (Order::Told, vec![false, true]),
        (Order::SkipLate, vec![false]),
        (Order::Any, vec![false, false]),
    ] {
        let scene = Scene::default();
        let late = Arc::new(Mutex::new(Vec::new()));
        let seen = Arc::clone(&late);
        let hook = Told::to("h", move |_, attempt| {
            seen.lock().unwrap().push(attempt.late);
            Ok(Effects::write("h"))
        });
        let hook = Told {
            order,
            ..hook.writes_only()
        };
        let first = ok("first").writes_only();
        for (step, at) in [("processed", 1_699_999_300), ("processing", 1_699_999_100)] {
            assert_eq!(scene.consume(&[&first, &hook], vec![cashout(step, at)]).await, [""; 0]);
        }
        assert_eq!(*late.lock().unwrap(), expected, "{order:?}");
        assert_eq!(scene.ledger.applied("first"), 2);
    }
}

/// Asking costs a read of the ledger.
#[tokio::test]
async fn the_order_is_asked_for_only_where_a_hook_wants_to_know_it() {
    let (scene, hook) = (Scene::default(), ok("h"));
    scene.ledger.fail(&["overtaken"]);
    assert_eq!(scene.consume(&[&hook], vec![payment("p1")]).await, [""; 0]);
    let told = Told {
        order: Order::Told,
        ..ok("told")
    };
    assert_eq!(scene.consume(&[&told], vec![payment("p2")]).await, ["p2"]);
}

/// The ledger remembers an event for as long as this, and not a millisecond less.
#[tokio::test]
async fn an_event_is_stale_once_it_is_older_than_what_the_ledger_remembers() {
    let mut scene = Scene::default();
    scene.policy.retention = Duration::from_secs(1_000_000);
    let hook = ok("h");
    let happened = scene.clock.now().minus(scene.policy.retention).as_seconds();
    assert_eq!(
        scene.consume(&[&hook], vec![cashout("created", happened)]).await,
        [""; 0]
    );
    assert_eq!((hook.calls(), scene.statuses()[0].1), (1, Status::Completed));

    scene.clock.advance(Duration::from_millis(1));
    assert_eq!(
        scene.consume(&[&hook], vec![cashout("processed", happened)]).await,
        [""; 0]
    );
    let statuses = scene.statuses();
    assert!(
        statuses.contains(&("cashout.processed".to_owned(), Status::Rejected)),
        "{statuses:?}"
    );
    assert_eq!(hook.calls(), 1);
}

/// The end of the invocation is kept free, to the millisecond.
#[tokio::test]
async fn an_event_begins_while_there_is_time_for_it() {
    for (left, begun) in [(2000, 0), (2001, 1)] {
        let (scene, hook) = (Scene::default(), ok("h"));
        scene
            .consume_within(&[&hook], vec![payment("p1")], Duration::from_millis(left))
            .await;
        assert_eq!(hook.calls(), begun, "with {left} ms left");
    }
}

/// A clock that tells how long anything was given.
#[derive(Clone)]
struct Telling(StoppedClock, Arc<Mutex<Vec<Duration>>>);

impl Clock for Telling {
    fn now(&self) -> Timestamp {
        self.0.now()
    }

    fn sleep(&self, duration: Duration) -> std::pin::Pin<Box<dyn Future<Output = ()> + Send>> {
        self.1.lock().unwrap().push(duration);
        self.0.sleep(duration)
    }
}

/// An invocation that is cut loses its answer, and all its messages come back.
#[tokio::test]
async fn nothing_is_given_all_the_time_that_is_left() {
    let scene = Scene::default();
    let hook = Told::to("h", |_, _| Err(HookError::retry("no")));
    let clock = Telling(scene.clock.clone(), Arc::default());
    let consumer = Consumer::new(
        &scene.ledger,
        &scene.inbox,
        vec![Box::new(hook) as Box<dyn Hook<&'static str>>],
        scene.policy.clone(),
        clock.clone(),
        Dice::default(),
    );
    let deadline = scene.clock.now().plus(Duration::from_secs(30));
    let failed = consumer.unwrap().consume(vec![payment("p1")], deadline).await;
    assert_eq!(failed, ["p1"]);
    // The event as a whole, its hook, and its message's return to the queue.
    let given = clock.1.lock().unwrap().clone();
    assert_eq!(given, [29_000, 28_000, 29_500].map(Duration::from_millis));
}

/// A claim is fenced by a token that no other one has.
#[tokio::test]
async fn every_claim_has_a_token_of_its_own() {
    let scene = Scene::default();
    let tokens = Arc::new(Mutex::new(Vec::new()));
    let scene = Arc::new(scene);
    let (seen, record) = (Arc::clone(&tokens), Arc::clone(&scene));
    let hook = Told::to("h", move |event, _| {
        seen.lock()
            .unwrap()
            .push(record.ledger.record(&event.key).unwrap().lease_token);
        Ok(Effects::none())
    });
    let consumer = Consumer::new(
        &scene.ledger,
        &scene.inbox,
        vec![Box::new(hook) as Box<dyn Hook<&'static str>>],
        scene.policy.clone(),
        scene.clock.clone(),
        Dice::default(),
    )
    .unwrap();
    let deadline = scene.clock.now().plus(Duration::from_secs(30));
    consumer.consume(vec![payment("p1"), payment("p2")], deadline).await;
    let tokens = tokens.lock().unwrap();
    assert_eq!(tokens.len(), 2);
    assert_ne!(tokens[0], tokens[1]);
}

/// Somebody's lease ends now: it is over, and nobody waits.
#[tokio::test]
async fn an_event_is_free_at_the_moment_when_its_lease_ends() {
    let (scene, hook) = (Scene::default(), ok("h"));
    let message = payment("p1");
    let attribute = |name: &str| message.attributes.get(name).map(String::as_str);
    let envelope = Envelope::from_message(&message.text, attribute).unwrap();
    let event = Event::read(envelope, &crate::providers::kuenta::PROVIDER, Environment::Live);
    let lease = Lease {
        token: "somebody else's".to_owned(),
        expires_at: scene.clock.now().plus(Duration::from_secs(17)),
        message_id: "another".to_owned(),
        first: true,
    };
    let claim = (&scene.ledger).claim(&event, &lease, scene.clock.now()).await.unwrap();
    assert!(matches!(claim, Claim::Claimed(_)));
    scene.clock.advance(Duration::from_millis(16_999));
    assert_eq!(scene.consume(&[&hook], vec![payment("p1")]).await, ["p1"]);
    assert_eq!(scene.inbox.returned(), [("p1".to_owned(), Duration::from_millis(1))]);
    scene.wait();
    assert_eq!(scene.consume(&[&hook], vec![payment("p1")]).await, [""; 0]);
}
