//! One process of the consumer: what it does is written down, and it may be killed at any step.

use std::collections::BTreeMap;
use std::future::pending;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;

use crate::outcome::End;

/// Where a process is killed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kill {
    /// Once the hook of this name has returned, before anything is recorded.
    AfterHook(&'static str),
    /// As soon as the first hook is about to be recorded as done, with its writes.
    BeforeCommit,
    /// Once the first hook is recorded as done, with its writes, before the process knows of that.
    AfterCommit,
    /// At this step, counted from 1: before a call of the ledger, after it, or once a hook has returned. A process with
    /// fewer steps lives on.
    AtStep(u32),
}

/// Something that a process does, before or after which it may be killed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    AfterHook(&'static str),
    BeforeCommit,
    AfterCommit,
    /// Before or after any other call of the ledger.
    Other,
}

pub(super) struct Process {
    kill: Option<Kill>,
    killed: Notify,
    seen: Mutex<Seen>,
}

/// What a process has done with its message.
#[derive(Debug, Clone, Default)]
pub(super) struct Seen {
    pub(super) killed: bool,
    steps: u32,
    /// Each in a few words, for messages of assertions.
    pub(super) lines: Vec<String>,
    /// How often each hook was called.
    pub(super) calls: BTreeMap<&'static str, u32>,
    /// What the ledger says has become of the event.
    pub(super) end: Option<End>,
    /// When the message comes back.
    pub(super) returned: Option<Duration>,
    /// Why a copy of it is on the dead-letter queue.
    pub(super) dead_letter: Option<String>,
}

impl Process {
    pub(super) fn new(kill: Option<Kill>) -> Self {
        Self {
            kill,
            killed: Notify::new(),
            seen: Mutex::default(),
        }
    }

    pub(super) fn seen(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn note(&self, line: impl Into<String>) {
        self.seen().lines.push(line.into());
    }

    /// Never returns if the process is killed here.
    pub(super) async fn step(&self, step: Step) {
        let is_killed = {
            let mut seen = self.seen();
            seen.steps += 1;
            let is_killed = match self.kill {
                Some(Kill::AfterHook(hook)) => step == Step::AfterHook(hook),
                Some(Kill::BeforeCommit) => step == Step::BeforeCommit,
                Some(Kill::AfterCommit) => step == Step::AfterCommit,
                Some(Kill::AtStep(number)) => seen.steps == number,
                None => false,
            };
            if is_killed {
                seen.killed = true;
                seen.lines.push("killed".to_owned());
            }
            is_killed
        };
        if is_killed {
            self.killed.notify_one();
            pending::<()>().await;
        }
    }

    /// Completes once it is killed.
    pub(super) async fn killed(&self) {
        self.killed.notified().await;
    }
}
