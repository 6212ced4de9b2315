//! The whole stack on the emulator: the real template, the real binaries, real HTTP.

mod deliveries;
mod pipeline;

use std::collections::BTreeMap;
use std::time::Duration;

use acuse_aws::ledger::record::Record;
use acuse_cli::local::{Options, Running, Stack};
use acuse_cli::sample::{self, Sample};
use acuse_core::clock::{Clock, Timestamp};
use acuse_core::json;
use acuse_core::provider::Provider;
use acuse_tests::eventually::eventually;
use acuse_tests::running;
use aws_sdk_dynamodb::types::AttributeValue;
use aws_sdk_sqs::types::Message;
use tokio::sync::OnceCell;

/// How often a delivery is sent again that was answered 503.
const RESENDS: u32 = 10;

/// The stack that all tests share. It ends with the process.
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

/// An answer at the verifier.
#[derive(Debug)]
struct Answer {
    status: u16,
    text: String,
    delivery_id: Option<String>,
}

/// A delivery about to be posted.
pub(crate) struct Post<'a> {
    provider: &'static Provider,
    body: &'a [u8],
    headers: Vec<(String, String)>,
}

impl<'a> Post<'a> {
    /// `body` with the proofs of the local secrets.
    pub(crate) fn signed(provider: &'static Provider, body: &'a [u8]) -> Self {
        let sample = Sample::signed(provider, body.to_vec(), &sample::local_secrets(provider), now(), None).unwrap();
        let headers = sample.headers.into_iter().map(|(name, value)| (name.to_owned(), value));
        Self {
            provider,
            body,
            headers: headers
                .chain([("content-type".to_owned(), "application/json".to_owned())])
                .collect(),
        }
    }

    pub(crate) fn without(mut self, header: &str) -> Self {
        self.headers.retain(|(name, _)| name != header);
        self
    }

    fn with(self, header: &str, value: &str) -> Self {
        let mut post = self.without(header);
        post.headers.push((header.to_owned(), value.to_owned()));
        post
    }

    fn with_body(mut self, body: &'a [u8]) -> Self {
        self.body = body;
        self
    }

    async fn send(self) -> Answer {
        self.send_by(&acuse_cli::http::client().unwrap()).await
    }

    async fn send_by(self, client: &reqwest::Client) -> Answer {
        let url = format!("{}/webhooks/{}", stack().await.http, self.provider.name);
        let answer = self.send_to(client, &url).await;
        Answer {
            status: answer.status().as_u16(),
            delivery_id: answer
                .headers()
                .get("x-delivery-id")
                .map(|id| id.to_str().unwrap().to_owned()),
            text: answer.text().await.unwrap(),
        }
    }

    /// A busy machine may take too long: 503 means "send it again", which providers do.
    pub(crate) async fn send_to(&self, client: &reqwest::Client, url: &str) -> reqwest::Response {
        let mut answer = self.once(client, url).await;
        for _ in 0..RESENDS {
            if answer.status() != 503 {
                break;
            }
            tokio::time::sleep(Duration::from_millis(500)).await;
            answer = self.once(client, url).await;
        }
        answer
    }

    async fn once(&self, client: &reqwest::Client, url: &str) -> reqwest::Response {
        let post = client.post(url).body(self.body.to_vec());
        let post = self
            .headers
            .iter()
            .fold(post, |post, (name, value)| post.header(name, value));
        post.send().await.unwrap()
    }
}

/// The signature header that a provider's deliveries carry in these tests.
pub(crate) fn signature_header(provider: &Provider) -> &'static str {
    provider.scheme.signatures[0].headers[0]
}

/// A provider's payment that succeeded, of a resource that no other test has.
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

/// The id of what a payload is about.
pub(crate) fn resource_id(provider: &Provider, payload: &str) -> String {
    let value = json::parse(payload.as_bytes()).unwrap();
    (provider.read)(&value).unwrap().resource.unwrap().id
}

/// The ledger's records of `provider` that `wanted` is true for.
async fn records(provider: &Provider, wanted: impl Fn(&Record) -> bool) -> Vec<Record> {
    let mut records = running::records(stack().await, provider).await;
    records.retain(wanted);
    records
}

/// Waits until `wanted` is true for a record of `provider`.
async fn record(provider: &Provider, what: &str, wanted: impl Fn(&Record) -> bool) -> Record {
    eventually(what, async || records(provider, &wanted).await.into_iter().next()).await
}

/// The only record of the resource `id`, once it has this status.
async fn settled(provider: &Provider, id: &str, status: &str) -> Record {
    let of_it = |record: &Record| record.resource_id.as_deref() == Some(id);
    record(provider, &format!("{status} of {id}"), |record| {
        of_it(record) && record.status == status
    })
    .await
}

/// The payments table's item of what a record's event is about.
async fn payments_item(record: &Record) -> BTreeMap<String, String> {
    let running = stack().await;
    let client = aws_sdk_dynamodb::Client::new(&running.sdk());
    let (pk, _) = record.key.split_once('|').unwrap();
    let get = client
        .get_item()
        .table_name(&running.outputs["PaymentsTableName"])
        .key("pk", AttributeValue::S(pk.to_owned()));
    let item = get.send().await.unwrap().item.unwrap_or_default();
    let text = |value: AttributeValue| match value {
        AttributeValue::S(text) | AttributeValue::N(text) => text,
        other => format!("{other:?}"),
    };
    item.into_iter().map(|(name, value)| (name, text(value))).collect()
}

/// Waits for a message of a queue; leaves it there for others to see. What is looked at is hidden for a
/// moment: else a queue with more than ten would show the same ten again and again.
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
