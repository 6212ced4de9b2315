//! An event's whole life, once, step by step, so that each call is known by its step.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use acuse_aws::ledger::DynamoLedger;
use acuse_aws::system::SystemClock;
use acuse_cli::local::Checkout;
use acuse_cli::sample;
use acuse_core::clock::Clock;
use acuse_core::event::{Environment, Event};
use acuse_core::ledger::Ledger;
use acuse_core::provider::Provider;
use acuse_core::providers::{self, kuenta};
use acuse_core::wire::delivery::{CanonicalForm, DeliveryId};
use acuse_core::wire::envelope::Envelope;
use aws_config::AppName;
use aws_sdk_dynamodb::types::AttributeValue;
use serde_json::Value;
use tokio::sync::OnceCell;

use crate::recorder::Recorded as Call;
use crate::stack::Recorded as Stack;

/// The bus that events are published on, in the later steps.
pub(crate) const BUS: &str = "default";

/// What was recorded.
pub(crate) struct Life {
    steps: Vec<(&'static str, Vec<Call>)>,
    /// The managed policies of each function's role.
    pub(crate) attached: BTreeMap<String, BTreeSet<String>>,
    pub(crate) template: Value,
    stack: Stack,
}

impl Life {
    /// All calls.
    pub(crate) fn calls(&self) -> impl Iterator<Item = &Call> {
        self.steps.iter().flat_map(|(_, calls)| calls)
    }

    /// The calls of one step.
    pub(crate) fn of(&self, step: &str) -> &[Call] {
        let found = self.steps.iter().find(|(name, _)| *name == step);
        &found.unwrap_or_else(|| panic!("no step {step}")).1
    }

    /// The logical id of what calls name so.
    pub(crate) fn logical(&self, name: &str) -> String {
        self.stack
            .names
            .get(name)
            .map_or_else(|| name.to_owned(), String::clone)
    }

    async fn step(&mut self, name: &'static str) {
        let calls = self.stack.proxy.interceptor().take().await;
        self.steps.push((name, calls));
    }
}

/// Lived once for all tests.
pub(crate) async fn life() -> &'static Life {
    static LIFE: OnceCell<Life> = OnceCell::const_new();
    LIFE.get_or_init(live).await
}

async fn live() -> Life {
    let stack = Stack::start().await;
    let template = Checkout::find().unwrap().read_template().unwrap();
    let attached = stack.attached(&template).await;
    let mut life = Life {
        steps: Vec::new(),
        attached,
        template,
        stack,
    };

    for provider in providers::ALL {
        deliver(&life.stack, provider, payment(provider).as_bytes()).await;
    }
    life.step("init, and a first delivery to each verifier").await;

    let provider = &kuenta::PROVIDER;
    let body = payment(provider);
    let first = deliver(&life.stack, provider, body.as_bytes()).await;
    life.step("a new event").await;

    assert_eq!(life.stack.deliver(provider, body.as_bytes(), false).await, 200);
    let counted = |record: &acuse_aws::ledger::record::Record| record.key == first && record.duplicates == 1;
    life.stack.record(provider, "the duplicate", counted).await;
    life.step("a duplicate").await;

    for provider in providers::ALL {
        assert_eq!(
            life.stack.deliver(provider, payment(provider).as_bytes(), true).await,
            401
        );
    }
    life.step("a refused delivery to each verifier").await;

    settle(&life.stack, provider, b"signed, and not JSON", "REJECTED").await;
    life.step("a rejected event").await;

    // Digits that no compression makes fit one item.
    let noise: String = std::iter::repeat_with(fastrand::alphanumeric).take(900_000).collect();
    let large = payment(provider).replacen('{', &format!("{{\"noise\":\"{noise}\","), 1);
    deliver(&life.stack, provider, large.as_bytes()).await;
    life.step("a large event").await;

    ask_whether_late(&life.stack, provider, &body).await;
    life.step("a hook with an order").await;

    life.stack.update(&[("EventBusName", BUS)]).await;
    life.stack.proxy.interceptor().take().await;
    deliver(&life.stack, provider, payment(provider).as_bytes()).await;
    life.step("a published event").await;

    life.stack.proxy.interceptor().refuse_publishing();
    let retried = deliver(&life.stack, provider, payment(provider).as_bytes()).await;
    let twice = |record: &acuse_aws::ledger::record::Record| record.key == retried && record.attempts == 2;
    life.stack.record(provider, "the second attempt", twice).await;
    life.step("a retried event").await;

    life.stack.update(&[("FormerPayments", "true")]).await;
    life.stack.proxy.interceptor().take().await;
    let body = payment(provider);
    put_former_row(&life.stack, &read(provider, body.as_bytes())).await;
    deliver(&life.stack, provider, body.as_bytes()).await;
    life.step("a payment of a version before").await;
    life
}

/// Delivers an event that the hooks take, and gives its key once it is completed.
async fn deliver(stack: &Stack, provider: &'static Provider, body: &[u8]) -> String {
    settle(stack, provider, body, "COMPLETED").await
}

async fn settle(stack: &Stack, provider: &'static Provider, body: &[u8], status: &str) -> String {
    assert_eq!(stack.deliver(provider, body, false).await, 200);
    let sha256 = sha256(provider, body);
    let settled = |record: &acuse_aws::ledger::record::Record| record.body_sha256 == sha256 && record.status == status;
    stack.record(provider, status, settled).await.key
}

/// A payment that succeeded, of its own.
fn payment(provider: &'static Provider) -> String {
    let names = ["payment_received", "payment.approved", "payment.completed"];
    let name = names.into_iter().find(|name| provider.types.contains(name)).unwrap();
    sample::renewed(provider, &sample::payload(provider, name).unwrap(), SystemClock.now())
}

fn sha256(provider: &'static Provider, body: &[u8]) -> String {
    read(provider, body).body_sha256().to_owned()
}

fn read(provider: &'static Provider, body: &[u8]) -> Event {
    let now = SystemClock.now();
    let envelope = Envelope {
        provider: provider.name.to_owned(),
        content: Default::default(),
        delivery_id: DeliveryId::new(now, [9; 10]),
        received_at: now,
        form: CanonicalForm::Raw,
        body: body.to_vec().into(),
        replay: None,
    };
    Event::read(envelope, provider, Environment::Live)
}

/// As a version before wrote it, which had no resource kind in the key.
async fn put_former_row(stack: &Stack, event: &Event) {
    let resource = event.resource.as_ref().unwrap();
    let text = |text: &str| AttributeValue::S(text.to_owned());
    let number = |number: i64| AttributeValue::N(number.to_string());
    let pk = format!("{}#{}#{}", event.provider, event.environment.name(), resource.id);
    let client = aws_sdk_dynamodb::Client::new(&stack.running.sdk());
    let put = client
        .put_item()
        .table_name(&stack.running.outputs["PaymentsTableName"])
        .item("pk", text(&pk))
        .item("status", text("created"))
        .item("resource_kind", text(&resource.kind))
        .item("last_at", number(event.at().as_millis() - 1))
        .item("last_stage", number(0))
        .item("applied", number(1));
    put.send().await.unwrap();
}

/// None of the shipped hooks has an order: this is the call that the ledger makes for one that has,
/// in the consumer's name.
async fn ask_whether_late(stack: &Stack, provider: &'static Provider, body: &str) {
    let sdk = stack.running.sdk().into_builder();
    let sdk = sdk
        .endpoint_url(&stack.proxy.url)
        .app_name(AppName::new("ConsumerFunction").unwrap())
        .build();
    let client = aws_sdk_dynamodb::Client::new(&sdk);
    let ledger = DynamoLedger::new(
        client,
        &stack.running.outputs["LedgerTableName"],
        Duration::from_secs(3600),
    );
    let event = read(provider, body.as_bytes());
    assert!(
        !ledger.overtaken(&event).await.unwrap(),
        "its own record is no later event"
    );
}
