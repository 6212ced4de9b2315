//! What a search found beside the ledger's events, and where it looked.

use std::collections::BTreeSet;

use acuse_core::error::chain;
use serde_json::{Value, json};

use crate::command::Failure;
use crate::note;
use crate::stack::error::StackError;
use crate::stack::find::{By, InLedger, InQueues, Quarantine};
use crate::terminal::{self, counted, quoted, shell_quoted};

/// Most deliveries or dead letters that are named one by one.
const MOST: usize = 10;

/// Prints what is in quarantine or dead-lettered.
pub(super) fn say_queues(text: &str, queues: &InQueues, as_json: bool) {
    if as_json {
        for Quarantine { item, cause, .. } in &queues.quarantine {
            let mut line = item.json(Some(("found_in", "quarantine")));
            add(&mut line, "cause", json!(cause.to_string()));
            terminal::json(line);
        }
        for letter in &queues.dead_letters {
            let mut line = letter.json();
            add(&mut line, "found_in", json!("dead letters"));
            terminal::json(line);
        }
        return;
    }
    for line in lines(text, queues) {
        quoted("", &line).iter().for_each(|line| terminal::say(line));
    }
}

/// Adds a member to a line of JSON.
pub(in crate::command) fn add(line: &mut Value, name: &str, value: Value) {
    if let Some(members) = line.as_object_mut() {
        members.insert(name.to_owned(), value);
    }
}

fn lines(text: &str, queues: &InQueues) -> Vec<String> {
    let mut lines = Vec::new();
    let (deliveries, letters) = (&queues.quarantine, &queues.dead_letters);
    match deliveries.as_slice() {
        [] => {}
        [
            Quarantine {
                item,
                cause,
                is_delivery: true,
            },
        ] => lines.push(format!(
            "delivery {} is in quarantine, not applied: {cause}; `acuse quarantine show {}`",
            item.delivery_id(),
            item.delivery_id()
        )),
        [Quarantine { item, cause, .. }] => lines.push(format!(
            "{text}: 1 delivery in quarantine, not applied: {cause}; `acuse quarantine show {}`",
            item.delivery_id()
        )),
        several => {
            lines.push(format!(
                "{text}: {} deliveries in quarantine, not applied",
                several.len()
            ));
            lines.extend(several.iter().take(MOST).map(|Quarantine { item, cause, .. }| {
                format!("  {cause}; `acuse quarantine show {}`", item.delivery_id())
            }));
            lines.extend(left(several.len()));
        }
    }
    let id = |letter: &crate::stack::dead_letters::DeadLetter| letter.message.message_id.clone().unwrap_or_default();
    match letters.as_slice() {
        [] => {}
        [letter] => lines.push(format!(
            "{text}: 1 dead letter: {}; `acuse dlq show {}`",
            letter.reason(),
            id(letter)
        )),
        several => {
            lines.push(format!("{text}: {} dead letters", several.len()));
            let each = several.iter().take(MOST);
            lines.extend(each.map(|letter| format!("  {}; `acuse dlq show {}`", letter.reason(), id(letter))));
            lines.extend(left(several.len()));
        }
    }
    lines
}

fn left(count: usize) -> Option<String> {
    let left = count.checked_sub(MOST).filter(|left| *left > 0)?;
    Some(format!("  and {left} more"))
}

/// Notes what a reader has to know about what was found.
pub(super) fn note_found(text: &str, found: &InLedger) {
    if found.by.contains(&By::Duplicate)
        && let Some(record) = found.records.first()
    {
        note!("delivery {text} is a duplicate of {}", record.key);
    }
    note_references(text, found);
    if found.more {
        note!("there are more events with this reference: `acuse events list --reference` lists them with `--limit`");
    }
    note_no_index(found);
}

/// Notes what would have been found at once, after every payload was searched.
fn note_references(text: &str, found: &InLedger) {
    if !found.by.contains(&By::Payload) {
        return;
    }
    let references = found.records.iter().filter_map(|record| record.reference.as_deref());
    let references: BTreeSet<&str> = references.filter(|own| *own != text).collect();
    let commands: Vec<String> = references.into_iter().take(MOST).map(shell_quoted).collect();
    if !commands.is_empty() {
        let commands: Vec<String> = commands
            .iter()
            .map(|own| format!("`acuse events show {own}`"))
            .collect();
        note!(
            "found in payloads. By its whole reference it is found at once: {}",
            commands.join(", ")
        );
    }
}

/// Notes that references are not found yet.
pub(super) fn note_no_index(found: &InLedger) {
    if found.no_index {
        note!(
            "this stack's ledger has no index of references yet: deploy this version's template (docs/upgrading.md); until then, references are found in payloads only"
        );
    }
}

/// Why there is nothing to show: where it was looked for, and for what.
pub(super) fn miss(text: &str, found: &InLedger, days: Option<u32>, queues: &Result<InQueues, StackError>) -> Failure {
    let by = found.looked_for.join(", ");
    let by = if by.is_empty() { "key".to_owned() } else { by };
    let days = match days {
        Some(1) => "; every payload received today (UTC)".to_owned(),
        Some(days) => format!("; every payload of the last {days} days (UTC)"),
        None => String::new(),
    };
    let queues = match queues {
        Ok(queues) => format!(
            "quarantine ({}) and dead letters ({})",
            counted(queues.in_quarantine, "message"),
            counted(queues.dead_lettered, "message")
        ),
        Err(error) => format!(
            "not in quarantine and dead letters, which can't be read: {}",
            chain(error)
        ),
    };
    let advice = match found.no_index {
        true => {
            "references from before this version's template are found in payloads only; look further back with `--days`"
        }
        false => {
            "a webhook that never reached the stack is in no list: see `acuse doctor`, and the provider's own log of webhooks. Look further back with `--days`"
        }
    };
    Failure::with_advice(
        format!("no event of `{text}` in the ledger. Searched: the ledger by {by}{days}; {queues}"),
        advice,
    )
}
