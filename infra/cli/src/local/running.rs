//! What a running stack tells the other commands: `stack.json`, and `env` for cargo-lambda.

use std::collections::BTreeMap;
use std::fs::{self, File, TryLockError};
use std::path::{Path, PathBuf};
use std::time::Duration;

use acuse_aws::ledger::reader::LedgerReader;
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_sdk_dynamodb::config::{Credentials, SharedCredentialsProvider};
use serde::{Deserialize, Serialize};

use super::emulator::{CREDENTIALS, REGION};
use super::error::Error;

/// A running stack.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Running {
    /// The AWS end point.
    pub endpoint: String,
    /// Where deliveries go: `{http}/webhooks/{provider}`.
    pub http: String,
    /// Where the inspector is.
    pub inspector: String,
    /// The template's outputs.
    pub outputs: BTreeMap<String, String>,
    /// Where `cargo lambda watch` is asked, if that runs the functions.
    pub watch: Option<String>,
    /// The process that runs it.
    pub pid: u32,
}

impl Running {
    /// The stack that runs in `state`; `None` where none does. A file that a killed stack left
    /// behind is none: a running one holds the lock.
    pub fn find(state: &Path) -> Option<Self> {
        let lock = File::open(lock_path(state)).ok()?;
        match lock.try_lock_shared() {
            Err(TryLockError::WouldBlock) => {}
            _ => return None,
        }
        serde_json::from_slice(&fs::read(stack_path(state)).ok()?).ok()
    }

    pub(super) fn write(&self, state: &Path) -> Result<(), Error> {
        let path = stack_path(state);
        let text = serde_json::to_string_pretty(self).unwrap_or_default();
        fs::write(&path, text).map_err(Error::file("write", &path))
    }
}

/// Writes what functions that run elsewhere need, in the emulator's place.
pub(super) fn write_env(state: &Path, endpoint: &str, variables: &BTreeMap<String, String>) -> Result<(), Error> {
    let own = CREDENTIALS
        .into_iter()
        .chain([("AWS_REGION", REGION), ("AWS_ENDPOINT_URL", endpoint)]);
    let deployed = variables.iter().map(|(name, value)| (name.as_str(), value.as_str()));
    let lines: String = own
        .chain(deployed)
        .map(|(name, value)| match value.contains(['=', ' ']) {
            // cargo-lambda reads such a value in quotes alone.
            true => format!("{name}=\"{value}\"\n"),
            false => format!("{name}={value}\n"),
        })
        .collect();
    let path = env_path(state);
    fs::write(&path, lines).map_err(Error::file("write", &path))
}

/// Variables for `cargo lambda watch --env-file`.
pub(super) fn env_path(state: &Path) -> PathBuf {
    state.join("env")
}

fn stack_path(state: &Path) -> PathBuf {
    state.join("stack.json")
}

fn lock_path(state: &Path) -> PathBuf {
    state.join("lock")
}

/// Held by a stack as long as it runs; the kernel lets go of it when the process ends.
#[derive(Debug)]
pub(super) struct StateLock {
    state: PathBuf,
    _file: File,
}

impl StateLock {
    pub(super) async fn take(state: &Path) -> Result<Self, Error> {
        let path = lock_path(state);
        let file = File::create(&path).map_err(Error::file("create", &path))?;
        // A reader has it for a moment.
        for _ in 0..20 {
            match file.try_lock() {
                Ok(()) => {
                    return Ok(Self {
                        state: state.to_path_buf(),
                        _file: file,
                    });
                }
                Err(TryLockError::WouldBlock) => tokio::time::sleep(Duration::from_millis(20)).await,
                Err(TryLockError::Error(source)) => {
                    return Err(Error::File {
                        operation: "lock",
                        path,
                        source,
                    });
                }
            }
        }
        Err(Error::AlreadyRunning {
            state: state.to_path_buf(),
        })
    }
}

impl Drop for StateLock {
    fn drop(&mut self) {
        // While the lock is still held: nobody finds a stack that is not there.
        let _ = fs::remove_file(stack_path(&self.state));
    }
}

impl Running {
    /// The ledger of this stack.
    pub fn ledger(&self) -> LedgerReader {
        let table = self.outputs.get("LedgerTableName").cloned().unwrap_or_default();
        LedgerReader::new(aws_sdk_dynamodb::Client::new(&self.sdk()), table)
    }

    /// The SDK's configuration for the stack's emulator, with its dummy credentials.
    pub fn sdk(&self) -> SdkConfig {
        let [(_, id), (_, secret)] = CREDENTIALS;
        SdkConfig::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new(REGION))
            .endpoint_url(&self.endpoint)
            .credentials_provider(SharedCredentialsProvider::new(Credentials::new(
                id,
                secret,
                None,
                None,
                "local stack",
            )))
            .http_client(aws_smithy_http_client::Builder::new().build_http())
            .build()
    }
}
