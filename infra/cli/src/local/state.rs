//! The files of a running stack's state folder: `stack.json`, the lock, and `env` for cargo-lambda.

use std::collections::BTreeMap;
use std::fs::{self, File, TryLockError};
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::error::Error;
use crate::stack::running::{CREDENTIALS, REGION, Running, lock_path, stack_path};

/// Writes `stack.json`, by which the other commands find the stack.
pub(super) fn write_stack(state: &Path, running: &Running) -> Result<(), Error> {
    let path = stack_path(state);
    let text = serde_json::to_string_pretty(running).unwrap_or_default();
    fs::write(&path, text).map_err(Error::file("write", &path))
}

/// Writes the variables that functions need when they run outside the emulator.
pub(super) fn write_env(state: &Path, endpoint: &str, variables: &BTreeMap<String, String>) -> Result<(), Error> {
    let own = CREDENTIALS
        .into_iter()
        .chain([("AWS_REGION", REGION), ("AWS_ENDPOINT_URL", endpoint)]);
    let deployed = variables.iter().map(|(name, value)| (name.as_str(), value.as_str()));
    let lines: String = own
        .chain(deployed)
        .map(|(name, value)| match value.contains(['=', ' ']) {
            // cargo-lambda reads such a value only in quotes.
            true => format!("{name}=\"{value}\"\n"),
            false => format!("{name}={value}\n"),
        })
        .collect();
    let path = env_path(state);
    fs::write(&path, lines).map_err(Error::file("write", &path))
}

pub(super) fn env_path(state: &Path) -> PathBuf {
    state.join("env")
}

/// The lock that a stack holds while it runs. The kernel releases it when the process ends.
#[derive(Debug)]
pub(super) struct StateLock {
    state: PathBuf,
    _file: File,
}

impl StateLock {
    /// Variables for `cargo lambda watch --env-file`.
    pub(super) fn env_file(&self) -> PathBuf {
        env_path(&self.state)
    }

    pub(super) async fn take(state: &Path) -> Result<Self, Error> {
        // Readers take it for a moment.
        let mut attempts = 0..20;
        match lock(&lock_path(state), || attempts.next().is_some()).await? {
            Some(file) => Ok(Self {
                state: state.to_path_buf(),
                _file: file,
            }),
            None => Err(Error::AlreadyRunning(state.to_path_buf())),
        }
    }
}

/// Locks a file until it is dropped or the process ends. `None` if another process has it, and `again` is false.
pub(super) async fn lock(path: &Path, mut again: impl FnMut() -> bool) -> Result<Option<File>, Error> {
    let file = File::create(path).map_err(Error::file("create", path))?;
    loop {
        match file.try_lock() {
            Ok(()) => return Ok(Some(file)),
            Err(TryLockError::Error(error)) => return Err(Error::file("lock", path)(error)),
            Err(TryLockError::WouldBlock) if again() => tokio::time::sleep(Duration::from_millis(20)).await,
            Err(TryLockError::WouldBlock) => return Ok(None),
        }
    }
}

impl Drop for StateLock {
    fn drop(&mut self) {
        // Removed before the lock is released, so that nobody finds a stack that has stopped.
        let _ = fs::remove_file(stack_path(&self.state));
    }
}
