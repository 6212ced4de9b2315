//! The subcommands, a file each.

pub(crate) mod dlq;
pub(crate) mod events;
pub(crate) mod local;
pub(crate) mod quarantine;
pub(crate) mod secrets;
pub(crate) mod send;

mod confirm;
mod filter;
mod interrupt;
mod progress;
mod queue;
mod target;

use std::error::Error;
use std::fmt;

use acuse_core::providers;
use clap::builder::PossibleValuesParser;

/// The names of all providers, for `--help` and for what is mistyped.
fn provider_names() -> PossibleValuesParser {
    PossibleValuesParser::new(providers::ALL.iter().map(|provider| provider.name))
}

/// Why a command failed, with its whole chain of causes, and what to do next.
#[derive(Debug)]
pub(crate) struct Failure {
    error: Box<dyn Error>,
    advice: Option<String>,
}

impl Failure {
    fn with_advice(error: impl Into<Box<dyn Error>>, advice: impl Into<String>) -> Self {
        Self {
            error: error.into(),
            advice: Some(advice.into()),
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "error: {}", self.error)?;
        let mut source = self.error.source();
        while let Some(cause) = source {
            write!(f, "\n  because: {cause}")?;
            source = cause.source();
        }
        match &self.advice {
            Some(advice) => write!(f, "\n  what to do: {advice}"),
            None => Ok(()),
        }
    }
}

impl<E: Error + 'static> From<E> for Failure {
    fn from(error: E) -> Self {
        let error: Box<dyn Error> = Box::new(error);
        let advice = error
            .downcast_ref::<acuse_cli::local::Error>()
            .and_then(acuse_cli::local::Error::advice);
        Self { error, advice }
    }
}
