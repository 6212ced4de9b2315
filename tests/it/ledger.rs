//! The ledger's adapter against DynamoDB's conditional writes (dynoxide, in process).

mod attempts;
mod calls;
mod conflict;
mod days;
mod single_call;

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use acuse_aws::ledger::DynamoLedger;
use acuse_aws::ledger::reader::LedgerReader;
use acuse_aws::ledger::record::Record;
use acuse_core::clock::Timestamp;
use acuse_core::event::{Environment, Event};
use acuse_core::hook::Effects;
use acuse_core::ledger::{Blame, Claim, Claimed, Lease, Ledger, LedgerError, Status};
use acuse_core::providers::kuenta;
use acuse_core::wire::delivery::{CanonicalForm, DeliveryId};
use acuse_core::wire::envelope::Envelope;
use aws_config::{BehaviorVersion, Region};
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::{Credentials, SharedCredentialsProvider};
use aws_sdk_dynamodb::types::{
    AttributeDefinition, AttributeValue, BillingMode, GlobalSecondaryIndex, KeySchemaElement, KeyType, Projection,
    ProjectionType, ScalarAttributeType, TransactWriteItem, Update,
};
use tokio::net::TcpListener;

use calls::Calls;

const RETENTION: Duration = Duration::from_secs(90 * 24 * 3600);

/// A DynamoDB with the ledger's table and one for effects.
pub(crate) struct Tables {
    pub(crate) endpoint: String,
    client: Client,
    ledger: DynamoLedger,
    calls: Calls,
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

    async fn claim(&self, event: &Event, token: &str, now: i64) -> Claim {
        let lease = Lease {
            token: token.to_owned(),
            expires_at: seconds(now + 30),
            message_id: format!("message of {token}"),
            first: true,
        };
        self.ledger.claim(event, &lease, seconds(now)).await.unwrap()
    }

    async fn claimed(&self, event: &Event, token: &str, now: i64) -> Claimed {
        match self.claim(event, token, now).await {
            Claim::Claimed(claimed) => claimed,
            other => panic!("not claimed: {other:?}"),
        }
    }

    async fn record(&self, event: &Event) -> Record {
        self.records(&event.key.partition)
            .await
            .into_iter()
            .find(|record| record.key == event.key.to_string())
            .unwrap()
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
        reader.on_day(provider, day, usize::MAX).await.unwrap()
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
    client
        .create_table()
        .table_name("ledger")
        .billing_mode(BillingMode::PayPerRequest)
        .attribute_definitions(attribute("pk", ScalarAttributeType::S))
        .attribute_definitions(attribute("sk", ScalarAttributeType::S))
        .attribute_definitions(attribute("day", ScalarAttributeType::S))
        .attribute_definitions(attribute("received_at", ScalarAttributeType::N))
        .key_schema(key("pk", KeyType::Hash))
        .key_schema(key("sk", KeyType::Range))
        .global_secondary_indexes(index)
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

fn seconds(at: i64) -> Timestamp {
    Timestamp::from_seconds(1_700_000_000 + at)
}

fn event_with(id: &str, note: &str) -> Event {
    let body = format!(r#"{{"event":"payment.completed","data":{{"id":"{id}","note":"{note}"}}}}"#);
    let envelope = Envelope {
        provider: "kuenta".to_owned(),
        content: Default::default(),
        delivery_id: DeliveryId::new(seconds(0), [1; 10]),
        received_at: seconds(0),
        form: CanonicalForm::Raw,
        body: body.into(),
        replay: None,
    };
    Event::read(envelope, &kuenta::PROVIDER, Environment::Live)
}

fn event(id: &str) -> Event {
    event_with(id, "")
}

/// Adds one to the total; with a condition that may not hold.
fn effect(condition: Option<&str>) -> Effects<TransactWriteItem> {
    let update = Update::builder()
        .table_name("effects")
        .key("pk", AttributeValue::S("total".to_owned()))
        .update_expression("ADD applied :one")
        .set_condition_expression(condition.map(str::to_owned))
        .expression_attribute_values(":one", AttributeValue::N("1".to_owned()));
    Effects::write(TransactWriteItem::builder().update(update.build().unwrap()).build())
}

/// A hook has failed, and may be called again then.
fn failed(again: i64) -> Blame {
    Blame::Hook {
        retry_at: seconds(again),
    }
}

fn lost(result: Result<(), LedgerError>) -> bool {
    matches!(result, Err(LedgerError::LeaseLost { .. }))
}

#[tokio::test]
async fn a_new_event_is_claimed_completed_and_then_a_duplicate() {
    let (tables, event) = (Tables::create().await, event("p1"));
    let claimed = tables.claimed(&event, "a", 0).await;
    assert_eq!(claimed.taken.attempt, 1);
    tables
        .ledger
        .complete(&claimed, Some(("payments", effect(None))), seconds(1))
        .await
        .unwrap();

    let claim = tables.claim(&event, "b", 2).await;
    assert!(
        matches!(
            claim,
            Claim::Duplicate {
                status: Status::Completed
            }
        ),
        "{claim:?}"
    );
    tables.ledger.count_duplicate(&event.key, seconds(9)).await.unwrap();

    let record = tables.record(&event).await;
    assert_eq!((record.status, record.attempts, record.duplicates), ("COMPLETED", 1, 1));
    assert_eq!(
        record.hooks,
        BTreeMap::from([("payments".to_owned(), seconds(1).to_string())])
    );
    assert_eq!(record.payload.as_deref(), Some(event.body().as_ref()));
    assert_eq!(
        (record.resource_kind.as_deref(), record.resource_id.as_deref()),
        (Some("payment"), Some("p1"))
    );
    assert_eq!(tables.applied("total").await, 1);
}

#[tokio::test]
async fn a_running_lease_is_waited_for_to_the_millisecond() {
    let (tables, event) = (Tables::create().await, event("p1"));
    tables.claimed(&event, "a", 0).await;
    let claim = tables.claim(&event, "b", 29).await;
    assert!(
        matches!(claim, Claim::Wait { until } if until == seconds(30)),
        "{claim:?}"
    );
    assert_eq!(tables.claimed(&event, "b", 30).await.taken.attempt, 2);
}

#[tokio::test]
async fn a_late_owner_changes_nothing() {
    let (tables, event) = (Tables::create().await, event("p1"));
    let late = tables.claimed(&event, "a", 0).await;
    let owner = tables.claimed(&event, "b", 31).await;

    let now = seconds(32);
    assert!(lost(
        tables.ledger.record_hook(&late, "payments", effect(None), now).await
    ));
    assert!(lost(
        tables
            .ledger
            .complete(&late, Some(("payments", effect(None))), now)
            .await
    ));
    assert!(lost(tables.ledger.complete(&late, None, now).await));
    assert!(lost(tables.ledger.release(&late, "late", failed(32)).await));
    assert!(lost(tables.ledger.reject(&late, "late", now).await));
    assert_eq!(
        tables.applied("total").await,
        0,
        "its effects rolled back with its transaction"
    );
    assert_eq!(tables.record(&event).await.status, "IN_PROGRESS");

    tables
        .ledger
        .complete(&owner, Some(("payments", effect(None))), now)
        .await
        .unwrap();
    assert!(lost(
        tables
            .ledger
            .complete(&late, Some(("payments", effect(None))), now)
            .await
    ));
    assert_eq!(tables.applied("total").await, 1);
}

#[tokio::test]
async fn a_released_event_is_claimed_with_what_is_done() {
    let (tables, event) = (Tables::create().await, event("p1"));
    let claimed = tables.claimed(&event, "a", 0).await;
    tables
        .ledger
        .record_hook(&claimed, "first", effect(None), seconds(1))
        .await
        .unwrap();
    tables
        .ledger
        .release(&claimed, "hook `second`: not yet", failed(2))
        .await
        .unwrap();
    let record = tables.record(&event).await;
    assert_eq!(
        (record.status, record.error.as_deref()),
        ("RELEASED", Some("hook `second`: not yet"))
    );

    let again = tables.claimed(&event, "b", 2).await;
    assert_eq!(again.taken.attempt, 2);
    assert_eq!(again.taken.hooks, BTreeMap::from([("first".to_owned(), seconds(1))]));
    tables
        .ledger
        .complete(&again, Some(("second", effect(None))), seconds(3))
        .await
        .unwrap();
    let record = tables.record(&event).await;
    assert_eq!(
        (record.status, record.error, record.hooks.len()),
        ("COMPLETED", None, 2)
    );
    assert_eq!(tables.applied("total").await, 2);
}

#[tokio::test]
async fn a_released_event_waits_for_its_time_to_the_millisecond() {
    let (tables, event) = (Tables::create().await, event("p1"));
    let claimed = tables.claimed(&event, "a", 0).await;
    tables.ledger.release(&claimed, "not yet", failed(60)).await.unwrap();
    for (owner, now) in [("b", 1), ("a", 59)] {
        let claim = tables.claim(&event, owner, now).await;
        assert!(
            matches!(claim, Claim::Wait { until } if until == seconds(60)),
            "{claim:?}"
        );
    }
    assert_eq!(tables.record(&event).await.attempts, 1, "to wait is no attempt");
    let again = tables.claimed(&event, "b", 60).await;
    assert_eq!(again.taken.attempt, 2);
    // It was for that one attempt: nobody's fault asks for none, and neither does an owner's death.
    tables.ledger.release(&again, "throttled", Blame::Nobody).await.unwrap();
    tables.claimed(&event, "c", 0).await;
    assert_eq!(tables.claimed(&event, "d", 31).await.taken.attempt, 3);
}

/// It goes at once where its message comes for the first time; later it is a delivery like the others.
#[tokio::test]
async fn an_operators_replay_does_not_wait_when_it_comes_first() {
    let (tables, mut event) = (Tables::create().await, event("p1"));
    let claimed = tables.claimed(&event, "a", 0).await;
    tables.ledger.release(&claimed, "not yet", failed(60)).await.unwrap();
    let lease = |token: &str, first| Lease {
        token: token.to_owned(),
        expires_at: seconds(31),
        message_id: format!("message of {token}"),
        first,
    };
    event.replay = true;
    let again = tables
        .ledger
        .claim(&event, &lease("b", false), seconds(1))
        .await
        .unwrap();
    assert!(matches!(again, Claim::Wait { .. }), "{again:?}");
    // The message that has just failed is no such one.
    let same = tables
        .ledger
        .claim(&event, &lease("a", true), seconds(1))
        .await
        .unwrap();
    assert!(matches!(same, Claim::Wait { .. }), "{same:?}");
    let first = tables
        .ledger
        .claim(&event, &lease("b", true), seconds(1))
        .await
        .unwrap();
    assert!(matches!(first, Claim::Claimed(_)), "{first:?}");
}

#[tokio::test]
async fn a_rejected_event_stays_so() {
    let (tables, event) = (Tables::create().await, event("p1"));
    let claimed = tables.claimed(&event, "a", 0).await;
    tables
        .ledger
        .reject(&claimed, "no such order", seconds(1))
        .await
        .unwrap();
    let claim = tables.claim(&event, "b", 999).await;
    assert!(
        matches!(
            claim,
            Claim::Duplicate {
                status: Status::Rejected
            }
        ),
        "{claim:?}"
    );
    assert_eq!(tables.record(&event).await.error.as_deref(), Some("no such order"));
}

#[tokio::test]
async fn effects_whose_condition_does_not_hold_leave_the_event_open() {
    let (tables, event) = (Tables::create().await, event("p1"));
    let claimed = tables.claimed(&event, "a", 0).await;
    let refused = tables
        .ledger
        .complete(&claimed, Some(("h", effect(Some("attribute_exists(pk)")))), seconds(1))
        .await;
    assert!(
        matches!(refused, Err(LedgerError::EffectsRefused { .. })),
        "{refused:?}"
    );
    assert_eq!(tables.record(&event).await.status, "IN_PROGRESS");
    tables.ledger.release(&claimed, "refused", failed(2)).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn of_64_claims_at_once_one_wins() {
    let tables = Tables::create().await;
    let event = event("p1");
    let claims: Vec<_> = (0..64)
        .map(|n| {
            let (ledger, event) = (tables.ledger.clone(), event.clone());
            tokio::spawn(async move {
                let lease = Lease {
                    token: format!("owner {n}"),
                    expires_at: seconds(30),
                    message_id: n.to_string(),
                    first: true,
                };
                ledger.claim(&event, &lease, seconds(0)).await.unwrap()
            })
        })
        .collect();
    let mut won = 0;
    for claim in claims {
        match claim.await.unwrap() {
            Claim::Claimed(_) => won += 1,
            Claim::Wait { until } => assert_eq!(until, seconds(30)),
            other => panic!("nothing is finished: {other:?}"),
        }
    }
    assert_eq!(won, 1);
    assert_eq!(tables.record(&event).await.attempts, 1);
}

#[tokio::test]
async fn payloads_are_kept_compressed_and_binary() {
    let tables = Tables::create().await;
    let long = event_with("long", &"año ".repeat(200_000));
    tables.claimed(&long, "a", 0).await;
    assert_eq!(
        tables.record(&long).await.payload.as_deref(),
        Some(long.body().as_ref())
    );

    // What hardly compresses and is longer than an item.
    let noise: String = std::iter::repeat_with(fastrand::alphanumeric).take(1_000_000).collect();
    let whole = event_with("noise", &noise);
    tables.claimed(&whole, "a", 0).await;
    let record = tables.record(&whole).await;
    assert!(record.payload.is_none() && record.parts > 1, "{}", record.parts);
    let reader = LedgerReader::new(tables.client.clone(), "ledger");
    assert_eq!(
        reader.payload(&record).await.unwrap().as_deref(),
        Some(whole.body().as_ref())
    );

    let envelope = Envelope {
        provider: "kuenta".to_owned(),
        content: Default::default(),
        delivery_id: DeliveryId::new(seconds(0), [1; 10]),
        received_at: seconds(0),
        form: CanonicalForm::Raw,
        body: bytes::Bytes::from_static(b"\xff\xfe"),
        replay: None,
    };
    let binary = Event::read(envelope, &kuenta::PROVIDER, Environment::Live);
    tables.claimed(&binary, "a", 0).await;
    assert_eq!(tables.record(&binary).await.payload.as_deref(), Some(&b"\xff\xfe"[..]));
}

#[tokio::test]
async fn an_item_that_is_no_record_is_named() {
    let tables = Tables::create().await;
    let event = event("p1");
    let item = HashMap::from([
        ("pk".to_owned(), AttributeValue::S(event.key.partition.clone())),
        ("sk".to_owned(), AttributeValue::S(event.key.sort.clone())),
    ]);
    tables
        .client
        .put_item()
        .table_name("ledger")
        .set_item(Some(item))
        .send()
        .await
        .unwrap();
    let lease = Lease {
        token: "a".to_owned(),
        expires_at: seconds(30),
        message_id: "m".to_owned(),
        first: true,
    };
    let Err(error) = tables.ledger.claim(&event, &lease, seconds(0)).await else {
        panic!("claimed over a foreign item");
    };
    assert_eq!(
        acuse_core::error::chain(&error),
        format!("claim {}: the item has no usable attribute `status`", event.key)
    );
}

#[tokio::test]
async fn a_claim_whose_answer_was_lost_is_ours_when_it_is_sent_again() {
    let tables = Tables::create().await;
    let event = event("p1");
    tables.claimed(&event, "a", 0).await;
    let again = tables.claimed(&event, "a", 0).await;
    assert_eq!(again.taken.attempt, 1);
    tables.ledger.complete(&again, None, seconds(1)).await.unwrap();
    assert_eq!(tables.record(&event).await.status, "COMPLETED");
}

#[tokio::test]
async fn an_operators_replay_claims_what_was_rejected() {
    let tables = Tables::create().await;
    let mut event = event("p1");
    let claimed = tables.claimed(&event, "a", 0).await;
    tables.ledger.reject(&claimed, "no", seconds(1)).await.unwrap();
    assert!(matches!(
        tables.claim(&event, "b", 2).await,
        Claim::Duplicate {
            status: Status::Rejected
        }
    ));
    event.replay = true;
    let claimed = tables.claimed(&event, "c", 3).await;
    assert_eq!(claimed.taken.attempt, 2);
    // Rejected again, and its message received once more before it is deleted: once is enough.
    tables.ledger.reject(&claimed, "no", seconds(3)).await.unwrap();
    let lease = Lease {
        token: "another".to_owned(),
        expires_at: seconds(40),
        message_id: "message of c".to_owned(),
        first: true,
    };
    let again = tables.ledger.claim(&event, &lease, seconds(4)).await.unwrap();
    assert!(matches!(
        again,
        Claim::Duplicate {
            status: Status::Rejected
        }
    ));
    let claimed = tables.claimed(&event, "e", 4).await;
    tables.ledger.complete(&claimed, None, seconds(4)).await.unwrap();
    assert!(matches!(
        tables.claim(&event, "d", 5).await,
        Claim::Duplicate {
            status: Status::Completed
        }
    ));
}

#[tokio::test]
async fn what_is_recorded_at_a_key_takes_one_read() {
    let tables = Tables::create().await;
    let event = event("p1");
    assert_eq!(tables.ledger.recorded(&event.key).await.unwrap(), None);
    tables.claimed(&event, "a", 0).await;
    tables.calls.take();
    let recorded = tables.ledger.recorded(&event.key).await.unwrap().unwrap();
    assert_eq!(recorded.type_name, event.type_name);
    assert_eq!(recorded.body_sha256, event.body_sha256());
    assert_eq!(
        (tables.calls.take(), tables.calls.take_read()),
        (vec!["Query".to_owned()], 1)
    );
    let mut other = event.key.clone();
    other.sort.push_str("#2");
    assert_eq!(tables.ledger.recorded(&other).await.unwrap(), None);
}

#[tokio::test]
async fn a_later_event_of_the_same_resource_overtakes() {
    let tables = Tables::create().await;
    let mut early = event("p1");
    let mut late = event("p1");
    early.occurred_at = Some(seconds(10));
    late.occurred_at = Some(seconds(20));
    late.key.sort = "payment.refunded".to_owned();
    let claimed = tables.claimed(&late, "a", 30).await;
    assert!(
        !tables.ledger.overtaken(&early).await.unwrap(),
        "it is not completed yet"
    );
    tables.ledger.complete(&claimed, None, seconds(31)).await.unwrap();
    assert!(tables.ledger.overtaken(&early).await.unwrap());
    assert!(!tables.ledger.overtaken(&late).await.unwrap());
    let mut other = event("p2");
    other.occurred_at = Some(seconds(10));
    assert!(!tables.ledger.overtaken(&other).await.unwrap());
}

#[tokio::test]
async fn where_a_condition_does_not_hold_the_other_writes_are_made() {
    let tables = Tables::create().await;
    for (id, expected) in [("p1", 1), ("p2", 3)] {
        let event = event(id);
        let claimed = tables.claimed(&event, "a", 0).await;
        let guarded = |by: i32, condition: &str| {
            let update = Update::builder()
                .table_name("effects")
                .key("pk", AttributeValue::S("guarded".to_owned()))
                .update_expression("ADD applied :by")
                .condition_expression(condition)
                .expression_attribute_values(":by", AttributeValue::N(by.to_string()))
                .build()
                .unwrap();
            Effects::write(TransactWriteItem::builder().update(update).build())
        };
        let effects = guarded(1, "attribute_not_exists(applied)").or(guarded(2, "attribute_exists(applied)"));
        tables
            .ledger
            .complete(&claimed, Some(("h", effects)), seconds(1))
            .await
            .unwrap();
        assert_eq!(tables.applied("guarded").await, expected);
        assert_eq!(tables.record(&event).await.status, "COMPLETED");
    }
}

#[tokio::test]
async fn a_hooks_effects_are_applied_once_though_its_record_is_sent_twice() {
    let tables = Tables::create().await;
    let event = event("p1");
    let claimed = tables.claimed(&event, "a", 0).await;
    let effects = || {
        let update = Update::builder()
            .table_name("effects")
            .key("pk", AttributeValue::S("twice".to_owned()))
            .update_expression("ADD applied :one")
            .expression_attribute_values(":one", AttributeValue::N("1".to_owned()))
            .build()
            .unwrap();
        Effects::write(TransactWriteItem::builder().update(update).build())
    };
    tables
        .ledger
        .record_hook(&claimed, "h", effects(), seconds(1))
        .await
        .unwrap();
    let again = tables.ledger.record_hook(&claimed, "h", effects(), seconds(1)).await;
    assert!(matches!(again, Err(LedgerError::LeaseLost { .. })));
    assert_eq!(tables.applied("twice").await, 1);
}
