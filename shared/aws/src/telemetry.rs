//! Structured logs and metrics, as lines on standard output, in the format and at the level of Lambda's own settings.
//! Metrics use CloudWatch's embedded metric format.
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

/// The metrics' namespace, unless `METRICS_NAMESPACE` is set.
const NAMESPACE: &str = "Acuse";

/// Counts until the metrics are written. A process has one recorder.
static METRICS: OnceLock<Metrics> = OnceLock::new();

struct Metrics {
    collector: &'static Collector,
    /// The level that metric lines claim to have.
    level: Level,
}

/// Starts logging and counting. `own` is the calling crate's name, `env!("CARGO_CRATE_NAME")`: its lines and Acuse's
/// are logged at the configured level. That is `AWS_LAMBDA_LOG_LEVEL` (from Lambda's LoggingConfig), else `RUST_LOG`,
/// else `info`. Lines are JSON objects, unless `AWS_LAMBDA_LOG_FORMAT` is `Text`. With `ACCOUNT_METRICS=true`, metrics
/// are written by account as well.
pub fn init(own: &'static str) {
    let level = ["AWS_LAMBDA_LOG_LEVEL", "RUST_LOG"]
        .into_iter()
        .find_map(|name| level(&std::env::var(name).ok()?))
        .unwrap_or(Level::INFO);
    let lines = tracing_subscriber::fmt::layer().with_ansi(false);
    let lines = match config::optional("AWS_LAMBDA_LOG_FORMAT") {
        Some(format) if format.eq_ignore_ascii_case("text") => lines.boxed(),
        // The current span has the request id and the trace.
        _ => lines.json().flatten_event(true).with_span_list(false).boxed(),
    };
    // A second call changes nothing, as tests need.
    let _ = tracing_subscriber::registry()
        .with(targets(own, level))
        .with(lines)
        .try_init();

    let namespace = config::optional("METRICS_NAMESPACE").unwrap_or_else(|| NAMESPACE.to_owned());
    if let Ok(collector) = Builder::new().cloudwatch_namespace(namespace).init() {
        metric::describe();
        if config::optional("ACCOUNT_METRICS").is_some_and(|value| value == "true") {
            metric::count_by_account();
        }
        let _ = METRICS.set(Metrics { collector, level });
    }
}

/// Libraries log at `INFO` or above: at `TRACE` the SDK and hyper log whole requests, including bodies and secrets.
fn targets(own: &'static str, level: Level) -> Targets {
    let own = ["acuse_core", "acuse_aws", "acuse_hooks", own].map(|own| (own, level));
    Targets::new().with_default(level.min(Level::INFO)).with_targets(own)
}

/// Lambda has one level that `tracing` does not know.
fn level(name: &str) -> Option<Level> {
    match name {
        "FATAL" => Some(Level::ERROR),
        name => name.parse().ok(),
    }
}

/// Writes what was counted since the last call. Called after each invocation, since the process may be frozen until the
/// next one.
///
/// Lambda drops lines below its level, and treats a line without level and time as `INFO`. Metric lines claim to have
/// the configured level, because alarms need them at any level.
pub(crate) fn flush_metrics() {
    let Some(Metrics { collector, level }) = METRICS.get() else {
        return;
    };
    collector
        .set_property("level", level.as_str())
        .set_property("timestamp", SystemClock.now().to_string());
    // Written in one call: standard output searches each write for the end of a line.
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
    fn parses_lambdas_log_levels() {
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
    fn libraries_log_at_info_or_above() {
        let chatty = targets("consumer", Level::TRACE);
        assert!(chatty.would_enable("acuse_core::receive", &Level::TRACE));
        assert!(chatty.would_enable("consumer::hooks::orders", &Level::DEBUG));
        assert!(chatty.would_enable("acuse_hooks::payments", &Level::DEBUG));
        assert!(!chatty.would_enable("hyper_util::client", &Level::DEBUG));
        assert!(
            chatty.would_enable("lambda_runtime", &Level::INFO),
            "its span has the trace"
        );
        assert!(!targets("consumer", Level::ERROR).would_enable("lambda_runtime", &Level::INFO));
    }
}
