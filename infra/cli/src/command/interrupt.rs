//! Ctrl-C during work that has to be finished or undone.

use std::process::ExitCode;

use tokio::signal::unix::{SignalKind, signal};
use tokio::task::JoinHandle;

use crate::note;

/// The exit code that shells report for a program ended by SIGINT.
pub(crate) const INTERRUPTED: u8 = 130;

/// Whether to stop at the next safe point.
pub(crate) struct Interrupt(JoinHandle<()>);

impl Interrupt {
    pub(crate) fn listen() -> Self {
        Self::saying("stopping; messages that are not done stay where they are")
    }

    /// The same, and notes this text.
    pub(crate) fn saying(text: &'static str) -> Self {
        Self(tokio::spawn(async move {
            interrupted().await;
            note!("{text}");
        }))
    }

    pub(crate) fn code(&self) -> ExitCode {
        match self.received() {
            true => ExitCode::from(INTERRUPTED),
            false => ExitCode::SUCCESS,
        }
    }

    pub(crate) fn received(&self) -> bool {
        self.0.is_finished()
    }
}

/// Resolves at SIGINT, SIGTERM or SIGHUP.
pub(crate) async fn interrupted() {
    let wait = async |kind| match signal(kind) {
        Ok(mut signal) => drop(signal.recv().await),
        Err(_) => std::future::pending().await,
    };
    tokio::select! {
        () = wait(SignalKind::interrupt()) => {}
        () = wait(SignalKind::terminate()) => {}
        () = wait(SignalKind::hangup()) => {}
    }
}
