//! Reading and writing a provider's secret in Secrets Manager.

mod error;
mod registration;
mod stored;

use std::error::Error;
use std::time::Duration;

use acuse_aws::system::SystemRandom;
use acuse_aws::verifier::labelled;
use acuse_core::account::AccountName;
use acuse_core::clock::Random;
use acuse_core::provider::Provider;
use acuse_core::receive::secrets::{LONGEST, StoredAccount};
use aws_sdk_secretsmanager::Client;
use aws_sdk_secretsmanager::operation::get_secret_value::GetSecretValueOutput;

use crate::stack::target::{Target, TargetError};
pub use error::StackSecretError;
pub use stored::Stored;

/// The label of the version that is being written, which it keeps until the next write: a current version that has it
/// is of `acuse`'s own. No version has more than three labels, of the 20 that Secrets Manager allows.
const WRITING: &str = "ACUSE_WRITING";

const CURRENT: &str = "AWSCURRENT";
const PREVIOUS: &str = "AWSPREVIOUS";

/// How often a write is done again because another account was changed at the same moment.
const RETRIES: usize = 10;

/// The shortest wait before that: a read just after a write may still return the old value. Up to as much again is
/// random, so that several writers don't meet again.
const PAUSE_MILLIS: u64 = 500;

/// One provider's secret in Secrets Manager, which has all its accounts.
#[derive(Debug)]
pub struct StackSecret {
    client: Client,
    id: String,
    provider: &'static Provider,
    /// Whether the stack's functions can read accounts.
    knows_accounts: bool,
}

impl StackSecret {
    /// The secret of `provider` in a stack.
    pub fn of(target: &Target, provider: &'static Provider) -> Result<Self, TargetError> {
        let id = target.secret_id(provider)?.to_owned();
        // A secret is checked with the stack's signature settings, if these are valid.
        let provider = target.provider(provider).unwrap_or(provider);
        let client = Client::new(&target.sdk);
        Ok(Self::new(client, id, provider, target.knows_accounts()))
    }

    /// The secret of `provider` with this name or ARN.
    pub fn new(client: Client, id: String, provider: &'static Provider, knows_accounts: bool) -> Self {
        Self {
            client,
            id,
            provider,
            knows_accounts,
        }
    }

    /// Its name or ARN.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The accounts that are stored; none for the template's placeholder.
    pub async fn get(&self) -> Result<Stored, StackSecretError> {
        let stored = self.get_replaceable().await?;
        match stored.invalid {
            Some(error) => Err(error.into()),
            None => Ok(stored),
        }
    }

    /// The accounts that the functions accept, even if the current version can't be read and is to be replaced. An
    /// error if that would lose accounts that are in no other version.
    pub async fn get_replaceable(&self) -> Result<Stored, StackSecretError> {
        let value = self.current().await?;
        let previous = self.previous().await?.and_then(|value| value.secret_string);
        Ok(Stored::read(self.provider, value, previous.as_deref())?)
    }

    async fn current(&self) -> Result<GetSecretValueOutput, StackSecretError> {
        let get = self.client.get_secret_value().secret_id(&self.id);
        let value = get.version_stage(CURRENT).send().await;
        value.map_err(|error| self.error("read", error))
    }

    /// The previous version, if there is one.
    async fn previous(&self) -> Result<Option<GetSecretValueOutput>, StackSecretError> {
        let version = labelled(&self.client, &self.id, PREVIOUS).await;
        version.map_err(|error| self.error("read", error))
    }

    /// Stores an account and leaves all others as they are. What is accepted now and is not in `account` is accepted
    /// until the next write.
    pub async fn put(
        &self,
        stored: &Stored,
        name: &AccountName,
        account: StoredAccount,
    ) -> Result<(), StackSecretError> {
        self.set(stored, name, Some(account)).await.map(drop)
    }

    /// Whether an account can be [put](Self::put) beside the others: that the functions can read it, it has room, and
    /// no other account is lost.
    pub fn check(&self, stored: &Stored, name: &AccountName, account: StoredAccount) -> Result<(), StackSecretError> {
        self.changed(stored, name, Some(account)).map(drop)
    }

    /// Stores an account, or removes it, and withdraws what it had before. All others stay as they are. Running it
    /// again is safe.
    ///
    /// Functions accept the version labelled `AWSPREVIOUS`, which is the one that was replaced, so it loses that label.
    /// A second write would withdraw it too, but Secrets Manager keeps about 100 versions of a secret a day.
    /// <https://docs.aws.amazon.com/secretsmanager/latest/userguide/reference_limits.html>
    pub async fn replace(
        &self,
        stored: &Stored,
        name: &AccountName,
        account: Option<StoredAccount>,
    ) -> Result<(), StackSecretError> {
        let replaced = self.set(stored, name, account).await?;
        let label = self.client.update_secret_version_stage().secret_id(&self.id);
        let label = label.version_stage(PREVIOUS).remove_from_version_id(&replaced);
        let Err(error) = label.send().await else {
            return Ok(());
        };
        // It fails as well if the label is on a later version, which has nothing of this one.
        match self.previous().await {
            Ok(previous) if previous.as_ref().and_then(|value| value.version_id()) != Some(replaced.as_str()) => Ok(()),
            _ => Err(StackSecretError::NotWithdrawn {
                id: self.id.clone(),
                source: error.into(),
            }),
        }
    }

    /// Stores or removes an account, again if other accounts were changed at the same moment. Returns the id of the
    /// version that was replaced.
    async fn set(
        &self,
        stored: &Stored,
        name: &AccountName,
        account: Option<StoredAccount>,
    ) -> Result<String, StackSecretError> {
        let mut newer = None;
        let mut retries = 0..RETRIES;
        loop {
            let base: &Stored = newer.as_ref().unwrap_or(stored);
            let text = self.changed(base, name, account.clone())?;
            match self.write(&base.id, text).await {
                Ok(()) => return Ok(base.id.clone()),
                Err(error @ StackSecretError::Changed { .. }) if retries.next().is_some() => {
                    let random = u64::try_from(SystemRandom.bits() % u128::from(PAUSE_MILLIS)).unwrap_or_default();
                    tokio::time::sleep(Duration::from_millis(PAUSE_MILLIS + random)).await;
                    let now = self.get().await?;
                    if now.account(name) != stored.account(name) {
                        return Err(error);
                    }
                    newer = Some(now);
                }
                Err(error) => return Err(error),
            }
        }
    }

    /// Writes a version in place of the one with the id `read`, unless somebody else has done so: Secrets Manager only
    /// moves a label from the version that it is on, and moves `AWSPREVIOUS` with it.
    /// <https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_UpdateSecretVersionStage.html>
    ///
    /// ```text
    /// read        AWSCURRENT                    AWSPREVIOUS
    /// written     ACUSE_WRITING                 ACUSE_WRITING, AWSCURRENT
    ///              │ another write may take the label; a version without any is kept for a day
    /// ```
    async fn write(&self, read: &str, text: String) -> Result<(), StackSecretError> {
        let put = self.client.put_secret_value().secret_id(&self.id).secret_string(text);
        let put = put.version_stages(WRITING).send().await;
        let put = put.map_err(|error| match error.as_service_error() {
            Some(limit) if limit.is_limit_exceeded_exception() => StackSecretError::TooOften {
                id: self.id.clone(),
                source: error.into(),
            },
            _ => self.error("write", error),
        })?;
        let written = put.version_id.unwrap_or_default();
        let label = self.client.update_secret_version_stage().secret_id(&self.id);
        let label = label.version_stage(CURRENT).remove_from_version_id(read);
        let Err(error) = label.move_to_version_id(&written).send().await else {
            return Ok(());
        };
        // If an answer was lost, the SDK has sent the request twice: the first one was done, and the second one failed.
        let refused = error
            .as_service_error()
            .is_some_and(|e| e.is_invalid_parameter_exception());
        match self.current().await?.version_id {
            Some(now) if now == written => Ok(()),
            Some(now) if refused || now != read => Err(StackSecretError::Changed {
                id: self.id.clone(),
                source: error.into(),
            }),
            _ => Err(self.error("write", error)),
        }
    }

    /// The text to store with an account put or removed.
    fn changed(
        &self,
        stored: &Stored,
        name: &AccountName,
        account: Option<StoredAccount>,
    ) -> Result<String, StackSecretError> {
        stored.check_others(name)?;
        let (mut version, removes) = (stored.version.clone(), account.is_none());
        match account {
            Some(account) => drop(version.accounts.insert(name.clone(), account)),
            None => drop(version.accounts.remove(name)),
        }
        // Functions from before accounts can't read it while there are several: removing one by one ends that.
        if !self.knows_accounts && !removes && version.single().is_none() {
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
        Ok(text)
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
