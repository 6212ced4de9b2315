//! Events on an EventBridge bus of the local stack: what is published, and what rules find in it.
//!
//! The emulator matches patterns and transforms inputs as EventBridge does, but rounds numbers on the way. Their digits
//! are checked where they are published, in `shared/hooks`.

use acuse_cli::local::{Checkout, Options, Running, Stack};
use acuse_core::provider::Provider;
use acuse_core::providers::{kuenta, onepay};
use acuse_tests::document::Document;
use acuse_tests::eventually::eventually;
use acuse_tests::post::{Post, url};
use acuse_tests::running;
use aws_sdk_sqs::types::QueueAttributeName;
use serde_json::{Value, json};

use crate::stack::{payment, resource_id};

/// The recipe of docs/eventbridge.md.
fn recipe_text() -> String {
    let path = Checkout::find().unwrap().root().join("infra/recipes/eventbridge.yaml");
    std::fs::read_to_string(path).unwrap()
}

#[test]
fn the_recipe_is_in_the_documentation() {
    let wanted = format!("```yaml\n{}```", recipe_text());
    Document::read("eventbridge.md").check("recipe", &wanted);
}

#[tokio::test(flavor = "multi_thread")]
async fn rules_route_events_by_what_their_payload_says() {
    let state = concat!(env!("CARGO_TARGET_TMPDIR"), "/eventbridge");
    let mut options = Options::isolated(state);
    options.parameters = vec![("EventBusName".to_owned(), "payments".to_owned())];
    let stack = Stack::start(options).await.unwrap();
    let running = Running::find(state.as_ref()).expect("a stack that has started is found");
    let bus = stack.bus().expect("the parameter names one");
    assert_eq!(bus.name, "payments");

    let by_data = json!({"detail": {"data": {"data": {"currency": ["COP"], "installment": [{"numeric": [">", 2]}]}}}});
    let by_data = Rule::start(&running, "by-data", &by_data, &json!({})).await;
    let elsewhere = json!({"detail": {"data": {"data": {"currency": ["USD"]}}}});
    let elsewhere = Rule::start(&running, "elsewhere", &elsewhere, &json!({})).await;
    let recipe = acuse_files::template::read(&recipe_text()).unwrap();
    let rule = &recipe["Resources"]["PaymentsRule"]["Properties"];
    let transformer = json!({"InputTransformer": rule["Targets"][0]["InputTransformer"]});
    let recipe = Rule::start(&running, "recipe", &rule["EventPattern"], &transformer).await;

    let [kuenta, onepay] = [&kuenta::PROVIDER, &onepay::PROVIDER];
    let sent = [send(&running, kuenta).await, send(&running, onepay).await];

    // Both are on the queue that shows the bus.
    let mut published = messages(&running, &bus.queue_url, 2).await;
    published.sort_by_key(|event| event["source"].to_string());
    for (event, payload) in published.iter().zip(&sent) {
        let detail = &event["detail"];
        assert_eq!(detail["data"], serde_json::from_str::<Value>(payload).unwrap());
        assert_eq!(detail["payload"], **payload);
        assert_eq!(detail.get("omitted"), None);
        assert_eq!(event["detail-type"], detail["type"]);
    }
    // The first one is Kuenta's. It names no environment, so it has the stack's.
    let [first, _] = &published[..] else {
        panic!("there are two: {published:?}");
    };
    assert_eq!(&by_data.only_event(&running).await, first);
    let body = json!({"id": first["detail"]["id"], "event": first["detail"]});
    assert_eq!(recipe.only_event(&running).await, body);
    assert_eq!(elsewhere.length(&running).await, "0");
    stack.stop().await;
}

/// A rule whose target is a queue of its own.
struct Rule {
    queue_url: String,
}

impl Rule {
    async fn start(running: &Running, name: &str, pattern: &Value, target: &Value) -> Self {
        let sqs = aws_sdk_sqs::Client::new(&running.sdk());
        let created = sqs.create_queue().queue_name(name).send().await.unwrap();
        let queue_url = created.queue_url.unwrap();
        let arn = attribute(running, &queue_url, QueueAttributeName::QueueArn).await;
        let rule = json!({"Name": name, "EventBusName": "payments", "EventPattern": pattern.to_string()});
        call(running, "PutRule", &rule).await;
        let mut target = target.clone();
        target["Id"] = "queue".into();
        target["Arn"] = arn.into();
        let targets = json!({"Rule": name, "EventBusName": "payments", "Targets": [target]});
        call(running, "PutTargets", &targets).await;
        Self { queue_url }
    }

    /// The one event that the rule has matched, once the bus has them all.
    async fn only_event(&self, running: &Running) -> Value {
        assert_eq!(self.length(running).await, "1");
        messages(running, &self.queue_url, 1).await.remove(0)
    }

    async fn length(&self, running: &Running) -> String {
        attribute(
            running,
            &self.queue_url,
            QueueAttributeName::ApproximateNumberOfMessages,
        )
        .await
    }
}

async fn attribute(running: &Running, queue_url: &str, name: QueueAttributeName) -> String {
    let sqs = aws_sdk_sqs::Client::new(&running.sdk());
    let get = sqs.get_queue_attributes().queue_url(queue_url);
    let got = get.attribute_names(name.clone()).send().await.unwrap();
    got.attributes.unwrap()[&name].clone()
}

/// Calls EventBridge. It is not worth its SDK here.
async fn call(running: &Running, action: &str, body: &Value) {
    let request = acuse_cli::http::client().unwrap().post(&running.endpoint);
    let request = request.header("x-amz-target", format!("AWSEvents.{action}"));
    let answer = request.json(body).send().await.unwrap();
    let status = answer.status();
    assert!(status.is_success(), "{action}: {}", answer.text().await.unwrap());
}

/// Posts a new payment, and returns its payload once the event is completed.
async fn send(running: &Running, provider: &'static Provider) -> String {
    let payload = payment(provider);
    let (client, url) = (acuse_cli::http::client().unwrap(), url(running, provider));
    let answer = Post::signed(provider, payload.as_bytes()).send(&client, &url).await;
    assert_eq!(answer.status(), 200);
    let id = resource_id(provider, &payload);
    eventually("the event", async || {
        let mut records = running::records(running, provider).await.into_iter();
        records.find(|record| record.resource_id.as_deref() == Some(&id) && record.status == "COMPLETED")
    })
    .await;
    payload
}

/// This many messages of a queue.
async fn messages(running: &Running, queue_url: &str, count: usize) -> Vec<Value> {
    let sqs = aws_sdk_sqs::Client::new(&running.sdk());
    let received = tokio::sync::Mutex::new(Vec::new());
    eventually("the messages", async || {
        let receive = sqs.receive_message().queue_url(queue_url).max_number_of_messages(10);
        let mut received = received.lock().await;
        let bodies = receive.send().await.unwrap().messages.unwrap_or_default();
        received.extend(bodies.into_iter().filter_map(|message| message.body));
        (received.len() >= count).then_some(())
    })
    .await;
    let bodies = received.into_inner().into_iter();
    bodies.map(|body| serde_json::from_str(&body).unwrap()).collect()
}
