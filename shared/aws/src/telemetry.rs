//! Structured logs and metrics, as lines on standard output, in the format and at the level of Lambda's own settings.
//! Metrics use CloudWatch's embedded metric format, which allows further members: what a delivery or an event leaves is
//! one line with both.
//! <https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs-advanced.html>

mod emf;
mod fields;
mod lines;
mod recorder;

use std::io::Write;
use std::sync::OnceLock;

use acuse_core::metric;
use tracing::Level;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

use crate::config;
#[cfg(feature = "verifier")]
pub(crate) use fields::recorded_trace;
use lines::Lines;
use recorder::Recorder;

/// The metrics' namespace, unless `METRICS_NAMESPACE` is set.
const NAMESPACE: &str = "Acuse";

/// What is written at the end of an invocation, and the level that it claims to have. A process has one recorder.
static METRICS: OnceLock<(Lines, Level)> = OnceLock::new();

/// Starts logging and counting. `own` is the calling crate's name, `env!("CARGO_CRATE_NAME")`: its lines and Acuse's
/// are logged at the configured level. That is `AWS_LAMBDA_LOG_LEVEL` (from Lambda's LoggingConfig), else `RUST_LOG`,
/// else `info`. Lines are JSON objects, unless `AWS_LAMBDA_LOG_FORMAT` is `Text`. `SUCCESS_LOG_PERCENT` is how many of a
/// hundred deliveries that go well have more than metrics in their lines; 100 if it is not a number. With
/// `ACCOUNT_METRICS=true`, metrics are written by account as well.
pub fn init(own: &'static str) {
    let level = ["AWS_LAMBDA_LOG_LEVEL", "RUST_LOG"]
        .into_iter()
        .find_map(|name| level(&std::env::var(name).ok()?))
        .unwrap_or(Level::INFO);
    let is_text = config::optional("AWS_LAMBDA_LOG_FORMAT").is_some_and(|format| format.eq_ignore_ascii_case("text"));
    let percent = config::optional("SUCCESS_LOG_PERCENT").and_then(|percent| percent.parse().ok());
    let namespace = config::optional("METRICS_NAMESPACE").unwrap_or_else(|| NAMESPACE.to_owned());
    let lines = Lines {
        namespace: fields::quoted(&namespace),
        is_json: !is_text,
        successes: percent.unwrap_or(100.0),
        write: print,
    };
    let text = is_text.then(|| tracing_subscriber::fmt::layer().with_ansi(false));
    // A second call changes nothing, as tests need.
    let _ = tracing_subscriber::registry()
        .with(targets(own, level))
        .with(text)
        .with(lines.clone())
        .try_init();

    if metrics::set_global_recorder(Recorder).is_ok() {
        metric::describe();
        if config::optional("ACCOUNT_METRICS").is_some_and(|value| value == "true") {
            metric::count_by_account();
        }
        let _ = METRICS.set((lines, level));
    }
}

/// A line that can't be written is lost: there is nowhere to say so.
fn print(lines: &str) {
    let _ = std::io::stdout().write_all(lines.as_bytes());
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

/// Writes what was counted outside of units of work. Called after each invocation, since the process may be frozen until
/// the next one.
///
/// Lambda drops lines below its level, and treats a line without level and time as `INFO`. These lines claim to have the
/// configured level, because alarms need them at any level. Above `INFO` there are no units, so that they are all there is.
pub(crate) fn flush_metrics() {
    if let Some((lines, level)) = METRICS.get() {
        lines.write_metrics(&recorder::take(), *level);
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
