//! When a released event is tried again, and how often.

use acuse_aws::ledger::record::Record;
use acuse_core::ledger::Status;

use crate::stack::target::Target;

/// A released event's next try.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Retry<'a> {
    /// How often its hooks have failed, of those that count.
    pub attempt: u32,
    /// How often they may; `None` in a stack of an older template.
    pub most: Option<u32>,
    /// When it is tried again, at the earliest; `None` during an outage.
    pub next: Option<&'a str>,
}

impl<'a> Retry<'a> {
    /// That of `record`; `None` unless it is released.
    pub fn of(target: &Target, record: &'a Record) -> Option<Self> {
        (record.status == Status::Released.name()).then(|| Self {
            attempt: record.attempts.saturating_sub(record.forgiven),
            most: target.parameter("MaxAttempts").parse().ok(),
            next: record.retry_at.as_deref(),
        })
    }
}
