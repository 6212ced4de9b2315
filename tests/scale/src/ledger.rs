//! DynamoDB's write capacity: on demand, but neither without limit nor at once.
//!
//! - A new table takes 4,000 write units a second; more than twice its earlier peak within half an hour may be
//!   throttled, unless it was warmed: <https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/on-demand-capacity-mode.html>
//! - A table takes 40,000 by quota: <https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/ServiceQuotas.html>
//! - One partition takes 1,000, of an index too, and an index that lags throttles its table:
//!   <https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/gsi-throttling.html>.
//!   The index `by-day` has one key a provider and day, and DynamoDB can't split what is written at its end.

use crate::bucket::Bucket;
use crate::limit::{Limit, Limits};
use crate::settings::{Account, Work};
use crate::time::{MINUTE, SECOND, Tick};

const PARTITION: f64 = 1000.0;
/// Seconds' worth that is written at once. DynamoDB saves up to five minutes of unused capacity, and promises
/// none of it; nothing of that is counted on here.
const AT_ONCE: f64 = 0.1;
const DOUBLES_EVERY: Tick = 30 * MINUTE;

/// The ledger's table and its index.
pub struct Ledger {
    table: Bucket,
    index: Bucket,
    capacity: f64,
    quota: f64,
    used: f64,
    peak: f64,
    second: Tick,
    reviewed: Tick,
    table_units: f64,
    index_units: f64,
}

impl Ledger {
    /// As warm as the account's settings say.
    pub fn new(account: &Account, work: &Work) -> Self {
        let capacity = account.ledger_warm.min(account.table_quota);
        let index = PARTITION * f64::from(account.index_keys);
        Self {
            table: Bucket::new(capacity, capacity * AT_ONCE),
            index: Bucket::new(index, index * AT_ONCE),
            capacity,
            quota: account.table_quota,
            used: 0.0,
            peak: 0.0,
            second: 0,
            reviewed: 0,
            table_units: work.table_units,
            index_units: work.index_units,
        }
    }

    /// Writes all that `events` need; `false` where it is throttled.
    pub fn write(&mut self, events: u32, now: Tick, limits: &mut Limits) -> bool {
        self.grow(now);
        let events = f64::from(events);
        if self.index.is_empty(now) {
            limits.met(Limit::IndexPartition, events as u32, now);
            return false;
        }
        if !self.table.borrow(events * self.table_units, now) {
            limits.met(Limit::TableWarm, events as u32, now);
            return false;
        }
        self.used += events * self.table_units;
        self.index.borrow(events * self.index_units, now);
        true
    }

    /// Twice the peak of the last half hour.
    fn grow(&mut self, now: Tick) {
        if now >= self.second + SECOND {
            self.peak = self.peak.max(self.used);
            (self.used, self.second) = (0.0, now);
        }
        if now >= self.reviewed + DOUBLES_EVERY {
            self.capacity = self.capacity.max(2.0 * self.peak).min(self.quota);
            self.table.resize(self.capacity, self.capacity * AT_ONCE, now);
            (self.peak, self.reviewed) = (0.0, now);
        }
    }
}
