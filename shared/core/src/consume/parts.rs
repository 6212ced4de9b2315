//! A message with several events, in an array. Each has its own key and its own outcome. The message is deleted once
//! all of them are done, and comes back as soon as the first of the waiting ones is due; by then the finished ones are
//! duplicates, and the others wait on.
//!
//! ```text
//! message ─ [A, B, C] ─ A done
//!                       B rejected: a copy of B alone is on the dead-letter queue, for a redrive
//!                       C due in 8 s ─▶ the message comes back in 8 s: A, B dropped, C retried
//! ```

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use super::{Outcome, Received};
use crate::event::payload;
use crate::event::reference::References;
use crate::event::{Environment, Event};
use crate::provider::Provider;
use crate::wire::envelope::Envelope;

pub(super) struct Part {
    /// The message; for an event of an array, a message with this event alone.
    pub(super) message: Received,
    pub(super) event: Event,
    whole: Arc<Mutex<Tally>>,
}

/// A part that waits: its message, how long, and why.
pub(super) type Waiting = (Received, Duration, String);

struct Tally {
    open: usize,
    waiting: Vec<Waiting>,
}

pub(super) fn parts(
    message: Received,
    envelope: &Envelope,
    provider: &'static Provider,
    own: Environment,
    references: &References,
) -> Vec<Part> {
    let mut events = references.applied(payload::events(envelope, provider, own));
    if message.trace.is_some() {
        events
            .iter_mut()
            .for_each(|event| event.trace.clone_from(&message.trace));
    }
    let whole = Arc::new(Mutex::new(Tally {
        open: events.len(),
        waiting: Vec::new(),
    }));
    let messages = match events.len() {
        1 => vec![message],
        _ => events.iter().map(|event| alone(&message, envelope, event)).collect(),
    };
    let part = |(message, event)| Part {
        message,
        event,
        whole: Arc::clone(&whole),
    };
    messages.into_iter().zip(events).map(part).collect()
}

/// The message as it would be with `event` alone.
fn alone(message: &Received, envelope: &Envelope, event: &Event) -> Received {
    // A part compressed by itself may be longer than the whole. Then the message comes again with all its parts.
    let Ok(own) = envelope.with_json(event.body().clone()).to_message() else {
        return message.clone();
    };
    let attributes = own.attributes.into_iter();
    Received {
        message_id: message.message_id.clone(),
        receipt: message.receipt.clone(),
        text: own.text.into(),
        attributes: attributes.map(|(name, value)| (name.to_owned(), value)).collect(),
        trace: message.trace.clone(),
        receives: message.receives,
        sent_at: message.sent_at,
    }
}

impl Part {
    /// Notes the part's outcome. After the last part, returns those that wait; none of them means that the message is
    /// done.
    pub(super) fn end(self, outcome: Outcome) -> Option<Vec<Waiting>> {
        let mut tally = self.whole.lock().unwrap_or_else(PoisonError::into_inner);
        tally.open = tally.open.saturating_sub(1);
        if let Outcome::Return(delay, why) = outcome {
            tally.waiting.push((self.message, delay, why));
        }
        (tally.open == 0).then(|| std::mem::take(&mut tally.waiting))
    }
}
