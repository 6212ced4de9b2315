//! What is counted.

use super::*;

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
    conflict.text = format!("{} ", conflict.text).into();
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
