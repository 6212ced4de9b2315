//! Hooks that fail.

use super::*;

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
async fn one_bad_message_does_not_affect_its_neighbours() {
    let scene = Scene::default();
    let hook = Told::to("h", |event, _| match event.resource.as_ref().unwrap().id.as_str() {
        "panics" => panic!("boom"),
        "fails" => Err(HookError::retry("no")),
        "never" => Err(HookError::reject("no")),
        _ => Ok(Effects::write("good")),
    });
    let mut unreadable = payment("unreadable");
    unreadable.attributes.clear();
    let batch = vec![
        payment("a"),
        payment("panics"),
        unreadable,
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
            "unreadable".to_owned(),
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
async fn a_hook_that_overruns_is_cut_off_and_its_event_released() {
    struct Hanging;
    #[async_trait]
    impl AnyHook<&'static str> for Hanging {
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
    let hooks: Vec<Box<dyn AnyHook<&'static str>>> = vec![Box::new(Hanging)];
    let consumer = Consumer::new(
        crate::providers::ALL,
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
