//! Boundaries: of leases, attempts, ages and the order of events.

use std::sync::Mutex;

use super::*;

fn again(id: &str, message_id: &str) -> Received {
    Received {
        message_id: message_id.to_owned(),
        ..payment(id)
    }
}

/// The clocks of two machines differ a little.
#[tokio::test]
async fn a_lease_outlives_its_invocation() {
    let scene = Arc::new(Scene::default());
    let cut = scene.clock.now().plus(Duration::from_secs(30));
    let seen = Arc::clone(&scene);
    let hook = Told::to("h", move |event, _| {
        let stored = seen.ledger.record(&event.key).unwrap();
        let slack = stored.state.lease_expires_at.since(cut);
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

/// They were called as if the event were new.
#[tokio::test]
async fn answers_to_a_first_attempt_do_not_count_for_a_second() {
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

#[tokio::test]
async fn the_answers_of_three_hooks_are_recorded_each_as_its_own() {
    let scene = Scene::default();
    let [first, second] = ["first", "second"].map(|name| ok(name).writes_only());
    let third = Told::to("third", |_, _| Err(HookError::retry("not yet"))).writes_only();
    let batch = vec![payment("p1")];
    assert_eq!(scene.consume(&[&first, &second, &third], batch).await, ["p1"]);
    assert_eq!((first.calls(), second.calls(), third.calls()), (1, 1, 1));
    assert_eq!((scene.ledger.applied("first"), scene.ledger.applied("second")), (1, 1));
    let records = scene.ledger.records();
    let stored = records.values().next().unwrap();
    let done: Vec<&String> = stored.state.hooks.keys().collect();
    assert_eq!(done, ["first", "second"]);
    assert_eq!(stored.error.as_deref(), Some("hook `third`: not yet"));
}

fn cashout(step: &str, at: i64) -> Received {
    let body = format!(
        r#"{{"cashout":{{"id":"c1"}},"event":{{"type":"cashout.{step}","timestamp":{at},"environment":"live"}}}}"#
    );
    message(step, "onepay", &body)
}

/// Although it only returns writes, it is not called before the ledger knows what came before.
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

/// It costs a read of the ledger.
#[tokio::test]
async fn the_order_is_read_only_for_a_hook_that_wants_to_know_it() {
    let (scene, hook) = (Scene::default(), ok("h"));
    scene.ledger.fail(&["overtaken"]);
    assert_eq!(scene.consume(&[&hook], vec![payment("p1")]).await, [""; 0]);
    let told = Told {
        order: Order::Told,
        ..ok("told")
    };
    assert_eq!(scene.consume(&[&told], vec![payment("p2")]).await, ["p2"]);
}

/// To the millisecond.
#[tokio::test]
async fn an_event_is_expired_once_it_is_older_than_the_ledgers_retention() {
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

/// To the millisecond.
#[tokio::test]
async fn an_event_is_started_while_there_is_time_for_it() {
    for (left, started) in [(2000, 0), (2001, 1)] {
        let (scene, hook) = (Scene::default(), ok("h"));
        scene
            .consume_within(&[&hook], vec![payment("p1")], Duration::from_millis(left))
            .await;
        assert_eq!(hook.calls(), started, "with {left} ms left");
    }
}

/// A clock that records all sleeps: the time-outs.
#[derive(Clone)]
struct Recording(StoppedClock, Arc<Mutex<Vec<Duration>>>);

impl Clock for Recording {
    fn now(&self) -> Timestamp {
        self.0.now()
    }

    fn sleep(&self, duration: Duration) -> std::pin::Pin<Box<dyn Future<Output = ()> + Send>> {
        self.1.lock().unwrap().push(duration);
        self.0.sleep(duration)
    }
}

/// If Lambda ends the invocation, its answer is lost and all its messages come back.
#[tokio::test]
async fn no_call_may_take_all_the_time_that_is_left() {
    let scene = Scene::default();
    let hook = Told::to("h", |_, _| Err(HookError::retry("no")));
    let clock = Recording(scene.clock.clone(), Arc::default());
    let consumer = Consumer::new(
        crate::providers::ALL,
        &scene.ledger,
        &scene.inbox,
        vec![Box::new(hook) as Box<dyn AnyHook<&'static str>>],
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

#[tokio::test]
async fn every_claim_has_a_token_of_its_own() {
    let scene = Arc::new(Scene::default());
    let tokens = Arc::new(Mutex::new(Vec::new()));
    let (seen, record) = (Arc::clone(&tokens), Arc::clone(&scene));
    let hook = Told::to("h", move |event, _| {
        seen.lock()
            .unwrap()
            .push(record.ledger.record(&event.key).unwrap().state.lease_token);
        Ok(Effects::none())
    });
    let consumer = Consumer::new(
        crate::providers::ALL,
        &scene.ledger,
        &scene.inbox,
        vec![Box::new(hook) as Box<dyn AnyHook<&'static str>>],
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

#[tokio::test]
async fn an_event_in_progress_is_waited_for_until_its_lease_ends() {
    let (scene, hook) = (Scene::default(), ok("h"));
    let event = event_of(&payment("p1"));
    scene.claimed(&event, Duration::from_secs(17)).await;
    scene.clock.advance(Duration::from_millis(16_999));
    assert_eq!(scene.consume(&[&hook], vec![payment("p1")]).await, ["p1"]);
    assert_eq!(scene.inbox.returned(), [("p1".to_owned(), Duration::from_millis(1))]);
    assert_eq!(hook.calls(), 0);
    scene.wait();
    assert_eq!(scene.consume(&[&hook], vec![payment("p1")]).await, [""; 0]);
    let stored = scene.ledger.record(&event.key).unwrap();
    assert_eq!((stored.state.status, stored.state.attempts), (Status::Completed, 2));
}
