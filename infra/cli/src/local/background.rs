//! The stack's own runtime.

use std::future::Future;
use std::time::{Duration, Instant};

use tokio::runtime::{Builder, Runtime};
use tokio::task::JoinHandle;

use super::error::Error;

/// Runs the stack's tasks. Not the caller's runtime does: a test's ends with the test, and the
/// stack that it started is there for the others.
#[derive(Debug)]
pub(super) struct Background(Option<Runtime>);

impl Background {
    pub(super) fn start() -> Result<Self, Error> {
        Builder::new_multi_thread()
            .worker_threads(2)
            .thread_name("acuse-local")
            .enable_all()
            .build()
            .map(|runtime| Self(Some(runtime)))
            .map_err(|error| Error::Runtime(error.into()))
    }

    /// Runs `task` here. Where the answer is waited for no longer, the task is ended, and what it
    /// had started with it.
    pub(super) async fn run<T: Send + 'static>(
        &self,
        task: impl Future<Output = Result<T, Error>> + Send + 'static,
    ) -> Result<T, Error> {
        let Some(runtime) = &self.0 else {
            return Err(Error::Runtime("it has been stopped".into()));
        };
        let mut task = Ended(runtime.spawn(task));
        (&mut task.0)
            .await
            .unwrap_or_else(|error| Err(Error::Runtime(error.into())))
    }

    /// Runs `task` here until the stack stops.
    pub(super) fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        if let Some(runtime) = &self.0 {
            runtime.spawn(task);
        }
    }
}

impl Drop for Background {
    fn drop(&mut self) {
        // Without waiting: this may well be dropped inside another runtime, which must not block.
        if let Some(runtime) = self.0.take() {
            runtime.shutdown_background();
        }
    }
}

/// A task that ends when this is dropped.
struct Ended<T>(JoinHandle<T>);

impl<T> Drop for Ended<T> {
    fn drop(&mut self) {
        self.0.abort();
        // For a moment only: until the programs that it runs have been told to end.
        let deadline = Instant::now() + Duration::from_secs(1);
        while !self.0.is_finished() && Instant::now() < deadline {
            std::thread::sleep(Duration::from_millis(5));
        }
    }
}
