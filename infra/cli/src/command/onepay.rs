//! `acuse onepay`: OnePay's management API.

use std::process::ExitCode;

use acuse_cli::note;
use acuse_cli::store::Store;
use acuse_cli::webhooks::ApiError;
use acuse_cli::webhooks::onepay::{BASE, Issued, Onepay};
use acuse_core::providers::onepay::PROVIDER;
use acuse_core::secrets::{Secrets, Stored, Token};
use clap::{Args, Subcommand};
use secrecy::ExposeSecret;
use thiserror::Error;

use super::Failure;
use super::webhooks::{Create, pace, print, say, wanted_token};

/// What to do at OnePay.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Looks at webhooks, and makes them
    #[command(subcommand)]
    Webhooks(Webhooks),
}

/// What to do with webhooks.
#[derive(Debug, Subcommand)]
pub(crate) enum Webhooks {
    /// Lists them
    #[command(after_help = "Examples:
  acuse onepay webhooks list
  acuse onepay webhooks list --json | jq -r .id")]
    List(List),
    /// Shows one
    #[command(after_help = "Examples:
  acuse onepay webhooks show 9e5ccd4a-d2f0-49dd-87fc-a0da752bd166 --json")]
    Show(Show),
    /// Registers a stack's URL, and stores the secret and the token that OnePay chooses for it
    ///
    /// The new secret is put before those that are stored, which still hold. Safe to run again: a
    /// URL that is registered already is reported and left alone.
    #[command(after_help = "Examples:
  acuse onepay webhooks create --stack acuse
  acuse onepay webhooks create --stack acuse --events payment.approved,payment.rejected
  acuse onepay webhooks create --no-store --url https://example.com/hook

With `--no-store` copy secret and token from OnePay's panel: they are never printed.")]
    Create(Register),
}

/// Where OnePay's API is.
#[derive(Debug, Args)]
#[command(next_help_heading = "OnePay's API (bearer token: only from the environment, ONEPAY_API_TOKEN)")]
pub(crate) struct Api {
    /// Where it is
    #[arg(long, env = "ONEPAY_API_URL", default_value = BASE)]
    base_url: String,
}

/// `acuse onepay webhooks list`
#[derive(Debug, Args)]
pub(crate) struct List {
    /// One JSON object a line
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    api: Api,
}

/// `acuse onepay webhooks show`
#[derive(Debug, Args)]
pub(crate) struct Show {
    /// Which one
    id: String,
    /// One JSON object a line
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    api: Api,
}

/// `acuse onepay webhooks create`
#[derive(Debug, Args)]
pub(crate) struct Register {
    /// What it is called in OnePay's panel
    #[arg(long, default_value = "Acuse")]
    name: String,
    #[command(flatten)]
    create: Create,
    #[command(flatten)]
    api: Api,
}

/// A webhook that was made, and whose deliveries can't be verified yet.
#[derive(Debug, Error)]
enum OnepayError {
    #[error("made the webhook `{0}`, but OnePay's answer holds no secret and token")]
    NothingIssued(String),
    #[error("made the webhook `{id}`, but its secret and token could not be stored")]
    NotStored {
        id: String,
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}

/// Does it.
pub(crate) async fn run(Command::Webhooks(command): Command) -> Result<ExitCode, Failure> {
    match command {
        Webhooks::List(list) => print(&list.api.client()?.list().await?, list.json),
        Webhooks::Show(show) => print(&[show.api.client()?.show(&show.id).await?], show.json),
        Webhooks::Create(register) => register.run().await?,
    }
    Ok(ExitCode::SUCCESS)
}

impl Api {
    fn client(&self) -> Result<Onepay, Failure> {
        let token = wanted_token("ONEPAY_API_TOKEN")?;
        Ok(Onepay::new(&self.base_url, token, pace())?)
    }
}

impl Register {
    async fn run(&self) -> Result<(), Failure> {
        let api = self.api.client()?;
        let place = self.create.place(&PROVIDER).await?;
        let present = api.list().await?;
        if self.create.is_there(&present, &place, &PROVIDER).await? {
            return Ok(());
        }
        // Read first: where the stack's secret is out of reach, nothing is made.
        let old = match &place.store {
            Some(store) => store.get().await?,
            None => None,
        };
        let issued = api.create(&self.name, &place.url, &place.events).await;
        let issued = issued.map_err(|error| self.not_made(error))?;
        match &place.store {
            Some(store) => keep(store, old, &issued).await?,
            None => note!("copy its secret and token from OnePay's panel: `acuse secrets put onepay`"),
        }
        say(&issued.webhook, "created", self.create.json);
        Ok(())
    }

    fn not_made(&self, error: ApiError) -> Failure {
        let advice = error.advice();
        let again = match error.is_unsure() {
            true => {
                "Look before you run it again; if it was made, copy its secret and token from OnePay's panel: `acuse secrets put onepay`"
            }
            false => "It is safe to run this again",
        };
        Failure::with_advice(error, format!("{advice}. {again}"))
    }
}

/// Stores what OnePay chose, before what is there.
async fn keep(store: &Store, old: Option<Stored>, issued: &Issued) -> Result<(), Failure> {
    let id = issued.webhook.id.clone();
    let advice = "copy both from OnePay's panel: `acuse secrets put onepay`, with `--no-token` where it shows no token; then `acuse quarantine release --provider onepay` for what came meanwhile";
    let (Some(secret), Some(token)) = (&issued.signing_secret, &issued.token) else {
        return Err(Failure::with_advice(OnepayError::NothingIssued(id), advice));
    };
    let not_stored = |source: Box<dyn std::error::Error + Send + Sync>| {
        Failure::with_advice(
            OnepayError::NotStored {
                id: issued.webhook.id.clone(),
                source,
            },
            advice,
        )
    };
    let mut stored = Stored {
        signing_secrets: vec![secret.expose_secret().to_owned()],
        token: Token::Text(token.expose_secret().to_owned()),
        ..Stored::default()
    };
    stored
        .signing_secrets
        .extend(old.into_iter().flat_map(|old| old.signing_secrets));
    Secrets::parse(&PROVIDER, &stored.to_json()).map_err(|error| not_stored(error.into()))?;
    store.add(&stored).await.map_err(|error| not_stored(error.into()))?;
    note!(
        "stored its secret and token in `{}`; every running function accepts them after {} s at the latest",
        store.id(),
        super::secrets::ACCEPTED_AFTER.as_secs()
    );
    note!("what came before that and was refused: `acuse quarantine release --provider onepay`");
    Ok(())
}
