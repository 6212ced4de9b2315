#![allow(clippy::unwrap_used, reason = "tests fail by panicking")]

use acuse_aws::hook::Hooks;
use acuse_aws::ledger::record::Record;
use acuse_core::destination::DestinationName;
use acuse_core::destination::delivery::{DeliveryKey, Status};
use acuse_testing::{Answer, Receiver, Stack, sample};
use serde_json::{Value, json};

use super::*;

const SECRET: &str = "whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIz";

fn configuration() -> String {
    json!({"destinations": {
        "shop": {"url": "https://shop.example/", "signing_secrets": [SECRET]},
        "erp": {"url": "https://erp.example/", "signing_secrets": [SECRET], "types": ["payment.*"], "paused": true},
        "payouts": {"url": "https://shop.example/", "signing_secrets": [SECRET], "types": ["payout.*"]},
    }})
    .to_string()
}

/// A destination queue that takes every message.
async fn queue() -> Receiver {
    Receiver::answering(Answer::json(json!({"Successful": [], "Failed": []}))).await
}

/// A stack with these destinations, which hints on `queue`.
async fn stack(queue: &Receiver, configuration: &str) -> Stack {
    let hook = |setup: &Setup| {
        let mut hooks = Hooks::default();
        hooks.transactional(Destinations::from_env(setup)?.unwrap());
        Ok(hooks)
    };
    let stack = Stack::hooks(hook).secret("DESTINATIONS_SECRET_ID", configuration);
    let stack = stack.variable("DESTINATION_QUEUE_URL", "https://queue");
    stack.receiver("AWS_ENDPOINT_URL_SQS", queue).start().await
}

async fn statuses(stack: &Stack, record: &Record) -> Vec<(String, Status)> {
    let table = stack.table("LedgerTable");
    let deliveries = Deliveries::new(stack.setup().dynamodb().clone(), table.name());
    let event = acuse_core::event::key::IdempotencyKey::parse(&record.key).unwrap();
    let found = deliveries.of_event(&event).await.unwrap();
    found
        .into_iter()
        .map(|(name, own)| (name.to_string(), own.status))
        .collect()
}

fn hints(queue: &Receiver) -> Vec<DeliveryKey> {
    let requests = queue.requests();
    let entries = requests.iter().flat_map(|request| {
        let body: Value = request.json();
        body["Entries"].as_array().unwrap().clone()
    });
    entries
        .map(|entry| DeliveryKey::from_message(entry["MessageBody"].as_str().unwrap()).unwrap())
        .collect()
}

fn names(keys: &[DeliveryKey]) -> Vec<&str> {
    keys.iter().map(|key| key.destination.as_str()).collect()
}

#[tokio::test]
async fn an_event_is_owed_to_each_destination_that_wants_it_paused_ones_included() {
    let queue = queue().await;
    let stack = stack(&queue, &configuration()).await;
    let event = sample("onepay", "payment.approved").event();
    stack.deliver(&event).await.is_completed().called("destinations", 1);
    let record = stack.record(&event).await.unwrap();
    let listed: Vec<_> = record.destinations.iter().map(DestinationName::as_str).collect();
    assert_eq!(listed, ["erp", "shop"]);
    let owed = |name: &str| (name.to_owned(), Status::Owed);
    assert_eq!(statuses(&stack, &record).await, [owed("erp"), owed("shop")]);
    let hints = hints(&queue);
    assert_eq!(names(&hints), ["erp", "shop"]);
    assert!(hints.iter().all(|hint| hint.event == event.key));
}

#[tokio::test]
async fn a_duplicate_owes_nothing_new() {
    let queue = queue().await;
    let stack = stack(&queue, &configuration()).await;
    let event = sample("onepay", "payment.approved").event();
    stack.deliver(&event).await.is_completed();
    let first = stack.record(&event).await.unwrap();
    let table = stack.table("LedgerTable");
    let deliveries = Deliveries::new(stack.setup().dynamodb().clone(), table.name());
    let key = &hints(&queue)[1];
    let skip = acuse_core::destination::delivery::Change::Skip;
    deliveries.change(key, &skip, acuse_testing::START).await.unwrap();
    stack.deliver(&event).await.is_duplicate();
    let owed = statuses(&stack, &first).await;
    assert_eq!(owed[1], ("shop".to_owned(), Status::Skipped), "it stays as it is");
}

#[tokio::test]
async fn an_event_that_nobody_wants_costs_nothing() {
    let queue = queue().await;
    let stack = stack(&queue, r#"{"destinations": {}}"#).await;
    let event = sample("onepay", "payment.approved").event();
    stack.deliver(&event).await.is_completed().called("destinations", 0);
    let record = stack.record(&event).await.unwrap();
    assert!(record.destinations.is_empty() && record.hooks.is_empty(), "{record:?}");
    assert!(queue.requests().is_empty());
}

#[tokio::test]
async fn an_event_waits_until_its_destinations_can_be_read_and_the_queue_takes_its_hints() {
    let full = queue().await;
    let stack_with_a_mistake = stack(&full, r#"{"destination": {}}"#).await;
    let event = sample("onepay", "payment.approved").event();
    let outcome = stack_with_a_mistake.deliver(&event).await;
    outcome.is_retried("the destinations' secret is invalid");

    let refuses = queue().await;
    refuses.answers([Answer::json(json!({
        "Successful": [],
        "Failed": [{"Id": "0", "SenderFault": false, "Code": "InternalError"}],
    }))]);
    let stack = stack(&refuses, &configuration()).await;
    stack
        .deliver(&event)
        .await
        .is_retried("sending to the destination queue");
    stack.until_done().await.is_completed();
    let record = stack.record(&event).await.unwrap();
    assert_eq!(statuses(&stack, &record).await.len(), 2);
}

#[tokio::test]
async fn whatever_step_a_consumer_dies_at_what_is_owed_has_a_hint() {
    let queue = queue().await;
    let stack = stack(&queue, &configuration()).await;
    let event = |step: u32| {
        let sample = sample("onepay", "payment.approved");
        sample.resource(&format!("p-{step}")).event()
    };
    let check = async |event: &Event| {
        let record = stack.record(event).await.unwrap();
        assert_eq!(statuses(&stack, &record).await.len(), 2);
        let hinted = hints(&queue).iter().filter(|hint| hint.event == event.key).count();
        assert!(hinted >= 2, "{hinted}");
    };
    stack.survives_kills(event, check).await;
}

#[test]
fn without_a_secret_there_is_no_hook() {
    use acuse_aws::config::Variables;
    let sdk = acuse_aws::sdk::load().unwrap();
    let setup = Setup::new(sdk, Variables::listed([]));
    assert!(Destinations::from_env(&setup).unwrap().is_none());
}
