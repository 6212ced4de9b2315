//! What the commands of all providers' management APIs share.

mod account;
pub(super) mod advice;
pub(super) mod check;
mod place;
mod repair;

use std::env::{self, VarError};
use std::ops::Deref;

use acuse_core::account::AccountName;
use acuse_core::provider::Provider;
use acuse_core::receive::secrets::{Problem, SecretError};
use clap::{Args, Subcommand};
use secrecy::SecretString;
use serde_json::{Value, json};

use crate::stack::filter::account_option;
use crate::stack::secret::StackSecret;
use crate::stack::target::Target;
use crate::terminal::{self, Table, shell_quoted};
use crate::webhooks::client::Client;
use crate::webhooks::{self, ApiError, ChoiceError, Webhook};
use crate::{note, say};

pub(super) use account::AccountOptions;
pub(super) use check::Check;
pub(super) use place::Place;
pub(super) use repair::Repair;

use super::Failure;
use super::confirm::confirm;
use super::options::StackOptions;

/// The options of a provider's API.
pub(crate) trait ManagementApi: Args {
    /// The provider's client.
    type Client: Deref<Target = Client>;

    /// The provider's name, as people write it.
    const PROVIDER: &'static str;

    /// The variable with the API's token.
    const TOKEN: &'static str;

    /// The variable with the event types that a webhook should have, if not all.
    const EVENTS: &'static str;

    /// The command that checks a webhook, for the audit trail.
    const CHECK: &'static str;

    /// The provider.
    fn provider() -> &'static Provider;

    /// The variable with the token of one account, which is used instead of [`TOKEN`](Self::TOKEN) for it. `None` for
    /// the default account, and if the API has something else that tells accounts apart.
    fn token_of(_account: &AccountName) -> Option<String> {
        None
    }

    /// How a command that is printed names the same API; nothing for the provider's own.
    fn named(&self) -> String;

    /// Connects with the credentials from the environment.
    fn client(&self) -> Result<Self::Client, Failure>;

    /// Changes a webhook.
    async fn repair(client: &Self::Client, webhook: &Webhook, repair: &Repair) -> Result<Webhook, ApiError>;
}

/// The commands of a provider.
#[derive(Debug, Subcommand)]
pub(crate) enum Command<W: Subcommand> {
    /// List, check, create, change and delete webhooks
    #[command(subcommand)]
    Webhooks(W),
}

#[derive(Debug, Args)]
pub(crate) struct List<A: Args> {
    /// Print one JSON object per line
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    api: A,
}

#[derive(Debug, Args)]
pub(crate) struct Delete<A: Args> {
    /// The webhook's id
    id: String,
    /// Don't ask for confirmation
    #[arg(long)]
    yes: bool,
    /// Print one JSON object per line
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    api: A,
}

/// Which events a provider posts.
#[derive(Debug, Args)]
pub(super) struct Events {
    /// Event types to post [default: all that Acuse knows]
    #[arg(long, value_delimiter = ',', value_name = "TYPE,…")]
    pub(super) events: Vec<String>,
    /// Allow types that Acuse does not know; hooks receive them as unknown events
    #[arg(long)]
    unknown_events: bool,
}

/// What to register.
#[derive(Debug, Args)]
pub(super) struct Create {
    /// URL that the provider posts to [default: the stack's]
    #[arg(long, value_parser = webhooks::webhook_url)]
    url: Option<String>,
    #[command(flatten)]
    pub(super) account: AccountOptions,
    #[command(flatten)]
    events: Events,
    /// Create another webhook even if this URL is already registered
    #[arg(long)]
    pub(super) force: bool,
    /// Use no stack, and store no secret
    #[arg(long, requires = "url")]
    no_store: bool,
    /// Print one JSON object per line
    #[arg(long)]
    pub(super) json: bool,
    #[command(flatten)]
    stack: StackOptions,
}

impl<A: ManagementApi> List<A> {
    pub(super) async fn run(&self) -> Result<(), Failure> {
        print(&self.api.client()?.list().await?, self.json);
        Ok(())
    }
}

impl<A: ManagementApi> Delete<A> {
    pub(super) async fn run(&self) -> Result<(), Failure> {
        let (api, id) = (self.api.client()?, &self.id);
        confirm(&format!("delete {}'s webhook {id} permanently", A::PROVIDER), self.yes)?;
        let deleted = api.delete(id).await?;
        match (self.json, deleted) {
            (true, _) => terminal::json(json!({"id": id, "deleted": deleted})),
            (false, true) => say!("deleted {id}"),
            (false, false) => say!("there is no webhook {id}: nothing to delete"),
        }
        Ok(())
    }
}

impl Events {
    /// How a command that is printed names the same events.
    fn named(&self) -> String {
        match self.events.as_slice() {
            [] => String::new(),
            events => {
                let unknown = if self.unknown_events { " --unknown-events" } else { "" };
                format!(" --events {}{unknown}", shell_quoted(&events.join(",")))
            }
        }
    }

    /// The chosen types of `provider`; `None` without `--events`.
    pub(super) fn chosen(&self, provider: &Provider) -> Result<Option<Vec<String>>, Failure> {
        (!self.events.is_empty()).then(|| self.of(provider)).transpose()
    }

    /// The chosen types of `provider`, or all.
    fn of(&self, provider: &Provider) -> Result<Vec<String>, Failure> {
        webhooks::events(provider, &self.events, self.unknown_events).map_err(|error| match error {
            ChoiceError::UnknownEvent { .. } => Failure::with_advice(
                error,
                "correct `--events`, or add `--unknown-events` if the provider has this type",
            ),
            error => error.into(),
        })
    }
}

impl Create {
    /// Where to register; `None` if `api` has that webhook already, which is then reported.
    pub(super) async fn place<A: ManagementApi>(&self, options: &A, api: &Client) -> Result<Option<Place>, Failure> {
        let provider = A::provider();
        let place = self.found(provider).await?;
        let mut there = api.list().await?;
        there.retain(|webhook| webhooks::posts_to(webhook, &place.url));
        if there.is_empty() || self.force {
            return Ok(Some(place));
        }
        self.report(&there, &place, options).await?;
        Ok(None)
    }

    /// Finds the stack, its URL and its secret.
    async fn found(&self, provider: &'static Provider) -> Result<Place, Failure> {
        let events = self.events.of(provider)?;
        if let (true, Some(url)) = (self.no_store, &self.url) {
            return Ok(Place {
                url: url.clone(),
                events,
                store: None,
                target: None,
            });
        }
        let target: Target = self.stack.target().await?;
        let url = match &self.url {
            Some(url) => url.clone(),
            None => target.webhook_url(provider, &self.account.name)?,
        };
        if webhooks::is_local(&url) {
            note!(
                "note: only this machine can reach {url}; set `--url` to a tunnel's address if {} is elsewhere",
                provider.name
            );
        }
        Ok(Place {
            url,
            events,
            store: Some(StackSecret::of(&target, provider)?),
            target: Some(target),
        })
    }

    /// Prints the webhooks that already post to this URL, and the events and the secret that are missing.
    async fn report<A: ManagementApi>(&self, there: &[Webhook], place: &Place, options: &A) -> Result<(), Failure> {
        for webhook in there {
            match self.json {
                true => terminal::json(with(webhook, "created", false)),
                false => say!("{} is already registered: {}", place.url, webhook.id),
            }
            let lacking = place.events.iter().filter(|event| !webhook.events.contains(event));
            let lacking: Vec<&str> = lacking.map(String::as_str).collect();
            if !lacking.is_empty() {
                note!("note: it does not post {}", lacking.join(", "));
            }
        }
        let (name, account) = (A::provider().name, account_option(&self.account.name));
        if let Some(store) = &place.store
            && store.get().await?.account(&self.account.name).is_none()
        {
            let scope = self.account.name.scope(name);
            note!(
                "note: the stack has no secret for {scope}, so every delivery is refused: `acuse secrets put {name}{account}`"
            );
        }
        let url = self.url.as_ref().map(|url| format!(" --url {}", shell_quoted(url)));
        let no_store = if self.no_store { " --no-store" } else { "" };
        note!(
            "nothing was changed; `acuse {name} webhooks create{account}{}{no_store}{}{} --force` creates another one",
            url.unwrap_or_default(),
            self.events.named(),
            options.named()
        );
        Ok(())
    }
}

/// A token from the environment, since command lines are visible in the list of processes.
pub(super) fn token(name: &str) -> Result<Option<SecretString>, Failure> {
    match env::var(name) {
        Ok(token) if token.trim().is_empty() => Ok(None),
        Ok(token) => Ok(Some(token.trim().to_owned().into())),
        Err(VarError::NotPresent) => Ok(None),
        Err(VarError::NotUnicode(_)) => Err(Failure::new(format!("{name} is not UTF-8"))),
    }
}

/// A token that is required.
pub(super) fn required_token(name: &str) -> Result<SecretString, Failure> {
    token(name)?.ok_or_else(|| {
        Failure::with_advice(
            format!("{name} is not set"),
            format!("enter it with `read -rs {name} && export {name}`, which keeps it out of the shell's history"),
        )
    })
}

/// The newest of the stored signing secrets, which is the first.
pub(super) fn newest(provider: &'static Provider, secrets: &[String]) -> Result<SecretString, SecretError> {
    let newest = secrets.first().filter(|secret| !secret.is_empty());
    newest
        .map(|secret| secret.clone().into())
        .ok_or_else(|| Problem::EmptySigningSecret.of(provider))
}

/// Prints webhooks as a table, or as one JSON object per line.
pub(super) fn print(webhooks: &[Webhook], json: bool) {
    if json {
        return webhooks.iter().for_each(|webhook| terminal::json(json!(webhook)));
    }
    if webhooks.is_empty() {
        say!("no webhook is registered");
        return;
    }
    let mut table = Table::new([("ID", 40), ("URL", 120), ("EVENTS", 240)]);
    for webhook in webhooks {
        table.add_row([&webhook.id, &webhook.url, &webhook.events.join(" ")]);
    }
    table.print();
}

/// Prints a webhook that was `done` (such as `created`).
pub(super) fn say(webhook: &Webhook, done: &str, json: bool) {
    if json {
        terminal::json(with(webhook, done, true));
        return;
    }
    say!("{done} {}: {}", webhook.id, webhook.url);
    say!("  {}", webhook.events.join(" "));
}

/// The webhook as JSON, with another member.
fn with(webhook: &Webhook, name: &str, value: bool) -> Value {
    let mut object = json!(webhook);
    if let Some(object) = object.as_object_mut() {
        object.insert(name.to_owned(), value.into());
    }
    object
}
