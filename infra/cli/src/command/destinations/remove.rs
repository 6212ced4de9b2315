//! `acuse destinations remove`.

use std::process::ExitCode;

use acuse_core::destination::Destinations;

use super::{IN_EFFECT, Place};
use crate::command::Failure;
use crate::command::acting::acting;
use crate::command::confirm::confirm;
use crate::stack::audit::Action;
use crate::stack::destinations::unknown;
use crate::terminal::counted;
use crate::{note, say};

pub(super) async fn run(place: &Place, yes: bool, dry_run: bool) -> Result<ExitCode, Failure> {
    let name = &place.name;
    let destinations = place.stack.configuration.get().await?;
    if destinations.get(name.as_str()).is_none() {
        return Err(unknown(&destinations, name).into());
    }
    let summary = place.stack.summary(name).await?;
    let more = if summary.more { " at least" } else { "" };
    match summary.owed {
        0 => note!("it is owed nothing"),
        owed => note!(
            "it is owed {}{more}, which it does not get any more",
            counted(owed, "event")
        ),
    }
    if dry_run {
        say!("would remove the destination `{name}`");
        return Ok(ExitCode::SUCCESS);
    }
    confirm(&format!("remove the destination `{name}`"), yes)?;
    let remove = |destinations: &mut Destinations| match destinations.remove(name.as_str()) {
        true => Ok(()),
        false => Err(unknown(destinations, name)),
    };
    let action = Action::new("destinations remove").on(name.as_str());
    let work = place.stack.configuration.change(false, remove);
    acting(&place.target, action, false, work).await?;
    say!("removed the destination `{name}`; {IN_EFFECT}");
    Ok(ExitCode::SUCCESS)
}
