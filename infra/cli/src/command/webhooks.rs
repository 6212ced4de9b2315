//! What registering has in common at all providers.

use std::env::{self, VarError};

use acuse_cli::stack::store::Store;
use acuse_cli::stack::target::Target;
use acuse_cli::terminal::{self, Table};
use acuse_cli::webhooks::client::Pace;
use acuse_cli::webhooks::{self, ChoiceError, Webhook};
use acuse_cli::{note, say};
use acuse_core::provider::Provider;
use acuse_core::receive::secrets::{Problem, SecretError};
use clap::Args;
use secrecy::SecretString;
use serde_json::{Value, json};
use thiserror::Error;

use super::Failure;
use super::which::Which;

/// Which events a provider shall post.
#[derive(Debug, Args)]
pub(super) struct Events {
    /// Their types [default: all that Acuse knows]
    #[arg(long, value_delimiter = ',', value_name = "TYPE,…")]
    pub(super) events: Vec<String>,
    /// Takes types that Acuse does not know: they are recorded, and reach hooks as unknown ones
    #[arg(long)]
    unknown_events: bool,
}

/// What to register.
#[derive(Debug, Args)]
pub(super) struct Create {
    /// The URL that the provider posts to [default: the stack's]
    #[arg(long, value_parser = webhooks::webhook_url)]
    url: Option<String>,
    #[command(flatten)]
    events: Events,
    /// Makes another one where this URL is registered already
    #[arg(long)]
    pub(super) force: bool,
    /// Looks at no stack, and stores no secret
    #[arg(long, requires = "url")]
    no_store: bool,
    /// One JSON object a line
    #[arg(long)]
    pub(super) json: bool,
    #[command(flatten)]
    stack: Which,
}

/// What can't be begun.
#[derive(Debug, Error)]
enum RegisterError {
    #[error("{0} is not set")]
    NoToken(&'static str),
    #[error("{0} is not UTF-8")]
    NotUtf8(&'static str),
}

/// Where a webhook shall lead, and where its secret is kept.
pub(super) struct Place {
    pub(super) url: String,
    pub(super) events: Vec<String>,
    /// The stack's secret; `None` where none is to be stored.
    pub(super) store: Option<Store>,
}

impl Events {
    /// The types of `provider` that were chosen.
    pub(super) fn of(&self, provider: &Provider) -> Result<Vec<String>, Failure> {
        webhooks::events(provider, &self.events, self.unknown_events).map_err(|error| match error {
            ChoiceError::UnknownEvent { .. } => Failure::with_advice(
                error,
                "correct `--events`, or add `--unknown-events` if the provider has it",
            ),
            error => error.into(),
        })
    }
}

impl Create {
    /// Finds the stack, its URL and its secret.
    pub(super) async fn place(&self, provider: &'static Provider) -> Result<Place, Failure> {
        let events = self.events.of(provider)?;
        if let (true, Some(url)) = (self.no_store, &self.url) {
            return Ok(Place {
                url: url.clone(),
                events,
                store: None,
            });
        }
        let target: Target = self.stack.find().await?;
        let url = match &self.url {
            Some(url) => url.clone(),
            None => target.webhook_url(provider)?,
        };
        if webhooks::is_local(&url) {
            note!(
                "note: only this machine reaches {url}; give a tunnel's address with `--url` if {} is elsewhere",
                provider.name
            );
        }
        Ok(Place {
            url,
            events,
            store: Some(Store::of(&target, provider)?),
        })
    }

    /// Whether one of `present` posts to this URL already; says so, and what it lacks.
    pub(super) async fn is_there(
        &self,
        present: &[Webhook],
        place: &Place,
        provider: &'static Provider,
    ) -> Result<bool, Failure> {
        let there: Vec<&Webhook> = present.iter().filter(|webhook| webhook.posts_to(&place.url)).collect();
        if there.is_empty() || self.force {
            return Ok(false);
        }
        for webhook in there {
            if self.json {
                terminal::json(with(webhook, "created", false));
            } else {
                say!("{} is registered already: {}", place.url, webhook.id);
            }
            let lacking = place.events.iter().filter(|event| !webhook.events.contains(event));
            let lacking: Vec<&str> = lacking.map(String::as_str).collect();
            if !lacking.is_empty() {
                note!("note: it does not post {}", lacking.join(", "));
            }
        }
        let name = provider.name;
        if let Some(store) = &place.store
            && store.get().await?.is_none()
        {
            note!(
                "note: the stack has no secret of {name} yet, so every delivery is refused: `acuse secrets put {name}`"
            );
        }
        note!("nothing was changed; another one beside it: `acuse {name} webhooks create --force`");
        Ok(true)
    }
}

/// Tells the operator of each wait.
pub(super) fn pace() -> Pace {
    Pace {
        on_wait: Box::new(terminal::note),
        ..Pace::default()
    }
}

/// A token, from the environment alone: a command line shows in the list of processes.
pub(super) fn token(name: &'static str) -> Result<Option<SecretString>, Failure> {
    match env::var(name) {
        Ok(token) if token.trim().is_empty() => Ok(None),
        Ok(token) => Ok(Some(token.trim().to_owned().into())),
        Err(VarError::NotPresent) => Ok(None),
        Err(VarError::NotUnicode(_)) => Err(RegisterError::NotUtf8(name).into()),
    }
}

/// A token that has to be there.
pub(super) fn wanted_token(name: &'static str) -> Result<SecretString, Failure> {
    token(name)?.ok_or_else(|| {
        Failure::with_advice(
            RegisterError::NoToken(name),
            format!("`read -rs {name} && export {name}` asks for it and keeps it out of the shell's history"),
        )
    })
}

/// The first of the stored signing secrets: the newest.
pub(super) fn newest(provider: &'static Provider, secrets: &[String]) -> Result<SecretString, SecretError> {
    let newest = secrets.first().filter(|secret| !secret.is_empty());
    newest
        .map(|secret| secret.clone().into())
        .ok_or_else(|| Problem::EmptySigningSecret.of(provider))
}

/// Prints webhooks: a table, or a JSON object a line.
pub(super) fn print(webhooks: &[Webhook], json: bool) {
    if json {
        for webhook in webhooks {
            terminal::json(json!(webhook));
        }
        return;
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

/// Prints what was `done` (`created`) with one.
pub(super) fn say(webhook: &Webhook, done: &str, json: bool) {
    if json {
        terminal::json(with(webhook, done, true));
        return;
    }
    say!("{done} {}: {}", webhook.id, webhook.url);
    say!("  {}", webhook.events.join(" "));
}

/// Says whether one was deleted, or was gone before.
pub(super) fn say_deleted(id: &str, deleted: bool, json: bool) {
    match (json, deleted) {
        (true, _) => terminal::json(json!({"id": id, "deleted": deleted})),
        (false, true) => say!("deleted {id}"),
        (false, false) => say!("there is no webhook {id}: nothing to delete"),
    }
}

fn with(webhook: &Webhook, name: &str, value: bool) -> Value {
    let mut object = json!(webhook);
    if let Some(object) = object.as_object_mut() {
        object.insert(name.to_owned(), value.into());
    }
    object
}
