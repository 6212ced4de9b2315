//! Reports what the stack is doing.

use std::fmt;
use std::sync::Arc;

type Sink = Arc<dyn Fn(&str) + Send + Sync>;

/// Receives a line at the start of each step, messages while the stack runs, and what functions log.
#[derive(Clone)]
pub struct Progress {
    say: Sink,
    log: Sink,
}

impl Progress {
    /// Passes every line to `sink`.
    pub fn new(sink: impl Fn(&str) + Send + Sync + 'static) -> Self {
        Self {
            say: Arc::new(sink),
            log: Arc::new(|_| ()),
        }
    }

    /// Passes every line that a function logs to `sink`.
    #[must_use]
    pub fn with_log(self, sink: impl Fn(&str) + Send + Sync + 'static) -> Self {
        let log = Arc::new(sink);
        Self { log, ..self }
    }

    /// Reports `line`.
    pub fn say(&self, line: impl AsRef<str>) {
        (self.say)(line.as_ref());
    }

    /// Reports a line that a function logged. It is not escaped.
    pub(super) fn log(&self, line: impl AsRef<str>) {
        (self.log)(line.as_ref());
    }
}

impl Default for Progress {
    /// Discards every line.
    fn default() -> Self {
        Self::new(|_| ())
    }
}

impl fmt::Debug for Progress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Progress")
    }
}
