//! `acuse kuenta`: Kuenta's management API.

use std::process::ExitCode;

use acuse_cli::note;
use acuse_cli::webhooks::kuenta::{Account, BASE, Kuenta};
use acuse_cli::webhooks::{self, ApiError, Webhook};
use acuse_core::provider::Provider;
use acuse_core::providers::kuenta::PROVIDER;
use acuse_core::receive::secrets::SecretVersion;
use clap::{Args, Subcommand};
use secrecy::{ExposeSecret, SecretString};

use super::Failure;
use super::confirm::confirm;
use super::webhooks::{Create, Events, Place, newest, pace, print, say, say_deleted, token};

/// What to do at Kuenta.
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
  acuse kuenta webhooks list
  acuse kuenta webhooks list --json | jq -r .id")]
    List(List),
    /// Registers a stack's URL
    ///
    /// Kuenta signs with the secret that is in the stack. Where there is none yet, a random one is
    /// made and stored before Kuenta is told. Safe to run again: a URL that
    /// is registered already is reported and left alone.
    #[command(after_help = "Examples:
  acuse kuenta webhooks create --stack acuse
  acuse kuenta webhooks create --stack acuse --events payment.completed,payment.failed
  acuse kuenta webhooks create --no-store --url https://example.com/hook < secret.txt

With `--no-store` the secret is asked for, or read from standard input.")]
    Create(Register),
    /// Changes a webhook's URL or events
    #[command(after_help = "Examples:
  acuse kuenta webhooks update wh_1 --url https://example.com/webhooks/kuenta
  acuse kuenta webhooks update wh_1 --events payment.completed,payment.failed

What is not given stays as it is.")]
    Update(Update),
    /// Deletes a webhook for good; one that is gone is reported, and no error
    #[command(after_help = "Examples:
  acuse kuenta webhooks delete wh_1
  acuse kuenta webhooks delete wh_1 --yes")]
    Delete(Delete),
}

/// Where Kuenta's API is, and who calls.
///
/// The bearer token comes from KUENTA_API_TOKEN alone.
#[derive(Debug, Args)]
#[command(next_help_heading = "Kuenta's API (bearer token: only from the environment, KUENTA_API_TOKEN)")]
pub(crate) struct Api {
    /// Where it is
    #[arg(long, env = "KUENTA_API_URL", default_value = BASE)]
    base_url: String,
    /// Whose webhooks: `Organization-ID`
    #[arg(long, env = "KUENTA_ORGANIZATION_ID", value_name = "ID")]
    organization_id: String,
    /// Who sets them up: `Config-Organization-ID` [default: the same]
    #[arg(long, env = "KUENTA_CONFIG_ORGANIZATION_ID", value_name = "ID")]
    config_organization_id: Option<String>,
}

/// `acuse kuenta webhooks list`
#[derive(Debug, Args)]
pub(crate) struct List {
    /// One JSON object a line
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    api: Api,
}

/// `acuse kuenta webhooks create`
#[derive(Debug, Args)]
pub(crate) struct Register {
    #[command(flatten)]
    create: Create,
    #[command(flatten)]
    api: Api,
}

/// `acuse kuenta webhooks update`
#[derive(Debug, Args)]
pub(crate) struct Update {
    /// Which one
    id: String,
    /// Where Kuenta posts to from now on
    #[arg(long, value_parser = webhooks::webhook_url, required_unless_present = "events")]
    url: Option<String>,
    #[command(flatten)]
    events: Events,
    /// One JSON object a line
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    api: Api,
}

/// `acuse kuenta webhooks delete`
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

/// Does it.
pub(crate) async fn run(Command::Webhooks(command): Command) -> Result<ExitCode, Failure> {
    match command {
        Webhooks::List(list) => print(&list.api.client()?.list().await?, list.json),
        Webhooks::Create(register) => register.run().await?,
        Webhooks::Update(update) => update.run().await?,
        Webhooks::Delete(delete) => delete.run().await?,
    }
    Ok(ExitCode::SUCCESS)
}

impl Api {
    /// The API of the organization `organization_id`, which sets up its webhooks itself.
    pub(crate) fn of(base_url: &str, organization_id: &str) -> Self {
        Self {
            base_url: base_url.to_owned(),
            organization_id: organization_id.to_owned(),
            config_organization_id: None,
        }
    }

    pub(crate) fn client(&self) -> Result<Kuenta, Failure> {
        let config = self.config_organization_id.as_ref().unwrap_or(&self.organization_id);
        let account = Account {
            organization_id: self.organization_id.clone(),
            config_organization_id: config.clone(),
            token: token("KUENTA_API_TOKEN")?,
        };
        Ok(Kuenta::new(&self.base_url, account, pace())?)
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
        let secret = secret(&place, &PROVIDER).await?;
        let made = api.create(&place.url, &place.events, &secret).await;
        let made: Webhook = made.map_err(|error| self.not_made(error, &place))?;
        say(&made, "created", self.create.json);
        Ok(())
    }

    fn not_made(&self, error: ApiError, place: &Place) -> Failure {
        let mut advice = error.advice();
        if let Some(store) = &place.store {
            advice += &format!(". The secret is in `{}`, and used again the next time", store.id());
        }
        advice += match (self.create.force, error.is_unsure()) {
            (true, true) => ". Look before you run it again: with `--force` another one would be made",
            _ => ". It is safe to run this again: what is registered already is not made twice",
        };
        Failure::with_advice(error, advice)
    }
}

/// What Kuenta shall sign with. It is in the stack before Kuenta has it.
async fn secret(place: &Place, provider: &'static Provider) -> Result<SecretString, Failure> {
    let Some(store) = &place.store else {
        let asked = super::secrets::ask(provider, false)?;
        return Ok(newest(provider, &asked.signing_secrets)?);
    };
    if let Some(stored) = store.get().await? {
        return Ok(newest(provider, &stored.signing_secrets)?);
    }
    let secret = webhooks::new_secret()?;
    let stored = SecretVersion {
        signing_secrets: vec![secret.expose_secret().to_owned()],
        ..SecretVersion::default()
    };
    store.add(&stored).await?;
    note!(
        "made a secret, and stored it in `{}`; every running function accepts it after {} s at the latest",
        store.id(),
        super::secrets::ACCEPTED_AFTER.as_secs()
    );
    Ok(secret)
}

impl Update {
    async fn run(&self) -> Result<(), Failure> {
        let api = self.api.client()?;
        let events = match self.events.events.is_empty() {
            true => None,
            false => Some(self.events.of(&PROVIDER)?),
        };
        let (url, events) = match (&self.url, events) {
            (Some(url), Some(events)) => (url.clone(), events),
            // Both have to be sent.
            (url, events) => {
                let present = api.list().await?;
                let mut present = present.into_iter().filter(|webhook| webhook.id == self.id);
                let present = present.next().ok_or_else(|| ApiError::Unknown(self.id.clone()))?;
                let events = events.unwrap_or(present.events);
                (url.clone().unwrap_or(present.url), events)
            }
        };
        if events.is_empty() {
            return Err(ApiError::Untold("events").into());
        }
        if url.is_empty() {
            return Err(ApiError::Untold("url").into());
        }
        say(&api.update(&self.id, &url, &events).await?, "updated", self.json);
        Ok(())
    }
}

impl Delete {
    async fn run(&self) -> Result<(), Failure> {
        let api = self.api.client()?;
        confirm(&format!("delete Kuenta's webhook {} for good", self.id), self.yes)?;
        say_deleted(&self.id, api.delete(&self.id).await?, self.json);
        Ok(())
    }
}
