//! Why something could not be done on a stack.

use std::sync::Arc;

use acuse_aws::config::ConfigError;
use acuse_aws::ledger::conflict::WriteError;
use acuse_aws::ledger::reader::ReadError;
use acuse_core::account::{AccountName, Environment};
use acuse_core::receive::{OutboxError, StoreError};
use acuse_core::wire::envelope::TooLong;
use thiserror::Error;

use crate::stack::audit::AuditError;
use crate::stack::queue::QueueError;
use crate::stack::target::TargetError;

/// Why something could not be done on a stack.
#[derive(Debug, Error)]
#[expect(missing_docs, reason = "each names its source, whose text says it")]
pub enum StackError {
    #[error(transparent)]
    Audit(#[from] AuditError),
    #[error(transparent)]
    Target(#[from] TargetError),
    #[error(transparent)]
    Config(#[from] ConfigError),
    #[error(transparent)]
    Secret(#[from] StoreError),
    #[error(transparent)]
    Queue(#[from] QueueError),
    #[error(transparent)]
    Outbox(#[from] OutboxError),
    #[error(transparent)]
    Read(#[from] ReadError),
    #[error(transparent)]
    Write(#[from] WriteError),
    #[error("the message can't be queued")]
    TooLong(#[from] TooLong),
    #[error("what the account of `{key}` is bound to can't be read, so the event can't be replayed")]
    Binding { key: String, source: Arc<StoreError> },
    #[error(
        "`{key}` is of environment `{named}`, but account `{account}` is bound to `{bound}`; if that is wrong, correct it (`acuse secrets bind {provider} --account {account} --environment {named}`) and run this again{hint}",
        named = .named.name(), bound = .bound.name()
    )]
    StillBound {
        key: String,
        named: Environment,
        bound: Environment,
        provider: &'static str,
        account: AccountName,
        /// What else helps.
        hint: &'static str,
    },
    #[error("the conflict was released, but not queued: run this again")]
    NotQueued(#[source] OutboxError),
    #[error("message `{message_id}` could not be deleted from the quarantine: {reason}; run this again")]
    NotDeleted { message_id: String, reason: String },
}
