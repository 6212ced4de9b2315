//! The subcommands, a file each.

pub(crate) mod events;
pub(crate) mod local;
pub(crate) mod send;

use std::error::Error;
use std::fmt;

use acuse_cli::local::{Checkout, Running};

/// Why a command failed, with its whole chain of causes, and what to do next.
#[derive(Debug)]
pub(crate) struct Failure {
    error: Box<dyn Error>,
    advice: Option<String>,
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

impl From<acuse_cli::local::Error> for Failure {
    fn from(error: acuse_cli::local::Error) -> Self {
        Self {
            advice: error.advice(),
            error: Box::new(error),
        }
    }
}

impl From<send::SendError> for Failure {
    fn from(error: send::SendError) -> Self {
        Self {
            advice: None,
            error: Box::new(error),
        }
    }
}

impl From<events::EventsError> for Failure {
    fn from(error: events::EventsError) -> Self {
        Self {
            advice: None,
            error: Box::new(error),
        }
    }
}

/// No local stack to talk to.
#[derive(Debug, thiserror::Error)]
#[error("no local stack is running")]
struct NotRunning;

/// The running local stack of this checkout.
fn running() -> Result<Running, Failure> {
    let checkout = Checkout::find()?;
    Running::find(&checkout.local()).ok_or_else(|| Failure {
        error: Box::new(NotRunning),
        advice: Some("start it in another terminal: `cargo run -- local`".to_owned()),
    })
}
