//! What is sent to SNS, and asked of SQS.

use std::sync::{Arc, Mutex};

use acuse_core::summary::{Tally, Zone};
use aws_config::{BehaviorVersion, Region};
use aws_credential_types::Credentials;
use aws_sdk_sqs::config::SharedCredentialsProvider;
use aws_smithy_runtime_api::client::http::{
    HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector, http_client_fn,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_types::body::SdkBody;

use super::*;

/// Answers as SNS does, or with an error; and keeps what it was asked.
#[derive(Debug, Clone)]
struct Sns {
    asked: Arc<Mutex<Vec<String>>>,
    answer: (u16, &'static str),
}

impl HttpConnector for Sns {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let body = request.body().bytes().unwrap_or_default();
        self.asked
            .lock()
            .unwrap()
            .push(String::from_utf8_lossy(body).into_owned());
        let (status, text) = self.answer;
        HttpConnectorFuture::ready(Ok(HttpResponse::new(status.try_into().unwrap(), SdkBody::from(text))))
    }
}

fn publisher(answer: (u16, &'static str)) -> (Publisher, Arc<Mutex<Vec<String>>>) {
    let sns = Sns {
        asked: Arc::default(),
        answer,
    };
    let asked = Arc::clone(&sns.asked);
    let sdk = SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("us-east-1"))
        .credentials_provider(SharedCredentialsProvider::new(Credentials::new(
            "t", "t", None, None, "test",
        )))
        .http_client(http_client_fn(move |_: &HttpConnectorSettings, _| {
            SharedHttpConnector::new(sns.clone())
        }))
        .build();
    (
        Publisher::new(&sdk, "arn:aws:sns:us-east-1:123456789012:acuse-SummaryTopic-1"),
        asked,
    )
}

fn summary() -> Summary {
    Summary {
        stack: "acuse".to_owned(),
        named: " --stack acuse".to_owned(),
        day: Day::parse("2026-11-26", &Zone::UTC).unwrap(),
        tally: Tally::default(),
        queues: Queues::default(),
        complete: true,
    }
}

#[tokio::test]
async fn one_message_has_a_text_for_people_and_a_notification_for_chats() {
    const ANSWER: &str = "<PublishResponse xmlns=\"http://sns.amazonaws.com/doc/2010-03-31/\"><PublishResult>\
        <MessageId>1</MessageId></PublishResult></PublishResponse>";
    let (publisher, asked) = publisher((200, ANSWER));
    publisher.send(&summary(), Language::En).await.unwrap();
    let asked = asked.lock().unwrap();
    let [asked] = asked.as_slice() else {
        panic!("{asked:?}");
    };
    for part in [
        "Action=Publish&",
        "&MessageStructure=json",
        "&Subject=acuse%3A%202026-11-26%20-%200%20events",
        "&Message=%7B%22default%22",
        "%22https%22",
    ] {
        assert!(asked.contains(part), "{part}: {asked}");
    }
}

#[tokio::test]
async fn an_error_names_the_topic() {
    const REFUSED: &str = "<ErrorResponse xmlns=\"http://sns.amazonaws.com/doc/2010-03-31/\"><Error>\
        <Code>AuthorizationError</Code><Message>not authorized</Message></Error></ErrorResponse>";
    let (publisher, _) = publisher((403, REFUSED));
    let error = publisher.send(&summary(), Language::Es).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "the summary can't be published to arn:aws:sns:us-east-1:123456789012:acuse-SummaryTopic-1"
    );
    assert!(
        chain(&error).to_string().contains("not authorized"),
        "{}",
        chain(&error)
    );
}
