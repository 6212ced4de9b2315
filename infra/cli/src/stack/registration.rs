//! Opening and closing a provider's registration window.

use acuse_core::clock::Timestamp;
use acuse_core::provider::Provider;
use acuse_core::receive::registration::{STAGE, to_json};
use aws_sdk_secretsmanager::Client;
use thiserror::Error;

use crate::stack::target::{Target, TargetError};

/// A provider's registration window, kept where its functions look for it.
#[derive(Debug)]
pub struct Window {
    client: Client,
    secret_id: String,
}

/// A window that can't be opened or closed.
#[derive(Debug, Error)]
#[error("can't {operation} the registration window in the secret `{secret_id}`")]
pub struct WindowError {
    operation: &'static str,
    secret_id: String,
    source: Box<dyn std::error::Error + Send + Sync>,
}

impl Window {
    /// The window of `provider` in a stack.
    pub fn of(target: &Target, provider: &Provider) -> Result<Self, TargetError> {
        Ok(Self {
            client: Client::new(&target.sdk),
            secret_id: target.secret_id(provider)?.to_owned(),
        })
    }

    /// Opens it.
    pub async fn open(&self, until: Timestamp) -> Result<(), WindowError> {
        self.store("open", Some(until)).await
    }

    /// Closes it.
    pub async fn close(&self) -> Result<(), WindowError> {
        self.store("close", None).await
    }

    /// Stores a version with a label of its own. `AWSCURRENT` and `AWSPREVIOUS` stay where they are, so the secret and
    /// its rotation are untouched.
    /// <https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_PutSecretValue.html>
    async fn store(&self, operation: &'static str, until: Option<Timestamp>) -> Result<(), WindowError> {
        let put = self.client.put_secret_value().secret_id(&self.secret_id);
        let put = put.secret_string(to_json(until)).version_stages(STAGE);
        put.send().await.map(drop).map_err(|error| WindowError {
            operation,
            secret_id: self.secret_id.clone(),
            source: Box::new(error),
        })
    }
}
