//! The secrets that sign samples.

use acuse_core::account::AccountName;
use acuse_core::provider::Provider;
use acuse_core::receive::secrets::{SecretError, Secrets};
use acuse_core::receive::{SecretStore, StoreError};
use thiserror::Error;

use crate::stack::filter::account_option;
use crate::stack::target::{Target, TargetError};

/// An account that can't sign samples.
#[derive(Debug, Error)]
#[expect(missing_docs, reason = "the texts say it")]
pub enum SignerError {
    #[error("the stack has no secret of `{}` yet, so nothing can be signed", account.scope(provider))]
    NoSecret {
        provider: &'static str,
        account: AccountName,
    },
    #[error("{provider} has no account `{account}`; it has {present}")]
    NoAccount {
        provider: &'static str,
        account: AccountName,
        present: String,
    },
    #[error(transparent)]
    Secret(#[from] SecretError),
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Target(#[from] TargetError),
}

impl SignerError {
    /// How to fix it.
    pub fn advice(&self) -> Option<String> {
        match self {
            Self::NoSecret { provider, account } => {
                let account = account_option(account);
                Some(format!("put it: `acuse secrets put {provider}{account}`"))
            }
            _ => None,
        }
    }
}

/// The secrets that `target` has of an account.
pub async fn signer(
    target: &Target,
    provider: &'static Provider,
    account: &AccountName,
) -> Result<Secrets, SignerError> {
    let accounts = target.secrets(provider)?.load().await?;
    match accounts.get(account.as_str()) {
        Some(Err(error)) => return Err(error.clone().into()),
        Some(Ok(secrets)) if !secrets.is_empty() => return Ok(secrets.clone()),
        _ => {}
    }
    let usable = accounts.iter().map(|secrets| &secrets.account().name);
    let present = usable.chain(accounts.errors().map(|error| &error.account));
    let mut present: Vec<String> = present.map(|name| format!("`{name}`")).collect();
    present.sort();
    let (provider, account) = (provider.name, account.clone());
    Err(match present.as_slice() {
        [] => SignerError::NoSecret { provider, account },
        names => SignerError::NoAccount {
            provider,
            account,
            present: names.join(", "),
        },
    })
}
