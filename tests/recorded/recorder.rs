//! What the functions call, as a proxy sees it.

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use acuse_tests::proxy::{Aws, Call, Interceptor, error};
use axum::http::StatusCode;
use axum::response::Response;
use serde_json::{Value, json};

use crate::capacity::{Written, size};

/// The variable that puts a function's name into the user agent of its calls.
/// <https://docs.aws.amazon.com/sdkref/latest/guide/feature-appid.html>
pub(crate) const NAME_VARIABLE: &str = "AWS_SDK_UA_APP_ID";

/// One call of a function.
#[derive(Debug, Clone)]
pub(crate) struct Recorded {
    /// The function's logical id.
    pub(crate) function: String,
    /// The operation, as IAM writes it: `dynamodb:TransactWriteItems`.
    pub(crate) operation: String,
    /// What IAM asks for it: each action, and the name of what it is done to.
    pub(crate) asks: Vec<(String, String)>,
    /// What it wrote to DynamoDB.
    pub(crate) written: Vec<Written>,
}

/// Records every call and sends it on.
#[derive(Debug, Default)]
pub(crate) struct Recorder {
    calls: Mutex<Vec<Recorded>>,
    under_way: AtomicUsize,
    refuse_publishing: AtomicBool,
}

impl Recorder {
    /// What was called since the last time, once no call is under way.
    pub(crate) async fn take(&self) -> Vec<Recorded> {
        while self.under_way.load(Ordering::SeqCst) > 0 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        std::mem::take(&mut *self.calls.lock().unwrap())
    }

    /// The next `PutEvents` is refused.
    pub(crate) fn refuse_publishing(&self) {
        self.refuse_publishing.store(true, Ordering::SeqCst);
    }
}

impl Interceptor for Recorder {
    async fn intercept(&self, call: Call, aws: &Aws) -> Response {
        self.under_way.fetch_add(1, Ordering::SeqCst);
        let body: Value = serde_json::from_slice(&call.body).unwrap_or_default();
        let operation = operation(call.header("x-amz-target"));
        let asks = asks(&operation, &body);
        let function = function(call.header("user-agent"));
        let refused = operation == "events:PutEvents" && self.refuse_publishing.swap(false, Ordering::SeqCst);
        let writes = writes(&operation, &body);
        let before = sizes(&writes, aws).await;
        let response = match refused {
            // As for an event that the service takes for malformed: the SDK does not try again.
            true => error(StatusCode::BAD_REQUEST, "InternalException"),
            false => aws.forward(call).await,
        };
        let after = sizes(&writes, aws).await;
        let transaction = operation == "dynamodb:TransactWriteItems";
        let places = writes.into_iter().zip(before.into_iter().zip(after));
        let written = places.map(|((table, _), (before, after))| Written {
            table,
            before,
            after,
            transaction,
            done: response.status().is_success(),
        });
        self.calls.lock().unwrap().push(Recorded {
            function,
            operation,
            asks,
            written: written.collect(),
        });
        self.under_way.fetch_sub(1, Ordering::SeqCst);
        response
    }
}

/// `DynamoDB_20120810.UpdateItem` is IAM's `dynamodb:UpdateItem`.
fn operation(target: &str) -> String {
    let (service, operation) = target.split_once('.').unwrap_or(("no target", target));
    let prefix = match service {
        "AmazonSQS" => "sqs",
        "AWSEvents" => "events",
        "secretsmanager" => "secretsmanager",
        service if service.starts_with("DynamoDB_") => "dynamodb",
        // Unknown to this test, and so granted to nobody.
        other => other,
    };
    format!("{prefix}:{operation}")
}

/// The app id in a user agent: `… app/KuentaFunction …`.
fn function(user_agent: &str) -> String {
    let mut words = user_agent.split_ascii_whitespace();
    words
        .find_map(|word| word.strip_prefix("app/"))
        .unwrap_or("unknown")
        .to_owned()
}

/// What IAM asks for. A batch is asked for as its members are, a transaction's items each by their
/// own action.
/// <https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonsqs.html>
/// <https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/transaction-apis-iam.html>
fn asks(operation: &str, body: &Value) -> Vec<(String, String)> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let one = |resource: String| vec![(operation.trim_end_matches("Batch").to_owned(), resource)];
    match operation {
        "dynamodb:TransactWriteItems" => {
            let items = body["TransactItems"].as_array().into_iter().flatten();
            let items = items.flat_map(|item| item.as_object().into_iter().flatten());
            let ask = |(kind, item): (&String, &Value)| {
                let action = match kind.as_str() {
                    "ConditionCheck" => "dynamodb:ConditionCheckItem".to_owned(),
                    kind => format!("dynamodb:{kind}Item"),
                };
                (action, text(&item["TableName"]))
            };
            items.map(ask).collect()
        }
        "events:PutEvents" => {
            let entries = body["Entries"].as_array().into_iter().flatten();
            let bus = |entry: &Value| {
                (
                    operation.to_owned(),
                    format!("event-bus/{}", text(&entry["EventBusName"])),
                )
            };
            entries.map(bus).collect()
        }
        _ if operation.starts_with("sqs:") => one(last(&text(&body["QueueUrl"]))),
        _ if operation.starts_with("dynamodb:") => one(text(&body["TableName"])),
        _ => one(last(&text(&body["SecretId"]))),
    }
}

/// The name at the end of a URL.
pub(crate) fn last(url: &str) -> String {
    url.rsplit('/').next().unwrap_or_default().to_owned()
}

/// The tables and keys that a call writes to.
fn writes(operation: &str, body: &Value) -> Vec<(String, Value)> {
    let place = |item: &Value| Some((item["TableName"].as_str()?.to_owned(), item.get("Key")?.clone()));
    match operation {
        "dynamodb:UpdateItem" => place(body).into_iter().collect(),
        "dynamodb:TransactWriteItems" => {
            let items = body["TransactItems"].as_array().into_iter().flatten();
            let items = items.flat_map(|item| item.as_object().into_iter().flatten());
            items.filter_map(|(_, item)| place(item)).collect()
        }
        _ => Vec::new(),
    }
}

async fn sizes(places: &[(String, Value)], aws: &Aws) -> Vec<Option<usize>> {
    let mut sizes = Vec::new();
    for (table, key) in places {
        let get = json!({"TableName": table, "Key": key, "ConsistentRead": true});
        let answer = aws.ask("DynamoDB_20120810.GetItem", &get).await;
        sizes.push(answer.get("Item").map(size));
    }
    sizes
}
