//! AWS Lambda durable functions behind the same queue, as AWS documents them.
//!
//! An event source mapping starts an execution each time it invokes the function, so duplicates are for the function to
//! find: by Powertools, or by a function in between that starts executions by name.
//! <https://docs.aws.amazon.com/lambda/latest/dg/durable-execution-idempotency.html>

use std::fmt::Write as _;

use super::pipeline::{self, DEFAULT_MB, Pipeline, SEND, WRITE};
use super::prices::Prices;

/// What AWS charges in its examples for us-east-1, a million operations, a GB written and a GB kept for a month.
/// <https://aws.amazon.com/lambda/pricing/>, read on 2026-10-07
const OPERATIONS: f64 = 8.00;
const WRITTEN_GB: f64 = 0.25;
const KEPT_GB: f64 = 0.15;
/// How long an execution is kept by default.
/// <https://docs.aws.amazon.com/lambda/latest/api/API_DurableConfig.html>
const KEPT_DAYS: f64 = 14.0;

/// Bytes of an execution: the message and the result of a step. Assumed.
const BYTES: f64 = 1500.0;

/// Dollars of an operation: a start, a step, a retry of one, a wait.
pub(crate) fn operation() -> f64 {
    OPERATIONS / 1e6
}

/// Dollars of one execution's data.
pub(crate) fn data() -> f64 {
    BYTES / 1e9 * (WRITTEN_GB + KEPT_GB * KEPT_DAYS / 30.0)
}

/// The two ways to find duplicates, in Python like `powertools`, with one step for the function's own write.
pub(crate) fn pipelines(powertools: Pipeline) -> [(&'static str, Pipeline); 2] {
    // The start of the execution and the step's result are checkpoints that the function waits for. Each duplicate
    // starts an execution, which Powertools ends.
    let by_powertools = Pipeline {
        waits: [powertools.waits[0] + 2.0, powertools.waits[1]],
        executions: [1.0, 1.0],
        operations: [2.0, 1.0],
        ..powertools
    };
    // The function in between takes the message, and calls Lambda. A known name starts no execution, and such a call is
    // assumed to cost no operation.
    let by_name = Pipeline {
        waits: [1.0 + 2.0, SEND / WRITE],
        units: [1.0, 0.0],
        third: [1.0, 0.0],
        third_ms: SEND,
        executions: [1.0, 0.0],
        operations: [2.0, 0.0],
        ..powertools
    };
    [
        (
            "a durable function in Python, duplicates found by Powertools",
            by_powertools,
        ),
        ("a durable function in Python, started by name", by_name),
    ]
}

/// Dollars a million events by component, once each.
pub(crate) fn table(prices: &Prices, acuse: Pipeline, powertools: Pipeline) -> String {
    let [(_, by_powertools), (_, by_name)] = pipelines(powertools);
    let all = [acuse, powertools, by_powertools, by_name];
    let mut table = String::new();
    table.push_str("| dollars a million events | Acuse | Powertools | durable, with Powertools | durable, by name |\n");
    table.push_str("|---|---|---|---|---|\n");
    for (place, (name, _)) in pipeline::components(by_name, prices, 1.0, DEFAULT_MB)
        .into_iter()
        .enumerate()
    {
        write!(table, "| {name} |").unwrap();
        for own in all {
            let components = pipeline::components(own, prices, 1.0, DEFAULT_MB);
            let dollars = components.get(place).map_or(0.0, |(_, dollars)| *dollars);
            write!(table, " {:.2} |", 1e6 * dollars).unwrap();
        }
        table.push('\n');
    }
    for (name, deliveries) in [("**together**", 1.0), ("each delivered three times", 3.0)] {
        write!(table, "| {name} |").unwrap();
        for own in all {
            let dollars = pipeline::together(own, prices, deliveries, DEFAULT_MB);
            write!(table, " {:.2} |", 1e6 * dollars).unwrap();
        }
        table.push('\n');
    }
    table
}
