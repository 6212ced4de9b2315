//! `acuse events`: what the ledger holds.

mod conflict;
mod replay;

use std::collections::{BTreeMap, HashMap};
use std::process::ExitCode;
use std::time::Duration;

use acuse_aws::ledger::reader::{LedgerReader, ReadError};
use acuse_aws::ledger::record::Record;
use acuse_aws::system::SystemClock;
use acuse_cli::stack::conflicts::status;
use acuse_cli::stack::events::{ReplayError, recent};
use acuse_cli::stack::filter::Filter;
use acuse_cli::stack::lookup;
use acuse_cli::terminal::{self, Table, cut};
use acuse_cli::{note, say};
use acuse_core::clock::Clock;
use clap::builder::NonEmptyStringValueParser;
use clap::{Args, Subcommand};
use thiserror::Error;

use super::Failure;
use super::interrupt::interrupted;
use super::options::StackOptions;
use conflict::{Dismiss, Release};
use replay::Replay;

// The widest that each is in lists, in columns of the terminal: the types and ids of the providers' guides fit.
const TYPE: usize = 40;
const RESOURCE: usize = 40;
const ERROR: usize = 80;

/// A record as it was at the last look: status, attempts, duplicates.
type Seen = (&'static str, u32, u32);

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
  acuse events list --since 2026-11-20 --until 2026-11-21      the 20th, in UTC
  acuse events list --status CONFLICT --days 30
  acuse events list --json | jq 'select(.status != \"COMPLETED\")'")]
    List(List),
    /// Shows one event whole, or all events of one resource: did payment X arrive?
    ///
    /// With an event come its conflicts, and how they differ from it.
    #[command(after_help = "Examples:
  acuse events show 9e5ccd4a-d2f0-49dd-87fc-a0da752bd166
  acuse events show 'onepay#live#payment#9e5ccd4a-d2f0-49dd-87fc-a0da752bd166'
  acuse events show 'onepay#live#payment#9e5ccd4a-d2f0-49dd-87fc-a0da752bd166|payment.approved'
  acuse events show -- '-7 a#b|c%d'                    an id of any text; `--` before one that begins with `-`")]
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
    /// At most so many; where there are more, a line on standard error says so
    #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..))]
    limit: u32,
    #[command(flatten)]
    filter: Filter,
    #[command(flatten)]
    stack: StackOptions,
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
    stack: StackOptions,
}

/// `acuse events show`
#[derive(Debug, Args)]
pub(crate) struct Show {
    /// An event's key, a resource's (the key's part before `|`), a delivery id, or a resource's id of any
    /// text, also as a list prints it
    #[arg(value_parser = NonEmptyStringValueParser::new())]
    which: String,
    /// One JSON object a line
    #[arg(long)]
    json: bool,
    /// Where an id is in no key: looks through so many days (UTC), the newest first
    #[arg(long, default_value_t = 30, value_parser = clap::value_parser!(u32).range(1..=400))]
    days: u32,
    #[command(flatten)]
    stack: StackOptions,
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
        Command::List(list) => list.run(&list.stack.target().await?.ledger()?).await?,
        Command::Tail(tail) => return tail.run().await,
        Command::Replay(replay) => return replay.run().await,
        Command::Release(release) => return release.run().await,
        Command::Dismiss(dismiss) => return dismiss.run().await,
        Command::Show(show) => show.run(&show.stack.target().await?.ledger()?).await?,
    }
    Ok(ExitCode::SUCCESS)
}

impl List {
    async fn run(&self, ledger: &LedgerReader) -> Result<(), EventsError> {
        let limit = usize::try_from(self.limit).unwrap_or(usize::MAX);
        // One more than is shown says whether there are more.
        let mut records = recent(ledger, &self.filter, self.days, limit.saturating_add(1)).await?;
        let more = records.len() > limit;
        records.truncate(limit);
        self.print(&records)?;
        if more {
            note!(
                "the newest {limit} are shown, and there are more: `--limit {}` shows more of them",
                limit.saturating_mul(10)
            );
        }
        Ok(())
    }

    fn print(&self, records: &[Record]) -> Result<(), EventsError> {
        if self.json {
            return print_lines(records);
        }
        if records.is_empty() {
            match self.filter.since {
                Some(since) => say!("no such events since {since}"),
                None => say!(
                    "no such events in the last {} days (UTC); `--days` looks further back",
                    self.days
                ),
            }
            return Ok(());
        }
        let mut table = Table::new([
            ("RECEIVED", 24),
            ("PROVIDER", 16),
            ("ENV", 8),
            ("TYPE", TYPE),
            ("RESOURCE", RESOURCE),
            ("STATUS", 24),
            ("TRIES", 10),
            ("DUP", 10),
            ("ERROR", ERROR),
        ]);
        for record in records {
            table.add_row([
                record.received_at.clone().unwrap_or_default(),
                record.provider.clone(),
                record.environment.clone(),
                record.type_name.clone(),
                record.resource_id.clone().unwrap_or_else(|| "-".to_owned()),
                status(record),
                record.attempts.to_string(),
                record.duplicates.to_string(),
                record.error.clone().unwrap_or_default(),
            ]);
        }
        table.print();
        Ok(())
    }
}

/// The providers of which all that was looked at is new, so that there may be more.
fn overrun<'a>(records: &'a [Record], known: &HashMap<String, Seen>) -> Vec<&'a str> {
    let mut new: BTreeMap<&str, (usize, bool)> = BTreeMap::new();
    for record in records {
        let (count, all) = new.entry(&record.provider).or_insert((0, true));
        *count += 1;
        *all &= !known.contains_key(&record.key);
    }
    let overrun = new
        .into_iter()
        .filter(|(_, (count, all))| *all && *count >= Tail::NEWEST);
    overrun.map(|(provider, _)| provider).collect()
}

impl Tail {
    /// So many of each provider's newest events are looked at each time.
    const NEWEST: usize = 1000;

    async fn run(&self) -> Result<ExitCode, Failure> {
        let ledger = self.stack.target().await?.ledger()?;
        let mut known: HashMap<String, Seen> = HashMap::new();
        let mut first = true;
        let stop = interrupted();
        tokio::pin!(stop);
        loop {
            let mut records = recent(&ledger, &self.filter, 2, Self::NEWEST).await?;
            // The oldest first, as lines of a log.
            records.reverse();
            if !first {
                for provider in overrun(&records, &known) {
                    note!(
                        "more than {} events of {provider} came since the last look: the oldest of them are not shown (`acuse events list --provider {provider} --limit …`)",
                        Self::NEWEST
                    );
                }
            }
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
                status(record),
                record.attempts,
                record.duplicates,
                cut(record.error.as_deref().unwrap_or_default(), ERROR),
            );
        }
        Ok(())
    }
}

impl Show {
    async fn run(&self, ledger: &LedgerReader) -> Result<(), Failure> {
        let records = self.find(ledger).await.map_err(EventsError::from)?;
        if records.is_empty() {
            return Err(Failure::with_advice(
                EventsError::NotFound {
                    which: self.which.clone(),
                    days: self.days,
                },
                "it may not have got there: see `acuse dlq list` and `acuse quarantine list`",
            ));
        }
        if self.json {
            return Ok(print_lines(&records)?);
        }
        for record in &records {
            terminal::json(serde_json::to_string_pretty(record).map_err(EventsError::from)?);
            if let Some(payload) = ledger.payload(record).await.map_err(EventsError::from)? {
                say!("payload, as read:");
                // Set in: no line of it looks like one of ours.
                let payload = String::from_utf8_lossy(&payload);
                payload.split('\n').for_each(|line| say!("  {line}"));
                say!("");
            }
            conflict::explain(ledger, record).await?;
        }
        Ok(())
    }

    async fn find(&self, ledger: &LedgerReader) -> Result<Vec<Record>, ReadError> {
        let mut records = lookup::by_key_or_id(ledger, &self.which).await?;
        if records.is_empty() {
            note!(
                "no event has that as its key or in it; reading all that came in {} days (`--days`)",
                self.days
            );
            records = lookup::in_daily_lists(ledger, &self.which, self.days, SystemClock.now()).await?;
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

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use acuse_aws::ledger::record::Record;
    use aws_sdk_dynamodb::types::AttributeValue;

    use super::{Seen, Tail, overrun};

    fn record(provider: &str, number: usize) -> Record {
        let text = |text: &str| AttributeValue::S(text.to_owned());
        let item = HashMap::from([
            ("pk".to_owned(), text(&format!("{provider}#live#payment#{number}"))),
            ("sk".to_owned(), text("payment.approved")),
            ("provider".to_owned(), text(provider)),
            ("environment".to_owned(), text("live")),
            ("type".to_owned(), text("payment.approved")),
            ("status".to_owned(), text("COMPLETED")),
            ("attempts".to_owned(), AttributeValue::N("1".to_owned())),
            ("body_sha256".to_owned(), text("5a")),
        ]);
        Record::from_item(&item).unwrap()
    }

    #[test]
    fn a_flood_that_hides_events_from_a_tail_is_told() {
        let mut records: Vec<Record> = (0..Tail::NEWEST).map(|number| record("onepay", number)).collect();
        records.push(record("kuenta", 0));
        let mut known: HashMap<String, Seen> = HashMap::new();
        assert_eq!(overrun(&records, &known), ["onepay"]);
        // The oldest was seen: nothing is between the two looks.
        known.insert(records[0].key.clone(), ("COMPLETED", 1, 0));
        assert!(overrun(&records, &known).is_empty());
        assert!(overrun(&records[1..], &HashMap::new()).is_empty());
    }
}
