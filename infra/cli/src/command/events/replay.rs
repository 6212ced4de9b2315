//! `acuse events replay`: processing rejected or dead-lettered events again.

use std::future::ready;
use std::process::ExitCode;

use acuse_aws::ledger::reader::{LedgerReader, ReadError};
use acuse_aws::ledger::record::Record;
use acuse_aws::verifier::SqsOutbox;
use acuse_core::consume::SetAside;
use acuse_core::event::key::IdempotencyKey;
use acuse_core::ledger::Status;
use acuse_core::receive::Outbox;
use clap::Args;
use futures_util::{StreamExt, stream};
use serde_json::json;

use super::Choice;
use crate::command::Failure;
use crate::command::confirm::confirm;
use crate::command::interrupt::Interrupt;
use crate::command::progress::Bar;
use crate::stack::audit::{Action, Audit, Begun};
use crate::stack::bindings::Bindings;
use crate::stack::error::StackError;
use crate::stack::events::{passes, replayed, set_aside_reason, status};
use crate::stack::include::{Counts, Include};
use crate::stack::lookup;
use crate::terminal::{self, counted};
use crate::{note, say};

#[derive(Debug, Args)]
pub(crate) struct Replay {
    /// Events by key [default: all that pass the filter]
    keys: Vec<String>,
    /// Replay events whose payload names no environment as events of the environment that their account is bound to
    /// now, after correcting a wrong binding
    #[arg(long)]
    as_bound: bool,
    #[command(flatten)]
    choice: Choice,
    #[command(flatten)]
    include: Include,
}

#[derive(Debug, Default)]
struct Chosen {
    records: Vec<Record>,
    counts: Counts,
    left_out: Counts,
}

impl Replay {
    const AT_ONCE: usize = 16;

    pub(super) async fn run(&self) -> Result<ExitCode, Failure> {
        let (caution, json) = (&self.choice.caution, self.choice.selection.json);
        self.choice.selection.is_of_records()?;
        let target = self.choice.selection.stack.target().await?;
        let (ledger, outbox) = (&target.ledger()?, &target.outbox()?);
        let chosen = self.choose(ledger).await?;
        if let Some(left_out) = chosen.left_out.left_out() {
            note!("{left_out}");
        }
        if chosen.counts.set_aside() > 0 && self.keys.is_empty() && !caution.dry_run {
            let what = format!("queue {} again and hand them to hooks", chosen.counts);
            confirm(&what, caution.yes)?;
        }
        let bindings = Bindings::of(&target).as_bound(self.as_bound);
        let bindings = &bindings.read(&target, &chosen.records).await?;
        bindings.unread().for_each(|text| note!("{text}"));
        let interrupt = Interrupt::listen();
        let audit = Audit::of(&target)?;
        let begun = audit.begin(&target, self.action(), caution.dry_run || chosen.records.is_empty());
        let begun = &begun.await?;
        let (mut queued, mut left) = (0usize, chosen.left_out.total());
        let bar = Bar::new(u64::try_from(chosen.records.len()).unwrap_or(u64::MAX));
        let queue = stream::iter(chosen.records)
            .take_while(|_| ready(!interrupt.received()))
            .map(|record| async move { (self.queue(ledger, bindings, outbox, begun, &record).await, record) })
            // In the order in which they were received.
            .buffered(Self::AT_ONCE);
        tokio::pin!(queue);
        let mut result = Ok(());
        while let Some(done) = queue.next().await {
            bar.advance(1);
            let (done, record) = done;
            match done {
                Ok(true) => {
                    queued += 1;
                    bar.suspend(|| self.say(&record));
                }
                Ok(false) => {
                    left += 1;
                    let why = record
                        .erasure()
                        .map_or_else(|| "its payload is gone".to_owned(), |how| format!("it was {how}"));
                    bar.suspend(|| note!("not replayed, because {why}: {}", record.key));
                }
                Err(error @ StackError::StillBound { .. }) => {
                    left += 1;
                    bar.suspend(|| note!("not replayed: {error}"));
                }
                Err(error) => {
                    result = Err(Failure::from(error));
                    break;
                }
            }
        }
        bar.clear();
        begun.end(queued, result).await?;
        if !json {
            let what = if caution.dry_run { "would be queued" } else { "queued" };
            say!("{queued} {what}, {left} left");
        }
        Ok(interrupt.code())
    }

    fn action(&self) -> Action<'_> {
        let action = Action::new("events replay");
        match self.keys.as_slice() {
            [key] => action.on(key),
            _ => action,
        }
    }

    /// Returns whether there was a payload to queue.
    async fn queue(
        &self,
        ledger: &LedgerReader,
        bindings: &Bindings,
        outbox: &SqsOutbox,
        begun: &Begun<'_>,
        record: &Record,
    ) -> Result<bool, StackError> {
        let Some((group, message)) = replayed(ledger, bindings, record).await? else {
            return Ok(false);
        };
        if !self.choice.caution.dry_run {
            begun.to_events(IdempotencyKey::parse(&record.key)).await?;
            outbox.queue(&group, message).await?;
        }
        Ok(true)
    }

    /// The events that are not completed: a completed event's replay would only be counted as a duplicate. Those that
    /// were set aside have to be included or named.
    async fn choose(&self, ledger: &LedgerReader) -> Result<Chosen, ReadError> {
        let mut records = Vec::new();
        for key in &self.keys {
            match lookup::by_key(ledger, key).await? {
                None => note!("no event has the key {key}"),
                Some(record) if passes(&self.choice.selection.filter, &record) => records.push(record),
                Some(_) => {}
            }
        }
        if self.keys.is_empty() {
            records = self.choice.records(ledger).await?;
        }
        records.retain(|record| record.status != Status::Completed.name());
        let all = records.len();
        records.retain(|record| record.status != Status::Conflict.name());
        match all - records.len() {
            0 => {}
            conflicts => note!(
                "left out: {}; decide on them with `acuse events release` or `dismiss`",
                counted(conflicts, "conflict")
            ),
        }
        let mut chosen = Chosen::default();
        for record in records {
            let set_aside = set_aside_reason(&record);
            let named = !self.keys.is_empty() && set_aside != Some(SetAside::TestDelivery);
            match named || self.include.includes(set_aside) {
                true => {
                    chosen.counts.add(set_aside);
                    chosen.records.push(record);
                }
                false => chosen.left_out.add(set_aside),
            }
        }
        Ok(chosen)
    }

    fn say(&self, record: &Record) {
        let dry_run = self.choice.caution.dry_run;
        match (self.choice.selection.json, dry_run) {
            (true, _) => terminal::json(json!({"key": record.key, "status": record.status, "queued": !dry_run})),
            (false, true) => say!("would be queued: {} ({})", record.key, status(record)),
            (false, false) => say!("queued: {}", record.key),
        }
    }
}
