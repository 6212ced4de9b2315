//! Whether an account is silent for longer than it usually is. It is all that the ledger can say of a webhook that was
//! switched off at a provider without an API.
//!
//! ```text
//! 4 weeks ago   ·· ··· ·  ··          the same hours of the same weekday, so that nights, weekends and paydays
//! 3 weeks ago   · ···  ·· ·           count as what they are
//! 2 weeks ago   ···  ·  ···
//! a week ago    · · ·· ·· ·
//! today       · ├─ no delivery ─┤ now
//! ```

use std::time::Duration;

use acuse_aws::ledger::reader::{LedgerReader, ReadError};
use acuse_aws::ledger::record::Record;
use acuse_core::account::AccountName;
use acuse_core::clock::Timestamp;
use acuse_core::event::TEST_DELIVERY_MEMBER;

use super::DAY;

/// No shorter silence is unusual.
const SHORTEST: Duration = Duration::from_hours(1);

/// How much of a silence is compared: a whole day of it has all its hours.
const LONGEST: Duration = DAY;

/// How many days back the last delivery is looked for.
const DAYS: u32 = 14;

/// How many weeks a silence is compared with.
const WEEKS: u32 = 4;

/// So many events of a week are counted.
const MOST: usize = 20;

/// Each of the weeks has at least so many events, and all together at least [`ENOUGH`]: with five a week expected, none
/// at all is a coincidence once in 150 times.
const LEAST: usize = 3;
const ENOUGH: usize = 20;

/// How long an account has been silent, and how that compares with its past.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Silence {
    /// When its last event was received; `None` if that is longer ago than 14 days.
    pub last: Option<Timestamp>,
    /// How long it has been silent, or 14 days.
    pub length: Duration,
    /// How many events the same hours had in earlier weeks, 20 at most. Empty if the silence is short.
    pub weeks: Vec<usize>,
}

impl Silence {
    /// How long `account` of a provider has been silent. Test deliveries of `acuse doctor` don't count.
    ///
    /// # Errors
    /// [`ReadError`] names the table.
    pub async fn of(
        ledger: &LedgerReader,
        provider: &str,
        account: &AccountName,
        now: Timestamp,
    ) -> Result<Self, ReadError> {
        let at_most = |until, since| events(ledger, provider, account, until, since, 1);
        let mut last = None;
        for back in 0..DAYS {
            let until = end_of_day(now, back);
            let found = at_most(until, start_of(until)).await?;
            last = found.first().copied();
            if last.is_some() {
                break;
            }
        }
        let length = last.map_or(DAY.saturating_mul(DAYS), |last| now.since(last));
        let mut weeks = Vec::new();
        if length >= SHORTEST {
            let hours = length.min(LONGEST);
            // A week that is silent too says nothing.
            let silent = u32::try_from(length.as_secs() / (7 * DAY).as_secs()).unwrap_or(u32::MAX);
            for week in silent + 1..=silent + WEEKS {
                let until = now.minus(7 * DAY * week);
                let found = events(ledger, provider, account, until, until.minus(hours), MOST).await?;
                weeks.push(found.len());
            }
        }
        Ok(Self { last, length, weeks })
    }

    /// Whether that is longer than this account's usual pace explains.
    pub fn is_unusual(&self) -> bool {
        self.weeks.len() == WEEKS as usize
            && self.weeks.iter().all(|&events| events >= LEAST)
            && self.weeks.iter().sum::<usize>() >= ENOUGH
    }

    /// The earlier weeks' events, as people read them.
    pub fn compared(&self) -> String {
        let weeks = self.weeks.iter().map(|&events| match events {
            MOST.. => format!("{MOST} or more"),
            events => events.to_string(),
        });
        weeks.collect::<Vec<_>>().join(", ")
    }
}

/// When the newest events between two moments were received, newest first, at most `limit`. The moments are at most a
/// day apart.
async fn events(
    ledger: &LedgerReader,
    provider: &str,
    account: &AccountName,
    until: Timestamp,
    since: Timestamp,
    limit: usize,
) -> Result<Vec<Timestamp>, ReadError> {
    let mut found = Vec::new();
    let mut page_until = until;
    // Most of what is read counts. Only a health check every few minutes makes a second page.
    while found.len() < limit && page_until >= since {
        let asked = limit * 2;
        let page = ledger.on_day_until(provider, Some(account), page_until, asked).await?;
        let times = page.iter().filter(|record| counts(record)).filter_map(received_at);
        found.extend(times.filter(|&at| at >= since && at <= until));
        let oldest = page.iter().filter_map(received_at).min();
        page_until = match oldest {
            Some(oldest) if page.len() >= asked => oldest.minus(Duration::from_millis(1)),
            _ => start_of(page_until).minus(Duration::from_millis(1)),
        };
    }
    found.truncate(limit);
    Ok(found)
}

fn counts(record: &Record) -> bool {
    record.type_name != TEST_DELIVERY_MEMBER
}

fn received_at(record: &Record) -> Option<Timestamp> {
    record.received_at.as_deref().and_then(Timestamp::from_rfc3339)
}

/// The start of the UTC day of a moment.
fn start_of(at: Timestamp) -> Timestamp {
    let day = i64::try_from(DAY.as_millis()).unwrap_or(i64::MAX);
    Timestamp::from_millis(at.as_millis() - at.as_millis().rem_euclid(day))
}

/// The last moment of the day that is so many days before `now`; `now` for today.
fn end_of_day(now: Timestamp, back: u32) -> Timestamp {
    match back {
        0 => now,
        back => start_of(now.minus(DAY * (back - 1))).minus(Duration::from_millis(1)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn silence(weeks: &[usize]) -> Silence {
        Silence {
            last: None,
            length: 2 * SHORTEST,
            weeks: weeks.to_vec(),
        }
    }

    #[test]
    fn a_silence_is_unusual_if_every_one_of_four_weeks_was_busy() {
        assert!(silence(&[20, 20, 3, 5]).is_unusual());
        assert!(silence(&[5, 5, 5, 5]).is_unusual());
        for weeks in [&[20, 20, 2, 20][..], &[5, 5, 5, 4], &[20, 20, 20], &[]] {
            assert!(!silence(weeks).is_unusual(), "{weeks:?}");
        }
        assert_eq!(silence(&[20, 3]).compared(), "20 or more, 3");
    }

    #[test]
    fn days_end_before_the_next_begins() {
        let now = Timestamp::from_rfc3339("2026-11-27T08:15:00Z").unwrap();
        assert_eq!(end_of_day(now, 0), now);
        assert_eq!(end_of_day(now, 1).to_string(), "2026-11-26T23:59:59.999Z");
        assert_eq!(end_of_day(now, 2).to_string(), "2026-11-25T23:59:59.999Z");
        assert_eq!(start_of(now).to_string(), "2026-11-27T00:00:00.000Z");
    }
}
