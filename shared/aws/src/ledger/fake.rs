//! A DynamoDB that gives prepared answers and keeps the requests.

use std::sync::{Arc, Mutex};

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::{BehaviorVersion, Credentials, Region};
use aws_smithy_runtime_api::client::http::{
    HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpClient, SharedHttpConnector, http_client_fn,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_types::body::SdkBody;

/// The bodies of all requests, in order.
pub(crate) type Requests = Arc<Mutex<Vec<serde_json::Value>>>;

#[derive(Debug, Clone)]
struct Answers {
    answers: Arc<Mutex<Vec<(u16, String)>>>,
    requests: Requests,
}

impl HttpConnector for Answers {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let body = serde_json::from_slice(request.body().bytes().unwrap()).unwrap();
        self.requests.lock().unwrap().push(body);
        let mut answers = self.answers.lock().unwrap();
        let (status, body) = match answers.len() {
            1 => answers[0].clone(),
            _ => answers.remove(0),
        };
        HttpConnectorFuture::ready(Ok(HttpResponse::new(status.try_into().unwrap(), SdkBody::from(body))))
    }
}

/// A client that gets these answers in turn, and the last one from then on.
pub(crate) fn client(answers: Vec<(u16, String)>) -> (Client, Requests) {
    let (http, requests) = http(answers);
    let config = aws_sdk_dynamodb::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("us-east-1"))
        .credentials_provider(Credentials::new("test", "test", None, None, "test"))
        .http_client(http)
        .build();
    (Client::from_conf(config), requests)
}

/// The same for any service.
pub(crate) fn http(answers: Vec<(u16, String)>) -> (SharedHttpClient, Requests) {
    let answers = Answers {
        answers: Arc::new(Mutex::new(answers)),
        requests: Arc::default(),
    };
    let requests = Arc::clone(&answers.requests);
    let client = http_client_fn(move |_: &HttpConnectorSettings, _| SharedHttpConnector::new(answers.clone()));
    (client, requests)
}
