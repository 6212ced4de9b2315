//! How messages go back to the destination queue.

use std::time::Duration;

use acuse_core::error::chain;
use aws_sdk_sqs::Client;
use aws_sdk_sqs::types::ChangeMessageVisibilityBatchRequestEntry as Entry;
use tracing::warn;

/// SQS takes ten messages in one call.
const LARGEST_BATCH: usize = 10;

/// The destination queue, by its URL.
pub(super) struct Queue {
    client: Client,
    url: String,
}

impl Queue {
    pub(super) fn new(client: Client, url: String) -> Self {
        Self { client, url }
    }

    /// Hides the messages with these receipts. One that stays as it is comes back when the queue's own visibility
    /// time-out ends.
    pub(super) async fn hide(&self, messages: &[(String, Duration)]) {
        for batch in messages.chunks(LARGEST_BATCH) {
            let entries = batch.iter().enumerate().map(|(place, (receipt, hidden))| {
                Entry::builder()
                    .id(place.to_string())
                    .receipt_handle(receipt)
                    .visibility_timeout(i32::try_from(hidden.as_secs()).unwrap_or(i32::MAX))
                    .build()
            });
            let Ok(entries) = entries.collect::<Result<Vec<_>, _>>() else {
                continue;
            };
            let change = self.client.change_message_visibility_batch().queue_url(&self.url);
            match change.set_entries(Some(entries)).send().await {
                Ok(changed) if changed.failed().is_empty() => {}
                Ok(changed) => warn!(failed = changed.failed().len(), "messages come back at another time"),
                Err(error) => warn!(error = chain(&error), "messages come back at another time"),
            }
        }
    }
}
