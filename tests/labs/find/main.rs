//! How long a search takes on a ledger of a million events, on DynamoDB in process (dynoxide):
//! `cargo bench --bench find -- 1000000`, or `-- 33000 3` for the same days, but only three of them. Less than a second
//! is the aim; the network's milliseconds to AWS come on top.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a benchmark fails by panicking"
)]

use std::collections::HashMap;
use std::time::{Duration, Instant};

use acuse_aws::ledger::reader::LedgerReader;
use acuse_cli::stack::filter::Filter;
use acuse_cli::stack::find::{self, Find};
use acuse_cli::stack::pages;
use acuse_core::clock::Timestamp;
use acuse_core::event::key::IdempotencyKey;
use acuse_core::event::reference::References;
use acuse_core::wire::delivery::DeliveryId;
use aws_config::{BehaviorVersion, Region};
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::{Credentials, SharedCredentialsProvider};
use aws_sdk_dynamodb::types::{
    AttributeDefinition, AttributeValue, BillingMode, GlobalSecondaryIndex, KeySchemaElement, KeyType, Projection,
    ProjectionType, PutRequest, ScalarAttributeType, WriteRequest,
};
use futures_util::{StreamExt, stream};

/// The ledger's days, unless the second argument says how many.
const DAYS: usize = 90;

/// Each search is made this often; the median and the slowest are printed.
const TIMES: usize = 21;

const PAYLOAD: &str = r#"{"event":"payment.approved","payment":{"id":"p","reference":"ORD","amount":150000.5,"currency":"COP","status":"approved"}}"#;

#[tokio::main]
async fn main() {
    // Cargo adds `--bench`.
    let mut numbers = std::env::args().skip(1).filter_map(|argument| argument.parse().ok());
    let (count, days): (usize, usize) = (numbers.next().unwrap_or(1_000_000), numbers.next().unwrap_or(DAYS));
    let client = ledger().await;
    let began = Instant::now();
    let batches: Vec<_> = (0..count).collect();
    stream::iter(batches.chunks(25))
        .for_each_concurrent(4, |places| write(&client, places, days))
        .await;
    println!("{count} events written in {:.0} s", began.elapsed().as_secs_f64());

    let middle = count / 2;
    let key = IdempotencyKey::new(format!("onepay#live#payment#p{middle:08}"), "payment.approved");
    let on_day = format!("{middle}.00 {}", received_at(middle, days).day());
    println!("| search | found | median | slowest |\n|---|---|---|---|");
    for (name, text) in [
        ("key", key.to_string()),
        ("reference", format!("ORD-{middle:08}")),
        ("beginning of a reference", format!("ORD-{:06}*", middle / 100)),
        ("payment's id", format!("p{middle:08}")),
        ("delivery id", delivery(middle, days).to_string()),
        ("nothing", "ORD-none".to_owned()),
        ("amount and day", on_day),
    ] {
        let reader = LedgerReader::new(client.clone(), "ledger");
        let find = Find {
            text: &text,
            account: None,
            limit: 100,
        };
        measure(name, async || {
            let found = find::look_in(&reader, &References::default(), &find).await;
            found.unwrap().records.len()
        })
        .await;
    }
    let (reader, now) = (LedgerReader::new(client, "ledger"), end(days));
    // What the inspector's pages read: its list of 100 events, and an overview's provider with two days of 2,000.
    measure("the list's first page", async || {
        let page = pages::page(&reader, &Filter::default(), |_| true, None, now, 100).await;
        page.unwrap().records.len()
    })
    .await;
    measure("the overview", async || {
        let mut read = 0;
        for back in 0..2 {
            let day = now.minus(Duration::from_hours(24 * back + 1));
            read += reader.on_day("onepay", None, day, 2000).await.unwrap().len();
        }
        read
    })
    .await;
    measure("the balance of 2 hours", async || {
        let since = now.minus(Duration::from_hours(2));
        reader.received_between("onepay", since, now, None).await.unwrap().len()
    })
    .await;
}

/// Prints how long a search takes.
async fn measure(name: &str, search: impl AsyncFn() -> usize) {
    let (mut took, mut found) = (Vec::new(), 0);
    for _ in 0..TIMES {
        let began = Instant::now();
        found = search().await;
        took.push(began.elapsed());
    }
    took.sort();
    let ms = |took: Duration| format!("{:.0} ms", took.as_secs_f64() * 1000.0);
    println!(
        "| {name} | {found} | {} | {} |",
        ms(took[TIMES / 2]),
        ms(took[TIMES - 1])
    );
}

/// Where the ledger's days begin.
fn first() -> Timestamp {
    Timestamp::from_rfc3339("2026-08-30T00:00:00Z").unwrap()
}

/// Where they end.
fn end(days: usize) -> Timestamp {
    Timestamp::from_millis(first().as_millis() + days as i64 * 86_400_000)
}

/// One a minute or so, over the days.
fn received_at(place: usize, days: usize) -> Timestamp {
    let millis = (place as i64 * 7_919) % (days as i64 * 86_400_000);
    Timestamp::from_millis(first().as_millis() + millis)
}

fn delivery(place: usize, days: usize) -> DeliveryId {
    let mut random = [0; 10];
    random[..8].copy_from_slice(&(place as u64).to_be_bytes());
    DeliveryId::new(received_at(place, days), random)
}

async fn write(client: &Client, places: &[usize], days: usize) {
    let writes = places.iter().map(|place| {
        let put = PutRequest::builder().set_item(Some(item(*place, days)));
        WriteRequest::builder().put_request(put.build().unwrap()).build()
    });
    let batch = client.batch_write_item().request_items("ledger", writes.collect());
    let left = batch.send().await.unwrap().unprocessed_items.unwrap_or_default();
    assert!(left.is_empty());
}

/// A completed payment, as the ledger writes it.
fn item(place: usize, days: usize) -> HashMap<String, AttributeValue> {
    let (at, id) = (received_at(place, days), format!("p{place:08}"));
    let key = IdempotencyKey::new(format!("onepay#live#payment#{id}"), "payment.approved");
    let shard = |whole: String| match key.shard(4) {
        0 => whole,
        shard => format!("{whole}#{shard}"),
    };
    let reference = format!("ORD-{place:08}");
    let texts = [
        ("pk", key.partition.clone()),
        ("sk", key.sort.clone()),
        ("provider", "onepay".to_owned()),
        ("environment", "live".to_owned()),
        ("type", "payment.approved".to_owned()),
        ("status", "COMPLETED".to_owned()),
        ("resource_kind", "payment".to_owned()),
        ("resource_id", id),
        ("delivery_id", delivery(place, days).to_string()),
        ("form", "raw".to_owned()),
        ("day", shard(format!("onepay#{}", at.day()))),
        ("body_sha256", "5a".repeat(32)),
        ("message_id", "01a210dc-0540-780c-968c-6556e20bffb4".to_owned()),
        ("amount", place.to_string()),
        ("currency", "COP".to_owned()),
        ("reference", reference.clone()),
        ("reference_of", shard("onepay".to_owned())),
        ("reference_key", reference),
        ("payload", PAYLOAD.to_owned()),
    ];
    let numbers = [
        ("attempts", 1),
        ("duplicates", 0),
        ("version", 1),
        ("received_at", at.as_millis()),
        ("claimed_at", at.as_millis() + 90),
        ("completed_at", at.as_millis() + 90),
        ("expires_at", at.as_seconds() + 90 * 86_400),
    ];
    let texts = texts.map(|(name, text)| (name.to_owned(), AttributeValue::S(text)));
    let numbers = numbers.map(|(name, number)| (name.to_owned(), AttributeValue::N(number.to_string())));
    texts.into_iter().chain(numbers).collect()
}

async fn ledger() -> Client {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(dynoxide::server::serve_on(
        listener,
        dynoxide::Database::memory().unwrap(),
    ));
    let config = aws_config::SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::from_static("us-east-1"))
        .endpoint_url(&endpoint)
        .credentials_provider(SharedCredentialsProvider::new(Credentials::for_tests()))
        .http_client(aws_smithy_http_client::Builder::new().build_http())
        .build();
    let client = Client::new(&config);
    let key = |name: &str, kind| {
        KeySchemaElement::builder()
            .attribute_name(name)
            .key_type(kind)
            .build()
            .unwrap()
    };
    let index = |name: &str, hash: &str, range: &str, projection| {
        GlobalSecondaryIndex::builder()
            .index_name(name)
            .key_schema(key(hash, KeyType::Hash))
            .key_schema(key(range, KeyType::Range))
            .projection(Projection::builder().projection_type(projection).build())
            .build()
            .unwrap()
    };
    let attributes = ["pk", "sk", "day", "reference_of", "reference_key"].map(|name| (name, ScalarAttributeType::S));
    let create = attributes
        .into_iter()
        .chain([("received_at", ScalarAttributeType::N)])
        .map(|(name, kind)| {
            let attribute = AttributeDefinition::builder().attribute_name(name);
            attribute.attribute_type(kind).build().unwrap()
        })
        .fold(client.create_table().table_name("ledger"), |create, attribute| {
            create.attribute_definitions(attribute)
        });
    create
        .billing_mode(BillingMode::PayPerRequest)
        .key_schema(key("pk", KeyType::Hash))
        .key_schema(key("sk", KeyType::Range))
        .global_secondary_indexes(index("by-day", "day", "received_at", ProjectionType::All))
        .global_secondary_indexes(index(
            "by-reference",
            "reference_of",
            "reference_key",
            ProjectionType::KeysOnly,
        ))
        .send()
        .await
        .unwrap();
    client
}
