//! The outcome of a run.

use crate::limit::Limits;
use crate::time::Tick;

/// Where deliveries are at the end, and how the run went.
#[derive(Debug, Clone, Default)]
pub struct Outcome {
    /// Deliveries that providers made, without retries.
    pub arrived: u64,
    /// Events that are completed.
    pub completed: u64,
    /// Events whose hooks have failed too often, or that could not be written in time.
    pub dead: u64,
    /// Deliveries that their provider gave up: it switches the webhook off.
    pub given_up: u64,
    /// Deliveries still to be sent again.
    pub at_provider: u64,
    /// In the verifiers, on the queue, hidden or in a batch.
    pub under_way: u64,
    /// Attempts that were answered 429 or failed.
    pub refused: u64,
    /// When the last event was completed or dead-lettered.
    pub finished: Tick,
    /// Seconds that an event had waited on the queue, at most.
    pub longest_wait: f64,
    /// Batches at once, at most.
    pub most_consumers: u32,
    /// The limits that were met.
    pub limits: Limits,
    /// One a second, for the first half hour.
    pub samples: Vec<Sample>,
}

/// The state at one moment.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Sample {
    /// Seconds that the oldest event on the queue has waited.
    pub age: f64,
    /// Batches that are processed.
    pub batches: u32,
    /// Invocations of the verifier.
    pub verifying: u32,
    /// Events on the queue that could be received.
    pub waiting: u32,
}
