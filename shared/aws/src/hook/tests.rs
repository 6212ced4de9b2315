//! Hooks as an owner writes them, on a DynamoDB in the test's process.

use std::time::Duration;

use acuse_core::clock::Timestamp;
use acuse_core::providers::onepay;
use acuse_core::wire::delivery::{CanonicalForm, DeliveryId};
use acuse_core::wire::envelope::Envelope;
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::{BehaviorVersion, Credentials, Region};
use aws_sdk_dynamodb::types::{AttributeDefinition, BillingMode, KeySchemaElement, KeyType, ScalarAttributeType};
use serde::{Deserialize, Serialize};
use tokio::net::TcpListener;

use super::*;

pub(super) fn now() -> Timestamp {
    Timestamp::from_seconds(1_700_000_000)
}

pub(super) fn attempt() -> Attempt {
    Attempt {
        number: 1,
        started_at: now(),
        deadline: now().plus(Duration::from_secs(28)),
        late: false,
    }
}

pub(super) fn event(body: &'static str) -> Event {
    let envelope = Envelope {
        account: Default::default(),
        provider: "onepay".to_owned(),
        delivery_id: DeliveryId::new(now(), [1; 10]),
        received_at: now(),
        form: CanonicalForm::Raw,
        body: body.into(),
        content: Default::default(),
        replay: None,
    };
    Event::read(envelope, &onepay::PROVIDER, acuse_core::event::Environment::Live)
}

fn payment() -> Event {
    event(r#"{"payment":{"id":"p-1","amount":150000.10,"external_id":"ORD-1"},"event":{"type":"payment.approved"}}"#)
}

/// A DynamoDB with two tables, `orders` by `pk`, and `lines` by `pk` and the number `sk`.
pub(super) async fn database() -> Client {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    let database = dynoxide::Database::memory().unwrap();
    tokio::spawn(dynoxide::server::serve_on(listener, database));
    let clock = std::sync::Arc::new(crate::system::SystemClock);
    let config = aws_sdk_dynamodb::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("us-east-1"))
        .endpoint_url(endpoint)
        .credentials_provider(Credentials::new("test", "test", None, None, "test"))
        .http_client(crate::sdk::http::client(clock).unwrap())
        .build();
    let client = Client::from_conf(config);
    let attribute = |name: &str, kind| {
        let definition = AttributeDefinition::builder().attribute_name(name);
        definition.attribute_type(kind).build().unwrap()
    };
    let key = |name: &str, kind| {
        KeySchemaElement::builder()
            .attribute_name(name)
            .key_type(kind)
            .build()
            .unwrap()
    };
    for (table, has_lines) in [("orders", false), ("lines", true)] {
        let create = client
            .create_table()
            .table_name(table)
            .billing_mode(BillingMode::PayPerRequest);
        let mut create = create
            .attribute_definitions(attribute("pk", ScalarAttributeType::S))
            .key_schema(key("pk", KeyType::Hash));
        if has_lines {
            create = create
                .attribute_definitions(attribute("sk", ScalarAttributeType::N))
                .key_schema(key("sk", KeyType::Range));
        }
        create.send().await.unwrap();
    }
    client
}

pub(super) fn table(client: &Client, name: &str) -> Table {
    Table::new(client.clone(), name.to_owned())
}

/// Commits as the ledger does: if a condition is false, the writes of `otherwise`. What came of it, in the order in which
/// it was tried.
pub(super) async fn commit(client: &Client, effects: Effects<TransactWriteItem>) -> &'static str {
    let (writes, otherwise) = effects.into_parts();
    if write(client, writes).await {
        return "written";
    }
    match otherwise {
        Some(none) if none.is_empty() => "done",
        Some(writes) => match write(client, writes).await {
            true => "otherwise",
            false => "retry",
        },
        None => "retry",
    }
}

async fn write(client: &Client, writes: Vec<TransactWriteItem>) -> bool {
    let call = client.transact_write_items().set_transact_items(Some(writes));
    let Err(error) = call.send().await else { return true };
    let error = error.into_service_error();
    assert!(error.is_transaction_canceled_exception(), "{error:?}");
    false
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Order {
    pk: String,
    status: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    paid: Option<acuse_core::event::Amount>,
}

/// Marks an order paid once, as the documentation does it.
struct Orders {
    orders: Table,
}

impl TransactionalHook for Orders {
    fn name(&self) -> &'static str {
        "orders"
    }

    async fn write(&self, event: &Event, writes: &mut Writes) -> HookResult {
        let Some(payment) = onepay::Payment::of(event)? else {
            return Ok(());
        };
        let Some(order) = &event.reference else {
            return Err(HookError::reject("a payment without a reference"));
        };
        let known: Option<Order> = self.orders.get(key("pk", order)).await?;
        if known.is_none() {
            return Err(HookError::retry("the order is not there yet"));
        }
        writes
            .update(&self.orders, key("pk", order))
            .set("status", "paid")
            .set("paid", payment.amount)
            .only_if(attr("status").is("open"));
        Ok(())
    }
}

#[tokio::test]
async fn an_order_is_marked_paid_once() {
    let client = database().await;
    let orders = table(&client, "orders");
    let mut hooks = Hooks::default();
    hooks.transactional(Orders { orders: orders.clone() });
    let hooks = hooks.into_vec();
    assert!(hooks[0].transactional());
    let payment = payment();
    let call = || hooks[0].call(&payment, attempt());

    let missing = call().await.unwrap_err();
    assert_eq!(missing, HookError::retry("the order is not there yet"));
    let mut writes = Writes::new(attempt());
    let open = Order {
        pk: "ORD-1".to_owned(),
        status: "open".to_owned(),
        paid: None,
    };
    writes.put(&orders, &open).only_if(attr("pk").is_absent());
    let create = writes.into_effects().unwrap();
    assert_eq!(commit(&client, create.clone()).await, "written");
    assert_eq!(commit(&client, create).await, "done");

    assert_eq!(commit(&client, call().await.unwrap()).await, "written");
    assert_eq!(commit(&client, call().await.unwrap()).await, "done");
    let order: Order = orders.get(key("pk", "ORD-1")).await.unwrap().unwrap();
    assert_eq!(order.paid.unwrap(), "150000.10");
    assert_eq!(order.status, "paid");
}

#[test]
fn any_error_is_a_retry_and_a_mismatch_a_rejection() {
    fn anyhow() -> HookResult {
        use anyhow::Context;
        let plan: u8 = "x".parse().context("reading the plan")?;
        Err(plan.to_string().into())
    }
    fn anyhow_itself() -> HookResult {
        Err(anyhow::anyhow!("no such plan"))?
    }
    fn std() -> HookResult {
        "x".parse::<u8>()?;
        Ok(())
    }
    fn text() -> HookResult {
        Err("not yet")?
    }
    fn owned() -> HookResult {
        Err(format!("not {}", "yet").into())
    }
    fn mismatch() -> HookResult {
        payment().resource_as::<Order>()?;
        Ok(())
    }
    let reasons = [anyhow(), anyhow_itself(), std(), text(), owned(), mismatch()];
    let reasons = reasons.map(|result| match result.unwrap_err() {
        HookError::Retry { reason, .. } => format!("retry: {reason}"),
        HookError::Reject { reason } => format!("reject: {reason}"),
    });
    insta::assert_snapshot!(reasons.join("\n"), @r"
    retry: reading the plan: invalid digit found in string
    retry: no such plan
    retry: invalid digit found in string
    retry: not yet
    retry: not yet
    reject: the payload is not a valid `Order`: payment: missing field `pk`
    ");
}
