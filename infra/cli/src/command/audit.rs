//! `acuse audit`: who did what to a stack, when, and why.

use std::process::ExitCode;

use acuse_aws::system::SystemClock;
use acuse_core::clock::{Clock, Timestamp};
use clap::{Args, Subcommand};

use super::Failure;
use super::options::StackOptions;
use crate::say;
use crate::stack::DAY;
use crate::stack::audit::{Audit, Entry};
use crate::stack::filter::moment;
use crate::terminal::{self, Table};

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// List what operators did, with this tool or the inspector, the newest first
    ///
    /// An action that is BEGUN was stopped before it ended: some of it may have been done. One that is FAILED stopped
    /// with an error. Entries expire with the ledger's retention.
    #[command(after_help = "Examples:
  acuse audit list
  acuse audit list --since 24h --who ana
  acuse audit list --since 2026-11-01 --json --stack acuse | jq 'select(.command == \"events dismiss\")'")]
    List(List),
}

#[derive(Debug, Args)]
pub(crate) struct List {
    /// Since: a time ago (90m, 6h, 7d), a day in UTC (2026-11-20), or a moment (2026-11-20T08:00:00-05:00) [default: 7d]
    #[arg(long, value_parser = moment, value_name = "WHEN")]
    since: Option<Timestamp>,
    /// Only what was done by somebody whose name or ARN contains this text
    #[arg(long, value_name = "TEXT")]
    who: Option<String>,
    /// Print one JSON object per line
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    stack: StackOptions,
}

pub(crate) async fn run(command: Command) -> Result<ExitCode, Failure> {
    match command {
        Command::List(list) => list.run().await,
    }
}

impl List {
    /// The longest that a stack keeps anything, in days.
    const MOST_DAYS: u32 = 3650;

    async fn run(&self) -> Result<ExitCode, Failure> {
        let target = self.stack.target().await?;
        let now = SystemClock.now();
        let since = self.since.unwrap_or_else(|| now.minus(DAY * 7));
        let since = since.max(now.minus(DAY * Self::MOST_DAYS));
        let mut entries = Audit::of(&target)?.list(since, now).await?;
        entries.retain(|entry| self.who.as_ref().is_none_or(|who| entry.who.contains(who)));
        if self.json {
            entries.iter().for_each(|entry| terminal::json(entry.json()));
            return Ok(ExitCode::SUCCESS);
        }
        match entries.as_slice() {
            [] => say!("nothing was done since {since}"),
            entries => table(entries).print(),
        }
        Ok(ExitCode::SUCCESS)
    }
}

fn table(entries: &[Entry]) -> Table<7> {
    let mut table = Table::new([
        ("AT", 24),
        ("WHO", 64),
        ("COMMAND", 24),
        ("TARGET", 64),
        ("COUNT", 8),
        ("OUTCOME", 8),
        ("REASON", 80),
    ]);
    for entry in entries {
        let or_dash = |text: &Option<String>| text.clone().unwrap_or_else(|| "-".to_owned());
        table.add_row([
            entry.at.to_string(),
            entry.who.clone(),
            entry.command.clone(),
            or_dash(&entry.target),
            entry.count.map_or_else(|| "-".to_owned(), |count| count.to_string()),
            entry.outcome.name().to_owned(),
            or_dash(&entry.reason),
        ]);
    }
    table
}
