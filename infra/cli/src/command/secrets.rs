//! `acuse secrets`: what a provider and its merchant share.
//!
//! A value is read from the terminal, without echo, or from standard input. It is never read from the command line, where
//! other users and the shell's history would see it, and never printed.

mod input;

use std::process::ExitCode;
use std::time::Duration;

use acuse_aws::system::SystemClock;
use acuse_cli::stack::filter::provider_parser;
use acuse_cli::stack::secret::StackSecret;
use acuse_cli::{note, say};
use acuse_core::account::AccountName;
use acuse_core::clock::Clock;
use acuse_core::provider::Provider;
use acuse_core::receive::secrets::{Problem, SecretError, StoredAccount};
use acuse_core::receive::{FRESH_FOR, RELOAD_EVERY};
use clap::{Args, Subcommand};

use super::Failure;
use super::interrupt::{INTERRUPTED, interrupted};
use super::options::StackOptions;
use super::progress::countdown;
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
    /// Replace a provider's secret: only the new one is accepted
    ///
    /// Asks for it, or reads standard input: the signing secret, then on a second line the token if the provider
    /// has one; or the whole JSON object. The old secret is withdrawn, though running functions may accept it
    /// for about five more minutes. To accept both for a while, use `rotate`. It is safe to run this again.
    #[command(after_help = "Examples:
  acuse secrets put kuenta --stack acuse
  acuse secrets put onepay --stack acuse < onepay-secret.json
  printf '%s\\n' \"$SIGNING\" \"$TOKEN\" | acuse secrets put onepay
  acuse secrets put onepay --no-token     for a webhook without a token: only the signature is checked

If a secret has leaked, see \"A secret has leaked\" in docs/operations.md.")]
    Put {
        /// State that the provider's webhook has no token, though Acuse expects one: only the signature is checked.
        /// Putting a secret with a token undoes this
        #[arg(long)]
        no_token: bool,
        #[command(flatten)]
        arguments: Arguments,
    },
    /// Store a new secret beside the old one, so that no delivery is lost while you change it
    ///
    /// Waits until every running function accepts both. Then change the secret at the provider, and withdraw the
    /// old one with `--finish`. It is safe to interrupt this and to run it again with the same secret.
    #[command(after_help = "Examples:
  acuse secrets rotate kuenta --stack acuse             asks for the new secret; both are accepted
  acuse secrets rotate kuenta --stack acuse --finish    only the new one is accepted")]
    Rotate {
        /// Withdraw all secrets but the newest; asks for nothing
        #[arg(long)]
        finish: bool,
        #[command(flatten)]
        arguments: Arguments,
    },
}

#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// The provider whose secret it is
    #[arg(value_parser = provider_parser())]
    provider: &'static Provider,
    #[command(flatten)]
    stack: StackOptions,
}

pub(crate) async fn run(command: Command) -> Result<ExitCode, Failure> {
    let arguments = match &command {
        Command::Put { arguments, .. } | Command::Rotate { arguments, .. } => arguments,
    };
    let target = arguments.stack.target().await?;
    let provider = target.provider(arguments.provider)?;
    let secret = StackSecret::of(&target, provider)?;
    match command {
        Command::Put { no_token, .. } => put(provider, &secret, no_token).await,
        Command::Rotate { finish: false, .. } => rotate(provider, &secret).await,
        Command::Rotate { finish: true, .. } => finish(provider, &secret).await,
    }
}

async fn put(provider: &'static Provider, secret: &StackSecret, no_token: bool) -> Result<ExitCode, Failure> {
    let name = provider.name;
    if no_token && provider.scheme.token.is_none() {
        return Err(Failure::new(format!(
            "{name} never sends a token: leave `--no-token` out"
        )));
    }
    let new = ask(provider, no_token).map_err(|mut failure| {
        let error = failure.error.downcast_ref::<SecretError>();
        if error.is_some_and(|error| matches!(error.problem, Problem::MissingToken { .. })) {
            failure.advice = Some(format!(
                "if its webhook has no token, add `--no-token`: `acuse secrets put {name} --no-token`"
            ));
        }
        failure
    })?;
    if no_token && !new.has_no_token() {
        return Err(Failure::new(
            "`--no-token` states that there is no token, but one was given: leave one of the two out",
        ));
    }
    let stored = secret.get().await?;
    secret
        .replace(&stored, &AccountName::DEFAULT, Some(new.clone()))
        .await?;
    let now = SystemClock.now();
    say!("replaced the secret for {name} at {now}: only the new one is stored");
    note_no_token(name, &new);
    say!(
        "every running function accepts the new one after {} s, and may accept the old one until {}",
        ACCEPTED_AFTER.as_secs(),
        now.plus(WITHDRAWN_AFTER)
    );
    say!("then release deliveries that were refused before: `acuse quarantine release --provider {name}`");
    Ok(ExitCode::SUCCESS)
}

async fn rotate(provider: &'static Provider, secret: &StackSecret) -> Result<ExitCode, Failure> {
    let name = provider.name;
    let stored = secret.get().await?;
    let Some(old) = stored.account(&AccountName::DEFAULT) else {
        let advice = format!("put it: `acuse secrets put {name}`");
        return Err(Failure::with_advice(nothing_to_rotate(name), advice));
    };
    // If the old secret states that there is no token, so does the new one, unless a token is given.
    let new = ask(provider, old.has_no_token())?.beside(old);
    if new.signing_secrets == old.signing_secrets && new.tokens == old.tokens {
        note!("the new secret of {name} is already there");
    } else {
        secret.put(&stored, &AccountName::DEFAULT, new.clone()).await?;
        note!("stored the new secret of {name} beside the old one");
        note_no_token(name, &new);
    }
    if !until_accepted().await {
        note!(
            "interrupted: both secrets of {name} are stored, but a running function may still refuse the new one. Don't change it at the provider yet: run `acuse secrets rotate {name}` with the same secret to wait again"
        );
        return Ok(ExitCode::from(INTERRUPTED));
    }
    say!(
        "every running function accepts both secrets of {name}. Now change it at the provider, then run `acuse secrets rotate {name} --finish`"
    );
    Ok(ExitCode::SUCCESS)
}

/// Waits, and shows how long. Returns false if interrupted: some functions may not accept the secret yet.
async fn until_accepted() -> bool {
    let wait = async {
        let seconds = ACCEPTED_AFTER.as_secs();
        note!("waiting {seconds} s until every running function accepts it");
        countdown(ACCEPTED_AFTER).await;
    };
    tokio::select! {
        // Listens before the wait is announced.
        biased;
        () = interrupted() => false,
        () = wait => true,
    }
}

fn nothing_to_rotate(name: &str) -> String {
    format!("`{name}` has no secret yet, so there is nothing to rotate")
}

fn note_no_token(name: &str, secret: &StoredAccount) {
    if secret.has_no_token() {
        note!("{name} sends no token, as stated: only the signature is checked");
    }
}

async fn finish(provider: &Provider, secret: &StackSecret) -> Result<ExitCode, Failure> {
    let stored = secret.get().await?;
    let Some(mut newest) = stored.account(&AccountName::DEFAULT).cloned() else {
        return Err(Failure::new(nothing_to_rotate(provider.name)));
    };
    newest.signing_secrets.truncate(1);
    newest.tokens.truncate(1);
    secret.replace(&stored, &AccountName::DEFAULT, Some(newest)).await?;
    say!(
        "only the newest secret of {} is stored; a running function may accept an older one until {}",
        provider.name,
        SystemClock.now().plus(WITHDRAWN_AFTER)
    );
    Ok(ExitCode::SUCCESS)
}
