//! Progress bars, and a note on messages that a pass can't see.

#![expect(clippy::disallowed_types, reason = "bars show numbers, no text from outside")]

use std::io::{self, IsTerminal};
use std::time::Duration;

use acuse_aws::system::SystemClock;
use acuse_core::clock::Clock;
use indicatif::{ProgressBar, ProgressStyle};

use crate::note;
use crate::stack::queue::{HIDDEN, Walk};
use crate::terminal::counted;

/// A bar on standard error, or nothing if that is not a terminal.
pub(crate) struct Bar(ProgressBar);

impl Bar {
    pub(crate) fn new(length: u64) -> Self {
        let bar = bar(length, "{bar:30} {pos}/{len}  {per_sec}  {eta} left");
        bar.enable_steady_tick(Duration::from_millis(200));
        Self(bar)
    }

    /// Days, and what was done of them so far. Nothing if standard output is a terminal too: lines scroll there.
    pub(crate) fn days(length: u64) -> Self {
        if io::stdout().is_terminal() {
            return Self(ProgressBar::hidden());
        }
        let bar = bar(length, "{bar:30} {pos}/{len} days  {msg}");
        bar.enable_steady_tick(Duration::from_millis(200));
        Self(bar)
    }

    /// How many events there are so far.
    pub(crate) fn events(&self, count: usize) {
        self.0.set_message(counted(count, "event"));
    }

    pub(crate) fn advance(&self, steps: usize) {
        self.0.inc(u64::try_from(steps).unwrap_or_default());
    }

    /// Hides the bar while `print` prints.
    pub(crate) fn suspend(&self, print: impl FnOnce()) {
        self.0.suspend(print);
    }

    pub(crate) fn clear(&self) {
        self.0.finish_and_clear();
    }
}

/// How much was done, where nobody knows how much there is. On standard error, or nothing if that is not a terminal.
pub(crate) struct Count(ProgressBar);

impl Count {
    /// Counts `what`, a plural.
    pub(crate) fn new(what: &'static str) -> Self {
        let count = bar(0, "{pos} {msg}  {per_sec}").with_message(what);
        count.enable_steady_tick(Duration::from_millis(200));
        Self(count)
    }

    pub(crate) fn advance(&self, steps: usize) {
        self.0.inc(u64::try_from(steps).unwrap_or_default());
    }

    pub(crate) fn clear(&self) {
        self.0.finish_and_clear();
    }
}

fn bar(length: u64, template: &str) -> ProgressBar {
    let style = ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar());
    ProgressBar::new(length).with_style(style)
}

/// Notes how many messages a pass can't see and until when: another run hides them, perhaps one that was killed before
/// it could make them visible again.
pub(crate) fn note_hidden(walk: &Walk) {
    let hidden = walk.depth().in_flight;
    if hidden > 0 {
        note!(
            "about {hidden} more messages are hidden from this run by another one, which is running or was killed. They are back by {} at the latest: run this again then",
            SystemClock.now().plus(HIDDEN)
        );
    }
}

/// Waits, and shows how many seconds are left.
pub(crate) async fn countdown(duration: Duration) {
    let bar = bar(duration.as_secs(), "{bar:30} {msg} s left");
    for passed in 0..duration.as_secs() {
        bar.set_message((duration.as_secs() - passed).to_string());
        bar.set_position(passed);
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
    bar.finish_and_clear();
}
