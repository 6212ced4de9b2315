//! Polls a queue for a function, as Lambda's event source mapping does, since `cargo lambda watch` polls none.
//!
//! The function gets a batch as one event. Messages that succeed are deleted; those that fail become visible again
//! after the queue's visibility timeout.

mod event;
mod outcome;

use std::time::Duration;

use acuse_core::error::chain;
use bytes::Bytes;
use serde_json::{Value, json};
use tokio::time::sleep;

use super::api::{self, Api, ApiError};
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
    api: Api,
    source: Source,
    /// The URL of `cargo lambda watch`.
    watch_url: String,
    progress: Progress,
}

impl Feed {
    pub(super) fn new(api: &Api, source: Source, watch_url: &str, progress: &Progress) -> Self {
        Self {
            api: api.clone(),
            source,
            watch_url: watch_url.to_owned(),
            progress: progress.clone(),
        }
    }

    /// Polls until the task is dropped.
    pub(super) async fn run(self) {
        let queue_url = loop {
            match self.queue_url().await {
                Ok(url) => break url,
                Err(error) => self.report(&error).await,
            }
        };
        loop {
            if let Err(error) = self.one_batch(&queue_url).await {
                self.report(&error).await;
            }
        }
    }

    /// Reports an error and pauses.
    async fn report(&self, error: &ApiError) {
        let (binary, text) = (&self.source.function.binary, chain(error));
        self.progress.say(format!("feeding {binary}: {text}"));
        sleep(PAUSE).await;
    }

    async fn queue_url(&self) -> Result<String, ApiError> {
        let name = self.source.queue_arn.rsplit(':').next().unwrap_or_default();
        let name = json!({"QueueName": name});
        let answer = self.api.json("AmazonSQS.GetQueueUrl", &name).await?;
        Ok(api::text(&answer, "/QueueUrl", "GetQueueUrl")?.to_owned())
    }

    async fn one_batch(&self, queue_url: &str) -> Result<(), ApiError> {
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
        let answer = self.invoke(&event::batch(messages, &self.source.queue_arn)).await?;
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

    /// Returns the function's answer; `None` if the whole batch failed.
    async fn invoke(&self, event: &Value) -> Result<Option<Bytes>, ApiError> {
        let call = format!("invoking {}", self.source.function.binary);
        let failure = |error| ApiError::no_answer(&call, error);
        let url = format!(
            "{}/2015-03-31/functions/{}/invocations",
            self.watch_url, self.source.function.binary
        );
        let answer = self.api.http().post(url).json(event).send().await.map_err(failure)?;
        let failed = !answer.status().is_success() || answer.headers().contains_key("x-amz-function-error");
        let content = answer.bytes().await.map_err(failure)?;
        Ok((!failed).then_some(content))
    }
}

fn id(message: &Value) -> Option<&str> {
    message.get("MessageId")?.as_str()
}
