//! What can go wrong with a benchmark, and what to do about it.

use std::io;
use std::path::PathBuf;

use thiserror::Error;

/// The benchmark can't go on.
#[derive(Debug, Error)]
#[non_exhaustive]
pub(crate) enum Error {
    /// The working directory is in no checkout.
    #[error("no checkout of Acuse from the working directory upwards: `cd` into it")]
    NoCheckout,
    /// A command that prepares a contender failed.
    #[error("{what} failed ({command})\n{output}")]
    Command {
        /// What it was to do.
        what: String,
        /// The command line.
        command: String,
        /// The end of what it printed.
        output: String,
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
    /// A program that a peer needs is not there.
    #[error("{peer} needs {program}, which was not found; install it, or measure `--without {peer}`")]
    Missing {
        /// The peer.
        peer: &'static str,
        /// What it needs.
        program: &'static str,
    },
    /// Nothing has that name.
    #[error("`--only {name}` names no contender; there are {known}")]
    NoContender {
        /// What was asked for.
        name: String,
        /// What there is.
        known: String,
    },
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
    /// The zip of a contender.
    #[error("can't zip {path}")]
    Zip {
        /// What.
        path: PathBuf,
        /// Why.
        #[source]
        source: zip::result::ZipError,
    },
    /// No port of the loopback interface.
    #[error("can't listen on 127.0.0.1")]
    Listen(#[source] io::Error),
    /// The certificates of the run.
    #[error("can't make a certificate")]
    Tls {
        /// Why.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The function has not called the Runtime API for a minute.
    #[error("the function has not called the Runtime API for 60 s")]
    Silent,
    /// The function answered something else than it should.
    #[error("the function answered: {0}")]
    Answer(String),
    /// What the kernel knows of a process.
    #[error("can't read {what} of the function's process")]
    Process {
        /// Processor time or memory.
        what: &'static str,
    },
    /// A contender's run failed; its log says more.
    #[error("measuring {contender} failed; the end of its log:\n{log}")]
    Contender {
        /// Which.
        contender: String,
        /// The end of what it printed.
        log: String,
        /// Why.
        #[source]
        source: Box<Error>,
    },
}

impl Error {
    /// For `map_err` on a file operation.
    pub(crate) fn file(operation: &'static str, path: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        move |source| Self::File {
            operation,
            path,
            source,
        }
    }
}
