//! The ledger's errors, made from DynamoDB's.

use acuse_core::event::key::IdempotencyKey;
use acuse_core::ledger::{Cause, LedgerError};

use super::write::Cancelled;

pub(super) type Source = Box<dyn std::error::Error + Send + Sync>;

/// Makes an operation's errors from their causes.
pub(super) fn failed(operation: &'static str, key: &IdempotencyKey) -> impl Fn(Cause) -> LedgerError {
    move |cause| LedgerError {
        operation,
        key: key.clone(),
        cause,
    }
}

/// Makes the errors of an operation that DynamoDB did not carry out.
pub(super) fn outage(operation: &'static str, key: &IdempotencyKey) -> impl Fn(Source) -> LedgerError {
    let failed = failed(operation, key);
    move |source| failed(Cause::Outage(source))
}

/// Why a transaction failed whose first write, the ledger's own, was not refused.
impl From<Cancelled> for Cause {
    fn from(cancelled: Cancelled) -> Self {
        match cancelled {
            Cancelled::Refused { .. } => Self::EffectsRefused,
            Cancelled::Invalid(source) => Self::EffectsInvalid(source),
            Cancelled::Otherwise(source) => Self::Outage(source),
        }
    }
}
