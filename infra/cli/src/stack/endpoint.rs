//! What a stack's account needs of the webhook at its provider.

use acuse_core::account::{AccountName, Environment};
use acuse_core::endpoint::{Checked, Expected, Webhook, check};
use acuse_core::provider::Provider;

use crate::stack::target::{Target, TargetError};

/// What an account's webhook should be.
#[derive(Debug, Clone)]
pub struct Wanted {
    /// The URLs that reach the account. The first is the one to register.
    pub urls: Vec<String>,
    /// The event types to get.
    pub events: Vec<String>,
    /// The environment that the account is bound to.
    pub environment: Option<Environment>,
}

impl Wanted {
    /// Compares it with what the provider lists. `None` if that is the list of the other environment.
    pub fn check(&self, webhooks: &[Webhook]) -> Option<Checked> {
        let expected = Expected {
            urls: &self.urls,
            events: &self.events,
            environment: self.environment,
        };
        check(webhooks, expected)
    }
}

/// The URLs that reach an account: the one to register, and the API's own as long as that answers beside a domain.
///
/// # Errors
/// [`TargetError::SwitchedOff`], [`TargetError::NoOutput`]
pub fn urls(target: &Target, provider: &Provider, account: &AccountName) -> Result<Vec<String>, TargetError> {
    let url = target.webhook_url(provider, account)?;
    let is_closed = target.parameter("CloseDefaultUrl") == "true";
    let default = target
        .output("ApiUrl")
        .ok()
        .filter(|_| !target.is_local() && !is_closed);
    let default = default.map(|api| format!("{api}/webhooks/{}", account.scope(provider.name)));
    let default = default.filter(|default| *default != url);
    Ok([url].into_iter().chain(default).collect())
}
