//! Many messages in a call. Each is done or refused by itself, whatever the call's status is.

use std::collections::{HashMap, HashSet};

use aws_sdk_sqs::Client;
use aws_sdk_sqs::types::{
    BatchResultErrorEntry, DeleteMessageBatchRequestEntry, Message, MessageAttributeValue, SendMessageBatchRequestEntry,
};
use futures_util::{StreamExt, TryStreamExt, stream};

use super::QueueError;

/// SQS takes so many entries in a call.
pub(super) const BATCH: usize = 10;

/// SQS takes so many bytes in a call, attributes included.
/// <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessageBatch.html>
const BATCH_BYTES: usize = 1_048_576;

/// So many calls at once.
pub(super) const AT_ONCE: usize = 8;

/// What became of messages.
#[derive(Debug, Default)]
pub struct BatchOutcome<'a> {
    /// Those that SQS did.
    pub done: Vec<&'a Message>,
    /// Those that it refused.
    pub refused: Vec<Refused<'a>>,
}

/// A message that SQS refused.
#[derive(Debug)]
pub struct Refused<'a> {
    /// As it was received.
    pub message: &'a Message,
    /// SQS's code, and its reason.
    pub reason: String,
}

/// What a message is sent with.
pub type Attributes = HashMap<String, MessageAttributeValue>;

/// Sends these messages to the queue of this URL, with other attributes and in these groups.
///
/// # Errors
/// [`QueueError`] names the call. Of what was sent by then nothing is known: it may be there.
pub async fn send<'a>(
    client: &Client,
    url: &str,
    messages: Vec<(&'a Message, Attributes, &str)>,
) -> Result<BatchOutcome<'a>, QueueError> {
    let calls: Vec<_> = parts(messages)
        .into_iter()
        .map(|part| send_part(client, url, part))
        .collect();
    joined(calls).await
}

async fn send_part<'a>(
    client: &Client,
    url: &str,
    part: Vec<(&'a Message, Attributes, &str)>,
) -> Result<BatchOutcome<'a>, QueueError> {
    let failed = |error| QueueError::new("SendMessageBatch", url, error);
    let entries = (0..).zip(&part).map(|(place, (message, attributes, group))| {
        SendMessageBatchRequestEntry::builder()
            .id(place.to_string())
            .message_body(message.body.as_deref().unwrap_or_default())
            .set_message_attributes(Some(attributes.clone()))
            .message_group_id(*group)
            .build()
    });
    let entries = entries
        .collect::<Result<_, _>>()
        .map_err(|error| QueueError::new("SendMessageBatch", url, error))?;
    let send = client.send_message_batch().queue_url(url);
    let answer = send.set_entries(Some(entries)).send().await.map_err(failed)?;
    let messages: Vec<_> = part.iter().map(|(message, ..)| *message).collect();
    let done = answer.successful().iter().map(|entry| entry.id()).collect();
    Ok(outcome(&messages, &done, answer.failed()))
}

/// Deletes these messages from the queue of this URL.
///
/// # Errors
/// [`QueueError`] names the call. What was deleted by then is gone.
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
    let failed = |error| QueueError::new("DeleteMessageBatch", url, error);
    let entries = (0..).zip(part).map(|(place, message)| {
        DeleteMessageBatchRequestEntry::builder()
            .id(place.to_string())
            .set_receipt_handle(message.receipt_handle.clone())
            .build()
    });
    let entries = entries
        .collect::<Result<_, _>>()
        .map_err(|error| QueueError::new("DeleteMessageBatch", url, error))?;
    let delete = client.delete_message_batch().queue_url(url);
    let answer = delete.set_entries(Some(entries)).send().await.map_err(failed)?;
    let done = answer.successful().iter().map(|entry| entry.id()).collect();
    Ok(outcome(part, &done, answer.failed()))
}

/// Makes some of these calls at once.
async fn joined<'a>(
    calls: Vec<impl Future<Output = Result<BatchOutcome<'a>, QueueError>>>,
) -> Result<BatchOutcome<'a>, QueueError> {
    let outcomes: Vec<BatchOutcome<'a>> = stream::iter(calls).buffer_unordered(AT_ONCE).try_collect().await?;
    let mut all = BatchOutcome::default();
    for outcome in outcomes {
        all.done.extend(outcome.done);
        all.refused.extend(outcome.refused);
    }
    Ok(all)
}

/// Entries are called by their places. Only what SQS says that it did is done.
fn outcome<'a>(messages: &[&'a Message], done: &HashSet<&str>, failed: &[BatchResultErrorEntry]) -> BatchOutcome<'a> {
    let mut outcome = BatchOutcome::default();
    for (place, message) in messages.iter().enumerate() {
        let id = place.to_string();
        if done.contains(id.as_str()) {
            outcome.done.push(*message);
            continue;
        }
        let failed = failed.iter().find(|failed| failed.id() == id);
        let reason = failed.map(|failed| format!("{}: {}", failed.code(), failed.message().unwrap_or_default()));
        let reason = reason.unwrap_or_else(|| "SQS did not say what became of it".to_owned());
        outcome.refused.push(Refused { message, reason });
    }
    outcome
}

/// Divided so that each part fits a call.
fn parts<'a, 'g>(messages: Vec<(&'a Message, Attributes, &'g str)>) -> Vec<Vec<(&'a Message, Attributes, &'g str)>> {
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

/// The bytes that SQS counts: the body, and each attribute's name, type and value.
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
