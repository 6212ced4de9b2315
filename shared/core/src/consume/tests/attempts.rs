//! What counts as an attempt.

use super::*;

const HOUR: Duration = Duration::from_secs(3600);

fn key_of(id: &str) -> IdempotencyKey {
    IdempotencyKey {
        partition: format!("kuenta#live#payment#{id}"),
        sort: "payment.completed".to_owned(),
    }
}

fn attempts(scene: &Scene, id: &str) -> u32 {
    scene.ledger.record(&key_of(id)).unwrap().state.attempts
}

fn replay(id: &str, message_id: &str) -> Received {
    let mut message = payment(id);
    message_id.clone_into(&mut message.message_id);
    message.attributes.insert("replay".to_owned(), "1".to_owned());
    message
}

#[tokio::test]
async fn an_event_is_given_up_after_its_last_attempt_with_the_last_error_as_the_reason() {
    let mut scene = Scene::default();
    scene.policy.max_attempts = 3;
    let hook = Told::to("h", |_, attempt| {
        Err(HookError::retry(format!("no. {}", attempt.number)))
    });
    for _ in 0..2 {
        assert_eq!(scene.consume(&[&hook], vec![payment("p1")]).await, ["p1"]);
        assert_eq!(scene.inbox.dead(), []);
        scene.wait();
    }
    assert_eq!(scene.consume(&[&hook], vec![payment("p1")]).await, [""; 0]);
    let reason = "given up after 3 attempts: hook `h`: no. 3".to_owned();
    assert_eq!(scene.inbox.dead(), [("p1".to_owned(), reason.clone())]);
    let stored = scene.ledger.record(&key_of("p1")).unwrap();
    assert_eq!((stored.state.status, stored.error), (Status::Rejected, Some(reason)));
    // A duplicate changes nothing.
    assert_eq!(scene.consume(&[&hook], vec![payment("p1")]).await, [""; 0]);
    assert_eq!(hook.calls(), 3);
}

#[tokio::test]
async fn a_replay_has_all_its_attempts_and_short_waits_once_more() {
    let mut scene = Scene::default();
    scene.policy.max_attempts = 3;
    let hook = Told::to("h", |_, _| Err(HookError::retry("no")));
    for _ in 0..3 {
        scene.consume(&[&hook], vec![payment("p1")]).await;
        scene.wait();
    }
    for _ in 0..3 {
        scene.consume(&[&hook], vec![replay("p1", "again")]).await;
        scene.wait();
    }
    assert_eq!((hook.calls(), scene.inbox.dead().len()), (6, 2));
    assert_eq!(attempts(&scene, "p1"), 6, "the number goes on");
    let waits: Vec<u64> = scene.inbox.returned().iter().map(|(_, wait)| wait.as_secs()).collect();
    assert_eq!(waits, [2, 4, 2, 4]);
}

fn delivery(message_id: &str, receives: u32) -> Received {
    let mut message = payment("p1");
    message_id.clone_into(&mut message.message_id);
    Received { receives, ..message }
}

/// All deliveries of an event share its attempts.
#[tokio::test]
async fn another_delivery_waits_for_the_rest_of_the_time_which_is_no_attempt() {
    for transactional in [false, true] {
        let scene = Scene::default();
        let hook = Told::to("h", |_, attempt| match attempt.number {
            1 => Err(HookError::retry_after(Duration::from_secs(60), "later")),
            _ => Ok(Effects::writes(vec!["h"])),
        });
        let hook = if transactional { hook.writes_only() } else { hook };
        let both = vec![delivery("a", 1), delivery("b", 1)];
        assert_eq!(scene.consume(&[&hook], both).await, ["a", "b"]);
        let wait = |id: &str, seconds| (id.to_owned(), Duration::from_secs(seconds));
        assert_eq!(scene.inbox.returned(), [wait("a", 60), wait("b", 60)]);
        scene.clock.advance(Duration::from_millis(58_500));
        for receives in [1, 2] {
            assert_eq!(scene.consume(&[&hook], vec![delivery("c", receives)]).await, ["c"]);
            let (_, rest) = scene.inbox.returned().pop().unwrap();
            assert_eq!(rest, Duration::from_millis(1500));
        }
        let stored = scene.ledger.record(&key_of("p1")).unwrap();
        assert_eq!((stored.state.status, stored.state.attempts), (Status::Released, 1));
        scene.wait();
        // Whichever comes first.
        assert_eq!(scene.consume(&[&hook], vec![delivery("b", 2)]).await, [""; 0]);
        assert_eq!((attempts(&scene, "p1"), scene.ledger.applied("h")), (2, 1));
        assert_eq!(scene.consume(&[&hook], vec![delivery("a", 2)]).await, [""; 0]);
    }
}

/// After an outage, whichever delivery comes first makes the attempt.
#[tokio::test]
async fn an_event_released_by_an_outage_does_not_wait() {
    let (scene, hook) = (Scene::default(), ok("h"));
    scene.ledger.fail(&["complete"]);
    assert_eq!(scene.consume(&[&hook], vec![delivery("a", 1)]).await, ["a"]);
    scene.ledger.fail(&[]);
    assert_eq!(scene.consume(&[&hook], vec![delivery("b", 1)]).await, [""; 0]);
    assert_eq!(attempts(&scene, "p1"), 1);
}

/// Its first receive does not wait; after that it is a delivery like the others.
#[tokio::test]
async fn an_operators_replay_does_not_wait_on_its_first_receive() {
    let scene = Scene::default();
    let hook = Told::to("h", |_, _| {
        Err(HookError::retry_after(Duration::from_secs(60), "later"))
    });
    let again = |receives| Received {
        receives,
        ..replay("p1", "again")
    };
    scene.consume(&[&hook], vec![delivery("a", 1)]).await;
    scene.consume(&[&hook], vec![again(1)]).await;
    assert_eq!(hook.calls(), 2);
    scene.consume(&[&hook], vec![again(2), delivery("a", 2)]).await;
    assert_eq!(hook.calls(), 2);
    scene.wait();
    scene.consume(&[&hook], vec![delivery("a", 3), again(3)]).await;
    assert_eq!((hook.calls(), attempts(&scene, "p1")), (3, 3));
}

#[tokio::test]
async fn a_claim_whose_owner_died_is_an_attempt() {
    let mut scene = Scene::default();
    scene.policy.max_attempts = 2;
    let hook = ok("h");
    for _ in 0..2 {
        let lease = Duration::from_secs(31);
        scene.claimed(&event_of(&payment("p1")), lease).await;
        scene.clock.advance(lease);
    }
    assert_eq!(scene.consume(&[&hook], vec![payment("p1")]).await, [""; 0]);
    assert_eq!(hook.calls(), 0);
    let reason = "given up after 2 attempts: the function died during the last one";
    assert_eq!(scene.inbox.dead(), [("p1".to_owned(), reason.to_owned())]);
    // An operator can still replay it.
    scene.consume(&[&hook], vec![replay("p1", "again")]).await;
    assert_eq!((hook.calls(), scene.ledger.applied("h")), (1, 1));
}

/// However long it lasts, nothing is dead-lettered and no attempt is used.
#[tokio::test]
async fn an_outage_of_the_ledger_is_no_attempt() {
    for failing in [
        &["claim"][..],
        &[
            "claim",
            "commit_new",
            "count_duplicate",
            "release",
            "reject",
            "complete",
        ],
        &["complete"],
        &["record_hook"],
        &["overtaken"],
    ] {
        let mut scene = Scene::default();
        scene.policy.max_attempts = 2;
        let (first, second) = (ok("first"), ok("second"));
        let told = Told {
            order: Order::Told,
            ..ok("told")
        };
        scene.ledger.fail(failing);
        for receives in 1..40 {
            let message = Received {
                receives,
                ..payment("p1")
            };
            assert_eq!(scene.consume(&[&first, &second, &told], vec![message]).await, ["p1"]);
        }
        let waits: Vec<u64> = scene.inbox.returned().iter().map(|(_, wait)| wait.as_secs()).collect();
        assert_eq!(waits[..6], [2, 4, 8, 16, 32, 64], "{failing:?}");
        assert_eq!(waits[38], 300, "{failing:?}");
        scene.ledger.fail(&[]);
        assert_eq!(
            scene.consume(&[&first, &second, &told], vec![payment("p1")]).await,
            [""; 0]
        );
        assert_eq!(scene.inbox.dead(), [], "{failing:?}");
        assert_eq!(attempts(&scene, "p1"), 1, "{failing:?}");
    }
}

#[tokio::test]
async fn an_outage_of_the_dead_letter_queue_is_no_attempt() {
    let mut scene = Scene::default();
    scene.policy.max_attempts = 1;
    let hook = Told::to("h", |_, _| Err(HookError::retry("no")));
    scene.inbox.down.store(true, Ordering::SeqCst);
    for _ in 0..5 {
        assert_eq!(scene.consume(&[&hook], vec![payment("p1")]).await, ["p1"]);
    }
    assert_eq!(attempts(&scene, "p1"), 0);
    scene.inbox.down.store(false, Ordering::SeqCst);
    assert_eq!(scene.consume(&[&hook], vec![payment("p1")]).await, [""; 0]);
    assert_eq!(scene.inbox.dead()[0].1, "given up after 1 attempts: hook `h`: no");
}

/// The queue forgets a message after 13 days, silently. A copy on the dead-letter queue has 14 more, and an alarm.
#[tokio::test]
async fn a_message_is_dead_lettered_before_the_queue_forgets_it() {
    let scene = Scene::default();
    let hook = ok("h");
    scene.ledger.fail(&["claim", "commit_new", "count_starts"]);
    let sent = |ago: Duration| Received {
        sent_at: Some(scene.clock.now().minus(ago)),
        receives: 600,
        ..payment("p1")
    };
    assert_eq!(scene.consume(&[&hook], vec![sent(11 * 24 * HOUR)]).await, ["p1"]);
    assert_eq!(scene.inbox.dead(), []);
    assert_eq!(scene.consume(&[&hook], vec![sent(12 * 24 * HOUR)]).await, [""; 0]);
    let (id, reason) = scene.inbox.dead().remove(0);
    assert_eq!(id, "p1");
    assert!(
        reason.starts_with("the event queue would forget it within a day: count_starts"),
        "{reason}"
    );
    assert!(reason.ends_with("the ledger is down"), "{reason}");
}

#[tokio::test]
async fn a_wait_is_never_longer_than_the_queue_hides_a_message() {
    let scene = Scene::default();
    let hook = Told::to("h", |_, _| Err(HookError::retry_after(48 * HOUR, "later")));
    scene.consume(&[&hook], vec![payment("p1")]).await;
    let (_, wait) = scene.inbox.returned().remove(0);
    assert!(wait < 12 * HOUR && wait > 11 * HOUR, "{wait:?}");
}
