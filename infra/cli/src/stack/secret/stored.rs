//! A provider's accounts, as they are read from Secrets Manager.

use std::collections::BTreeMap;

use acuse_core::account::AccountName;
use acuse_core::clock::Timestamp;
use acuse_core::provider::Provider;
use acuse_core::receive::secrets::{Accounts, Problem, SecretError, SecretVersion, StoredAccount};
use aws_sdk_secretsmanager::operation::get_secret_value::GetSecretValueOutput;

use super::{StackSecretError, WRITING};

/// The accounts as they are stored, and the version that they were read from.
pub struct Stored {
    /// What the functions accept of the current version's accounts, some of it because of the previous version.
    pub version: SecretVersion,
    /// The accounts of the previous version, which the functions accept too.
    previous: SecretVersion,
    pub(super) id: String,
    /// When the version was written.
    pub created_at: Option<Timestamp>,
    /// Why the current version can't be read as a whole. The functions use the previous one.
    pub invalid: Option<SecretError>,
    /// Why accounts can't be used as they are stored. The functions use the previous ones, if there are any.
    pub mistakes: BTreeMap<AccountName, SecretError>,
}

impl Stored {
    /// The account called `name`, if it has a secret.
    pub fn account(&self, name: &AccountName) -> Option<&StoredAccount> {
        self.version.accounts.get(name)
    }

    /// Whether there is something to remove of the account: an older version of it may be accepted, and nothing else.
    pub fn contains(&self, name: &AccountName) -> bool {
        let is_current = self.account(name).is_some() || self.mistakes.contains_key(name);
        is_current || self.previous.accounts.contains_key(name)
    }

    /// The mistakes in other accounts than `name`.
    pub fn other_mistakes(&self, name: &AccountName) -> impl Iterator<Item = &SecretError> {
        self.mistakes.values().filter(move |mistake| mistake.account != *name)
    }

    /// Checks that a write of `name` loses no other account. One that has a mistake must be corrected first. If `name`
    /// has one too, what the functions use of the other is kept.
    pub(super) fn check_others(&self, name: &AccountName) -> Result<(), StackSecretError> {
        let corrects = self.mistakes.contains_key(name);
        let mut others = self.other_mistakes(name);
        let lost = others.find(|other| !corrects || self.account(&other.account).is_none());
        lost.map_or(Ok(()), |other| Err(StackSecretError::OtherMistake(other.clone())))
    }

    /// Reads the current version, and the previous one's text. An error if replacing the current one would lose
    /// accounts that are in no other version.
    pub(super) fn read(
        provider: &Provider,
        value: GetSecretValueOutput,
        previous: Option<&str>,
    ) -> Result<Self, SecretError> {
        // The accounts that the functions can use, and the mistakes in the others.
        let parse = |text: &str| {
            let accounts = Accounts::parse(provider, text)?.unwrap_or_default();
            let mut version = SecretVersion::readable(provider, text);
            let is_usable = |name: &AccountName| matches!(accounts.get(name.as_str()), Some(Ok(_)));
            version.accounts.retain(|name, _| is_usable(name));
            let mistakes = accounts.errors().map(|error| (error.account.clone(), error.clone()));
            Ok((version, mistakes.collect::<BTreeMap<_, _>>()))
        };
        let (previous, _) = previous.and_then(|text| parse(text).ok()).unwrap_or_default();
        let text = value.secret_string.as_deref();
        let is_nested = text.is_some_and(|text| text.contains("\"accounts\""));
        let read = text.ok_or_else(|| Problem::Binary.of(provider)).and_then(parse);
        let (mut version, mistakes, invalid) = match read {
            Ok((version, mistakes)) => (version, mistakes, None),
            Err(error) if is_nested && previous.accounts.is_empty() => return Err(error),
            Err(error) => {
                let of_default = (!is_nested).then(|| (AccountName::DEFAULT, error.clone()));
                (previous.clone(), of_default.into_iter().collect(), Some(error))
            }
        };
        let created_at = value.created_date.and_then(|at| at.to_millis().ok());
        let created_at = created_at.map(Timestamp::from_millis);
        // The flat form has no time.
        if !is_nested && let Some(default) = version.accounts.get_mut(&AccountName::DEFAULT) {
            default.changed_at = default.changed_at.or(created_at);
        }
        // A write moves the label `AWSPREVIOUS`: what is accepted because of it goes into the new version. A version of
        // `acuse`'s own has all of that, except what was withdrawn.
        if !value.version_stages().iter().any(|label| label == WRITING) {
            for (name, older) in &previous.accounts {
                if let Some(own) = version.accounts.get_mut(name) {
                    *own = std::mem::take(own).beside(older);
                } else if mistakes.contains_key(name) {
                    version.accounts.insert(name.clone(), older.clone());
                }
            }
        }
        Ok(Stored {
            version,
            previous,
            id: value.version_id.unwrap_or_default(),
            created_at,
            invalid,
            mistakes,
        })
    }
}
