//! `acuse kuenta`: Kuenta's management API.

use std::process::ExitCode;

use acuse_core::provider::Provider;
use acuse_core::providers::kuenta::PROVIDER;
use clap::{Args, Subcommand};
use secrecy::{ExposeSecret, SecretString};

use super::Failure;
use super::webhooks::{Check, Create, Delete, Events, List, ManagementApi, Place, Repair, newest, say, token};
use crate::note;
use crate::terminal::shell_quoted;
use crate::webhooks::client::Pace;
use crate::webhooks::kuenta::{Api, BASE, Kuenta};
use crate::webhooks::{self, ApiError, Webhook};

/// `acuse kuenta`
pub(crate) type Command = super::webhooks::Command<Webhooks>;

/// `acuse kuenta webhooks`
#[derive(Debug, Subcommand)]
pub(crate) enum Webhooks {
    /// List webhooks
    #[command(after_help = "Examples:
  acuse kuenta webhooks list
  acuse kuenta webhooks list --json | jq -r .id")]
    List(List<Api>),
    /// Check that an account's webhook is on, posts to the stack, and has all events
    ///
    /// Kuenta's guide documents no member that says whether a webhook is on. If Kuenta sends one nevertheless (such as
    /// `is_active`), it counts, and `--fix` sends it back the other way and then reads whether Kuenta took it. `--fix`
    /// changes only what was found, never deletes, and creates nothing. It moves no webhook from another host, which may
    /// be another stack of yours, unless `--move-from` names it. Exits 1 if anything is wrong.
    #[command(after_help = "Examples:
  acuse kuenta webhooks check --stack acuse
  acuse kuenta webhooks check --organization-id org_2 --account org_2 --json --stack acuse | jq .findings
  acuse kuenta webhooks check --fix --dry-run --stack acuse
  acuse kuenta webhooks check --fix --move-from https://old.example.com/webhooks/kuenta --reason \"a new domain\" --stack acuse

KUENTA_EVENTS names the types that you want if not all; `acuse doctor` goes by it too.")]
    Check(Check<Api>),
    /// Register a stack's URL
    ///
    /// Kuenta signs with the account's secret. If there is none, a random one is generated and stored first. Each
    /// organization gets an account of its own, with its own URL and secret. Safe to run again: a URL that is already
    /// registered is reported and left unchanged.
    #[command(after_help = "Examples:
  acuse kuenta webhooks create --stack acuse
  acuse kuenta webhooks create --stack acuse --events payment.completed,payment.failed
  acuse kuenta webhooks create --stack acuse --organization-id org_2 --account org_2
  acuse kuenta webhooks create --no-store --url https://example.com/hook < secret.txt

With `--no-store`, the secret is read from the terminal or standard input.")]
    Create(Register),
    /// Change a webhook's URL or events
    #[command(after_help = "Examples:
  acuse kuenta webhooks update wh_1 --url https://example.com/webhooks/kuenta
  acuse kuenta webhooks update wh_1 --events payment.completed,payment.failed

Options that are not given leave their setting unchanged.")]
    Update(Update),
    /// Delete a webhook permanently; it is not an error if there is none
    #[command(after_help = "Examples:
  acuse kuenta webhooks delete wh_1
  acuse kuenta webhooks delete wh_1 --yes")]
    Delete(Delete<Api>),
}

#[derive(Debug, Args)]
pub(crate) struct Register {
    #[command(flatten)]
    create: Create,
    #[command(flatten)]
    api: Api,
}

#[derive(Debug, Args)]
pub(crate) struct Update {
    /// The webhook's id
    id: String,
    /// New URL to post to
    #[arg(long, value_parser = webhooks::webhook_url, required_unless_present = "events")]
    url: Option<String>,
    #[command(flatten)]
    events: Events,
    /// Print one JSON object per line
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    api: Api,
}

pub(crate) async fn run(Command::Webhooks(command): Command) -> Result<ExitCode, Failure> {
    match command {
        Webhooks::List(list) => list.run().await?,
        Webhooks::Check(check) => return check.run().await,
        Webhooks::Create(register) => register.run().await?,
        Webhooks::Update(update) => update.run().await?,
        Webhooks::Delete(delete) => delete.run().await?,
    }
    Ok(ExitCode::SUCCESS)
}

impl ManagementApi for Api {
    type Client = Kuenta;

    const PROVIDER: &'static str = "Kuenta";
    const TOKEN: &'static str = "KUENTA_API_TOKEN";
    const EVENTS: &'static str = "KUENTA_EVENTS";
    const CHECK: &'static str = "kuenta webhooks check";

    fn provider() -> &'static Provider {
        &PROVIDER
    }

    fn named(&self) -> String {
        let url = Some(&self.base_url).filter(|url| *url != BASE);
        let options = [
            ("base-url", url),
            ("organization-id", self.organization_id.as_ref()),
            ("config-organization-id", self.config_organization_id.as_ref()),
        ];
        let named = options
            .into_iter()
            .filter_map(|(name, value)| Some(format!(" --{name} {}", shell_quoted(value?))));
        named.collect()
    }

    fn client(&self) -> Result<Kuenta, Failure> {
        Ok(Kuenta::new(self, token(Self::TOKEN)?, Pace::default())?)
    }

    async fn repair(client: &Kuenta, webhook: &Webhook, repair: &Repair) -> Result<Webhook, ApiError> {
        // Kuenta requires both.
        let url = repair.url.as_ref().unwrap_or(&webhook.url);
        let events = repair.events.as_ref().unwrap_or(&webhook.events);
        client.update(&webhook.id, url, events, repair.switch.clone()).await
    }
}

impl Register {
    async fn run(&self) -> Result<(), Failure> {
        let api = self.api.client()?;
        let Some(place) = self.create.place(&self.api, &api).await? else {
            return Ok(());
        };
        let scope = self.create.account.name.scope(PROVIDER.name);
        let registered = async {
            let secret = self.secret(&place).await?;
            let created = api.create(&place.url, &place.events, &secret).await;
            created.map_err(|error| self.not_created(error, &place))
        };
        let created = place.acting("kuenta webhooks create", &scope, registered).await?;
        say(&created, "created", self.create.json);
        Ok(())
    }

    /// The secret for Kuenta to sign with. A new one is stored before Kuenta gets it.
    async fn secret(&self, place: &Place) -> Result<SecretString, Failure> {
        let Some(store) = &place.store else {
            let asked = super::secrets::ask(&PROVIDER, &self.create.account.name, false)?;
            return Ok(newest(&PROVIDER, &asked.signing_secrets)?);
        };
        let (name, stored) = (&self.create.account.name, store.get().await?);
        let present = stored.account(name);
        self.create.account.check_environment(present)?;
        if let Some(account) = present {
            return Ok(newest(&PROVIDER, &account.signing_secrets)?);
        }
        let secret = webhooks::new_secret()?;
        let account = self.create.account.with_secret(present, secret.expose_secret());
        store.put(&stored, name, account).await?;
        note!(
            "generated a secret for {} and stored it in `{}`; all running functions accept it within {} s",
            name.scope(PROVIDER.name),
            store.id(),
            super::secrets::ACCEPTED_AFTER.as_secs()
        );
        Ok(secret)
    }

    fn not_created(&self, error: ApiError, place: &Place) -> Failure {
        let mut advice = error.advice();
        if let Some(store) = &place.store {
            advice += &format!(". The secret is stored in `{}` and will be reused", store.id());
        }
        advice += match (self.create.force, error.is_unsure()) {
            (true, true) => ". Check before you run this again, since `--force` creates another one",
            _ => ". It is safe to run this again: a registered URL is not registered twice",
        };
        Failure::with_advice(error, advice)
    }
}

impl Update {
    async fn run(&self) -> Result<(), Failure> {
        let api = self.api.client()?;
        let events = self.events.chosen(&PROVIDER)?;
        let (url, events) = match (&self.url, events) {
            (Some(url), Some(events)) => (url.clone(), events),
            // Kuenta requires both.
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
        say(&api.update(&self.id, &url, &events, None).await?, "updated", self.json);
        Ok(())
    }
}
