//! `acuse secrets`: what a provider and its merchant share, account by account.
//!
//! A value is read from the terminal, without echo, or from standard input. It is never read from the command line,
//! where other users and the shell's history would see it, and never printed.

mod arrivals;
mod bind;
mod input;
mod list;
mod put;
mod remove;
mod rotate;

use std::process::ExitCode;
use std::time::Duration;

use acuse_core::account::AccountName;
use acuse_core::provider::Provider;
use acuse_core::receive::secrets::StoredAccount;
use acuse_core::receive::{FRESH_FOR, RELOAD_EVERY};
use clap::{Args, Subcommand};

use super::Failure;
use super::acting::acting;
use super::options::StackOptions;
use crate::note;
use crate::stack::audit::Action;
use crate::stack::filter::{account_option, account_parser, provider_parser};
use crate::stack::secret::{StackSecret, Stored};
use crate::stack::target::Target;
pub(super) use bind::Binding;
pub(super) use input::ask;

/// A read just after a write to Secrets Manager may still return the old value.
const MARGIN: Duration = Duration::from_secs(10);

/// How long after it is stored every running function accepts a secret: by then each of them has read it, or reads it
/// at the next delivery that fails verification.
pub(crate) const ACCEPTED_AFTER: Duration = RELOAD_EVERY.saturating_add(MARGIN);

/// How long after it is withdrawn a secret may be accepted: a function that has just read it uses it for so long.
const WITHDRAWN_AFTER: Duration = FRESH_FOR.saturating_add(MARGIN);

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Store an account's secret, or replace it: only the new one is accepted
    ///
    /// Asks for it, or reads standard input: the signing secret, then on a second line the token if the provider
    /// has one; or the account's whole JSON object. Other accounts stay as they are. The old secret is withdrawn,
    /// though running functions may accept it for about five more minutes. To accept both for a while, use
    /// `rotate`. It is safe to run this again.
    #[command(after_help = "Examples:
  acuse secrets put kuenta --stack acuse
  acuse secrets put onepay --stack acuse < onepay-secret.json
  acuse secrets put onepay --account test --environment test    another webhook, for test payments only
  printf '%s\\n' \"$SIGNING\" \"$TOKEN\" | acuse secrets put onepay
  acuse secrets put onepay --no-token     for a webhook without a token: only the signature is checked

If a secret has leaked, see \"A secret has leaked\" in docs/operations.md.")]
    Put {
        /// State that the account's webhook has no token, though Acuse expects one: only the signature is checked.
        /// Putting a secret with a token undoes this
        #[arg(long)]
        no_token: bool,
        /// The only environment that the account's deliveries may be of, or `any`: others are recorded and reach no
        /// hook [default: as it is; `any` for a new account]
        #[arg(long, value_parser = Binding::parser())]
        environment: Option<Binding>,
        #[command(flatten)]
        which: Which,
    },
    /// Store a new secret beside the old one, so that no delivery is lost while you change it
    ///
    /// Waits until every running function accepts both. Then change the secret at the provider, and withdraw the
    /// old one with `--finish`. Other accounts stay as they are. It is safe to interrupt this and to run it again
    /// with the same secret.
    #[command(after_help = "Examples:
  acuse secrets rotate kuenta --stack acuse             asks for the new secret; both are accepted
  acuse secrets rotate kuenta --stack acuse --finish    only the new one is accepted
  acuse secrets rotate onepay --account test            rotates one account of several")]
    Rotate {
        /// Withdraw all of the account's secrets and tokens but the newest; asks for nothing
        #[arg(long)]
        finish: bool,
        #[command(flatten)]
        which: Which,
    },
    /// Bind an account to an environment, and keep its secret
    ///
    /// Deliveries of another environment are then recorded as REJECTED and reach no hook, so that the secret of a
    /// test webhook can't sign live payments. Running functions know of it within about five minutes.
    #[command(after_help = "Examples:
  acuse secrets bind onepay --environment live                  the account `default`
  acuse secrets bind onepay --account test --environment test
  acuse secrets bind onepay --environment any                   unbinds it")]
    Bind {
        /// The only environment that the account's deliveries may be of, or `any`
        #[arg(long, value_parser = Binding::parser())]
        environment: Binding,
        #[command(flatten)]
        which: Which,
    },
    /// List the accounts of one or all providers: environment, secrets, last change and last delivery
    ///
    /// Values are never shown. The last delivery is looked up among the newest events of the last 7 days.
    #[command(after_help = "Examples:
  acuse secrets list
  acuse secrets list onepay --json | jq 'select(.signing_secrets > 1 or .tokens > 1)'    rotations to finish")]
    List(list::List),
    /// Remove an account: its deliveries are refused
    ///
    /// Shows what still arrived in the last 7 days, and asks for confirmation. Events that were received stay.
    #[command(after_help = "Examples:
  acuse secrets remove onepay --account test
  acuse secrets remove onepay --account test --yes")]
    #[command(mut_arg("account", |account| account.required(true).default_value(None)))]
    Remove {
        /// Don't ask for confirmation
        #[arg(long)]
        yes: bool,
        #[command(flatten)]
        which: Which,
    },
}

/// One account of a stack.
#[derive(Debug, Args)]
pub(crate) struct Which {
    /// The provider whose secret it is
    #[arg(value_parser = provider_parser())]
    provider: &'static Provider,
    /// The account, whose webhook's URL is /webhooks/PROVIDER/NAME; for `default`, /webhooks/PROVIDER
    #[arg(long, value_name = "NAME", value_parser = account_parser(), default_value_t)]
    account: AccountName,
    #[command(flatten)]
    stack: StackOptions,
}

/// [`Which`], found.
struct Place {
    target: Target,
    /// With the signature settings of the stack.
    provider: &'static Provider,
    account: AccountName,
    secret: StackSecret,
}

pub(crate) async fn run(command: Command) -> Result<ExitCode, Failure> {
    match command {
        Command::Put {
            no_token,
            environment,
            which,
        } => put::run(&which.find().await?, environment, no_token).await,
        Command::Rotate { finish: false, which } => rotate::run(&which.find().await?).await,
        Command::Rotate { finish: true, which } => rotate::finish(&which.find().await?).await,
        Command::Bind { environment, which } => bind::run(&which.find().await?, environment).await,
        Command::List(list) => list.run().await,
        Command::Remove { yes, which } => remove::run(&which.find().await?, yes).await,
    }
}

impl Which {
    async fn find(self) -> Result<Place, Failure> {
        let target = self.stack.target().await?;
        let provider = target.provider(self.provider)?;
        Ok(Place {
            secret: StackSecret::of(&target, provider)?,
            target,
            provider,
            account: self.account,
        })
    }
}

impl Place {
    /// `onepay`, or `onepay/test`.
    fn scope(&self) -> String {
        self.account.scope(self.provider.name).into_owned()
    }

    /// `acuse secrets {verb} onepay --account test`
    fn command(&self, verb: &str) -> String {
        let name = self.provider.name;
        format!("acuse secrets {verb} {name}{}", account_option(&self.account))
    }

    /// Changes the account by `work`, with a trace that names it and none of its values.
    async fn acting<T, E>(&self, command: &'static str, work: impl Future<Output = Result<T, E>>) -> Result<T, Failure>
    where
        Failure: From<E>,
    {
        acting(&self.target, Action::new(command).on(&self.scope()), false, work).await
    }

    /// The account as it is stored.
    fn find<'a>(&self, stored: &'a Stored) -> Result<&'a StoredAccount, Failure> {
        if let Some(mistake) = stored.mistakes.get(&self.account) {
            let advice = format!("what is stored is invalid: replace it, with `{}`", self.command("put"));
            return Err(Failure::with_advice(mistake.clone(), advice));
        }
        stored.account(&self.account).ok_or_else(|| self.unknown(stored))
    }

    /// The account has no secret.
    fn unknown(&self, stored: &Stored) -> Failure {
        let (provider, account) = (self.provider.name, &self.account);
        let names: Vec<_> = stored.version.accounts.keys().map(|name| format!("`{name}`")).collect();
        let error = match names.is_empty() {
            true => format!("{provider} has no secret yet"),
            false => format!("{provider} has no account `{account}`; it has {}", names.join(", ")),
        };
        Failure::with_advice(error, format!("to add it, run `{}`", self.command("put")))
    }

    /// Notes what became of other accounts with a mistake when this one was written.
    fn note_kept(&self, stored: &Stored) {
        for mistake in stored.other_mistakes(&self.account) {
            note!("kept what was stored before of an account that has a mistake: {mistake}");
        }
    }

    fn note_no_token(&self, account: &StoredAccount) {
        if account.has_no_token() {
            note!(
                "{} sends no token, as stated: only the signature is checked",
                self.scope()
            );
        }
    }
}
