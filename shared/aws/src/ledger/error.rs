//! The ledger's errors, made from DynamoDB's.

use acuse_core::event::key::IdempotencyKey;
use acuse_core::ledger::{Cause, LedgerError};

pub(crate) type Source = Box<dyn std::error::Error + Send + Sync>;

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
