//! `acuse events list`: recent events, those of a reference, or those of an amount on a day.

use acuse_aws::ledger::record::Record;
use acuse_core::clock::Timestamp;
use clap::Args;

use super::{AMOUNT, ERROR, REFERENCE, RESOURCE, TYPE, found};
use crate::command::Failure;
use crate::command::options::Selection;
use crate::stack::DAY;
use crate::stack::destinations::progress::DeliveriesOf;
use crate::stack::events::{complete, marked, passes, recent, status};
use crate::stack::filter::{Filter, start_of_day};
use crate::stack::find::{self, Amount, OnDay};
use crate::stack::target::Target;
use crate::terminal::{self, Table};
use crate::{note, say};

#[derive(Debug, Args)]
pub(crate) struct List {
    /// How many days (UTC) to list, including today; `--since` goes further back
    #[arg(long, default_value_t = 2, value_parser = clap::value_parser!(u32).range(1..=400))]
    days: u32,
    /// How many events to list at most; a note on standard error says if there are more
    #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..))]
    limit: u32,
    /// Only events with this reference, such as an order number; with a `*` at its end, those that begin with it. Of
    /// any day
    #[arg(long, value_name = "TEXT", value_parser = reference_parser, conflicts_with_all = ["amount", "day", "days"])]
    reference: Option<String>,
    /// Only events of this amount, by value: 150000 is 150000.00
    #[arg(long, value_name = "AMOUNT", requires = "day")]
    amount: Option<Amount>,
    /// Only events received on this day (UTC)
    #[arg(long, value_name = "YYYY-MM-DD", value_parser = day_parser, conflicts_with_all = ["since", "until", "days"])]
    day: Option<Timestamp>,
    #[command(flatten)]
    pub(super) selection: Selection,
}

impl List {
    pub(super) async fn run(&self, target: &Target) -> Result<(), Failure> {
        let ledger = &target.ledger()?;
        let limit = usize::try_from(self.limit).unwrap_or(usize::MAX);
        // One more than is printed says whether there are more.
        let references = target.references();
        let (mut records, more) = match (&self.reference, self.on_day()) {
            (Some(reference), _) => {
                let found = find::by_reference(target, &self.selection.filter, reference, limit).await?;
                found::note_no_index(&found);
                (found.records, found.more)
            }
            (None, Some(on_day)) => (on_day.records(ledger, &references).await?, false),
            (None, None) => {
                let filter = &self.filter();
                // What only its deliveries tell is chosen below. One more than is printed says whether there are more.
                let most = match filter.progress() {
                    None => limit.saturating_add(1),
                    Some(_) => usize::MAX,
                };
                (recent(ledger, filter, self.days, most).await?, false)
            }
        };
        records.retain(|record| passes(&self.selection.filter, record));
        if let Some(progress) = self.selection.filter.progress() {
            records = DeliveriesOf::only(target, records, progress, limit.saturating_add(1)).await?;
        }
        let more = more || records.len() > limit;
        records.truncate(limit);
        records.iter_mut().for_each(|record| complete(&references, record));
        let deliveries = DeliveriesOf::records(target, &records).await?;
        match self.selection.json {
            true => records
                .iter()
                .for_each(|record| terminal::json(deliveries.json(record))),
            false => self.print(&records, &deliveries),
        }
        if more {
            note!(
                "showing the newest {limit}; there are more: use `--limit {}`",
                limit.saturating_mul(10)
            );
        }
        Ok(())
    }

    fn on_day(&self) -> Option<OnDay> {
        let (amount, day) = (self.amount.clone()?, self.day?);
        Some(OnDay { amount, day })
    }

    /// The filter, with the day.
    fn filter(&self) -> Filter {
        let mut filter = self.selection.filter.clone();
        if let Some(day) = self.day {
            (filter.since, filter.until) = (Some(day), Some(day.plus(DAY)));
        }
        filter
    }

    fn print(&self, records: &[Record], deliveries: &DeliveriesOf) {
        if records.is_empty() {
            match self.selection.filter.since {
                _ if self.reference.is_some() => {
                    say!("no events with this reference; `acuse events show` looks everywhere else, too")
                }
                _ if self.day.is_some() => say!("no such events on this day (UTC)"),
                Some(since) => say!("no such events since {since}"),
                None => say!(
                    "no such events in the last {} days (UTC); look further back with `--days`",
                    self.days
                ),
            }
            return;
        }
        table(records, deliveries).print();
    }
}

/// Events in the order in which they come.
pub(super) fn table(records: &[Record], deliveries: &DeliveriesOf) -> Table<11> {
    let mut table = Table::new([
        ("RECEIVED", 24),
        ("PROVIDER", 48),
        ("ENV", 8),
        ("TYPE", TYPE),
        ("RESOURCE", RESOURCE),
        ("REFERENCE", REFERENCE),
        ("AMOUNT", AMOUNT),
        ("STATUS", 24),
        ("TRIES", 10),
        ("DUP", 10),
        ("ERROR", ERROR),
    ]);
    for record in records {
        table.add_row([
            record.received_at.as_deref().unwrap_or_default(),
            &record.scope(),
            &record.environment,
            &record.type_name,
            record.resource_id.as_deref().unwrap_or("-"),
            record.reference.as_deref().unwrap_or("-"),
            &money(record.amount.as_deref(), record.currency.as_deref()),
            &deliveries
                .status(record)
                .map_or_else(|| status(record), |status| marked(record, status)),
            &record.attempts.to_string(),
            &record.duplicates.to_string(),
            record.error.as_deref().unwrap_or_default(),
        ]);
    }
    table
}

/// An amount as a cell: `150000.00 COP`.
pub(in crate::command) fn money(amount: Option<&str>, currency: Option<&str>) -> String {
    match (amount, currency) {
        (Some(amount), Some(currency)) => format!("{amount} {currency}"),
        (Some(amount), None) => amount.to_owned(),
        (None, _) => "-".to_owned(),
    }
}

fn reference_parser(text: &str) -> Result<String, &'static str> {
    match text.trim_end_matches('*').is_empty() {
        true => Err("a reference, or the beginning of one and a `*`: ORD-4821, 'ORD-48*'"),
        false => Ok(text.to_owned()),
    }
}

fn day_parser(text: &str) -> Result<Timestamp, &'static str> {
    start_of_day(text).ok_or("a day is written as 2026-11-27")
}
