//! The cost of an event: recorded calls, times the prices that AWS publishes. Writes the tables of docs/cost.md.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests fail by panicking"
)]

mod capacity;

use std::collections::BTreeMap;
use std::fmt::Write as _;

use acuse_tests::document::Document;
use acuse_tests::recording::life::{Life, life};
use acuse_tests::recording::recorder::{Recorded as Call, Written};
use serde::Deserialize;

/// The stack's files.
const STATE: &str = concat!(env!("CARGO_TARGET_TMPDIR"), "/cost");

const PAGE: &str = "cost.md";
const MEMORY_MB: [f64; 3] = [128.0, 256.0, 512.0];
/// A function of this size has one whole processor, and a smaller one its share.
/// <https://docs.aws.amazon.com/lambda/latest/dg/configuration-memory.html>
const WHOLE_PROCESSOR_MB: f64 = 1769.0;

#[derive(Deserialize)]
struct Price {
    what: String,
    usd: f64,
    per: f64,
    of: String,
    source: String,
}

/// What one delivery takes.
#[derive(Clone, Copy)]
struct Pipeline {
    /// CPU time on a whole processor in ms, the consumer's for a batch of one. Measured by the benchmark, see
    /// docs/performance.md.
    verifier_cpu: f64,
    consumer_cpu: f64,
    /// Write units of the table and its index, for the first delivery of an event and for a duplicate.
    units: [u64; 2],
}

/// Time spent waiting for AWS in ms. Assumed, because it can't be measured without AWS.
const SEND: f64 = 8.0;
const WRITE: f64 = 10.0;

/// Bytes logged for one delivery and its event at `INFO`: by the verify function, the access log and the consumer.
/// Functions log lines and metrics.
const LOGGED: [f64; 3] = [800.0, 300.0, 1250.0];

#[tokio::test(flavor = "multi_thread")]
async fn docs_cost_md_is_up_to_date() {
    let life = life(STATE).await;
    let mut page = Document::read(PAGE);
    let steps = ["a new event", "a published event", "a duplicate"];
    page.check("calls", &calls(life, steps));

    let prices: Vec<Price> = serde_json::from_str(include_str!("prices.json")).unwrap();
    page.check("prices", &listed(&prices));
    let units = |step| {
        let indexes = index_units(life, step, capacity::day_units) + index_units(life, step, capacity::reference_units);
        table_units(life, step) + indexes
    };
    let acuse = Pipeline {
        verifier_cpu: 0.24,
        consumer_cpu: 0.34,
        units: [units("a new event"), units("a duplicate")],
    };
    // A put, an update and the function's own write; for a duplicate, a put that is refused.
    let powertools = Pipeline {
        verifier_cpu: 1.34,
        consumer_cpu: 3.8,
        units: [3, 1],
    };
    let prices: BTreeMap<&str, f64> = prices.iter().map(|p| (p.what.as_str(), p.usd / p.per)).collect();
    page.check("dollars", &dollars(&prices, acuse, powertools));
}

/// The calls of each step, by function, and the write units.
fn calls(life: &Life, steps: [&'static str; 3]) -> String {
    let mut rows: BTreeMap<(String, String), [usize; 3]> = BTreeMap::new();
    for (place, step) in steps.into_iter().enumerate() {
        // The consumer reads the destinations every half minute, and not with each event.
        let secret =
            |call: &&Call| call.function == "ConsumerFunction" && call.operation.starts_with("secretsmanager:");
        for call in life.of(step).iter().filter(|call| !secret(call)) {
            let function = match call.function.as_str() {
                "ConsumerFunction" => "consumer",
                // The update of the stack that set its bus restarted the verify functions.
                _ if step == "a published event" => continue,
                _ => "verify function",
            };
            rows.entry((function.to_owned(), call.operation.clone())).or_default()[place] += 1;
        }
    }
    let mut table = format!("| | | {} |\n|---|---|---|---|---|\n", steps.join(" | "));
    for ((function, operation), counts) in rows.into_iter().rev() {
        writeln!(
            table,
            "| {function} | `{operation}` | {} | {} | {} |",
            counts[0], counts[1], counts[2]
        )
        .unwrap();
    }
    let [a, b, c] = steps.map(|step| table_units(life, step));
    writeln!(table, "| write units | tables | {a} | {b} | {c} |").unwrap();
    let indexes: [(_, fn(&Written) -> u64); 2] = [
        ("by-day", capacity::day_units),
        ("by-reference", capacity::reference_units),
    ];
    for (name, units) in indexes {
        let [a, b, c] = steps.map(|step| index_units(life, step, units));
        writeln!(table, "| write units | index `{name}` | {a} | {b} | {c} |").unwrap();
    }
    table
}

fn written<'a>(life: &'a Life, step: &str) -> impl Iterator<Item = &'a Written> {
    life.of(step).iter().flat_map(|call| &call.written)
}

fn table_units(life: &Life, step: &str) -> u64 {
    written(life, step).map(capacity::units).sum()
}

/// Only the ledger has indexes.
fn index_units(life: &Life, step: &str, units: impl Fn(&Written) -> u64) -> u64 {
    let ledger = written(life, step).filter(|write| life.logical(&write.table) == "LedgerTable");
    ledger.map(units).sum()
}

fn listed(prices: &[Price]) -> String {
    let mut table = "| price | of | |\n|---|---|---|\n".to_owned();
    for Price {
        usd, per, of, source, ..
    } in prices
    {
        let per = if *per > 1.0 { "a million" } else { "each" };
        writeln!(table, "| ${usd} {per} | {of} | [AWS]({source}) |").unwrap();
    }
    table
}

/// Dollars per million events, by component. The columns are memory sizes, for one and for three deliveries.
fn dollars(prices: &BTreeMap<&str, f64>, acuse: Pipeline, powertools: Pipeline) -> String {
    let columns: Vec<(f64, f64)> = [1.0, 3.0]
        .into_iter()
        .flat_map(|deliveries| MEMORY_MB.map(|memory| (deliveries, memory)))
        .collect();
    let mut table = "| dollars a million events |".to_owned();
    for (deliveries, memory) in &columns {
        write!(table, " {deliveries} × {memory} MB |").unwrap();
    }
    table.push_str("\n|---|---|---|---|---|---|---|\n");
    let mut row = |name: &str, cell: &dyn Fn(f64, f64) -> f64| {
        write!(table, "| {name} |").unwrap();
        for (deliveries, memory) in &columns {
            write!(table, " {:.2} |", 1e6 * cell(*deliveries, *memory)).unwrap();
        }
        table.push('\n');
    };
    let api = |d: f64, _: f64| d * prices["http_api_requests"];
    let lambda = |pipeline: Pipeline| {
        move |d: f64, memory: f64| {
            let ms = |wait: f64, cpu: f64| (wait + cpu * WHOLE_PROCESSOR_MB / memory).ceil();
            let verifier = ms(SEND, pipeline.verifier_cpu);
            let consumer = ms(WRITE, pipeline.consumer_cpu);
            let seconds = (verifier + consumer) / 1000.0;
            d * (2.0 * prices["lambda_requests"] + seconds * memory / 1024.0 * prices["lambda_gb_seconds"])
        }
    };
    let sqs = |d: f64, _: f64| d * (3.0 * prices["sqs_requests"] + prices["sqs_fair_messages"]);
    let dynamodb = |pipeline: Pipeline| {
        move |d: f64, _: f64| {
            let [new, again] = pipeline.units.map(|units| units as f64);
            (new + (d - 1.0) * again) * prices["dynamodb_writes"]
        }
    };
    let logs = |d: f64, _: f64| d * LOGGED.iter().sum::<f64>() / 1e9 * prices["log_gb"];
    row("HTTP API", &api);
    row("Lambda", &lambda(acuse));
    row("SQS", &sqs);
    row("DynamoDB", &dynamodb(acuse));
    row("logs and metrics", &logs);
    let all = |pipeline: Pipeline| {
        move |d: f64, memory: f64| {
            api(d, memory)
                + lambda(pipeline)(d, memory)
                + sqs(d, memory)
                + dynamodb(pipeline)(d, memory)
                + logs(d, memory)
        }
    };
    row("**together**", &all(acuse));
    row("X-Ray with `Tracing=Active`, up to a delivery a second", &|d, _| {
        d * prices["traces"]
    });
    row(
        "the same pipeline in Python with Powertools, without X-Ray",
        &all(powertools),
    );
    table
}
