//! A provider's secret in Secrets Manager, as the operator reads and writes it.

use acuse_core::provider::Provider;
use acuse_core::receive::secrets::{Problem, SecretError, SecretVersion};
use aws_sdk_secretsmanager::Client;
use thiserror::Error;

use crate::stack::target::{Target, TargetError};

/// One provider's secret in Secrets Manager.
#[derive(Debug)]
pub struct Store {
    client: Client,
    id: String,
    provider: &'static Provider,
}

/// A secret that can't be read or written. Carries no part of a value.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum StoreError {
    /// Secrets Manager refuses or does not answer.
    #[error("can't {operation} the secret `{id}`")]
    Unreachable {
        /// What was tried.
        operation: &'static str,
        /// Its name or ARN.
        id: String,
        /// What Secrets Manager said.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// Both are accepted now.
    #[error(
        "stored the new secret in `{id}`, but the old one could not be withdrawn: it is still accepted. Run this again"
    )]
    NotWithdrawn {
        /// Its name or ARN.
        id: String,
        /// Why.
        source: Box<StoreError>,
    },
    /// What is there is not a secret of this provider.
    #[error(transparent)]
    Secret(#[from] SecretError),
}

impl Store {
    /// The one of `provider` in a stack.
    ///
    /// # Errors
    /// [`TargetError::NoOutput`].
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

    /// What is there; `None` for the template's placeholder.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn get(&self) -> Result<Option<SecretVersion>, StoreError> {
        let value = self.client.get_secret_value().secret_id(&self.id).send().await;
        let value = value.map_err(|error| self.error("read", error))?;
        let text = value.secret_string();
        let text = text.ok_or_else(|| Problem::Binary.of(self.provider))?;
        let stored = SecretVersion::parse(self.provider, text)?.trimmed();
        Ok(Some(stored).filter(|stored| !stored.placeholder))
    }

    /// Stores it. What was there is accepted as well: it becomes the previous version.
    ///
    /// # Errors
    /// [`StoreError::Unreachable`].
    pub async fn add(&self, secret: &SecretVersion) -> Result<(), StoreError> {
        let put = self.client.put_secret_value().secret_id(&self.id);
        let put = put.secret_string(secret.to_json()).send().await;
        put.map(drop).map_err(|error| self.error("write", error))
    }

    /// Stores it, and withdraws what was there. Between the two calls both are accepted, so that
    /// nothing is refused where the second one fails; running it again is safe.
    ///
    /// It is stored twice: the functions accept `AWSPREVIOUS`, a label that each write moves to what
    /// was current before it. So this needs no permission but `PutSecretValue`, and what may do the
    /// first half may do the second.
    ///
    /// # Errors
    /// [`StoreError::Unreachable`], and [`StoreError::NotWithdrawn`] after the first call.
    pub async fn replace(&self, secret: &SecretVersion) -> Result<(), StoreError> {
        self.add(secret).await?;
        self.add(secret).await.map_err(|error| StoreError::NotWithdrawn {
            id: self.id.clone(),
            source: Box::new(error),
        })
    }

    fn error(&self, operation: &'static str, error: impl std::error::Error + Send + Sync + 'static) -> StoreError {
        StoreError::Unreachable {
            operation,
            id: self.id.clone(),
            source: Box::new(error),
        }
    }
}
