//! How many messages wait in the stack's queues.

use futures_util::future::join3;

use crate::stack::queue::Depth;
use crate::stack::target::Target;

/// About how many; `None` if the queue can't be asked.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Counts {
    /// Deliveries in the event queue: waiting, being processed, or waiting for their next try.
    pub(super) waiting: Option<u64>,
    pub(super) dead_letters: Option<u64>,
    pub(super) quarantine: Option<u64>,
}

impl Counts {
    pub(super) async fn of(target: &Target) -> Self {
        let depth = async |queue| {
            let depth = Depth::of(target, queue).await.ok()?;
            Some(depth.visible + depth.in_flight + depth.delayed)
        };
        let queues = join3(
            depth("EventQueueUrl"),
            depth("DeadLetterQueueUrl"),
            depth("QuarantineQueueUrl"),
        );
        let (waiting, dead_letters, quarantine) = queues.await;
        Self {
            waiting,
            dead_letters,
            quarantine,
        }
    }
}
