//! The consumer's settings.

use std::time::Duration;

use super::{Backoff, WaitPolicy};
use crate::clock::Random;
use crate::event::Environment;

/// Which events reach hooks, and how retries are spaced.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Policy {
    /// Events of other environments are recorded and reach no hook. `None`: all environments reach hooks.
    pub environment: Option<Environment>,
    /// Events older than this, by their own signed time, are recorded and reach no hook: the ledger may have
    /// forgotten that it has seen them.
    pub retention: Duration,
    /// How long an event waits after one of its hooks failed.
    pub backoff: Backoff,
    /// After this many failures of its hooks an event is given up and dead-lettered.
    pub max_attempts: u32,
    /// How long a message waits that nobody could work on.
    pub wait_policy: WaitPolicy,
    /// How many events of a batch are worked on at once.
    pub concurrency: usize,
}

impl Policy {
    /// How long an event waits after this many failures of its hooks; `None` if it is given up.
    pub fn retry(&self, failures: u32, random: &dyn Random) -> Option<Duration> {
        (failures < self.max_attempts).then(|| self.backoff.delay(failures, random))
    }
}
