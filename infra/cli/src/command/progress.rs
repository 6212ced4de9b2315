//! A progress bar, for what may take long.

#![expect(clippy::disallowed_types, reason = "it shows numbers, no text")]

use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

/// A bar on standard error; nothing where that is no terminal.
pub(crate) struct Bar(ProgressBar);

impl Bar {
    /// One that is full after so many steps.
    pub(crate) fn new(length: u64) -> Self {
        let style = ProgressStyle::with_template("{bar:30} {pos}/{len}  {per_sec}  {eta} left");
        let bar = ProgressBar::new(length).with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
        bar.enable_steady_tick(Duration::from_millis(200));
        Self(bar)
    }

    /// One step more.
    pub(crate) fn step(&self) {
        self.0.inc(1);
    }

    /// Takes the bar away while `print` prints.
    pub(crate) fn suspend(&self, print: impl FnOnce()) {
        self.0.suspend(print);
    }

    /// Takes it away for good.
    pub(crate) fn clear(&self) {
        self.0.finish_and_clear();
    }
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
