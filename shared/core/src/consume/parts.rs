//! A message of several events: an array. Each has its own key and its own fate; the message is deleted once all
//! of them are done, and comes back as soon as the first of those that wait may be tried again. Those that are
//! done by then are counted as duplicates, and those that are not due yet wait on.
//!
//! ```text
//! message ─ [A, B, C] ─ A done
//!                       B rejected: a copy of B alone is on the dead-letter queue, where a redrive finds it
//!                       C back in 8 s ─▶ the message comes back in 8 s: A, B dropped, C tried again
//! ```

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use super::{Fate, Received};
use crate::event::payload;
use crate::event::{Environment, Event};
use crate::provider::Provider;
use crate::wire::envelope::Envelope;

/// One event of a message.
pub(super) struct Part {
    /// The message; of an array, one that brings this event alone.
    pub(super) message: Received,
    pub(super) event: Event,
    whole: Arc<Whole>,
}

/// What a part waits for: the message that brings it alone, how long, and why.
pub(super) type Waiting = (Received, Duration, String);

/// What has become of a message's parts so far.
struct Whole(Mutex<Tally>);

struct Tally {
    open: usize,
    waiting: Vec<Waiting>,
}

/// The events that `message` brings.
pub(super) fn parts(
    message: Received,
    envelope: &Envelope,
    provider: &'static Provider,
    own: Environment,
) -> Vec<Part> {
    let events = payload::events(envelope, provider, own);
    let whole = Arc::new(Whole(Mutex::new(Tally {
        open: events.len(),
        waiting: Vec::new(),
    })));
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

/// The message as if it had brought `event` alone.
fn alone(message: &Received, envelope: &Envelope, event: &Event) -> Received {
    // A part that is packed for itself may be longer than the whole. That comes again with all its parts.
    let Ok(own) = envelope.with_json(event.body().clone()).to_message() else {
        return message.clone();
    };
    let attributes = own.attributes.into_iter();
    Received {
        message_id: message.message_id.clone(),
        receipt: message.receipt.clone(),
        text: own.text,
        attributes: attributes.map(|(name, value)| (name.to_owned(), value)).collect(),
        trace: message.trace.clone(),
        receives: message.receives,
        sent_at: message.sent_at,
    }
}

impl Part {
    /// The part has ended so. Gives all parts of the message that wait once this was the last one; none: the
    /// message is done.
    pub(super) fn end(self, fate: Fate) -> Option<Vec<Waiting>> {
        let mut tally = self.whole.0.lock().unwrap_or_else(PoisonError::into_inner);
        tally.open = tally.open.saturating_sub(1);
        if let Fate::Back(delay, why) = fate {
            tally.waiting.push((self.message, delay, why));
        }
        (tally.open == 0).then(|| std::mem::take(&mut tally.waiting))
    }
}
