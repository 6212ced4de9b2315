//! When a delivery is tried again, and when it is given up.

use std::time::Duration;

use crate::clock::{Random, Timestamp};
use crate::consume::Backoff;

/// How patient we are with a destination.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Patience {
    /// The wait after a try, which doubles with each.
    pub backoff: Backoff,
    /// How long after a delivery became owed the last try may be.
    pub give_up_after: Duration,
}

impl Default for Patience {
    /// From 5 seconds to an hour between two tries, for 13 days: SQS keeps a message for 14.
    fn default() -> Self {
        Self {
            backoff: Backoff {
                base: Duration::from_secs(5),
                max: Duration::from_secs(60 * 60),
            },
            give_up_after: Duration::from_secs(13 * 24 * 60 * 60),
        }
    }
}

/// What follows a failed try.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Next {
    /// The next try, not before.
    At(Timestamp),
    /// There is none.
    GiveUp,
}

impl Patience {
    /// What follows the failed try `attempt`, counted from 1, of a delivery that is owed since `since`, if the answer
    /// asked for a wait of `after`.
    ///
    /// The last try is at the very end of the patience, however long the wait before it would be: a destination that
    /// comes back late still gets what it is owed.
    pub fn next(
        &self,
        attempt: u32,
        since: Timestamp,
        after: Option<Duration>,
        now: Timestamp,
        random: &dyn Random,
    ) -> Next {
        if self.is_over(since, now) {
            return Next::GiveUp;
        }
        let end = since.plus(self.give_up_after);
        let wait = self.backoff.delay(attempt, random).max(after.unwrap_or_default());
        Next::At(now.plus(wait).min(end))
    }

    /// Whether a delivery that is owed since `since` is to be given up, tried or not.
    pub fn is_over(&self, since: Timestamp, now: Timestamp) -> bool {
        now >= since.plus(self.give_up_after)
    }
}

/// SQS hides a message for at most 12 hours from its receipt, of which the function has used some.
/// <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-visibility-timeout.html>
const LONGEST_HIDDEN: Duration = Duration::from_secs((12 * 60 - 15) * 60);

/// How long a message is hidden, in whole seconds, so that it comes back at `at` and not before. If that is too long for
/// the queue, it comes back earlier and is hidden again.
pub fn hidden_for(at: Timestamp, now: Timestamp) -> Duration {
    let seconds = at.since(now).as_millis().div_ceil(1000);
    Duration::from_secs(u64::try_from(seconds).unwrap_or(u64::MAX)).min(LONGEST_HIDDEN)
}

#[cfg(test)]
mod tests;
