//! What a million events cost in a pipeline, by component.

use std::fmt::Write as _;

use super::durable;
use super::prices::Prices;

/// A function of this size has one whole processor, and a smaller one its share.
/// <https://docs.aws.amazon.com/lambda/latest/dg/configuration-memory.html>
const WHOLE_PROCESSOR_MB: f64 = 1769.0;
const MEMORY_MB: [f64; 3] = [128.0, 256.0, 512.0];
/// The template's default.
pub(crate) const DEFAULT_MB: f64 = 256.0;

/// Time spent waiting for AWS in ms. Assumed, because it can't be measured without AWS.
pub(crate) const SEND: f64 = 8.0;
pub(crate) const WRITE: f64 = 10.0;

/// Bytes logged for one delivery and its event at `INFO`: by the verify function, the access log and the consumer.
/// Functions log one line each, with the metrics in it; tests/it/logs.rs counts them.
pub(crate) const LOGGED: [f64; 3] = [385.0, 140.0, 785.0];

/// What one delivery takes: the first of an event, and a duplicate.
#[derive(Clone, Copy)]
pub(crate) struct Pipeline {
    /// CPU time on a whole processor in ms, for a delivery and for an event. Measured by the benchmark, see
    /// docs/performance.md.
    pub(crate) verifier_cpu: f64,
    pub(crate) consumer_cpu: f64,
    /// Calls that the consumer waits for, one after the other.
    pub(crate) waits: [f64; 2],
    /// Write units of the table and its index.
    pub(crate) units: [f64; 2],
    /// Read units of the table.
    pub(crate) reads: [f64; 2],
    /// Calls of a third function, and how long they take in ms.
    pub(crate) third: [f64; 2],
    pub(crate) third_ms: f64,
    /// Executions of durable functions, and their operations.
    pub(crate) executions: [f64; 2],
    pub(crate) operations: [f64; 2],
}

/// Dollars of one event by component, for so many deliveries of it.
pub(crate) fn components(
    pipeline: Pipeline,
    prices: &Prices,
    deliveries: f64,
    memory: f64,
) -> Vec<(&'static str, f64)> {
    let duplicates = deliveries - 1.0;
    let ms = |wait: f64, cpu: f64| (wait + cpu * WHOLE_PROCESSOR_MB / memory).ceil();
    let consumer = |waits: f64| ms(waits * WRITE, pipeline.consumer_cpu);
    let [new, again] = pipeline.waits.map(consumer);
    let of = |[first, more]: [f64; 2]| first + duplicates * more;
    let third = of(pipeline.third);
    let busy = deliveries * ms(SEND, pipeline.verifier_cpu) + of([new, again]) + third * pipeline.third_ms;
    let calls = deliveries * 2.0 + third;
    let mut components = vec![
        ("HTTP API", deliveries * prices["http_api_requests"]),
        (
            "Lambda",
            calls * prices["lambda_requests"] + busy / 1000.0 * memory / 1024.0 * prices["lambda_gb_seconds"],
        ),
        (
            "SQS",
            deliveries * (3.0 * prices["sqs_requests"] + prices["sqs_fair_messages"]),
        ),
        (
            "DynamoDB",
            of(pipeline.units) * prices["dynamodb_writes"] + of(pipeline.reads) * prices["dynamodb_reads"],
        ),
        (
            "logs and metrics",
            deliveries * LOGGED.iter().sum::<f64>() / 1e9 * prices["log_gb"],
        ),
    ];
    if pipeline.operations != [0.0; 2] {
        let operations = of(pipeline.operations) * durable::operation();
        components.push(("durable operations", operations));
        components.push(("data of executions", of(pipeline.executions) * durable::data()));
    }
    components
}

/// The same with `Endpoint=function-url`: no API, and none of its access log.
pub(crate) fn by_function_url(pipeline: Pipeline, prices: &Prices, deliveries: f64, memory: f64) -> f64 {
    let [_, access, _] = LOGGED;
    let api = prices["http_api_requests"] + access / 1e9 * prices["log_gb"];
    together(pipeline, prices, deliveries, memory) - deliveries * api
}

/// What an event costs before any function's time and any log line.
pub(crate) fn floor(pipeline: Pipeline, prices: &Prices) -> String {
    let of = |deliveries: f64| {
        let own = components(pipeline, prices, deliveries, DEFAULT_MB);
        let own = |name| {
            own.iter()
                .filter(|(own, _)| *own == name)
                .map(|(_, dollars)| dollars)
                .sum::<f64>()
        };
        let calls = deliveries * 2.0 * prices["lambda_requests"];
        [own("HTTP API"), own("SQS"), calls, own("DynamoDB")]
    };
    let [once, thrice] = [of(1.0), of(3.0)];
    let mut table = "| dollars a million events | once | three times |\n|---|---|---|\n".to_owned();
    let mut row = |name: &str, once: f64, thrice: f64| {
        writeln!(table, "| {name} | {:.2} | {:.2} |", 1e6 * once, 1e6 * thrice).unwrap();
    };
    let names = [
        "HTTP API",
        "SQS: send, receive, delete, and the fair queue's group",
        "calls of two functions",
        "DynamoDB: record and effect in a transaction, `by-day`; a duplicate's read, count and id",
    ];
    for (name, (once, thrice)) in names.into_iter().zip(once.into_iter().zip(thrice)) {
        row(name, once, thrice);
    }
    let together = |of: [f64; 4]| of.into_iter().sum::<f64>();
    row("**before their time and the logs**", together(once), together(thrice));
    row(
        "with the functions' URLs",
        together(once) - once[0],
        together(thrice) - thrice[0],
    );
    table
}

/// The sum of the components.
pub(crate) fn together(pipeline: Pipeline, prices: &Prices, deliveries: f64, memory: f64) -> f64 {
    let components = components(pipeline, prices, deliveries, memory);
    components.iter().map(|(_, dollars)| dollars).sum()
}

/// Dollars per million events, by component. The columns are memory sizes, for one and for three deliveries.
pub(crate) fn by_memory(prices: &Prices, acuse: Pipeline, others: &[(&str, Pipeline)]) -> String {
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
    for (place, (name, _)) in components(acuse, prices, 1.0, DEFAULT_MB).into_iter().enumerate() {
        row(name, &|d, memory| components(acuse, prices, d, memory)[place].1);
    }
    row("**together**", &|d, memory| together(acuse, prices, d, memory));
    row("with `Endpoint=function-url`", &|d, memory| {
        by_function_url(acuse, prices, d, memory)
    });
    row("X-Ray with `Tracing=Active`, up to a delivery a second", &|d, _| {
        d * prices["traces"]
    });
    for (name, other) in others {
        row(name, &|d, memory| together(*other, prices, d, memory));
    }
    table
}
