//! Structured logs: one JSON object a line, at the level of Lambda's own setting.

use tracing::Level;

/// Starts logging. The level is `AWS_LAMBDA_LOG_LEVEL` (Lambda's LoggingConfig sets it), else
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
}
