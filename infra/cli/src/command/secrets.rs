//! `acuse secrets`: what a provider and its merchant share.
//!
//! A value comes from the terminal, unseen, or from standard input; never from the command line,
//! where other users and the shell's history would see it. None is ever printed.

mod input;
mod wait;

use std::process::ExitCode;

use acuse_aws::system::SystemClock;
use acuse_cli::{note, sample, say};
use acuse_core::clock::Clock;
use acuse_core::provider::Provider;
use acuse_core::receive::SecretStore;
use acuse_core::receive::secrets::{Problem, SecretError, SecretVersion, TokenField};
use clap::{Args, Subcommand};
use thiserror::Error;

use super::Failure;
use super::interrupt::INTERRUPTED;
use super::which::Which;
use acuse_cli::stack::store::Store;
use acuse_cli::stack::target::Target;
use input::InputError;
pub(super) use input::ask;
pub(super) use wait::ACCEPTED_AFTER;
use wait::{WITHDRAWN_AFTER, Waited};

/// What to do with a provider's secret.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Replaces a provider's secret: only the new one is accepted
    ///
    /// Asks for it, or reads standard input: the signing secret, in a second line the token where
    /// the provider has one; or the whole JSON object. What was there before is withdrawn: a
    /// running function may accept it for about five more minutes. To accept both for a while, `rotate`.
    #[command(after_help = "Examples:
  acuse secrets put kuenta --stack acuse
  acuse secrets put onepay --stack acuse < onepay-secret.json
  printf '%s\\n' \"$SIGNING\" \"$TOKEN\" | acuse secrets put onepay
  acuse secrets put onepay --no-token     its webhook has no token: the signature alone is checked

Safe to run again. If a secret has leaked: docs/operations.md, \"A secret has leaked\".")]
    Put(Put),
    /// Stores a new secret beside the old one, so that a rotation loses nothing
    ///
    /// Waits until every running function accepts both. Then change it at the provider, and
    /// withdraw the old one with `--finish`.
    #[command(after_help = "Examples:
  acuse secrets rotate kuenta --stack acuse             asks for the new secret; both are accepted
  acuse secrets rotate kuenta --stack acuse --finish    only the new one is accepted

Safe to interrupt and to run again, with the same secret.")]
    Rotate(Rotate),
}

/// `acuse secrets put`
#[derive(Debug, Args)]
pub(crate) struct Put {
    /// Says that the provider's webhook has no token, where Acuse expects one: the signature alone is
    /// checked. Undone by putting a secret with a token
    #[arg(long)]
    no_token: bool,
    #[command(flatten)]
    arguments: Arguments,
}

/// Whose secret, and where.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// Whose secret
    #[arg(value_parser = sample::names())]
    provider: String,
    #[command(flatten)]
    stack: Which,
}

/// `acuse secrets rotate`
#[derive(Debug, Args)]
pub(crate) struct Rotate {
    /// Withdraws all but the newest: asks for nothing
    #[arg(long)]
    finish: bool,
    #[command(flatten)]
    arguments: Arguments,
}

/// A rotation that can't be begun.
#[derive(Debug, Error)]
enum RotateError {
    #[error("no secret of `{0}` was put yet, so there is nothing to rotate")]
    NothingToRotate(&'static str),
    #[error("a rotation of `{0}` is under way, and another one would withdraw the token from before it")]
    UnderWay(&'static str),
}

/// Does it.
pub(crate) async fn run(command: Command) -> Result<ExitCode, Failure> {
    match command {
        Command::Put(Put { no_token, arguments }) => put(&arguments, no_token).await,
        Command::Rotate(Rotate {
            finish: false,
            arguments,
        }) => rotate(&arguments).await,
        Command::Rotate(Rotate {
            finish: true,
            arguments,
        }) => finish(&arguments).await,
    }
}

async fn put(arguments: &Arguments, no_token: bool) -> Result<ExitCode, Failure> {
    let (provider, target) = find(arguments).await?;
    let (store, name) = (Store::of(&target, provider)?, provider.name);
    if no_token && provider.scheme.token.is_none() {
        return Err(InputError::NoTokenAnyway(name).into());
    }
    let secret = ask(provider, no_token).map_err(|error| match error {
        InputError::Secret(SecretError {
            problem: Problem::MissingToken { .. },
            ..
        }) => {
            let advice = format!("if its webhook has none: `acuse secrets put {name} --no-token`");
            Failure::with_advice(error, advice)
        }
        error => error.into(),
    })?;
    if no_token && secret.token != TokenField::Null {
        return Err(InputError::TokenGiven.into());
    }
    store.replace(&secret).await?;
    let now = SystemClock.now();
    say!("replaced the secret of {name} at {now}: only the new one is stored");
    tell_of_no_token(name, &secret);
    say!(
        "every running function accepts the new one after {} s, and may accept the old one until {}",
        ACCEPTED_AFTER.as_secs(),
        now.plus(WITHDRAWN_AFTER)
    );
    say!("then, for deliveries that were refused before: `acuse quarantine release --provider {name}`");
    Ok(ExitCode::SUCCESS)
}

async fn rotate(arguments: &Arguments) -> Result<ExitCode, Failure> {
    let (provider, target) = find(arguments).await?;
    let (store, name) = (Store::of(&target, provider)?, provider.name);
    let Some(old) = store.get().await? else {
        let advice = format!("put it: `acuse secrets put {name}`");
        return Err(Failure::with_advice(RotateError::NothingToRotate(name), advice));
    };
    // What was said of the token is said of the next one too, unless that has one.
    let new = beside(ask(provider, old.token == TokenField::Null)?, &old);
    if new.signing_secrets == old.signing_secrets && new.token == old.token {
        note!("the new secret of {name} is already there");
    } else {
        // A token has no list: the one before is accepted only as part of the version before.
        if target.secrets(provider)?.load().await?.older_tokens() > 0 {
            let advice = format!(
                "if {name} uses the newest by now, `acuse secrets rotate {name} --finish` and then this again; if it uses the one before, `acuse secrets put {name}` with that one, and then this again"
            );
            return Err(Failure::with_advice(RotateError::UnderWay(name), advice));
        }
        store.add(&new).await?;
        note!("stored the new secret of {name} beside the old one");
        tell_of_no_token(name, &new);
    }
    match wait::until_accepted().await {
        Waited::Whole => {
            say!(
                "every running function accepts both secrets of {name}. Now change it at the provider; then `acuse secrets rotate {name} --finish`"
            );
            Ok(ExitCode::SUCCESS)
        }
        Waited::Interrupted => {
            note!(
                "interrupted: both secrets of {name} are stored, but a running function may still refuse the new one. Don't change it at the provider yet: `acuse secrets rotate {name}` with the same secret waits again"
            );
            Ok(ExitCode::from(INTERRUPTED))
        }
    }
}

fn tell_of_no_token(name: &str, secret: &SecretVersion) {
    if secret.token == TokenField::Null {
        note!("{name} is said to send no token: the signature alone is checked");
    }
}

/// `new`, and behind it those of `old` that are not in it.
fn beside(mut new: SecretVersion, old: &SecretVersion) -> SecretVersion {
    for secret in &old.signing_secrets {
        if !new.signing_secrets.contains(secret) {
            new.signing_secrets.push(secret.clone());
        }
    }
    new
}

async fn finish(arguments: &Arguments) -> Result<ExitCode, Failure> {
    let (provider, target) = find(arguments).await?;
    let store = Store::of(&target, provider)?;
    let Some(mut secret) = store.get().await? else {
        return Err(RotateError::NothingToRotate(provider.name).into());
    };
    secret.signing_secrets.truncate(1);
    store.replace(&secret).await?;
    say!(
        "only the newest secret of {} is stored; a running function may accept an older one until {}",
        provider.name,
        SystemClock.now().plus(WITHDRAWN_AFTER)
    );
    Ok(ExitCode::SUCCESS)
}

async fn find(arguments: &Arguments) -> Result<(&'static Provider, Target), Failure> {
    let provider = sample::provider(&arguments.provider)?;
    let target = arguments.stack.find().await?;
    let provider = target.provider(provider)?;
    Ok((provider, target))
}
