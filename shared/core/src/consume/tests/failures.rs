//! What fails outside of a hook: no message is deleted before its event is finished or kept elsewhere.

use super::*;

/// Queues that accept everything but dead letters.
struct NoDeadLetters<'a>(&'a FakeInbox);

impl Inbox for NoDeadLetters<'_> {
    async fn return_after(&self, message: &Received, delay: Duration) -> Result<(), InboxError> {
        self.0.return_after(message, delay).await
    }

    async fn delete(&self, messages: &[Received]) -> Result<(), InboxError> {
        self.0.delete(messages).await
    }

    async fn dead_letter(&self, message: &Received, _reason: &str) -> Result<(), InboxError> {
        Err(InboxError {
            operation: "dead-lettering",
            message_id: message.message_id.clone(),
            source: "the queue is down".into(),
        })
    }
}

async fn consume_without_dead_letters(scene: &Scene, hook: &Told, message: Received) -> Vec<String> {
    let consumer = Consumer::new(
        crate::providers::ALL,
        &scene.ledger,
        NoDeadLetters(&scene.inbox),
        vec![Box::new(hook.clone()) as Box<dyn AnyHook<&'static str>>],
        scene.policy.clone(),
        scene.clock.clone(),
        Dice::fixed(u128::MAX),
    );
    let deadline = scene.clock.now().plus(Duration::from_secs(30));
    consumer.unwrap().consume(vec![message], deadline).await
}

fn unreadable() -> Received {
    Received {
        attributes: HashMap::new(),
        ..payment("unreadable")
    }
}

#[tokio::test]
async fn a_message_that_cannot_be_read_is_not_deleted_before_it_is_dead_lettered() {
    let (scene, hook) = (Scene::default(), ok("h"));
    assert_eq!(
        consume_without_dead_letters(&scene, &hook, unreadable()).await,
        ["unreadable"]
    );
    let (id, wait) = scene.inbox.returned().remove(0);
    assert_eq!((id.as_str(), wait), ("unreadable", Duration::from_secs(2)));
    assert_eq!(scene.consume(&[&hook], vec![unreadable()]).await, [""; 0]);
    assert_eq!(scene.inbox.dead().len(), 1);
}

#[tokio::test]
async fn a_message_at_its_end_is_not_deleted_before_it_is_dead_lettered() {
    let scene = Scene::default();
    let hook = Told::to("h", |_, _| Err(HookError::retry("no")));
    let last = Received {
        receives: scene.policy.wait_policy.max_receives,
        ..payment("p1")
    };
    assert_eq!(consume_without_dead_letters(&scene, &hook, last.clone()).await, ["p1"]);
    let (_, wait) = scene.inbox.returned().remove(0);
    assert_eq!(wait, Duration::from_secs(2), "as the hook's failure asks for");
    scene.wait();
    assert_eq!(scene.consume(&[&hook], vec![last]).await, [""; 0]);
    assert_eq!(scene.inbox.dead().len(), 1);
}

#[tokio::test]
async fn a_message_that_kills_the_function_is_not_deleted_before_it_is_dead_lettered() {
    let mut scene = Scene::default();
    scene.policy.wait_policy.max_crashes = 3;
    let hook = ok("h");
    for _ in 0..3 {
        scene.start("p1").await;
    }
    let killer = Received {
        receives: 4,
        ..payment("p1")
    };
    assert_eq!(
        consume_without_dead_letters(&scene, &hook, killer.clone()).await,
        ["p1"]
    );
    assert_eq!((scene.inbox.deleted(), scene.inbox.returned().len()), (vec![], 1));
    assert_eq!(scene.consume(&[&hook], vec![killer]).await, [""; 0]);
    assert_eq!(
        (scene.inbox.deleted(), scene.inbox.dead().len()),
        (vec!["p1".to_owned()], 1)
    );
    assert_eq!(hook.calls(), 0, "it is not worked on any more");
}

#[tokio::test]
async fn an_unread_dead_letter_is_counted_for_the_provider_that_its_message_names() {
    let recorder = metrics_util::debugging::DebuggingRecorder::new();
    let snapshotter = recorder.snapshotter();
    let _counting = metrics::set_default_local_recorder(&recorder);
    let (scene, hook) = (Scene::default(), ok("h"));
    let mut newer = payment("newer");
    newer.attributes.insert("envelope".to_owned(), "4".to_owned());
    let mut stranger = payment("stranger");
    stranger.attributes.insert("provider".to_owned(), "nobody".to_owned());
    assert_eq!(
        scene.consume(&[&hook], vec![newer, stranger, unreadable()]).await,
        [""; 0]
    );
    assert_eq!(
        counted(&snapshotter),
        [
            r#"Events["kuenta", "dead_lettered"] = 1"#,
            r#"Events["unknown", "dead_lettered"] = 2"#
        ]
    );
}

/// Its message comes back as after any failure, and the others are not affected.
#[tokio::test]
async fn a_panic_outside_of_a_hook_deletes_nothing() {
    let recorder = metrics_util::debugging::DebuggingRecorder::new();
    let snapshotter = recorder.snapshotter();
    let _counting = metrics::set_default_local_recorder(&recorder);
    let (scene, hook) = (Scene::default(), ok("h"));
    scene.ledger.fail_with(&["claim"], |key| {
        assert!(!key.partition.ends_with("#p2"), "boom");
        Cause::LeaseLost
    });
    let mut failed = scene
        .consume(&[&hook], vec![payment("p1"), payment("p2"), payment("p3")])
        .await;
    failed.sort();
    assert_eq!(failed, ["p1", "p2", "p3"]);
    let returned = scene.inbox.returned();
    assert_eq!(returned.len(), 3);
    assert!(returned.iter().all(|(_, wait)| *wait == Duration::from_secs(2)));
    assert!(counted(&snapshotter).contains(&r#"Events["kuenta", "failed"] = 3"#.to_owned()));

    scene.ledger.fail(&[]);
    scene.wait();
    let batch = vec![payment("p1"), payment("p2"), payment("p3")];
    assert_eq!(scene.consume(&[&hook], batch).await, [""; 0]);
    assert_eq!((hook.calls(), scene.ledger.applied("h")), (3, 3));
}

/// Whether or not it is the last one.
#[tokio::test]
async fn a_hook_whose_writes_are_refused_has_failed_and_is_retried_later_and_later() {
    for (operations, failed) in [(&["record_hook"], "first"), (&["complete"], "last")] {
        let (scene, first, last) = (Scene::default(), ok("first"), ok("last"));
        scene.ledger.fail_with(operations, |_| Cause::EffectsRefused);
        for _ in 0..4 {
            assert_eq!(scene.consume(&[&first, &last], vec![payment("p1")]).await, ["p1"]);
            scene.wait();
        }
        let waits: Vec<u64> = scene.inbox.returned().iter().map(|(_, wait)| wait.as_secs()).collect();
        assert_eq!(waits, [2, 4, 8, 16], "{failed}");
        let records = scene.ledger.records();
        let stored = records.values().next().unwrap();
        assert_eq!((stored.state.status, stored.state.attempts), (Status::Released, 4));
        let error = stored.error.clone().unwrap();
        let expected = format!("hook `{failed}`: a condition of the hook's own writes is false");
        assert_eq!(error, expected, "without the key, which the record has");

        scene.ledger.fail(&[]);
        assert_eq!(scene.consume(&[&first, &last], vec![payment("p1")]).await, [""; 0]);
        assert_eq!((scene.ledger.applied("first"), scene.ledger.applied("last")), (1, 1));
    }
}

#[tokio::test]
async fn a_hook_whose_writes_are_invalid_rejects_its_event() {
    for (operations, failed) in [(&["record_hook"], "first"), (&["complete"], "last")] {
        let (scene, first, last) = (Scene::default(), ok("first"), ok("last"));
        let invalid = |_: &_| Cause::EffectsInvalid("an item of a megabyte".into());
        scene.ledger.fail_with(operations, invalid);
        assert_eq!(scene.consume(&[&first, &last], vec![payment("p1")]).await, [""; 0]);
        assert_eq!(scene.statuses()[0].1, Status::Rejected);
        let (_, reason) = scene.inbox.dead().remove(0);
        assert!(reason.starts_with(&format!("hook `{failed}`: ")), "{reason}");
        assert!(reason.ends_with("an item of a megabyte"), "{reason}");
    }
}

/// The new owner sees it through.
#[tokio::test]
async fn an_owner_that_lost_its_lease_leaves_the_event_as_it_is() {
    let (scene, hook) = (Scene::default(), ok("h"));
    scene.ledger.fail_with(&["complete"], |_| Cause::LeaseLost);
    assert_eq!(scene.consume(&[&hook], vec![payment("p1")]).await, ["p1"]);
    assert_eq!(scene.statuses()[0].1, Status::InProgress);
    assert_eq!((scene.inbox.dead(), scene.ledger.applied("h")), (vec![], 0));
}

const LEASE: Duration = Duration::from_secs(31);

#[tokio::test]
async fn a_late_owner_neither_completes_nor_releases_the_new_owners_record() {
    let scene = Scene::default();
    let event = event_of(&payment("p1"));
    let late = scene.claimed(&event, LEASE).await;
    scene.clock.advance(LEASE);
    let again = scene.claimed(&event, LEASE).await;
    let hook = || ("h", Effects::writes(vec!["h"]));
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
        assert!(matches!(refused.unwrap_err().cause, Cause::LeaseLost));
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
    let paid = Change::RecordHook(("pay", Effects::writes(vec!["pay"])));
    scene.change(&owner, paid).await.unwrap();
    scene.clock.advance(LEASE);
    let notify = ok("notify");
    assert_eq!(scene.consume(&[&pay, &notify], vec![payment("p1")]).await, [""; 0]);
    assert_eq!((pay.calls(), scene.ledger.applied("pay")), (0, 1));
    assert_eq!(notify.calls(), 1);
}
