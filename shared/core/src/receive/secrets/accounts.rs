//! All accounts of one provider.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use super::{SecretError, SecretVersion, Secrets};
use crate::account::AccountName;
use crate::provider::Provider;

/// The secrets of all accounts of a provider. Each account is verified with its own alone: the token of one with the
/// secret of another proves nothing.
///
/// An account that is stored with a mistake does not stop the others.
#[derive(Debug, Clone)]
pub struct Accounts(BTreeMap<AccountName, Result<Secrets, SecretError>>);

impl Default for Accounts {
    /// No secret is stored yet: the default account, which there always is, has none.
    fn default() -> Self {
        Self(BTreeMap::from([(AccountName::DEFAULT, Ok(Secrets::default()))]))
    }
}

/// A provider with one account.
impl From<Secrets> for Accounts {
    fn from(secrets: Secrets) -> Self {
        let mut accounts = Self::default();
        accounts.0.insert(secrets.account().name.clone(), Ok(secrets));
        accounts
    }
}

impl Accounts {
    /// Reads one stored version. `Ok(None)` is the template's placeholder.
    ///
    /// # Errors
    /// [`SecretError`] if no account can be read from it.
    pub fn parse(provider: &Provider, text: &str) -> Result<Option<Self>, SecretError> {
        let Some(each) = SecretVersion::each(provider, text)? else {
            return Ok(None);
        };
        let mut accounts = Self::default();
        let checked = each.into_iter().map(|(name, stored)| {
            let secrets = stored.and_then(|stored| Secrets::of(provider, name.clone(), &stored));
            (name, secrets)
        });
        accounts.0.extend(checked);
        Ok(Some(accounts))
    }

    /// The secrets of the account that a URL names; `None` if there is no such account.
    ///
    /// # Errors
    /// [`SecretError`] if the account is stored with a mistake.
    pub fn get(&self, name: &str) -> Option<Result<&Secrets, &SecretError>> {
        self.0.get(name).map(Result::as_ref)
    }

    /// The accounts that have a secret, by name.
    pub fn iter(&self) -> impl Iterator<Item = &Secrets> {
        let usable = self.0.values().filter_map(|secrets| secrets.as_ref().ok());
        usable.filter(|secrets| !secrets.is_empty())
    }

    /// The mistakes in accounts that can't be used.
    pub fn errors(&self) -> impl Iterator<Item = &SecretError> {
        self.0.values().filter_map(|secrets| secrets.as_ref().err())
    }

    /// These accounts and those of the previous version, whose secrets are accepted too. Each of a previous account is
    /// only added to the same account.
    #[must_use]
    pub fn and_previous(mut self, previous: Self) -> Self {
        for (name, older) in previous.0 {
            match (self.0.entry(name), older) {
                (Entry::Vacant(entry), older) => drop(entry.insert(older)),
                (Entry::Occupied(_), Err(_)) => {}
                (Entry::Occupied(mut entry), Ok(older)) => match entry.get_mut() {
                    Ok(own) => *own = std::mem::take(own).and_previous(older),
                    Err(_) if older.is_empty() => {}
                    own => *own = Ok(older),
                },
            }
        }
        self
    }
}
