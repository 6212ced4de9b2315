//! A provider's accounts, as they are read from Secrets Manager.

use std::collections::BTreeMap;

use acuse_core::account::AccountName;
use acuse_core::clock::Timestamp;
use acuse_core::provider::Provider;
use acuse_core::receive::secrets::{Problem, SecretError, SecretVersion, Secrets, StoredAccount};
use aws_sdk_secretsmanager::operation::get_secret_value::GetSecretValueOutput;

/// The accounts as they are stored, and the version that they were read from.
pub struct Stored {
    /// What the functions accept: the current version and, for the same accounts, the previous one.
    pub version: SecretVersion,
    /// The accounts of the previous version, which the functions accept too.
    previous: SecretVersion,
    pub(super) id: String,
    /// When the version was written.
    pub created_at: Option<Timestamp>,
    /// Why the current version can't be read as a whole. The functions use the accounts that can be read, and the
    /// previous version of the others.
    pub invalid: Option<SecretError>,
    /// Why accounts can't be used as they are stored. The functions use the previous ones, if there are any.
    pub mistakes: BTreeMap<AccountName, SecretError>,
}

impl Stored {
    /// The account called `name`, if it has a secret.
    pub fn account(&self, name: &AccountName) -> Option<&StoredAccount> {
        self.version.accounts.get(name)
    }

    /// Whether the functions accept deliveries of the account, be it because of the previous version alone.
    pub fn accepts(&self, name: &AccountName) -> bool {
        self.account(name).is_some() || self.previous.accounts.contains_key(name)
    }

    /// Reads the current version, and the previous one's text. An error if replacing the current one would lose accounts
    /// that are in no other version.
    pub(super) fn read(
        provider: &Provider,
        value: GetSecretValueOutput,
        previous: Option<&str>,
    ) -> Result<Self, SecretError> {
        // The functions can't read the others either.
        let previous = previous.map(|text| SecretVersion::readable(provider, text));
        let previous = previous.filter(|version| !version.accounts.is_empty());
        let text = value.secret_string.as_deref();
        let read = text.ok_or_else(|| Problem::Binary.of(provider));
        let (mut version, invalid) = match read.and_then(|text| SecretVersion::parse(provider, text)) {
            Ok(version) => (version.unwrap_or_default(), None),
            Err(error) if previous.is_none() && text.is_some_and(|text| text.contains("\"accounts\"")) => {
                return Err(error);
            }
            Err(error) => {
                let mut version = previous.clone().unwrap_or_default();
                let readable = SecretVersion::readable(provider, text.unwrap_or_default());
                version.accounts.extend(readable.accounts);
                (version, Some(error))
            }
        };
        // A write moves the label `AWSPREVIOUS`: what is accepted because of it goes into the new version.
        let previous = previous.unwrap_or_default();
        let mut mistakes = BTreeMap::new();
        for (name, account) in &mut version.accounts {
            let check = |account: &StoredAccount| Secrets::of(provider, name.clone(), account).err();
            let older = previous.accounts.get(name).filter(|older| check(older).is_none());
            match (check(account), older) {
                (None, Some(older)) => *account = std::mem::take(account).beside(older),
                (None, None) => {}
                (Some(mistake), older) => {
                    mistakes.insert(name.clone(), mistake);
                    // The functions use the previous one alone.
                    *account = older.unwrap_or(account).clone();
                }
            }
        }
        Ok(Stored {
            version,
            previous,
            id: value.version_id.unwrap_or_default(),
            created_at: value
                .created_date
                .and_then(|at| Some(Timestamp::from_millis(at.to_millis().ok()?))),
            invalid,
            mistakes,
        })
    }
}
