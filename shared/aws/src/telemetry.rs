//! Structured logs, one JSON object a line at the level of Lambda's own setting; and metrics, as
//! log lines of CloudWatch's embedded metric format.

use std::sync::OnceLock;

use acuse_core::metric;
use metrics_cloudwatch_embedded::{Builder, Collector};
use tracing::{Level, debug};

/// What CloudWatch files the metrics under.
const NAMESPACE: &str = "Acuse";

/// There is one recorder in a process.
static METRICS: OnceLock<&'static Collector> = OnceLock::new();

/// Starts logging and counting. The level is `AWS_LAMBDA_LOG_LEVEL` (Lambda's LoggingConfig sets it), else
/// `RUST_LOG`, else `info`.
pub fn init() {
    let level = ["AWS_LAMBDA_LOG_LEVEL", "RUST_LOG"]
        .into_iter()
        .find_map(|name| std::env::var(name).ok()?.parse().ok())
        .unwrap_or(Level::INFO);
    // A second call changes nothing, which is what tests want.
    let _ = tracing_subscriber::fmt()
        .json()
        .flatten_event(true)
        .with_max_level(level)
        .with_current_span(false)
        .with_span_list(false)
        .with_ansi(false)
        .try_init();
    if let Ok(collector) = Builder::new().cloudwatch_namespace(NAMESPACE).init() {
        metric::describe();
        let _ = METRICS.set(collector);
    }
}

/// Writes what was counted since the last time: after each invocation, since the process may be
/// frozen until the next one.
pub(crate) fn flush_metrics() {
    if let Some(collector) = METRICS.get()
        && let Err(error) = collector.flush(std::io::stdout())
    {
        debug!(%error, "metrics not written");
    }
}
