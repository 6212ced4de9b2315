//! Who sends, and where to.

use acuse_core::account::AccountName;
use acuse_core::provider::Provider;
use acuse_core::receive::secrets::{SecretError, Secrets, StoredAccount};

use super::Arguments;
use super::payload::Source;
use crate::command::Failure;
use crate::sample;
use crate::stack::target::Target;

/// A provider's account.
pub(super) struct Sender {
    /// With the stack's signature settings.
    pub(super) provider: &'static Provider,
    pub(super) secrets: Secrets,
    pub(super) url: String,
}

impl Sender {
    /// An account with the local stack's secret.
    pub(super) fn local(provider: &'static Provider, account: &AccountName, url: String) -> Result<Self, SecretError> {
        let text = sample::local_secret(provider).to_string();
        let stored = StoredAccount::parse(provider, &text)?;
        Ok(Self {
            provider,
            secrets: Secrets::of(provider, account.clone(), &stored)?,
            url,
        })
    }
}

/// The account of each provider that sends.
pub(super) struct Senders(Vec<Sender>);

impl Senders {
    pub(super) async fn find(arguments: &Arguments, source: &Source, target: &Target) -> Result<Self, Failure> {
        let mut senders = Vec::new();
        for provider in sending(arguments, source) {
            target.is_used(provider)?;
            let provider = target.provider(provider)?;
            let secrets = sample::signer(target, provider, &arguments.account).await?;
            let url = match &arguments.url {
                Some(url) => url.clone(),
                None => target.webhook_url(provider, &arguments.account)?,
            };
            senders.push(Sender { provider, secrets, url });
        }
        Ok(Self(senders))
    }

    /// Without a stack: they have the local stack's secrets.
    pub(super) fn local(arguments: &Arguments, source: &Source) -> Result<Self, Failure> {
        let senders = sending(arguments, source).into_iter();
        let senders = senders.map(|provider| Sender::local(provider, &arguments.account, String::new()));
        Ok(Self(senders.collect::<Result<_, _>>()?))
    }

    /// The one of a command that names its provider.
    pub(super) fn only(&self) -> Result<&Sender, Failure> {
        self.0.first().ok_or_else(|| Failure::new("no provider is given"))
    }

    pub(super) fn of(&self, provider: &Provider) -> Result<&Sender, Failure> {
        let found = self.0.iter().find(|sender| sender.provider.name == provider.name);
        found.ok_or_else(|| Failure::new(format!("`{}` has no sender", provider.name)))
    }
}

/// The providers that send.
fn sending(arguments: &Arguments, source: &Source) -> Vec<&'static Provider> {
    let mut providers: Vec<&'static Provider> = match source {
        Source::Scenario(scenario) => scenario.entries.iter().map(|entry| entry.provider).collect(),
        Source::Sample(_) | Source::Given(_) => arguments.provider.into_iter().collect(),
    };
    providers.sort_by_key(|provider| provider.name);
    providers.dedup_by_key(|provider| provider.name);
    providers
}
