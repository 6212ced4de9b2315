//! Structured logs and metrics, both lines on standard output, in the format and at the level of
//! Lambda's own settings. Metrics are lines of CloudWatch's embedded metric format.
//! <https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs-advanced.html>

use std::io::Write;
use std::sync::OnceLock;

use acuse_core::clock::Clock;
use acuse_core::metric;
use metrics_cloudwatch_embedded::{Builder, Collector};
use tracing::{Level, debug};
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::{Layer, SubscriberExt};
use tracing_subscriber::util::SubscriberInitExt;

use crate::config;
use crate::system::SystemClock;

/// What CloudWatch files the metrics under where `METRICS_NAMESPACE` names nothing else.
const NAMESPACE: &str = "Acuse";

/// Whose lines come at the level that was asked for: Acuse, and the hooks.
const OWN: [&str; 3] = ["acuse_core", "acuse_aws", "consumer"];

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
    let lines = tracing_subscriber::fmt::layer().with_ansi(false);
    let lines = match config::optional("AWS_LAMBDA_LOG_FORMAT") {
        Some(format) if format.eq_ignore_ascii_case("text") => lines.boxed(),
        // The current span has the request's id and its trace.
        _ => lines.json().flatten_event(true).with_span_list(false).boxed(),
    };
    // A second call changes nothing, which is what tests want.
    let _ = tracing_subscriber::registry()
        .with(targets(level))
        .with(lines)
        .try_init();
    let namespace = config::optional("METRICS_NAMESPACE").unwrap_or_else(|| NAMESPACE.to_owned());
    if let Ok(collector) = Builder::new().cloudwatch_namespace(namespace).init() {
        metric::describe();
        let _ = METRICS.set(Metrics { collector, level });
    }
}

/// Libraries say no more than at `INFO`: at `TRACE` the SDK and hyper write down whole requests, with the
/// bodies and secrets in them.
fn targets(level: Level) -> Targets {
    let own = OWN.map(|own| (own, level));
    Targets::new().with_default(level.min(Level::INFO)).with_targets(own)
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
    // In one piece: standard output looks for the end of a line in each of those that it is given.
    let mut lines = Vec::new();
    let written = collector.flush(&mut lines);
    if let Err(error) = written.and_then(|()| std::io::stdout().write_all(&lines)) {
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

    #[test]
    fn libraries_say_no_more_than_at_info() {
        let chatty = targets(Level::TRACE);
        assert!(chatty.would_enable("acuse_core::receive", &Level::TRACE));
        assert!(chatty.would_enable("consumer::hooks::payments", &Level::DEBUG));
        assert!(!chatty.would_enable("hyper_util::client", &Level::DEBUG));
        assert!(
            chatty.would_enable("lambda_runtime", &Level::INFO),
            "its span has the trace"
        );
        assert!(!targets(Level::ERROR).would_enable("lambda_runtime", &Level::INFO));
    }
}
