//! The event queue and its dead-letter queue in memory.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use acuse_core::clock::Timestamp;
use acuse_core::consume::{Inbox, InboxError, Received};

use super::process::Process;

/// Clones share the messages.
#[derive(Clone, Default)]
pub(super) struct Queue(Arc<Mutex<Messages>>);

#[derive(Default)]
struct Messages {
    /// With the time from which they can be received, and the key of their event.
    waiting: Vec<(Timestamp, Received, String)>,
    dead: Vec<(String, Received)>,
    sent: u32,
}

impl Queue {
    /// A new message, received once.
    pub(super) fn message(&self, text: String, attributes: Vec<(&'static str, String)>, now: Timestamp) -> Received {
        let mut messages = self.messages();
        messages.sent += 1;
        let message_id = format!("message-{}", messages.sent);
        Received {
            receipt: message_id.clone(),
            message_id,
            text: text.into(),
            attributes: attributes
                .into_iter()
                .map(|(name, value)| (name.to_owned(), value))
                .collect(),
            trace: None,
            receives: 1,
            sent_at: Some(now),
        }
    }

    pub(super) fn put_back(&self, message: Received, event: String, due: Timestamp) {
        self.messages().waiting.push((due, message, event));
    }

    /// The message that is due first, received once more.
    pub(super) fn receive(&self) -> Option<(Timestamp, Received, String)> {
        let waiting = &mut self.messages().waiting;
        let (place, _) = waiting.iter().enumerate().min_by_key(|(_, (due, ..))| *due)?;
        let (due, mut message, event) = waiting.remove(place);
        message.receives += 1;
        Some((due, message, event))
    }

    pub(super) fn dead_letters(&self) -> Vec<String> {
        self.messages().dead.iter().map(|(reason, _)| reason.clone()).collect()
    }

    fn messages(&self) -> MutexGuard<'_, Messages> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The queues as one process uses them.
pub(super) struct TestInbox {
    pub(super) queue: Queue,
    pub(super) process: Arc<Process>,
}

impl Inbox for TestInbox {
    async fn return_after(&self, _: &Received, delay: Duration) -> Result<(), InboxError> {
        let mut seen = self.process.seen();
        seen.lines.push(format!("queue: comes back in {delay:?}"));
        seen.returned = Some(delay);
        Ok(())
    }

    /// What becomes of the message is in the consumer's answer.
    async fn delete(&self, _: &[Received]) -> Result<(), InboxError> {
        Ok(())
    }

    async fn dead_letter(&self, message: &Received, reason: &str) -> Result<(), InboxError> {
        let dead = (reason.to_owned(), message.clone());
        self.queue.messages().dead.push(dead);
        let mut seen = self.process.seen();
        seen.lines.push("queue: dead-lettered".to_owned());
        seen.dead_letter = Some(reason.to_owned());
        Ok(())
    }
}
