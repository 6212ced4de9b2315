//! Messages that wait in the queues, and conflicts that wait for an operator.

use std::collections::BTreeMap;

use acuse_aws::ledger::record::Record;
use acuse_aws::system::SystemClock;
use acuse_core::clock::Clock;
use acuse_core::ledger::Status;

use super::{Checked, Problem};
use crate::registry::providers;
use crate::stack::DAY;
use crate::stack::queue::Depth;
use crate::stack::target::Target;
use crate::terminal::{counted, cut};

/// How many of the newest events of each provider and day are read.
const NEWEST: usize = 500;

/// The longest reason that is printed, in columns.
const REASON: usize = 160;

/// Variables that name tables, and the outputs that they should have.
const TABLES: [(&str, &str); 2] = [
    ("LEDGER_TABLE", "LedgerTableName"),
    ("PAYMENTS_TABLE", "PaymentsTableName"),
];

/// Whether a queue is empty whose messages need an operator.
pub(super) async fn is_empty(target: &Target, output: &str, advice: &str) -> Checked {
    let depth = Depth::of(target, output).await?;
    match (depth.visible, depth.in_flight) {
        (0, 0) => Ok("empty".to_owned()),
        (visible, 0) => Err(Problem(format!("{}: {advice}", counted(visible, "message")))),
        (visible, hidden) => Err(Problem(format!(
            "{}, and {hidden} hidden by a run of `acuse` that is not over or was killed: {advice}",
            counted(visible, "message")
        ))),
    }
}

/// Messages on their way to the consumer, being processed, or waiting for a retry.
pub(super) async fn events(target: &Target) -> Checked {
    let depth = Depth::of(target, "EventQueueUrl").await?;
    if depth == Depth::default() {
        return Ok("empty".to_owned());
    }
    let waiting = format!(
        "{} waiting, {} in flight",
        counted(depth.visible + depth.delayed, "message"),
        depth.in_flight
    );
    // The events that wait for a retry, by their error. On a busy stack, only of the newest.
    let mut reasons: BTreeMap<String, usize> = BTreeMap::new();
    for record in newest(target, Status::Released).await? {
        let reason = record.error.unwrap_or_else(|| "no reason recorded".to_owned());
        *reasons.entry(reason).or_default() += 1;
    }
    if reasons.is_empty() {
        return Ok(waiting);
    }
    let retried = reasons.iter().map(|(reason, count)| described(target, reason, *count));
    Err(Problem(format!(
        "{waiting}; {}. Once that is fixed they complete by themselves, or at once: `acuse events replay --status RELEASED`",
        retried.collect::<Vec<_>>().join("; ")
    )))
}

/// Whether any recent conflict is open. On a busy stack, only of the newest events: each conflict raises the alarm too.
pub(super) async fn conflicts(target: &Target) -> Checked {
    match newest(target, Status::Conflict).await?.len() {
        0 => Ok("none open since yesterday".to_owned()),
        open => Err(Problem(format!(
            "{open} open since yesterday: `acuse events list --status CONFLICT`, `acuse events show KEY`, then `acuse events release` or `dismiss`"
        ))),
    }
}

/// The newest events of today and yesterday with this status.
async fn newest(target: &Target, status: Status) -> Result<Vec<Record>, Problem> {
    let ledger = target.ledger()?;
    let now = SystemClock.now();
    let mut newest = Vec::new();
    for provider in providers() {
        for day in [now, now.minus(DAY)] {
            let records = ledger.on_day(provider.name, None, day, NEWEST).await?.into_iter();
            newest.extend(records.filter(|record| record.status == status.name()));
        }
    }
    Ok(newest)
}

/// A reason. If it names a table that was not found, with the stack's own table.
fn described(target: &Target, reason: &str, count: usize) -> String {
    let are = if count == 1 { "is" } else { "are" };
    let mut text = format!("{count} {are} being retried: {}", cut(reason, REASON));
    for (variable, output) in TABLES {
        if let (true, Ok(table)) = (reason.contains(&format!("({variable})")), target.output(output)) {
            text.push_str(&match reason.contains(&format!("`{table}` ({variable})")) {
                true => "; that is the stack's own table, so it was deleted: restore it".to_owned(),
                false => {
                    format!("; the stack's is `{table}` ({variable}), so somebody changed the variable: change it back")
                }
            });
        }
    }
    text
}
