//! A message that kills the function before anything is recorded of it.

use std::sync::Mutex;

use super::*;

fn often(id: &str) -> Received {
    Received {
        receives: 4,
        ..payment(id)
    }
}

/// Never returns from the event `killer`.
struct Killer {
    calls: Arc<Mutex<Vec<String>>>,
}

#[async_trait]
impl AnyHook<&'static str> for Killer {
    fn name(&self) -> &'static str {
        "killer"
    }

    async fn call(&self, event: &Event, _: Attempt) -> Result<Effects<&'static str>, HookError> {
        let id = event.resource.as_ref().unwrap().id.clone();
        self.calls.lock().unwrap().push(id.clone());
        if id == "killer" {
            std::future::pending::<()>().await;
        }
        Ok(Effects::none())
    }
}

#[tokio::test]
async fn a_message_that_kills_the_function_does_so_once_with_others_then_alone_then_is_dead_lettered() {
    let mut scene = Scene::default();
    scene.policy.wait_policy.max_crashes = 3;
    let calls = Arc::<Mutex<Vec<String>>>::default();
    let mut batch = vec![often("killer"), often("a"), payment("young"), often("b")];
    let mut invocations = 0;
    while scene.inbox.dead().is_empty() {
        invocations += 1;
        assert!(invocations < 10, "it is never given up");
        let hooks: Vec<Box<dyn AnyHook<&'static str>>> = vec![Box::new(Killer {
            calls: Arc::clone(&calls),
        })];
        let consumer = Consumer::new(
            crate::providers::ALL,
            &scene.ledger,
            &scene.inbox,
            hooks,
            scene.policy.clone(),
            scene.clock.clone(),
            Dice::default(),
        )
        .unwrap();
        let deadline = scene.clock.now().plus(Duration::from_secs(30));
        // An invocation that never ends is as good as killed.
        let ended = tokio::time::timeout(Duration::from_millis(50), consumer.consume(batch.clone(), deadline)).await;
        let deleted = scene.inbox.deleted();
        batch.retain(|message| !deleted.contains(&message.message_id));
        if let Ok(failed) = ended {
            batch.retain(|message| failed.contains(&message.message_id));
        }
        scene.clock.advance(Duration::from_secs(200));
    }
    // Once with the others, then alone, up to `max_crashes`.
    assert_eq!(invocations, 4);
    assert!(batch.is_empty(), "{batch:?}");
    let reason = "the function has died 3 times in a row while it worked on this message";
    assert_eq!(scene.inbox.dead(), [("killer".to_owned(), reason.to_owned())]);
    let calls = calls.lock().unwrap();
    let count = |id: &str| calls.iter().filter(|call| *call == id).count();
    // Once beside it, and once more before its turn.
    assert!(["young", "a", "b"].iter().all(|id| count(id) <= 2), "{calls:?}");
    assert_eq!(count("killer"), 3);
}

#[tokio::test]
async fn a_message_that_comes_often_for_another_reason_leaves_no_count() {
    let (scene, hook) = (Scene::default(), Told::to("h", |_, _| Err(HookError::retry("no"))));
    for _ in 0..20 {
        assert_eq!(scene.consume(&[&hook], vec![often("p1"), often("p2")]).await.len(), 2);
        scene.wait();
    }
    assert_eq!(hook.calls(), 40);
    assert_eq!(scene.inbox.dead(), []);
    let starts = scene.start("p1").await;
    assert_eq!(starts, 1, "it was reset each time");
}

/// That costs two writes.
#[tokio::test]
async fn starts_are_counted_from_the_fourth_receive_on() {
    let (scene, hook) = (Scene::default(), ok("h"));
    scene.ledger.fail(&["count_starts"]);
    for (receives, counted) in [(1, false), (3, false), (4, true), (5, true)] {
        let id = format!("p{receives}");
        let message = Received {
            receives,
            ..payment(&id)
        };
        let failed = scene.consume(&[&hook], vec![message]).await;
        assert_eq!(failed == [id], counted, "{receives}");
    }
}

/// It needs time for a hook, and time to end after it.
#[tokio::test]
async fn a_message_that_may_kill_the_function_is_started_while_there_is_time_for_it() {
    for (left, started) in [(4000, 0), (4001, 1)] {
        let (scene, hook) = (Scene::default(), ok("h"));
        scene.start("p1").await;
        scene
            .consume_within(&[&hook], vec![often("p1")], Duration::from_millis(left))
            .await;
        assert_eq!(hook.calls(), started, "with {left} ms left");
    }
}

/// Only finished messages are deleted early.
#[tokio::test]
async fn a_message_on_which_the_function_died_is_not_deleted_while_its_hook_fails() {
    let scene = Scene::default();
    let hook = Told::to("h", |event, _| match event.resource.as_ref().unwrap().id.as_str() {
        "done" => Ok(Effects::write("h")),
        _ => Err(HookError::retry("no")),
    });
    for id in ["suspect", "done"] {
        scene.start(id).await;
    }
    let batch = vec![often("suspect"), often("done"), payment("neighbour")];
    let mut failed = scene.consume(&[&hook], batch).await;
    failed.sort();
    assert_eq!(failed, ["neighbour", "suspect"]);
    assert_eq!(scene.inbox.deleted(), ["done"]);
    // The function has survived it.
    let starts = scene.start("suspect").await;
    assert_eq!(starts, 1);
}

/// An outage may last for days, and is no crash.
#[tokio::test]
async fn a_message_whose_start_cannot_be_counted_is_not_started() {
    let (scene, hook) = (Scene::default(), ok("h"));
    scene.ledger.fail(&["count_starts"]);
    for _ in 0..20 {
        assert_eq!(scene.consume(&[&hook], vec![often("p1")]).await, ["p1"]);
    }
    assert_eq!((hook.calls(), scene.inbox.dead()), (0, vec![]));
    scene.ledger.fail(&[]);
    assert_eq!(scene.consume(&[&hook], vec![often("p1")]).await, [""; 0]);
}

/// SQS leaves messages received three times out of its own metric of age, so the alarm watches this one.
#[tokio::test]
async fn an_outage_shows_in_the_age_of_open_events_however_often_a_message_was_received() {
    use metrics_util::debugging::{DebugValue, DebuggingRecorder};
    let recorder = DebuggingRecorder::new();
    let snapshotter = recorder.snapshotter();
    let _counting = metrics::set_default_local_recorder(&recorder);
    let (scene, hook) = (Scene::default(), ok("h"));
    scene.ledger.fail(&["count_starts", "claim", "commit_new"]);
    let sent_at = Some(scene.clock.now().minus(Duration::from_secs(3600)));
    let batch = vec![
        Received { sent_at, ..often("p1") },
        Received {
            sent_at,
            ..payment("p2")
        },
    ];
    assert_eq!(scene.consume(&[&hook], batch).await.len(), 2);
    let ages = snapshotter
        .snapshot()
        .into_vec()
        .into_iter()
        .find_map(|(key, _, _, value)| {
            let is_age = key.key().name() == metric::OPEN_EVENT_AGE;
            match value {
                DebugValue::Histogram(values) if is_age => Some(values),
                _ => None,
            }
        });
    let ages: Vec<f64> = ages.unwrap().into_iter().map(f64::from).collect();
    assert_eq!(ages, [3600.0, 3600.0]);
}

/// The end of the invocation cuts off whatever started last. It must not always be the same messages.
#[tokio::test]
async fn messages_that_came_back_start_first() {
    let mut scene = Scene::default();
    scene.policy.concurrency = 1;
    let order = Arc::<Mutex<Vec<String>>>::default();
    let hook = Killer {
        calls: Arc::clone(&order),
    };
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
    let twice = Received {
        receives: 2,
        ..payment("twice")
    };
    let deadline = scene.clock.now().plus(Duration::from_secs(30));
    let failed = consumer
        .consume(vec![payment("new"), twice, often("often")], deadline)
        .await;
    assert_eq!(failed, [""; 0]);
    assert_eq!(*order.lock().unwrap(), ["often", "twice", "new"]);
}

#[tokio::test]
async fn a_message_on_its_last_receive_is_dead_lettered_with_its_reason() {
    let mut scene = Scene::default();
    scene.policy.max_attempts = 5000;
    let hook = Told::to("h", |_, _| Err(HookError::retry("no")));
    let last = scene.policy.wait_policy.max_receives;
    let received = |receives| Received {
        receives,
        ..payment("p1")
    };
    assert_eq!(scene.consume(&[&hook], vec![received(last - 1)]).await, ["p1"]);
    scene.wait();
    assert_eq!(scene.consume(&[&hook], vec![received(last)]).await, [""; 0]);
    let reason = "it was received as often as the queue allows: hook `h`: no";
    assert_eq!(scene.inbox.dead(), [("p1".to_owned(), reason.to_owned())]);
}
