//! `acuse destinations add`.

use std::process::ExitCode;

use acuse_aws::system::{SystemClock, SystemRandom};
use acuse_core::clock::Clock;
use acuse_core::destination::config::Target as To;
use acuse_core::destination::gate::{Gate, State};
use acuse_core::destination::{Destination, Destinations};
use clap::Args;
use serde_json::json;

use super::settings::Settings;
use super::{IN_EFFECT, Which, input, warnings};
use crate::command::Failure;
use crate::command::acting::acting;
use crate::stack::audit::Action;
use crate::stack::destinations::{DestinationsError, new_secret};
use crate::{note, terminal};

#[derive(Debug, Args)]
pub(crate) struct Add {
    /// Where events are POSTed: https, or http on this machine, which the local stack may call without
    /// `--allow-private`; or `sqs:` and a queue's ARN. `-` reads it from standard input
    #[arg(long)]
    url: String,
    #[command(flatten)]
    settings: Settings,
    /// Check everything, and store nothing
    #[arg(long)]
    dry_run: bool,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    which: Which,
}

impl Add {
    pub(super) async fn run(self) -> Result<ExitCode, Failure> {
        let to = input::target(&self.url)?;
        let settings = self.settings.read()?;
        let place = self.which.find().await?;
        let secrets = match &to {
            To::Http(_) => vec![new_secret()?],
            // AWS's permissions protect a queue.
            To::Sqs(_) => Vec::new(),
        };
        let mut destination = Destination::new(place.name.clone(), to, secrets);
        warnings::allow_own_machine(&mut destination, &place.target);
        settings.apply(&mut destination)?;
        warnings::note_all(&destination, &place.target);
        let put = |destinations: &mut Destinations| {
            if destinations.get(place.name.as_str()).is_some() {
                return Err(DestinationsError::Exists(place.name.clone()));
            }
            destinations.put(destination.clone());
            Ok(())
        };
        let action = Action::new("destinations add").on(place.name.as_str());
        let work = place.stack.configuration.change(self.dry_run, put);
        acting(&place.target, action, self.dry_run, work).await?;
        let (name, to) = (&place.name, &destination.target);
        if self.dry_run {
            let secret = match to {
                To::Http(_) => ", with a new signing secret",
                To::Sqs(_) => "",
            };
            note!("would add the destination `{name}`, {to}{secret}");
            return Ok(ExitCode::SUCCESS);
        }
        // The gate of a destination of this name that was removed while it was paused.
        let open = |gate: &mut Gate| {
            if matches!(gate.state(SystemClock.now()), State::Paused(_)) {
                gate.resume();
            }
        };
        let opened = place.stack.gates.change(name, &SystemRandom, open).await;
        note!("added the destination `{name}`, {to}; {IN_EFFECT}");
        let secret = destination.signing_secrets.first().map(|secret| secret.expose());
        if self.json {
            terminal::json(json!({"name": name.as_str(), "target": to.to_string(), "signing_secret": secret}));
        } else if let Some(secret) = secret {
            note!(
                "its signing secret, which is not shown again (`acuse destinations rotate {name}` makes another one):"
            );
            terminal::line(&secret);
        }
        // Not before the secret is shown.
        opened.map_err(DestinationsError::from)?;
        note!("next: `acuse destinations test {name}`");
        Ok(ExitCode::SUCCESS)
    }
}
