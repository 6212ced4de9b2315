//! `acuse events`: what the ledger holds.

mod conflict;
mod replay;

use std::collections::HashMap;
use std::process::ExitCode;
use std::time::Duration;

use acuse_aws::ledger::reader::{LedgerReader, ReadError};
use acuse_aws::ledger::record::Record;
use acuse_aws::system::SystemClock;
use acuse_cli::conflicts;
use acuse_cli::events::{ReplayError, recent};
use acuse_cli::filter::Filter;
use acuse_cli::terminal::{self, Table, cut};
use acuse_cli::{find, note, say};
use acuse_core::clock::Clock;
use clap::{Args, Subcommand};
use thiserror::Error;

use super::Failure;
use super::interrupt::interrupted;
use super::which::Which;
use conflict::{Dismiss, Release};
use replay::Replay;

// The widest that each is in lists, in columns of the terminal: the types and ids of the providers' guides fit.
const TYPE: usize = 40;
const RESOURCE: usize = 40;
const ERROR: usize = 80;

/// What to look at.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Lists the events that were received lately, newest first
    ///
    /// Long cells are cut; `show` and `--json` have them whole. Control and invisible characters
    /// show as escapes.
    #[command(after_help = "Examples:
  acuse events list
  acuse events list --provider onepay --days 7
  acuse events list --status CONFLICT --days 30
  acuse events list --json | jq 'select(.status != \"COMPLETED\")'")]
    List(List),
    /// Shows one event whole, or all events of one resource: did payment X arrive?
    ///
    /// With an event come its conflicts, and how they differ from it.
    #[command(after_help = "Examples:
  acuse events show 9e5ccd4a-d2f0-49dd-87fc-a0da752bd166
  acuse events show 'onepay#live#payment#9e5ccd4a-d2f0-49dd-87fc-a0da752bd166'
  acuse events show 'onepay#live#payment#9e5ccd4a-d2f0-49dd-87fc-a0da752bd166|payment.approved'")]
    Show(Show),
    /// Follows the ledger: a line for each event that is new or has changed
    #[command(after_help = "Examples:
  acuse events tail
  acuse events tail --provider onepay --json --stack acuse | jq .status")]
    Tail(Tail),
    /// Queues events again that were rejected or given up
    ///
    /// A completed event stays completed: its replay is counted as a duplicate and dropped. Events of
    /// another environment and expired ones were set aside on purpose: they are left out unless they are
    /// asked for or named by their keys. Safe to interrupt and to run again.
    #[command(after_help = "Examples:
  acuse events replay --status REJECTED --error 'no such order' --since 24h --dry-run
  acuse events replay --provider kuenta --type payment.completed --stack acuse
  acuse events replay --expired --since 2026-11-01T00:00:00Z --dry-run
  acuse events replay 'onepay#live#payment#9e5ccd4a|payment.approved'")]
    Replay(Replay),
    /// Releases conflicts: each is handed to hooks as an event of its own
    ///
    /// A conflict is a verified delivery whose key is known with other bytes: `show` says how it differs.
    /// Hooks get the conflict's own key. Safe to interrupt and to run again.
    #[command(after_help = "Examples:
  acuse events list --status CONFLICT --days 30
  acuse events release 'onepay#live#payment#9e5ccd4a|payment.approved|conflict#5a5a…'")]
    Release(Release),
    /// Dismisses conflicts: they reach no hook, and stay in the ledger as REJECTED, with the reason
    #[command(after_help = "Examples:
  acuse events dismiss 'onepay#live#payment#9e5ccd4a|payment.approved|conflict#5a5a…' --reason 'only the attempt number differs'
  acuse events dismiss --provider onepay --since 6h --reason 'retries with another time' --dry-run")]
    Dismiss(Dismiss),
}

/// `acuse events list`
#[derive(Debug, Args)]
pub(crate) struct List {
    /// One JSON object a line
    #[arg(long)]
    json: bool,
    /// Received in so many days (UTC), today included; `--since` goes further back
    #[arg(long, default_value_t = 2, value_parser = clap::value_parser!(u32).range(1..=400))]
    days: u32,
    /// At most so many
    #[arg(long, default_value_t = 100)]
    limit: usize,
    #[command(flatten)]
    filter: Filter,
    #[command(flatten)]
    stack: Which,
}

/// `acuse events tail`
#[derive(Debug, Args)]
pub(crate) struct Tail {
    /// One JSON object a line
    #[arg(long)]
    json: bool,
    /// Looks so often, in seconds
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u64).range(1..=3600))]
    every: u64,
    #[command(flatten)]
    filter: Filter,
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
    /// Where an id is in no key: looks through so many days (UTC), the newest first
    #[arg(long, default_value_t = 30, value_parser = clap::value_parser!(u32).range(1..=400))]
    days: u32,
    #[command(flatten)]
    stack: Which,
}

/// The ledger could not be asked, or has no such event.
#[derive(Debug, Error)]
pub(crate) enum EventsError {
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
    /// An event that can't be queued again.
    #[error(transparent)]
    Replay(#[from] ReplayError),
    /// A record that can't be printed.
    #[error("can't print a record as JSON")]
    Json(#[from] serde_json::Error),
}

/// Asks the ledger, and prints.
pub(crate) async fn run(command: Command) -> Result<ExitCode, Failure> {
    match command {
        Command::List(list) => list.run(&list.stack.find().await?.ledger()?).await?,
        Command::Tail(tail) => return tail.run().await,
        Command::Replay(replay) => return replay.run().await,
        Command::Release(release) => return release.run().await,
        Command::Dismiss(dismiss) => return dismiss.run().await,
        Command::Show(show) => show.run(&show.stack.find().await?.ledger()?).await?,
    }
    Ok(ExitCode::SUCCESS)
}

impl List {
    async fn run(&self, ledger: &LedgerReader) -> Result<(), EventsError> {
        let mut records = recent(ledger, &self.filter, self.days, self.limit).await?;
        records.truncate(self.limit);
        if self.json {
            return print_lines(&records);
        }
        if records.is_empty() {
            say!(
                "no such events in the last {} days (UTC); `--days` looks further back",
                self.days
            );
            return Ok(());
        }
        let mut table = Table::new([
            ("RECEIVED", 24),
            ("PROVIDER", 16),
            ("ENV", 8),
            ("TYPE", TYPE),
            ("RESOURCE", RESOURCE),
            ("STATUS", 16),
            ("TRIES", 10),
            ("DUP", 10),
            ("ERROR", ERROR),
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
        table.print();
        Ok(())
    }
}

impl Tail {
    /// So many of the newest events are looked at each time.
    const NEWEST: usize = 1000;

    async fn run(&self) -> Result<ExitCode, Failure> {
        let ledger = self.stack.find().await?.ledger()?;
        let mut known: HashMap<String, (&'static str, u32, u32)> = HashMap::new();
        let mut first = true;
        let stop = interrupted();
        tokio::pin!(stop);
        loop {
            let mut records = recent(&ledger, &self.filter, 2, Self::NEWEST).await?;
            // The oldest first, as lines of a log.
            records.reverse();
            for record in &records {
                let now = (record.status, record.attempts, record.duplicates);
                let before = known.insert(record.key.clone(), now);
                // What was there before is not news.
                if !first && before != Some(now) {
                    self.say(record)?;
                }
            }
            first = false;
            tokio::select! {
                () = tokio::time::sleep(Duration::from_secs(self.every)) => {}
                () = &mut stop => return Ok(ExitCode::SUCCESS),
            }
        }
    }

    fn say(&self, record: &Record) -> Result<(), EventsError> {
        if self.json {
            terminal::json(serde_json::to_string(record)?);
        } else {
            say!(
                "{}  {}  {}  {}  {}  tries {}  duplicates {}  {}",
                record.received_at.as_deref().unwrap_or("-"),
                record.provider,
                cut(&record.type_name, TYPE),
                cut(record.resource_id.as_deref().unwrap_or("-"), RESOURCE),
                record.status,
                record.attempts,
                record.duplicates,
                cut(record.error.as_deref().unwrap_or_default(), ERROR),
            );
        }
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
            terminal::json(serde_json::to_string_pretty(record)?);
            if let Some(payload) = ledger.payload(record).await? {
                say!("payload, as signed:");
                // Set in: no line of it looks like one of ours.
                let payload = String::from_utf8_lossy(&payload);
                payload.split('\n').for_each(|line| say!("  {line}"));
                say!("");
            }
            conflict::explain(ledger, record).await?;
        }
        Ok(())
    }

    async fn find(&self, ledger: &LedgerReader) -> Result<Vec<Record>, EventsError> {
        if let Some((partition, _)) = self.which.split_once('|') {
            let mut records = ledger.partition(partition).await?;
            let conflicts: Vec<Record> = conflicts::of(&self.which, &records).cloned().collect();
            records.retain(|record| record.key == self.which);
            records.extend(conflicts);
            return Ok(records);
        }
        if self.which.contains('#') {
            return Ok(ledger.partition(&self.which).await?);
        }
        let mut records = find::by_key(ledger, &self.which).await?;
        if records.is_empty() {
            records = find::by_delivery(ledger, &self.which).await?;
        }
        if records.is_empty() {
            note!(
                "no event has that id in its key; reading all that came in {} days (`--days`)",
                self.days
            );
            records = find::by_listing(ledger, &self.which, self.days, SystemClock.now()).await?;
        }
        Ok(records)
    }
}

fn print_lines(records: &[Record]) -> Result<(), EventsError> {
    for record in records {
        terminal::json(serde_json::to_string(record)?);
    }
    Ok(())
}
