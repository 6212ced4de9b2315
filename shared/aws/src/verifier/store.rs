//! A provider's secret in Secrets Manager.

use acuse_core::error::chain;
use acuse_core::provider::Provider;
use acuse_core::receive::registration::{self, Window};
use acuse_core::receive::secrets::{Accounts, Problem, SecretError};
use acuse_core::receive::{SecretStore, StoreError};
use aws_sdk_secretsmanager::Client;
use aws_sdk_secretsmanager::error::SdkError;
use aws_sdk_secretsmanager::operation::get_secret_value::{GetSecretValueError, GetSecretValueOutput};
use tracing::{debug, error, warn};

/// One provider's secret.
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

    /// The current version alone; `None` if no secret was stored yet.
    ///
    /// # Errors
    /// As [`load`](SecretStore::load), but without falling back on the previous version.
    pub async fn current(&self) -> Result<Option<Accounts>, StoreError> {
        Ok(self.version("AWSCURRENT").await??)
    }

    /// The accounts in one version; `None` if there is no such version, or only the placeholder.
    ///
    /// # Errors
    /// The outer one if the store fails, the inner one if the version is not a valid secret.
    async fn version(&self, stage: &'static str) -> Result<Result<Option<Accounts>, SecretError>, StoreError> {
        let Some(value) = self.get(stage).await? else {
            return Ok(Ok(None));
        };
        Ok(match (value.secret_string, value.secret_binary) {
            (Some(text), _) => Accounts::parse(self.provider, &text),
            (None, Some(_)) => Err(Problem::Binary.of(self.provider)),
            (None, None) => Ok(None),
        })
    }

    /// The version with this staging label; `None` if there is none.
    async fn get(&self, stage: &'static str) -> Result<Option<GetSecretValueOutput>, StoreError> {
        let version = labelled(&self.client, &self.secret_id, stage).await;
        version.map_err(|error| StoreError::Unreachable {
            secret: self.secret_id.clone(),
            source: Box::new(error),
        })
    }
}

/// The version of a secret with this staging label; `None` if there is none.
pub async fn labelled(
    client: &Client,
    id: &str,
    stage: &str,
) -> Result<Option<GetSecretValueOutput>, SdkError<GetSecretValueError>> {
    match client
        .get_secret_value()
        .secret_id(id)
        .version_stage(stage)
        .send()
        .await
    {
        Ok(value) => Ok(Some(value)),
        Err(SdkError::ServiceError(error)) if error.err().is_resource_not_found_exception() => Ok(None),
        Err(error) => Err(error),
    }
}

impl SecretStore for SecretsManager {
    /// `AWSCURRENT` and `AWSPREVIOUS` together, so that a rotation loses nothing. If one of them is not a valid secret,
    /// the other one is still used.
    async fn load(&self) -> Result<Accounts, StoreError> {
        // In sequence over one connection: opening a second one costs more than it saves. Both must be read, since
        // without one of them a signature can't be called wrong.
        let current = self.version("AWSCURRENT").await?;
        self.with_previous(current).await
    }

    /// `AWSCURRENT`, if nothing is wrong with it: one call less for each start. `acuse` leaves no `AWSPREVIOUS` that
    /// matters; the console and the AWS CLI do.
    async fn load_newest(&self) -> Result<Accounts, StoreError> {
        match self.version("AWSCURRENT").await? {
            Ok(Some(current)) if current.errors().next().is_none() => Ok(current),
            current => self.with_previous(current).await,
        }
    }

    async fn registration(&self) -> Result<Option<Window>, StoreError> {
        let stored = self.get(registration::STAGE).await?;
        let text = stored.and_then(|value| value.secret_string);
        Ok(text.as_deref().and_then(Window::from_json))
    }
}

impl SecretsManager {
    /// What `current` and the previous version say together.
    async fn with_previous(&self, current: Result<Option<Accounts>, SecretError>) -> Result<Accounts, StoreError> {
        let previous = self.version("AWSPREVIOUS").await?.unwrap_or_else(|error| {
            debug!(error = chain(&error), "previous secret not used");
            None
        });
        for error in current.iter().flatten().flat_map(Accounts::errors) {
            error!(
                provider = self.provider.name,
                error = chain(error),
                "an account can't be used as it is stored"
            );
        }
        match (current, previous) {
            (Ok(Some(current)), Some(previous)) => Ok(current.and_previous(previous)),
            (Ok(Some(accounts)), None) | (Ok(None), Some(accounts)) => Ok(accounts),
            (Ok(None), None) => {
                warn!(
                    provider = self.provider.name,
                    secret = self.secret_id,
                    "no secret is stored yet: every delivery is refused and kept in quarantine"
                );
                Ok(Accounts::default())
            }
            (Err(error), Some(previous)) => {
                error!(
                    provider = self.provider.name,
                    error = chain(&error),
                    "the current secret is invalid; only the previous one is used"
                );
                Ok(previous)
            }
            (Err(error), None) => Err(error.into()),
        }
    }
}
