//! The consumer's queues in memory.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use crate::consume::{Inbox, InboxError, Received};

/// Remembers what was returned and what was dead-lettered.
#[derive(Debug, Default)]
pub struct FakeInbox {
    returned: Mutex<Vec<(String, Duration)>>,
    dead: Mutex<Vec<(Received, String)>>,
    deleted: Mutex<Vec<String>>,
    /// While true, every call fails.
    pub down: AtomicBool,
}

impl FakeInbox {
    /// Message ids and delays, in order.
    pub fn returned(&self) -> Vec<(String, Duration)> {
        self.returned.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Message ids and reasons, in order.
    pub fn dead(&self) -> Vec<(String, String)> {
        let letters = self.dead_letters().into_iter();
        letters.map(|(message, reason)| (message.message_id, reason)).collect()
    }

    /// The copies themselves and their reasons, in order.
    pub fn dead_letters(&self) -> Vec<(Received, String)> {
        self.dead.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Ids of the messages that were deleted early, in order.
    pub fn deleted(&self) -> Vec<String> {
        self.deleted.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn up(&self, operation: &'static str, message: &Received) -> Result<(), InboxError> {
        if self.down.load(Ordering::SeqCst) {
            return Err(InboxError {
                operation,
                message_id: message.message_id.clone(),
                source: "the queue is down".into(),
            });
        }
        Ok(())
    }
}

impl Inbox for &FakeInbox {
    async fn return_after(&self, message: &Received, delay: Duration) -> Result<(), InboxError> {
        self.up("return", message)?;
        let mut returned = self.returned.lock().unwrap_or_else(PoisonError::into_inner);
        returned.push((message.message_id.clone(), delay));
        Ok(())
    }

    async fn delete(&self, messages: &[Received]) -> Result<(), InboxError> {
        for message in messages {
            self.up("deletion", message)?;
            let mut deleted = self.deleted.lock().unwrap_or_else(PoisonError::into_inner);
            deleted.push(message.message_id.clone());
        }
        Ok(())
    }

    async fn dead_letter(&self, message: &Received, reason: &str) -> Result<(), InboxError> {
        self.up("dead-lettering", message)?;
        let mut dead = self.dead.lock().unwrap_or_else(PoisonError::into_inner);
        dead.push((message.clone(), reason.to_owned()));
        Ok(())
    }
}
