//! `acuse events replay`: processing rejected or dead-lettered events again.

use std::future::ready;
use std::process::ExitCode;

use acuse_aws::ledger::reader::{LedgerReader, ReadError};
use acuse_aws::ledger::record::Record;
use acuse_aws::verifier::SqsOutbox;
use acuse_core::account::AccountName;
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
use crate::terminal::{self, counted, shell_quoted, summed_up};
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
    /// Named, and not replayed.
    refused: usize,
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
        let (mut queued, mut left) = (0usize, chosen.left_out.total() + chosen.refused);
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
                    let why = why_not(&record).unwrap_or_else(|| "its payload is gone".to_owned());
                    bar.suspend(|| note!("not replayed: {why}: {}", record.key));
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
            say!("{}", summed_up("event", [(queued, what), (left, "left")]));
        }
        Ok(match interrupt.code() {
            // Whoever names an event expects it to be replayed.
            ExitCode::SUCCESS if queued == 0 && !self.keys.is_empty() => ExitCode::FAILURE,
            code => code,
        })
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

    /// The events that are not completed: a completed event's replay would only be dropped. Those that were set aside
    /// have to be included or named. Of what is named and not replayed, it says why.
    async fn choose(&self, ledger: &LedgerReader) -> Result<Chosen, ReadError> {
        let mut chosen = Chosen::default();
        for key in &self.keys {
            match self.named(ledger, key).await? {
                Ok(record) => {
                    chosen.counts.add(set_aside_reason(&record));
                    chosen.records.push(record);
                }
                Err(why) => {
                    note!("not replayed: {why}");
                    chosen.refused += 1;
                }
            }
        }
        if !self.keys.is_empty() {
            return Ok(chosen);
        }
        let mut records = self.choice.records(ledger).await?;
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
        for record in records {
            let set_aside = set_aside_reason(&record);
            match self.include.includes(set_aside) {
                true => {
                    chosen.counts.add(set_aside);
                    chosen.records.push(record);
                }
                false => chosen.left_out.add(set_aside),
            }
        }
        Ok(chosen)
    }

    /// The event with this key; or what the text is instead, why that is not replayed, and what would be right.
    async fn named(&self, ledger: &LedgerReader, key: &str) -> Result<Result<Record, String>, ReadError> {
        let Some(record) = lookup::by_key(ledger, key).await? else {
            return Ok(Err(no_event(ledger, key).await?));
        };
        let why = why_not(&record).or_else(|| {
            let passes = passes(&self.choice.selection.filter, &record);
            (!passes).then(|| format!("the options leave it out, since it is {}", status(&record)))
        });
        Ok(match why {
            Some(why) => Err(format!("{why}: {key}")),
            None => Ok(record),
        })
    }

    fn say(&self, record: &Record) {
        let dry_run = self.choice.caution.dry_run;
        match (self.choice.selection.json, dry_run) {
            (true, _) => terminal::json(json!({"key": record.key, "status": record.status, "queued": !dry_run})),
            (false, true) => say!("would be queued: {} ({})", record.key, status(record)),
            (false, false) => say!("queued: {} ({})", record.key, status(record)),
        }
    }
}

/// Why a replay of this event would do nothing, and what would.
fn why_not(record: &Record) -> Option<String> {
    let status = Status::from_name(record.status);
    match (record.erasure(), status) {
        (Some(how), _) => Some(format!("it was {how}, so no hook can ever get it again")),
        (None, Some(Status::Completed)) => Some(
            "it is completed, and hooks are never called again for it (what a destination was not given: `acuse destinations retry NAME`)"
                .to_owned(),
        ),
        (None, Some(Status::Conflict)) => Some(
            "it is an open conflict, on which you decide with `acuse events release KEY` or `acuse events dismiss KEY --reason TEXT`"
                .to_owned(),
        ),
        _ if set_aside_reason(record) == Some(SetAside::TestDelivery) => {
            Some("it is a test delivery of `acuse doctor`, which never reaches hooks".to_owned())
        }
        _ => None,
    }
}

/// What a text is that is no event's key.
async fn no_event(ledger: &LedgerReader, text: &str) -> Result<String, ReadError> {
    let found = lookup::by_key_or_id(ledger, &AccountName::DEFAULT, text).await?;
    let keys: Vec<String> = found.iter().map(|record| format!("`{}`", record.key)).collect();
    Ok(match keys.is_empty() {
        true => format!(
            "no event has the key `{text}`. `acuse events show {}` looks for it elsewhere, in quarantine and dead letters too; an event whose delivery still waits in the event queue has no record yet",
            shell_quoted(text)
        ),
        false => format!(
            "`{text}` is not an event's key, but leads to {}: name one of these",
            keys.join(", ")
        ),
    })
}
