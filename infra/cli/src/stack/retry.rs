//! When a released event is tried again, and how often.

use std::fmt;

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

impl fmt::Display for Retry<'_> {
    /// As a sentence, for the command line.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(next) = self.next else {
            return f.write_str(
                "waits for what is unavailable, and is tried again by itself within minutes; that uses up no try",
            );
        };
        match self.most {
            Some(most) => write!(f, "try {} of {most} failed; the next one is at {next}", self.attempt)?,
            None => write!(f, "try {} failed; the next one is at {next}", self.attempt)?,
        }
        f.write_str("; after the last one it is dead-lettered")
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_retry_says_which_try_it_is_and_when_the_next_one_is() {
        let retry = Retry {
            attempt: 11,
            most: Some(12),
            next: Some("2026-11-27T08:00:00.000Z"),
        };
        assert_eq!(
            retry.to_string(),
            "try 11 of 12 failed; the next one is at 2026-11-27T08:00:00.000Z; after the last one it is dead-lettered"
        );
        let outage = Retry { next: None, ..retry };
        assert!(outage.to_string().ends_with("uses up no try"), "{outage}");
    }
}
