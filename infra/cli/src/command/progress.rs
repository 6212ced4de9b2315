//! A progress bar, for what may take long.

#![expect(clippy::disallowed_types, reason = "it shows numbers, no text")]

use std::time::Duration;

use acuse_aws::system::SystemClock;
use acuse_cli::note;
use acuse_cli::stack::queue::{HIDDEN, Walk};
use acuse_core::clock::Clock;
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
        self.advance(1);
    }

    /// So many steps more.
    pub(crate) fn advance(&self, steps: usize) {
        self.0.inc(u64::try_from(steps).unwrap_or_default());
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

/// Says how many messages a pass can't see, and until when: a run that was killed could not let go of them.
pub(crate) fn tell_hidden(walk: &Walk) {
    let hidden = walk.depth().in_flight;
    if hidden > 0 {
        note!(
            "about {hidden} more messages are hidden from this run, by another one that goes on or was killed. They are back by {} at the latest: run this again then",
            SystemClock.now().plus(HIDDEN)
        );
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
