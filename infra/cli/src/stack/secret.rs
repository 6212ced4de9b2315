//! Reading and writing a provider's secret in Secrets Manager.

mod error;
mod registration;
mod stored;
mod versions;

use acuse_core::account::AccountName;
use acuse_core::provider::Provider;
use acuse_core::receive::secrets::{LONGEST, StoredAccount};
use aws_sdk_secretsmanager::Client;

use crate::stack::target::{Target, TargetError};
pub use error::StackSecretError;
pub use stored::Stored;
pub(in crate::stack) use versions::{RETRIES, Versions, WRITING, pause};

/// One provider's secret in Secrets Manager, which has all its accounts.
#[derive(Debug)]
pub struct StackSecret {
    versions: Versions,
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
            versions: Versions::new(client, id),
            provider,
            knows_accounts,
        }
    }

    /// Its name or ARN.
    pub fn id(&self) -> &str {
        self.versions.id()
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
        let value = self.versions.current().await?;
        let previous = self.versions.previous().await?.and_then(|value| value.secret_string);
        Ok(Stored::read(self.provider, value, previous.as_deref())?)
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
        self.versions.withdraw(&replaced).await
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
            match self.versions.write(&base.id, text).await {
                Ok(()) => return Ok(base.id.clone()),
                Err(error @ StackSecretError::Changed { .. }) if retries.next().is_some() => {
                    pause().await;
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
}

/// As the template creates the secret: functions refuse every delivery and keep it in quarantine.
const PLACEHOLDER: &str = r#"{"placeholder":true}"#;
