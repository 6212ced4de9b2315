#![allow(clippy::unwrap_used, reason = "tests fail by panicking")]

use acuse_aws::hook::Hooks;
use acuse_testing::{Answer, Receiver, Stack, sample};

use super::*;

/// A bus that takes every event.
async fn bus() -> Receiver {
    Receiver::answering(Answer::json(
        json!({"FailedEntryCount": 0, "Entries": [{"EventId": "1"}]}),
    ))
    .await
}

/// A stack that publishes on `bus`.
async fn stack(bus: &Receiver) -> Stack {
    let hook = |setup: &Setup| {
        let mut hooks = Hooks::default();
        hooks.acting(EventBridge::from_env(setup).unwrap());
        Ok(hooks)
    };
    let stack = Stack::hooks(hook).variable("EVENT_BUS_NAME", "payments");
    stack.receiver("AWS_ENDPOINT_URL_EVENTBRIDGE", bus).start().await
}

#[tokio::test]
async fn an_event_is_published_with_its_payload_as_it_was_signed() {
    let bus = bus().await;
    let event = sample("onepay", "payment.approved").event();
    stack(&bus)
        .await
        .deliver(&event)
        .await
        .is_completed()
        .called("eventbridge", 1);
    let request = bus.only_request();
    assert_eq!(request.header("x-amz-target"), Some("AWSEvents.PutEvents"));
    let body: Value = request.json();
    let entry = body.pointer("/Entries/0").unwrap();
    for (name, value) in [
        ("EventBusName", "payments"),
        ("Source", "acuse.onepay"),
        ("DetailType", "payment.approved"),
    ] {
        assert_eq!(entry.get(name), Some(&json!(value)), "{name}");
    }
    let detail: Value = serde_json::from_str(entry.get("Detail").unwrap().as_str().unwrap()).unwrap();
    for (name, value) in [
        ("account", json!("default")),
        ("environment", json!("test")),
        ("kind", json!("PaymentSucceeded")),
        ("resource_id", json!(event.resource.as_ref().unwrap().id)),
        ("amount", json!("150000")),
        ("reference", json!("ORD-2024/0042")),
        ("key", json!(event.key.to_string())),
        ("attempt", json!(1)),
        ("payload", json!(std::str::from_utf8(event.body()).unwrap())),
    ] {
        assert_eq!(detail.get(name), Some(&value), "{name}");
    }
}

#[tokio::test]
async fn an_event_that_the_bus_refuses_is_published_again() {
    let bus = bus().await;
    let refused =
        json!({"FailedEntryCount": 1, "Entries": [{"ErrorCode": "ThrottlingException", "ErrorMessage": "slow down"}]});
    bus.answers([Answer::json(refused)]);
    let stack = stack(&bus).await;
    let event = sample("kuenta", "payment.completed").event();
    stack
        .deliver(&event)
        .await
        .is_retried("the bus `payments` refused the event: ThrottlingException");
    stack.until_done().await.is_completed();
    stack.deliver(&event).await.is_duplicate().called("eventbridge", 0);
    assert_eq!(bus.requests().len(), 2);
}

#[tokio::test]
async fn a_bus_that_does_not_answer_is_asked_again() {
    let bus = bus().await;
    bus.answers([Answer::Hang]);
    let outcome = stack(&bus)
        .await
        .deliver_until_done(&sample("unopago", "payment_received").event())
        .await;
    outcome.is_completed().called("eventbridge", 2).received(2);
}

#[tokio::test]
async fn a_payload_that_is_too_long_for_the_bus_is_left_out() {
    let bus = bus().await;
    let long = "a".repeat(LONGEST_PAYLOAD);
    let event = sample("onepay", "payment.approved").with("payment.title", long).event();
    stack(&bus).await.deliver(&event).await.is_completed();
    let body: Value = bus.only_request().json();
    let detail = body.pointer("/Entries/0/Detail").unwrap().as_str().unwrap();
    let detail: Value = serde_json::from_str(detail).unwrap();
    assert_eq!(detail.get("payload"), Some(&Value::Null));
}

#[tokio::test]
async fn without_a_bus_there_is_no_such_hook() {
    let stack = Stack::hooks(|_| Ok(Hooks::default())).start().await;
    assert!(EventBridge::from_env(stack.setup()).is_none());
}

#[test]
fn a_type_of_any_length_fits_a_detail_type() {
    assert_eq!(detail_type("payment.completed"), "payment.completed");
    for length in [128, 129, 256, 257, 420_000] {
        let type_name = "t".repeat(length);
        let detail_type = detail_type(&type_name);
        assert_eq!(detail_type == type_name, length == 128);
        assert!(detail_type.chars().count() <= LONGEST_TYPE);
    }
}

#[tokio::test]
async fn the_detail_names_the_account() {
    for (name, key) in [
        ("default", "kuenta#live#payment#"),
        ("org-2", "kuenta/org-2#live#payment#"),
    ] {
        let bus = bus().await;
        let event = sample("kuenta", "payment.completed")
            .account(name)
            .environment(Environment::Live)
            .event();
        stack(&bus).await.deliver(&event).await.is_completed();
        let body: Value = bus.only_request().json();
        let detail = body.pointer("/Entries/0/Detail").unwrap().as_str().unwrap();
        let detail: Value = serde_json::from_str(detail).unwrap();
        assert_eq!(detail.get("account"), Some(&json!(name)));
        assert!(
            detail.get("key").unwrap().as_str().unwrap().starts_with(key),
            "{detail}"
        );
    }
}
