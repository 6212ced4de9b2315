//! `acuse onepay`: OnePay's management API.

use std::process::ExitCode;

use acuse_cli::stack::store::Store;
use acuse_cli::webhooks::onepay::{BASE, Change, Issued, Onepay};
use acuse_cli::webhooks::{self, ApiError};
use acuse_cli::{note, say};
use acuse_core::providers::onepay::PROVIDER;
use acuse_core::receive::secrets::{SecretVersion, Secrets, TokenField};
use clap::{Args, Subcommand};
use secrecy::ExposeSecret;
use thiserror::Error;

use super::Failure;
use super::confirm::confirm;
use super::webhooks::{Create, Events, pace, print, say, say_deleted, wanted_token};

/// That there is no token has to be said by who puts the secret: one that was forgotten must not switch a check off.
const PUT_WITHOUT_TOKEN: &str = "copy its secret from OnePay's panel, and say that it has no token: `acuse secrets put onepay --no-token`; then `acuse quarantine release --provider onepay` for what came meanwhile";

/// What to do at OnePay.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Looks at webhooks, makes, changes and deletes them
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
    /// Shows one, with whether its deliveries carry a token
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
    /// Changes a webhook's name, URL or events, or asks for deliveries without a token
    ///
    /// Its secret stays the same. Safe to run again.
    #[command(after_help = "Examples:
  acuse onepay webhooks update 9e5ccd4a-d2f0-49dd-87fc-a0da752bd166 --url https://example.com/webhooks/onepay
  acuse onepay webhooks update 9e5ccd4a-d2f0-49dd-87fc-a0da752bd166 --events payment.approved,payment.rejected
  acuse onepay webhooks update 9e5ccd4a-d2f0-49dd-87fc-a0da752bd166 --no-token

What is not given stays as it is. Before `--no-token`, put the secret without a token (`acuse secrets put onepay
--no-token`): deliveries are then accepted all the while.")]
    Update(Update),
    /// Deletes a webhook for good; one that is gone is reported, and no error
    #[command(after_help = "Examples:
  acuse onepay webhooks delete 9e5ccd4a-d2f0-49dd-87fc-a0da752bd166
  acuse onepay webhooks delete 9e5ccd4a-d2f0-49dd-87fc-a0da752bd166 --yes")]
    Delete(Delete),
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
    /// Asks for deliveries without a token: the signature alone proves them
    #[arg(long)]
    no_token: bool,
    #[command(flatten)]
    create: Create,
    #[command(flatten)]
    api: Api,
}

/// `acuse onepay webhooks update`
#[derive(Debug, Args)]
#[command(group = clap::ArgGroup::new("change").args(["name", "url", "events", "no_token"]).required(true).multiple(true))]
pub(crate) struct Update {
    /// Which one
    id: String,
    /// What it is called in OnePay's panel from now on
    #[arg(long)]
    name: Option<String>,
    /// Where OnePay posts to from now on
    #[arg(long, value_parser = webhooks::webhook_url)]
    url: Option<String>,
    #[command(flatten)]
    events: Events,
    /// Asks for deliveries without a token: the signature alone proves them
    #[arg(long)]
    no_token: bool,
    /// One JSON object a line
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    api: Api,
}

/// `acuse onepay webhooks delete`
#[derive(Debug, Args)]
pub(crate) struct Delete {
    /// Which one
    id: String,
    /// Does not ask
    #[arg(long)]
    yes: bool,
    /// One JSON object a line
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    api: Api,
}

/// A webhook that was made, and whose deliveries can't be verified yet.
#[derive(Debug, Error)]
enum OnepayError {
    #[error("made the webhook `{0}`, but OnePay's answer holds no secret and token")]
    NothingIssued(String),
    #[error("made the webhook `{0}`, whose deliveries carry no token: its secret is not stored")]
    NoTokenIssued(String),
    #[error("changed the webhook `{0}`, but OnePay does not say that its deliveries carry no token")]
    TokenStays(String),
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
        Webhooks::Show(show) => show.run().await?,
        Webhooks::Create(register) => register.run().await?,
        Webhooks::Update(update) => update.run().await?,
        Webhooks::Delete(delete) => delete.run().await?,
    }
    Ok(ExitCode::SUCCESS)
}

impl Api {
    fn client(&self) -> Result<Onepay, Failure> {
        let token = wanted_token("ONEPAY_API_TOKEN")?;
        Ok(Onepay::new(&self.base_url, token, pace())?)
    }
}

impl Show {
    async fn run(&self) -> Result<(), Failure> {
        let webhook = self.api.client()?.show(&self.id).await?;
        let without_token = webhook.has_token == Some(false);
        print(&[webhook], self.json);
        if without_token && !self.json {
            say!(
                "its deliveries carry no token: the stack's secret has to say so, `acuse secrets put onepay --no-token`"
            );
        }
        Ok(())
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
        let issued = api.create(&self.name, &place.url, &place.events, self.no_token).await;
        let issued = issued.map_err(|error| self.not_made(error))?;
        let has_token = issued.token.is_some();
        match &place.store {
            Some(_) if self.no_token && !has_token => note!("{PUT_WITHOUT_TOKEN}"),
            // Nobody asked for that: to give up the token is the operator's decision.
            Some(_) if issued.webhook.has_token == Some(false) => {
                let id = issued.webhook.id;
                return Err(Failure::with_advice(OnepayError::NoTokenIssued(id), PUT_WITHOUT_TOKEN));
            }
            Some(store) => keep(store, old, &issued).await?,
            None if has_token => note!("copy its secret and token from OnePay's panel: `acuse secrets put onepay`"),
            None => note!("{PUT_WITHOUT_TOKEN}"),
        }
        if self.no_token && has_token {
            note!("note: OnePay gave it a token all the same, and its deliveries carry it");
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

impl Update {
    async fn run(&self) -> Result<(), Failure> {
        let events = match self.events.events.is_empty() {
            true => None,
            false => Some(self.events.of(&PROVIDER)?),
        };
        let change = Change {
            name: self.name.clone(),
            url: self.url.clone(),
            events,
            no_token: self.no_token,
        };
        let webhook = self.api.client()?.update(&self.id, &change).await?;
        say(&webhook, "updated", self.json);
        // Whether OnePay takes the wish is not documented.
        if self.no_token && webhook.has_token != Some(false) {
            return Err(Failure::with_advice(
                OnepayError::TokenStays(webhook.id),
                "keep the token in the stack's secret; switch it off in OnePay's panel, or ask OnePay",
            ));
        }
        if self.no_token {
            note!("its deliveries are refused until the secret says so: `acuse secrets put onepay --no-token`");
        }
        Ok(())
    }
}

impl Delete {
    async fn run(&self) -> Result<(), Failure> {
        let api = self.api.client()?;
        confirm(&format!("delete OnePay's webhook {} for good", self.id), self.yes)?;
        say_deleted(&self.id, api.delete(&self.id).await?, self.json);
        Ok(())
    }
}

/// Stores what OnePay chose, before what is there.
async fn keep(store: &Store, old: Option<SecretVersion>, issued: &Issued) -> Result<(), Failure> {
    let id = issued.webhook.id.clone();
    let advice = "copy both from OnePay's panel: `acuse secrets put onepay`, with `--no-token` where it shows no token; then `acuse quarantine release --provider onepay` for what came meanwhile";
    if let (Some(_), Some(false)) = (&issued.signing_secret, issued.webhook.has_token) {
        // Nobody asked for that: to give up the token is the operator's decision.
        return Err(Failure::with_advice(OnepayError::NoTokenIssued(id), PUT_WITHOUT_TOKEN));
    }
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
    let mut stored = SecretVersion {
        signing_secrets: vec![secret.expose_secret().to_owned()],
        token: TokenField::Text(token.expose_secret().to_owned()),
        ..SecretVersion::default()
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
