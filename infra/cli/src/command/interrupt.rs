//! Ctrl-C during work that has to be finished or undone.

use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use acuse_cli::note;
use tokio::signal::unix::{SignalKind, signal};

/// The exit code that shells report for a program ended by SIGINT.
pub(crate) const INTERRUPTED: u8 = 130;

/// Whether to stop at the next safe point.
#[derive(Debug, Clone, Default)]
pub(crate) struct Interrupt(Arc<AtomicBool>);

impl Interrupt {
    /// Starts to listen.
    pub(crate) fn listen() -> Self {
        let interrupt = Self::default();
        let received = interrupt.clone();
        tokio::spawn(async move {
            interrupted().await;
            note!("stopping; messages that are not done stay where they are");
            received.0.store(true, Ordering::Relaxed);
        });
        interrupt
    }

    /// The program's exit code.
    pub(crate) fn code(&self) -> ExitCode {
        match self.received() {
            true => ExitCode::from(INTERRUPTED),
            false => ExitCode::SUCCESS,
        }
    }

    /// Whether the program was interrupted.
    pub(crate) fn received(&self) -> bool {
        self.0.load(Ordering::Relaxed)
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
