//! What waits in the queues, and why; and what waits for an operator in the ledger.

use std::collections::BTreeMap;
use std::time::Duration;

use acuse_aws::ledger::record::Record;
use acuse_aws::system::SystemClock;
use acuse_cli::stack::queue::Depth;
use acuse_cli::stack::target::Target;
use acuse_cli::terminal::{counted, cut};
use acuse_core::clock::Clock;
use acuse_core::error::chain;
use acuse_core::ledger::Status;
use acuse_core::providers;

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// So many of the newest events of each provider and day are looked at.
const NEWEST: usize = 500;

/// The longest that a reason is shown.
const REASON: usize = 160;

/// The variables that name tables, and the template's outputs that they should be.
const TABLES: [(&str, &str); 2] = [
    ("LEDGER_TABLE", "LedgerTableName"),
    ("PAYMENTS_TABLE", "PaymentsTableName"),
];

async fn depth(target: &Target, output: &str) -> Result<Depth, String> {
    let url = target.output(output).map_err(|error| chain(&error))?;
    let client = aws_sdk_sqs::Client::new(&target.sdk);
    Depth::of(&client, url).await.map_err(|error| chain(&error))
}

/// Whether a queue is empty whose messages somebody has to look at.
pub(super) async fn is_empty(target: &Target, output: &str, advice: &str) -> Result<String, String> {
    let depth = depth(target, output).await?;
    match (depth.visible, depth.in_flight) {
        (0, 0) => Ok("empty".to_owned()),
        (visible, 0) => Err(format!("{}: {advice}", counted(visible, "message"))),
        (visible, hidden) => Err(format!(
            "{}, and {hidden} that a run of `acuse` is looking at or was killed over: {advice}",
            counted(visible, "message")
        )),
    }
}

/// What is on its way to the consumer, at work there, or waiting for another try.
pub(super) async fn events(target: &Target) -> Result<String, String> {
    let depth = depth(target, "EventQueueUrl").await?;
    if depth.total() == 0 {
        return Ok("empty".to_owned());
    }
    let waiting = format!(
        "{} waiting, {} in flight",
        counted(depth.visible + depth.delayed, "message"),
        depth.in_flight
    );
    let retried = retried(target).await?;
    match retried.is_empty() {
        true => Ok(waiting),
        false => Err(format!("{waiting}; {}", retried.join("; "))),
    }
}

/// The events that wait for another try, by what they failed on: `2 are being retried: hook …`. Of a busy
/// stack only the newest are looked at.
async fn retried(target: &Target) -> Result<Vec<String>, String> {
    let mut reasons: BTreeMap<String, usize> = BTreeMap::new();
    for record in newest(target, Status::Released).await? {
        let reason = record.error.unwrap_or_else(|| "no reason recorded".to_owned());
        *reasons.entry(reason).or_default() += 1;
    }
    Ok(reasons
        .into_iter()
        .map(|(reason, count)| told(target, &reason, count))
        .collect())
}

/// Whether an operator has decided on all conflicts that came lately. Of a busy stack only the newest are
/// looked at: the alarm has told of each.
pub(super) async fn conflicts(target: &Target) -> Result<String, String> {
    match newest(target, Status::Conflict).await?.len() {
        0 => Ok("none open since yesterday".to_owned()),
        open => Err(format!(
            "{open} open since yesterday: `acuse events list --status CONFLICT`, `acuse events show KEY`, then `acuse events release` or `dismiss`"
        )),
    }
}

/// The newest events of today and yesterday that stand so.
async fn newest(target: &Target, status: Status) -> Result<Vec<Record>, String> {
    let ledger = target.ledger().map_err(|error| chain(&error))?;
    let now = SystemClock.now();
    let mut newest = Vec::new();
    for provider in providers::ALL {
        for day in [now, now.minus(DAY)] {
            let records = ledger.on_day(provider.name, day, NEWEST).await;
            let records = records.map_err(|error| chain(&error))?.into_iter();
            newest.extend(records.filter(|record| record.status == status.name()));
        }
    }
    Ok(newest)
}

/// A reason, and beside a table that was not found the one that the stack has.
fn told(target: &Target, reason: &str, count: usize) -> String {
    let are = if count == 1 { "is" } else { "are" };
    let mut told = format!("{count} {are} being retried: {}", cut(reason, REASON));
    for (variable, output) in TABLES {
        if let (true, Ok(table)) = (reason.contains(&format!("({variable})")), target.output(output)) {
            told.push_str(&format!("; the stack's is `{table}` ({variable})"));
        }
    }
    told
}
