//! Counting a day's events, one at a time, in memory that does not grow with their number.

use std::collections::BTreeMap;

use serde::{Serialize, Serializer};

use super::name::plain;
use super::sum::Sum;
use crate::clock::Timestamp;
use crate::consume::SetAside;
use crate::event::Environment;
use crate::ledger::Status;

/// Rows of one environment, at most. The types of more are counted together.
const ROWS: usize = 300;

/// Currencies of one row, at most. Amounts of more are counted as unreadable.
const CURRENCIES: usize = 20;

/// What the type of the row is called that counts those of more than [`ROWS`].
const OTHER: &str = "other";

/// One event of the ledger, as far as a summary needs it.
#[derive(Debug, Clone, Copy)]
pub struct Entry<'a> {
    /// The provider, with the account unless it is the default one: `onepay`, `onepay/shop`.
    pub scope: &'a str,
    /// Whether money is real.
    pub environment: Environment,
    /// The provider's name of what happened.
    pub type_name: &'a str,
    /// Where it stands.
    pub status: Status,
    /// Why it was rejected or released.
    pub reason: Option<&'a str>,
    /// Whether it came with the key of another event.
    pub is_conflict: bool,
    /// Whether it is the webhook of an event that was reconciled before.
    pub is_confirmation: bool,
    /// When its first delivery was received.
    pub received_at: Timestamp,
    /// How often it came again.
    pub duplicates: u64,
    /// The amount as sent.
    pub amount: Option<&'a str>,
    /// The currency as sent.
    pub currency: Option<&'a str>,
}

/// A day's events, live ones apart from test events.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Tally {
    /// Real money.
    pub live: Events,
    /// The providers' test environments.
    pub test: Events,
}

/// The events of one environment.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Events {
    /// Those that were accepted: completed, or waiting. By provider and account, and by type.
    #[serde(serialize_with = "listed")]
    pub rows: BTreeMap<(String, String), Row>,
    /// Rejected by a hook, unreadable, expired, retried too often, or of another environment than their account.
    pub rejected: u64,
    /// Of an environment that this stack does not take.
    pub set_aside: u64,
    /// Came with the key of another event and other bytes, whatever was decided about them.
    pub conflicts: u64,
    /// Those of the conflicts that nobody has decided about.
    pub undecided_conflicts: u64,
    /// Deliveries of events that were known already.
    pub duplicates: u64,
    /// In progress, or to be retried.
    pub waiting: u64,
    /// When the first of those was received.
    #[serde(serialize_with = "moment")]
    pub oldest_waiting: Option<Timestamp>,
}

/// The events of one type.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Row {
    /// How many.
    pub count: u64,
    /// Their amounts.
    #[serde(rename = "amounts")]
    pub sums: Sums,
    /// Events without an amount.
    pub without_amount: u64,
    /// Events whose amount is in no sum: it is not a plain number.
    pub unreadable_amount: u64,
}

/// Sums by currency; those of amounts without one have the key "".
pub type Sums = BTreeMap<String, Sum>;

impl Tally {
    /// Counts an event. Test deliveries of `acuse doctor` are none.
    pub fn count(&mut self, entry: Entry<'_>) {
        let reason = entry.reason.filter(|_| entry.status == Status::Rejected);
        let set_aside = reason.and_then(SetAside::from_reason);
        if set_aside == Some(SetAside::TestDelivery) {
            return;
        }
        let events = match entry.environment {
            Environment::Live => &mut self.live,
            Environment::Test => &mut self.test,
        };
        events.duplicates += entry.duplicates;
        match entry.status {
            // It says again what the reconciled event says.
            _ if entry.is_confirmation => events.duplicates += 1,
            Status::Conflict => {
                events.conflicts += 1;
                events.undecided_conflicts += 1;
            }
            // Its amount is that of the event with the same key.
            _ if entry.is_conflict => events.conflicts += 1,
            Status::Rejected if matches!(set_aside, Some(SetAside::WrongEnvironment(_))) => events.set_aside += 1,
            Status::Rejected => events.rejected += 1,
            Status::InProgress | Status::Released => {
                events.waiting += 1;
                let oldest = events
                    .oldest_waiting
                    .map_or(entry.received_at, |at| at.min(entry.received_at));
                events.oldest_waiting = Some(oldest);
                events
                    .row(entry.scope, entry.type_name)
                    .count(entry.amount, entry.currency);
            }
            Status::Completed => events
                .row(entry.scope, entry.type_name)
                .count(entry.amount, entry.currency),
        }
    }

    /// Adds what was counted elsewhere.
    pub fn merge(&mut self, other: Self) {
        self.live.merge(other.live);
        self.test.merge(other.test);
    }
}

impl Events {
    /// How many were accepted.
    pub fn accepted(&self) -> u64 {
        self.rows.values().map(|row| row.count).sum()
    }

    /// Whether there is nothing to tell of.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    fn row(&mut self, scope: &str, type_name: &str) -> &mut Row {
        let key = (plain(scope), plain(type_name));
        let key = match self.rows.len() < ROWS || self.rows.contains_key(&key) {
            true => key,
            false => (OTHER.to_owned(), OTHER.to_owned()),
        };
        self.rows.entry(key).or_default()
    }

    fn merge(&mut self, other: Self) {
        for ((scope, type_name), row) in other.rows {
            self.row(&scope, &type_name).merge(row);
        }
        self.rejected += other.rejected;
        self.set_aside += other.set_aside;
        self.conflicts += other.conflicts;
        self.undecided_conflicts += other.undecided_conflicts;
        self.duplicates += other.duplicates;
        self.waiting += other.waiting;
        let both = [self.oldest_waiting, other.oldest_waiting];
        self.oldest_waiting = both.into_iter().flatten().min();
    }
}

impl Row {
    fn count(&mut self, amount: Option<&str>, currency: Option<&str>) {
        self.count += 1;
        let Some(amount) = amount.filter(|amount| !amount.trim().is_empty()) else {
            self.without_amount += 1;
            return;
        };
        let mut sum = Sum::default();
        let currency = plain(currency.unwrap_or_default().trim());
        if sum.add(amount).is_err() || !self.add(currency, sum) {
            self.unreadable_amount += 1;
        }
    }

    /// False if the sum does not fit.
    fn add(&mut self, currency: String, sum: Sum) -> bool {
        if self.sums.len() >= CURRENCIES && !self.sums.contains_key(&currency) {
            return false;
        }
        self.sums.entry(currency).or_default().merge(sum).is_ok()
    }

    fn merge(&mut self, other: Self) {
        self.count += other.count;
        self.without_amount += other.without_amount;
        self.unreadable_amount += other.unreadable_amount;
        let readable = other.count - other.without_amount - other.unreadable_amount;
        let mut fits = true;
        for (currency, sum) in other.sums {
            fits &= self.add(currency, sum);
        }
        if !fits {
            // How many of the other's amounts are in the sum that does not fit is not known any more.
            self.unreadable_amount += readable;
        }
    }
}

/// JSON has no keys of two parts.
fn listed<S: Serializer>(rows: &BTreeMap<(String, String), Row>, serializer: S) -> Result<S::Ok, S::Error> {
    #[derive(Serialize)]
    struct Listed<'a> {
        source: &'a str,
        #[serde(rename = "type")]
        type_name: &'a str,
        #[serde(flatten)]
        row: &'a Row,
    }
    let rows = rows
        .iter()
        .map(|((source, type_name), row)| Listed { source, type_name, row });
    serializer.collect_seq(rows)
}

fn moment<S: Serializer>(at: &Option<Timestamp>, serializer: S) -> Result<S::Ok, S::Error> {
    at.map(|at| at.to_string()).serialize(serializer)
}

#[cfg(test)]
pub(super) mod tests;
