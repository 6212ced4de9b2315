//! The stack's own runtime.

use std::future::Future;
use std::time::{Duration, Instant};

use tokio::runtime::{Builder, Runtime};
use tokio::task::JoinHandle;

use super::error::Error;

/// Runs the stack's tasks in a runtime of its own, since tests share a stack and each test's runtime ends with it.
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

    /// Runs `task` to its end. What it spawns runs until the stack stops. If the future is dropped, so is the task, and
    /// the programs it has started end.
    pub(super) async fn run<T: Send + 'static>(
        &self,
        task: impl Future<Output = Result<T, Error>> + Send + 'static,
    ) -> Result<T, Error> {
        let Some(runtime) = &self.0 else {
            return Err(Error::Runtime("the stack is stopped".into()));
        };
        let mut task = AbortOnDrop(runtime.spawn(task));
        (&mut task.0)
            .await
            .unwrap_or_else(|error| Err(Error::Runtime(error.into())))
    }
}

impl Drop for Background {
    fn drop(&mut self) {
        // Without waiting, since this may be dropped in another runtime, which must not block.
        if let Some(runtime) = self.0.take() {
            runtime.shutdown_background();
        }
    }
}

/// A task that is aborted when this is dropped.
struct AbortOnDrop<T>(JoinHandle<T>);

impl<T> Drop for AbortOnDrop<T> {
    fn drop(&mut self) {
        self.0.abort();
        // A short wait lets the programs it runs receive their signal to end.
        let deadline = Instant::now() + Duration::from_secs(1);
        while !self.0.is_finished() && Instant::now() < deadline {
            std::thread::sleep(Duration::from_millis(5));
        }
    }
}
