//! All accounts of one provider.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use super::version::Each;
use super::{SecretError, Secrets};
use crate::account::{AccountName, Environment};
use crate::provider::Provider;

/// The secrets of all accounts of a provider. Each account is verified with its own alone: the token of one with the
/// secret of another proves nothing.
///
/// An account that is stored with a mistake does not stop the others.
#[derive(Debug, Clone)]
pub struct Accounts {
    by_name: BTreeMap<AccountName, Result<Secrets, Mistake>>,
    /// Accounts whose name is invalid.
    unnamed: Vec<SecretError>,
}

/// An account that can't be used as it is stored.
#[derive(Debug, Clone)]
struct Mistake {
    error: SecretError,
    /// What it is bound to, if that can be read.
    environment: Option<Environment>,
}

impl Default for Accounts {
    /// No secret is stored yet: the default account, which there always is, has none.
    fn default() -> Self {
        Self {
            by_name: BTreeMap::from([(AccountName::DEFAULT, Ok(Secrets::default()))]),
            unnamed: Vec::new(),
        }
    }
}

/// A provider with one account.
impl From<Secrets> for Accounts {
    fn from(secrets: Secrets) -> Self {
        let mut accounts = Self::default();
        accounts.by_name.insert(secrets.account().name.clone(), Ok(secrets));
        accounts
    }
}

impl Accounts {
    /// Reads one stored version. `Ok(None)` is the template's placeholder.
    ///
    /// # Errors
    /// [`SecretError`] if no account can be read from it.
    pub fn parse(provider: &Provider, text: &str) -> Result<Option<Self>, SecretError> {
        let Some(each) = Each::read(provider, text)? else {
            return Ok(None);
        };
        let mut accounts = Self {
            unnamed: each.unnamed,
            ..Self::default()
        };
        let checked = each.accounts.into_iter().map(|(name, stored)| {
            let environment = stored.as_ref().ok().and_then(|stored| stored.environment);
            let secrets = stored.and_then(|stored| Secrets::of(provider, name.clone(), &stored));
            (name, secrets.map_err(|error| Mistake { error, environment }))
        });
        accounts.by_name.extend(checked);
        Ok(Some(accounts))
    }

    /// The secrets of the account that a URL names; `None` if there is no such account.
    ///
    /// # Errors
    /// [`SecretError`] if the account is stored with a mistake.
    pub fn get(&self, name: &str) -> Option<Result<&Secrets, &SecretError>> {
        let found = self.by_name.get(name)?;
        Some(found.as_ref().map_err(|mistake| &mistake.error))
    }

    /// The accounts that have a secret, by name.
    pub fn iter(&self) -> impl Iterator<Item = &Secrets> {
        let usable = self.by_name.values().filter_map(|secrets| secrets.as_ref().ok());
        usable.filter(|secrets| !secrets.is_empty())
    }

    /// The mistakes in accounts that can't be used as they are stored.
    pub fn errors(&self) -> impl Iterator<Item = &SecretError> {
        let mistakes = self.by_name.values().filter_map(|secrets| secrets.as_ref().err());
        mistakes.map(|mistake| &mistake.error).chain(&self.unnamed)
    }

    /// These accounts and those of the previous version, whose secrets are accepted too. Each of a previous account is
    /// only added to the same account.
    #[must_use]
    pub fn and_previous(mut self, previous: Self) -> Self {
        for (name, older) in previous.by_name {
            match (self.by_name.entry(name), older) {
                (Entry::Vacant(entry), older) => drop(entry.insert(older)),
                (Entry::Occupied(_), Err(_)) => {}
                (Entry::Occupied(mut entry), Ok(older)) => match entry.get_mut() {
                    Ok(own) => *own = std::mem::take(own).and_previous(older),
                    Err(_) if older.is_empty() => {}
                    // A binding holds although the secret beside it can't be used.
                    Err(Mistake { environment, .. }) => {
                        let environment = *environment;
                        *entry.get_mut() = Ok(older.bound_to(environment));
                    }
                },
            }
        }
        self
    }
}
