//! What destinations cost, beside what the event costs anyway.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use acuse_tests::recording::life::Life;

use super::pipeline::WRITE;
use super::prices::{Prices, REGIONS};
use super::{Written, capacity, index_units, table_units};

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

/// The calls, and the dollars a million events in each region.
pub(crate) fn tables(life: &Life, prices: [&Prices; 2]) -> String {
    let [plain, delivered] = STEPS.map(|step| count(life, step));
    let mut table = format!("| | | {} |\n|---|---|---|---|\n", STEPS.join(" | "));
    let rows: BTreeSet<_> = plain.keys().chain(delivered.keys()).collect();
    for (function, operation) in rows {
        let key = (*function, operation.clone());
        let [before, after] = [&plain, &delivered].map(|counts| counts.get(&key).copied().unwrap_or_default());
        writeln!(table, "| {function} | `{operation}` | {before} | {after} |").unwrap();
    }
    let [before, after] = STEPS.map(|step| all_units(life, step));
    let names = ["tables", "index `by-day`", "index `by-reference`"];
    for (name, (before, after)) in names.into_iter().zip(before.into_iter().zip(after)) {
        writeln!(table, "| write units | {name} | {before} | {after} |").unwrap();
    }

    let [first, second] = REGIONS;
    write!(
        table,
        "\n| dollars a million events, more | one destination, {first} | three | one, {second} | three |\n"
    )
    .unwrap();
    table.push_str("|---|---|---|---|---|\n");
    let [first, second] = prices.map(|prices| extra(life, prices));
    let rows = first
        .iter()
        .zip(&second)
        .map(|((name, one), (_, other))| (*name, [*one, *other]));
    let together = ("**together**", [&first, &second].map(|rows| sum(rows)));
    for (name, dollars) in rows.chain([together]) {
        write!(table, "| {name} |").unwrap();
        for one in dollars.map(|dollars| 1e6 * dollars) {
            write!(table, " {one:.2} | {:.2} |", one * DESTINATIONS).unwrap();
        }
        table.push('\n');
    }
    table
}

/// Dollars of one destination for one event, beside what the event costs anyway, by component.
pub(crate) fn extra(life: &Life, prices: &Prices) -> Vec<(&'static str, f64)> {
    let [plain, delivered] = STEPS;
    let counts = count(life, delivered);
    let of = |function: &str, prefix: &str| {
        let own = counts.iter();
        let own = own.filter(|((name, operation), _)| *name == function && operation.starts_with(prefix));
        own.map(|(_, count)| *count as f64).sum::<f64>()
    };
    let units = |step| all_units(life, step).into_iter().sum::<u64>();
    let reads = of(FUNCTION, "dynamodb:GetItem") / DESTINATIONS;
    let writes = (units(delivered) - units(plain)) as f64 / DESTINATIONS;
    let waits = ANSWER + of(FUNCTION, "dynamodb:") / DESTINATIONS * WRITE;
    let seconds = (waits + PROCESSOR).ceil() / 1000.0;
    vec![
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
    ]
}

/// The sum of the components.
pub(crate) fn sum(components: &[(&'static str, f64)]) -> f64 {
    components.iter().map(|(_, dollars)| dollars).sum()
}

/// Write units of the tables and of each index.
fn all_units(life: &Life, step: &str) -> [u64; 3] {
    let index = |units: fn(&Written) -> u64| index_units(life, step, units);
    [
        table_units(life, step),
        index(capacity::day_units),
        index(capacity::reference_units),
    ]
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
