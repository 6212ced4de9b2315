//! Messages that say that a destination may be owed something.

use acuse_core::destination::delivery::DeliveryKey;
use aws_sdk_sqs::Client;
use aws_sdk_sqs::types::SendMessageBatchRequestEntry;
use thiserror::Error;

use crate::config::ConfigError;
use crate::hook::Setup;

/// SQS takes ten messages in one call.
const LARGEST_BATCH: usize = 10;

/// The queue of the function that delivers.
#[derive(Debug, Clone)]
pub struct Hints {
    client: Client,
    queue: String,
}

/// The queue did not take a message.
#[derive(Debug, Error)]
#[error("sending to the destination queue")]
pub struct HintError(#[source] Box<dyn std::error::Error + Send + Sync>);

impl Hints {
    /// The queue with this URL.
    pub fn new(client: Client, queue: impl Into<String>) -> Self {
        let queue = queue.into();
        Self { client, queue }
    }

    /// The queue whose URL is in `DESTINATION_QUEUE_URL`.
    ///
    /// # Errors
    /// [`ConfigError`] names the variable.
    pub fn from_env(setup: &Setup) -> Result<Self, ConfigError> {
        let queue = setup
            .variables()
            .required("DESTINATION_QUEUE_URL", "the URL of the destination queue")?;
        Ok(Self::new(Client::new(setup.sdk()), queue))
    }

    /// Says that these deliveries may be owed. A destination is a message group, so that SQS hands out another's
    /// messages first while one has many: <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-fair-queues.html>.
    ///
    /// # Errors
    /// [`HintError`]: some of them may be sent all the same, which does no harm.
    pub async fn send<'a>(&self, deliveries: impl IntoIterator<Item = &'a DeliveryKey>) -> Result<(), HintError> {
        let deliveries: Vec<_> = deliveries.into_iter().collect();
        for batch in deliveries.chunks(LARGEST_BATCH) {
            let entries = batch.iter().enumerate().map(|(place, key)| {
                SendMessageBatchRequestEntry::builder()
                    .id(place.to_string())
                    .message_body(key.message())
                    .message_group_id(key.destination.as_str())
                    .build()
            });
            let entries: Result<Vec<_>, _> = entries.collect();
            let entries = entries.map_err(|error| HintError(error.into()))?;
            let send = self.client.send_message_batch().queue_url(&self.queue);
            let sent = send.set_entries(Some(entries)).send().await;
            let sent = sent.map_err(|error| HintError(error.into()))?;
            // The call succeeds even if an entry fails.
            if let Some(failed) = sent.failed().first() {
                let why = format!("{}: {}", failed.code(), failed.message().unwrap_or("no message"));
                return Err(HintError(why.into()));
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
