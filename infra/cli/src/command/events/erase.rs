//! `acuse events erase`: what the ledger has of a person, removed for good.

mod choose;

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::process::ExitCode;

use acuse_aws::ledger::erased::{Erased, Erasures};
use acuse_aws::ledger::record::Record;
use acuse_aws::system::SystemClock;
use acuse_core::account::AccountName;
use acuse_core::clock::Clock;
use acuse_core::error::chain;
use acuse_core::event::key::IdempotencyKey;
use acuse_core::ledger::Status;
use clap::Args;
use clap::builder::NonEmptyStringValueParser;
use serde_json::json;

use super::conflict::not_blank;
use crate::command::Failure;
use crate::command::confirm::confirm;
use crate::command::interrupt::Interrupt;
use crate::command::options::{Caution, StackOptions};
use crate::stack::audit::{Action, Audit, Begun};
use crate::stack::destinations::progress::DeliveriesOf;
use crate::stack::filter::account_parser;
use crate::stack::find;
use crate::stack::target::Target;
use crate::terminal::{self, counted, summed_up};
use crate::{note, say};

#[derive(Debug, Args)]
pub(crate) struct Erase {
    /// Events: an order number, a resource's id, an event's or a resource's key, a delivery id or a `webhook-id`, each
    /// in full
    #[arg(required_unless_present = "from_file", value_name = "WHAT", value_parser = NonEmptyStringValueParser::new())]
    which: Vec<String>,
    /// Read keys of events from this file, one a line; `-` is standard input
    #[arg(long, value_name = "FILE")]
    from_file: Option<PathBuf>,
    /// Why, for the audit trail: the number of the request, and nothing of the person
    #[arg(long, value_name = "TEXT", value_parser = not_blank)]
    reason: String,
    /// Only this account's, and look up an id in it first
    #[arg(long, value_name = "NAME", value_parser = account_parser())]
    account: Option<AccountName>,
    #[command(flatten)]
    caution: Caution,
    /// Print one JSON object per line
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    stack: StackOptions,
}

/// How many events were erased, and how many were not.
#[derive(Default)]
struct Done {
    erased: usize,
    before: usize,
    not: usize,
}

/// Keys that are listed before the question.
const LISTED: usize = 20;

impl Erase {
    /// Exits 1 if something that was named is not in the ledger, or could not be erased.
    pub(super) async fn run(&self) -> Result<ExitCode, Failure> {
        let target = self.stack.target().await?;
        let chosen = self.choose(&target).await?;
        let records = &chosen.records;
        let dry_run = self.caution.dry_run;
        if !dry_run {
            self.confirm(records)?;
        }
        let interrupt = Interrupt::saying("stopping; run this again for the rest");
        let audit = Audit::of(&target)?;
        let begun = audit.begin(&target, self.action(records), dry_run || records.is_empty());
        let begun = begun.await?;
        let mut done = Done::default();
        let erased = self.erase(&target, &begun, records, &interrupt, &mut done).await;
        begun.end(done.erased, erased).await?;
        if !self.json {
            let counts = [
                (done.erased, if dry_run { "would be erased" } else { "erased" }),
                (done.before, "erased before"),
                (done.not, "not erased"),
                (chosen.missing, "not found"),
            ];
            say!("{}", summed_up("event", counts));
        }
        self.note_elsewhere(&target, records).await;
        Ok(match done.not + chosen.missing {
            0 => interrupt.code(),
            _ => ExitCode::FAILURE,
        })
    }

    async fn erase(
        &self,
        target: &Target,
        begun: &Begun<'_>,
        records: &[Record],
        interrupt: &Interrupt,
        done: &mut Done,
    ) -> Result<(), Failure> {
        let client = aws_sdk_dynamodb::Client::new(&target.sdk);
        let erasures = Erasures::new(client, target.output("LedgerTableName")?);
        for record in records {
            if interrupt.received() {
                break;
            }
            let Some(key) = IdempotencyKey::parse(&record.key) else {
                continue;
            };
            let outcome = match self.caution.dry_run {
                true => expected(target, record).await?,
                false => {
                    begun.to_events([key.clone()]).await?;
                    erasures.erase(&key, begun.who(), SystemClock.now()).await?
                }
            };
            match outcome {
                Erased::Now => done.erased += 1,
                Erased::Before => done.before += 1,
                _ => done.not += 1,
            }
            self.say(record, &outcome);
        }
        Ok(())
    }

    /// Asks about what is still there, key by key. Whoever names an order number may not know how many events it has.
    fn confirm(&self, records: &[Record]) -> Result<(), Failure> {
        let left = records.iter().filter(|record| record.erased_at.is_none());
        let keys: Vec<&str> = left.map(|record| record.key.as_str()).collect();
        if keys.is_empty() {
            return Ok(());
        }
        if !self.caution.yes {
            keys.iter().take(LISTED).for_each(|key| note!("to be erased: {key}"));
            if let Some(more @ 1..) = keys.len().checked_sub(LISTED) {
                note!("and {} more: `--dry-run` lists all", counted(more, "event"));
            }
        }
        let what = format!("erase the payload of {} for good", counted(keys.len(), "event"));
        confirm(&what, self.caution.yes)
    }

    /// The reason is the operator's. What was named may be an order's number, so the trail has keys alone.
    fn action<'a>(&'a self, records: &'a [Record]) -> Action<'a> {
        let action = Action::new("events erase").because(&self.reason);
        match records {
            [record] => action.on(&record.key),
            _ => action,
        }
    }

    fn say(&self, record: &Record, outcome: &Erased) {
        let (key, dry_run) = (&record.key, self.caution.dry_run);
        let why = why_not(key, outcome);
        if self.json {
            let outcome = match (outcome, &why) {
                (_, Some((why, _))) => format!("not erased: {why}"),
                (Erased::Before, None) => "erased before".to_owned(),
                (_, None) if dry_run => "nothing: dry run".to_owned(),
                (_, None) => "erased".to_owned(),
            };
            return terminal::json(json!({"key": key, "outcome": outcome}));
        }
        match (outcome, why) {
            (_, Some((why, advice))) => {
                note!("not erased, because {why}: {key}");
                note!("  what to do: {advice}");
            }
            (Erased::Before, None) => say!("was erased before: {key}"),
            (_, None) if dry_run => say!("would be erased: {key} ({})", record.status),
            (_, None) => say!("erased: {key}"),
        }
    }

    /// Names what the queues still have of these events' resources, and reminds of the rest.
    async fn note_elsewhere(&self, target: &Target, records: &[Record]) {
        if records.is_empty() {
            return;
        }
        let resource = |record: &'_ Record| Some((record.provider.clone(), record.resource_id.clone()?));
        let resources: BTreeSet<(String, String)> = records.iter().filter_map(resource).collect();
        let resources = resources.iter().map(|(provider, id)| (provider.as_str(), id.as_str()));
        match find::of_resources(target, &resources.collect()).await {
            Err(error) => note!("quarantine and dead letters could not be searched: {}", chain(&error)),
            Ok(queues) => {
                for letter in &queues.dead_letters {
                    let id = letter.message.message_id().unwrap_or("?");
                    note!("a dead letter still has it: `acuse dlq drop {id} --reason TEXT`");
                }
                for delivery in &queues.quarantine {
                    let id = delivery.item.delivery_id();
                    note!(
                        "a delivery in quarantine still has it, for 14 days at most: `acuse quarantine show {id}`; `acuse quarantine purge` deletes all that do not verify"
                    );
                }
            }
        }
        if !self.caution.dry_run {
            note!("backups of the last 35 days, logs, the hooks' own tables and earlier exports are not changed");
        }
    }
}

/// What erasing a record would come to.
async fn expected(target: &Target, record: &Record) -> Result<Erased, Failure> {
    let status = Status::from_name(record.status);
    if let Some(unfinished) = status.filter(|status| ![Status::Completed, Status::Rejected].contains(status)) {
        return Ok(Erased::Unfinished(unfinished));
    }
    if record.erased_at.is_some() {
        return Ok(Erased::Before);
    }
    let deliveries = DeliveriesOf::records(target, [record]).await?;
    let owed = acuse_core::destination::delivery::Status::Owed;
    let mut deliveries = deliveries.of(record);
    let owed = deliveries.find(|(_, delivery)| delivery.status == owed);
    Ok(owed.map_or(Erased::Now, |(destination, _)| Erased::Owed(destination.clone())))
}

/// Why an event was not erased, and what to do.
fn why_not(key: &str, outcome: &Erased) -> Option<(String, String)> {
    let again = "run this again afterwards";
    let (why, advice) = match outcome {
        Erased::Now | Erased::Before => return None,
        Erased::Unfinished(Status::Conflict) => (
            "it is an open conflict".to_owned(),
            format!("decide on it with `acuse events dismiss '{key}' --reason TEXT`, and {again}"),
        ),
        Erased::Unfinished(Status::Released) => (
            "it is going to be retried".to_owned(),
            format!(
                "wait until it is COMPLETED or REJECTED; if it is dead-lettered, `acuse dlq drop '{key}' --reason TEXT`. Then run this again"
            ),
        ),
        Erased::Unfinished(_) => (
            "a consumer works on it".to_owned(),
            "run this again in a few minutes".to_owned(),
        ),
        Erased::Owed(destination) => (
            format!("it is DELIVERING: the destination `{destination}` has not taken it yet"),
            format!(
                "wait for it (`acuse destinations owed {destination}`), or take it off with `acuse destinations remove {destination}`; {again}"
            ),
        ),
        Erased::Gone => (
            "it is no longer in the ledger".to_owned(),
            "nothing is left to do".to_owned(),
        ),
        Erased::Busy => (
            "it changed again and again meanwhile".to_owned(),
            "run this again".to_owned(),
        ),
    };
    Some((why, advice))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_erased_says_why_and_what_to_do() {
        assert_eq!(why_not("k", &Erased::Now), None);
        assert_eq!(why_not("k", &Erased::Before), None);
        let (why, advice) = why_not("k|a", &Erased::Unfinished(Status::Conflict)).unwrap();
        assert_eq!(why, "it is an open conflict");
        assert!(advice.contains("acuse events dismiss 'k|a' --reason TEXT"), "{advice}");
        let (why, advice) = why_not("k", &Erased::Unfinished(Status::Released)).unwrap();
        assert!(
            why.contains("retried") && advice.contains("acuse dlq drop 'k'"),
            "{why}: {advice}"
        );
        let shop = acuse_core::destination::DestinationName::parse("shop").unwrap();
        let (why, advice) = why_not("k", &Erased::Owed(shop)).unwrap();
        assert!(
            why.contains("DELIVERING") && advice.contains("acuse destinations owed shop"),
            "{why}: {advice}"
        );
    }
}
