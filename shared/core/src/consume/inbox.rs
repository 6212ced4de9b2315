//! The queues as the consumer needs them.

use std::collections::HashMap;
use std::future::Future;
use std::time::Duration;

use bytestring::ByteString;
use thiserror::Error;

use crate::clock::Timestamp;

/// The event queue and its dead-letter queue.
pub trait Inbox: Send + Sync {
    /// Makes a message visible again after `delay`.
    fn return_after(&self, message: &Received, delay: Duration) -> impl Future<Output = Result<(), InboxError>> + Send;

    /// Deletes messages before the invocation ends.
    fn delete(&self, messages: &[Received]) -> impl Future<Output = Result<(), InboxError>> + Send;

    /// Puts a copy of a message on the dead-letter queue, with the reason.
    fn dead_letter(&self, message: &Received, reason: &str) -> impl Future<Output = Result<(), InboxError>> + Send;
}

/// A message of the event queue, as it was received.
#[derive(Debug, Clone, Default)]
pub struct Received {
    /// SQS's id of the message.
    pub message_id: String,
    /// The handle of this receipt, needed to return or delete the message.
    pub receipt: String,
    /// The body.
    pub text: ByteString,
    /// The string attributes.
    pub attributes: HashMap<String, String>,
    /// The trace of the delivery that it came with, as X-Ray writes it.
    pub trace: Option<String>,
    /// How often it was received, this time included; 0 if the queue does not say.
    pub receives: u32,
    /// When it was sent to the queue, if the queue says so.
    pub sent_at: Option<Timestamp>,
}

/// A queue that could not be reached.
#[derive(Debug, Error)]
#[error("{operation} of message `{message_id}`")]
#[expect(missing_docs, reason = "the names say it")]
pub struct InboxError {
    pub operation: &'static str,
    pub message_id: String,
    pub source: Box<dyn std::error::Error + Send + Sync>,
}
