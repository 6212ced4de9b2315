//! The account that a webhook is created for.

use acuse_aws::system::SystemClock;
use acuse_cli::stack::filter::{account_parser, environment_parser};
use acuse_core::account::{AccountName, Environment};
use acuse_core::clock::Clock;
use acuse_core::receive::secrets::StoredAccount;
use clap::Args;

use crate::command::Failure;

#[derive(Debug, Args)]
pub(crate) struct AccountOptions {
    /// The account that the provider posts to, with its own URL and secret: another one for each of your webhooks
    #[arg(id = "account", long = "account", value_parser = account_parser(), value_name = "NAME", default_value_t, conflicts_with = "no_store")]
    pub(crate) name: AccountName,
    /// Bind a new account to an environment: deliveries of the other one are set aside
    #[arg(long, value_parser = environment_parser(), conflicts_with = "no_store")]
    environment: Option<Environment>,
}

impl AccountOptions {
    /// Checks that `--environment` does not contradict the account as it is stored.
    pub(crate) fn check_environment(&self, stored: Option<&StoredAccount>) -> Result<(), Failure> {
        match (stored, self.environment) {
            (Some(stored), Some(wanted)) if stored.environment != Some(wanted) => Err(Failure::with_advice(
                format!(
                    "the account `{}` has a secret already, and is not bound to `{}`",
                    self.name,
                    wanted.name()
                ),
                "leave `--environment` out, or choose another account",
            )),
            _ => Ok(()),
        }
    }

    /// The account to store with this secret, without what it had before.
    pub(crate) fn with_secret(&self, stored: Option<&StoredAccount>, secret: &str) -> StoredAccount {
        StoredAccount {
            environment: stored.map_or(self.environment, |stored| stored.environment),
            signing_secrets: vec![secret.to_owned()],
            changed_at: Some(SystemClock.now()),
            ..StoredAccount::default()
        }
    }
}
