//! `acuse events`: what the ledger holds.

use std::process::ExitCode;
use std::time::Duration;

use acuse_aws::ledger::reader::{LedgerReader, ReadError};
use acuse_aws::ledger::record::Record;
use acuse_aws::system::SystemClock;
use acuse_cli::sample::{self, SampleError};
use acuse_core::clock::Clock;
use acuse_core::providers;
use clap::{Args, Subcommand};
use comfy_table::{Table, presets};
use thiserror::Error;

use super::target::Which;
use super::{Failure, provider_names};

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// What to look at.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Lists the events that were received lately, newest first
    #[command(after_help = "Examples:
  acuse events list
  acuse events list --provider onepay --days 7
  acuse events list --json | jq 'select(.status != \"COMPLETED\")'")]
    List(List),
    /// Shows one event whole, or all events of one resource: did payment X arrive?
    #[command(after_help = "Examples:
  acuse events show 9e5ccd4a-d2f0-49dd-87fc-a0da752bd166
  acuse events show 'onepay#live#payment#9e5ccd4a-d2f0-49dd-87fc-a0da752bd166'
  acuse events show 'onepay#live#payment#9e5ccd4a-d2f0-49dd-87fc-a0da752bd166|payment.approved'")]
    Show(Show),
}

/// `acuse events list`
#[derive(Debug, Args)]
pub(crate) struct List {
    /// One JSON object a line
    #[arg(long)]
    json: bool,
    /// Only this provider's
    #[arg(long, value_parser = provider_names())]
    provider: Option<String>,
    /// Received in so many days (UTC), today included
    #[arg(long, default_value_t = 2, value_parser = clap::value_parser!(u32).range(1..=400))]
    days: u32,
    /// At most so many
    #[arg(long, default_value_t = 100)]
    limit: usize,
    #[command(flatten)]
    stack: Which,
}

/// `acuse events show`
#[derive(Debug, Args)]
pub(crate) struct Show {
    /// An event's key, a resource's (the key's part before `|`), a delivery id, or a resource id
    which: String,
    /// One JSON object a line
    #[arg(long)]
    json: bool,
    /// Where only a resource or delivery id is given: looks through so many days (UTC)
    #[arg(long, default_value_t = 30, value_parser = clap::value_parser!(u32).range(1..=400))]
    days: u32,
    #[command(flatten)]
    stack: Which,
}

/// The ledger could not be asked, or has no such event.
#[derive(Debug, Error)]
pub(crate) enum EventsError {
    /// Not a provider's name.
    #[error(transparent)]
    Provider(#[from] SampleError),
    /// The table.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// Nothing was found.
    #[error("no event of `{which}` in the ledger (looked through {days} days)")]
    NotFound {
        /// What was asked for.
        which: String,
        /// How far back.
        days: u32,
    },
    /// A record that can't be printed.
    #[error("can't print a record as JSON")]
    Json(#[from] serde_json::Error),
}

/// Asks the ledger, and prints.
pub(crate) async fn run(command: Command) -> Result<ExitCode, Failure> {
    match command {
        Command::List(list) => list.run(&list.stack.find().await?.ledger()?).await?,
        Command::Show(show) => show.run(&show.stack.find().await?.ledger()?).await?,
    }
    Ok(ExitCode::SUCCESS)
}

impl List {
    async fn run(&self, ledger: &LedgerReader) -> Result<(), EventsError> {
        let only = self.provider.as_deref().map(sample::provider).transpose()?;
        let names = match only {
            Some(provider) => vec![provider.name],
            None => providers::ALL.iter().map(|provider| provider.name).collect(),
        };
        let mut records = recent(ledger, &names, self.days, self.limit).await?;
        records.truncate(self.limit);
        if self.json {
            return print_lines(&records);
        }
        if records.is_empty() {
            println!("no events in {} days (UTC)", self.days);
            return Ok(());
        }
        let mut table = Table::new();
        table.load_style(presets::NOTHING);
        table.set_header([
            "RECEIVED", "PROVIDER", "ENV", "TYPE", "RESOURCE", "STATUS", "TRIES", "DUP", "ERROR",
        ]);
        for record in &records {
            table.add_row([
                record.received_at.clone().unwrap_or_default(),
                record.provider.clone(),
                record.environment.clone(),
                record.type_name.clone(),
                record.resource_id.clone().unwrap_or_else(|| "-".to_owned()),
                record.status.to_owned(),
                record.attempts.to_string(),
                record.duplicates.to_string(),
                record.error.clone().unwrap_or_default(),
            ]);
        }
        println!("{table}");
        Ok(())
    }
}

impl Show {
    async fn run(&self, ledger: &LedgerReader) -> Result<(), EventsError> {
        let records = self.find(ledger).await?;
        if records.is_empty() {
            return Err(EventsError::NotFound {
                which: self.which.clone(),
                days: self.days,
            });
        }
        if self.json {
            return print_lines(&records);
        }
        for record in &records {
            println!("{}", serde_json::to_string_pretty(record)?);
            if let Some(payload) = &record.payload {
                println!("payload, as signed:\n{}\n", String::from_utf8_lossy(payload));
            }
        }
        Ok(())
    }

    async fn find(&self, ledger: &LedgerReader) -> Result<Vec<Record>, EventsError> {
        if let Some((partition, _)) = self.which.split_once('|') {
            let mut records = ledger.partition(partition).await?;
            records.retain(|record| record.key == self.which);
            return Ok(records);
        }
        if self.which.contains('#') {
            return Ok(ledger.partition(&self.which).await?);
        }
        let names: Vec<&str> = providers::ALL.iter().map(|provider| provider.name).collect();
        let mut records = recent(ledger, &names, self.days, usize::MAX).await?;
        records.retain(|record| {
            [&record.resource_id, &record.delivery_id]
                .into_iter()
                .flatten()
                .any(|id| *id == self.which)
        });
        Ok(records)
    }
}

/// The events of `days` days, newest first; at most `limit` of each provider.
async fn recent(ledger: &LedgerReader, names: &[&str], days: u32, limit: usize) -> Result<Vec<Record>, ReadError> {
    let now = SystemClock.now();
    let mut records = Vec::new();
    for name in names {
        let mut found = 0;
        for back in 0..days {
            if found >= limit {
                break;
            }
            let day = ledger.on_day(name, now.minus(DAY * back), limit - found).await?;
            found += day.len();
            records.extend(day);
        }
    }
    records.sort_by(|a, b| b.received_at.cmp(&a.received_at));
    Ok(records)
}

fn print_lines(records: &[Record]) -> Result<(), EventsError> {
    for record in records {
        println!("{}", serde_json::to_string(record)?);
    }
    Ok(())
}
