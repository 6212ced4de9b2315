//! `acuse events release` and `dismiss`: what becomes of conflicts; and how they differ from their events.

use std::process::ExitCode;

use acuse_aws::ledger::reader::LedgerReader;
use acuse_aws::ledger::record::Record;
use acuse_cli::stack::conflicts::{self, Outcome};
use acuse_cli::stack::difference::Difference;
use acuse_cli::stack::events::{passes, recent};
use acuse_cli::stack::filter::Filter;
use acuse_cli::stack::lookup;
use acuse_cli::terminal::{self, cut};
use acuse_cli::{note, say};
use acuse_core::ledger::Status;
use clap::Args;
use serde_json::json;
use thiserror::Error;

use super::EventsError;
use crate::command::Failure;
use crate::command::confirm::confirm;
use crate::command::interrupt::Interrupt;
use crate::command::options::StackOptions;

/// The longest line of a difference.
const DIFFERENCE: usize = 160;

/// `acuse events release`
#[derive(Debug, Args)]
pub(crate) struct Release {
    #[command(flatten)]
    chosen: Chosen,
}

/// `acuse events dismiss`
#[derive(Debug, Args)]
pub(crate) struct Dismiss {
    /// Why, for the record
    #[arg(long, value_name = "TEXT", value_parser = not_blank)]
    reason: String,
    #[command(flatten)]
    chosen: Chosen,
}

/// Which conflicts.
#[derive(Debug, Args)]
struct Chosen {
    /// These conflicts, by their keys, or by the id of a resource that has one open conflict; without any, all
    /// open ones that pass the filter
    keys: Vec<String>,
    /// Says what would be done, and changes nothing
    #[arg(long)]
    dry_run: bool,
    /// Does not ask, where no key is given
    #[arg(long)]
    yes: bool,
    /// One JSON object a line
    #[arg(long)]
    json: bool,
    /// Received in so many days (UTC), today included; `--since` goes further back
    #[arg(long, default_value_t = 14, value_parser = clap::value_parser!(u32).range(1..=400))]
    days: u32,
    #[command(flatten)]
    filter: Filter,
    #[command(flatten)]
    stack: StackOptions,
}

/// A key that is no conflict's.
#[derive(Debug, Error)]
pub(crate) enum NoConflict {
    #[error("no record of `{0}` in the ledger")]
    NotFound(String),
    #[error("`{0}` is no conflict")]
    Event(String),
    #[error("`{0}` has no open conflict")]
    NoneOpen(String),
    #[error("`{id}` has {open} open conflicts")]
    Several { id: String, open: usize },
}

/// What is decided.
enum Decision<'a> {
    Release,
    Dismiss(&'a str),
}

impl Release {
    pub(super) async fn run(&self) -> Result<ExitCode, Failure> {
        self.chosen.decide(&Decision::Release).await
    }
}

impl Dismiss {
    pub(super) async fn run(&self) -> Result<ExitCode, Failure> {
        self.chosen.decide(&Decision::Dismiss(&self.reason)).await
    }
}

impl Chosen {
    /// Exits 1 where one of them was decided otherwise before, or is gone.
    async fn decide(&self, decision: &Decision<'_>) -> Result<ExitCode, Failure> {
        let target = self.stack.target().await?;
        let records = self.records(&target.ledger()?).await?;
        if self.keys.is_empty() && !self.dry_run && !records.is_empty() {
            confirm(&decision.of(records.len()), self.yes)?;
        }
        let interrupt = Interrupt::listen();
        let (mut decided, mut before, mut not) = (0usize, 0usize, 0usize);
        for record in &records {
            if interrupt.received() {
                break;
            }
            let outcome = match (self.dry_run, decision) {
                (true, _) => None,
                (false, Decision::Release) => Some(conflicts::release(&target, record).await?),
                (false, Decision::Dismiss(reason)) => Some(conflicts::dismiss(&target, record, reason).await?),
            };
            match outcome {
                None | Some(Outcome::Done) => decided += 1,
                Some(Outcome::Again) => before += 1,
                Some(Outcome::Otherwise(_) | Outcome::Gone) => not += 1,
            }
            self.say(record, decision, outcome);
        }
        if !self.json {
            let (would, done) = (if self.dry_run { "would be " } else { "" }, decision.done());
            say!("{decided} {would}{done}, {} not", before + not);
        }
        Ok(match not {
            0 => interrupt.code(),
            _ => ExitCode::FAILURE,
        })
    }

    async fn records(&self, ledger: &LedgerReader) -> Result<Vec<Record>, Failure> {
        if self.keys.is_empty() {
            let mut records = recent(ledger, &self.filter, self.days, usize::MAX)
                .await
                .map_err(EventsError::from)?;
            records.retain(|record| record.status == Status::Conflict.name());
            // The oldest first, as they came.
            records.reverse();
            return Ok(records);
        }
        let mut chosen = Vec::new();
        for key in &self.keys {
            let partition = key.split_once('|').map_or(key.as_str(), |(partition, _)| partition);
            let records = ledger.partition(partition).await.map_err(EventsError::from)?;
            let Some(record) = records.iter().find(|record| record.key == *key) else {
                let found = lookup::by_key_or_id(ledger, key).await.map_err(EventsError::from)?;
                let record = only_open(key, &found)?;
                if passes(&self.filter, record) {
                    chosen.push(record.clone());
                }
                continue;
            };
            if record.conflict_of.is_none() {
                let own: Vec<&str> = conflicts::of(key, &records).map(|own| own.key.as_str()).collect();
                let advice = match own.as_slice() {
                    [] => "it has none either: a conflict's key ends with `|conflict#` and a digest".to_owned(),
                    own => format!("name its conflicts: {}", own.join(" ")),
                };
                return Err(Failure::with_advice(NoConflict::Event(key.clone()), advice));
            }
            if passes(&self.filter, record) {
                chosen.push(record.clone());
            }
        }
        Ok(chosen)
    }

    fn say(&self, record: &Record, decision: &Decision<'_>, outcome: Option<Outcome>) {
        let (key, done) = (&record.key, decision.done());
        if self.json {
            let now = match outcome {
                None => "nothing: dry run".to_owned(),
                Some(Outcome::Done) => done.to_owned(),
                Some(Outcome::Again) => format!("{done} before"),
                Some(Outcome::Otherwise(status)) => format!("not {done}: {}", status.name()),
                Some(Outcome::Gone) => format!("not {done}: gone"),
            };
            terminal::json(json!({"key": key, "outcome": now}));
            return;
        }
        match (outcome, decision) {
            (None, _) => say!("would be {done}: {key}"),
            (Some(Outcome::Done), Decision::Release) => say!("released and queued: {key}"),
            (Some(Outcome::Done), Decision::Dismiss(_)) => say!("dismissed: {key}"),
            (Some(Outcome::Again), _) => say!("was {done} before: {key}"),
            (Some(Outcome::Otherwise(status)), Decision::Release) => note!(
                "not released, since it is {}; `acuse events replay` hands a rejected one to hooks: {key}",
                status.name()
            ),
            (Some(Outcome::Otherwise(status)), Decision::Dismiss(_)) => {
                note!("not dismissed, since it was released, and is {}: {key}", status.name());
            }
            (Some(Outcome::Gone), _) => note!("not {done}, since its payload is gone: {key}"),
        }
    }
}

/// The open conflict of a resource, which an id stands for where it has no other.
fn only_open<'a>(id: &str, found: &'a [Record]) -> Result<&'a Record, Failure> {
    let is_open = |record: &&Record| record.status == Status::Conflict.name();
    let open: Vec<&Record> = found.iter().filter(is_open).collect();
    let id = id.to_owned();
    match open.as_slice() {
        [record] => Ok(record),
        [] => {
            let why = match found {
                [] => NoConflict::NotFound(id),
                _ => NoConflict::NoneOpen(id),
            };
            let advice = "`acuse events list --status CONFLICT` lists those that are open, with `--json` by key";
            Err(Failure::with_advice(why, advice))
        }
        several => {
            let keys: Vec<&str> = several.iter().map(|record| record.key.as_str()).collect();
            let open = several.len();
            let advice = format!("name them by their keys: {}", keys.join(" "));
            Err(Failure::with_advice(NoConflict::Several { id, open }, advice))
        }
    }
}

impl Decision<'_> {
    /// What is done to so many conflicts.
    fn of(&self, count: usize) -> String {
        let conflicts = terminal::counted(count, "conflict");
        match self {
            Self::Release => format!("hand {conflicts} to hooks"),
            Self::Dismiss(_) => format!("dismiss {conflicts}"),
        }
    }

    const fn done(&self) -> &'static str {
        match self {
            Self::Release => "released",
            Self::Dismiss(_) => "dismissed",
        }
    }
}

fn not_blank(text: &str) -> Result<String, String> {
    match text.trim() {
        "" => Err("say why, for whoever reads the record".to_owned()),
        reason => Ok(reason.to_owned()),
    }
}

/// Says how a conflict differs from its event, and what can be done about it.
pub(super) async fn explain(ledger: &LedgerReader, record: &Record) -> Result<(), EventsError> {
    let Some(event) = &record.conflict_of else {
        return Ok(());
    };
    let partition = event.split_once('|').map_or(event.as_str(), |(partition, _)| partition);
    let records = ledger.partition(partition).await?;
    say!("differs from {event}:");
    match conflicts::compared(ledger, record, &records).await? {
        None => say!("  not known: the payload of one of the two is in the ledger no more"),
        Some(Difference::None) => say!("  not at all"),
        Some(Difference::Notation) => {
            say!("  the same members and values: white space, the order of members, or how a text is written");
        }
        Some(Difference::Bytes { at }) => say!("  from byte {at} on; one of the two is not JSON"),
        Some(Difference::Members(members)) => {
            members
                .iter()
                .for_each(|member| say!("  {}", cut(&member.to_string(), DIFFERENCE)));
        }
    }
    if record.status == Status::Conflict.name() {
        say!("`acuse events release KEY` hands it to hooks as an event of its own;");
        say!("`acuse events dismiss KEY --reason TEXT` keeps it from them");
    }
    say!("");
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use aws_sdk_dynamodb::types::AttributeValue;

    use super::*;

    const EVENT: &str = "payment.approved";

    fn record(sort: &str, status: &str) -> Record {
        let texts = [
            ("pk", "onepay#live#payment#p1"),
            ("sk", sort),
            ("provider", "onepay"),
            ("environment", "live"),
            ("type", EVENT),
            ("status", status),
            ("body_sha256", "5a"),
        ];
        let mut item: HashMap<_, _> = texts
            .map(|(name, text)| (name.to_owned(), AttributeValue::S(text.to_owned())))
            .into();
        item.insert("attempts".to_owned(), AttributeValue::N("1".to_owned()));
        Record::from_item(&item).unwrap()
    }

    fn conflict(digest: &str, status: &str) -> Record {
        record(&format!("{EVENT}|conflict#{}", digest.repeat(64)), status)
    }

    #[test]
    fn an_id_stands_for_its_only_open_conflict() {
        let mut found = vec![record(EVENT, "COMPLETED"), conflict("a", "COMPLETED")];
        let told = |found: &[Record]| only_open("p1", found).unwrap_err().error.to_string();
        assert_eq!(told(&[]), "no record of `p1` in the ledger");
        assert_eq!(told(&found), "`p1` has no open conflict");
        found.push(conflict("b", "CONFLICT"));
        assert_eq!(only_open("p1", &found).unwrap().key, found[2].key);
        found.push(conflict("c", "CONFLICT"));
        assert_eq!(told(&found), "`p1` has 2 open conflicts");
        let advice = only_open("p1", &found).unwrap_err().advice.unwrap();
        assert!(
            advice.ends_with(&format!("{} {}", found[2].key, found[3].key)),
            "{advice}"
        );
    }

    #[test]
    fn an_event_counts_its_conflicts_and_one_that_is_decided_on_is_told_from_an_event() {
        let found = vec![
            record(EVENT, "COMPLETED"),
            conflict("a", "COMPLETED"),
            conflict("b", "CONFLICT"),
        ];
        let json = serde_json::to_value(&found[0]).unwrap();
        assert_eq!(json.get("conflicts"), None, "nobody has counted");
        let counted = conflicts::counted(found);
        let counts: Vec<_> = counted.iter().map(|record| record.conflicts).collect();
        assert_eq!(counts, [Some(2), None, None]);
        let shown: Vec<_> = counted.iter().map(conflicts::status).collect();
        assert_eq!(shown, ["COMPLETED", "COMPLETED (conflict)", "CONFLICT"]);
    }

    #[test]
    fn what_is_asked_reads_as_a_sentence() {
        assert_eq!(Decision::Release.of(2), "hand 2 conflicts to hooks");
        assert_eq!(Decision::Dismiss("why").of(1), "dismiss 1 conflict");
    }
}
