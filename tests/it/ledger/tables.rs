//! A DynamoDB (dynoxide, in process) with the ledger's table and one for effects.

use std::collections::HashMap;

use acuse_aws::ledger::DynamoLedger;
use acuse_aws::ledger::reader::LedgerReader;
use acuse_aws::ledger::record::Record;
use acuse_core::clock::Timestamp;
use acuse_core::event::Event;
use acuse_core::hook::Effects;
use acuse_core::ledger::{Change, Claimed, Lease, Ledger, LedgerError, Override, Refused};
use aws_config::{BehaviorVersion, Region};
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::{Credentials, SharedCredentialsProvider};
use aws_sdk_dynamodb::types::{
    AttributeDefinition, AttributeValue, BillingMode, GlobalSecondaryIndex, KeySchemaElement, KeyType, Projection,
    ProjectionType, ScalarAttributeType, TransactWriteItem,
};
use tokio::net::TcpListener;

use super::calls::Calls;
use super::{RETENTION, seconds};

/// A DynamoDB with the ledger's table and one for effects.
pub(crate) struct Tables {
    pub(crate) endpoint: String,
    pub(super) client: Client,
    pub(super) ledger: DynamoLedger,
    pub(super) calls: Calls,
}

impl Tables {
    pub(crate) async fn create() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
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
        let calls = Calls::default();
        let config = aws_sdk_dynamodb::config::Builder::from(&config).interceptor(calls.clone());
        let client = Client::from_conf(config.build());
        create_ledger(&client).await;
        client
            .create_table()
            .table_name("effects")
            .billing_mode(BillingMode::PayPerRequest)
            .attribute_definitions(attribute("pk", ScalarAttributeType::S))
            .key_schema(key("pk", KeyType::Hash))
            .send()
            .await
            .unwrap();
        let ledger = DynamoLedger::new(client.clone(), "ledger", RETENTION);
        Self {
            endpoint,
            client,
            ledger,
            calls,
        }
    }

    pub(super) async fn claim(&self, event: &Event, token: &str, now: i64) -> Result<Claimed, Refused> {
        let lease = Lease {
            expires_at: seconds(now + 30),
            overrides: Override::of(event.replay, 1),
            ..super::lease(token)
        };
        self.ledger.claim(event, &lease, seconds(now)).await.unwrap()
    }

    pub(super) async fn claimed(&self, event: &Event, token: &str, now: i64) -> Claimed {
        self.claim(event, token, now).await.unwrap()
    }

    /// The owner's write.
    pub(super) async fn change(
        &self,
        claimed: &Claimed,
        change: Change<Effects<TransactWriteItem>>,
        now: i64,
    ) -> Result<(), LedgerError> {
        self.ledger.change(claimed, change, seconds(now)).await
    }

    pub(super) async fn record(&self, event: &Event) -> Record {
        self.records(&event.key.partition)
            .await
            .into_iter()
            .find(|record| record.key == event.key.to_string())
            .unwrap()
    }

    /// An event's item as it is.
    pub(super) async fn item(&self, event: &Event) -> HashMap<String, AttributeValue> {
        let get = self.client.get_item().table_name("ledger");
        let get = get.key("pk", AttributeValue::S(event.key.partition.clone()));
        let get = get.key("sk", AttributeValue::S(event.key.sort.clone()));
        get.send().await.unwrap().item.unwrap()
    }

    /// The only record of a partition.
    pub(crate) async fn only_record(&self, partition: &str) -> Record {
        let mut records = self.records(partition).await;
        assert_eq!(records.len(), 1, "{partition}");
        records.remove(0)
    }

    pub(crate) async fn records(&self, partition: &str) -> Vec<Record> {
        let reader = LedgerReader::new(self.client.clone(), "ledger");
        reader.partition(partition).await.unwrap()
    }

    pub(crate) async fn on_day(&self, provider: &str, day: Timestamp) -> Vec<Record> {
        let reader = LedgerReader::new(self.client.clone(), "ledger");
        reader.on_day(provider, None, day, usize::MAX).await.unwrap()
    }

    /// Puts a record as it is, in DynamoDB's JSON.
    pub(crate) async fn put_record(&self, item: HashMap<String, serde_json::Value>) {
        self.put("ledger", item).await;
    }

    /// Puts a row of the hook `payments`, likewise.
    pub(crate) async fn put_payment(&self, item: HashMap<String, serde_json::Value>) {
        self.put("effects", item).await;
    }

    async fn put(&self, table: &str, item: HashMap<String, serde_json::Value>) {
        let put = item
            .into_iter()
            .fold(self.client.put_item().table_name(table), |put, (name, value)| {
                put.item(name, attribute_value(&value))
            });
        put.send().await.unwrap();
    }

    /// How many effects were applied to an item.
    pub(crate) async fn applied(&self, pk: &str) -> u32 {
        let item = self
            .client
            .get_item()
            .table_name("effects")
            .key("pk", AttributeValue::S(pk.to_owned()));
        let item = item.send().await.unwrap().item.unwrap_or_default();
        item.get("applied").map_or(0, |n| n.as_n().unwrap().parse().unwrap())
    }
}

/// An attribute in DynamoDB's JSON: `{"S": "text"}`, `{"N": "1"}`, `{"M": {…}}`.
fn attribute_value(json: &serde_json::Value) -> AttributeValue {
    let (kind, value) = json.as_object().unwrap().iter().next().unwrap();
    let text = || value.as_str().unwrap().to_owned();
    match kind.as_str() {
        "S" => AttributeValue::S(text()),
        "N" => AttributeValue::N(text()),
        "M" => AttributeValue::M(
            value
                .as_object()
                .unwrap()
                .iter()
                .map(|(name, value)| (name.clone(), attribute_value(value)))
                .collect(),
        ),
        other => panic!("no attribute of kind {other} in the fixtures"),
    }
}

async fn create_ledger(client: &Client) {
    let index = GlobalSecondaryIndex::builder()
        .index_name("by-day")
        .key_schema(key("day", KeyType::Hash))
        .key_schema(key("received_at", KeyType::Range))
        .projection(Projection::builder().projection_type(ProjectionType::All).build())
        .build()
        .unwrap();
    let by_reference = GlobalSecondaryIndex::builder()
        .index_name("by-reference")
        .key_schema(key("reference_of", KeyType::Hash))
        .key_schema(key("reference_key", KeyType::Range))
        .projection(Projection::builder().projection_type(ProjectionType::KeysOnly).build())
        .build()
        .unwrap();
    client
        .create_table()
        .table_name("ledger")
        .billing_mode(BillingMode::PayPerRequest)
        .attribute_definitions(attribute("pk", ScalarAttributeType::S))
        .attribute_definitions(attribute("sk", ScalarAttributeType::S))
        .attribute_definitions(attribute("day", ScalarAttributeType::S))
        .attribute_definitions(attribute("received_at", ScalarAttributeType::N))
        .attribute_definitions(attribute("reference_of", ScalarAttributeType::S))
        .attribute_definitions(attribute("reference_key", ScalarAttributeType::S))
        .key_schema(key("pk", KeyType::Hash))
        .key_schema(key("sk", KeyType::Range))
        .global_secondary_indexes(index)
        .global_secondary_indexes(by_reference)
        .send()
        .await
        .unwrap();
}

fn attribute(name: &str, kind: ScalarAttributeType) -> AttributeDefinition {
    AttributeDefinition::builder()
        .attribute_name(name)
        .attribute_type(kind)
        .build()
        .unwrap()
}

fn key(name: &str, kind: KeyType) -> KeySchemaElement {
    KeySchemaElement::builder()
        .attribute_name(name)
        .key_type(kind)
        .build()
        .unwrap()
}
