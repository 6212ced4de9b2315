//! How many messages a queue has.

use aws_sdk_sqs::Client;
use aws_sdk_sqs::types::QueueAttributeName;

use super::QueueError;
use crate::stack::error::StackError;
use crate::stack::target::Target;

/// About how many messages a queue has: SQS counts across its servers, and may be a minute behind.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Depth {
    /// Messages that can be received.
    pub visible: u64,
    /// Messages that were received and not deleted: being processed, waiting for a retry, or hidden by a pass.
    pub in_flight: u64,
    /// Messages that were sent with a delay.
    pub delayed: u64,
}

impl Depth {
    /// Asks SQS about the queue whose URL is in the stack's output `queue`.
    pub async fn of(target: &Target, queue: &str) -> Result<Self, StackError> {
        use QueueAttributeName as Name;
        let names = [
            Name::ApproximateNumberOfMessages,
            Name::ApproximateNumberOfMessagesNotVisible,
            Name::ApproximateNumberOfMessagesDelayed,
        ];
        let url = target.output(queue)?;
        let get = Client::new(&target.sdk).get_queue_attributes().queue_url(url);
        let answer = get.set_attribute_names(Some(names.to_vec())).send().await;
        let answer = answer.map_err(|error| QueueError::new("GetQueueAttributes", url, error))?;
        let [visible, in_flight, delayed] = names.map(|name| {
            let number = answer.attributes.as_ref().and_then(|all| all.get(&name));
            number.and_then(|text| text.parse().ok()).unwrap_or_default()
        });
        Ok(Self {
            visible,
            in_flight,
            delayed,
        })
    }
}
