//! Reading and writing a provider's secret and registration window in Secrets Manager.

use std::error::Error;

use acuse_core::clock::Timestamp;
use acuse_core::provider::Provider;
use acuse_core::receive::registration;
use acuse_core::receive::secrets::{Problem, SecretError, SecretVersion};
use aws_sdk_secretsmanager::Client;

use crate::stack::target::{Target, TargetError};

/// One provider's secret in Secrets Manager.
#[derive(Debug)]
pub struct StackSecret {
    client: Client,
    id: String,
    provider: &'static Provider,
}

/// A secret that can't be read or written. Contains no part of a value.
#[derive(Debug, thiserror::Error)]
#[expect(missing_docs, reason = "the texts say it")]
pub enum StackSecretError {
    #[error("can't {operation} the secret `{id}`")]
    Unreachable {
        operation: &'static str,
        id: String,
        source: Box<dyn Error + Send + Sync>,
    },
    #[error(
        "stored the new secret in `{id}`, but the old one could not be withdrawn: it is still accepted. Run this again"
    )]
    NotWithdrawn { id: String, source: Box<StackSecretError> },
    #[error(transparent)]
    Secret(#[from] SecretError),
}

impl StackSecret {
    /// The secret of `provider` in a stack.
    pub fn of(target: &Target, provider: &'static Provider) -> Result<Self, TargetError> {
        Ok(Self {
            client: Client::new(&target.sdk),
            id: target.secret_id(provider)?.to_owned(),
            provider,
        })
    }

    /// Its name or ARN.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The stored secret; `None` for the template's placeholder.
    pub async fn get(&self) -> Result<Option<SecretVersion>, StackSecretError> {
        let value = self.client.get_secret_value().secret_id(&self.id).send().await;
        let value = value.map_err(|error| self.error("read", error))?;
        let text = value.secret_string();
        let text = text.ok_or_else(|| Problem::Binary.of(self.provider))?;
        let stored = SecretVersion::parse(self.provider, text)?.trimmed();
        Ok(Some(stored).filter(|stored| !stored.placeholder))
    }

    /// Stores a secret. The old one becomes the previous version, which is accepted as well.
    pub async fn add(&self, secret: &SecretVersion) -> Result<(), StackSecretError> {
        let put = self.client.put_secret_value().secret_id(&self.id);
        let put = put.secret_string(secret.to_json()).send().await;
        put.map(drop).map_err(|error| self.error("write", error))
    }

    /// Stores a secret and withdraws the old one, by storing it twice: functions accept `AWSPREVIOUS`, a label that
    /// each write moves to the version before it. This needs no permission other than `PutSecretValue`, so whoever can
    /// do the first half can do the second. If the second call fails, both are accepted and nothing is refused; running
    /// it again is safe.
    pub async fn replace(&self, secret: &SecretVersion) -> Result<(), StackSecretError> {
        self.add(secret).await?;
        self.add(secret).await.map_err(|error| StackSecretError::NotWithdrawn {
            id: self.id.clone(),
            source: Box::new(error),
        })
    }

    /// Opens the provider's registration window until then, or closes it. It is a version of the secret with a label of
    /// its own: `AWSCURRENT` and `AWSPREVIOUS` stay where they are, so the secret and its rotation are untouched.
    /// <https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_PutSecretValue.html>
    pub async fn set_registration(&self, until: Option<Timestamp>) -> Result<(), StackSecretError> {
        let put = self.client.put_secret_value().secret_id(&self.id);
        let put = put.secret_string(registration::to_json(until));
        let put = put.version_stages(registration::STAGE).send().await;
        let operation = match until {
            Some(_) => "open the registration window in",
            None => "close the registration window in",
        };
        put.map(drop).map_err(|error| self.error(operation, error))
    }

    fn error(&self, operation: &'static str, error: impl Into<Box<dyn Error + Send + Sync>>) -> StackSecretError {
        StackSecretError::Unreachable {
            operation,
            id: self.id.clone(),
            source: error.into(),
        }
    }
}
