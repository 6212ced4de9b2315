//! One version of a provider's secret, as JSON: all accounts of the provider.
//!
//! ```json
//! {"accounts": {"default": {"environment": "live", "signing_secrets": ["…"], "token": "…"}, "test": {…}}}
//! ```
//!
//! The fields of an account without `accounts` around them are the account `default`. That is how a single account that
//! is not bound is written, so that functions from before accounts can read it.
//!
//! Unknown fields are refused: if they were ignored, somebody would believe that a secret is in use when it is not.

use std::collections::BTreeMap;

use serde::{Serialize, Serializer};

use super::{Problem, SecretError};
use crate::account::{AccountName, Environment};
use crate::clock::Timestamp;
use crate::json::{self, Value};
use crate::provider::Provider;

/// The longest secret in bytes.
/// <https://docs.aws.amazon.com/secretsmanager/latest/userguide/reference_limits.html>
pub const LONGEST: usize = 65_536;

/// One version of a secret in the store, with its plain values. Has no `Debug` on purpose.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct SecretVersion {
    /// The accounts by name.
    pub accounts: BTreeMap<AccountName, StoredAccount>,
}

/// The accounts of a version, each read by itself: one that can't be read does not stop the others.
#[derive(Default)]
pub(super) struct Each {
    /// The accounts, or why one can't be read.
    pub(super) accounts: BTreeMap<AccountName, Result<StoredAccount, SecretError>>,
    /// Accounts whose name is invalid. No URL leads to them.
    pub(super) unnamed: Vec<SecretError>,
}

/// One account as it is stored, with its plain values. Has no `Debug` on purpose.
#[derive(Clone, Default, PartialEq, Eq, Serialize)]
pub struct StoredAccount {
    /// The environment that the account is bound to.
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "name_of")]
    pub environment: Option<Environment>,
    /// A signature may be made with any of them. The newest comes first.
    pub signing_secrets: Vec<String>,
    /// The static tokens, the newest first; empty for a provider without one. `None` states that the provider sends no
    /// token: that must be explicit, so that a forgotten field does not switch a check off.
    #[serde(
        rename = "token",
        skip_serializing_if = "Vec::is_empty",
        serialize_with = "one_or_list"
    )]
    pub tokens: Vec<Option<String>>,
    /// When it was put or rotated last. Not stored for a single account that is not bound.
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "rfc3339")]
    pub changed_at: Option<Timestamp>,
}

impl SecretVersion {
    /// The accounts in this JSON that can be read, without the others: what functions accept of it. None in the
    /// template's placeholder.
    pub fn readable(provider: &Provider, text: &str) -> Self {
        let each = Each::read(provider, text).ok().flatten().unwrap_or_default();
        let accounts = each.accounts.into_iter();
        Self {
            accounts: accounts
                .filter_map(|(name, account)| Some((name, account.ok()?)))
                .collect(),
        }
    }

    /// The JSON.
    pub fn to_json(&self) -> String {
        #[derive(Serialize)]
        struct Nested<'a> {
            accounts: &'a BTreeMap<AccountName, StoredAccount>,
        }
        let text = match self.single() {
            Some(account) => serde_json::to_string(&StoredAccount {
                changed_at: None,
                ..account.clone()
            }),
            None => serde_json::to_string(&Nested {
                accounts: &self.accounts,
            }),
        };
        text.unwrap_or_default()
    }

    /// The account of a version that functions from before accounts can read.
    pub fn single(&self) -> Option<&StoredAccount> {
        let default = self.accounts.get(&AccountName::DEFAULT)?;
        let readable = self.accounts.len() == 1 && default.environment.is_none() && default.tokens.len() <= 1;
        readable.then_some(default)
    }
}

impl Each {
    /// `Ok(None)` is the template's placeholder.
    pub(super) fn read(provider: &Provider, text: &str) -> Result<Option<Self>, SecretError> {
        let of_all = |problem: Problem| problem.of(provider);
        let object = object(text).map_err(of_all)?;
        let members = object.as_object().ok_or_else(|| of_all(Problem::NotObject))?;
        let mut nested = members.iter().filter(|(name, _)| name.as_str() == Some("accounts"));
        let mut each = Self::default();
        let accounts = match (nested.next(), nested.next()) {
            (None, _) => {
                let (account, placeholder) = StoredAccount::read(members).map_err(of_all)?;
                each.accounts.insert(AccountName::DEFAULT, Ok(account));
                return Ok((!placeholder).then_some(each));
            }
            (_, Some(_)) => return Err(of_all(Problem::DuplicateField { field: "accounts" })),
            _ if members.len() > 1 => return Err(of_all(Problem::BesideAccounts)),
            (Some((_, accounts)), None) => accounts.as_object().ok_or_else(|| of_all(Problem::NotAccounts))?,
        };
        for (place, (name, value)) in (1..).zip(accounts) {
            let text = name.to_string_lossy();
            let Some(name) = AccountName::parse(&text) else {
                each.unnamed.push(of_all(Problem::account_name(&text, place)));
                continue;
            };
            let members = value.as_object().ok_or(Problem::NotObject);
            let account = match members.and_then(StoredAccount::read) {
                _ if each.accounts.contains_key(&name) => Err(Problem::DuplicateAccount),
                Ok((_, true)) => Err(Problem::PlaceholderWithSecret),
                Ok((account, false)) => Ok(account),
                Err(problem) => Err(problem),
            };
            let account = account.map_err(|problem| problem.of_account(provider, &name));
            each.accounts.insert(name, account);
        }
        Ok(Some(each))
    }
}

fn object(text: &str) -> Result<Value<'_>, Problem> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    json::parse(text.as_bytes()).map_err(Problem::NotJson)
}

impl StoredAccount {
    /// Reads the JSON of one account, without `accounts` and a name around it.
    ///
    /// # Errors
    /// [`SecretError`], which shows no value.
    pub fn parse(provider: &Provider, text: &str) -> Result<Self, SecretError> {
        let object = object(text).map_err(|problem| problem.of(provider))?;
        let read = object.as_object().ok_or(Problem::NotObject).and_then(Self::read);
        match read.map_err(|problem| problem.of(provider))? {
            (_, true) => Err(Problem::EmptySigningSecret.of(provider)),
            (account, false) => Ok(account),
        }
    }

    /// The account, and whether it is marked as the placeholder.
    fn read(members: &[(json::Text<'_>, Value<'_>)]) -> Result<(Self, bool), Problem> {
        const FIELDS: [&str; 5] = ["signing_secrets", "token", "environment", "changed_at", "placeholder"];
        let mut seen = Vec::new();
        let (mut account, mut placeholder) = (Self::default(), false);
        for (place, (name, value)) in (1..).zip(members) {
            let Some(field) = FIELDS.into_iter().find(|field| name.as_str() == Some(field)) else {
                return Err(Problem::unknown_field(&name.to_string_lossy(), place));
            };
            if seen.contains(&field) {
                return Err(Problem::DuplicateField { field });
            }
            seen.push(field);
            let wrong = |expected| move || Problem::WrongType { field, expected };
            match field {
                "signing_secrets" => {
                    account.signing_secrets = strings(value).ok_or_else(wrong("a list of strings"))?;
                }
                "token" => {
                    account.tokens = tokens(value).ok_or_else(wrong("a string, `null`, or a list of these"))?;
                }
                "environment" => {
                    let named = string(value).and_then(|name| Environment::from_name(&name));
                    account.environment = Some(named.ok_or_else(wrong("`test` or `live`"))?);
                }
                "changed_at" => {
                    let time = string(value).and_then(|text| Timestamp::from_rfc3339(&text));
                    account.changed_at = Some(time.ok_or_else(wrong("a time such as 2026-11-26T15:04:05Z"))?);
                }
                _ => match value {
                    Value::Bool(set) => placeholder = *set,
                    _ => return Err(wrong("`true` or `false`")()),
                },
            }
        }
        match placeholder && (!account.signing_secrets.is_empty() || account.tokens.iter().any(Option::is_some)) {
            true => Err(Problem::PlaceholderWithSecret),
            false => Ok((account.trimmed(), placeholder)),
        }
    }

    /// Whether the account states that its provider sends no token.
    pub fn has_no_token(&self) -> bool {
        self.tokens.contains(&None)
    }

    /// Without white space around the values. Blank tokens are left out.
    #[must_use]
    pub fn trimmed(mut self) -> Self {
        for secret in &mut self.signing_secrets {
            *secret = secret.trim().to_owned();
        }
        for token in self.tokens.iter_mut().flatten() {
            *token = token.trim().to_owned();
        }
        self.tokens.retain(|token| token.as_deref() != Some(""));
        self
    }

    /// This account, followed by the secrets and tokens of an older one that it lacks: all of them are accepted.
    #[must_use]
    pub fn beside(mut self, older: &Self) -> Self {
        add_new(&mut self.signing_secrets, &older.signing_secrets);
        add_new(&mut self.tokens, &older.tokens);
        self
    }
}

fn add_new<T: Clone + PartialEq>(own: &mut Vec<T>, others: &[T]) {
    for other in others {
        if !own.contains(other) {
            own.push(other.clone());
        }
    }
}

fn string(value: &Value<'_>) -> Option<String> {
    match value {
        Value::String(text) => text.as_str().map(str::to_owned),
        _ => None,
    }
}

fn strings(value: &Value<'_>) -> Option<Vec<String>> {
    match value {
        Value::Array(items) => items.iter().map(string).collect(),
        _ => None,
    }
}

/// An empty list would look like "no token".
fn tokens(value: &Value<'_>) -> Option<Vec<Option<String>>> {
    let one = |value: &Value<'_>| match value {
        Value::Null => Some(None),
        value => string(value).map(Some),
    };
    match value {
        Value::Array(items) if !items.is_empty() => items.iter().map(one).collect(),
        value => Some(vec![one(value)?]),
    }
}

fn name_of<S: Serializer>(environment: &Option<Environment>, serializer: S) -> Result<S::Ok, S::Error> {
    environment.map(Environment::name).serialize(serializer)
}

fn one_or_list<S: Serializer>(tokens: &[Option<String>], serializer: S) -> Result<S::Ok, S::Error> {
    match tokens {
        [token] => token.serialize(serializer),
        tokens => tokens.serialize(serializer),
    }
}

fn rfc3339<S: Serializer>(time: &Option<Timestamp>, serializer: S) -> Result<S::Ok, S::Error> {
    time.map(|time| time.to_string()).serialize(serializer)
}
