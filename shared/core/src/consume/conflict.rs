//! Other bytes under the key of an event that is known: kept whole in a record of their own, for an operator.
//!
//! ```text
//! event     claim ── hooks ── COMPLETED
//! conflict       claim: other bytes ── keep ✓ ── delete        no hook is called for it
//! again                 claim: other bytes ── keep: known ── count ── delete
//! ```
//!
//! The message is deleted only once its bytes are kept: a crash before that brings it back, and the same
//! bytes find their own record.

use tracing::warn;

use super::{Consumer, Fate, Inbox, Received};
use crate::clock::{Clock, Random};
use crate::event::Event;
use crate::ledger::{Kept, Ledger, Status};
use crate::metric;

impl<L: Ledger, I: Inbox, C: Clock, R: Random> Consumer<L, I, C, R> {
    /// Keeps `event` as a conflict, or counts it where the same bytes are kept already.
    pub(super) async fn keep_conflict(&self, message: &Received, event: &Event) -> Fate {
        let kept = self.ledger.keep_conflict(event, &message.message_id, self.clock.now());
        match kept.await {
            Ok(Kept::New) => {
                metric::event(event.provider, "conflict");
                warn!(key = %event.key, delivery_id = %event.delivery_id, "other bytes under a known key, kept as a conflict");
                Fate::Done
            }
            Ok(Kept::Known) => {
                let conflict = event.clone().into_conflict();
                self.count_duplicate(message, &conflict, Status::Conflict.name()).await
            }
            Err(error) => self.ledger_failed(message, event, &error),
        }
    }
}
