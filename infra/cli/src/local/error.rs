//! What can go wrong with the local stack, and what to do about it.

use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;

use thiserror::Error;

use super::api::ApiError;
use crate::stack::target::TargetError;

/// The local stack could not start, or it ended by itself.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum Error {
    /// The working directory is in no checkout.
    #[error(
        "neither {folder} nor a folder above it is a checkout of Acuse, with template.yaml, functions/ and the workspace's Cargo.toml"
    )]
    NoCheckout {
        /// Where the search began.
        folder: PathBuf,
    },
    /// No Python that is new enough.
    #[error("no Python {wanted} or later was found (tried {tried})")]
    NoPython {
        /// The oldest version that will do.
        wanted: &'static str,
        /// The names that were tried, with what became of them.
        tried: String,
    },
    /// A command that the stack runs to its end failed.
    #[error("{what} failed ({command})\n{output}")]
    Command {
        /// What it was to do.
        what: &'static str,
        /// The command line.
        command: String,
        /// The end of what it printed.
        output: String,
        /// What to do about it, where that is known.
        advice: Option<&'static str>,
    },
    /// A program could not be started.
    #[error("can't run {program}")]
    Spawn {
        /// Its name or path.
        program: String,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// The stack that was just deployed can't be found.
    #[error(transparent)]
    Target(#[from] TargetError),
    /// A file or folder.
    #[error("can't {operation} {path}")]
    File {
        /// `read`, `write`, …
        operation: &'static str,
        /// Which.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// Another local stack uses the same state folder.
    #[error("a local stack is already running in {state}")]
    AlreadyRunning {
        /// Its state folder.
        state: PathBuf,
    },
    /// Something else listens there.
    #[error("{address} is taken: {by}")]
    PortTaken {
        /// The address.
        address: SocketAddr,
        /// What was found out about who it is.
        by: &'static str,
        /// The option that chooses another.
        option: &'static str,
    },
    /// A socket could not be opened.
    #[error("can't listen on {address}")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// A process of the stack is not there any more, or never came up.
    #[error("{name} {what}; the end of {}:\n{tail}", log.display())]
    Process {
        /// Which.
        name: &'static str,
        /// What happened.
        what: String,
        /// Where it logs.
        log: PathBuf,
        /// The last lines of it.
        tail: String,
    },
    /// template.yaml can't be read as what the local stack needs of it.
    #[error("template.yaml: {0}")]
    Template(String),
    /// The template did not deploy.
    #[error("the template did not deploy: {status}\n{reasons}")]
    Deploy {
        /// The CloudFormation stack's status.
        status: String,
        /// The reasons that the stack's events give, one a line.
        reasons: String,
    },
    /// The emulator refused a call.
    #[error("deploying to the emulator failed")]
    Api(#[from] ApiError),
    /// The zip of a function.
    #[error("can't zip {binary}")]
    Zip {
        /// The function's binary.
        binary: String,
        /// Why.
        #[source]
        source: zip::result::ZipError,
    },
    /// The stack's own tasks could not be run.
    #[error("the local stack's tasks ended early")]
    Runtime(#[source] Box<dyn std::error::Error + Send + Sync>),
}

impl Error {
    /// What to do next, where there is something.
    pub fn advice(&self) -> Option<String> {
        Some(match self {
            Self::NoCheckout { .. } => {
                "`cd` into your checkout and run it there. A deployed stack needs none (`--stack NAME`), nor does a local one whose folder is named (`--state FOLDER`)".into()
            }
            Self::NoPython { wanted, .. } => format!(
                "install Python {wanted} or later (https://www.python.org/downloads/), or name one in the variable PYTHON"
            ),
            Self::Command { advice, .. } => (*advice)?.into(),
            Self::AlreadyRunning { .. } => {
                "stop it with Ctrl-C where it runs, or give this one its own folder and ports: `--state`, `--port`, `--inspector-port`, `--emulator-port`".into()
            }
            Self::PortTaken { address, option, .. } => format!(
                "stop it, or choose another port with `{option}`; `lsof -i :{}` says whose it is",
                address.port()
            ),
            Self::Process { log, .. } => format!("the whole log is in {}", log.display()),
            Self::Template(_) => "check it with `sam validate --lint`".into(),
            _ => return None,
        })
    }

    /// For `map_err` on a file operation.
    pub(super) fn file(operation: &'static str, path: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        move |source| Self::File {
            operation,
            path,
            source,
        }
    }
}
