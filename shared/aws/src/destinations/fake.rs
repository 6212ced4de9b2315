//! What tests of this module need: a ledger in the test's process, a queue that keeps requests, and an event.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use acuse_core::clock::Timestamp;
use acuse_core::destination::DestinationName;
use acuse_core::destination::delivery::DeliveryKey;
use acuse_core::event::{Environment, Event};
use acuse_core::hook::Effects;
use acuse_core::ledger::{Commit, Lease, Ledger, Override, RecordAs};
use acuse_core::providers::onepay;
use acuse_core::wire::envelope::Envelope;
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_credential_types::Credentials;
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::{
    AttributeDefinition, BillingMode, GlobalSecondaryIndex, KeySchemaElement, KeyType, Projection, ProjectionType,
    ScalarAttributeType,
};
use aws_sdk_sqs::config::SharedCredentialsProvider;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use super::items::Deliveries;
use crate::ledger::DynamoLedger;
use crate::ledger::fake::{Requests, http};

pub(crate) const NOW: Timestamp = Timestamp::from_seconds(1_800_000_000);

pub(crate) fn name(text: &str) -> DestinationName {
    DestinationName::parse(text).unwrap()
}

pub(crate) fn event() -> Event {
    event_with(r#"{"payment":{"id":"p-1","amount":150000.10},"event":{"type":"payment.approved"}}"#)
}

/// The event with these bytes.
pub(crate) fn event_with(body: &str) -> Event {
    let envelope = Envelope::from_message(body, |name| match name {
        "envelope" => Some("1"),
        "provider" => Some("onepay"),
        "delivery_id" => Some("018bcfe5-6800-7707-8707-070707070707"),
        "received_at" => Some("1800000000250"),
        "form" => Some("raw"),
        _ => None,
    });
    Event::read(envelope.unwrap(), &onepay::PROVIDER, Environment::Live)
}

pub(crate) fn key(destination: &str) -> DeliveryKey {
    DeliveryKey {
        event: event().key,
        destination: name(destination),
    }
}

/// The table `ledger`, empty.
pub(crate) async fn ledger() -> Client {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    let database = dynoxide::Database::memory().unwrap();
    tokio::spawn(dynoxide::server::serve_on(listener, database));
    let clock = std::sync::Arc::new(crate::system::SystemClock);
    let sdk = sdk(crate::sdk::http::client(clock).unwrap());
    let client = Client::new(&sdk.into_builder().endpoint_url(endpoint).build());
    let attribute = |name: &str, kind| {
        let definition = AttributeDefinition::builder().attribute_name(name);
        definition.attribute_type(kind).build().unwrap()
    };
    let key = |name: &str, kind| {
        let element = KeySchemaElement::builder().attribute_name(name);
        element.key_type(kind).build().unwrap()
    };
    let all = Projection::builder().projection_type(ProjectionType::All).build();
    let index = GlobalSecondaryIndex::builder()
        .index_name("by-day")
        .key_schema(key("day", KeyType::Hash))
        .key_schema(key("received_at", KeyType::Range))
        .projection(all)
        .build()
        .unwrap();
    let create = client.create_table().table_name("ledger");
    let create = create
        .billing_mode(BillingMode::PayPerRequest)
        .attribute_definitions(attribute("pk", ScalarAttributeType::S))
        .attribute_definitions(attribute("sk", ScalarAttributeType::S))
        .attribute_definitions(attribute("day", ScalarAttributeType::S))
        .attribute_definitions(attribute("received_at", ScalarAttributeType::N))
        .key_schema(key("pk", KeyType::Hash))
        .key_schema(key("sk", KeyType::Range))
        .global_secondary_indexes(index);
    create.send().await.unwrap();
    client
}

/// Records the event as completed, and owed to these destinations since `now`.
pub(crate) async fn complete(client: &Client, event: &Event, destinations: &[&str], now: Timestamp) {
    let deliveries = Deliveries::new(client.clone(), "ledger");
    let ledger = DynamoLedger::new(client.clone(), "ledger", Duration::from_secs(3600));
    let owed = destinations.iter().map(|name| key(name));
    let writes = owed.map(|key| deliveries.owe(&key, event.received_at, now, now).unwrap());
    let effects = Effects::writes(writes.collect()).owed_to(destinations.iter().map(ToString::to_string));
    let lease = Lease {
        token: "t".to_owned(),
        expires_at: now,
        message_id: "m".to_owned(),
        overrides: Override::None,
    };
    let hooks = vec![("destinations", effects)];
    let commit = ledger.commit_new(event, &lease, hooks, RecordAs::Completed, now);
    assert_eq!(commit.await.unwrap(), Ok(Commit::Completed));
}

/// An SQS that gives this answer every time, and keeps the requests.
pub(crate) fn queue(answer: &str) -> (aws_sdk_sqs::Client, Requests) {
    let (http, requests) = http(vec![(200, answer.to_owned())]);
    (aws_sdk_sqs::Client::new(&sdk(http)), requests)
}

pub(crate) fn sdk(http: impl aws_smithy_runtime_api::client::http::HttpClient + 'static) -> SdkConfig {
    let credentials = Credentials::new("test", "test", None, None, "test");
    SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("us-east-1"))
        .credentials_provider(SharedCredentialsProvider::new(credentials))
        .http_client(http)
        .build()
}

/// A receiver that gives these answers in turn, and the last one from then on. An empty answer is none: the connection
/// is closed. It keeps what it was sent.
pub(crate) struct Receiver {
    pub(crate) url: String,
    requests: Arc<Mutex<Vec<String>>>,
}

impl Receiver {
    pub(crate) async fn start(answers: &[&str]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/webhooks", listener.local_addr().unwrap());
        let requests = Arc::<Mutex<Vec<String>>>::default();
        let kept = Arc::clone(&requests);
        let answers: Vec<_> = answers.iter().map(|answer| (*answer).to_owned()).collect();
        tokio::spawn(async move {
            loop {
                let (mut stream, _) = listener.accept().await.unwrap();
                let request = read_request(&mut stream).await;
                let place = {
                    let mut kept = kept.lock().unwrap();
                    kept.push(request);
                    kept.len() - 1
                };
                let answer = answers.get(place).or(answers.last()).unwrap().clone();
                tokio::spawn(async move {
                    match answer == SILENCE {
                        true => tokio::time::sleep(Duration::from_secs(60)).await,
                        false => stream.write_all(answer.as_bytes()).await.unwrap(),
                    }
                });
            }
        });
        Self { url, requests }
    }

    pub(crate) fn requests(&self) -> Vec<String> {
        self.requests.lock().unwrap().clone()
    }
}

/// Does not answer, and keeps the connection open.
pub(crate) const SILENCE: &str = " ";

pub(crate) fn status(status: u16) -> String {
    format!("HTTP/1.1 {status} Status\r\ncontent-length: 4\r\nconnection: close\r\n\r\nsaid")
}

async fn read_request(stream: &mut TcpStream) -> String {
    let mut request = Vec::new();
    let mut buffer = [0; 4096];
    loop {
        let length = stream.read(&mut buffer).await.unwrap();
        request.extend_from_slice(&buffer[..length]);
        let text = String::from_utf8_lossy(&request).into_owned();
        let Some((head, body)) = text.split_once("\r\n\r\n") else {
            continue;
        };
        let expected = head.lines().find_map(|line| line.strip_prefix("content-length: "));
        if body.len() >= expected.unwrap().parse().unwrap() || length == 0 {
            return text;
        }
    }
}
