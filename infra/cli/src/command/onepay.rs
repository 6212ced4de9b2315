//! `acuse onepay`: OnePay's management API.

mod store;

use std::process::ExitCode;

use acuse_core::account::AccountName;
use acuse_core::provider::Provider;
use acuse_core::providers::onepay::PROVIDER;
use clap::{Args, Subcommand};
use thiserror::Error;

use super::Failure;
use super::webhooks::{Check, Create, Delete, Events, List, ManagementApi, Place, Repair, print, required_token, say};
use crate::stack::filter::account_option;
use crate::terminal::shell_quoted;
use crate::webhooks::client::Pace;
use crate::webhooks::onepay::{BASE, Change, Onepay};
use crate::webhooks::{self, ApiError, Webhook};
use crate::{note, say};

/// `acuse onepay`
pub(crate) type Command = super::webhooks::Command<Webhooks>;

/// `acuse onepay webhooks`
#[derive(Debug, Subcommand)]
pub(crate) enum Webhooks {
    /// List webhooks
    #[command(after_help = "Examples:
  acuse onepay webhooks list
  acuse onepay webhooks list --json | jq -r .id")]
    List(List<Api>),
    /// Show a webhook, and whether its deliveries carry a token
    #[command(after_help = "Examples:
  acuse onepay webhooks show 9e5ccd4a-d2f0-49dd-87fc-a0da752bd166 --json")]
    Show(Show),
    /// Check that an account's webhook is on, posts to the stack, and has all events
    ///
    /// OnePay's reference documents no member that says whether a webhook is on. If OnePay sends one nevertheless
    /// (such as `is_active`), it counts, and `--fix` sends it back the other way and then reads whether OnePay took it.
    /// `--fix` changes only what was found, never deletes, and creates nothing. It moves no webhook from another host, which may
    /// be another stack of yours, unless `--move-from` names it. Exits 1 if anything is wrong.
    #[command(after_help = "Examples:
  acuse onepay webhooks check --stack acuse
  acuse onepay webhooks check --account test --json --stack acuse | jq .findings
  acuse onepay webhooks check --fix --dry-run --stack acuse
  acuse onepay webhooks check --fix --yes --reason \"switched off on Friday\" --stack acuse
  acuse onepay webhooks check --fix --move-from https://old.example.com/webhooks/onepay --stack acuse
  ONEPAY_EVENTS=payment.approved,payment.rejected acuse onepay webhooks check --stack acuse

ONEPAY_EVENTS names the types that you want if not all; `acuse doctor` goes by it too.")]
    Check(Check<Api>),
    /// Register a stack's URL, and store the secret and token that OnePay generates
    ///
    /// Secrets stored before remain valid. Another webhook gets an account of its own, with its own URL, secret and
    /// token. Safe to run again: a URL that is already registered is reported and left unchanged.
    #[command(after_help = "Examples:
  acuse onepay webhooks create --stack acuse
  acuse onepay webhooks create --stack acuse --events payment.approved,payment.rejected
  acuse onepay webhooks create --stack acuse --account test --environment test
  acuse onepay webhooks create --no-store --url https://example.com/hook

With `--no-store`, copy the secret and token from OnePay's panel; they are never printed.")]
    Create(Register),
    /// Change a webhook's name, URL or events, or request deliveries without a token
    ///
    /// The secret does not change. Safe to run again.
    #[command(after_help = "Examples:
  acuse onepay webhooks update 9e5ccd4a-d2f0-49dd-87fc-a0da752bd166 --url https://example.com/webhooks/onepay
  acuse onepay webhooks update 9e5ccd4a-d2f0-49dd-87fc-a0da752bd166 --events payment.approved,payment.rejected
  acuse onepay webhooks update 9e5ccd4a-d2f0-49dd-87fc-a0da752bd166 --no-token

Options that are not given leave their setting unchanged. Before `--no-token`, store the secret without a
token (`acuse secrets put onepay --account NAME --no-token`), so that no delivery is refused.")]
    Update(Update),
    /// Delete a webhook permanently; it is not an error if there is none
    #[command(after_help = "Examples:
  acuse onepay webhooks delete 9e5ccd4a-d2f0-49dd-87fc-a0da752bd166
  acuse onepay webhooks delete 9e5ccd4a-d2f0-49dd-87fc-a0da752bd166 --yes")]
    Delete(Delete<Api>),
}

/// The options of OnePay's API.
#[derive(Debug, Args)]
#[command(next_help_heading = "OnePay's API (bearer token: only from the environment, ONEPAY_API_TOKEN)")]
pub(crate) struct Api {
    /// The API's base URL
    #[arg(long, env = "ONEPAY_API_URL", default_value = BASE)]
    base_url: String,
    /// The variable with the token.
    #[arg(skip = Api::TOKEN.to_owned())]
    token: String,
}

#[derive(Debug, Args)]
pub(crate) struct Show {
    /// The webhook's id
    id: String,
    /// Print one JSON object per line
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    api: Api,
}

#[derive(Debug, Args)]
pub(crate) struct Register {
    /// Name in OnePay's panel
    #[arg(long, default_value = "Acuse")]
    name: String,
    /// Request deliveries without a token; their signature is still verified
    #[arg(long)]
    no_token: bool,
    #[command(flatten)]
    create: Create,
    #[command(flatten)]
    api: Api,
}

#[derive(Debug, Args)]
#[command(group = clap::ArgGroup::new("change").args(["name", "url", "events", "no_token"]).required(true).multiple(true))]
pub(crate) struct Update {
    /// The webhook's id
    id: String,
    /// New name in OnePay's panel
    #[arg(long)]
    name: Option<String>,
    /// New URL to post to
    #[arg(long, value_parser = webhooks::webhook_url)]
    url: Option<String>,
    #[command(flatten)]
    events: Events,
    /// Request deliveries without a token; their signature is still verified
    #[arg(long)]
    no_token: bool,
    /// Print one JSON object per line
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    api: Api,
}

/// A webhook was created, but its deliveries can't be verified yet.
#[derive(Debug, Error)]
#[error("created the webhook `{id}`, but its secret and token could not be stored")]
struct NotStored {
    id: String,
    source: Box<dyn std::error::Error + Send + Sync>,
}

pub(crate) async fn run(Command::Webhooks(command): Command) -> Result<ExitCode, Failure> {
    match command {
        Webhooks::List(list) => list.run().await?,
        Webhooks::Show(show) => show.run().await?,
        Webhooks::Check(check) => return check.run().await,
        Webhooks::Create(register) => register.run().await?,
        Webhooks::Update(update) => update.run().await?,
        Webhooks::Delete(delete) => delete.run().await?,
    }
    Ok(ExitCode::SUCCESS)
}

impl ManagementApi for Api {
    type Client = Onepay;

    const PROVIDER: &'static str = "OnePay";
    const TOKEN: &'static str = "ONEPAY_API_TOKEN";
    const EVENTS: &'static str = "ONEPAY_EVENTS";
    const CHECK: &'static str = "onepay webhooks check";

    fn provider() -> &'static Provider {
        &PROVIDER
    }

    fn token_of(account: &AccountName) -> Option<String> {
        let name = account.as_str().to_ascii_uppercase().replace('-', "_");
        (!account.is_default()).then(|| format!("{}_{name}", Self::TOKEN))
    }

    fn named(&self) -> String {
        match self.base_url.as_str() {
            BASE => String::new(),
            url => format!(" --base-url {}", shell_quoted(url)),
        }
    }

    fn client(&self) -> Result<Onepay, Failure> {
        let token = required_token(&self.token)?;
        Ok(Onepay::new(&self.base_url, token, Pace::default())?)
    }

    async fn repair(client: &Onepay, webhook: &Webhook, repair: &Repair) -> Result<Webhook, ApiError> {
        let change = Change {
            url: repair.url.clone(),
            events: repair.events.clone(),
            undocumented: repair.switch.clone(),
            ..Change::default()
        };
        client.update(&webhook.id, &change).await
    }
}

impl Api {
    /// The API at this URL, with the token of this variable.
    pub(crate) fn with_token(base_url: &str, name: &str) -> Self {
        Self {
            base_url: base_url.to_owned(),
            token: name.to_owned(),
        }
    }
}

/// The command that states that a webhook has no token. Its URL names the account.
fn put_without_token(webhook: &Webhook) -> String {
    let account = webhook.url.rsplit_once("/webhooks/onepay/");
    let account = account.and_then(|(_, name)| AccountName::parse(name.trim_end_matches('/')));
    let account = account_option(&account.unwrap_or_default());
    format!("acuse secrets put onepay{account} --no-token")
}

impl Show {
    async fn run(&self) -> Result<(), Failure> {
        let webhook = self.api.client()?.show(&self.id).await?;
        let put = put_without_token(&webhook);
        let without_token = webhook.has_token == Some(false);
        print(&[webhook], self.json);
        if without_token && !self.json {
            say!("its deliveries carry no token; the stack must know that: `{put}`");
        }
        Ok(())
    }
}

impl Register {
    async fn run(&self) -> Result<(), Failure> {
        let api = self.api.client()?;
        let Some(place) = self.create.place(&self.api, &api).await? else {
            return Ok(());
        };
        let scope = self.create.account.name.scope(PROVIDER.name);
        let created = place.acting("onepay webhooks create", &scope, self.create(&api, &place));
        say(&created.await?, "created", self.create.json);
        Ok(())
    }

    async fn create(&self, api: &Onepay, place: &Place) -> Result<Webhook, Failure> {
        // Read first, so that nothing is created if the stack's secret is inaccessible or has no room.
        let store = match &place.store {
            Some(store) => {
                let stored = store.get().await?;
                let name = &self.create.account.name;
                self.create.account.check_environment(stored.account(name))?;
                let unknown = "?".repeat(store::LONGEST_ISSUED);
                store.check(&stored, name, self.issued(&stored, &unknown, &unknown))?;
                Some((store, stored))
            }
            None => None,
        };
        let issued = api.create(&self.name, &place.url, &place.events, self.no_token).await;
        let issued = issued.map_err(|error| self.not_created(error))?;
        let has_token = issued.token.is_some();
        match store {
            Some(_) if self.no_token && !has_token => note!("{}", self.put_without_token()),
            // Giving up the token is the operator's decision.
            Some(_) if issued.webhook.has_token == Some(false) => {
                let id = issued.webhook.id;
                let why = format!(
                    "created the webhook `{id}`, but its deliveries carry no token, so its secret is not stored"
                );
                return Err(Failure::with_advice(why, self.put_without_token()));
            }
            Some((store, stored)) => self.store(store, stored, &issued).await?,
            None if has_token => {
                note!(
                    "copy its secret and token from OnePay's panel, and store them with `{}`",
                    self.put()
                )
            }
            None => note!("{}", self.put_without_token()),
        }
        if self.no_token && has_token {
            note!("note: OnePay issued a token nevertheless, and deliveries carry it");
        }
        Ok(issued.webhook)
    }

    fn not_created(&self, error: ApiError) -> Failure {
        let advice = error.advice();
        let again = match error.is_unsure() {
            true => format!(
                "If it was created, copy its secret and token from OnePay's panel and store them with `{}`; otherwise run this again",
                self.put()
            ),
            false => "It is safe to run this again".to_owned(),
        };
        Failure::with_advice(error, format!("{advice}. {again}"))
    }
}

impl Update {
    async fn run(&self) -> Result<(), Failure> {
        let events = self.events.chosen(&PROVIDER)?;
        let change = Change {
            name: self.name.clone(),
            url: self.url.clone(),
            events,
            no_token: self.no_token,
            undocumented: None,
        };
        let webhook = self.api.client()?.update(&self.id, &change).await?;
        say(&webhook, "updated", self.json);
        // OnePay does not document whether it accepts this.
        if self.no_token && webhook.has_token != Some(false) {
            return Err(Failure::with_advice(
                format!(
                    "changed the webhook `{}`, but OnePay does not confirm that its deliveries carry no token",
                    webhook.id
                ),
                "leave the token in the stack's secret; switch it off in OnePay's panel, or ask OnePay",
            ));
        }
        if self.no_token {
            note!(
                "its deliveries are refused until you run `{}`",
                put_without_token(&webhook)
            );
        }
        Ok(())
    }
}
