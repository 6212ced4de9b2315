//! Deliveries that are recognized by a read, before a hook is called or anything is written.

use super::*;

/// Received at 1,700,000,000 s.
fn happened(seconds_before: i64, note: &str) -> Received {
    let at = Timestamp::from_seconds(1_700_000_000 - seconds_before);
    let body = format!(r#"{{"event":"payment.completed","data":{{"id":"p1","note":"{note}"}},"timestamp":"{at}"}}"#);
    message("p1", "kuenta", &body)
}

fn writes() -> Told {
    ok("payments").writes_only()
}

fn stored(scene: &Scene) -> crate::testing::StoredRecord {
    scene.ledger.record(&event_of(&happened(60, "")).key).unwrap()
}

#[tokio::test]
async fn a_repeat_of_a_completed_event_is_counted_without_a_hook_or_a_claim() {
    let (scene, hook) = (Scene::default(), writes());
    scene.consume(&[&hook], vec![happened(60, "")]).await;
    scene.ledger.fail(&["claim", "commit_new"]);
    assert_eq!(scene.consume(&[&hook], vec![happened(60, "")]).await, [""; 0]);
    assert_eq!((hook.calls(), scene.ledger.applied("payments")), (1, 1));
    assert_eq!(
        (stored(&scene).state.status, stored(&scene).duplicates),
        (Status::Completed, 1)
    );
}

#[tokio::test]
async fn what_comes_within_seconds_of_its_event_is_not_looked_up() {
    let (scene, hook) = (Scene::default(), writes());
    scene.ledger.fail(&["is_completed"]);
    for _ in 0..2 {
        assert_eq!(scene.consume(&[&hook], vec![happened(9, "")]).await, [""; 0]);
    }
    assert_eq!((hook.calls(), scene.ledger.applied("payments")), (2, 1));
}

/// The read saves a write, and decides nothing else.
#[tokio::test]
async fn a_repeat_that_cannot_be_looked_up_takes_the_usual_way() {
    let (scene, hook) = (Scene::default(), writes());
    scene.ledger.fail(&["is_completed"]);
    for _ in 0..2 {
        assert_eq!(scene.consume(&[&hook], vec![happened(60, "")]).await, [""; 0]);
    }
    assert_eq!((scene.ledger.applied("payments"), stored(&scene).duplicates), (1, 1));
}

#[tokio::test]
async fn other_bytes_under_a_completed_key_are_a_conflict_all_the_same() {
    let (scene, hook) = (Scene::default(), writes());
    scene.consume(&[&hook], vec![happened(60, "")]).await;
    assert_eq!(scene.consume(&[&hook], vec![happened(60, "other")]).await, [""; 0]);
    let statuses: Vec<_> = scene.statuses().into_iter().map(|(_, status)| status).collect();
    assert_eq!(statuses, [Status::Completed, Status::Conflict]);
}

#[tokio::test]
async fn an_event_that_is_released_rejected_or_in_progress_is_not_recognized() {
    for change in [
        None,
        Some(Change::Release {
            error: "not yet".to_owned(),
            cause: ReleaseCause::Outage,
        }),
        Some(Change::Reject {
            reason: "never".to_owned(),
        }),
    ] {
        let scene = Scene::default();
        let event = event_of(&happened(60, ""));
        let claimed = scene.claimed(&event, Duration::from_secs(30)).await;
        if let Some(change) = change {
            scene.change(&claimed, change).await.unwrap();
        }
        assert!(!(&scene.ledger).is_completed(&event).await.unwrap());
    }
}

/// Completed once it was rejected and replayed: from then on for good.
#[tokio::test]
async fn a_replay_of_a_rejected_event_is_claimed_and_then_its_repeats_are_recognized() {
    let (scene, hook) = (Scene::default(), writes());
    let claimed = scene
        .claimed(&event_of(&happened(60, "")), Duration::from_secs(30))
        .await;
    let reject = Change::Reject {
        reason: "never".to_owned(),
    };
    scene.change(&claimed, reject).await.unwrap();
    let mut replay = happened(60, "");
    replay.attributes.insert("replay".to_owned(), "1".to_owned());
    assert_eq!(scene.consume(&[&hook], vec![replay]).await, [""; 0]);
    scene.ledger.fail(&["claim", "commit_new"]);
    assert_eq!(scene.consume(&[&hook], vec![happened(60, "")]).await, [""; 0]);
    assert_eq!((hook.calls(), stored(&scene).duplicates), (1, 1));
}
