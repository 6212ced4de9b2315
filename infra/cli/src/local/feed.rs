//! Polls a queue for a function, as Lambda's event source mapping does, since `cargo lambda watch` polls none.
//!
//! The function gets a batch as one event. Messages that succeed are deleted; those that fail become visible again
//! after the queue's visibility timeout.

mod event;
mod outcome;

use std::time::Duration;

use acuse_core::error::chain;
use serde_json::{Value, json};
use tokio::time::sleep;

use super::api::{self, Api, ApiError, returned};
use super::deploy::Source;
use super::progress::Progress;
use outcome::failed;

/// How long ReceiveMessage waits for a message.
const LONG_POLL_SECONDS: u64 = 20;
/// The most messages that ReceiveMessage returns.
const MOST_MESSAGES: u64 = 10;
/// The wait after a failed call, while the emulator or `cargo lambda watch` starts.
const PAUSE: Duration = Duration::from_secs(1);

/// A queue and the function that it feeds.
pub(super) struct Feed {
    pub(super) api: Api,
    pub(super) source: Source,
    /// The URL of `cargo lambda watch`.
    pub(super) watch_url: String,
    pub(super) progress: Progress,
}

impl Feed {
    /// Polls until the task is dropped.
    pub(super) async fn run(self) {
        loop {
            if let Err(error) = self.one_batch().await {
                let (binary, text) = (&self.source.function.binary, chain(&error));
                self.progress.say(format!("feeding {binary}: {text}"));
                sleep(PAUSE).await;
            }
        }
    }

    async fn queue_url(&self) -> Result<String, ApiError> {
        let name = self.source.queue_arn.rsplit(':').next().unwrap_or_default();
        let name = json!({"QueueName": name});
        let answer = self.api.json("AmazonSQS.GetQueueUrl", &name).await?;
        Ok(api::text(&answer, "/QueueUrl", "GetQueueUrl")?.to_owned())
    }

    async fn one_batch(&self) -> Result<(), ApiError> {
        let queue_url = self.queue_url().await?;
        let receive = json!({
            "QueueUrl": queue_url,
            "MaxNumberOfMessages": self.source.batch_size.min(MOST_MESSAGES),
            "WaitTimeSeconds": LONG_POLL_SECONDS,
            "MessageSystemAttributeNames": ["All"],
            "MessageAttributeNames": ["All"],
        });
        let received = self.api.json("AmazonSQS.ReceiveMessage", &receive).await?;
        let messages = match received.get("Messages") {
            Some(Value::Array(messages)) if !messages.is_empty() => messages,
            _ => return Ok(()),
        };
        let (event, binary) = (
            event::batch(messages, &self.source.queue_arn),
            &self.source.function.binary,
        );
        let answer = returned(self.api.invocation(&self.watch_url, binary, &event)).await;
        let answer = answer.map_err(|error| ApiError::NoAnswer(format!("invoking {binary}"), error))?;
        let ids: Vec<&str> = messages.iter().filter_map(id).collect();
        let failed = match &answer {
            Some(answer) if self.source.reports_failures => failed(answer, &ids),
            Some(_) => Vec::new(),
            None => ids,
        };
        let done = messages
            .iter()
            .filter(|message| id(message).is_none_or(|id| !failed.contains(&id)));
        let entries: Vec<Value> = (0..)
            .zip(done)
            .map(|(place, message)| json!({"Id": place.to_string(), "ReceiptHandle": message.get("ReceiptHandle")}))
            .collect();
        if !entries.is_empty() {
            let delete = json!({"QueueUrl": queue_url, "Entries": entries});
            self.api.json("AmazonSQS.DeleteMessageBatch", &delete).await?;
        }
        Ok(())
    }
}

fn id(message: &Value) -> Option<&str> {
    message.get("MessageId")?.as_str()
}
