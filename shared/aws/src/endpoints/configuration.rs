//! The secret with the APIs to ask.
//!
//! ```json
//! {
//!   "onepay": {"url": "https://api.onepay.la/v1/webhooks", "headers": {"authorization": "Bearer …"}},
//!   "onepay/test": {"url": "…", "headers": {}, "environment": "test", "events": ["payment.approved"]}
//! }
//! ```

use std::collections::BTreeMap;

use acuse_core::account::{Account, AccountName, Environment};
use acuse_core::event::read_json;
use acuse_core::provider::Providers;
use serde::Deserialize;
use thiserror::Error;

/// What is watched.
pub(super) struct Configuration {
    pub(super) endpoints: Vec<Endpoint>,
}

/// An account's webhook, and how to ask for it. Without `Debug`, since its headers are secret.
pub(super) struct Endpoint {
    pub(super) provider: &'static str,
    pub(super) account: AccountName,
    /// The URL that lists webhooks.
    pub(super) url: String,
    pub(super) headers: BTreeMap<String, String>,
    /// The event types that the webhook should have.
    pub(super) events: Vec<String>,
    pub(super) environment: Option<Environment>,
    /// Whether the API may be in the function's own network, or on its machine.
    pub(super) allow_private: bool,
}

/// The secret can't be used. The texts have no value of it.
#[derive(Debug, Error, PartialEq, Eq)]
pub(super) enum ConfigurationError {
    #[error("it is empty: put the APIs to ask, as docs/operations.md shows (\"Watch the webhooks at the providers\")")]
    Empty,
    #[error("{0}")]
    Shape(String),
    #[error("`{0}` should be a provider, or a provider and an account: `onepay/test`")]
    Name(String),
    #[error(
        "the `url` of `{0}` should start with https://, or with http:// and this machine's own address if `allow_private` is set"
    )]
    Url(String),
    #[error("the `environment` of `{0}` should be `live` or `test`")]
    Environment(String),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    url: String,
    #[serde(default)]
    headers: BTreeMap<String, String>,
    #[serde(default)]
    events: Vec<String>,
    environment: Option<String>,
    #[serde(default)]
    allow_private: bool,
}

impl Configuration {
    /// Reads the secret. Endpoints without `events` want all types that Acuse knows.
    pub(super) fn parse(text: &str, providers: Providers) -> Result<Self, ConfigurationError> {
        let entries: BTreeMap<String, Entry> =
            read_json("secret", text.as_bytes()).map_err(|mismatch| ConfigurationError::Shape(mismatch.to_string()))?;
        let endpoints = entries
            .into_iter()
            .map(|(name, entry)| endpoint(name, entry, providers));
        let endpoints: Vec<Endpoint> = endpoints.collect::<Result<_, _>>()?;
        match endpoints.is_empty() {
            true => Err(ConfigurationError::Empty),
            false => Ok(Self { endpoints }),
        }
    }
}

fn endpoint(name: String, entry: Entry, providers: Providers) -> Result<Endpoint, ConfigurationError> {
    let known =
        Account::split(&name).and_then(|(provider, account)| Some((providers.by_name(provider)?, account.name)));
    let Some((provider, account)) = known else {
        return Err(ConfigurationError::Name(name));
    };
    // A token in plain text leaves the machine for nobody.
    let is_local = ["http://127.0.0.1:", "http://localhost:"]
        .iter()
        .any(|local| entry.url.starts_with(local));
    let is_permitted = entry.url.starts_with("https://") || (is_local && entry.allow_private);
    if !is_permitted {
        return Err(ConfigurationError::Url(name));
    }
    let environment = match entry.environment.as_deref() {
        None => None,
        Some(text) => Some(Environment::from_name(text).ok_or(ConfigurationError::Environment(name))?),
    };
    let all = || provider.types.iter().map(|&name| name.to_owned()).collect();
    Ok(Endpoint {
        provider: provider.name,
        account,
        url: entry.url,
        headers: entry.headers,
        events: if entry.events.is_empty() { all() } else { entry.events },
        environment,
        allow_private: entry.allow_private,
    })
}
