//! Destinations that are queues of SQS.

use std::collections::HashMap;

use acuse_core::destination::answer::Outcome;
use acuse_core::destination::config::Queue;
use acuse_core::destination::delivery::Answer;
use acuse_core::destination::sign;
use acuse_core::event::Event;
use acuse_core::provider::id::digest;
use aws_config::{Region, SdkConfig};
use aws_sdk_sqs::Client;
use aws_sdk_sqs::config::Builder;
use aws_sdk_sqs::types::MessageAttributeValue;
use bytes::Bytes;
use http::{HeaderMap, HeaderName, StatusCode};
use tokio::sync::Mutex;

use super::{Sent, failure};

/// A message's body and attributes, with their names and types, may have 1 MiB together.
/// <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessage.html>
const LARGEST: usize = 1024 * 1024;

/// The type of an attribute.
const STRING: &str = "String";

/// The queues, with what is known of each.
pub(super) struct Queues {
    sdk: SdkConfig,
    /// By ARN: a client for the queue's region, and its URL.
    known: Mutex<HashMap<String, (Client, String)>>,
}

impl Queues {
    pub(super) fn new(sdk: SdkConfig) -> Self {
        Self {
            sdk,
            known: Mutex::default(),
        }
    }

    /// Sends the body of a request as a message, with the headers of Standard Webhooks as attributes.
    pub(super) async fn send(&self, queue: &Queue, event: &Event, headers: &HeaderMap, body: &[u8]) -> Sent {
        let attributes: Vec<_> = [sign::ID, sign::TIMESTAMP, sign::SIGNATURE]
            .into_iter()
            .filter_map(|name| Some((headers.get(&name)?.to_str().ok()?, name)))
            .collect();
        let length = |(value, name): &(&str, HeaderName)| name.as_str().len() + STRING.len() + value.len();
        let bytes = body.len() + attributes.iter().map(length).sum::<usize>();
        if bytes > LARGEST {
            return failure::too_large(bytes, LARGEST);
        }
        let (client, url) = match self.known(queue).await {
            Ok(known) => known,
            Err(sent) => return *sent,
        };
        let mut send = client
            .send_message()
            .queue_url(url)
            .message_body(String::from_utf8_lossy(body));
        for (value, name) in attributes {
            let value = MessageAttributeValue::builder().data_type(STRING).string_value(value);
            let value = match value.build() {
                Ok(value) => value,
                Err(error) => return failure::refused(&error),
            };
            send = send.message_attributes(name.as_str(), value);
        }
        if queue.is_fifo() {
            send = send
                .message_group_id(group(event))
                .message_deduplication_id(event.idempotency_key());
        }
        match send.send().await {
            Ok(sent) => Sent {
                outcome: Outcome::Answered {
                    status: StatusCode::OK,
                    retry_after: None,
                },
                answer: Some(Answer {
                    status: StatusCode::OK.as_u16(),
                    took_ms: 0,
                    body: format!("message {}", sent.message_id().unwrap_or_default()),
                }),
                detail: None,
            },
            Err(error) => failure::refused(&error),
        }
    }

    async fn known(&self, queue: &Queue) -> Result<(Client, String), Box<Sent>> {
        if let Some(found) = self.known.lock().await.get(queue.arn()) {
            return Ok(found.clone());
        }
        // Not under the lock: a region that does not answer would delay the queues of others.
        let region = Region::new(queue.region().to_owned());
        let client = Client::from_conf(Builder::from(&self.sdk).region(region).build());
        let get = client.get_queue_url().queue_name(queue.name());
        let got = get.queue_owner_aws_account_id(queue.owner()).send().await;
        let got = got.map_err(|error| Box::new(failure::refused(&error)))?;
        let found = (client, got.queue_url.unwrap_or_default());
        self.known.lock().await.insert(queue.arn().to_owned(), found.clone());
        Ok(found)
    }
}

/// SQS takes only the characters of XML, which these two are not. In JSON they may be written as escapes.
pub(super) fn text(body: &[u8]) -> Bytes {
    let text = String::from_utf8_lossy(body);
    let text = text.replace('\u{FFFE}', "\\ufffe").replace('\u{FFFF}', "\\uffff");
    text.into()
}

/// The resource: its events keep their order. A group's name has 128 characters at most, and not all characters.
fn group(event: &Event) -> String {
    digest(&event.key.partition)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_body_has_only_characters_that_sqs_takes() {
        let json = "{\"data\":\"a\u{FFFE}b\u{FFFF}\u{1F600}\"}";
        let sent = text(json.as_bytes());
        assert_eq!(sent, "{\"data\":\"a\\ufffeb\\uffff\u{1F600}\"}");
        let value = |text: &[u8]| serde_json::from_slice::<serde_json::Value>(text).unwrap();
        assert_eq!(value(json.as_bytes()), value(&sent));
    }
}
