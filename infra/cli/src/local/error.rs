//! What can go wrong with the local stack, and what to do about it.

use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;

use thiserror::Error;

use super::api::ApiError;
use super::python::OLDEST;
use crate::loopback::BindError;
use crate::stack::target::TargetError;

/// The local stack failed to start, or stopped by itself.
#[derive(Debug, Error)]
#[non_exhaustive]
#[expect(missing_docs, reason = "the texts say it")]
pub enum Error {
    #[error(
        "neither {0} nor a folder above it is a checkout of Acuse, with template.yaml, functions/ and the workspace's Cargo.toml"
    )]
    NoCheckout(PathBuf),
    #[error("no Python {OLDEST} or later was found ({0})")]
    NoPython(String),
    #[error("{what} failed ({command})\n{output}")]
    Command {
        what: &'static str,
        command: String,
        output: String,
        advice: Option<&'static str>,
    },
    #[error("can't run {program}")]
    Spawn { program: String, source: io::Error },
    #[error(transparent)]
    Target(#[from] TargetError),
    #[error("can't {operation} {path}")]
    File {
        operation: &'static str,
        path: PathBuf,
        source: io::Error,
    },
    #[error("a local stack is already running in {0}")]
    AlreadyRunning(PathBuf),
    #[error("{address} is in use: {by}")]
    PortTaken {
        address: SocketAddr,
        by: &'static str,
        option: &'static str,
    },
    #[error(transparent)]
    Listen(#[from] BindError),
    #[error("{name} {what}; the end of {}:\n{tail}", log.display())]
    Process {
        name: &'static str,
        what: String,
        log: PathBuf,
        tail: String,
    },
    #[error("template.yaml: {0}")]
    Template(String),
    #[error("--parameter: {0}")]
    Parameter(String),
    #[error("{}: {problem}", path.display())]
    Own { path: PathBuf, problem: String },
    #[error("deploying the template failed: {status}\n{reasons}")]
    Deploy { status: String, reasons: String },
    #[error("deploying to the emulator failed")]
    Call(#[source] Box<dyn std::error::Error + Send + Sync>),
    #[error("the local stack's tasks ended early")]
    Runtime(#[source] Box<dyn std::error::Error + Send + Sync>),
}

impl From<ApiError> for Error {
    fn from(error: ApiError) -> Self {
        call_failed(error)
    }
}

/// For `map_err` of a call to the emulator.
pub(super) fn call_failed(error: impl std::error::Error + Send + Sync + 'static) -> Error {
    Error::Call(Box::new(error))
}

impl Error {
    /// What to do about it, if known.
    pub fn advice(&self) -> Option<String> {
        Some(match self {
            Self::NoCheckout { .. } => {
                "`cd` into your checkout and run it again, or name a deployed stack (`--stack NAME`) or a local stack's folder (`--state FOLDER`)".into()
            }
            Self::NoPython(_) => format!(
                "install Python {OLDEST} or later (https://www.python.org/downloads/), or set PYTHON to one"
            ),
            Self::Command { advice, .. } => (*advice)?.into(),
            Self::AlreadyRunning { .. } => {
                "stop it with Ctrl-C in its terminal, or give this one its own folder and ports: `--state`, `--port`, `--inspector-port`, `--emulator-port`".into()
            }
            Self::PortTaken { address, option, .. } => format!(
                "stop it, or set another port with `{option}`; `lsof -i :{}` shows which program it is",
                address.port()
            ),
            Self::Process { log, .. } => format!("the full log is in {}", log.display()),
            Self::Template(_) => "check it with `sam validate --lint`".into(),
            _ => return None,
        })
    }

    /// For `map_err` of a file operation.
    pub(super) fn file(operation: &'static str, path: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        move |source| Self::File {
            operation,
            path,
            source,
        }
    }
}
