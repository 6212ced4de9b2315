//! The verifier's queues on SQS.

use acuse_core::receive::{Outbox, OutboxError};
use acuse_core::wire::envelope::Message;
use aws_sdk_sqs::Client;
use aws_sdk_sqs::operation::send_message::builders::SendMessageFluentBuilder;
use aws_sdk_sqs::types::{MessageAttributeValue, MessageSystemAttributeNameForSends, MessageSystemAttributeValue};
use tracing::debug;

use crate::config;
use crate::telemetry::recorded_trace;

/// The event queue and the quarantine queue.
#[derive(Debug, Clone)]
pub struct SqsOutbox {
    client: Client,
    event_queue: String,
    quarantine_queue: String,
}

impl SqsOutbox {
    /// The queues with these URLs.
    pub fn new(client: Client, event_queue: String, quarantine_queue: String) -> Self {
        Self {
            client,
            event_queue,
            quarantine_queue,
        }
    }

    /// Opens the connection before the first delivery, with a real call: a batch without messages, which SQS refuses and
    /// which needs no permission beyond sending.
    pub(super) async fn warm_up(&self) {
        let call = self.client.send_message_batch().queue_url(&self.event_queue);
        if let Err(error) = call.set_entries(Some(Vec::new())).send().await {
            debug!(%error, "queue connection opened by a call that is refused");
        }
    }

    fn send(&self, queue_url: &str, message: Message) -> SendMessageFluentBuilder {
        let Message { text, attributes } = message;
        let attributes = attributes.into_iter();
        let attributes = attributes.filter_map(|(name, value)| Some((name.to_owned(), string(value)?)));
        let send = self.client.send_message().queue_url(queue_url).message_body(text);
        send.set_message_attributes(Some(attributes.collect()))
    }
}

impl Outbox for SqsOutbox {
    async fn queue(&self, group: &str, message: Message) -> Result<(), OutboxError> {
        let mut send = self
            .send(&self.event_queue, message)
            // A fair queue: a flood to one account does not delay the others.
            .message_group_id(group);
        if let Some(trace) = trace_header() {
            send = send.message_system_attributes(MessageSystemAttributeNameForSends::AwsTraceHeader, trace);
        }
        send.send().await.map(drop).map_err(|error| failed("event", error))
    }

    async fn quarantine(&self, message: Message) -> Result<(), OutboxError> {
        let send = self.send(&self.quarantine_queue, message);
        send.send().await.map(drop).map_err(|error| failed("quarantine", error))
    }
}

fn string(value: String) -> Option<MessageAttributeValue> {
    let attribute = MessageAttributeValue::builder().data_type("String");
    attribute.string_value(value).build().ok()
}

/// The invocation's trace, which the runtime puts into this variable. Without `Tracing=Active` nothing is recorded of it,
/// and the consumer has no use for it.
/// <https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html>
fn trace_header() -> Option<MessageSystemAttributeValue> {
    let trace = config::optional("_X_AMZN_TRACE_ID").filter(|trace| recorded_trace(trace).is_some())?;
    let value = MessageSystemAttributeValue::builder().data_type("String");
    value.string_value(trace).build().ok()
}

fn failed(queue: &'static str, error: impl std::error::Error + Send + Sync + 'static) -> OutboxError {
    OutboxError {
        queue,
        source: Box::new(error),
    }
}
