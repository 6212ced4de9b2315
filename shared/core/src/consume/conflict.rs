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
//!
//! An event that an operator took in never has the bytes of its webhook. Whichever comes first is the event; the other
//! is no conflict:
//!
//! ```text
//! reconciled  claim ── hooks ── COMPLETED                      the webhook: kept as its confirmation, no hook, no alarm
//! webhook            claim: other bytes ── same money ── claim beside it ── complete
//!                                         other money, or money that is not named: a conflict
//!                                         the event was rejected or erased: a conflict, for an operator to decide
//!
//! webhook     claim ── hooks ── COMPLETED
//! reconciled         claim: other bytes ── a duplicate
//! ```

use tracing::{info, warn};

use super::{Consumer, Inbox, Outcome, Received};
use crate::event::Event;
use crate::ledger::{Change, ConflictRecord, Lease, Ledger, Refused, Status};
use crate::metric::{self, WORK};

impl<L: Ledger, I: Inbox> Consumer<L, I> {
    /// Other bytes under the key of `event`: a duplicate or confirmation if one of both is reconciled, else a conflict.
    pub(super) async fn other_bytes(&self, message: &Received, event: &Event, lease: &Lease) -> Outcome {
        if event.reconciled {
            return self.count_duplicate(message, event, Status::Conflict).await;
        }
        match self.ledger.recorded(&event.key).await {
            Ok(Some(first)) if first.is_confirmed_by(event) => self.keep_confirmation(message, event, lease).await,
            Ok(_) => self.keep_conflict(message, event).await,
            Err(error) => self.ledger_failed(message, event, &error),
        }
    }

    /// Records the webhook of a reconciled event as completed, beside that event, without calling a hook.
    async fn keep_confirmation(&self, message: &Received, event: &Event, lease: &Lease) -> Outcome {
        let confirmation = event.clone().into_confirmation();
        let claimed = match self.ledger.claim(&confirmation, lease, self.clock.now()).await {
            Ok(Ok(claimed)) => claimed,
            Ok(Err(Refused::Wait { until })) => return self.wait(&confirmation, until),
            Ok(Err(Refused::Duplicate { status })) => {
                return self.count_duplicate(message, &confirmation, status).await;
            }
            // Its key contains the digest of its bytes, so that this can't be.
            Ok(Err(Refused::Conflict)) => return self.keep_conflict(message, event).await,
            Err(error) => return self.ledger_failed(message, event, &error),
        };
        let completed = self.ledger.change(&claimed, Change::Complete(None), self.clock.now());
        match completed.await {
            Ok(()) => {
                metric::event(event.provider, &event.account.name, "duplicate");
                info!(target: WORK, key = %event.key, "webhook of a reconciled event kept as its confirmation");
                Outcome::Delete
            }
            Err(error) => self.ledger_failed(message, event, &error),
        }
    }

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
                info!(target: WORK, %key, status = status.name(), "duplicate dropped");
                Outcome::Delete
            }
            Err(error) => self.ledger_failed(message, event, &error),
        }
    }
}
