//! The consumer's queues on SQS.

use std::time::Duration;

use acuse_core::consume::{Inbox, InboxError, Received};
use aws_sdk_sqs::Client;
use aws_sdk_sqs::types::{DeleteMessageBatchRequestEntry, MessageAttributeValue};

/// The longest reason in a message attribute, in bytes. With the other attributes it fits into what a message's text
/// leaves of 1 MiB.
const LONGEST_REASON: usize = 1024;

const LARGEST_BATCH: usize = 10;

/// The queues of the template, by their URLs.
#[derive(Debug)]
pub struct SqsInbox {
    pub(super) client: Client,
    pub(super) event_queue: String,
    pub(super) dead_letter_queue: String,
}

impl Inbox for SqsInbox {
    async fn return_after(&self, message: &Received, delay: Duration) -> Result<(), InboxError> {
        // Rounded up: a message that comes back before the lease is over has to wait again.
        let seconds = delay.as_secs() + u64::from(delay.subsec_nanos() > 0);
        let change = self
            .client
            .change_message_visibility()
            .queue_url(&self.event_queue)
            .receipt_handle(&message.receipt)
            .visibility_timeout(i32::try_from(seconds).unwrap_or(i32::MAX));
        let changed = change.send().await;
        changed.map(drop).map_err(|error| failed("return", message, error))
    }

    async fn delete(&self, messages: &[Received]) -> Result<(), InboxError> {
        for batch in messages.chunks(LARGEST_BATCH) {
            let Some(first) = batch.first() else { continue };
            let entries = batch.iter().enumerate().map(|(place, message)| {
                DeleteMessageBatchRequestEntry::builder()
                    .id(place.to_string())
                    .receipt_handle(&message.receipt)
                    .build()
            });
            let entries: Result<Vec<_>, _> = entries.collect();
            let entries = entries.map_err(|error| failed("deletion", first, error))?;
            let delete = self.client.delete_message_batch().queue_url(&self.event_queue);
            // Lambda deletes all of them again, so a failed entry does no harm.
            let delete = delete.set_entries(Some(entries)).send();
            delete.await.map_err(|error| failed("deletion", first, error))?;
        }
        Ok(())
    }

    async fn dead_letter(&self, message: &Received, reason: &str) -> Result<(), InboxError> {
        let reason = sendable(reason);
        let own = message.attributes.iter().filter(|(name, _)| *name != "reason");
        let own = own.map(|(name, value)| (name.as_str(), value.as_str()));
        // SQS takes ten attributes. Our messages have nine at most, others may have more.
        let all = [("reason", reason.as_str())].into_iter().chain(own).take(10);
        let attributes = all.filter_map(|(name, value)| {
            let value = MessageAttributeValue::builder().data_type("String").string_value(value);
            Some((name.to_owned(), value.build().ok()?))
        });
        let send = self.client.send_message().queue_url(&self.dead_letter_queue);
        let send = send.message_body(&*message.text);
        let send = send.set_message_attributes(Some(attributes.collect()));
        let sent = send.send().await;
        sent.map(drop).map_err(|error| failed("dead-lettering", message, error))
    }
}

/// As much of `reason` as an attribute takes.
fn sendable(reason: &str) -> String {
    // SQS takes only characters of XML, which these are not.
    let allowed = |c: &char| !c.is_control() && !matches!(c, '\u{FFFE}' | '\u{FFFF}');
    let fitting = reason.chars().filter(allowed).scan(0, |length, c| {
        *length += c.len_utf8();
        (*length <= LONGEST_REASON).then_some(c)
    });
    fitting.collect()
}

fn failed(
    operation: &'static str,
    message: &Received,
    error: impl std::error::Error + Send + Sync + 'static,
) -> InboxError {
    InboxError {
        operation,
        message_id: message.message_id.clone(),
        source: Box::new(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reason_has_only_characters_that_sqs_takes_and_fits() {
        assert_eq!(
            sendable("hook `h`:\r\n\u{FFFE}no such order\u{1b}"),
            "hook `h`:no such order"
        );
        assert_eq!(sendable(&"a".repeat(2000)).len(), LONGEST_REASON);
        assert_eq!(sendable(&"😀".repeat(2000)).len(), LONGEST_REASON);
        assert_eq!(sendable(&format!("a{}", "😀".repeat(2000))).len(), LONGEST_REASON - 3);
    }
}
