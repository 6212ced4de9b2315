//! The running local stack, as other commands find it: `stack.json` in its state folder.

use std::collections::BTreeMap;
use std::fs::{self, File, TryLockError};
use std::path::{Path, PathBuf};

use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_sdk_dynamodb::config::{Credentials, SharedCredentialsProvider};
use serde::{Deserialize, Serialize};

/// The local stack's name.
pub const STACK: &str = "acuse";

/// The region that everything is deployed in: the emulator's default.
pub(crate) const REGION: &str = "us-east-1";

/// Dummy credentials. Without them, the functions would find the user's own.
pub(crate) const CREDENTIALS: [(&str, &str); 2] = [("AWS_ACCESS_KEY_ID", "local"), ("AWS_SECRET_ACCESS_KEY", "local")];

/// A running local stack.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Running {
    /// The AWS endpoint.
    pub endpoint: String,
    /// Where deliveries go: `{http}/webhooks/{provider}`.
    pub http: String,
    /// The inspector's URL.
    pub inspector: String,
    /// The template's outputs.
    pub outputs: BTreeMap<String, String>,
    /// The URL of `cargo lambda watch`, if it runs the functions.
    pub watch: Option<String>,
    /// The process that runs it.
    pub pid: u32,
}

impl Running {
    /// The stack that runs in the folder `state`. A file that a killed stack left behind does not count: a running
    /// stack holds the lock.
    pub fn find(state: &Path) -> Option<Self> {
        let lock = File::open(lock_path(state)).ok()?;
        match lock.try_lock_shared() {
            Err(TryLockError::WouldBlock) => {}
            _ => return None,
        }
        serde_json::from_slice(&fs::read(stack_path(state)).ok()?).ok()
    }

    /// The SDK's configuration for the stack's emulator, with its dummy credentials.
    pub fn sdk(&self) -> SdkConfig {
        sdk(&self.endpoint)
    }
}

/// The SDK's configuration for the emulator at this endpoint.
pub(crate) fn sdk(endpoint: &str) -> SdkConfig {
    let [(_, id), (_, secret)] = CREDENTIALS;
    let credentials = Credentials::new(id, secret, None, None, "local stack");
    SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new(REGION))
        .endpoint_url(endpoint)
        .credentials_provider(SharedCredentialsProvider::new(credentials))
        .http_client(aws_smithy_http_client::Builder::new().build_http())
        .build()
}

pub(crate) fn stack_path(state: &Path) -> PathBuf {
    state.join("stack.json")
}

pub(crate) fn lock_path(state: &Path) -> PathBuf {
    state.join("lock")
}
