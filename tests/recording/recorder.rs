//! A proxy that records what the functions call.

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use axum::http::StatusCode;
use axum::response::Response;
use serde_json::{Value, json};

use crate::proxy::{Aws, Call, Interceptor, error};

/// The variable that puts a function's name into the user agent of its calls.
/// <https://docs.aws.amazon.com/sdkref/latest/guide/feature-appid.html>
pub(crate) const NAME_VARIABLE: &str = "AWS_SDK_UA_APP_ID";

/// One call of a function.
#[derive(Debug, Clone)]
pub struct Recorded {
    /// The function's logical id.
    pub function: String,
    /// The operation, as IAM writes it: `dynamodb:TransactWriteItems`.
    pub operation: String,
    /// What IAM checks: each action, and the name of the resource. The name is empty for a service other than
    /// those that Acuse itself uses.
    pub asks: Vec<(String, String)>,
    /// The items that it wrote to DynamoDB.
    pub written: Vec<Written>,
}

/// An item that a call wrote, or tried to write.
#[derive(Debug, Clone)]
pub struct Written {
    /// The table's name.
    pub table: String,
    /// The item before the call.
    pub before: Option<Value>,
    /// The item after the call.
    pub after: Option<Value>,
    /// Whether the call was a transaction.
    pub transaction: bool,
    /// Whether the call succeeded.
    pub done: bool,
}

/// Records every call and forwards it.
#[derive(Debug, Default)]
pub struct Recorder {
    calls: Mutex<Vec<Recorded>>,
    under_way: AtomicUsize,
    refuse_publishing: AtomicBool,
}

impl Recorder {
    /// The calls since the last time, once no call is under way.
    pub(crate) async fn take(&self) -> Vec<Recorded> {
        while self.under_way.load(Ordering::SeqCst) > 0 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        std::mem::take(&mut *self.calls.lock().unwrap())
    }

    /// Refuses the next `PutEvents`.
    pub(crate) fn refuse_publishing(&self) {
        self.refuse_publishing.store(true, Ordering::SeqCst);
    }
}

impl Interceptor for Recorder {
    async fn intercept(&self, call: Call, aws: &Aws) -> Response {
        self.under_way.fetch_add(1, Ordering::SeqCst);
        let body: Value = serde_json::from_slice(&call.body).unwrap_or_default();
        let operation = operation(&call);
        let asks = asks(&operation, &body, &call.body);
        let function = function(call.header("user-agent"));
        let refused = operation == "events:PutEvents" && self.refuse_publishing.swap(false, Ordering::SeqCst);
        let writes = writes(&operation, &body);
        let before = items(&writes, aws).await;
        let response = match refused {
            // An error that the SDK does not retry.
            true => error(StatusCode::BAD_REQUEST, "InternalException"),
            false => aws.forward(call).await,
        };
        let after = items(&writes, aws).await;
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

/// The call as IAM writes it. The service is the one that the call is signed for; the operation is in a header,
/// or in the form that older protocols post, or, in a path that only the service understands, unknown: `s3:*`.
fn operation(call: &Call) -> String {
    let service = call.header("authorization").split('/').nth(3).unwrap_or("unsigned");
    let target = call.header("x-amz-target").rsplit('.').next().unwrap_or_default();
    let body = String::from_utf8_lossy(&call.body);
    let form = body.strip_prefix("Action=").and_then(|rest| rest.split('&').next());
    let operation = if target.is_empty() { form.unwrap_or("*") } else { target };
    format!("{service}:{operation}")
}

/// The app id in a user agent: `… app/KuentaFunction …`.
fn function(user_agent: &str) -> String {
    let mut words = user_agent.split_ascii_whitespace();
    words
        .find_map(|word| word.strip_prefix("app/"))
        .unwrap_or("unknown")
        .to_owned()
}

/// What IAM checks. For a batch it is the same as for its members; in a transaction, each item has its own action.
/// <https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonsqs.html>
/// <https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/transaction-apis-iam.html>
fn asks(operation: &str, body: &Value, sent: &[u8]) -> Vec<(String, String)> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let one = |resource: String| vec![(operation.trim_end_matches("Batch").to_owned(), resource)];
    let service = operation.split(':').next().unwrap_or_default();
    match (service, operation) {
        (_, "dynamodb:TransactWriteItems") => {
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
        ("events", _) => {
            let entries = body["Entries"].as_array().into_iter().flatten();
            let bus = |entry: &Value| format!("event-bus/{}", text(&entry["EventBusName"]));
            entries.map(|entry| (operation.to_owned(), bus(entry))).collect()
        }
        ("sqs", _) => one(last(&text(&body["QueueUrl"]))),
        ("dynamodb", _) => one(match body["IndexName"].as_str() {
            Some(index) => format!("{}/index/{index}", text(&body["TableName"])),
            None => text(&body["TableName"]),
        }),
        ("sns", _) => one(topic(&String::from_utf8_lossy(sent))),
        ("secretsmanager", _) => one(last(&text(&body["SecretId"]))),
        _ => one(String::new()),
    }
}

/// The ARN of the topic in a form. Only its colons are encoded.
fn topic(form: &str) -> String {
    let mut fields = form.split('&');
    let found = fields.find_map(|field| field.strip_prefix("TopicArn="));
    found.unwrap_or_default().replace("%3A", ":")
}

/// The name at the end of a URL.
pub(crate) fn last(url: &str) -> String {
    url.rsplit('/').next().unwrap_or_default().to_owned()
}

/// The tables and keys that a call writes to.
fn writes(operation: &str, body: &Value) -> Vec<(String, Value)> {
    let place = |item: &Value| {
        let key = item.get("Key").cloned().or_else(|| Some(key_of(item.get("Item")?)));
        Some((item["TableName"].as_str()?.to_owned(), key?))
    };
    match operation {
        "dynamodb:UpdateItem" | "dynamodb:PutItem" => place(body).into_iter().collect(),
        "dynamodb:TransactWriteItems" => {
            let items = body["TransactItems"].as_array().into_iter().flatten();
            let items = items.flat_map(|item| item.as_object().into_iter().flatten());
            items.filter_map(|(_, item)| place(item)).collect()
        }
        _ => Vec::new(),
    }
}

/// The key of a whole item, of which the ledger alone puts some.
fn key_of(item: &Value) -> Value {
    let members = item.as_object().into_iter().flatten();
    let key = members.filter(|(name, _)| ["pk", "sk"].contains(&name.as_str()));
    key.map(|(name, value)| (name.clone(), value.clone())).collect()
}

async fn items(places: &[(String, Value)], aws: &Aws) -> Vec<Option<Value>> {
    let mut items = Vec::new();
    for (table, key) in places {
        let get = json!({"TableName": table, "Key": key, "ConsistentRead": true});
        let answer = aws.ask("DynamoDB_20120810.GetItem", &get).await;
        items.push(answer.get("Item").cloned());
    }
    items
}
