//! Batch calls. SQS accepts or refuses each message by itself, whatever the call's status.

use std::collections::{HashMap, HashSet};

use aws_sdk_sqs::Client;
use aws_sdk_sqs::error::BuildError;
use aws_sdk_sqs::types::{
    BatchResultErrorEntry, DeleteMessageBatchRequestEntry, Message, MessageAttributeValue, SendMessageBatchRequestEntry,
};
use futures_util::{StreamExt, TryStreamExt, stream};

use super::QueueError;

/// The most entries that SQS accepts in a call.
pub(super) const BATCH: usize = 10;

/// The most bytes that SQS accepts in a call, attributes included.
/// <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessageBatch.html>
const BATCH_BYTES: usize = 1_048_576;

pub(super) const AT_ONCE: usize = 8;

/// Which messages SQS accepted and which it refused.
#[derive(Debug, Default)]
pub struct BatchOutcome<'a> {
    /// Messages that SQS confirmed.
    pub done: Vec<&'a Message>,
    /// Messages that it refused.
    pub refused: Vec<RefusedMessage<'a>>,
}

/// A message that SQS refused.
#[derive(Debug)]
pub struct RefusedMessage<'a> {
    /// As it was received.
    pub message: &'a Message,
    /// SQS's code and reason.
    pub reason: String,
}

/// A message's attributes by name.
pub type Attributes = HashMap<String, MessageAttributeValue>;

/// A received message, the attributes to send it with, and its group.
pub(super) type Entry<'a, 'g> = (&'a Message, Attributes, &'g str);

/// Sends these messages. After an error, some of them may have been sent.
pub(super) async fn send<'a>(
    client: &Client,
    url: &str,
    messages: Vec<Entry<'a, '_>>,
) -> Result<BatchOutcome<'a>, QueueError> {
    let calls: Vec<_> = parts(messages)
        .into_iter()
        .map(|part| send_part(client, url, part))
        .collect();
    joined(calls).await
}

async fn send_part<'a>(client: &Client, url: &str, part: Vec<Entry<'a, '_>>) -> Result<BatchOutcome<'a>, QueueError> {
    const CALL: &str = "SendMessageBatch";
    let entries = (0..).zip(&part).map(|(place, (message, attributes, group))| {
        SendMessageBatchRequestEntry::builder()
            .id(place.to_string())
            .message_body(message.body.as_deref().unwrap_or_default())
            .set_message_attributes(Some(attributes.clone()))
            .message_group_id(*group)
            .build()
    });
    let entries: Result<_, BuildError> = entries.collect();
    let send = client.send_message_batch().queue_url(url);
    let send = send.set_entries(Some(entries.map_err(|error| QueueError::new(CALL, url, error))?));
    let answer = send.send().await.map_err(|error| QueueError::new(CALL, url, error))?;
    let messages: Vec<_> = part.iter().map(|(message, ..)| *message).collect();
    let done = answer.successful().iter().map(|entry| entry.id()).collect();
    Ok(outcome(&messages, &done, answer.failed()))
}

/// Deletes these messages. After an error, some of them may be gone.
pub(super) async fn delete<'a>(
    client: &Client,
    url: &str,
    messages: &[&'a Message],
) -> Result<BatchOutcome<'a>, QueueError> {
    let calls: Vec<_> = messages
        .chunks(BATCH)
        .map(|part| delete_part(client, url, part))
        .collect();
    joined(calls).await
}

async fn delete_part<'a>(client: &Client, url: &str, part: &[&'a Message]) -> Result<BatchOutcome<'a>, QueueError> {
    const CALL: &str = "DeleteMessageBatch";
    let entries = (0..).zip(part).map(|(place, message)| {
        DeleteMessageBatchRequestEntry::builder()
            .id(place.to_string())
            .set_receipt_handle(message.receipt_handle.clone())
            .build()
    });
    let entries: Result<_, BuildError> = entries.collect();
    let delete = client.delete_message_batch().queue_url(url);
    let delete = delete.set_entries(Some(entries.map_err(|error| QueueError::new(CALL, url, error))?));
    let answer = delete.send().await.map_err(|error| QueueError::new(CALL, url, error))?;
    let done = answer.successful().iter().map(|entry| entry.id()).collect();
    Ok(outcome(part, &done, answer.failed()))
}

async fn joined<'a>(
    calls: Vec<impl Future<Output = Result<BatchOutcome<'a>, QueueError>>>,
) -> Result<BatchOutcome<'a>, QueueError> {
    let calls = stream::iter(calls).buffer_unordered(AT_ONCE);
    calls
        .try_fold(BatchOutcome::default(), async |mut all, outcome| {
            all.done.extend(outcome.done);
            all.refused.extend(outcome.refused);
            Ok(all)
        })
        .await
}

/// An entry's id is its place. Only what SQS confirms counts as done.
fn outcome<'a>(messages: &[&'a Message], done: &HashSet<&str>, failed: &[BatchResultErrorEntry]) -> BatchOutcome<'a> {
    let mut outcome = BatchOutcome::default();
    for (place, message) in messages.iter().enumerate() {
        let id = place.to_string();
        if done.contains(id.as_str()) {
            outcome.done.push(*message);
            continue;
        }
        let reason = match failed.iter().find(|failed| failed.id() == id) {
            Some(failed) => format!("{}: {}", failed.code(), failed.message().unwrap_or_default()),
            None => "SQS did not say what became of it".to_owned(),
        };
        outcome.refused.push(RefusedMessage { message, reason });
    }
    outcome
}

/// Splits messages so that each part fits a call.
fn parts<'a, 'g>(messages: Vec<Entry<'a, 'g>>) -> Vec<Vec<Entry<'a, 'g>>> {
    let mut parts: Vec<Vec<_>> = Vec::new();
    let mut bytes = 0;
    for entry in messages {
        let own = size(entry.0, &entry.1);
        match parts.last_mut() {
            Some(part) if part.len() < BATCH && bytes + own <= BATCH_BYTES => {
                bytes += own;
                part.push(entry);
            }
            _ => {
                bytes = own;
                parts.push(vec![entry]);
            }
        }
    }
    parts
}

/// The bytes that SQS counts: the body, and the name, type and value of each attribute.
fn size(message: &Message, attributes: &Attributes) -> usize {
    let attributes = attributes.iter().map(|(name, value)| {
        let text = value.string_value().map_or(0, str::len);
        let binary = value.binary_value().map_or(0, |bytes| bytes.as_ref().len());
        name.len() + value.data_type().len() + text + binary
    });
    message.body.as_deref().map_or(0, str::len) + attributes.sum::<usize>()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(bytes: usize) -> Message {
        Message::builder().body("x".repeat(bytes)).build()
    }

    fn lengths(messages: &[Message]) -> Vec<usize> {
        let entries = messages
            .iter()
            .map(|message| (message, Attributes::new(), "g"))
            .collect();
        parts(entries).iter().map(Vec::len).collect()
    }

    #[test]
    fn a_call_has_ten_messages_and_a_mebibyte_at_most() {
        assert_eq!(lengths(&vec![message(10); 25]), [10, 10, 5]);
        assert_eq!(lengths(&vec![message(400_000); 5]), [2, 2, 1]);
        assert_eq!(lengths(&[message(1_000_000), message(48_576), message(1)]), [2, 1]);
        assert_eq!(lengths(&[]), [0; 0]);
    }

    #[test]
    fn attributes_count() {
        let value = MessageAttributeValue::builder()
            .data_type("String")
            .string_value("four");
        let attributes = Attributes::from([("name".to_owned(), value.build().unwrap())]);
        assert_eq!(size(&message(100), &attributes), 100 + 4 + 6 + 4);
    }

    #[test]
    fn only_what_sqs_confirms_is_done() {
        let messages: Vec<Message> = ["a", "b", "c"]
            .map(|id| Message::builder().message_id(id).build())
            .into();
        let messages: Vec<&Message> = messages.iter().collect();
        let failed = BatchResultErrorEntry::builder()
            .id("1")
            .code("Throttled")
            .message("slow down")
            .sender_fault(false);
        let outcome = outcome(&messages, &HashSet::from(["0"]), &[failed.build().unwrap()]);
        let done: Vec<_> = outcome.done.iter().filter_map(|message| message.message_id()).collect();
        assert_eq!(done, ["a"]);
        let refused: Vec<_> = outcome.refused.iter().map(|refused| refused.reason.as_str()).collect();
        assert_eq!(refused, ["Throttled: slow down", "SQS did not say what became of it"]);
    }
}
