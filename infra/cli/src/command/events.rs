//! `acuse events`: reading the ledger, and processing events again.

mod conflict;
mod erase;
mod export;
pub(super) mod found;
pub(super) mod list;
mod replay;
pub(super) mod show;

use std::collections::HashMap;
use std::process::ExitCode;
use std::time::Duration;

use acuse_aws::ledger::reader::{LedgerReader, ReadError};
use acuse_aws::ledger::record::Record;
use clap::{Args, Subcommand};
use conflict::{Conflicts, Decision};
use erase::Erase;
use export::Export;
use list::List;
use replay::Replay;
use show::Show;

use super::Failure;
use super::interrupt::interrupted;
use super::options::{Caution, Selection};
use crate::registry::providers;
use crate::stack::events::{recent, status};
use crate::terminal::{self, cut};
use crate::{note, say};

// The widest cells of lists, in columns: the types and ids of the providers' guides fit.
pub(in crate::command) const TYPE: usize = 40;
pub(in crate::command) const RESOURCE: usize = 40;
pub(in crate::command) const REFERENCE: usize = 32;
pub(in crate::command) const AMOUNT: usize = 24;
pub(in crate::command) const ERROR: usize = 80;

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// List recent events, newest first
    ///
    /// Long cells are cut: `show` and `--json` print them whole. Control and invisible characters are printed
    /// as escapes. A completed event is DELIVERING while a destination has not taken it yet, and GIVEN_UP if one never
    /// did.
    #[command(after_help = "Examples:
  acuse events list
  acuse events list --reference ORD-4821
  acuse events list --reference 'ORD-48*' --provider onepay
  acuse events list --amount 150000 --day 2026-11-27
  acuse events list --provider onepay --days 7
  acuse events list --provider onepay --account tienda-2
  acuse events list --since 2026-11-20 --until 2026-11-21      the 20th, in UTC
  acuse events list --status CONFLICT --days 30
  acuse events list --status GIVEN_UP --days 30               a destination never took them
  acuse events list --json | jq 'select(.status != \"COMPLETED\")'")]
    List(List),
    /// Did order X arrive? Show one event in full, or all events of an order, a payment, a delivery or an amount
    ///
    /// Takes whatever you know. Several events of an order are listed, newest first. An event comes with what each
    /// destination has taken of it, its conflicts and how they differ from it. What is in quarantine or dead-lettered
    /// is named as well; a quarantined delivery is not verified, and nothing of it was applied. An id that the default
    /// account does not have is looked up in the accounts that the stack's secrets name, up to 10 of a provider.
    ///
    /// Exits with 1 if the ledger has no such event.
    #[command(after_help = "Examples:
  acuse events show ORD-4821
  acuse events show 'ORD-48*'
  acuse events show '150000 2026-11-27'                an amount, received on this day (UTC)
  acuse events show 9e5ccd4a-d2f0-49dd-87fc-a0da752bd166
  acuse events show 9e5ccd4a-d2f0-49dd-87fc-a0da752bd166 --account tienda-2
  acuse events show 'onepay#live#payment#9e5ccd4a-d2f0-49dd-87fc-a0da752bd166'
  acuse events show 'onepay#live#payment#9e5ccd4a-d2f0-49dd-87fc-a0da752bd166|payment.approved'
  acuse events show -- '-7 a#b|c%d'                    put `--` before an id that begins with `-`")]
    Show(Show),
    /// Write the events of a period to a file or a pipe, as JSON lines or CSV, oldest first
    ///
    /// In it is every record of the ledger that was received in the period and passes the filter, as it is when it is
    /// read: completed, rejected and retried events, events in progress, conflicts (each is a record of its own, with
    /// `conflict_of`), and the doctor's test deliveries. An erased event is in it without payload, with `erased_at`.
    ///
    /// Not in it is what the ledger does not have: records whose time to live has ended (`RetentionDays`), deliveries in
    /// quarantine, and deliveries that still wait in the event queue. Those are recorded under the time at which they
    /// were received, so an export up to this moment may lack what is recorded later: end it with `--until 1h` or earlier.
    ///
    /// A line of JSON has the payload exactly as it was sent, long numbers included. CSV has no payload; its amounts are
    /// text as sent, and a cell that a spreadsheet would take for a formula has a `'` before it.
    ///
    /// With `--output`, whatever ends this leaves a file of whole lines, and the same command with `--resume` continues
    /// it. Files are for their owner alone (mode 600): they have the payers' data.
    #[command(after_help = "Examples:
  acuse events export --since 2026-11-01 --until 2026-12-01 --format csv --output november.csv
  acuse events export --since 2026-11-01 --until 1h --output events.jsonl --resume     each time, what is new
  acuse events export --since 30d --provider onepay --status COMPLETED --format csv --output onepay.csv
  acuse events export --since 90d | jq -r 'select(.payload.data.customer.id == \"c-77\").key'")]
    Export(Export),
    /// Erase the payload of events, and what else they have of a person, for good
    ///
    /// Takes what a request names: an order number, the id of a payment, the key of an event, a delivery's id. An
    /// event is erased with its conflicts. Asks for confirmation.
    ///
    /// Gone are the payload, the reference, the amount and currency, the text of the error, an operator's reason for
    /// dropping its dead letter, and what destinations answered. The key (with the resource's id), the SHA-256 of the
    /// bytes, status, type, times, hooks and counts stay: another delivery of the same bytes is still a duplicate.
    /// Other bytes under the same key are still kept, as a conflict, which is listed and alarmed.
    ///
    /// An event that is not finished is left as it is, with what to do: one in progress, to be retried, owed to a
    /// destination, or an open conflict. It is safe to interrupt this and to run it again.
    ///
    /// Not erased is what is elsewhere: dead letters and deliveries in quarantine (named; 14 days at most), the tables
    /// of hooks (`payments` too), backups of the last 35 days, logs of hooks, earlier exports, and what destinations
    /// and the bus were given. The audit trail has the key, who and the reason: write no name into it.
    #[command(after_help = "Examples:
  acuse events erase ORD-4821 --reason 'request 2026-114' --dry-run
  acuse events erase ORD-4821 --reason 'request 2026-114'
  acuse events erase 9e5ccd4a-d2f0-49dd-87fc-a0da752bd166 --account tienda-2 --reason 'request 2026-114'
  acuse events export --since 90d | jq -r 'select(.payload.data.customer.id == \"c-77\").key' \\
    | acuse events erase --from-file - --yes --reason 'request 2026-114'")]
    Erase(Erase),
    /// Follow the ledger: print a line for each event that is new or has changed
    #[command(after_help = "Examples:
  acuse events tail
  acuse events tail --provider onepay --json --stack acuse | jq .status")]
    Tail(Tail),
    /// Queue rejected or dead-lettered events again
    ///
    /// A completed event stays completed, and is not queued. An event that waits for its next try is tried at once;
    /// its waiting message is dropped later, and counted as nothing. Expired events and events of another environment
    /// are left out unless you include them or name them by key; including them asks for confirmation. It is safe to
    /// interrupt this and to run it again.
    ///
    /// Of each key that is named and not replayed, a note says why and what would be right. Exits with 1 if none of
    /// those named was.
    ///
    /// An event stays one of the environment that it was recorded with. If its account is bound to another one
    /// now, it is not replayed; if the account had been bound by mistake, see `--as-bound`. An event that was set
    /// aside because of its account's binding is replayed only by key.
    #[command(after_help = "Examples:
  acuse events replay --status REJECTED --error 'no such order' --since 24h --dry-run
  acuse events replay --provider kuenta --type payment.completed --stack acuse
  acuse events replay --expired --since 2026-11-01T00:00:00Z --dry-run
  acuse events replay 'onepay#live#payment#9e5ccd4a|payment.approved'
  acuse events replay --provider kuenta --account org-2 --wrong-environment --as-bound    its binding was wrong")]
    Replay(Replay),
    /// Release conflicts: hooks get each of them as an event of its own
    ///
    /// A conflict is a verified delivery whose key is already known with other bytes; `show` prints how it
    /// differs. Hooks get the conflict's own key. Without keys, this asks for confirmation. It is safe to
    /// interrupt this and to run it again.
    #[command(after_help = "Examples:
  acuse events list --status CONFLICT --days 30
  acuse events release 'onepay#live#payment#9e5ccd4a|payment.approved|conflict#5a5a…'")]
    Release(Conflicts),
    /// Dismiss conflicts: they reach no hook, and stay in the ledger as REJECTED, with the reason
    #[command(after_help = "Examples:
  acuse events dismiss 'onepay#live#payment#9e5ccd4a|payment.approved|conflict#5a5a…' --reason 'only the attempt number differs'
  acuse events dismiss --provider onepay --since 6h --reason 'retries with another time' --dry-run")]
    Dismiss {
        /// Why, for the record
        #[arg(long, value_name = "TEXT", value_parser = conflict::not_blank)]
        reason: String,
        #[command(flatten)]
        conflicts: Conflicts,
    },
}

#[derive(Debug, Args)]
pub(crate) struct Tail {
    /// Seconds between polls of the ledger
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u64).range(1..=3600))]
    every: u64,
    #[command(flatten)]
    selection: Selection,
}

/// Which events to change, and how.
#[derive(Debug, Args)]
pub(crate) struct Choice {
    #[command(flatten)]
    caution: Caution,
    /// How many days (UTC) to search, including today; `--since` goes further back
    #[arg(long, default_value_t = 14, value_parser = clap::value_parser!(u32).range(1..=400))]
    days: u32,
    #[command(flatten)]
    selection: Selection,
}

impl Choice {
    /// All events that pass the filter, oldest first.
    async fn records(&self, ledger: &LedgerReader) -> Result<Vec<Record>, ReadError> {
        let mut records = recent(ledger, &self.selection.filter, self.days, usize::MAX).await?;
        records.reverse();
        Ok(records)
    }
}

pub(crate) async fn run(command: Command) -> Result<ExitCode, Failure> {
    match command {
        Command::List(list) => list.run(&list.selection.stack.target().await?).await?,
        Command::Show(show) => return show.run(&show.stack.target().await?).await,
        Command::Export(export) => return export.run().await,
        Command::Erase(erase) => return erase.run().await,
        Command::Tail(tail) => tail.run().await?,
        Command::Replay(replay) => return replay.run().await,
        Command::Release(conflicts) => return conflicts.decide(&Decision::Release).await,
        Command::Dismiss { reason, conflicts } => return conflicts.decide(&Decision::Dismiss(reason)).await,
    }
    Ok(ExitCode::SUCCESS)
}

/// A record's status, attempts and duplicates at the last look.
type Seen = (&'static str, u32, u32);

/// The providers whose events were all new at this look, so that more may have come than were looked at.
fn overrun(records: &[Record], known: &HashMap<String, Seen>) -> Vec<&'static str> {
    let of = |name: &'static str| records.iter().filter(move |record| record.provider == name);
    let is_new = |record: &Record| !known.contains_key(&record.key);
    let names = providers().names();
    names
        .filter(|name| of(name).count() >= Tail::NEWEST && of(name).all(is_new))
        .collect()
}

impl Tail {
    /// The newest events of each provider that a look compares.
    const NEWEST: usize = 1000;

    async fn run(&self) -> Result<(), Failure> {
        self.selection.is_of_records()?;
        let ledger = self.selection.stack.target().await?.ledger()?;
        let mut known: HashMap<String, Seen> = HashMap::new();
        let mut first = true;
        let stop = interrupted();
        tokio::pin!(stop);
        loop {
            let mut records = recent(&ledger, &self.selection.filter, 2, Self::NEWEST).await?;
            // Oldest first, like a log.
            records.reverse();
            if !first {
                for provider in overrun(&records, &known) {
                    note!(
                        "more than {} events of {provider} came since the last look, and the oldest of them are not shown: `acuse events list --provider {provider} --limit …`",
                        Self::NEWEST
                    );
                }
            }
            for record in &records {
                let now = (record.status, record.attempts, record.duplicates);
                let before = known.insert(record.key.clone(), now);
                // What was there at the first look is not news.
                if !first && before != Some(now) {
                    self.say(record)?;
                }
            }
            first = false;
            tokio::select! {
                () = tokio::time::sleep(Duration::from_secs(self.every)) => {}
                () = &mut stop => return Ok(()),
            }
        }
    }

    fn say(&self, record: &Record) -> Result<(), Failure> {
        if self.selection.json {
            return print_lines(std::slice::from_ref(record));
        }
        say!(
            "{}  {}  {}  {}  {}  attempts {}  duplicates {}  {}",
            record.received_at.as_deref().unwrap_or("-"),
            record.scope(),
            cut(&record.type_name, TYPE),
            cut(record.resource_id.as_deref().unwrap_or("-"), RESOURCE),
            status(record),
            record.attempts,
            record.duplicates,
            cut(record.error.as_deref().unwrap_or_default(), ERROR),
        );
        Ok(())
    }
}

fn print_lines(records: &[Record]) -> Result<(), Failure> {
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
    fn tail_says_when_it_may_have_missed_events() {
        let mut records: Vec<Record> = (0..Tail::NEWEST).map(|number| record("onepay", number)).collect();
        records.push(record("kuenta", 0));
        let mut known: HashMap<String, Seen> = HashMap::new();
        assert_eq!(overrun(&records, &known), ["onepay"]);
        // The oldest event was seen before, so none was missed.
        known.insert(records[0].key.clone(), ("COMPLETED", 1, 0));
        assert!(overrun(&records, &known).is_empty());
        assert!(overrun(&records[1..], &HashMap::new()).is_empty());
    }
}
