//! Ledger calls that failed.

use thiserror::Error;

use crate::event::key::IdempotencyKey;

/// The result of a ledger call.
pub type LedgerResult<T> = Result<T, LedgerError>;

/// A ledger call that failed.
#[derive(Debug, Error)]
#[error("{operation} {key}")]
#[expect(missing_docs, reason = "the names say it")]
pub struct LedgerError {
    pub operation: &'static str,
    pub key: IdempotencyKey,
    #[source]
    pub cause: Cause,
}

/// Why a ledger call failed. Nothing was changed, unless it was an [`Outage`](Self::Outage).
#[derive(Debug, Error)]
pub enum Cause {
    /// Somebody else has the lease, or this very change was made before.
    #[error("the lease is another owner's now")]
    LeaseLost,
    /// A condition of the hook's own writes is false.
    #[error("a condition of the hook's own writes is false")]
    EffectsRefused,
    /// The database will never accept the hook's writes.
    #[error("the hook's writes can't be made")]
    EffectsInvalid(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The database could not be reached, or did not answer as it should.
    #[error(transparent)]
    Outage(Box<dyn std::error::Error + Send + Sync>),
}
