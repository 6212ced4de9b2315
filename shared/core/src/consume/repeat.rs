//! Deliveries that look like repeats are looked up before anything is written.
//!
//! A duplicate that meets a transaction pays for it as if it had been written. A read that may miss the latest writes
//! costs a fortieth of that, and what it says of a completed event is final:
//!
//! ```text
//! looks like a repeat ── read: COMPLETED, these bytes ── count ── delete
//!                            │ anything else, or no answer
//! anything else ─────────────┴─▶ as if nothing had been read
//! ```

use std::time::Duration;

use tracing::warn;

use super::{Consumer, Received};
use crate::error::chain;
use crate::event::Event;
use crate::ledger::Ledger;

/// A first delivery comes within seconds of its event. Providers send again after ten seconds or more.
const REPEATED: Duration = Duration::from_secs(10);

impl<L: Ledger, I> Consumer<L, I> {
    /// Whether `event` is surely a duplicate of a completed one. Only deliveries that look like repeats are looked up.
    pub(super) async fn is_known_repeat(&self, message: &Received, event: &Event) -> bool {
        if !looks_repeated(message, event) {
            return false;
        }
        match self.ledger.is_completed(event).await {
            Ok(is_completed) => is_completed,
            // It was only to save a write.
            Err(error) => {
                let (key, delivery_id) = (&event.key, event.delivery_id);
                warn!(%key, %delivery_id, error = chain(&error), "not looked up whether the event is completed");
                false
            }
        }
    }
}

/// Whether `event` was delivered later than a first delivery is. Without a time of its own, nothing says so; a message
/// that was received before, or that an operator sent, claims its event in any case.
fn looks_repeated(message: &Received, event: &Event) -> bool {
    let sent = !event.replay && !event.reconciled && message.receives <= 1;
    sent && event
        .occurred_at
        .is_some_and(|at| event.received_at.since(at) >= REPEATED)
}
