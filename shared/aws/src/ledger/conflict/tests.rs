//! The exact requests, and what the answers mean.

use std::time::Duration;

use acuse_core::event::{Environment, Event};
use acuse_core::ledger::{ConflictRecord, Ledger};
use acuse_core::providers::kuenta;
use acuse_core::wire::delivery::{CanonicalForm, DeliveryId};
use acuse_core::wire::envelope::Envelope;

use super::super::DynamoLedger;
use super::super::fake::client;
use super::*;

/// A refusal by this item, in DynamoDB's JSON.
fn refused(item: &str) -> (u16, String) {
    let name = "com.amazonaws.dynamodb.v20120810#ConditionalCheckFailedException";
    (400, format!(r#"{{"__type":"{name}","message":"no","Item":{item}}}"#))
}

fn event() -> Event {
    let envelope = Envelope {
        account: Default::default(),
        provider: "kuenta".to_owned(),
        delivery_id: DeliveryId::new(Timestamp::from_seconds(1_700_000_000), [1; 10]),
        received_at: Timestamp::from_seconds(1_700_000_000),
        form: CanonicalForm::Raw,
        body: r#"{"event":"payment.completed","data":{"id":"p1"}}"#.into(),
        content: Default::default(),
        replay: None,
    };
    Event::read(envelope, &kuenta::PROVIDER, Environment::Live)
}

async fn keep(answer: (u16, String)) -> (ConflictRecord, Vec<serde_json::Value>) {
    let (client, asked) = client(vec![answer]);
    let ledger = DynamoLedger::new(client, "ledger", Duration::from_secs(100));
    let (event, now) = (event(), Timestamp::from_seconds(1_700_000_009));
    let kept = ledger.keep_conflict(&event, "m-1", now).await.unwrap();
    let asked = asked.lock().unwrap().clone();
    (kept, asked)
}

#[tokio::test]
async fn a_conflict_is_kept_by_one_conditional_write_with_all_attributes() {
    let (kept, asked) = keep((200, "{}".to_owned())).await;
    assert_eq!((kept, asked.len()), (ConflictRecord::New, 1));
    insta::assert_snapshot!(serde_json::to_string_pretty(&asked[0]).unwrap());
}

#[tokio::test]
async fn a_refused_conflict_is_new_only_for_the_same_message() {
    for (message_id, expected) in [("m-1", ConflictRecord::New), ("m-2", ConflictRecord::Known)] {
        let item = format!(r#"{{"status":{{"S":"COMPLETED"}},"message_id":{{"S":"{message_id}"}}}}"#);
        assert_eq!(keep(refused(&item)).await.0, expected);
    }
}

#[tokio::test]
async fn an_operators_decision_requires_an_open_conflict() {
    let key = event().into_conflict().key;
    let (client, asked) = client(vec![(200, "{}".to_owned())]);
    let conflicts = Conflicts::new(client, "ledger");
    assert_eq!(conflicts.release(&key).await.unwrap(), Decided::Now);
    let dismissed = conflicts.dismiss(&key, "a retry", Timestamp::from_seconds(1_700_000_009));
    assert_eq!(dismissed.await.unwrap(), Decided::Now);
    let asked = asked.lock().unwrap().clone();
    insta::assert_snapshot!(serde_json::to_string_pretty(&asked).unwrap());
}

#[tokio::test]
async fn a_refused_decision_says_what_it_found() {
    let key = event().into_conflict().key;
    for (item, expected) in [
        (
            r#"{"status":{"S":"REJECTED"}}"#,
            Decided::Already(acuse_core::ledger::Status::Rejected),
        ),
        ("{}", Decided::Gone),
    ] {
        let (client, _) = client(vec![refused(item)]);
        assert_eq!(Conflicts::new(client, "ledger").release(&key).await.unwrap(), expected);
    }
}
