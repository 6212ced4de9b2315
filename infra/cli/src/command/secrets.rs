//! `acuse secrets`: what a provider and its merchant share.
//!
//! A value comes from the terminal, unseen, or from standard input; never from the command line,
//! where other users and the shell's history would see it. None is ever printed.

use std::io::{self, IsTerminal, Read};
use std::process::ExitCode;

use acuse_cli::{sample, say};
use acuse_core::provider::Provider;
use acuse_core::secrets::{SecretError, Secrets, Stored};
use clap::{Args, Subcommand};
use thiserror::Error;

use super::Failure;
use super::which::Which;
use acuse_cli::store::Store;
use acuse_cli::target::Target;

/// What to do with a provider's secret.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Puts a provider's secret, in the place of what is there
    ///
    /// Asks for it, or reads standard input: the signing secret, in a second line the token where
    /// the provider has one; or the whole JSON object.
    #[command(after_help = "Examples:
  acuse secrets put kuenta --stack acuse
  acuse secrets put onepay --stack acuse < onepay-secret.json
  printf '%s\\n' \"$SIGNING\" \"$TOKEN\" | acuse secrets put onepay")]
    Put(Arguments),
    /// Puts a new signing secret beside the old ones, so that a rotation loses nothing
    ///
    /// Both are accepted from now on. Change it at the provider, then withdraw the old one with
    /// `--finish`.
    #[command(after_help = "Examples:
  acuse secrets rotate kuenta --stack acuse        asks for the new secret; both hold
  acuse secrets rotate kuenta --stack acuse --finish    only the new one holds")]
    Rotate(Rotate),
}

/// `acuse secrets put`
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

/// A secret that can't be had or stored.
#[derive(Debug, Error)]
pub(super) enum SecretsError {
    #[error("can't read the secret from {0}")]
    Input(&'static str, #[source] io::Error),
    #[error(transparent)]
    Secret(#[from] SecretError),
    #[error("no secret of `{0}` was put yet, so there is nothing to rotate")]
    NothingToRotate(&'static str),
    #[error("the new secret of `{0}` is already there")]
    AlreadyThere(&'static str),
}

/// Does it.
pub(crate) async fn run(command: Command) -> Result<ExitCode, Failure> {
    match command {
        Command::Put(arguments) => put(&arguments).await?,
        Command::Rotate(Rotate {
            finish: false,
            arguments,
        }) => rotate(&arguments).await?,
        Command::Rotate(Rotate {
            finish: true,
            arguments,
        }) => finish(&arguments).await?,
    }
    Ok(ExitCode::SUCCESS)
}

async fn put(arguments: &Arguments) -> Result<(), Failure> {
    let (provider, target) = find(arguments).await?;
    let store = Store::of(&target, provider)?;
    let secret = ask(provider)?;
    store.put(&secret).await?;
    say!(
        "put the secret of {}; doors that run use it within 5 minutes, at the latest when a delivery does not verify",
        provider.name
    );
    say!(
        "deliveries that were refused meanwhile: `acuse quarantine release --provider {}`",
        provider.name
    );
    Ok(())
}

async fn rotate(arguments: &Arguments) -> Result<(), Failure> {
    let (provider, target) = find(arguments).await?;
    let store = Store::of(&target, provider)?;
    let Some(old) = store.get().await? else {
        let advice = format!("put it: `acuse secrets put {}`", provider.name);
        return Err(Failure::with_advice(
            SecretsError::NothingToRotate(provider.name),
            advice,
        ));
    };
    let mut new = ask(provider)?;
    if new
        .signing_secrets
        .iter()
        .any(|secret| old.signing_secrets.contains(secret))
    {
        return Err(SecretsError::AlreadyThere(provider.name).into());
    }
    new.signing_secrets.extend(old.signing_secrets);
    store.put(&new).await?;
    let name = provider.name;
    say!(
        "both secrets of {name} are accepted. Now change it at the provider; then `acuse secrets rotate {name} --finish`"
    );
    Ok(())
}

async fn finish(arguments: &Arguments) -> Result<(), Failure> {
    let (provider, target) = find(arguments).await?;
    let store = Store::of(&target, provider)?;
    let Some(mut secret) = store.get().await? else {
        return Err(SecretsError::NothingToRotate(provider.name).into());
    };
    secret.signing_secrets.truncate(1);
    // Twice, since the doors accept the previous version as well: once would leave the old
    // secrets there.
    store.put(&secret).await?;
    store.put(&secret).await?;
    say!(
        "only the newest secret of {} is accepted, everywhere within 5 minutes",
        provider.name
    );
    Ok(())
}

async fn find(arguments: &Arguments) -> Result<(&'static Provider, Target), Failure> {
    let provider = sample::provider(&arguments.provider)?;
    let target = arguments.stack.find().await?;
    let provider = target.provider(provider)?;
    Ok((provider, target))
}

/// Reads a secret and checks it.
pub(super) fn ask(provider: &'static Provider) -> Result<Stored, SecretsError> {
    let wants_token = provider.scheme.token.is_some();
    let stored = if io::stdin().is_terminal() {
        let prompt = |what| {
            rpassword::prompt_password(format!("{} of {} (not shown): ", what, provider.name))
                .map_err(|source| SecretsError::Input("the terminal", source))
        };
        Stored {
            signing_secrets: vec![prompt("signing secret")?],
            token: wants_token.then(|| prompt("token")).transpose()?,
            placeholder: false,
        }
    } else {
        let mut text = String::new();
        let read = io::stdin().read_to_string(&mut text);
        read.map_err(|source| SecretsError::Input("standard input", source))?;
        from_input(provider, &text)?
    };
    let text = stored.to_json();
    match Secrets::parse(provider, &text)? {
        Some(_) => Ok(stored.trimmed()),
        None => Err(SecretError::EmptySigningSecret {
            provider: provider.name,
        }
        .into()),
    }
}

/// The JSON object; else the signing secret, and in a second line the token.
fn from_input(provider: &'static Provider, text: &str) -> Result<Stored, SecretError> {
    if text.trim_start().starts_with('{') {
        return Stored::parse(provider, text);
    }
    let mut lines = text.lines();
    Ok(Stored {
        signing_secrets: lines.next().map(str::to_owned).into_iter().collect(),
        token: lines.next().map(str::to_owned),
        placeholder: false,
    })
}
