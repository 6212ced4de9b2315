#![allow(clippy::unwrap_used, reason = "tests fail by panicking")]

use acuse_aws::hook::Hooks;
use acuse_testing::{Answer, Receiver, Request, Stack, sample};
use metrics_util::debugging::{DebugValue, DebuggingRecorder, Snapshotter};
use serde_json::{Value, json};

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

fn detail_of(request: &Request) -> Value {
    let body: Value = request.json();
    let detail = body.pointer("/Entries/0/Detail").unwrap().as_str().unwrap();
    serde_json::from_str(detail).unwrap()
}

/// What was left out, and how often.
fn omissions(snapshotter: &Snapshotter) -> Vec<(String, u64)> {
    let counted = snapshotter.snapshot().into_vec().into_iter();
    let omissions = counted.filter(|(key, ..)| key.key().name() == metric::EVENT_BRIDGE_OMISSIONS);
    omissions
        .map(|(key, _, _, value)| match value {
            DebugValue::Counter(count) => (key.key().labels().next().unwrap().value().to_owned(), count),
            other => panic!("{other:?}"),
        })
        .collect()
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
        ("data", serde_json::from_slice(event.body()).unwrap()),
        ("id", json!(event.idempotency_key())),
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
async fn an_event_that_the_bus_refuses_without_a_code_is_published_again() {
    let bus = bus().await;
    bus.answers([Answer::json(json!({"FailedEntryCount": 1, "Entries": [{}]}))]);
    let stack = stack(&bus).await;
    let event = sample("kuenta", "payment.completed").event();
    stack
        .deliver(&event)
        .await
        .is_retried("the bus `payments` refused the event: without a reason");
    stack.until_done().await.is_completed();
}

#[tokio::test]
async fn what_is_too_large_for_the_bus_is_left_out_and_counted() {
    for (length, omitted, names) in [
        (400_000, vec![], json!(null)),
        (600_000, vec![("payload".to_owned(), 1)], json!(["payload"])),
        (1_000_000, vec![("both".to_owned(), 1)], json!(["payload", "data"])),
    ] {
        let recorder = DebuggingRecorder::new();
        let snapshotter = recorder.snapshotter();
        let _counting = metrics::set_default_local_recorder(&recorder);
        let bus = bus().await;
        let event = sample("onepay", "payment.approved")
            .with("payment.title", "a".repeat(length))
            .event();
        stack(&bus)
            .await
            .deliver(&event)
            .await
            .is_completed()
            .called("eventbridge", 1);
        let detail = detail_of(&bus.only_request());
        assert_eq!(detail.pointer("/omitted/what").unwrap_or(&Value::Null), &names);
        assert_eq!(detail["payload"].is_null(), length > 400_000);
        assert_eq!(detail.get("data").is_none(), length == 1_000_000);
        if !names.is_null() {
            assert_eq!(detail["omitted"]["bytes"], event.body().len());
            assert_eq!(detail["omitted"]["reason"], "size");
        }
        assert_eq!(omissions(&snapshotter), omitted);
    }
}

#[tokio::test]
async fn an_entry_is_less_than_a_million_bytes_and_may_be_one_less() {
    let titled = |length: usize| {
        let sample = sample("onepay", "payment.approved").with("payment.title", "a".repeat(length));
        sample.event()
    };
    // Source, detail type and detail, as EventBridge counts them. Only the data is in it, so a letter is a byte.
    let others = "acuse.onepay".len() + "payment.approved".len();
    let size = |event: &Event| others + Detail::of(event, 1, Limits::new(999_999)).text.len();
    let largest = 900_000 + (999_999 - size(&titled(900_000)));
    for (length, omitted) in [(largest, json!(["payload"])), (largest + 1, json!(["payload", "data"]))] {
        let bus = bus().await;
        stack(&bus).await.deliver(&titled(length)).await.is_completed();
        let body: Value = bus.only_request().json();
        let text = |name: &str| body["Entries"][0][name].as_str().unwrap().len();
        let size = text("Source") + text("DetailType") + text("Detail");
        assert_eq!(detail_of(&bus.only_request())["omitted"]["what"], omitted);
        assert_eq!(size == 999_999, length == largest, "{size}");
    }
}

#[tokio::test]
async fn a_bus_that_takes_less_than_documented_gets_less() {
    let bus = bus().await;
    let refusal = || {
        let message = "Total size of the entries in the request is over the limit.";
        Answer::refusal(400, json!({"__type": "ValidationException", "message": message}))
    };
    bus.answers([refusal(), refusal()]);
    let event = sample("onepay", "payment.approved").event();
    let stack = stack(&bus).await;
    stack.deliver(&event).await.is_completed().called("eventbridge", 1);
    let details: Vec<_> = bus.requests().iter().map(detail_of).collect();
    let missing: Vec<_> = details.iter().map(|detail| detail["omitted"]["what"].clone()).collect();
    assert_eq!(missing, [json!(null), json!(["payload"]), json!(["payload", "data"])]);

    // One that takes nothing at all fails like any other hook.
    bus.answers([refusal(), refusal(), refusal()]);
    let event = sample("onepay", "payment.approved").event();
    stack.deliver(&event).await.is_retried("over the limit");
}

#[tokio::test]
async fn a_bus_that_can_not_read_the_data_gets_the_text() {
    let bus = bus().await;
    let malformed = || {
        let entry = json!({"ErrorCode": "MalformedDetail", "ErrorMessage": "Detail is malformed."});
        Answer::json(json!({"FailedEntryCount": 1, "Entries": [entry]}))
    };
    bus.answers([malformed()]);
    let stack = stack(&bus).await;
    let event = sample("onepay", "payment.approved").event();
    stack.deliver(&event).await.is_completed().called("eventbridge", 1);
    let detail = detail_of(&bus.requests()[1]);
    assert_eq!(detail.get("data"), None);
    assert_eq!(detail["payload"], std::str::from_utf8(event.body()).unwrap());
    assert_eq!(
        detail["omitted"],
        json!({"what": ["data"], "bytes": event.body().len(), "reason": "refused", "fetch": "acuse events show KEY"})
    );

    bus.answers([malformed(), malformed()]);
    let event = sample("onepay", "payment.approved").event();
    stack.deliver(&event).await.is_retried("MalformedDetail");
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
