//! A provider's secret in Secrets Manager.

use acuse_core::clock::Timestamp;
use acuse_core::error::chain;
use acuse_core::provider::Provider;
use acuse_core::receive::secrets::{SecretError, Secrets};
use acuse_core::receive::{SecretStore, StoreError, registration};
use aws_sdk_secretsmanager::Client;
use aws_sdk_secretsmanager::operation::get_secret_value::GetSecretValueOutput;
use tracing::{debug, error, warn};

/// The secret of one provider.
pub struct SecretsManager {
    client: Client,
    secret_id: String,
    provider: &'static Provider,
}

impl SecretsManager {
    /// The secret with this name or ARN.
    pub fn new(client: Client, secret_id: String, provider: &'static Provider) -> Self {
        Self {
            client,
            secret_id,
            provider,
        }
    }

    /// What was stored last, alone; `None` where no secret was put yet.
    ///
    /// # Errors
    /// As [`load`](SecretStore::load), and also where it could fall back on the version before.
    pub async fn current(&self) -> Result<Option<Secrets>, StoreError> {
        Ok(self.version("AWSCURRENT").await??)
    }

    /// One version, read: `None` where there is none of that stage, or only the placeholder.
    ///
    /// # Errors
    /// The outer one where the store does not answer, the inner one where what it holds is of no use.
    async fn version(&self, stage: &'static str) -> Result<Result<Option<Secrets>, SecretError>, StoreError> {
        let provider = self.provider.name;
        Ok(match self.get(stage).await? {
            Some(value) if value.secret_string.is_none() && value.secret_binary.is_some() => {
                Err(SecretError::Binary { provider })
            }
            Some(value) => match value.secret_string {
                Some(text) => Secrets::parse(self.provider, &text),
                None => Ok(None),
            },
            None => Ok(None),
        })
    }

    /// The version of `stage`; `None` where there is none.
    async fn get(&self, stage: &'static str) -> Result<Option<GetSecretValueOutput>, StoreError> {
        let get = self
            .client
            .get_secret_value()
            .secret_id(&self.secret_id)
            .version_stage(stage);
        match get.send().await {
            Ok(value) => Ok(Some(value)),
            Err(error)
                if error
                    .as_service_error()
                    .is_some_and(|e| e.is_resource_not_found_exception()) =>
            {
                Ok(None)
            }
            Err(error) => Err(StoreError::Unreachable {
                secret: self.secret_id.clone(),
                source: Box::new(error),
            }),
        }
    }
}

impl SecretStore for SecretsManager {
    /// `AWSCURRENT` and `AWSPREVIOUS` together, so that a rotation loses nothing. A version
    /// that can't be used does not take the other one down with it.
    async fn load(&self) -> Result<Secrets, StoreError> {
        // One after the other, over one connection: a second one costs more than it saves.
        // Without one of them nobody can say that a signature is wrong.
        let current = self.version("AWSCURRENT").await?;
        let previous = self.version("AWSPREVIOUS").await?.unwrap_or_else(|error| {
            debug!(error = chain(&error), "previous secret not used");
            None
        });
        match (current, previous) {
            (Ok(Some(current)), Some(previous)) => Ok(current.and_previous(previous)),
            (Ok(Some(secrets)), None) | (Ok(None), Some(secrets)) => Ok(secrets),
            (Ok(None), None) => {
                warn!(
                    provider = self.provider.name,
                    secret = self.secret_id,
                    "no secret was put yet: every delivery is refused and kept in quarantine"
                );
                Ok(Secrets::default())
            }
            (Err(error), Some(previous)) => {
                error!(
                    provider = self.provider.name,
                    error = chain(&error),
                    "the current secret can't be used; the previous one still is"
                );
                Ok(previous)
            }
            (Err(error), None) => Err(error.into()),
        }
    }

    async fn registration_until(&self) -> Result<Option<Timestamp>, StoreError> {
        let stored = self.get(registration::STAGE).await?;
        let text = stored.and_then(|value| value.secret_string);
        Ok(text.as_deref().and_then(registration::from_json))
    }
}
