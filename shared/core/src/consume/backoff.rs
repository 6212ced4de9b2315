//! How long a released event waits for its next attempt.

use std::time::Duration;

use crate::clock::Random;

/// SQS hides a message for at most 12 hours from its receipt. The function and its poller have taken less of that
/// than the 15 minutes left free here.
/// <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-visibility-timeout.html>
pub(super) const LONGEST_DELAY: Duration = Duration::from_secs((12 * 60 - 15) * 60);

/// Exponential back-off with jitter: between half and all of `base · 2^(attempt - 1)`, and never more than `max`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Backoff {
    /// The longest delay after the first attempt.
    pub base: Duration,
    /// The longest delay of all.
    pub max: Duration,
}

impl Backoff {
    /// How long to wait after this attempt, counted from 1.
    pub fn delay(&self, attempt: u32, random: &dyn Random) -> Duration {
        let factor = 1u32.checked_shl(attempt.saturating_sub(1)).unwrap_or(u32::MAX).max(1);
        let longest = self.base.saturating_mul(factor).min(self.max).min(LONGEST_DELAY);
        #[expect(clippy::cast_precision_loss, reason = "a share between 0 and 1")]
        let share = (random.bits() >> 64) as f64 / u64::MAX as f64;
        longest.mul_f64(0.5 + share.clamp(0.0, 1.0) / 2.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::Dice;

    #[test]
    fn delays_double_up_to_the_longest() {
        let backoff = Backoff {
            base: Duration::from_secs(2),
            max: Duration::from_secs(60),
        };
        let delays = |dice: u128| {
            let dice = Dice::fixed(dice);
            [1, 2, 3, 6, 32, 33, u32::MAX].map(|attempt| backoff.delay(attempt, &dice).as_secs())
        };
        assert_eq!(delays(u128::MAX), [2, 4, 8, 60, 60, 60, 60]);
        assert_eq!(delays(0), [1, 2, 4, 30, 30, 30, 30]);
        // Anything in between, so that events which failed together do not come back together.
        let quarter = backoff.delay(1, &Dice::fixed(1 << 126));
        assert_eq!(quarter, Duration::from_millis(1250));
    }
}
