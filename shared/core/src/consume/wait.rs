//! How long a message waits during an outage: while a ledger or a queue can't be reached, or throttles. That is no
//! attempt of its event, but each receive brings the message nearer to the queue's `maxReceiveCount`, and each day
//! nearer to the end of its retention.
//!
//! ```text
//! receives   1  2  3 …    a quarter of them                                      maxReceiveCount
//! waits      1s 2s 4s … `wait.max` │ the time left, divided by the receives left │
//! age        0                     several hours                          retention - a day
//! ```

use std::time::Duration;

use super::Backoff;
use crate::clock::Random;

/// A message is dead-lettered this long before the queue would forget it. A copy starts a retention of its own; a
/// message that SQS itself moves keeps its age.
/// <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/setting-up-dead-letter-queue-retention.html>
const LAST_DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// However few receives are left, the end of an outage is noticed within the hour.
const LONGEST_WAIT: Duration = Duration::from_secs(60 * 60);

/// How a message waits that nobody could work on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WaitPolicy {
    /// How long it waits, by its receives.
    pub wait: Backoff,
    /// The queue's `maxReceiveCount`: SQS dead-letters a message that is received once more.
    pub max_receives: u32,
    /// The queue's retention: older messages are gone.
    pub retention: Duration,
    /// A message on which the function has died this often in a row is dead-lettered unread.
    pub max_crashes: u32,
}

/// The template's.
impl Default for WaitPolicy {
    fn default() -> Self {
        Self {
            wait: Backoff {
                base: Duration::from_secs(2),
                max: Duration::from_secs(300),
            },
            max_receives: 1000,
            retention: Duration::from_secs(13 * 24 * 60 * 60),
            max_crashes: 100,
        }
    }
}

impl WaitPolicy {
    /// How long a message waits that was received this often and sent this long ago (`None`: unknown).
    pub fn delay(&self, receives: u32, age: Option<Duration>, random: &dyn Random) -> Duration {
        self.wait.delay(receives.max(1), random).max(self.share(receives, age))
    }

    /// The shortest wait with which the receives that are left last to the end; zero during the first quarter of
    /// them.
    pub fn share(&self, receives: u32, age: Option<Duration>) -> Duration {
        if receives <= self.max_receives / 4 {
            return Duration::ZERO;
        }
        let left = self.retention.saturating_sub(LAST_DAY);
        let left = left.saturating_sub(age.unwrap_or_default());
        let share = left / self.max_receives.saturating_sub(receives).max(1);
        share.min(LONGEST_WAIT)
    }

    /// Whether a message of this age is too near to its end to wait `delay` more.
    pub fn ends(&self, age: Duration, delay: Duration) -> bool {
        age.saturating_add(delay) > self.retention.saturating_sub(LAST_DAY)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::Dice;

    const MINUTE: Duration = Duration::from_secs(60);
    const DAY: Duration = Duration::from_secs(24 * 60 * 60);

    #[test]
    fn a_message_outlasts_every_outage_that_ends_before_the_queue_forgets_it() {
        let wait_policy = WaitPolicy::default();
        // The shortest and the longest random waits.
        for dice in [0, u128::MAX] {
            let dice = Dice::fixed(dice);
            let (mut age, mut receives) = (Duration::ZERO, 0);
            let mut first_day = Duration::ZERO;
            loop {
                receives += 1;
                assert!(receives <= wait_policy.max_receives, "{receives}");
                let delay = wait_policy.delay(receives, Some(age), &dice);
                assert!(delay <= 30 * MINUTE, "after {age:?}: {delay:?}");
                if age < DAY / 3 {
                    first_day = first_day.max(delay);
                }
                if wait_policy.ends(age, delay) {
                    break;
                }
                age += delay;
            }
            assert!(age > 11 * DAY + DAY / 2, "{age:?}");
            assert!(first_day <= 5 * MINUTE);
        }
    }

    #[test]
    fn receives_lost_to_a_failing_function_make_the_rest_wait_longer() {
        let dice = Dice::fixed(0);
        let late = WaitPolicy::default().delay(900, Some(2 * DAY), &dice);
        assert_eq!(late, LONGEST_WAIT, "ten days for 100 receives, and an hour at most");
        let in_time = WaitPolicy::default().delay(500, Some(6 * DAY), &dice);
        assert_eq!(in_time, 6 * DAY / 500);
        assert_eq!(WaitPolicy::default().delay(2000, None, &dice), LONGEST_WAIT);
    }

    #[test]
    fn the_time_left_is_shared_after_a_quarter_of_the_receives() {
        let delay = |receives| WaitPolicy::default().delay(receives, Some(DAY), &Dice::fixed(0));
        assert_eq!([delay(250), delay(251)], [MINUTE * 5 / 2, 11 * DAY / 749]);
    }

    #[test]
    fn a_message_waits_until_a_day_before_the_queue_forgets_it() {
        let (wait_policy, wait) = (WaitPolicy::default(), 5 * MINUTE);
        assert!(!wait_policy.ends(12 * DAY - wait, wait));
        assert!(wait_policy.ends(12 * DAY - wait + Duration::from_millis(1), wait));
    }

    #[test]
    fn a_message_of_unknown_age_waits_as_well() {
        assert_eq!(
            WaitPolicy::default().delay(0, None, &Dice::fixed(0)),
            Duration::from_secs(1)
        );
    }
}
