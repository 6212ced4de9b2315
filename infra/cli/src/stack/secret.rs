//! Reading and writing a provider's secret and registration window in Secrets Manager.

use std::error::Error;

use acuse_core::account::AccountName;
use acuse_core::clock::Timestamp;
use acuse_core::provider::Provider;
use acuse_core::receive::registration::{self, Window};
use acuse_core::receive::secrets::{LONGEST, Problem, SecretError, SecretVersion, StoredAccount};
use aws_sdk_secretsmanager::Client;

use crate::stack::target::{Target, TargetError};

/// The label of the version that is being written, until it becomes the current one.
const WRITING: &str = "ACUSE_WRITING";

/// One provider's secret in Secrets Manager, which has all its accounts.
#[derive(Debug)]
pub struct StackSecret {
    client: Client,
    id: String,
    provider: &'static Provider,
    /// Whether the stack's functions can read accounts.
    knows_accounts: bool,
}

/// The accounts as they are stored, and the version that they were read from.
pub struct Stored {
    /// What the functions accept: the current version and, for the same accounts, the previous one.
    pub version: SecretVersion,
    id: String,
    /// When the version was written.
    pub created_at: Option<Timestamp>,
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
    /// Nothing is written, so that the other change is not lost.
    #[error("somebody else changed the secret `{id}` at the same moment, so nothing was stored; run this again")]
    Changed {
        id: String,
        source: Box<dyn Error + Send + Sync>,
    },
    #[error("the stack's functions are older than accounts and could not read the secret; deploy this version first")]
    OldFunctions,
    #[error(
        "{accounts} accounts take {bytes} bytes, and a secret has room for {LONGEST}; remove accounts, finish rotations, or use another stack"
    )]
    TooLong { accounts: usize, bytes: usize },
    #[error(
        "stored the new secret in `{id}`, but the old one could not be withdrawn: it is still accepted. Run this again"
    )]
    NotWithdrawn { id: String, source: Box<StackSecretError> },
    #[error(transparent)]
    Secret(#[from] SecretError),
}

impl Stored {
    /// The account called `name`, if it has a secret.
    pub fn account(&self, name: &AccountName) -> Option<&StoredAccount> {
        self.version.accounts.get(name)
    }
}

impl StackSecret {
    /// The secret of `provider` in a stack.
    pub fn of(target: &Target, provider: &'static Provider) -> Result<Self, TargetError> {
        Ok(Self {
            client: Client::new(&target.sdk),
            id: target.secret_id(provider)?.to_owned(),
            provider,
            knows_accounts: target.knows_accounts(),
        })
    }

    /// Its name or ARN.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The accounts that are stored; none for the template's placeholder.
    pub async fn get(&self) -> Result<Stored, StackSecretError> {
        let value = self.client.get_secret_value().secret_id(&self.id).send().await;
        let value = value.map_err(|error| self.error("read", error))?;
        let text = value.secret_string();
        let text = text.ok_or_else(|| Problem::Binary.of(self.provider))?;
        let mut version = SecretVersion::parse(self.provider, text)?.unwrap_or_default();
        // A write moves the label `AWSPREVIOUS`: what is accepted because of it goes into the new version.
        let previous = self.previous().await?.accounts;
        for (name, account) in &mut version.accounts {
            if let Some(older) = previous.get(name) {
                *account = std::mem::take(account).beside(older);
            }
        }
        Ok(Stored {
            version,
            id: value.version_id.unwrap_or_default(),
            created_at: value
                .created_date
                .and_then(|at| Some(Timestamp::from_millis(at.to_millis().ok()?))),
        })
    }

    /// The previous version; empty if there is none, or if the functions can't read it either.
    async fn previous(&self) -> Result<SecretVersion, StackSecretError> {
        let get = self.client.get_secret_value().secret_id(&self.id);
        let text = match get.version_stage("AWSPREVIOUS").send().await {
            Ok(value) => value.secret_string.unwrap_or_default(),
            Err(error)
                if error
                    .as_service_error()
                    .is_some_and(|e| e.is_resource_not_found_exception()) =>
            {
                String::new()
            }
            Err(error) => return Err(self.error("read", error)),
        };
        let version = SecretVersion::parse(self.provider, &text).ok().flatten();
        Ok(version.unwrap_or_default())
    }

    /// Stores an account and leaves all others as they are. What is accepted now and is not in `account` is accepted
    /// until the next write.
    pub async fn put(
        &self,
        stored: &Stored,
        name: &AccountName,
        account: StoredAccount,
    ) -> Result<(), StackSecretError> {
        let mut version = stored.version.clone();
        version.accounts.insert(name.clone(), account);
        self.write(&stored.id, &version).await.map(drop)
    }

    /// Stores an account, or removes it, and withdraws what it had before. All others stay as they are.
    ///
    /// The version is written twice: functions accept `AWSPREVIOUS`, a label that each write moves to the version before
    /// it. If the second write fails, nothing is refused, and running it again is safe.
    pub async fn replace(
        &self,
        stored: &Stored,
        name: &AccountName,
        account: Option<StoredAccount>,
    ) -> Result<(), StackSecretError> {
        let mut version = stored.version.clone();
        match account {
            Some(account) => drop(version.accounts.insert(name.clone(), account)),
            None => drop(version.accounts.remove(name)),
        }
        let written = self.write(&stored.id, &version).await?;
        let withdrawn = self.write(&written, &version).await;
        withdrawn.map(drop).map_err(|error| StackSecretError::NotWithdrawn {
            id: self.id.clone(),
            source: Box::new(error),
        })
    }

    /// Writes a version in place of the one with the id `read`, unless somebody else has done so: Secrets Manager only
    /// moves a label from the version that it is on. Returns the new version's id.
    /// <https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_UpdateSecretVersionStage.html>
    async fn write(&self, read: &str, version: &SecretVersion) -> Result<String, StackSecretError> {
        if version.single().is_none() && !self.knows_accounts {
            return Err(StackSecretError::OldFunctions);
        }
        let text = match version.accounts.is_empty() {
            true => PLACEHOLDER.to_owned(),
            false => version.to_json(),
        };
        if text.len() > LONGEST {
            return Err(StackSecretError::TooLong {
                accounts: version.accounts.len(),
                bytes: text.len(),
            });
        }
        let put = self.client.put_secret_value().secret_id(&self.id).secret_string(text);
        let put = put.version_stages(WRITING).send().await;
        let written = put
            .map_err(|error| self.error("write", error))?
            .version_id
            .unwrap_or_default();
        let label = self.client.update_secret_version_stage().secret_id(&self.id);
        let label = label.version_stage("AWSCURRENT").remove_from_version_id(read);
        match label.move_to_version_id(&written).send().await {
            Ok(_) => Ok(written),
            Err(error)
                if error
                    .as_service_error()
                    .is_some_and(|e| e.is_invalid_parameter_exception()) =>
            {
                Err(StackSecretError::Changed {
                    id: self.id.clone(),
                    source: error.into(),
                })
            }
            Err(error) => Err(self.error("write", error)),
        }
    }

    /// Opens the provider's registration window, or closes it. It is a version of the secret with a label of its own:
    /// `AWSCURRENT` and `AWSPREVIOUS` stay where they are, so the secret and its rotation are untouched.
    /// <https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_PutSecretValue.html>
    pub async fn set_registration(&self, window: Option<&Window>) -> Result<(), StackSecretError> {
        let put = self.client.put_secret_value().secret_id(&self.id);
        let put = put.secret_string(window.map_or_else(Window::closed, Window::to_json));
        let put = put.version_stages(registration::STAGE).send().await;
        let operation = match window {
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

/// As the template creates the secret: functions refuse every delivery and keep it in quarantine.
const PLACEHOLDER: &str = r#"{"placeholder":true}"#;
