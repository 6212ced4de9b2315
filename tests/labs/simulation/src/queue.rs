//! The event queue: a standard queue of SQS.
//!
//! Nearly unlimited but for about 120,000 messages in flight:
//! <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/quotas-queues.html>

use std::collections::{BTreeMap, VecDeque};

use crate::time::{Tick, seconds};

/// Received and not yet deleted, at most.
pub const IN_FLIGHT: u32 = 120_000;

/// One event on its way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Message {
    /// When the verifier put it.
    pub sent: Tick,
    /// How often it was received.
    pub receives: u16,
    /// How often its event's hooks have failed.
    pub failures: u16,
}

/// Messages that wait, in order of arrival.
#[derive(Default)]
pub struct Queue {
    fresh: VecDeque<Message>,
    back: VecDeque<Message>,
    hidden: BTreeMap<Tick, Vec<Message>>,
    hidden_count: u32,
    in_flight: u32,
}

impl Queue {
    /// So many new messages.
    pub fn send(&mut self, messages: u32, now: Tick) {
        let message = Message {
            sent: now,
            receives: 0,
            failures: 0,
        };
        self.fresh.extend(std::iter::repeat_n(message, messages as usize));
    }

    /// Those whose wait is over can be received again.
    pub fn show(&mut self, now: Tick) {
        while let Some(first) = self.hidden.first_entry().filter(|first| *first.key() <= now) {
            let shown = first.remove();
            self.hidden_count -= shown.len() as u32;
            self.in_flight -= shown.len() as u32;
            self.back.extend(shown);
        }
    }

    /// Takes up to `wanted`, those first that came back.
    pub fn receive(&mut self, wanted: u32) -> Vec<Message> {
        let mut received = Vec::with_capacity(wanted as usize);
        while received.len() < wanted as usize && self.in_flight < IN_FLIGHT {
            let Some(mut message) = self.back.pop_front().or_else(|| self.fresh.pop_front()) else {
                break;
            };
            message.receives = message.receives.saturating_add(1);
            self.in_flight += 1;
            received.push(message);
        }
        received
    }

    /// A received message is done with.
    pub fn delete(&mut self) {
        self.in_flight -= 1;
    }

    /// A received message stays hidden until `until`. It counts as in flight as long.
    pub fn hide(&mut self, message: Message, until: Tick) {
        self.hidden.entry(until).or_default().push(message);
        self.hidden_count += 1;
    }

    /// Messages that can be received.
    pub fn visible(&self) -> u32 {
        (self.fresh.len() + self.back.len()) as u32
    }

    /// Messages that wait for their retry.
    pub fn hidden(&self) -> u32 {
        self.hidden_count
    }

    /// Received and not yet deleted, hidden ones too.
    pub fn in_flight(&self) -> u32 {
        self.in_flight
    }

    /// Seconds that the next new message has waited; those that came back are not counted.
    pub fn age(&self, now: Tick) -> f64 {
        self.fresh.front().map_or(0.0, |message| seconds(message.sent, now))
    }

    /// When the next hidden one is shown.
    pub fn next(&self) -> Option<Tick> {
        self.hidden.keys().next().copied()
    }
}
