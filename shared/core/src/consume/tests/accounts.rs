//! An account that is bound to an environment, and events that say they are of another one.

use metrics_util::debugging::DebuggingRecorder;

use super::conflict::released;
use super::*;
use crate::providers::onepay;

const POSING: &str = "of environment `live`, but its account is bound to `test`";

/// A OnePay payment of `sender` that says it is of `environment`.
fn of(sender: &str, id: &str, environment: &str) -> Received {
    let body =
        format!(r#"{{"payment":{{"id":"{id}"}},"event":{{"type":"payment.approved","environment":"{environment}"}}}}"#);
    message(id, sender, &body)
}

fn key_of(message: &Received) -> IdempotencyKey {
    read(&onepay::PROVIDER, message).key
}

fn again(message: &Received, message_id: &str) -> Received {
    let mut again = message.clone();
    message_id.clone_into(&mut again.message_id);
    again
}

fn replay(message: &Received) -> Received {
    let mut replay = again(message, "the replay");
    replay.attributes.insert("replay".to_owned(), "1".to_owned());
    replay
}

#[tokio::test]
async fn what_poses_as_another_environment_is_recorded_counted_and_reaches_no_hook() {
    for hook in [ok("h"), ok("h").writes_only()] {
        let recorder = DebuggingRecorder::new();
        let snapshotter = recorder.snapshotter();
        let _counting = metrics::set_default_local_recorder(&recorder);
        let scene = Scene::default();
        let posing = of("onepay/test@test", "p1", "live");
        assert_eq!(scene.consume(&[&hook], vec![posing.clone()]).await, [""; 0]);
        let record = scene.ledger.record(&key_of(&posing)).unwrap();
        assert_eq!(record.state.status, Status::Rejected);
        assert_eq!(record.error.as_deref(), Some(POSING));
        assert!(key_of(&posing).partition.starts_with("onepay/test#live#"));
        let counted = counted(&snapshotter);
        assert!(counted.contains(&"AccountMismatches[] = 1".to_owned()), "{counted:?}");
        assert!(
            counted.iter().any(|line| line.contains("account_environment")),
            "{counted:?}"
        );

        // No replay, no release and no retry of the provider overrides it.
        for message in [replay(&posing), released("release", &posing), again(&posing, "again")] {
            assert_eq!(scene.consume(&[&hook], vec![message]).await, [""; 0]);
        }
        assert_eq!((hook.calls(), scene.ledger.applied("h")), (0, 0));
        let records = scene.ledger.records();
        assert!(records.values().all(|record| record.state.status == Status::Rejected));
        assert!(scene.inbox.dead().is_empty(), "an alarm reports it");
    }
}

/// Others are rejected as well, whatever the stack takes.
#[tokio::test]
async fn a_binding_comes_before_the_stacks_environment() {
    for environment in [None, Some(Environment::Live), Some(Environment::Test)] {
        let (mut scene, hook) = (Scene::default(), ok("h"));
        scene.policy.environment = environment;
        let batch = vec![
            of("onepay@live", "default", "test"),
            of("onepay/a@live", "live", "TEST"),
            of("onepay/b@test", "test", "production"),
        ];
        scene.consume(&[&hook], batch).await;
        let reasons: Vec<_> = scene
            .ledger
            .records()
            .into_values()
            .filter_map(|record| record.error)
            .collect();
        assert_eq!(reasons.len(), 3);
        let aside = |reason: &String| SetAside::from_reason(reason);
        assert!(
            reasons
                .iter()
                .all(|reason| matches!(aside(reason), Some(SetAside::AccountEnvironment { .. }))),
            "{reasons:?}"
        );
        assert_eq!(hook.calls(), 0);
    }
}

#[tokio::test]
async fn a_bound_account_is_processed_in_its_environment_and_an_unbound_one_in_any() {
    let (scene, hook) = (Scene::default(), ok("h"));
    let silent = r#"{"event":"payment.completed","data":{"id":"p"}}"#;
    let batch = vec![
        of("onepay@live", "1", "production"),
        of("onepay/a@test", "2", "test"),
        of("onepay/b", "3", "live"),
        of("onepay/b", "4", "test"),
        of("onepay", "5", "test"),
        message("6", "kuenta/org@test", silent),
        message("7", "kuenta", silent),
    ];
    assert_eq!(scene.consume(&[&hook], batch).await, [""; 0]);
    assert_eq!(hook.calls(), 7);
    let scopes: Vec<_> = scene
        .ledger
        .records()
        .into_keys()
        .map(|key| key.partition.rsplitn(3, '#').nth(2).unwrap().to_owned())
        .collect();
    assert_eq!(
        scopes,
        [
            "kuenta#live",
            "kuenta/org#test",
            "onepay#live",
            "onepay#test",
            "onepay/a#test",
            "onepay/b#live",
            "onepay/b#test"
        ]
    );
}

/// On a live stack, an account bound to `test` whose payloads name nothing is what the stack does not take. An operator
/// may replay that: it is test money, and says so.
#[tokio::test]
async fn a_bound_account_of_another_environment_than_the_stack_is_set_aside_and_can_be_replayed() {
    let (mut scene, hook) = (Scene::default(), ok("h"));
    scene.policy.environment = Some(Environment::Live);
    let silent = message(
        "m",
        "kuenta/org@test",
        r#"{"event":"payment.completed","data":{"id":"p"}}"#,
    );
    scene.consume(&[&hook], vec![silent.clone()]).await;
    let [(key, record)] = <[_; 1]>::try_from(scene.ledger.records().into_iter().collect::<Vec<_>>()).unwrap();
    assert!(key.partition.starts_with("kuenta/org#test#"), "{key}");
    assert_eq!(
        SetAside::from_reason(&record.error.unwrap()),
        Some(SetAside::WrongEnvironment(Environment::Test))
    );
    scene.consume(&[&hook], vec![replay(&silent)]).await;
    assert_eq!((hook.calls(), scene.ledger.records().len()), (1, 1));
    assert_eq!(scene.ledger.record(&key).unwrap().state.status, Status::Completed);
}

/// Other bytes under the key of what was rejected need no operator either, and releasing them changes nothing.
#[tokio::test]
async fn a_conflict_that_poses_as_another_environment_is_rejected() {
    let (scene, hook) = (Scene::default(), ok("h"));
    let sender = "onepay/test@test";
    let first = of(sender, "p1", "live");
    let mut other = of(sender, "p1", "live");
    other.text = other.text.replacen('{', r#"{"amount":1,"#, 1).into();
    "other".clone_into(&mut other.message_id);
    scene.consume(&[&hook], vec![first.clone()]).await;
    scene.consume(&[&hook], vec![other.clone()]).await;
    let conflict = read(&onepay::PROVIDER, &other).into_conflict().key;
    let record = scene.ledger.record(&conflict).unwrap();
    assert_eq!(
        (record.state.status, record.error.as_deref()),
        (Status::Rejected, Some(POSING))
    );
    scene.consume(&[&hook], vec![released("release", &other)]).await;
    assert_eq!((hook.calls(), scene.ledger.records().len()), (0, 2));
}

/// An account that is bound to `test` can't block the live payment of the same id, nor become a conflict of it.
#[tokio::test]
async fn a_forgery_of_one_account_leaves_the_payment_of_another_alone() {
    for forged_first in [true, false] {
        let (scene, hook) = (Scene::default(), ok("h"));
        let genuine = of("onepay@live", "p1", "live");
        let mut batch = vec![of("onepay/test@test", "p1", "live"), genuine.clone()];
        if !forged_first {
            batch.reverse();
        }
        for message in batch {
            scene.consume(&[&hook], vec![message]).await;
        }
        assert_eq!((hook.calls(), scene.ledger.records().len()), (1, 2));
        let record = scene.ledger.record(&key_of(&genuine)).unwrap();
        assert_eq!((record.state.status, record.duplicates), (Status::Completed, 0));
    }
}

#[tokio::test]
async fn each_event_of_an_array_is_checked() {
    let (scene, hook) = (Scene::default(), ok("h"));
    let part = |id: &str, environment: &str| of("onepay", id, environment).text;
    let body = format!("[{},{},{}]", part("a", "live"), part("b", "test"), part("c", "live"));
    let array = message("array", "onepay/test@test", &body);
    assert_eq!(scene.consume(&[&hook], vec![array]).await, [""; 0]);
    let mut statuses: Vec<_> = scene
        .ledger
        .records()
        .into_values()
        .map(|record| record.state.status)
        .collect();
    statuses.sort_by_key(|status| status.name());
    assert_eq!(statuses, [Status::Completed, Status::Rejected, Status::Rejected]);
    assert_eq!(hook.calls(), 1);
}

/// A version 0.1 record of the default account is not another account's event.
#[tokio::test]
async fn a_legacy_record_is_not_of_another_account() {
    let (scene, hook) = (Scene::default(), ok("h"));
    let body = r#"{"payment":{"id":"p1"},"event":{"id":"evt_1","type":"payment.approved","environment":"live"}}"#;
    let event = read(&onepay::PROVIDER, &message("m", "onepay", body));
    let as_of_0_1 = event.under(event.legacy_key().unwrap().key.clone());
    let claimed = scene.claimed(&as_of_0_1, Duration::ZERO).await;
    scene.change(&claimed, Change::Complete(None)).await.unwrap();
    scene.consume(&[&hook], vec![message("other", "onepay/b", body)]).await;
    assert_eq!(hook.calls(), 1);
    scene
        .consume(&[&hook], vec![message("same", "onepay@live", body)])
        .await;
    assert_eq!((hook.calls(), scene.ledger.records().len()), (1, 2));
}

/// Messages of an account that this version can't read are not guessed at.
#[tokio::test]
async fn an_invalid_account_is_dead_lettered() {
    let (scene, hook) = (Scene::default(), ok("h"));
    for sender in ["onepay/", "onepay/T", "onepay@staging", "onepay/a/b", "/test", "@live"] {
        let failed = scene.consume(&[&hook], vec![of(sender, sender, "live")]).await;
        assert_eq!(failed, [""; 0], "{sender}");
    }
    assert_eq!((hook.calls(), scene.inbox.dead().len()), (0, 6));
    assert!(scene.ledger.records().is_empty());
}

#[test]
fn metrics_of_an_account_are_its_providers() {
    for (sender, provider) in [
        ("onepay", "onepay"),
        ("onepay/test@test", "onepay"),
        ("onepay@live", "onepay"),
        ("onepay/T", "unknown"),
        ("onepay@prod", "unknown"),
        ("other/test", "unknown"),
    ] {
        let found = super::super::delete_or_return::provider_of(crate::providers::ALL, &message("m", sender, "{}"));
        assert_eq!(found, provider, "{sender}");
    }
}
