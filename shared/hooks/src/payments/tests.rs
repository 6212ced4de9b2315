//! The hook's writes, on a stack in the test's process. `delivered` shows how to test a hook; the other files test
//! more than an owner's hook needs.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests fail by panicking"
)]

mod accounts;
mod delivered;
mod documented;
mod former;
mod limits;
mod lives;
mod paid;
mod scenarios;
mod sequences;

use std::collections::HashMap;
use std::time::Duration;

use acuse_core::clock::Timestamp;
use acuse_core::hook::Effects;
use acuse_core::provider::Provider;
use acuse_core::providers::{kuenta, onepay};
use acuse_core::wire::delivery::{CanonicalForm, DeliveryId};
use acuse_core::wire::envelope::Envelope;
use acuse_testing::Stack;

use super::*;

type Item = HashMap<String, AttributeValue>;

/// The hook and its table.
struct Table {
    stack: Stack,
    payments: Payments,
}

impl Table {
    async fn create() -> Self {
        let stack = Stack::transactional(Payments::from_env).variable("FORMER_PAYMENTS", "true");
        let stack = stack.start().await;
        let payments = Payments::from_env(stack.setup()).unwrap();
        Self { stack, payments }
    }

    /// The writes that the hook returns for `event`.
    async fn effects(&self, event: &Event) -> Effects<TransactWriteItem> {
        let mut writes = Writes::new(attempt());
        self.payments.write(event, &mut writes).await.unwrap();
        writes.into_effects().unwrap()
    }

    /// Commits as the ledger does: the alternative if a condition fails. False if the alternative's fails as well.
    async fn commit(&self, effects: Effects<TransactWriteItem>) -> bool {
        let (writes, otherwise) = effects.into_parts();
        if self.write(writes).await {
            return true;
        }
        match otherwise {
            Some(writes) => self.write(writes).await,
            None => false,
        }
    }

    async fn write(&self, writes: Vec<TransactWriteItem>) -> bool {
        if writes.is_empty() {
            return true;
        }
        let call = self.payments.client.transact_write_items();
        let Err(error) = call.set_transact_items(Some(writes)).send().await else {
            return true;
        };
        let error = error.into_service_error();
        assert!(error.is_transaction_canceled_exception(), "{error:?}");
        false
    }

    async fn apply(&self, event: &Event) {
        let effects = self.effects(event).await;
        assert!(self.commit(effects).await, "refused: {event:?}");
    }

    async fn item(&self, pk: &str) -> Option<Item> {
        let item = self.stack.item("payments", acuse_aws::hook::key("pk", pk)).await;
        item.attributes().cloned()
    }

    async fn put(&self, item: serde_json::Value) {
        self.stack.put("payments", item).await;
    }
}

/// The key of the event's row.
fn row_of(event: &Event) -> String {
    key(event, event.resource.as_ref().unwrap())
}

/// An attribute as text; empty if the item doesn't have it.
fn text(item: &Item, name: &str) -> String {
    match item.get(name) {
        Some(AttributeValue::S(text) | AttributeValue::N(text)) => text.clone(),
        Some(other) => panic!("{name}: {other:?}"),
        None => String::new(),
    }
}

fn attempt() -> Attempt {
    let now = at(0);
    Attempt {
        number: 1,
        started_at: now,
        deadline: now.plus(Duration::from_secs(28)),
        late: false,
    }
}

/// A time, in seconds after a fixed start.
fn at(seconds: i64) -> Timestamp {
    Timestamp::from_seconds(1_700_000_000 + seconds)
}

/// Reads a provider's payload, received at the start.
fn read(provider: &'static Provider, body: String) -> Event {
    let envelope = Envelope {
        account: Default::default(),
        provider: provider.name.to_owned(),
        delivery_id: DeliveryId::new(at(0), [1; 10]),
        received_at: at(0),
        form: CanonicalForm::Raw,
        body: body.into(),
        content: Default::default(),
        replay: None,
    };
    let event = Event::read(envelope, provider, Environment::Live);
    assert_eq!(event.unreadable, None);
    event
}

/// An event of OnePay's, `seconds` after the start. All of a kind are about the same resource.
fn onepay(type_name: &str, seconds: i64) -> Event {
    onepay_with(type_name, seconds, r#""id":"5001""#)
}

fn onepay_with(type_name: &str, seconds: i64, members: &str) -> Event {
    let (kind, _) = type_name.split_once('.').unwrap();
    let stamp = at(seconds).as_seconds();
    let body = format!(
        r#"{{"{kind}":{{{members}}},"event":{{"type":"{type_name}","timestamp":{stamp},"environment":"live"}}}}"#
    );
    read(&onepay::PROVIDER, body)
}

/// An event of Kuenta's.
fn kuenta(type_name: &str, seconds: i64) -> Event {
    kuenta_with(type_name, seconds, r#""id":"5001""#)
}

fn kuenta_with(type_name: &str, seconds: i64, members: &str) -> Event {
    let stamp = at(seconds);
    let body = format!(r#"{{"event":"{type_name}","data":{{{members}}},"timestamp":"{stamp}"}}"#);
    read(&kuenta::PROVIDER, body)
}
