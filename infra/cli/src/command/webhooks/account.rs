//! The account that a webhook is created for.

use acuse_aws::system::SystemClock;
use acuse_core::account::AccountName;
use acuse_core::clock::Clock;
use acuse_core::receive::secrets::StoredAccount;
use clap::Args;

use crate::command::Failure;
use crate::command::secrets::Binding;
use crate::stack::filter::account_parser;

#[derive(Debug, Args)]
pub(crate) struct AccountOptions {
    /// The account that the provider posts to, with its own URL and secret: another one for each of your webhooks
    #[arg(id = "account", long = "account", value_parser = account_parser(), value_name = "NAME", default_value_t, conflicts_with = "no_store")]
    pub(crate) name: AccountName,
    /// Bind a new account to an environment: deliveries of the other one are set aside. `any` binds it to none
    #[arg(long, value_parser = Binding::parser(), conflicts_with = "no_store")]
    environment: Option<Binding>,
}

impl AccountOptions {
    /// Checks that `--environment` does not contradict the account as it is stored.
    pub(crate) fn check_environment(&self, stored: Option<&StoredAccount>) -> Result<(), Failure> {
        match (stored, self.environment) {
            (Some(stored), Some(wanted)) if stored.environment != wanted.0 => Err(Failure::with_advice(
                format!(
                    "the account `{}` has a secret already, and its environment is `{}`, not `{}`",
                    self.name,
                    Binding(stored.environment).name(),
                    wanted.name()
                ),
                "leave `--environment` out, or choose another account",
            )),
            _ => Ok(()),
        }
    }

    /// The account to store with this secret, without what it had before.
    pub(crate) fn with_secret(&self, stored: Option<&StoredAccount>, secret: &str) -> StoredAccount {
        let new = self.environment.and_then(|binding| binding.0);
        StoredAccount {
            environment: stored.map_or(new, |stored| stored.environment),
            signing_secrets: vec![secret.to_owned()],
            changed_at: Some(SystemClock.now()),
            ..StoredAccount::default()
        }
    }
}
