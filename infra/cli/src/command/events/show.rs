//! `acuse events show`: one event in full, all events of a resource, or whatever else people know.

use std::process::ExitCode;

use acuse_aws::destinations::events;
use acuse_aws::ledger::reader::LedgerReader;
use acuse_aws::ledger::record::Record;
use acuse_aws::system::SystemClock;
use acuse_core::account::AccountName;
use acuse_core::clock::Clock;
use acuse_core::error::chain;
use acuse_core::event::Kind;
use acuse_core::event::key::IdempotencyKey;
use acuse_core::ledger::Status;
use clap::Args;
use clap::builder::NonEmptyStringValueParser;
use data_encoding::BASE64;
use serde_json::Value;

use super::{conflict, found};
use crate::command::Failure;
use crate::command::options::StackOptions;
use crate::registry::providers;
use crate::stack::audit::{Audit, Entry};
use crate::stack::destinations::progress::{self, DeliveriesOf};
use crate::stack::events::{complete, marked, status};
use crate::stack::filter::account_parser;
use crate::stack::find::{self, By, Find, InLedger, OnDay, When};
use crate::stack::lookup;
use crate::stack::retry::Retry;
use crate::stack::target::Target;
use crate::terminal::{self, quoted, shell_quoted};
use crate::{note, say};

/// Most events of one reference.
const MOST: usize = 100;

#[derive(Debug, Args)]
pub(crate) struct Show {
    /// An order number, whole as the payload has it (`ORD-4821`; with a `*` at its end, its beginning), a resource's id,
    /// an event's or a resource's key, a delivery id, a destination's `webhook-id`, or an amount and a day (`'150000 2026-11-27'`)
    #[arg(value_parser = NonEmptyStringValueParser::new(), value_name = "WHAT")]
    which: String,
    /// Only this account's, and look up an id in it first
    #[arg(long, value_name = "NAME", value_parser = account_parser())]
    account: Option<AccountName>,
    /// Print one JSON object per line
    #[arg(long)]
    json: bool,
    /// How many days (UTC) to search, newest first, for what is only in payloads
    #[arg(long, default_value_t = 30, value_parser = clap::value_parser!(u32).range(1..=400))]
    days: u32,
    #[command(flatten)]
    pub(super) stack: StackOptions,
}

impl Show {
    /// Exits with 1 if the ledger has no such event.
    pub(super) async fn run(&self, target: &Target) -> Result<ExitCode, Failure> {
        let ledger = &target.ledger()?;
        let find = Find {
            text: &self.which,
            account: self.account.as_ref(),
            limit: MOST,
        };
        let mut found = find::in_ledger(target, &find).await?;
        if found.records.is_empty() && self.account.is_none() {
            found.records = in_other_accounts(target, &self.which).await;
        }
        let when = match found.records.is_empty() {
            true => When::Always,
            false => When::NotEmpty,
        };
        let queues = find::in_queues(target, &self.which, when).await;
        let is_queued = queues.as_ref().is_ok_and(|queues| !queues.is_empty());
        let is_elsewhere = is_queued || OnDay::parse(&self.which).is_some();
        let searches_days = found.records.is_empty() && !is_elsewhere;
        if searches_days {
            note!(
                "neither a key nor a whole reference (`ORD-4821`), a resource's id, a known delivery's or a webhook-id; searching everything received in the last {} days (`--days`)",
                self.days
            );
            let in_days = find::in_days(target, &find, self.days, SystemClock.now()).await?;
            (found.records, found.by) = (in_days.records, in_days.by);
        }
        if found.records.is_empty() && !is_queued {
            let days = searches_days.then_some(self.days);
            return Err(found::miss(&self.which, &found, days, &queues));
        }
        found::note_found(&self.which, &found);
        self.print(target, ledger, &mut found).await?;
        match &queues {
            Ok(queues) => found::say_queues(&self.which, queues, self.json),
            Err(error) => note!("quarantine and dead letters could not be searched: {}", chain(error)),
        }
        Ok(match found.records.is_empty() {
            true => ExitCode::FAILURE,
            false => ExitCode::SUCCESS,
        })
    }

    async fn print(&self, target: &Target, ledger: &LedgerReader, found: &mut InLedger) -> Result<(), Failure> {
        let references = target.references();
        found
            .records
            .iter_mut()
            .for_each(|record| complete(&references, record));
        let records = &found.records;
        let deliveries = DeliveriesOf::records(target, records).await?;
        if self.json {
            for record in records {
                let payload = ledger.payload(record).await?;
                let mut line = deliveries.json(record);
                let operators: Value = acted(target, record).await?.iter().map(Entry::json).collect();
                if let Some(line) = line.as_object_mut() {
                    let kind = payload.as_deref().and_then(|payload| kind(record, payload));
                    line.insert("kind".to_owned(), kind.map(Kind::name).into());
                    line.insert("operators".to_owned(), operators);
                }
                terminal::json(with_payload(&line, payload.as_deref()));
            }
            return Ok(());
        }
        // An event is shown whole, and by its key or its id with its conflicts.
        let others = records
            .iter()
            .filter(|record| record.conflict_of.is_some() || record.confirmation);
        let is_one = records.len() - others.count() <= 1 && found.by.iter().all(|by| matches!(by, By::Key | By::Id));
        if records.len() > 1 && !is_one {
            super::list::table(records, &deliveries).print();
            self.say_next(records);
            return Ok(());
        }
        if records.is_empty() && !self.json {
            say!("no event of `{}` in the ledger", self.which);
        }
        for record in records {
            let (retry, acted) = (Retry::of(target, record), acted(target, record).await?);
            self.show(ledger, record, retry, &deliveries, &acted).await?;
        }
        Ok(())
    }

    /// Which command goes on from a list.
    fn say_next(&self, records: &[Record]) {
        let is_open = |record: &&Record| record.status == Status::Conflict.name();
        let Some(record) = records.iter().find(is_open).or(records.first()) else {
            return;
        };
        // An id with several events would lead to a list again.
        let partition = lookup::partition(&record.key);
        let events = records
            .iter()
            .filter(|own| own.conflict_of.is_none() && lookup::partition(&own.key) == partition);
        let id = record
            .resource_id
            .as_ref()
            .filter(|id| **id != self.which && events.count() <= 1);
        let id = shell_quoted(id.unwrap_or(&record.key));
        say!("in full, with the payload: `acuse events show {id}` (each one's key: `--json`)");
        if record.status == Status::Conflict.name() {
            say!(
                "the conflict waits for your decision: compare, then `acuse events release {id}` or `acuse events dismiss {id} --reason TEXT`"
            );
        }
    }

    async fn show(
        &self,
        ledger: &LedgerReader,
        record: &Record,
        retry: Option<Retry<'_>>,
        deliveries: &DeliveriesOf,
        acted: &[Entry],
    ) -> Result<(), Failure> {
        let status = deliveries
            .status(record)
            .map_or_else(|| status(record), |status| marked(record, status));
        say!("{status}: {}", record.key);
        // If it can't be read, that is said once all else is shown.
        let payload = ledger.payload(record).await;
        // The status is that of the hooks: a refused payment is COMPLETED, too.
        let readable = payload.as_ref().ok().and_then(Option::as_deref);
        if let Some(kind) = readable.and_then(|payload| kind(record, payload)) {
            say!("what happened: {}", kind.name());
        }
        if let Some(retry) = retry {
            say!("{retry}");
        }
        terminal::json(serde_json::to_string_pretty(record)?);
        for entry in acted {
            quoted(
                &format!("{}: ", entry.at),
                &format!("{} by {}", entry.what(), entry.who),
            )
            .iter()
            .for_each(|line| terminal::line(line));
        }
        for (destination, delivery) in deliveries.of(record) {
            quoted(&format!("destination `{destination}`: "), &progress::line(delivery))
                .iter()
                .for_each(|line| terminal::line(line));
            let body = delivery
                .answer
                .as_ref()
                .map(|answer| answer.body.trim())
                .unwrap_or_default();
            if !body.is_empty() {
                quoted("  its answer: ", body)
                    .iter()
                    .for_each(|line| terminal::line(line));
            }
        }
        match (record.erasure(), payload?) {
            (Some(erasure), _) => {
                say!("payload: {erasure}");
                say!("");
            }
            (None, Some(payload)) => say_payload(&payload),
            (None, None) => {}
        }
        Ok(conflict::explain(ledger, record).await?)
    }
}

/// What happened, as far as the payload says so.
fn kind(record: &Record, payload: &[u8]) -> Option<Kind> {
    let event = events::read(record, payload.to_vec(), providers()).ok()?;
    Some(event.kind).filter(|kind| *kind != Kind::Unknown)
}

/// What operators did with the event of `record`.
async fn acted(target: &Target, record: &Record) -> Result<Vec<Entry>, Failure> {
    match IdempotencyKey::parse(&record.key) {
        Some(key) => Ok(Audit::of(target)?.of_event(&key).await?),
        None => Ok(Vec::new()),
    }
}

/// Prints a payload. It is indented, so that no line of it looks like one of ours.
pub(in crate::command) fn say_payload(payload: &[u8]) {
    say!("payload:");
    let payload = String::from_utf8_lossy(payload);
    payload
        .split('\n')
        .for_each(|line| terminal::line(&format!("  {line}")));
    say!("");
}

/// A line of JSON with the payload as it is: `payload`, or `payload_base64` if it is not JSON for everybody.
pub(in crate::command) fn with_payload(line: &Value, payload: Option<&[u8]>) -> String {
    let line = line.to_string();
    let (Some(open), Some(payload)) = (line.strip_suffix('}'), payload) else {
        return line;
    };
    // What other parsers refuse, such as half a surrogate pair, would spoil the line.
    let is_json = serde_json::from_slice::<Value>(payload).is_ok();
    match std::str::from_utf8(payload) {
        // Line breaks in JSON are only between its values, and one line is one object.
        Ok(text) if is_json => format!("{open},\"payload\":{}}}", text.trim().replace(['\r', '\n'], " ")),
        _ => format!("{open},\"payload_base64\":\"{}\"}}", BASE64.encode(payload)),
    }
}

/// The events of a resource or event with this id in the accounts that the stack's secrets name.
async fn in_other_accounts(target: &Target, id: &str) -> Vec<Record> {
    let others = lookup::in_other_accounts(target, id).await;
    others.unwrap_or_else(|error| {
        note!(
            "only the default account was searched by key; `--account` names another one: {}",
            chain(&error)
        );
        Vec::new()
    })
}

/// What can be found without listing days; without `account`, in any account.
pub(super) async fn found(target: &Target, account: Option<&AccountName>, which: &str) -> Result<Vec<Record>, Failure> {
    let default = AccountName::DEFAULT;
    let records = lookup::by_key_or_id(&target.ledger()?, account.unwrap_or(&default), which).await?;
    if !records.is_empty() || account.is_some() {
        return Ok(records);
    }
    Ok(in_other_accounts(target, which).await)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::with_payload;

    #[test]
    fn a_line_has_the_payload_as_it_came_and_is_one_line() {
        let line = |payload: &[u8]| with_payload(&json!({"key": "k"}), Some(payload));
        let long = b"{\n  \"amount\": 90071992547409931.10,\r\n  \"n\": 1}\n";
        assert_eq!(
            line(long),
            r#"{"key":"k","payload":{   "amount": 90071992547409931.10,    "n": 1}}"#
        );
        assert_eq!(
            line(br#"{"id":"\ud83d"}"#),
            r#"{"key":"k","payload_base64":"eyJpZCI6Ilx1ZDgzZCJ9"}"#
        );
        assert_eq!(line(b"\xff"), r#"{"key":"k","payload_base64":"/w=="}"#);
        assert_eq!(with_payload(&json!({"key": "k"}), None), r#"{"key":"k"}"#);
    }
}
