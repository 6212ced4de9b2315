//! Events that are completed, and those that are not started.

use super::*;

#[tokio::test]
async fn an_event_is_completed_once_however_often_it_comes() {
    let (scene, hook) = (Scene::default(), ok("payments"));
    for _ in 0..3 {
        assert_eq!(scene.consume(&[&hook], vec![payment("p1")]).await, [""; 0]);
    }
    assert_eq!((hook.calls(), scene.ledger.applied("payments")), (1, 1));
    let records = scene.ledger.records();
    let stored = records.values().next().unwrap();
    assert_eq!((stored.state.status, stored.duplicates), (Status::Completed, 2));
}

#[tokio::test]
async fn an_event_that_comes_too_late_in_an_invocation_is_returned_untouched() {
    let (scene, hook) = (Scene::default(), ok("h"));
    let failed = scene
        .consume_within(&[&hook], vec![payment("p1")], Duration::from_secs(2))
        .await;
    assert_eq!(failed, ["p1"]);
    assert!(scene.ledger.records().is_empty());
    assert_eq!(scene.inbox.returned(), [("p1".to_owned(), Duration::ZERO)]);
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
    let hooks: Vec<Box<dyn AnyHook<&'static str>>> = vec![Box::new(ok("h")), Box::new(ok("h"))];
    let consumer = Consumer::new(
        crate::providers::ALL,
        &scene.ledger,
        &scene.inbox,
        hooks,
        scene.policy.clone(),
        scene.clock.clone(),
        Dice::default(),
    );
    assert!(consumer.is_err_and(|error| error.to_string().starts_with("two hooks are named `h`")));
}
