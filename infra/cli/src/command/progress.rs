//! A progress bar, for what may take long.

use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

/// A bar on standard error; nothing where that is no terminal.
pub(crate) fn bar(length: u64) -> ProgressBar {
    let style = ProgressStyle::with_template("{bar:30} {pos}/{len}  {per_sec}  {eta} left");
    let bar = ProgressBar::new(length).with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
    bar.enable_steady_tick(Duration::from_millis(200));
    bar
}

/// Ends when `duration` has passed, with a bar that says how much is left.
pub(crate) async fn countdown(duration: Duration) {
    let style = ProgressStyle::with_template("{bar:30} {msg} s left");
    let bar = ProgressBar::new(duration.as_secs()).with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
    for passed in 0..duration.as_secs() {
        bar.set_message((duration.as_secs() - passed).to_string());
        bar.set_position(passed);
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
    bar.finish_and_clear();
}
