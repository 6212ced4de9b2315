//! What is typed meanwhile.

use std::io::BufRead;

use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

/// The lines of standard input that ask to send again.
pub(super) struct Keys(Option<UnboundedReceiver<()>>);

impl Keys {
    /// Reads in a thread of its own: a read can't be cancelled, and would keep the runtime from ending.
    pub(super) fn listen() -> Self {
        let (asked, keys) = unbounded_channel();
        std::thread::spawn(move || {
            for line in std::io::stdin().lock().lines().map_while(Result::ok) {
                if line.trim().eq_ignore_ascii_case("r") && asked.send(()).is_err() {
                    return;
                }
            }
        });
        Self(Some(keys))
    }

    /// Resolves when somebody asks to send again; never once standard input has ended.
    pub(super) async fn resend(&mut self) {
        if let Some(keys) = &mut self.0 {
            if keys.recv().await.is_some() {
                return;
            }
            self.0 = None;
        }
        std::future::pending().await
    }
}
