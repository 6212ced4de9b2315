//! DynamoDB's write capacity: on demand, but neither without limit nor at once.
//!
//! - A new table takes 4,000 write units a second, and so does an index; more than twice the earlier peak within
//!   half an hour may be throttled, unless it was warmed:
//!   <https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/on-demand-capacity-mode.html>,
//!   <https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/warm-throughput.html>
//! - Either takes 40,000 by quota: <https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/ServiceQuotas.html>
//! - One partition takes 1,000, of an index too, and an index that lags throttles its table:
//!   <https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/gsi-throttling.html>.
//!   A provider's day has `LedgerDayShards` keys in the index, and DynamoDB can't split what is written at the end
//!   of one. Events are spread over them evenly, by the hash of their keys.

use crate::bucket::Bucket;
use crate::limit::{Limit, Limits};
use crate::settings::Settings;
use crate::time::{MINUTE, SECOND, Tick};
use crate::units::Units;

const PARTITION: f64 = 1000.0;
/// Seconds' worth that is written at once. DynamoDB saves up to five minutes of unused capacity, and promises
/// none of it; nothing of that is counted on here.
const AT_ONCE: f64 = 0.1;
const DOUBLES_EVERY: Tick = 30 * MINUTE;

/// The ledger's table and its index.
pub struct Ledger {
    table: Capacity,
    index: Capacity,
    shards: Bucket,
}

/// What a table or an index takes at the time.
struct Capacity {
    units: Bucket,
    rate: f64,
    quota: f64,
    used: f64,
    peak: f64,
    second: Tick,
    reviewed: Tick,
}

impl Ledger {
    /// As warm and as spread as the settings say.
    pub fn new(settings: &Settings) -> Self {
        let account = &settings.account;
        Self {
            table: Capacity::new(account.ledger_warm, account.table_quota),
            index: Capacity::new(account.index_warm, account.table_quota),
            shards: bucket(PARTITION * f64::from(settings.template.ledger_day_shards)),
        }
    }

    /// Writes all that a batch needs; `false` where it is throttled, `events` of them.
    pub fn write(&mut self, units: Units, events: u32, now: Tick, limits: &mut Limits) -> bool {
        self.table.grow(now);
        self.index.grow(now);
        let empty = [
            (Limit::IndexShard, self.shards.is_empty(now)),
            (Limit::IndexWarm, self.index.units.is_empty(now)),
            (Limit::TableWarm, self.table.units.is_empty(now)),
        ];
        if let Some((limit, _)) = empty.into_iter().find(|(_, empty)| *empty) {
            limits.met(limit, events, now);
            return false;
        }
        self.shards.borrow(units.index, now);
        self.index.take(units.index, now);
        self.table.take(units.table, now);
        true
    }
}

impl Capacity {
    fn new(warm: f64, quota: f64) -> Self {
        let rate = warm.min(quota);
        Self {
            units: bucket(rate),
            rate,
            quota,
            used: 0.0,
            peak: 0.0,
            second: 0,
            reviewed: 0,
        }
    }

    fn take(&mut self, units: f64, now: Tick) {
        self.units.borrow(units, now);
        self.used += units;
    }

    /// Twice the peak of the last half hour.
    fn grow(&mut self, now: Tick) {
        if now >= self.second + SECOND {
            self.peak = self.peak.max(self.used);
            (self.used, self.second) = (0.0, now);
        }
        if now >= self.reviewed + DOUBLES_EVERY {
            self.rate = self.rate.max(2.0 * self.peak).min(self.quota);
            self.units.resize(self.rate, self.rate * AT_ONCE, now);
            (self.peak, self.reviewed) = (0.0, now);
        }
    }
}

fn bucket(rate: f64) -> Bucket {
    Bucket::new(rate, rate * AT_ONCE)
}
