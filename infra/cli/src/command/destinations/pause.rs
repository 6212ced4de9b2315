//! `acuse destinations pause` and `resume`.

use std::process::ExitCode;

use acuse_aws::system::{SystemClock, SystemRandom};
use acuse_core::clock::Clock;
use acuse_core::destination::Destinations;
use acuse_core::destination::delivery::Status;
use acuse_core::destination::gate::{Gate, Pause};

use super::Place;
use super::retry::{Requeued, requeue};
use crate::command::Failure;
use crate::command::acting::acting;
use crate::say;
use crate::stack::audit::{Action, Audit};
use crate::stack::destinations::find;

/// Parses a reason: one line that is not blank.
pub(super) fn reason(text: &str) -> Result<String, &'static str> {
    let text = text.trim();
    match text.is_empty() || text.chars().count() > 200 {
        true => Err("it should say why, in up to 200 characters"),
        false => Ok(text.to_owned()),
    }
}

/// The gate keeps the reason, and holds at the next request; the configuration would only hold after 30 s.
pub(super) async fn pause(place: &Place, reason: &str, dry_run: bool) -> Result<ExitCode, Failure> {
    let name = &place.name;
    find(&place.stack.configuration.get().await?, name)?;
    if dry_run {
        say!("would pause the destination `{name}`");
        return Ok(ExitCode::SUCCESS);
    }
    let pause = Pause {
        reason: reason.to_owned(),
        since_ms: SystemClock.now().as_millis(),
    };
    let change = |gate: &mut Gate| gate.pause(pause.clone());
    let action = Action::new("destinations pause").on(name.as_str()).because(reason);
    let work = place.stack.gates.change(name, &SystemRandom, change);
    acting(&place.target, action, false, work).await?;
    say!("paused the destination `{name}`: what it is owed stays owed until `acuse destinations resume {name}`");
    Ok(ExitCode::SUCCESS)
}

pub(super) async fn resume(place: &Place, dry_run: bool) -> Result<ExitCode, Failure> {
    let name = &place.name;
    let destinations = place.stack.configuration.get().await?;
    let is_paused_there = find(&destinations, name)?.paused;
    let audit = Audit::of(&place.target)?;
    let action = Action::new("destinations resume").on(name.as_str());
    let begun = &audit.begin(&place.target, action, dry_run).await?;
    let resumed = async {
        if dry_run {
            say!("would resume the destination `{name}`");
        } else {
            if is_paused_there {
                let unpause = |destinations: &mut Destinations| {
                    let mut destination = find(destinations, name)?.clone();
                    destination.paused = false;
                    destinations.put(destination);
                    Ok::<_, Failure>(())
                };
                place.stack.configuration.change(false, unpause).await?;
            }
            place.stack.gates.change(name, &SystemRandom, Gate::resume).await?;
            say!("resumed the destination `{name}`");
        }
        requeue(place, begun, dry_run, |status| status == Status::Owed).await
    };
    let resumed: Result<Requeued, Failure> = resumed.await;
    let count = resumed.as_ref().map_or(0, |requeued| requeued.count);
    Ok(begun.end(count, resumed).await?.code)
}

#[cfg(test)]
mod tests {
    use super::reason;

    #[test]
    fn a_reason_says_something() {
        assert_eq!(reason(" down until 18:00 ").unwrap(), "down until 18:00");
        assert!(reason("  ").is_err() && reason(&"x".repeat(201)).is_err());
    }
}
