//! `acuse destinations update`.

use std::process::ExitCode;

use acuse_core::destination::Destinations;
use acuse_core::destination::config::{OwnHeaders, Target as To};
use clap::{Args, ValueEnum};

use super::settings::Settings;
use super::{IN_EFFECT, Which, input, warnings};
use crate::command::Failure;
use crate::command::acting::acting;
use crate::stack::audit::Action;
use crate::stack::destinations::{find, new_secret};
use crate::{note, say, terminal};

#[derive(Debug, Args)]
pub(crate) struct Update {
    /// Where events are POSTed from now on, also those that are owed. `-` reads it from standard input
    #[arg(long)]
    url: Option<String>,
    #[command(flatten)]
    settings: Settings,
    /// Remove all filters of this kind, or all headers. Can be repeated
    #[arg(long, value_name = "SETTING", value_delimiter = ',')]
    unset: Vec<Unset>,
    /// Check everything, and store nothing
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    which: Which,
}

/// What `--unset` removes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Unset {
    Providers,
    Accounts,
    Environments,
    Types,
    Kinds,
    Headers,
}

impl Update {
    pub(super) async fn run(self) -> Result<ExitCode, Failure> {
        if self.url.is_none() && self.settings.is_empty() && self.unset.is_empty() {
            return Err(Failure::with_advice(
                "nothing to change is given",
                "name what should change: `acuse destinations update --help`",
            ));
        }
        let to = self.url.as_deref().map(input::target).transpose()?;
        let settings = self.settings.read()?;
        let place = self.which.find().await?;
        let secret = new_secret()?;
        let change = |destinations: &mut Destinations| -> Result<_, Failure> {
            let mut destination = find(destinations, &place.name)?.clone();
            if let Some(to) = &to {
                destination.target = to.clone();
                warnings::allow_own_machine(&mut destination, &place.target);
            }
            let is_new = match destination.target {
                // A queue had none.
                To::Http(_) if destination.signing_secrets.is_empty() => {
                    destination.signing_secrets.push(secret.clone());
                    true
                }
                To::Http(_) => false,
                To::Sqs(_) => {
                    destination.headers = OwnHeaders::default();
                    destination.allow_private = false;
                    false
                }
            };
            let filters = &mut destination.filters;
            for unset in &self.unset {
                match unset {
                    Unset::Providers => filters.providers.clear(),
                    Unset::Accounts => filters.accounts.clear(),
                    Unset::Environments => filters.environments.clear(),
                    Unset::Types => filters.types.clear(),
                    Unset::Kinds => filters.kinds.clear(),
                    Unset::Headers => destination.headers = OwnHeaders::default(),
                }
            }
            settings.apply(&mut destination)?;
            destinations.put(destination.clone());
            Ok((destination, is_new))
        };
        let action = Action::new("destinations update").on(place.name.as_str());
        let work = place.stack.configuration.change(self.dry_run, change);
        let (destination, is_new) = acting(&place.target, action, self.dry_run, work).await?;
        warnings::note_all(&destination, &place.target);
        match self.dry_run {
            true => say!("would change the destination `{}`", place.name),
            false => say!("changed the destination `{}`; {IN_EFFECT}", place.name),
        }
        if is_new && !self.dry_run {
            note!("its signing secret, which is not shown again:");
            terminal::line(&secret.expose());
        }
        Ok(ExitCode::SUCCESS)
    }
}
