mod attempts;
mod batch;
mod conflict;
mod edges;
mod failures;
mod former_key;
mod parts;
mod payload;
mod poison;
mod powertools;
mod single_call;

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use async_trait::async_trait;

use super::*;
use crate::event::Event;
use crate::event::key::IdempotencyKey;
use crate::hook::{Attempt, Effects, HookError, Order};
use crate::ledger::Status;
use crate::testing::{Dice, FakeInbox, MemoryLedger, StoppedClock};

type Act = dyn Fn(&Event, Attempt) -> Result<Effects<&'static str>, HookError> + Send + Sync;

/// A hook that does as told, and counts its calls.
#[derive(Clone)]
struct Told {
    name: &'static str,
    transactional: bool,
    order: Order,
    calls: Arc<AtomicU32>,
    act: Arc<Act>,
}

impl Told {
    fn to(
        name: &'static str,
        act: impl Fn(&Event, Attempt) -> Result<Effects<&'static str>, HookError> + Send + Sync + 'static,
    ) -> Self {
        Self {
            name,
            transactional: false,
            order: Order::Any,
            calls: Arc::default(),
            act: Arc::new(act),
        }
    }

    /// It declares that it has no effect but its writes.
    fn writes_only(self) -> Self {
        Self {
            transactional: true,
            ..self
        }
    }

    fn calls(&self) -> u32 {
        self.calls.load(Ordering::SeqCst)
    }
}

#[async_trait]
impl Hook<&'static str> for Told {
    fn name(&self) -> &'static str {
        self.name
    }

    fn transactional(&self) -> bool {
        self.transactional
    }

    fn order(&self) -> Order {
        self.order
    }

    async fn call(&self, event: &Event, attempt: Attempt) -> Result<Effects<&'static str>, HookError> {
        self.calls.fetch_add(1, Ordering::SeqCst);
        (self.act)(event, attempt)
    }
}

/// A consumer's fakes.
struct Scene {
    ledger: MemoryLedger,
    inbox: FakeInbox,
    clock: StoppedClock,
    policy: Policy,
}

impl Default for Scene {
    fn default() -> Self {
        Self {
            ledger: MemoryLedger::default(),
            inbox: FakeInbox::default(),
            clock: StoppedClock::at(Timestamp::from_seconds(1_700_000_000)),
            policy: Policy {
                environment: None,
                retention: Duration::from_secs(90 * 24 * 3600),
                backoff: Backoff {
                    base: Duration::from_secs(2),
                    max: Duration::from_secs(900),
                },
                max_attempts: 120,
                wait_policy: WaitPolicy::default(),
                concurrency: 10,
            },
        }
    }
}

impl Scene {
    async fn consume(&self, hooks: &[&Told], batch: Vec<Received>) -> Vec<String> {
        self.consume_within(hooks, batch, Duration::from_secs(30)).await
    }

    async fn consume_within(&self, hooks: &[&Told], batch: Vec<Received>, time: Duration) -> Vec<String> {
        let hooks = hooks.iter().map(|hook| Box::new((*hook).clone()) as Box<_>).collect();
        let consumer = Consumer::new(
            &self.ledger,
            &self.inbox,
            hooks,
            self.policy.clone(),
            self.clock.clone(),
            Dice::fixed(u128::MAX),
        )
        .unwrap();
        consumer.consume(batch, self.clock.now().plus(time)).await
    }

    /// Until the message that was given back last comes again.
    fn wait(&self) {
        let returned = self.inbox.returned();
        self.clock
            .advance(returned.last().map_or(Duration::ZERO, |(_, delay)| *delay));
    }

    fn statuses(&self) -> Vec<(String, Status)> {
        let records = self.ledger.records();
        records
            .into_iter()
            .map(|(key, stored)| (key.sort, stored.standing.status))
            .collect()
    }
}

fn message(id: &str, provider: &str, body: &str) -> Received {
    let attributes = [
        ("envelope", "1"),
        ("provider", provider),
        ("delivery_id", "018bcfe5-6800-7707-8707-070707070707"),
        ("received_at", "1700000000000"),
        ("form", "raw"),
    ];
    Received {
        message_id: id.to_owned(),
        receipt: format!("receipt of {id}"),
        text: body.to_owned(),
        attributes: attributes
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .into(),
        trace: None,
        receives: 1,
        sent_at: None,
    }
}

fn payment(id: &str) -> Received {
    message(
        id,
        "kuenta",
        &format!(r#"{{"event":"payment.completed","data":{{"id":"{id}"}}}}"#),
    )
}

fn ok(name: &'static str) -> Told {
    Told::to(name, move |_, _| Ok(Effects::write(name)))
}

#[tokio::test]
async fn an_event_is_completed_once_however_often_it_comes() {
    let (scene, hook) = (Scene::default(), ok("payments"));
    for _ in 0..3 {
        assert_eq!(scene.consume(&[&hook], vec![payment("p1")]).await, [""; 0]);
    }
    assert_eq!((hook.calls(), scene.ledger.applied("payments")), (1, 1));
    let records = scene.ledger.records();
    let stored = records.values().next().unwrap();
    assert_eq!((stored.standing.status, stored.duplicates), (Status::Completed, 2));
}

#[tokio::test]
async fn two_deliveries_in_one_batch_do_not_wait_for_each_other() {
    let (scene, hook) = (Scene::default(), ok("payments"));
    let failed = scene.consume(&[&hook], vec![payment("p1"), payment("p1")]).await;
    assert_eq!(failed, [""; 0]);
    assert_eq!(hook.calls(), 1);
}

#[tokio::test]
async fn a_retry_calls_only_the_hooks_that_are_not_done() {
    let (scene, first) = (Scene::default(), ok("first"));
    let second = Told::to("second", |_, attempt| match attempt.number {
        1 => Err(HookError::retry("not yet")),
        _ => Ok(Effects::write("second")),
    });
    assert_eq!(scene.consume(&[&first, &second], vec![payment("p1")]).await, ["p1"]);
    assert_eq!(scene.inbox.returned(), [("p1".to_owned(), Duration::from_secs(2))]);
    assert_eq!(scene.statuses(), [("payment.completed".to_owned(), Status::Released)]);

    scene.wait();
    assert_eq!(scene.consume(&[&first, &second], vec![payment("p1")]).await, [""; 0]);
    assert_eq!((first.calls(), second.calls()), (1, 2));
    assert_eq!((scene.ledger.applied("first"), scene.ledger.applied("second")), (1, 1));
}

#[tokio::test]
async fn retries_are_spaced_further_and_further_apart() {
    let scene = Scene::default();
    let hook = Told::to("h", |_, _| Err(HookError::retry("no")));
    for _ in 0..4 {
        scene.consume(&[&hook], vec![payment("p1")]).await;
        scene.wait();
    }
    let delays: Vec<u64> = scene
        .inbox
        .returned()
        .iter()
        .map(|(_, delay)| delay.as_secs())
        .collect();
    assert_eq!(delays, [2, 4, 8, 16]);
}

#[tokio::test]
async fn a_hook_may_ask_for_a_longer_wait() {
    let scene = Scene::default();
    let hook = Told::to("h", |_, _| {
        Err(HookError::retry_after(Duration::from_secs(60), "later"))
    });
    scene.consume(&[&hook], vec![payment("p1")]).await;
    assert_eq!(scene.inbox.returned(), [("p1".to_owned(), Duration::from_secs(60))]);
}

#[tokio::test]
async fn a_rejected_event_is_recorded_and_dead_lettered() {
    let scene = Scene::default();
    let hook = Told::to("h", |_, _| Err(HookError::reject("no such order")));
    assert_eq!(scene.consume(&[&hook], vec![payment("p1")]).await, [""; 0]);
    assert_eq!(scene.statuses(), [("payment.completed".to_owned(), Status::Rejected)]);
    assert_eq!(
        scene.inbox.dead(),
        [("p1".to_owned(), "hook `h`: no such order".to_owned())]
    );

    scene.consume(&[&hook], vec![payment("p1")]).await;
    assert_eq!(
        (hook.calls(), scene.inbox.dead().len()),
        (1, 1),
        "a duplicate is only counted"
    );
}

#[tokio::test]
async fn a_rejection_waits_for_the_dead_letter_queue() {
    let scene = Scene::default();
    let hook = Told::to("h", |_, _| Err(HookError::reject("never")));
    scene.inbox.down.store(true, Ordering::SeqCst);
    assert_eq!(scene.consume(&[&hook], vec![payment("p1")]).await, ["p1"]);
    assert_eq!(scene.statuses(), [("payment.completed".to_owned(), Status::Released)]);
    scene.inbox.down.store(false, Ordering::SeqCst);
    assert_eq!(scene.consume(&[&hook], vec![payment("p1")]).await, [""; 0]);
    assert_eq!(scene.inbox.dead().len(), 1);
}

#[tokio::test]
async fn one_poison_record_leaves_its_neighbours_alone() {
    let scene = Scene::default();
    let hook = Told::to("h", |event, _| match event.resource.as_ref().unwrap().id.as_str() {
        "panics" => panic!("boom"),
        "fails" => Err(HookError::retry("no")),
        "never" => Err(HookError::reject("no")),
        _ => Ok(Effects::write("good")),
    });
    let mut foreign = payment("wrong_environment");
    foreign.attributes.clear();
    let batch = vec![
        payment("a"),
        payment("panics"),
        foreign,
        payment("fails"),
        payment("never"),
        payment("b"),
    ];
    let mut failed = scene.consume(&[&hook], batch).await;
    failed.sort();
    assert_eq!(failed, ["fails", "panics"]);
    assert_eq!(scene.ledger.applied("good"), 2);
    let dead = scene.inbox.dead();
    assert_eq!(
        dead[0],
        (
            "wrong_environment".to_owned(),
            "the message has no attribute `envelope`".to_owned()
        )
    );
    assert_eq!(dead.len(), 2);
    let key = IdempotencyKey {
        partition: "kuenta#live#payment#panics".to_owned(),
        sort: "payment.completed".to_owned(),
    };
    let error = scene.ledger.record(&key).unwrap().error;
    assert_eq!(error.as_deref(), Some("hook `h`: panicked: boom"));
}

#[tokio::test]
async fn an_event_in_progress_comes_back_when_the_lease_ends() {
    let scene = Scene::default();
    let claim = |message: &Received| {
        let attribute = |name: &str| message.attributes.get(name).map(String::as_str);
        let envelope = Envelope::from_message(&message.text, attribute).unwrap();
        Event::read(envelope, &crate::providers::kuenta::PROVIDER, Environment::Live)
    };
    let (event, now) = (claim(&payment("p1")), scene.clock.now());
    let lease = crate::ledger::Lease {
        token: "somebody else's".to_owned(),
        expires_at: now.plus(Duration::from_secs(17)),
        message_id: "another".to_owned(),
        first: true,
    };
    (&scene.ledger).claim(&event, &lease, now).await.unwrap();

    let hook = ok("h");
    assert_eq!(scene.consume(&[&hook], vec![payment("p1")]).await, ["p1"]);
    assert_eq!(scene.inbox.returned(), [("p1".to_owned(), Duration::from_secs(17))]);
    assert_eq!(hook.calls(), 0);

    // The owner died: its lease is over, and the event is taken.
    scene.clock.advance(Duration::from_secs(17));
    assert_eq!(scene.consume(&[&hook], vec![payment("p1")]).await, [""; 0]);
    let stored = scene.ledger.record(&event.key).unwrap();
    assert_eq!(
        (stored.standing.status, stored.standing.attempts),
        (Status::Completed, 2)
    );
}

#[tokio::test]
async fn what_comes_too_late_in_an_invocation_goes_back_untouched() {
    let (scene, hook) = (Scene::default(), ok("h"));
    let failed = scene
        .consume_within(&[&hook], vec![payment("p1")], Duration::from_secs(2))
        .await;
    assert_eq!(failed, ["p1"]);
    assert!(scene.ledger.records().is_empty());
    assert_eq!(scene.inbox.returned(), [("p1".to_owned(), Duration::ZERO)]);
}

#[tokio::test]
async fn a_hook_that_overruns_is_cut_and_its_event_released() {
    struct Hanging;
    #[async_trait]
    impl Hook<&'static str> for Hanging {
        fn name(&self) -> &'static str {
            "hanging"
        }
        async fn call(&self, _: &Event, _: Attempt) -> Result<Effects<&'static str>, HookError> {
            std::future::pending().await
        }
    }
    let scene = Scene::default();
    let clock = scene.clock.clone().impatient();
    let deadline = clock.now().plus(Duration::from_secs(30));
    let hooks: Vec<Box<dyn Hook<&'static str>>> = vec![Box::new(Hanging)];
    let consumer = Consumer::new(
        &scene.ledger,
        &scene.inbox,
        hooks,
        scene.policy.clone(),
        clock,
        Dice::default(),
    )
    .unwrap();
    assert_eq!(consumer.consume(vec![payment("p1")], deadline).await, ["p1"]);
    assert_eq!(scene.statuses(), [("payment.completed".to_owned(), Status::Released)]);
}

#[tokio::test]
async fn the_rest_is_recorded_and_reaches_no_hook() {
    let mut scene = Scene::default();
    scene.policy.environment = Some(Environment::Live);
    let hook = ok("h");
    let batch = vec![
        message("unreadable", "kuenta", "not json"),
        message("typeless", "kuenta", r#"{"data":{"id":"x"}}"#),
        message(
            "stale",
            "kuenta",
            r#"{"event":"payment.completed","data":{"id":"s"},"timestamp":"2023-01-01T00:00:00Z"}"#,
        ),
        message(
            "wrong_environment",
            "onepay",
            r#"{"payment":{"id":"t"},"event":{"type":"payment.approved","environment":"test"}}"#,
        ),
    ];
    assert_eq!(scene.consume(&[&hook], batch).await, [""; 0]);
    assert_eq!(hook.calls(), 0);
    assert!(scene.statuses().iter().all(|(_, status)| *status == Status::Rejected));
    let mut errors: Vec<String> = scene
        .ledger
        .records()
        .into_values()
        .filter_map(|stored| stored.error)
        .collect();
    errors.sort();
    assert_eq!(errors.len(), 4);
    assert!(errors[0].contains("environment `test`"), "{errors:?}");
    assert!(
        errors[1].starts_with("stale: it happened at 2023-01-01T00:00:00.000Z"),
        "{errors:?}"
    );
    let mut dead: Vec<String> = scene.inbox.dead().into_iter().map(|(id, _)| id).collect();
    dead.sort();
    assert_eq!(
        dead,
        ["stale", "typeless", "unreadable"],
        "a foreign event is set aside on purpose, and nobody need look"
    );
}

#[tokio::test]
async fn an_unknown_type_reaches_hooks() {
    let (scene, hook) = (Scene::default(), ok("h"));
    scene
        .consume(
            &[&hook],
            vec![message(
                "m",
                "kuenta",
                r#"{"event":"payment.teleported","data":{"id":"p"}}"#,
            )],
        )
        .await;
    assert_eq!((hook.calls(), scene.ledger.applied("h")), (1, 1));
}

#[tokio::test]
async fn the_second_month_of_a_subscription_is_a_new_event_and_a_resent_one_is_not() {
    let (scene, hook) = (Scene::default(), ok("h"));
    let month = |charge: &str, at: i64| {
        let body = format!(
            r#"{{"subscription":{{"id":"sub_1","payment":{{"id":"{charge}"}}}},"event":{{"type":"subscription.payment","timestamp":{at},"environment":"live"}}}}"#
        );
        message(charge, "onepay", &body)
    };
    scene.consume(&[&hook], vec![month("may", 1_699_000_000)]).await;
    scene.consume(&[&hook], vec![month("june", 1_699_900_000)]).await;
    scene.consume(&[&hook], vec![month("may", 1_699_000_000)]).await;
    assert_eq!(hook.calls(), 2);
}

#[test]
fn two_hooks_of_one_name_are_refused() {
    let scene = Scene::default();
    let hooks: Vec<Box<dyn Hook<&'static str>>> = vec![Box::new(ok("h")), Box::new(ok("h"))];
    let consumer = Consumer::new(
        &scene.ledger,
        &scene.inbox,
        hooks,
        scene.policy.clone(),
        scene.clock.clone(),
        Dice::default(),
    );
    assert!(consumer.is_err_and(|error| error.to_string().starts_with("two hooks are named `h`")));
}

/// A hook to which the order matters.
struct InOrder {
    name: &'static str,
    order: Order,
    told: Arc<std::sync::Mutex<Vec<bool>>>,
}

#[async_trait]
impl Hook<&'static str> for InOrder {
    fn name(&self) -> &'static str {
        self.name
    }

    fn order(&self) -> Order {
        self.order
    }

    async fn call(&self, _: &Event, attempt: Attempt) -> Result<Effects<&'static str>, HookError> {
        self.told.lock().unwrap().push(attempt.late);
        Ok(Effects::none())
    }
}

#[tokio::test]
async fn a_hook_is_told_of_late_events_or_skips_them_as_it_asks() {
    let scene = Scene::default();
    let hook = |name, order| {
        let told = Arc::new(std::sync::Mutex::new(Vec::new()));
        let hook = InOrder {
            name,
            order,
            told: Arc::clone(&told),
        };
        (Box::new(hook) as Box<dyn Hook<&'static str>>, told)
    };
    let (any, any_told) = hook("any", Order::Any);
    let (told, told_told) = hook("told", Order::Told);
    let (skip, skip_told) = hook("skip", Order::SkipLate);
    let consumer = Consumer::new(
        &scene.ledger,
        &scene.inbox,
        vec![any, told, skip],
        scene.policy.clone(),
        scene.clock.clone(),
        Dice::default(),
    )
    .unwrap();
    let cashout = |step: &str, at: i64| {
        let body = format!(
            r#"{{"cashout":{{"id":"c1"}},"event":{{"type":"cashout.{step}","timestamp":{at},"environment":"live"}}}}"#
        );
        message(step, "onepay", &body)
    };
    let deadline = scene.clock.now().plus(Duration::from_secs(30));
    for (step, at) in [
        ("created", 1_699_999_000),
        ("processed", 1_699_999_300),
        ("processing", 1_699_999_100),
    ] {
        assert_eq!(consumer.consume(vec![cashout(step, at)], deadline).await, [""; 0]);
    }
    assert_eq!(*any_told.lock().unwrap(), [false, false, false]);
    assert_eq!(*told_told.lock().unwrap(), [false, false, true]);
    assert_eq!(*skip_told.lock().unwrap(), [false, false], "the late one is skipped");
    assert!(scene.statuses().iter().all(|(_, status)| *status == Status::Completed));
}

#[tokio::test]
async fn an_operators_replay_reaches_hooks_whatever_set_the_event_aside() {
    let mut scene = Scene::default();
    scene.policy.environment = Some(Environment::Live);
    let hook = ok("h");
    let expired = r#"{"event":"payment.completed","data":{"id":"s"},"timestamp":"2023-01-01T00:00:00Z"}"#;
    let mut stale = message("expired", "kuenta", expired);
    scene.consume(&[&hook], vec![stale.clone()]).await;
    assert_eq!((hook.calls(), scene.statuses()[0].1), (0, Status::Rejected));
    // A message of its own, as `acuse` sends it.
    "the replay".clone_into(&mut stale.message_id);
    stale.attributes.insert("replay".to_owned(), "1".to_owned());
    scene.consume(&[&hook], vec![stale]).await;
    assert_eq!((hook.calls(), scene.statuses()[0].1), (1, Status::Completed));
}

/// What was counted, as `Name{Outcome} = n`; histograms by the number of their values.
fn counted(snapshotter: &metrics_util::debugging::Snapshotter) -> Vec<String> {
    use metrics_util::debugging::DebugValue;
    let mut lines: Vec<String> = snapshotter
        .snapshot()
        .into_vec()
        .into_iter()
        .map(|(key, _, _, value)| {
            let (_, key) = key.into_parts();
            let labels: Vec<&str> = key.labels().map(metrics::Label::value).collect();
            let value = match value {
                DebugValue::Counter(count) => count.to_string(),
                DebugValue::Histogram(values) => format!("{} values", values.len()),
                DebugValue::Gauge(_) => "a gauge".to_owned(),
            };
            format!("{}{labels:?} = {value}", key.name())
        })
        .collect();
    lines.sort();
    lines
}

#[tokio::test]
async fn every_outcome_is_counted() {
    let recorder = metrics_util::debugging::DebuggingRecorder::new();
    let snapshotter = recorder.snapshotter();
    let _counting = metrics::set_default_local_recorder(&recorder);
    let mut scene = Scene::default();
    scene.policy.environment = Some(Environment::Live);
    let hook = Told::to("h", |event, _| match event.resource.as_ref().unwrap().id.as_str() {
        "fails" => Err(HookError::retry("no")),
        "never" => Err(HookError::reject("no")),
        _ => Ok(Effects::none()),
    });
    let mut conflict = payment("p1");
    conflict.text.push(' ');
    let expired = r#"{"event":"payment.completed","data":{"id":"s"},"timestamp":"2023-01-01T00:00:00Z"}"#;
    let wrong_environment = r#"{"payment":{"id":"t"},"event":{"type":"payment.approved","environment":"test"}}"#;
    let batch = vec![
        payment("p1"),
        payment("p1"),
        conflict,
        Received {
            sent_at: Some(scene.clock.now()),
            ..payment("fails")
        },
        payment("never"),
        message("unreadable", "kuenta", "not json"),
        message("expired", "kuenta", expired),
        message("wrong_environment", "onepay", wrong_environment),
    ];
    scene.consume(&[&hook], batch).await;
    insta::assert_snapshot!(counted(&snapshotter).join("\n"), @r#"
    EndToEndLatency["kuenta"] = 1 values
    Events["kuenta", "completed"] = 1
    Events["kuenta", "conflict"] = 1
    Events["kuenta", "duplicate"] = 1
    Events["kuenta", "expired"] = 1
    Events["kuenta", "rejected"] = 1
    Events["kuenta", "retried"] = 1
    Events["kuenta", "unreadable"] = 1
    Events["onepay", "wrong_environment"] = 1
    HookDuration["h"] = 3 values
    OpenEventAge[] = 1 values
    QueueLatency["kuenta"] = 5 values
    QueueLatency["onepay"] = 1 values
    "#);
}

#[tokio::test]
async fn a_test_delivery_is_recorded_and_reaches_no_hook() {
    let (scene, hook) = (Scene::default(), ok("h"));
    for provider in ["unopago", "onepay", "kuenta"] {
        let test_delivery = message(
            "test_delivery",
            provider,
            r#"{"acuse.doctor":"1","event":"payment.completed","data":{"id":"x"}}"#,
        );
        assert_eq!(scene.consume(&[&hook], vec![test_delivery]).await, [""; 0]);
    }
    assert_eq!((hook.calls(), scene.inbox.dead().len()), (0, 0));
    assert_eq!(scene.statuses(), vec![("unreadable".to_owned(), Status::Rejected); 3]);
}
