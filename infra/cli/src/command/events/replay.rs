//! `acuse events replay`: what was rejected or given up, once more.

use std::future::ready;
use std::process::ExitCode;

use acuse_aws::ledger::reader::LedgerReader;
use acuse_aws::ledger::record::Record;
use acuse_aws::verifier::SqsOutbox;
use acuse_cli::stack::events::{passes, recent, replayed, set_aside_reason};
use acuse_cli::stack::filter::Filter;
use acuse_cli::stack::include::{Counts, Include};
use acuse_cli::terminal::{self, counted};
use acuse_cli::{note, say};
use acuse_core::consume::SetAside;
use acuse_core::ledger::Status;
use acuse_core::providers;
use acuse_core::receive::Outbox;
use clap::Args;
use futures_util::{StreamExt, stream};
use serde_json::json;

use super::EventsError;
use crate::command::Failure;
use crate::command::confirm::confirm;
use crate::command::interrupt::Interrupt;
use crate::command::options::StackOptions;
use crate::command::progress::Bar;

/// `acuse events replay`
#[derive(Debug, Args)]
pub(crate) struct Replay {
    /// These events, by their keys; without any, all that pass the filter
    keys: Vec<String>,
    /// Says what would be queued, and changes nothing
    #[arg(long)]
    dry_run: bool,
    /// Does not ask, where hooks are to get what was set aside on purpose
    #[arg(long)]
    yes: bool,
    /// One JSON object a line
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    wanted: Include,
    /// Received in so many days (UTC), today included; `--since` goes further back
    #[arg(long, default_value_t = 14, value_parser = clap::value_parser!(u32).range(1..=400))]
    days: u32,
    #[command(flatten)]
    filter: Filter,
    #[command(flatten)]
    stack: StackOptions,
}

impl Replay {
    /// So many events are queued at once.
    const AT_ONCE: usize = 16;

    pub(super) async fn run(&self) -> Result<ExitCode, Failure> {
        let target = self.stack.target().await?;
        let (ledger, outbox) = (target.ledger()?, target.outbox()?);
        let Chosen {
            records,
            kinds,
            left_out,
        } = self.records(&ledger).await?;
        if let Some(left_out) = left_out.left_out() {
            note!("{left_out}");
        }
        if kinds.set_aside() > 0 && self.keys.is_empty() && !self.dry_run {
            confirm(&format!("queue {kinds} again and hand them to hooks"), self.yes)?;
        }
        let interrupt = Interrupt::listen();
        let (mut queued, mut left) = (0usize, left_out.total());
        let bar = Bar::new(u64::try_from(records.len()).unwrap_or(u64::MAX));
        let (ledger, outbox, came) = (&ledger, &outbox, &interrupt);
        let queue = stream::iter(records)
            .take_while(|_| ready(!came.received()))
            .map(|record| async move { Ok::<_, Failure>((self.queue(ledger, outbox, &record).await?, record)) })
            // In their order, as they came.
            .buffered(Self::AT_ONCE);
        tokio::pin!(queue);
        while let Some(done) = queue.next().await {
            bar.step();
            let (done, record) = done?;
            match done {
                true => {
                    queued += 1;
                    bar.suspend(|| self.say(&record));
                }
                false => {
                    left += 1;
                    bar.suspend(|| note!("not replayed, since its payload is gone: {}", record.key));
                }
            }
        }
        bar.clear();
        if !self.json {
            let what = if self.dry_run { "would be queued" } else { "queued" };
            say!("{queued} {what}, {left} left");
        }
        Ok(interrupt.code())
    }

    /// Whether there was something to queue.
    async fn queue(&self, ledger: &LedgerReader, outbox: &SqsOutbox, record: &Record) -> Result<bool, Failure> {
        let message = replayed(ledger, record).await?;
        let (Some(message), Some(provider)) = (message, providers::by_name(&record.provider)) else {
            return Ok(false);
        };
        if !self.dry_run {
            outbox.queue(provider.name, message).await?;
        }
        Ok(true)
    }

    /// What is not done: a completed event's replay would only be counted as a duplicate. What was set aside
    /// on purpose has to be named.
    async fn records(&self, ledger: &LedgerReader) -> Result<Chosen, EventsError> {
        let mut records = Vec::new();
        for key in &self.keys {
            let partition = key.split_once('|').map_or(key.as_str(), |(partition, _)| partition);
            let mut found = ledger.partition(partition).await?;
            found.retain(|record| record.key == *key);
            if found.is_empty() {
                note!("no event has the key {key}");
            }
            found.retain(|record| passes(&self.filter, record));
            records.extend(found);
        }
        if self.keys.is_empty() {
            records = recent(ledger, &self.filter, self.days, usize::MAX).await?;
            // The oldest first, as they came.
            records.reverse();
        }
        records.retain(|record| record.status != Status::Completed.name());
        let all = records.len();
        records.retain(|record| record.status != Status::Conflict.name());
        match all - records.len() {
            0 => {}
            conflicts => note!(
                "left out: {}, which `acuse events release` or `dismiss` decides on",
                counted(conflicts, "conflict")
            ),
        }
        let mut chosen = Chosen::default();
        for record in records {
            let aside = set_aside_reason(&record);
            let named = !self.keys.is_empty() && aside != Some(SetAside::TestDelivery);
            match named || self.wanted.takes(aside) {
                true => {
                    chosen.kinds.count(aside);
                    chosen.records.push(record);
                }
                false => chosen.left_out.count(aside),
            }
        }
        Ok(chosen)
    }

    fn say(&self, record: &Record) {
        match (self.json, self.dry_run) {
            (true, _) => {
                terminal::json(json!({"key": record.key, "status": record.status, "queued": !self.dry_run}));
            }
            (false, true) => say!("would be queued: {} ({})", record.key, record.status),
            (false, false) => say!("queued: {}", record.key),
        }
    }
}

/// What a replay queues.
#[derive(Debug, Default)]
struct Chosen {
    records: Vec<Record>,
    kinds: Counts,
    left_out: Counts,
}
