//! `acuse destinations rotate`.

use std::process::ExitCode;

use acuse_core::destination::Destinations;
use clap::Args;
use serde_json::json;

use super::{IN_EFFECT, Which};
use crate::command::Failure;
use crate::command::acting::acting;
use crate::stack::audit::Action;
use crate::stack::destinations::{find, new_secret};
use crate::{note, say, terminal};

#[derive(Debug, Args)]
pub(crate) struct Rotate {
    /// Withdraw the old secret: requests are signed with the new one alone
    #[arg(long)]
    finish: bool,
    /// Replace the new secret of a rotation that is under way by another one, and keep the old one
    #[arg(long, conflicts_with = "finish")]
    again: bool,
    /// Check everything, and store nothing
    #[arg(long)]
    dry_run: bool,
    /// Print one JSON object
    #[arg(long, conflicts_with = "finish")]
    json: bool,
    #[command(flatten)]
    which: Which,
}

impl Rotate {
    pub(super) async fn run(&self) -> Result<ExitCode, Failure> {
        let place = self.which.find().await?;
        let (name, secret) = (&place.name, new_secret()?);
        let change = |destinations: &mut Destinations| -> Result<(), Failure> {
            let mut destination = find(destinations, name)?.clone();
            match (destination.signing_secrets.len(), self.finish, self.again) {
                (0, ..) => {
                    return Err(Failure::new(format!(
                        "the destination `{name}` is a queue, which AWS's permissions protect: it has no signing secret"
                    )));
                }
                (1, true, _) | (1, _, true) => {
                    return Err(Failure::new(format!(
                        "no rotation of `{name}` is under way: it has one signing secret"
                    )));
                }
                (_, true, _) => destination.end_rotation(),
                (_, _, true) => {
                    destination.signing_secrets.remove(0);
                    destination.rotate(secret.clone());
                }
                (1, ..) => destination.rotate(secret.clone()),
                _ => {
                    return Err(Failure::with_advice(
                        format!("a rotation of `{name}` is under way, so nothing was stored"),
                        format!(
                            "once the backend has the new secret, run `acuse destinations rotate {name} --finish`; if the new one was lost, `--again` makes another in its place"
                        ),
                    ));
                }
            }
            destinations.put(destination);
            Ok(())
        };
        let action = Action::new("destinations rotate").on(place.name.as_str());
        let work = place.stack.configuration.change(self.dry_run, change);
        acting(&place.target, action, self.dry_run, work).await?;
        match (self.dry_run, self.finish) {
            (true, true) => say!("would withdraw the old signing secret of `{name}`"),
            (true, false) => say!("would make a new signing secret of `{name}`, beside the old one"),
            (false, true) => say!("requests to `{name}` are signed with the new secret alone; {IN_EFFECT}"),
            (false, false) => {
                note!(
                    "requests to `{name}` have two signatures now; {IN_EFFECT}. The new secret, which is not shown again:"
                );
                match self.json {
                    true => terminal::json(json!({"name": name.as_str(), "signing_secret": secret.expose()})),
                    false => terminal::line(&secret.expose()),
                }
                note!("put it into the backend, then run `acuse destinations rotate {name} --finish`");
            }
        }
        Ok(ExitCode::SUCCESS)
    }
}
