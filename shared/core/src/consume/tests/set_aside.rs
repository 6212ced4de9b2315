//! Events that reach no hook.

use super::*;

#[tokio::test]
async fn an_event_that_is_unreadable_expired_or_of_the_wrong_environment_reaches_no_hook() {
    let mut scene = Scene::default();
    scene.policy.environment = Some(Environment::Live);
    let hook = ok("h");
    let batch = vec![
        message("unreadable", "kuenta", "not json"),
        message("typeless", "kuenta", r#"{"data":{"id":"x"}}"#),
        message(
            "expired",
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
    assert!(errors[1].contains("environment `test`"), "{errors:?}");
    assert!(
        errors[0].starts_with("expired: it happened at 2023-01-01T00:00:00.000Z"),
        "{errors:?}"
    );
    let mut dead: Vec<String> = scene.inbox.dead().into_iter().map(|(id, _)| id).collect();
    dead.sort();
    assert_eq!(
        dead,
        ["expired", "typeless", "unreadable"],
        "nobody needs to look at an event of the wrong environment"
    );
}

#[tokio::test]
async fn a_replay_reaches_hooks_whatever_set_the_event_aside() {
    let mut scene = Scene::default();
    scene.policy.environment = Some(Environment::Live);
    let hook = ok("h");
    let body = r#"{"event":"payment.completed","data":{"id":"s"},"timestamp":"2023-01-01T00:00:00Z"}"#;
    let mut expired = message("expired", "kuenta", body);
    scene.consume(&[&hook], vec![expired.clone()]).await;
    assert_eq!((hook.calls(), scene.statuses()[0].1), (0, Status::Rejected));
    // `acuse` sends it in a message of its own.
    "the replay".clone_into(&mut expired.message_id);
    expired.attributes.insert("replay".to_owned(), "1".to_owned());
    scene.consume(&[&hook], vec![expired]).await;
    assert_eq!((hook.calls(), scene.statuses()[0].1), (1, Status::Completed));
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
