//! What came of a delivery, with assertions that read like sentences.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

/// What came of a delivery.
///
/// Its methods are assertions: they panic, with what happened instead, and can be chained. No assertion is needed around
/// them.
#[derive(Debug, Clone)]
#[must_use = "an outcome that nobody looks at proves nothing: `.is_completed()`"]
pub struct Outcome {
    pub(crate) event: String,
    pub(crate) message_id: String,
    pub(crate) end: End,
    pub(crate) after: Option<Duration>,
    pub(crate) dead_letter: Option<String>,
    pub(crate) calls: BTreeMap<&'static str, u32>,
    pub(crate) receives: u32,
    pub(crate) lines: Vec<String>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum End {
    Completed,
    Duplicate,
    Conflict,
    /// The reason.
    Retried(String),
    Waiting,
    /// The reason.
    Rejected(String),
    /// The message itself can't be processed.
    DeadLettered,
    Killed,
}

impl Outcome {
    /// All hooks are done, and this delivery did that.
    #[track_caller]
    pub fn is_completed(&self) -> &Self {
        self.check(self.end == End::Completed, "is not completed")
    }

    /// The event was done already. Acting hooks are not called again; transactional ones may be, without effect.
    #[track_caller]
    pub fn is_duplicate(&self) -> &Self {
        self.check(self.end == End::Duplicate, "is no duplicate")
    }

    /// Other bytes under the key of a known event: kept for an operator.
    #[track_caller]
    pub fn is_conflict(&self) -> &Self {
        self.check(self.end == End::Conflict, "is no conflict")
    }

    /// A hook failed and is called again later. `reason` is part of why.
    #[track_caller]
    pub fn is_retried(&self, reason: &str) -> &Self {
        let is_so = matches!(&self.end, End::Retried(why) if why.contains(reason));
        self.check(is_so, &format!("is not retried for {reason:?}"))
    }

    /// It comes back this much later.
    #[track_caller]
    pub fn after(&self, wait: Duration) -> &Self {
        self.check(self.after == Some(wait), &format!("does not come back after {wait:?}"))
    }

    /// It comes back later, and no hook has failed: another consumer works on the event, or its retry is not due yet.
    #[track_caller]
    pub fn is_waiting(&self) -> &Self {
        self.check(self.end == End::Waiting, "does not wait")
    }

    /// It reaches no hook any more. `reason` is part of why.
    #[track_caller]
    pub fn is_rejected(&self, reason: &str) -> &Self {
        let is_so = matches!(&self.end, End::Rejected(why) if why.contains(reason));
        self.check(is_so, &format!("is not rejected for {reason:?}"))
    }

    /// A copy is on the dead-letter queue. `reason` is part of the reason there.
    #[track_caller]
    pub fn is_dead_lettered(&self, reason: &str) -> &Self {
        let is_so = self.dead_letter.as_ref().is_some_and(|why| why.contains(reason));
        self.check(is_so, &format!("is not dead-lettered for {reason:?}"))
    }

    /// The process was killed at the given place.
    #[track_caller]
    pub fn is_killed(&self) -> &Self {
        self.check(self.end == End::Killed, "is not killed")
    }

    /// The hook of this name was called this often.
    #[track_caller]
    pub fn called(&self, hook: &str, times: u32) -> &Self {
        let found = self.calls.get(hook).copied().unwrap_or_default();
        self.check(
            found == times,
            &format!("called the hook `{hook}` {found} times, not {times}"),
        )
    }

    /// The message was received this often.
    #[track_caller]
    pub fn received(&self, times: u32) -> &Self {
        self.check(
            self.receives == times,
            &format!("was received {} times, not {times}", self.receives),
        )
    }

    /// Whether the message is in the queue again.
    pub(crate) fn is_open(&self) -> bool {
        matches!(self.end, End::Retried(_) | End::Waiting | End::Killed)
    }

    /// Both receives of a message as one outcome.
    pub(crate) fn then(mut self, next: Self) -> Self {
        for (hook, times) in next.calls {
            *self.calls.entry(hook).or_default() += times;
        }
        self.lines.extend(next.lines);
        Self {
            calls: self.calls,
            lines: self.lines,
            ..next
        }
    }

    #[track_caller]
    fn check(&self, is_so: bool, what: &str) -> &Self {
        assert!(is_so, "{} {what}.\n{self}", self.event);
        self
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.end {
            End::Completed => write!(f, "It is completed")?,
            End::Duplicate => write!(f, "It is a duplicate")?,
            End::Conflict => write!(f, "It is a conflict")?,
            End::Retried(why) => write!(f, "It is retried: {why}")?,
            End::Waiting => write!(f, "It waits")?,
            End::Rejected(why) => write!(f, "It is rejected: {why}")?,
            End::DeadLettered => write!(f, "It is dead-lettered")?,
            End::Killed => write!(f, "Its process is killed")?,
        }
        if let Some(after) = self.after {
            write!(f, ", and comes back after {after:?}")?;
        }
        if let Some(why) = &self.dead_letter {
            write!(f, ", with a copy on the dead-letter queue: {why}")?;
        }
        write!(f, ". What happened:")?;
        self.lines.iter().try_for_each(|line| write!(f, "\n  {line}"))
    }
}
