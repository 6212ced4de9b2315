//! `acuse events release` and `dismiss`: deciding on conflicts. And how a conflict differs from its event.

use std::process::ExitCode;

use acuse_aws::ledger::reader::{LedgerReader, ReadError};
use acuse_aws::ledger::record::Record;
use acuse_core::event::key::IdempotencyKey;
use acuse_core::ledger::Status;
use clap::Args;
use serde_json::json;

use super::Choice;
use super::show::found;
use crate::command::Failure;
use crate::command::confirm::confirm;
use crate::command::interrupt::Interrupt;
use crate::stack::audit::{Action, Audit};
use crate::stack::bindings::Bindings;
use crate::stack::conflicts::{self, DecisionOutcome};
use crate::stack::difference::Difference;
use crate::stack::error::StackError;
use crate::stack::events::passes;
use crate::stack::events::status_word;
use crate::stack::lookup::partition;
use crate::stack::target::Target;
use crate::terminal::{self, cut, shell_quoted, summed_up};
use crate::{note, say};

/// The longest line of a difference, in columns.
const DIFFERENCE: usize = 160;

/// Which conflicts to decide on.
#[derive(Debug, Args)]
pub(crate) struct Conflicts {
    /// Conflicts by key, or by the id of a resource that has one open conflict [default: all open ones that pass the
    /// filter]
    keys: Vec<String>,
    #[command(flatten)]
    choice: Choice,
}

pub(super) enum Decision {
    Release,
    /// With the reason.
    Dismiss(String),
}

impl Conflicts {
    /// Exits 1 if one of them was decided the other way before, is gone, or is of another environment than its account
    /// is bound to now.
    pub(super) async fn decide(&self, decision: &Decision) -> Result<ExitCode, Failure> {
        let caution = &self.choice.caution;
        self.choice.selection.is_of_records()?;
        let target = self.choice.selection.stack.target().await?;
        let records = self.records(&target).await?;
        if self.keys.is_empty() && !caution.dry_run && !records.is_empty() {
            confirm(&decision.question(records.len()), caution.yes)?;
        }
        let interrupt = Interrupt::listen();
        let bindings = match decision {
            Decision::Release if !caution.dry_run => Bindings::of(&target).read(&target, &records).await?,
            _ => Bindings::of(&target),
        };
        bindings.unread().for_each(|text| note!("{text}"));
        let (mut decided, mut before, mut not) = (0usize, 0usize, 0usize);
        let audit = Audit::of(&target)?;
        let action = decision.action(&records);
        let begun = audit.begin(&target, action, caution.dry_run || records.is_empty());
        let begun = begun.await?;
        let result = async {
            for record in &records {
                if interrupt.received() {
                    break;
                }
                begun.to_events(IdempotencyKey::parse(&record.key)).await?;
                let outcome = match decision {
                    _ if caution.dry_run => None,
                    Decision::Release => match conflicts::release(&target, &bindings, record).await {
                        Err(error @ StackError::StillBound { .. }) => {
                            not += 1;
                            self.say_bound(record, &error);
                            continue;
                        }
                        released => Some(released?),
                    },
                    Decision::Dismiss(reason) => Some(conflicts::dismiss(&target, record, reason).await?),
                };
                match outcome {
                    None | Some(DecisionOutcome::Done) => decided += 1,
                    Some(DecisionOutcome::Again) => before += 1,
                    Some(DecisionOutcome::Otherwise(_) | DecisionOutcome::Gone) => not += 1,
                }
                self.say(record, decision, outcome);
            }
            Ok(())
        };
        let result: Result<(), Failure> = result.await;
        begun.end(decided, result).await?;
        if !self.choice.selection.json {
            let done = decision.done();
            let now = if caution.dry_run {
                format!("would be {done}")
            } else {
                done.to_owned()
            };
            let (earlier, left) = (format!("{done} before"), format!("not {done}"));
            let counts = [(decided, &*now), (before, &*earlier), (not, &*left)];
            say!("{}", summed_up("conflict", counts));
        }
        Ok(match not {
            0 => interrupt.code(),
            _ => ExitCode::FAILURE,
        })
    }

    async fn records(&self, target: &Target) -> Result<Vec<Record>, Failure> {
        let (ledger, filter) = (&target.ledger()?, &self.choice.selection.filter);
        if self.keys.is_empty() {
            let mut records = self.choice.records(ledger).await?;
            records.retain(|record| record.status == Status::Conflict.name());
            return Ok(records);
        }
        let mut chosen = Vec::new();
        for key in &self.keys {
            let records = ledger.partition(partition(key)).await?;
            chosen.push(match records.iter().find(|record| record.key == *key) {
                None => only_open(key, &found(target, filter.account.as_ref(), key).await?)?.clone(),
                Some(record) if record.conflict_of.is_some() => record.clone(),
                Some(_) => {
                    let own: Vec<&str> = conflicts::of(key, &records).map(|own| own.key.as_str()).collect();
                    let advice = match own.as_slice() {
                        [] => "this event has none: a conflict's key ends with `|conflict#` and a digest".to_owned(),
                        own => format!("name its conflicts: {}", own.join(" ")),
                    };
                    return Err(Failure::with_advice(format!("`{key}` is no conflict"), advice));
                }
            });
        }
        chosen.retain(|record| passes(filter, record));
        Ok(chosen)
    }

    fn say_bound(&self, record: &Record, error: &StackError) {
        match self.choice.selection.json {
            true => terminal::json(json!({"key": record.key, "outcome": format!("not released: {error}")})),
            false => note!("not released: {error}"),
        }
    }

    fn say(&self, record: &Record, decision: &Decision, outcome: Option<DecisionOutcome>) {
        let (key, done) = (&record.key, decision.done());
        if self.choice.selection.json {
            let now = match outcome {
                None => "nothing: dry run".to_owned(),
                Some(DecisionOutcome::Done) => done.to_owned(),
                Some(DecisionOutcome::Again) => format!("{done} before"),
                Some(DecisionOutcome::Otherwise(status)) => format!("not {done}: {}", status.name()),
                Some(DecisionOutcome::Gone) => format!("not {done}: gone"),
            };
            terminal::json(json!({"key": key, "outcome": now}));
            return;
        }
        match (outcome, decision) {
            (None, _) => say!("would be {done}: {key}"),
            (Some(DecisionOutcome::Done), Decision::Release) => say!("released and queued: {key}"),
            (Some(DecisionOutcome::Done), Decision::Dismiss(_)) => say!("dismissed: {key}"),
            (Some(DecisionOutcome::Again), _) => say!("was {done} before: {key}"),
            (Some(DecisionOutcome::Otherwise(status)), Decision::Release) => note!(
                "not released, because it is {} (`acuse events replay` sends a rejected one to hooks): {key}",
                status_word(status.name())
            ),
            (Some(DecisionOutcome::Otherwise(status)), Decision::Dismiss(_)) => note!(
                "not dismissed, because it was released before and is {}: {key}",
                status_word(status.name())
            ),
            (Some(DecisionOutcome::Gone), _) => {
                let why = record
                    .erasure()
                    .map_or_else(|| "its payload is gone".to_owned(), |how| format!("it was {how}"));
                note!("not {done}, because {why}: {key}");
            }
        }
    }
}

/// The only open conflict of a resource, among the records of its id.
fn only_open<'a>(id: &str, found: &'a [Record]) -> Result<&'a Record, Failure> {
    let is_open = |record: &&Record| record.status == Status::Conflict.name();
    let open: Vec<&Record> = found.iter().filter(is_open).collect();
    match open.as_slice() {
        [record] => Ok(record),
        [] => {
            let why = match found {
                [] => format!("no record of `{id}` in the ledger"),
                _ => format!("`{id}` has no open conflict"),
            };
            let advice = "list the open ones with `acuse events list --status CONFLICT --json`";
            Err(Failure::with_advice(why, advice))
        }
        several => {
            let keys: Vec<&str> = several.iter().map(|record| record.key.as_str()).collect();
            Err(Failure::with_advice(
                format!("`{id}` has {} open conflicts", several.len()),
                format!("name them by key: {}", keys.join(" ")),
            ))
        }
    }
}

impl Decision {
    fn question(&self, count: usize) -> String {
        let conflicts = terminal::counted(count, "conflict");
        match self {
            Self::Release => format!("hand {conflicts} to hooks"),
            Self::Dismiss(_) => format!("dismiss {conflicts}"),
        }
    }

    /// What the audit trail says of it.
    fn action<'a>(&'a self, records: &'a [Record]) -> Action<'a> {
        let action = match self {
            Self::Release => Action::new("events release"),
            Self::Dismiss(reason) => Action::new("events dismiss").because(reason),
        };
        match records {
            [record] => action.on(&record.key),
            _ => action,
        }
    }

    const fn done(&self) -> &'static str {
        match self {
            Self::Release => "released",
            Self::Dismiss(_) => "dismissed",
        }
    }
}

pub(super) fn not_blank(text: &str) -> Result<String, String> {
    match text.trim() {
        "" => Err("give a reason, for whoever reads the record".to_owned()),
        reason => Ok(reason.to_owned()),
    }
}

/// Prints how a conflict differs from its event, and what can be done about it.
pub(super) async fn explain(ledger: &LedgerReader, record: &Record) -> Result<(), ReadError> {
    let Some(event) = &record.conflict_of else {
        return Ok(());
    };
    let records = ledger.partition(partition(event)).await?;
    say!("differs from {event}:");
    let erased = records.iter().filter(|own| own.key == *event || own.key == record.key);
    let erased: Vec<String> = erased
        .filter_map(|own| Some(format!("{} was {}", own.key, own.erasure()?)))
        .collect();
    match conflicts::compared(ledger, record, &records).await? {
        None if !erased.is_empty() => erased.iter().for_each(|erased| say!("  unknown: {erased}")),
        None => say!("  unknown: one of the two payloads is no longer in the ledger"),
        Some(Difference::None) => say!("  not at all"),
        Some(Difference::Notation) => {
            say!("  only in white space, the order of members, or how a text is written");
        }
        Some(Difference::Bytes { at }) => say!("  from byte {at} on; one of the two is not JSON"),
        Some(Difference::Members(members)) => {
            members
                .iter()
                .for_each(|member| terminal::line(&format!("  {}", cut(&member.to_string(), DIFFERENCE))));
        }
    }
    if record.status == Status::Conflict.name() {
        let key = shell_quoted(&record.key);
        say!("hand it to hooks as an event of its own: `acuse events release {key}`");
        say!("or keep it from them: `acuse events dismiss {key} --reason TEXT`");
    }
    say!("");
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use aws_sdk_dynamodb::types::AttributeValue;

    use crate::stack::events;

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
    fn an_id_names_its_only_open_conflict() {
        let mut found = vec![record(EVENT, "COMPLETED"), conflict("a", "COMPLETED")];
        let error = |found: &[Record]| only_open("p1", found).unwrap_err().error.to_string();
        assert_eq!(error(&[]), "no record of `p1` in the ledger");
        assert_eq!(error(&found), "`p1` has no open conflict");
        found.push(conflict("b", "CONFLICT"));
        assert_eq!(only_open("p1", &found).unwrap().key, found[2].key);
        found.push(conflict("c", "CONFLICT"));
        assert_eq!(error(&found), "`p1` has 2 open conflicts");
        let advice = only_open("p1", &found).unwrap_err().advice.unwrap();
        assert!(
            advice.ends_with(&format!("{} {}", found[2].key, found[3].key)),
            "{advice}"
        );
    }

    #[test]
    fn conflicts_are_counted_and_lists_tell_them_from_events() {
        let found = vec![
            record(EVENT, "COMPLETED"),
            conflict("a", "COMPLETED"),
            conflict("b", "CONFLICT"),
            conflict("c", "RELEASED"),
        ];
        let json = serde_json::to_value(&found[0]).unwrap();
        assert_eq!(json.get("conflicts"), None, "not counted yet");
        let counted = conflicts::counted(found);
        let counts: Vec<_> = counted.iter().map(|record| record.conflicts).collect();
        assert_eq!(counts, [Some(3), None, None, None]);
        let shown: Vec<_> = counted.iter().map(events::status).collect();
        assert_eq!(
            shown,
            ["COMPLETED", "COMPLETED (conflict)", "CONFLICT", "retrying (conflict)"]
        );
    }

    #[test]
    fn the_confirmation_reads_as_a_sentence() {
        assert_eq!(Decision::Release.question(2), "hand 2 conflicts to hooks");
        assert_eq!(Decision::Dismiss("why".to_owned()).question(1), "dismiss 1 conflict");
    }
}
