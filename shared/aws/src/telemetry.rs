//! Structured logs and metrics, both lines on standard output, in the format and at the level of
//! Lambda's own settings. Metrics are lines of CloudWatch's embedded metric format.
//! <https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs-advanced.html>

use std::sync::OnceLock;

use acuse_core::clock::Clock;
use acuse_core::metric;
use metrics_cloudwatch_embedded::{Builder, Collector};
use tracing::{Level, debug};

use crate::config;
use crate::system::SystemClock;

/// What CloudWatch files the metrics under where `METRICS_NAMESPACE` names nothing else.
const NAMESPACE: &str = "Acuse";

/// Where the metrics are until they are written. There is one recorder in a process.
static METRICS: OnceLock<Metrics> = OnceLock::new();

struct Metrics {
    collector: &'static Collector,
    /// The level that metric lines say they have.
    level: Level,
}

/// Starts logging and counting. The level is `AWS_LAMBDA_LOG_LEVEL` (Lambda's LoggingConfig sets it), else
/// `RUST_LOG`, else `info`. Lines are JSON objects, unless `AWS_LAMBDA_LOG_FORMAT` is `Text`.
pub fn init() {
    let level = ["AWS_LAMBDA_LOG_LEVEL", "RUST_LOG"]
        .into_iter()
        .find_map(|name| level(&std::env::var(name).ok()?))
        .unwrap_or(Level::INFO);
    let lines = tracing_subscriber::fmt().with_max_level(level).with_ansi(false);
    // A second call changes nothing, which is what tests want.
    let _ = match config::optional("AWS_LAMBDA_LOG_FORMAT") {
        Some(format) if format.eq_ignore_ascii_case("text") => lines.try_init(),
        // The current span has the request's id and its trace.
        _ => lines.json().flatten_event(true).with_span_list(false).try_init(),
    };
    let namespace = config::optional("METRICS_NAMESPACE").unwrap_or_else(|| NAMESPACE.to_owned());
    if let Ok(collector) = Builder::new().cloudwatch_namespace(namespace).init() {
        metric::describe();
        let _ = METRICS.set(Metrics { collector, level });
    }
}

/// Lambda knows one level that `tracing` does not.
fn level(name: &str) -> Option<Level> {
    match name {
        "FATAL" => Some(Level::ERROR),
        name => name.parse().ok(),
    }
}

/// Writes what was counted since the last time: after each invocation, since the process may be
/// frozen until the next one.
///
/// Lambda drops lines below its level, and takes a line without level and time for one of `INFO`.
/// Metric lines say that they have the level that is let through: alarms need them at any.
pub(crate) fn flush_metrics() {
    let Some(Metrics { collector, level }) = METRICS.get() else {
        return;
    };
    collector
        .set_property("level", level.as_str())
        .set_property("timestamp", SystemClock.now().to_string());
    if let Err(error) = collector.flush(std::io::stdout()) {
        debug!(%error, "metrics not written");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lambdas_levels_are_understood() {
        let levels = ["TRACE", "DEBUG", "INFO", "WARN", "ERROR", "FATAL"].map(level);
        let expected = [
            Level::TRACE,
            Level::DEBUG,
            Level::INFO,
            Level::WARN,
            Level::ERROR,
            Level::ERROR,
        ];
        assert_eq!(levels, expected.map(Some));
        assert_eq!(level("LOUD"), None);
    }
}
