//! What destinations cost, beside what the event costs anyway.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use acuse_tests::recording::life::Life;

use super::{WRITE, Written, capacity, index_units, table_units};

/// Destinations of the recorded event.
const DESTINATIONS: f64 = 3.0;
const STEPS: [&str; 2] = ["a new event", "an event for three destinations"];
const MEMORY_MB: f64 = 256.0;

/// How long a destination takes to answer, and processor time for one request on that memory, both in ms. Assumed.
const ANSWER: f64 = 200.0;
const PROCESSOR: f64 = 5.0;

/// Bytes of a request with its headers, and logged for it. Assumed.
const SENT: f64 = 2000.0;
const LOGGED: f64 = 1500.0;

/// The calls, and the dollars a million events.
pub(crate) fn tables(life: &Life, prices: &BTreeMap<&str, f64>) -> String {
    let [plain, delivered] = STEPS.map(|step| count(life, step));
    let mut table = format!("| | | {} |\n|---|---|---|---|\n", STEPS.join(" | "));
    let rows: BTreeSet<_> = plain.keys().chain(delivered.keys()).collect();
    for (function, operation) in rows {
        let key = (*function, operation.clone());
        let [before, after] = [&plain, &delivered].map(|counts| counts.get(&key).copied().unwrap_or_default());
        writeln!(table, "| {function} | `{operation}` | {before} | {after} |").unwrap();
    }
    let units = |step| {
        let index = |units: fn(&Written) -> u64| index_units(life, step, units);
        [
            table_units(life, step),
            index(capacity::day_units),
            index(capacity::reference_units),
        ]
    };
    let (before, after) = (units(STEPS[0]), units(STEPS[1]));
    let names = ["tables", "index `by-day`", "index `by-reference`"];
    for (name, (before, after)) in names.into_iter().zip(before.into_iter().zip(after)) {
        writeln!(table, "| write units | {name} | {before} | {after} |").unwrap();
    }

    let of = |function: &str, prefix: &str| {
        let own = delivered.iter();
        let own = own.filter(|((name, operation), _)| *name == function && operation.starts_with(prefix));
        own.map(|(_, count)| *count as f64).sum::<f64>()
    };
    let reads = of(FUNCTION, "dynamodb:GetItem") / DESTINATIONS;
    let writes = (after.iter().sum::<u64>() - before.iter().sum::<u64>()) as f64 / DESTINATIONS;
    let waits = ANSWER + of(FUNCTION, "dynamodb:") / DESTINATIONS * WRITE;
    let seconds = (waits + PROCESSOR).ceil() / 1000.0;
    let rows = [
        (
            "Lambda",
            prices["lambda_requests"] + seconds * MEMORY_MB / 1024.0 * prices["lambda_gb_seconds"],
        ),
        // Sent in one request for all, but received and deleted one by one.
        (
            "SQS",
            (1.0 / DESTINATIONS + 2.0) * prices["sqs_requests"] + prices["sqs_fair_messages"],
        ),
        (
            "DynamoDB",
            writes * prices["dynamodb_writes"] + reads * prices["dynamodb_reads"],
        ),
        ("logs and metrics", LOGGED / 1e9 * prices["log_gb"]),
        ("data sent to the internet", SENT / 1e9 * prices["out_gb"]),
    ];
    let together = rows.iter().map(|(_, dollars)| dollars).sum();
    table.push_str("\n| dollars a million events, more | one destination | three |\n|---|---|---|\n");
    for (name, dollars) in rows.into_iter().chain([("**together**", together)]) {
        let (one, three) = (1e6 * dollars, 1e6 * dollars * DESTINATIONS);
        writeln!(table, "| {name} | {one:.2} | {three:.2} |").unwrap();
    }
    table
}

const FUNCTION: &str = "destinations";

/// The calls of a step by function and operation. The verify functions and the secret, which is read every half minute,
/// are left out.
fn count(life: &Life, step: &str) -> BTreeMap<(&'static str, String), usize> {
    let mut counts = BTreeMap::new();
    for call in life.of(step) {
        let function = match call.function.as_str() {
            "ConsumerFunction" => "consumer",
            "DestinationsFunction" => FUNCTION,
            _ => continue,
        };
        if !call.operation.starts_with("secretsmanager:") {
            *counts.entry((function, call.operation.clone())).or_default() += 1;
        }
    }
    counts
}
