//! The hook's writes, on a DynamoDB in the test's process.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests fail by panicking"
)]

mod accounts;
mod documented;
mod former;
mod limits;
mod lives;
mod paid;
mod sequences;

use std::collections::HashMap;
use std::time::Duration;

use acuse_core::clock::Timestamp;
use acuse_core::hook::Effects;
use acuse_core::provider::Provider;
use acuse_core::providers::{kuenta, onepay};
use acuse_core::wire::delivery::{CanonicalForm, DeliveryId};
use acuse_core::wire::envelope::Envelope;
use aws_config::{BehaviorVersion, Region};
use aws_sdk_dynamodb::config::{Credentials, SharedCredentialsProvider};
use aws_sdk_dynamodb::types::{
    AttributeDefinition, BillingMode, KeySchemaElement, KeyType, ScalarAttributeType as Scalar,
};
use tokio::net::TcpListener;

use super::*;

const TABLE: &str = "payments";

type Item = HashMap<String, AttributeValue>;

/// The hook and its table.
struct Table {
    payments: Payments,
}

impl Table {
    async fn create() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let endpoint = format!("http://{}", listener.local_addr().unwrap());
        let database = dynoxide::Database::memory().unwrap();
        tokio::spawn(dynoxide::server::serve_on(listener, database));
        let config = aws_config::SdkConfig::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::from_static("us-east-1"))
            .endpoint_url(endpoint)
            .credentials_provider(SharedCredentialsProvider::new(Credentials::for_tests()))
            .http_client(aws_smithy_http_client::Builder::new().build_http())
            .build();
        let client = Client::new(&config);
        let pk = AttributeDefinition::builder()
            .attribute_name("pk")
            .attribute_type(Scalar::S);
        let hash = KeySchemaElement::builder().attribute_name("pk").key_type(KeyType::Hash);
        let create = client
            .create_table()
            .table_name(TABLE)
            .billing_mode(BillingMode::PayPerRequest);
        let create = create.attribute_definitions(pk.build().unwrap());
        create.key_schema(hash.build().unwrap()).send().await.unwrap();
        let table = TABLE.to_owned();
        Self {
            payments: Payments {
                client,
                table,
                has_former_rows: true,
            },
        }
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
        let get = self.payments.client.get_item().table_name(TABLE);
        let get = get.key("pk", AttributeValue::S(pk.to_owned()));
        get.send().await.unwrap().item
    }

    async fn put(&self, item: Item) {
        let put = self.payments.client.put_item().table_name(TABLE);
        put.set_item(Some(item)).send().await.unwrap();
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
