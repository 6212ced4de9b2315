//! The requests as they are sent, and what their answers mean.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use acuse_core::event::Environment;
use acuse_core::ledger::Ledger;
use acuse_core::providers::kuenta;
use acuse_core::wire::delivery::{CanonicalForm, DeliveryId};
use acuse_core::wire::envelope::Envelope;
use aws_sdk_dynamodb::config::{BehaviorVersion, Credentials, Region};
use aws_smithy_runtime_api::client::http::{
    HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector, http_client_fn,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_types::body::SdkBody;

use super::*;

/// Answers everything with this, and keeps what it was asked.
#[derive(Debug, Clone)]
struct Answer {
    answer: (u16, String),
    asked: Arc<Mutex<Vec<serde_json::Value>>>,
}

impl HttpConnector for Answer {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let body = serde_json::from_slice(request.body().bytes().unwrap()).unwrap();
        self.asked.lock().unwrap().push(body);
        let (status, body) = self.answer.clone();
        HttpConnectorFuture::ready(Ok(HttpResponse::new(status.try_into().unwrap(), SdkBody::from(body))))
    }
}

fn client(answer: (u16, String)) -> (Client, Arc<Mutex<Vec<serde_json::Value>>>) {
    let asked = Arc::default();
    let answer = Answer {
        answer,
        asked: Arc::clone(&asked),
    };
    let config = aws_sdk_dynamodb::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("us-east-1"))
        .credentials_provider(Credentials::new("test", "test", None, None, "test"))
        .http_client(http_client_fn(move |_: &HttpConnectorSettings, _| {
            SharedHttpConnector::new(answer.clone())
        }))
        .build();
    (Client::from_conf(config), asked)
}

/// The condition does not hold for this item, in DynamoDB's JSON.
fn refused(item: &str) -> (u16, String) {
    let name = "com.amazonaws.dynamodb.v20120810#ConditionalCheckFailedException";
    (400, format!(r#"{{"__type":"{name}","message":"no","Item":{item}}}"#))
}

fn event() -> Event {
    let envelope = Envelope {
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

async fn keep(answer: (u16, String)) -> (Kept, Vec<serde_json::Value>) {
    let (client, asked) = client(answer);
    let ledger = DynamoLedger::new(client, "ledger", Duration::from_secs(100));
    let (event, now) = (event(), Timestamp::from_seconds(1_700_000_009));
    let kept = ledger.keep_conflict(&event, "m-1", now).await.unwrap();
    let asked = asked.lock().unwrap().clone();
    (kept, asked)
}

#[tokio::test]
async fn a_conflict_is_kept_by_one_conditional_write_with_all_that_is_known() {
    let (kept, asked) = keep((200, "{}".to_owned())).await;
    assert_eq!((kept, asked.len()), (Kept::New, 1));
    insta::assert_snapshot!(serde_json::to_string_pretty(&asked[0]).unwrap());
}

#[tokio::test]
async fn a_refusal_is_by_the_same_bytes_and_says_whether_by_the_same_message() {
    for (message_id, expected) in [("m-1", Kept::New), ("m-2", Kept::Known)] {
        let item = format!(r#"{{"status":{{"S":"COMPLETED"}},"message_id":{{"S":"{message_id}"}}}}"#);
        assert_eq!(keep(refused(&item)).await.0, expected);
    }
}

#[tokio::test]
async fn an_operators_decisions_ask_that_nobody_has_decided() {
    let key = event().into_conflict().key;
    let (client, asked) = client((200, "{}".to_owned()));
    let conflicts = Conflicts::new(client, "ledger");
    assert_eq!(conflicts.release(&key).await.unwrap(), Decided::Now);
    let dismissed = conflicts.dismiss(&key, "a retry", Timestamp::from_seconds(1_700_000_009));
    assert_eq!(dismissed.await.unwrap(), Decided::Now);
    let asked = asked.lock().unwrap().clone();
    insta::assert_snapshot!(serde_json::to_string_pretty(&asked).unwrap());
}

#[tokio::test]
async fn a_decision_that_is_refused_says_what_is_there() {
    let key = event().into_conflict().key;
    for (item, expected) in [
        (
            r#"{"status":{"S":"REJECTED"}}"#,
            Decided::Already(acuse_core::ledger::Status::Rejected),
        ),
        ("{}", Decided::Gone),
    ] {
        let (client, _) = client(refused(item));
        assert_eq!(Conflicts::new(client, "ledger").release(&key).await.unwrap(), expected);
    }
}
