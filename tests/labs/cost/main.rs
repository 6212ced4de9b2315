//! The cost of an event: recorded calls, times the prices that AWS publishes. Writes the tables of docs/cost.md.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests fail by panicking"
)]

mod capacity;
mod destinations;
mod durable;
mod fixed;
mod month;
mod pipeline;
mod prices;

use std::collections::BTreeMap;
use std::fmt::Write as _;

use acuse_tests::document::Document;
use acuse_tests::recording::life::{Life, life};
use acuse_tests::recording::recorder::{Recorded as Call, Written};

use pipeline::{DEFAULT_MB, Pipeline};
use prices::{Prices, REGIONS};

/// The stack's files.
const STATE: &str = concat!(env!("CARGO_TARGET_TMPDIR"), "/cost");

const PAGE: &str = "cost.md";

#[tokio::test(flavor = "multi_thread")]
async fn docs_cost_md_is_up_to_date() {
    let life = life(STATE).await;
    let mut page = Document::read(PAGE);
    let steps = ["a new event", "a published event", "a duplicate", "a duplicate at once"];
    page.check("calls", &calls(life, steps));

    let prices = prices::all();
    page.check("prices", &prices::listed(&prices));
    let [first, second] = [0, 1].map(|region| prices::of(&prices, region));
    let both = [&first, &second];

    let acuse = Pipeline {
        verifier_cpu: 0.11,
        // A quarter more than an event in a batch of ten.
        consumer_cpu: 0.14,
        waits: [waits(life, "a new event"), waits(life, "a duplicate")],
        units: [units(life, "a new event"), units(life, "a duplicate")],
        reads: [reads(life, "a new event"), reads(life, "a duplicate")],
        third: [0.0; 2],
        third_ms: 0.0,
        executions: [0.0; 2],
        operations: [0.0; 2],
    };
    let published = Pipeline {
        waits: [waits(life, "a published event"), acuse.waits[1]],
        units: [units(life, "a published event"), acuse.units[1]],
        ..acuse
    };
    // A put, an update and the function's own write; for a duplicate, a put that is refused.
    let powertools = Pipeline {
        verifier_cpu: 0.74,
        // In a batch of ten.
        consumer_cpu: 1.6,
        waits: [3.0, 1.0],
        units: [3.0, 1.0],
        reads: [0.0; 2],
        ..acuse
    };
    let [by_powertools, by_name] = durable::pipelines(powertools);
    let others = [
        ("the same pipeline in Python with Powertools, without X-Ray", powertools),
        by_powertools,
        by_name,
    ];
    page.check("dollars", &pipeline::by_memory(&first, acuse, &others));
    page.check("regions", &by_region(life, both, acuse, published));
    page.check("destinations", &destinations::tables(life, both));
    page.check("durable", &durable::table(&first, acuse, powertools));

    let template = fixed::Template::count().with_metrics(&life.logged().await);
    page.check("fixed", &template.table(both));
    page.check("month", &month::table(life, both, acuse, published, &template));
    page.check("gateways", &month::gateways(life, &first, acuse, &template));

    page.check("floor", &pipeline::floor(acuse, &first));
    nothing_costs_more(acuse, &first);
    let once = both.map(|prices| 1e6 * pipeline::together(acuse, prices, 1.0, DEFAULT_MB));
    let left = both.map(|prices| month::left(life, &template, prices));
    let fixed = both.map(|prices| template.dollars(prices));
    page.check("headline", &headline(once, left, fixed));
    let durable = [by_name.1, by_powertools.1].map(|own| 1e6 * pipeline::together(own, &first, 1.0, DEFAULT_MB));
    headlines_agree(once[0], fixed[0], durable);
}

/// What has been reached in us-east-1 at 256 MB, for one delivery of each event and for three: with the HTTP API, and with
/// the functions' URLs. A change that costs more raises them, with its reason in docs/decisions.md.
const REACHED: [(f64, [f64; 2]); 2] = [(1.0, [6.57, 5.50]), (3.0, [17.45, 14.24])];

fn nothing_costs_more(acuse: Pipeline, prices: &Prices) {
    for (deliveries, [by_api, by_url]) in REACHED {
        let api = 1e6 * pipeline::together(acuse, prices, deliveries, DEFAULT_MB);
        let url = 1e6 * pipeline::by_function_url(acuse, prices, deliveries, DEFAULT_MB);
        assert!(
            api <= by_api && url <= by_url,
            "{deliveries} deliveries: {api:.2}, {url:.2}"
        );
    }
}

/// The page's first sentences.
fn headline(once: [f64; 2], left: [f64; 2], fixed: [f64; 2]) -> String {
    let [here, there] = REGIONS;
    format!(
        "A million events cost **{:.2} dollars** in {here} and {:.2} in {there}. What they leave costs {:.2} and {:.2} a \
         month, if as many come every month, and the stack {:.2} and {:.2} before the first of them.",
        once[0], once[1], left[0], left[1], fixed[0], fixed[1]
    )
}

/// What other pages say in whole dollars.
fn headlines_agree(once: f64, fixed: f64, [by_name, by_powertools]: [f64; 2]) {
    let said = [
        (
            "../README.md",
            format!("A million events cost about [{once:.0} dollars]"),
        ),
        ("sizing.md", format!("Each stack costs [{fixed:.0} dollars a month]")),
        (
            "cost.md",
            // A KB more in the transaction's record and in its copy in the index.
            format!("cost {:.2} where the table above has {once:.2}", once + 3.0 * 0.625),
        ),
        (
            "sizing.md",
            format!("before its first event, {:.0} for 40", 40.0 * fixed.round()),
        ),
        ("guarantees.md", format!("[{once:.0} dollars](cost.md#what-it-costs)")),
        (
            "guarantees.md",
            format!("[{by_name:.0} to {by_powertools:.0} dollars](cost.md#lambda-durable-functions)"),
        ),
    ];
    for (page, words) in said {
        assert!(Document::read(page).contains(&words), "{page} should say: {words}");
    }
}

/// Dollars a million events with what is optional, in each region.
fn by_region(life: &Life, prices: [&Prices; 2], acuse: Pipeline, published: Pipeline) -> String {
    let mut table = "| dollars a million events |".to_owned();
    for region in REGIONS {
        for what in ["once", "three times", "published", "to a destination"] {
            write!(table, " {what}, {region} |").unwrap();
        }
    }
    table.push_str("\n|---|---|---|---|---|---|---|---|---|\n");
    let columns = prices.map(|prices| {
        let of = |pipeline, deliveries| pipeline::components(pipeline, prices, deliveries, DEFAULT_MB);
        let mut on_bus = of(published, 1.0);
        on_bus.push(("EventBridge", prices["bus_events"]));
        let mut sent = of(acuse, 1.0);
        sent.extend(destinations::extra(life, prices));
        [of(acuse, 1.0), of(acuse, 3.0), on_bus, sent]
    });
    let names = [
        "HTTP API",
        "Lambda",
        "SQS",
        "DynamoDB",
        "EventBridge",
        "logs and metrics",
        "data sent to the internet",
    ];
    let cell = |components: &[(&'static str, f64)], name| {
        let own = components.iter().filter(|(own, _)| *own == name);
        // A sum of nothing is -0.
        own.map(|(_, dollars)| dollars).sum::<f64>() + 0.0
    };
    for name in names {
        write!(table, "| {name} |").unwrap();
        for components in columns.iter().flatten() {
            write!(table, " {:.2} |", 1e6 * cell(components, name)).unwrap();
        }
        table.push('\n');
    }
    table.push_str("| **together** |");
    for components in columns.iter().flatten() {
        let known = components.iter().all(|(name, _)| names.contains(name));
        assert!(known, "a component has no row");
        write!(table, " {:.2} |", 1e6 * destinations::sum(components)).unwrap();
    }
    table.push('\n');
    table
}

/// Calls that the consumer waits for, one after the other.
fn waits(life: &Life, step: &str) -> f64 {
    let calls = life.of(step).iter().filter(|call| call.function == "ConsumerFunction");
    let calls = calls.filter(|call| !call.operation.starts_with("secretsmanager:"));
    calls.count() as f64
}

/// Write units of the tables and their indexes.
fn units(life: &Life, step: &str) -> f64 {
    let indexes = index_units(life, step, capacity::day_units) + index_units(life, step, capacity::reference_units);
    (table_units(life, step) + indexes) as f64
}

/// Read units of the consumer. Each read is of one record, of which it gets a few attributes, and eventually consistent:
/// half a unit for up to 4 KB.
fn reads(life: &Life, step: &str) -> f64 {
    let calls = life.of(step).iter().filter(|call| call.function == "ConsumerFunction");
    let reads = calls.filter(|call| call.operation == "dynamodb:Query");
    reads.count() as f64 / 2.0
}

/// Write units of an index.
type Units = fn(&Written) -> u64;

/// The calls of each step, by function, and the write units.
fn calls(life: &Life, steps: [&'static str; 4]) -> String {
    let mut rows: BTreeMap<(String, String), [usize; 4]> = BTreeMap::new();
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
    let mut table = format!("| | | {} |\n|---|---|---|---|---|---|\n", steps.join(" | "));
    for ((function, operation), counts) in rows.into_iter().rev() {
        writeln!(
            table,
            "| {function} | `{operation}` | {} | {} | {} | {} |",
            counts[0], counts[1], counts[2], counts[3]
        )
        .unwrap();
    }
    let [a, b, c, d] = steps.map(|step| reads(life, step));
    writeln!(table, "| read units | ledger | {a} | {b} | {c} | {d} |").unwrap();
    let [a, b, c, d] = steps.map(|step| table_units(life, step));
    writeln!(table, "| write units | tables | {a} | {b} | {c} | {d} |").unwrap();
    let indexes: [(_, Units); 2] = [
        ("by-day", capacity::day_units),
        ("by-reference", capacity::reference_units),
    ];
    for (name, units) in indexes {
        let [a, b, c, d] = steps.map(|step| index_units(life, step, units));
        writeln!(table, "| write units | index `{name}` | {a} | {b} | {c} | {d} |").unwrap();
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
