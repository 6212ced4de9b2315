//! Queues in this program's memory, and the secret with the destinations, as SQS and Secrets Manager offer them.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use http_body_util::BodyExt;
use serde_json::{Value, json};
use tokio::sync::Notify;
use tokio::time::Instant;

use crate::error::Error;
use crate::server::{Answer, Asked, Server, json as answered};
use acuse_work as work;

/// As in the template.
const HIDDEN: Duration = Duration::from_secs(360);

/// An invocation's event takes no more. <https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html>
const LONGEST_EVENT: usize = 6 * 1024 * 1024;

/// How a mapping puts messages together.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Batching {
    /// At most so many.
    pub(crate) size: usize,
    /// How long it waits for them.
    pub(crate) window: Duration,
}

/// As in the template.
impl Default for Batching {
    fn default() -> Self {
        Self {
            size: 10,
            window: Duration::ZERO,
        }
    }
}

/// From so many messages in flight, and such a share of all, a group is noisy.
/// <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-fair-queues-detailed.html>
const NOISY: (usize, f64) = (30, 0.1);

/// All queues, by name.
#[derive(Clone)]
pub(crate) struct Queues(Arc<Inner>);

struct Inner {
    queues: Mutex<HashMap<String, Queue>>,
    news: Notify,
    secret: String,
    fair: bool,
    url: std::sync::OnceLock<String>,
}

#[derive(Default)]
struct Queue {
    /// By when they were sent.
    messages: BTreeMap<u64, Message>,
    sent: u64,
    deleted: usize,
}

struct Message {
    /// As Lambda hands it over.
    record: Value,
    length: usize,
    visible: Instant,
    receives: u32,
}

/// What was received at once.
pub(crate) struct Batch {
    pub(crate) ids: Vec<String>,
    pub(crate) records: Vec<Value>,
}

impl Queues {
    pub(crate) async fn start(secret: String, fair: bool) -> Result<Self, Error> {
        let queues = Self(Arc::new(Inner {
            queues: Mutex::default(),
            news: Notify::new(),
            secret,
            fair,
            url: std::sync::OnceLock::new(),
        }));
        let own = queues.clone();
        let server = Server::start(None, move |asked| answer(own.clone(), asked)).await;
        let address = server.map_err(Error::Listen)?.address;
        let _ = queues.0.url.set(format!("http://{address}"));
        Ok(queues)
    }

    /// The variables by which functions find them.
    pub(crate) fn environment(&self) -> Vec<(&'static str, String)> {
        let url = self.0.url.get().cloned().unwrap_or_default();
        let queue = |name: &str| format!("{url}/123456789012/{name}");
        vec![
            ("AWS_ENDPOINT_URL_SQS", url.clone()),
            ("AWS_ENDPOINT_URL_SECRETS_MANAGER", url.clone()),
            ("EVENT_QUEUE_URL", queue("events")),
            ("DESTINATION_QUEUE_URL", queue("destinations")),
            ("DEAD_LETTER_QUEUE_URL", queue("dead-letters")),
            ("QUARANTINE_QUEUE_URL", queue("quarantine")),
            ("DESTINATIONS_SECRET_ID", "destinations".to_owned()),
        ]
    }

    pub(crate) fn put(&self, name: &str, mut record: Value) {
        let mut queues = self.lock();
        let queue = queues.entry(name.to_owned()).or_default();
        queue.sent += 1;
        record["messageId"] = queue.sent.to_string().into();
        record["receiptHandle"] = queue.sent.to_string().into();
        let message = Message {
            length: record.to_string().len(),
            record,
            visible: Instant::now(),
            receives: 0,
        };
        queue.messages.insert(queue.sent, message);
        drop(queues);
        self.0.news.notify_waiters();
    }

    /// The next batch, as soon as there is one.
    pub(crate) async fn receive(&self, name: &str, batching: Batching) -> Batch {
        let mut first = None;
        loop {
            let news = self.0.news.notified();
            let visible = self.visible(name);
            let waited = (visible > 0).then(|| first.get_or_insert_with(Instant::now).elapsed());
            if visible >= batching.size || waited.is_some_and(|waited| waited >= batching.window) {
                let batch = self.receive_now(name, batching.size);
                if !batch.ids.is_empty() {
                    return batch;
                }
            }
            let _ = tokio::time::timeout(Duration::from_millis(50), news).await;
        }
    }

    fn visible(&self, name: &str) -> usize {
        let (queues, now) = (self.lock(), Instant::now());
        let visible = |queue: &Queue| queue.messages.values().filter(|message| message.visible <= now).count();
        queues.get(name).map(visible).unwrap_or_default()
    }

    fn receive_now(&self, name: &str, size: usize) -> Batch {
        let (mut queues, now) = (self.lock(), Instant::now());
        let queue = queues.entry(name.to_owned()).or_default();
        let mut batch = Batch {
            ids: Vec::new(),
            records: Vec::new(),
        };
        let mut length = 0;
        for place in queue.next(self.0.fair, now, size) {
            let Some(message) = queue.messages.get_mut(&place) else {
                continue;
            };
            length += message.length;
            if length > LONGEST_EVENT {
                break;
            }
            message.visible = now + HIDDEN;
            message.receives += 1;
            message.record["attributes"]["ApproximateReceiveCount"] = message.receives.to_string().into();
            batch.ids.push(place.to_string());
            batch.records.push(message.record.clone());
        }
        batch
    }

    pub(crate) fn delete<'a>(&self, name: &str, ids: impl Iterator<Item = &'a String>) {
        let mut queues = self.lock();
        let queue = queues.entry(name.to_owned()).or_default();
        for id in ids.filter_map(|id| id.parse().ok()) {
            queue.deleted += usize::from(queue.messages.remove(&id).is_some());
        }
        drop(queues);
        self.0.news.notify_waiters();
    }

    /// When this many messages of a queue had been deleted.
    pub(crate) async fn deleted(&self, name: &str, count: usize) -> Instant {
        loop {
            let news = self.0.news.notified();
            if self.lock().get(name).is_some_and(|queue| queue.deleted >= count) {
                return Instant::now();
            }
            news.await;
        }
    }

    fn hide(&self, name: &str, entry: &Value) {
        let mut queues = self.lock();
        let queue = queues.entry(name.to_owned()).or_default();
        let id = entry["ReceiptHandle"].as_str().and_then(|id| id.parse().ok());
        if let Some(message) = id.and_then(|id: u64| queue.messages.get_mut(&id)) {
            let seconds = entry["VisibilityTimeout"].as_u64().unwrap_or_default();
            message.visible = Instant::now() + Duration::from_secs(seconds);
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, Queue>> {
        self.0.queues.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Queue {
    /// The messages that are received next: those of quiet groups first, if the queue is fair.
    fn next(&self, fair: bool, now: Instant, size: usize) -> Vec<u64> {
        let group = |message: &Message| message.record["attributes"]["MessageGroupId"].to_string();
        let mut in_flight = HashMap::<String, usize>::new();
        for message in self.messages.values().filter(|message| fair && message.visible > now) {
            *in_flight.entry(group(message)).or_default() += 1;
        }
        let all: usize = in_flight.values().sum();
        let noise = |message: &Message| {
            if !fair {
                return 0;
            }
            let own = in_flight.get(&group(message)).copied().unwrap_or_default();
            let is_noisy = own >= NOISY.0 && own as f64 > all as f64 * NOISY.1;
            if is_noisy { own } else { 0 }
        };
        let visible = self.messages.iter().filter(|(_, message)| message.visible <= now);
        let mut next: Vec<_> = visible
            .map(|(place, message)| (noise(message), message.visible, *place))
            .collect();
        next.sort_unstable();
        next.into_iter().take(size).map(|(.., place)| place).collect()
    }
}

async fn answer(queues: Queues, asked: Asked) -> Answer {
    let target = asked.headers().get("x-amz-target");
    let target = target.and_then(|target| target.to_str().ok()).unwrap_or_default();
    let operation = target.rsplit('.').next().unwrap_or_default().to_owned();
    let body = asked.into_body().collect().await.map(|body| body.to_bytes());
    let input: Value = serde_json::from_slice(&body.unwrap_or_default()).unwrap_or_default();
    let name = input["QueueUrl"].as_str().and_then(|url| url.rsplit('/').next());
    let name = name.unwrap_or_default().to_owned();
    let entries = input["Entries"].as_array().cloned().unwrap_or_default();
    let output = match operation.as_str() {
        "GetSecretValue" => json!({
            "ARN": "arn:aws:secretsmanager:us-east-1:123456789012:secret:destinations-a1b2c3",
            "Name": "destinations",
            "VersionId": "a1b2c3d4-5678-90ab-cdef-EXAMPLE11111",
            "SecretString": queues.0.secret,
            "VersionStages": ["AWSCURRENT"],
            "CreatedDate": 1_710_928_800.0,
        }),
        "SendMessageBatch" => {
            let successful = entries.iter().map(|entry| {
                let body = entry["MessageBody"].as_str().unwrap_or_default();
                queues.put(
                    &name,
                    work::hint(body, entry["MessageGroupId"].as_str().unwrap_or_default()),
                );
                json!({
                    "Id": entry["Id"],
                    "MessageId": "5fea7756-0ea4-451a-a703-a558b933e274",
                    "MD5OfMessageBody": format!("{:x}", md5::compute(body)),
                })
            });
            json!({ "Successful": successful.collect::<Vec<_>>(), "Failed": [] })
        }
        "ChangeMessageVisibilityBatch" => {
            entries.iter().for_each(|entry| queues.hide(&name, entry));
            let successful = entries.iter().map(|entry| json!({ "Id": entry["Id"] }));
            json!({ "Successful": successful.collect::<Vec<_>>(), "Failed": [] })
        }
        "ChangeMessageVisibility" => {
            queues.hide(&name, &input);
            json!({})
        }
        _ => json!({}),
    };
    answered(200, output.to_string())
}
