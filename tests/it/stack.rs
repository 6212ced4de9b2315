//! The whole stack on the emulator, with the real template and binaries, over HTTP.

mod accounts;
mod deliveries;
mod pipeline;

use std::time::Duration;

use acuse_aws::ledger::record::Record;
use acuse_cli::local::{Options, Running, Stack};
use acuse_cli::sample;
use acuse_core::clock::{Clock, Timestamp};
use acuse_core::json;
use acuse_core::provider::Provider;
use acuse_tests::eventually::eventually;
use acuse_tests::post::{Post, url};
use acuse_tests::running::{self, Item};
use aws_sdk_dynamodb::types::AttributeValue;
use aws_sdk_sqs::types::Message;
use tokio::sync::OnceCell;

/// The stack that all tests share, which ends with the process.
struct Shared {
    running: Running,
    _stack: Stack,
}

async fn stack() -> &'static Running {
    static SHARED: OnceCell<Shared> = OnceCell::const_new();
    let shared = SHARED.get_or_init(|| async {
        let state = concat!(env!("CARGO_TARGET_TMPDIR"), "/stack");
        let stack = Stack::start(Options::isolated(state)).await.unwrap_or_else(|error| {
            panic!(
                "{}\n{}",
                acuse_core::error::chain(&error),
                error.advice().unwrap_or_default()
            )
        });
        let running = Running::find(state.as_ref()).expect("a stack that has started is found");
        Shared { running, _stack: stack }
    });
    &shared.await.running
}

/// A verifier's answer.
#[derive(Debug)]
struct Answer {
    status: u16,
    text: String,
    delivery_id: Option<String>,
}

/// Posts to the shared stack.
async fn send(post: Post<'_>) -> Answer {
    send_with(&acuse_cli::http::client().unwrap(), post).await
}

async fn send_with(client: &reqwest::Client, post: Post<'_>) -> Answer {
    answer(post.send(client, &url(stack().await, post.provider)).await).await
}

async fn answer(answer: reqwest::Response) -> Answer {
    Answer {
        status: answer.status().as_u16(),
        delivery_id: answer
            .headers()
            .get("x-delivery-id")
            .map(|id| id.to_str().unwrap().to_owned()),
        text: answer.text().await.unwrap(),
    }
}

/// Posts a signed body that has to be accepted.
async fn deliver(provider: &'static Provider, body: &[u8]) -> Answer {
    let answer = send(Post::signed(provider, body)).await;
    assert_eq!(answer.status, 200, "{}: {answer:?}", provider.name);
    answer
}

/// The header that carries the signature of this provider's samples.
pub(crate) fn signature_header(provider: &Provider) -> &'static str {
    provider.scheme.signatures[0].headers[0]
}

/// A succeeded payment that no other test uses.
pub(crate) fn payment(provider: &'static Provider) -> String {
    let name = ["payment_received", "payment.approved", "payment.completed"];
    let name = name.into_iter().find(|name| provider.types.contains(name)).unwrap();
    event(provider, name)
}

fn event(provider: &'static Provider, type_name: &str) -> String {
    let payload = sample::payload(provider, type_name).unwrap();
    sample::renewed(provider, &payload, now())
}

pub(crate) fn now() -> Timestamp {
    acuse_aws::system::SystemClock.now()
}

/// The id of the resource that a payload is about.
pub(crate) fn resource_id(provider: &Provider, payload: &str) -> String {
    let value = json::parse(payload.as_bytes()).unwrap();
    (provider.read)(&value).unwrap().resource.unwrap().id
}

/// The ledger's records of `provider` for which `wanted` is true.
async fn records(provider: &Provider, wanted: impl Fn(&Record) -> bool) -> Vec<Record> {
    let mut records = running::records(stack().await, provider).await;
    records.retain(wanted);
    records
}

/// Waits for a record of `provider` for which `wanted` is true.
async fn record(provider: &Provider, what: &str, wanted: impl Fn(&Record) -> bool) -> Record {
    eventually(what, async || records(provider, &wanted).await.into_iter().next()).await
}

/// Waits for the record of the resource `id` to have this status.
async fn record_with_status(provider: &Provider, id: &str, status: &str) -> Record {
    let of_it = |record: &Record| record.resource_id.as_deref() == Some(id);
    record(provider, &format!("{status} of {id}"), |record| {
        of_it(record) && record.status == status
    })
    .await
}

async fn record_with_key(provider: &Provider, key: &str, status: &str) -> Record {
    record(provider, status, |record| record.key == key && record.status == status).await
}

/// The payments table's item of the resource that a record's event is about.
async fn payment_item(record: &Record) -> Item {
    let running = stack().await;
    let client = aws_sdk_dynamodb::Client::new(&running.sdk());
    let (pk, _) = record.key.split_once('|').unwrap();
    let get = client
        .get_item()
        .table_name(&running.outputs["PaymentsTableName"])
        .key("pk", AttributeValue::S(pk.to_owned()));
    running::item(get.send().await.unwrap().item.unwrap_or_default())
}

/// Waits for a message on a queue, and leaves it there for other tests. A message that was received is hidden
/// for two seconds, or a queue of more than ten would return the same ten every time.
async fn message(queue: &str, what: &str, wanted: impl Fn(&Message) -> bool) -> Message {
    let running = stack().await;
    let client = aws_sdk_sqs::Client::new(&running.sdk());
    eventually(what, async || {
        let receive = client
            .receive_message()
            .queue_url(&running.outputs[queue])
            .max_number_of_messages(10);
        let receive = receive.visibility_timeout(2).message_attribute_names("All");
        receive
            .send()
            .await
            .unwrap()
            .messages
            .unwrap_or_default()
            .into_iter()
            .find(|message| wanted(message))
    })
    .await
}

fn attribute<'a>(message: &'a Message, name: &str) -> Option<&'a str> {
    message.message_attributes()?.get(name)?.string_value()
}
