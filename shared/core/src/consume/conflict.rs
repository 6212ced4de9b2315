//! Deliveries of events that are known: duplicates are counted, conflicts are kept for an operator.
//!
//! ```text
//! event     claim ── hooks ── COMPLETED
//! conflict       claim: other bytes ── keep_conflict: new ── delete         no hook is called for it
//! again                 claim: other bytes ── keep_conflict: known ── count ── delete
//! ```
//!
//! A conflict's message is deleted only once its bytes are kept. After a crash before that it comes back, and the
//! same bytes find their own record.

use tracing::{info, warn};

use super::{Consumer, Inbox, Outcome, Received};
use crate::event::Event;
use crate::ledger::{ConflictRecord, Ledger, Status};
use crate::metric;

impl<L: Ledger, I: Inbox> Consumer<L, I> {
    /// Keeps `event` as a conflict, or counts it if the same bytes are kept already.
    pub(super) async fn keep_conflict(&self, message: &Received, event: &Event) -> Outcome {
        let kept = self.ledger.keep_conflict(event, &message.message_id, self.clock.now());
        match kept.await {
            Ok(ConflictRecord::New) => {
                metric::event(event.provider, &event.account.name, "conflict");
                warn!(key = %event.key, delivery_id = %event.delivery_id, "conflict kept: other bytes under a known key");
                Outcome::Delete
            }
            Ok(ConflictRecord::Known) => {
                let conflict = event.clone().into_conflict();
                self.count_duplicate(message, &conflict, Status::Conflict).await
            }
            Err(error) => self.ledger_failed(message, event, &error),
        }
    }

    pub(super) async fn count_duplicate(&self, message: &Received, event: &Event, status: Status) -> Outcome {
        let (key, delivery_id) = (&event.key, event.delivery_id);
        match self.ledger.count_duplicate(key, delivery_id, self.clock.now()).await {
            Ok(()) => {
                metric::event(event.provider, &event.account.name, "duplicate");
                info!(%key, %delivery_id, status = status.name(), "duplicate dropped");
                Outcome::Delete
            }
            Err(error) => self.ledger_failed(message, event, &error),
        }
    }
}
