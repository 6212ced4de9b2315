//! The stack's queues, as the operator's commands read and write them.

mod batch;
mod depth;
mod server_time;
mod walk;

use std::error::Error;

use aws_sdk_sqs::types::Message;

pub use batch::{Attributes, BatchOutcome, RefusedMessage};
pub use depth::Depth;
pub use walk::{HIDDEN, Walk};

/// A call to SQS that failed.
#[derive(Debug, thiserror::Error)]
#[error("{call} failed on the queue `{url}`")]
pub struct QueueError {
    call: &'static str,
    url: String,
    source: Box<dyn Error + Send + Sync>,
}

impl QueueError {
    fn new(call: &'static str, url: &str, error: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self {
            call,
            url: url.to_owned(),
            source: error.into(),
        }
    }
}

/// The text of a message's attribute.
pub fn attribute<'a>(message: &'a Message, name: &str) -> Option<&'a str> {
    message.message_attributes.as_ref()?.get(name)?.string_value.as_deref()
}
