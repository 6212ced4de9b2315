//! What can go wrong with the local stack, and what to do about it.

use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;

use thiserror::Error;

use super::api::ApiError;
use crate::stack::target::TargetError;

/// The local stack failed to start, or stopped by itself.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum Error {
    /// This folder is not in a checkout.
    #[error(
        "neither {0} nor a folder above it is a checkout of Acuse, with template.yaml, functions/ and the workspace's Cargo.toml"
    )]
    NoCheckout(PathBuf),
    /// No Python is recent enough.
    #[error("no Python {wanted} or later was found ({found})")]
    NoPython {
        /// The oldest version that is supported.
        wanted: &'static str,
        /// Each name that was looked up, with the result.
        found: String,
    },
    /// A command failed.
    #[error("{what} failed ({command})\n{output}")]
    Command {
        /// What it should do.
        what: &'static str,
        /// The command line.
        command: String,
        /// The end of its output.
        output: String,
        /// What to do about it, if known.
        advice: Option<&'static str>,
    },
    /// A program can't be started.
    #[error("can't run {program}")]
    Spawn {
        /// Its name or path.
        program: String,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// The stack was deployed, but can't be described.
    #[error(transparent)]
    Target(#[from] TargetError),
    /// A file or folder is inaccessible.
    #[error("can't {operation} {path}")]
    File {
        /// `read`, `write`, …
        operation: &'static str,
        /// Its path.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// Another local stack uses this state folder.
    #[error("a local stack is already running in {0}")]
    AlreadyRunning(PathBuf),
    /// Another program listens on a port.
    #[error("{address} is in use: {by}")]
    PortTaken {
        /// The address.
        address: SocketAddr,
        /// What is known about that program.
        by: &'static str,
        /// The option that sets another port.
        option: &'static str,
    },
    /// A socket can't be opened.
    #[error("can't listen on {address}")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// A process of the stack stopped, or never became ready.
    #[error("{name} {what}; the end of {}:\n{tail}", log.display())]
    Process {
        /// Its name.
        name: &'static str,
        /// What happened.
        what: String,
        /// Its log.
        log: PathBuf,
        /// The log's last lines.
        tail: String,
    },
    /// template.yaml lacks something that the local stack needs.
    #[error("template.yaml: {0}")]
    Template(String),
    /// Deploying the template failed.
    #[error("deploying the template failed: {status}\n{reasons}")]
    Deploy {
        /// The CloudFormation stack's status.
        status: String,
        /// The reasons in the stack's events, one per line.
        reasons: String,
    },
    /// A call to the emulator failed.
    #[error("deploying to the emulator failed")]
    Call(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// A function can't be zipped.
    #[error("can't zip {binary}")]
    Zip {
        /// The function's binary.
        binary: String,
        /// Why.
        #[source]
        source: zip::result::ZipError,
    },
    /// The stack's runtime failed.
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
            Self::NoPython { wanted, .. } => format!(
                "install Python {wanted} or later (https://www.python.org/downloads/), or set PYTHON to one"
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
