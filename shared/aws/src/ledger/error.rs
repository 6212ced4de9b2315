//! The ledger's errors, made from DynamoDB's.

use acuse_core::event::key::IdempotencyKey;
use acuse_core::ledger::LedgerError;

use super::write::Cancelled;

/// What is behind an error.
pub(super) type Source = Box<dyn std::error::Error + Send + Sync>;

/// Makes the error of an operation that DynamoDB did not carry out.
pub(super) fn service(operation: &'static str, key: &IdempotencyKey) -> impl Fn(Source) -> LedgerError {
    move |source| LedgerError::Service {
        operation,
        key: key.clone(),
        source,
    }
}

pub(super) fn lease_lost(operation: &'static str, key: &IdempotencyKey) -> LedgerError {
    LedgerError::LeaseLost {
        operation,
        key: key.clone(),
    }
}

/// The error of a cancelled transaction whose first write, the ledger's own, was not refused.
pub(super) fn of_effects(operation: &'static str, key: &IdempotencyKey, cancelled: Cancelled) -> LedgerError {
    let key = key.clone();
    match cancelled {
        Cancelled::Refused { .. } => LedgerError::EffectsRefused { operation, key },
        Cancelled::Invalid(source) => LedgerError::EffectsInvalid { operation, key, source },
        Cancelled::Otherwise(source) => LedgerError::Service { operation, key, source },
    }
}
