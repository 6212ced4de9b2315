//! Walking through a queue without losing anything of it.

use std::collections::HashSet;
use std::time::Duration;

use aws_sdk_sqs::Client;
use aws_sdk_sqs::types::{
    ChangeMessageVisibilityBatchRequestEntry, Message, MessageSystemAttributeName, QueueAttributeName,
};
use thiserror::Error;

/// How long a message that is being looked at is hidden from others. Whatever happens to this
/// process, it is back in the queue after that.
const HIDDEN: Duration = Duration::from_secs(300);

/// How long one receive waits. SQS asks all its servers where it may wait, and some where not.
const WAIT_SECONDS: i32 = 1;

/// So many receives in a row that give nothing new mean the end.
const EMPTY: u32 = 2;

/// So many receives in a row that give nothing new end a look that hides nothing.
const LOOKS: u32 = 5;

/// SQS takes so many entries in a call.
const BATCH: usize = 10;

/// One pass through a queue, each message once. What is not [deleted](Walk::delete) is visible
/// again after [`end`](Walk::end).
pub struct Walk {
    client: Client,
    url: String,
    seen: HashSet<String>,
    held: Vec<Message>,
    hidden: Duration,
}

/// The queue did not do what it should.
#[derive(Debug, Error)]
#[error("{call} of the queue `{url}`")]
pub struct QueueError {
    call: &'static str,
    url: String,
    source: Box<dyn std::error::Error + Send + Sync>,
}

impl Walk {
    /// Begins a pass through the queue of this URL.
    pub fn new(client: Client, url: &str) -> Self {
        Self {
            client,
            url: url.to_owned(),
            seen: HashSet::new(),
            held: Vec::new(),
            hidden: HIDDEN,
        }
    }

    /// Begins a look at a queue that hides nothing from others. Of a long queue it sees a part.
    pub fn look(client: Client, url: &str) -> Self {
        Self {
            hidden: Duration::ZERO,
            ..Self::new(client, url)
        }
    }

    /// The next messages; none at the end.
    ///
    /// # Errors
    /// [`QueueError`] names the call and the queue.
    pub async fn next(&mut self) -> Result<Vec<Message>, QueueError> {
        // A look gets what it has seen already, again and again.
        let most = if self.hidden > Duration::ZERO { EMPTY } else { LOOKS };
        for _ in 0..most {
            let receive = self
                .client
                .receive_message()
                .queue_url(&self.url)
                .max_number_of_messages(10)
                .wait_time_seconds(WAIT_SECONDS)
                .visibility_timeout(i32::try_from(self.hidden.as_secs()).unwrap_or(i32::MAX))
                .message_attribute_names("All")
                .message_system_attribute_names(MessageSystemAttributeName::All);
            let received = receive
                .send()
                .await
                .map_err(|error| self.error("ReceiveMessage", error))?;
            let mut fresh = Vec::new();
            for message in received.messages.unwrap_or_default() {
                if self.seen.insert(message.message_id.clone().unwrap_or_default()) {
                    fresh.push(message.clone());
                }
                // What is not hidden needs not be let go.
                if self.hidden > Duration::ZERO {
                    self.held.push(message);
                }
            }
            if !fresh.is_empty() {
                return Ok(fresh);
            }
        }
        Ok(Vec::new())
    }

    /// Removes a message for good.
    ///
    /// # Errors
    /// [`QueueError`] names the call and the queue.
    pub async fn delete(&mut self, message: &Message) -> Result<(), QueueError> {
        let delete = self.client.delete_message().queue_url(&self.url);
        let delete = delete.set_receipt_handle(message.receipt_handle.clone());
        delete
            .send()
            .await
            .map_err(|error| self.error("DeleteMessage", error))?;
        self.held.retain(|held| held.message_id != message.message_id);
        Ok(())
    }

    /// Makes all that was not deleted visible again at once.
    ///
    /// # Errors
    /// [`QueueError`] names the call and the queue.
    pub async fn end(self) -> Result<(), QueueError> {
        for batch in self.held.chunks(BATCH) {
            let entries = (0..).zip(batch).filter_map(|(place, message)| {
                ChangeMessageVisibilityBatchRequestEntry::builder()
                    .id(place.to_string())
                    .set_receipt_handle(message.receipt_handle.clone())
                    .visibility_timeout(0)
                    .build()
                    .ok()
            });
            let change = self.client.change_message_visibility_batch().queue_url(&self.url);
            let change = change.set_entries(Some(entries.collect()));
            change
                .send()
                .await
                .map_err(|error| self.error("ChangeMessageVisibilityBatch", error))?;
        }
        Ok(())
    }

    fn error(&self, call: &'static str, error: impl std::error::Error + Send + Sync + 'static) -> QueueError {
        QueueError {
            call,
            url: self.url.clone(),
            source: Box::new(error),
        }
    }
}

/// About how many messages a queue has.
///
/// # Errors
/// [`QueueError`].
pub async fn length(client: &Client, url: &str) -> Result<u64, QueueError> {
    let name = QueueAttributeName::ApproximateNumberOfMessages;
    let get = client
        .get_queue_attributes()
        .queue_url(url)
        .attribute_names(name.clone());
    let answer = get.send().await.map_err(|error| QueueError {
        call: "GetQueueAttributes",
        url: url.to_owned(),
        source: Box::new(error),
    })?;
    let length = answer.attributes.as_ref().and_then(|all| all.get(&name));
    Ok(length.and_then(|text| text.parse().ok()).unwrap_or_default())
}

/// The text of a message's attribute.
pub fn attribute<'a>(message: &'a Message, name: &str) -> Option<&'a str> {
    message.message_attributes.as_ref()?.get(name)?.string_value.as_deref()
}
