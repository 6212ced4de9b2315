//! Ctrl-C in the middle of something that should be finished or put back.

use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use acuse_cli::note;
use tokio::signal::unix::{SignalKind, signal};

/// As a shell reports a program that ended by SIGINT.
pub(crate) const INTERRUPTED: u8 = 130;

/// Whether to stop at the next good moment.
#[derive(Debug, Clone, Default)]
pub(crate) struct Interrupt(Arc<AtomicBool>);

impl Interrupt {
    /// Listens from now on.
    pub(crate) fn listen() -> Self {
        let interrupt = Self::default();
        let came = interrupt.clone();
        tokio::spawn(async move {
            interrupted().await;
            note!("stopping at the next message; what was not done stays in the queue");
            came.0.store(true, Ordering::Relaxed);
        });
        interrupt
    }

    /// What the program ends with.
    pub(crate) fn code(&self) -> ExitCode {
        match self.received() {
            true => ExitCode::from(INTERRUPTED),
            false => ExitCode::SUCCESS,
        }
    }

    /// Whether it came.
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
