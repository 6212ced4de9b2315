//! An event's whole life, step by step, so that the calls of each step are known.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use acuse_aws::destinations::items::Deliveries;
use acuse_aws::ledger::DynamoLedger;
use acuse_aws::ledger::record::Record;
use acuse_aws::system::SystemClock;
use acuse_cli::sample;
use acuse_core::clock::{Clock, Timestamp};
use acuse_core::destination::DestinationName;
use acuse_core::destination::delivery::{DeliveryKey, Status};
use acuse_core::event::key::IdempotencyKey;
use acuse_core::event::{Environment, Event};
use acuse_core::ledger::Ledger;
use acuse_core::provider::Provider;
use acuse_core::providers::{self, kuenta};
use acuse_core::wire::delivery::{CanonicalForm, DeliveryId};
use acuse_core::wire::envelope::Envelope;
use aws_config::AppName;
use aws_sdk_dynamodb::types::AttributeValue;
use tokio::sync::OnceCell;

use super::recorder::Recorded as Call;
use super::stack::Recorded as Stack;
use crate::eventually::eventually;
use crate::receiver::{Receiver, configure};

/// The bus that events are published on, in the later steps.
pub const BUS: &str = "default";

/// What was recorded.
#[derive(Debug)]
pub struct Life {
    steps: Vec<(&'static str, Vec<Call>)>,
    /// The managed policies of each function's role.
    pub attached: BTreeMap<String, BTreeSet<String>>,
    stack: Stack,
}

impl Life {
    /// All calls.
    pub fn calls(&self) -> impl Iterator<Item = &Call> {
        self.steps.iter().flat_map(|(_, calls)| calls)
    }

    /// The calls of one step.
    ///
    /// # Panics
    /// If there is no such step.
    pub fn of(&self, step: &str) -> &[Call] {
        let found = self.steps.iter().find(|(name, _)| *name == step);
        &found.unwrap_or_else(|| panic!("no step {step}")).1
    }

    /// The logical id of the resource that calls use this name for.
    pub fn logical(&self, name: &str) -> String {
        self.stack.logical(name)
    }

    /// All lines that the functions have logged.
    pub async fn logged(&self) -> Vec<String> {
        self.stack.logged().await
    }

    async fn step(&mut self, name: &'static str) {
        let calls = self.stack.proxy.interceptor().take().await;
        self.steps.push((name, calls));
    }
}

/// The recording, made once for all tests of a binary on a stack with its files in the folder `state`.
///
/// # Panics
/// If the stack doesn't start, or an event does not come through.
pub async fn life(state: &str) -> &'static Life {
    static LIFE: OnceCell<Life> = OnceCell::const_new();
    LIFE.get_or_init(|| record(state)).await
}

async fn record(state: &str) -> Life {
    let stack = Stack::start(state, false).await;
    let attached = stack.attached().await;
    let mut life = Life {
        steps: Vec::new(),
        attached,
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

    again(&life.stack, provider, &body, &first).await;
    life.step("a duplicate at once").await;

    // Its own time is long ago, as that of a delivery that the provider sends again.
    let late = payment_at(provider, SystemClock.now().minus(Duration::from_mins(5)));
    let first = deliver(&life.stack, provider, late.as_bytes()).await;
    life.step("a new event that comes late").await;

    again(&life.stack, provider, &late, &first).await;
    life.step("a duplicate").await;

    for provider in providers::ALL {
        assert_eq!(
            life.stack.deliver(provider, payment(provider).as_bytes(), true).await,
            401
        );
    }
    life.step("a refused delivery to each verifier").await;

    deliver_until("REJECTED", &life.stack, provider, b"signed, and not JSON").await;
    life.step("a rejected event").await;

    // So large and random that it doesn't fit one item even when compressed.
    let noise: String = std::iter::repeat_with(fastrand::alphanumeric).take(900_000).collect();
    let large = payment(provider).replacen('{', &format!("{{\"noise\":\"{noise}\","), 1);
    deliver(&life.stack, provider, large.as_bytes()).await;
    life.step("a large event").await;

    ask_whether_late(&life.stack, provider, &body).await;
    life.step("a hook with an order").await;

    let start = Receiver::start;
    let receiver = start(&[500, 200]).await;
    configure(&life.stack.running, &[("shop", &receiver.url)]).await;
    // A function reads the destinations when it starts.
    life.stack.update(&[("ConsumerMemoryMb", "257")]).await;
    life.stack.proxy.interceptor().take().await;
    let key = deliver(&life.stack, provider, payment(provider).as_bytes()).await;
    taken(&life.stack, &key, "shop", 2).await;
    life.step("an event that a destination takes at the second try").await;

    let (shop, books, crm) = (start(&[200]).await, start(&[200]).await, start(&[200]).await);
    let three = [("shop", &*shop.url), ("books", &*books.url), ("crm", &*crm.url)];
    configure(&life.stack.running, &three).await;
    life.stack.update(&[("ConsumerMemoryMb", "258")]).await;
    life.stack.one_message_a_batch("DestinationsFunction").await;
    life.stack.proxy.interceptor().take().await;
    let key = deliver(&life.stack, provider, payment(provider).as_bytes()).await;
    for (name, _) in three {
        taken(&life.stack, &key, name, 1).await;
    }
    life.step("an event for three destinations").await;

    configure(&life.stack.running, &[]).await;
    life.stack.update(&[("EventBusName", BUS)]).await;
    life.stack.proxy.interceptor().take().await;
    deliver(&life.stack, provider, payment(provider).as_bytes()).await;
    life.step("a published event").await;

    life.stack.proxy.interceptor().refuse_publishing();
    let retried = deliver(&life.stack, provider, payment(provider).as_bytes()).await;
    let twice = |record: &Record| record.key == retried && record.attempts == 2;
    life.stack.record(provider, "the second attempt", twice).await;
    life.step("a retried event").await;

    life.stack.update(&[("FormerPayments", "true")]).await;
    life.stack.proxy.interceptor().take().await;
    let body = payment(provider);
    put_former_row(&life.stack, &read(provider, body.as_bytes())).await;
    deliver(&life.stack, provider, body.as_bytes()).await;
    life.step("a payment of an earlier version").await;

    life.stack.invoke("SummaryFunction").await;
    life.step("a daily summary").await;

    // Nobody has stored what to ask yet.
    life.stack.invoke("EndpointsFunction").await;
    life.step("a check of the webhooks").await;
    life
}

/// Delivers an event, waits until it is completed, and returns its key.
async fn deliver(stack: &Stack, provider: &'static Provider, body: &[u8]) -> String {
    deliver_until("COMPLETED", stack, provider, body).await
}

async fn deliver_until(status: &str, stack: &Stack, provider: &'static Provider, body: &[u8]) -> String {
    assert_eq!(stack.deliver(provider, body, false).await, 200);
    let sha256 = read(provider, body).body_sha256().to_owned();
    let found = |record: &Record| record.body_sha256 == sha256 && record.status == status;
    stack.record(provider, status, found).await.key
}

/// Delivers the same bytes again, and waits until the event with this key has counted them.
async fn again(stack: &Stack, provider: &'static Provider, body: &str, key: &str) {
    assert_eq!(stack.deliver(provider, body.as_bytes(), false).await, 200);
    let counted = |record: &Record| record.key == key && record.duplicates == 1;
    stack.record(provider, "the duplicate", counted).await;
}

/// Waits until the destination has taken the event, at this attempt.
async fn taken(stack: &Stack, event: &str, destination: &str, attempt: u32) {
    let table = &stack.running.outputs["LedgerTableName"];
    let deliveries = Deliveries::new(aws_sdk_dynamodb::Client::new(&stack.running.sdk()), table);
    let key = DeliveryKey {
        event: IdempotencyKey::parse(event).unwrap(),
        destination: DestinationName::parse(destination).unwrap(),
    };
    eventually("the delivery", async || {
        let delivery = deliveries.get(&key).await.unwrap()?;
        (delivery.status == Status::Delivered && delivery.attempts == attempt).then_some(())
    })
    .await;
}

/// A new payment that succeeded now.
fn payment(provider: &'static Provider) -> String {
    payment_at(provider, SystemClock.now())
}

fn payment_at(provider: &'static Provider, at: Timestamp) -> String {
    let names = ["payment_received", "payment.approved", "payment.completed"];
    let name = names.into_iter().find(|name| provider.types.contains(name)).unwrap();
    sample::renewed(provider, &sample::payload(provider, name).unwrap(), at)
}

pub(super) fn read(provider: &'static Provider, body: &[u8]) -> Event {
    let now = SystemClock.now();
    let envelope = Envelope {
        account: Default::default(),
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

/// Writes a row as an earlier version did, without the resource kind in its key.
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

/// Makes, as the consumer, the call that a hook with an order causes. None of the shipped hooks has one.
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
        "an event's own record is no later event"
    );
}
