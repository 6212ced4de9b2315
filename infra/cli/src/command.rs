//! The subcommands, one file each.

pub(crate) mod audit;
pub(crate) mod balance;
pub(crate) mod destinations;
pub(crate) mod dlq;
pub(crate) mod doctor;
pub(crate) mod events;
pub(crate) mod inspect;
pub(crate) mod kuenta;
pub(crate) mod listen;
pub(crate) mod local;
pub(crate) mod logs;
pub(crate) mod new;
pub(crate) mod onepay;
pub(crate) mod provider_api;
pub(crate) mod quarantine;
pub(crate) mod reconcile;
pub(crate) mod register;
pub(crate) mod secrets;
pub(crate) mod send;
pub(crate) mod summary;
pub(crate) mod upgrade;

mod acting;
mod confirm;
mod forward;
mod interrupt;
mod options;
mod progress;
mod webhooks;

use std::error::Error;
use std::io;

use crate::local::Error as LocalError;
use crate::sample::SignerError;
use crate::stack::audit::AuditError;
use crate::stack::destinations::DestinationsError;
use crate::stack::error::StackError;
use crate::stack::logs::LogsError;
use crate::stack::secret::StackSecretError;
use crate::stack::target::TargetError;
use crate::terminal::{self, quoted};
use crate::webhooks::ApiError;

/// Input that can't be read.
#[derive(Debug, thiserror::Error)]
#[error("can't read {what}")]
struct Unreadable {
    what: String,
    source: io::Error,
}

impl Unreadable {
    fn of(what: &str) -> impl FnOnce(io::Error) -> Self {
        let what = what.to_owned();
        |source| Self { what, source }
    }
}

/// Why a command failed, with all causes, and what to do about it.
#[derive(Debug)]
pub(crate) struct Failure {
    error: Box<dyn Error>,
    advice: Option<String>,
}

impl Failure {
    /// A text of the command's own, or an error without the advice that it may have.
    fn new(error: impl Into<Box<dyn Error>>) -> Self {
        Self {
            error: error.into(),
            advice: None,
        }
    }

    fn with_advice(error: impl Into<Box<dyn Error>>, advice: impl Into<String>) -> Self {
        Self {
            advice: Some(advice.into()),
            ..Self::new(error)
        }
    }

    pub(crate) fn print(&self) {
        self.lines().iter().for_each(|line| terminal::note(line));
    }

    fn lines(&self) -> Vec<String> {
        let mut lines = quoted("error: ", &self.error.to_string());
        let mut source = self.error.source();
        while let Some(cause) = source {
            lines.extend(quoted("  because: ", &cause.to_string()));
            source = cause.source();
        }
        if let Some(advice) = &self.advice {
            lines.extend(quoted("  what to do: ", advice));
        }
        lines
    }
}

impl<E: Error + 'static> From<E> for Failure {
    fn from(error: E) -> Self {
        let error: Box<dyn Error> = Box::new(error);
        let local = error.downcast_ref::<LocalError>().and_then(LocalError::advice);
        let target = error.downcast_ref::<TargetError>().and_then(TargetError::advice);
        let signer = error.downcast_ref::<SignerError>().and_then(SignerError::advice);
        let api = error.downcast_ref::<ApiError>().map(ApiError::advice);
        let secret = error.downcast_ref::<StackSecretError>();
        let secret = secret.and_then(StackSecretError::advice);
        let destinations = error.downcast_ref::<DestinationsError>();
        let destinations = destinations.and_then(DestinationsError::advice);
        let logs = error.downcast_ref::<LogsError>().and_then(LogsError::advice);
        let audit = match error.downcast_ref::<StackError>() {
            Some(StackError::Audit(error)) => Some(error),
            _ => error.downcast_ref::<AuditError>(),
        };
        let audit = audit.and_then(AuditError::advice);
        let advice = local
            .or(logs)
            .or(audit)
            .or(target)
            .or(signer)
            .or(api)
            .or(secret)
            .or(destinations);
        Self { error, advice }
    }
}
