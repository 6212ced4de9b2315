//! Ledger calls that failed.

use thiserror::Error;

use crate::event::key::IdempotencyKey;

/// A ledger call that failed.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum LedgerError {
    /// Somebody else has the lease, or this very change was made before; nothing was changed.
    #[error("{operation} {key}: the lease is another owner's now")]
    LeaseLost {
        /// Which call.
        operation: &'static str,
        /// Of which event.
        key: IdempotencyKey,
    },
    /// A condition of the hook's own writes is false; nothing was changed.
    #[error("{operation} {key}: a condition of the hook's own writes does not hold")]
    EffectsRefused {
        /// Which call.
        operation: &'static str,
        /// Of which event.
        key: IdempotencyKey,
    },
    /// The database will never accept the hook's writes; nothing was changed.
    #[error("{operation} {key}: the hook's writes can't be made")]
    EffectsInvalid {
        /// Which call.
        operation: &'static str,
        /// Of which event.
        key: IdempotencyKey,
        /// The database's answer.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The database could not be reached, or did not answer as it should.
    #[error("{operation} {key}")]
    Service {
        /// Which call.
        operation: &'static str,
        /// Of which event.
        key: IdempotencyKey,
        /// What went wrong.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}
