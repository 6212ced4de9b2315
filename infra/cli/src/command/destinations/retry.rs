//! `acuse destinations retry`, and queueing what is owed.

use std::process::ExitCode;

use acuse_aws::destinations::items::Listed;
use acuse_core::destination::delivery::{DeliveryKey, Status};
use acuse_core::event::key::IdempotencyKey;
use clap::Args;
use clap::builder::{StringValueParser, TypedValueParser};

use super::{Place, Which};
use crate::command::Failure;
use crate::command::interrupt::Interrupt;
use crate::say;
use crate::stack::audit::{Action, Audit, Begun};
use crate::stack::destinations::find;
use crate::terminal::counted;

/// So many are queued before an interruption is looked for.
const PART: usize = 100;

#[derive(Debug, Args)]
pub(crate) struct Retry {
    /// Only this event's, by key, whatever has become of it. Can be repeated
    #[arg(long, value_name = "KEY", value_parser = key_parser())]
    key: Vec<IdempotencyKey>,
    /// What was given up, instead of what is owed
    #[arg(long, conflicts_with = "key")]
    given_up: bool,
    /// Print what would be done, and change nothing
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    which: Which,
}

fn key_parser() -> impl TypedValueParser<Value = IdempotencyKey> {
    StringValueParser::new().try_map(|text| {
        IdempotencyKey::parse(&text)
            .ok_or("expected an event's key, as `acuse destinations owed` prints it; quote it, because it contains `#` and `|`")
    })
}

impl Retry {
    pub(super) async fn run(&self) -> Result<ExitCode, Failure> {
        let place = self.which.find().await?;
        let audit = Audit::of(&place.target)?;
        let action = Action::new("destinations retry").on(place.name.as_str());
        if self.key.is_empty() {
            find(&place.stack.configuration.get().await?, &place.name)?;
            let wanted = if self.given_up { Status::GivenUp } else { Status::Owed };
            let begun = &audit.begin(&place.target, action, self.dry_run).await?;
            let requeued = requeue(&place, begun, self.dry_run, |status| status == wanted).await;
            let count = requeued.as_ref().map_or(0, |requeued| requeued.count);
            return Ok(begun.end(count, requeued).await?.code);
        }
        let keys = self.key.iter().map(|event| DeliveryKey {
            event: event.clone(),
            destination: place.name.clone(),
        });
        let keys: Vec<_> = keys.collect();
        for key in &keys {
            if place.stack.deliveries.get(key).await?.is_none() {
                return Err(Failure::with_advice(
                    format!(
                        "`{}` was never owed to `{}`, so nothing was queued",
                        key.event, place.name
                    ),
                    "an event is owed to the destinations that want it when it is completed: `acuse events show KEY` lists them",
                ));
            }
        }
        for event in &self.key {
            let record = place.target.ledger()?.event(event).await?;
            if let Some(erasure) = record.and_then(|record| record.erasure()) {
                return Err(Failure::with_advice(
                    format!("`{event}` was {erasure}, so nothing was queued"),
                    "there is nothing left to send of it",
                ));
            }
        }
        if !self.dry_run {
            let begun = audit.begin(&place.target, action, false).await?;
            let requeued = async {
                begun.to_events(keys.iter().map(|key| key.event.clone())).await?;
                Ok::<_, Failure>(place.stack.requeue(&keys).await?)
            };
            begun.end(keys.len(), requeued.await).await?;
        }
        print(keys.len(), self.dry_run);
        Ok(ExitCode::SUCCESS)
    }
}

/// What was queued, and how the command exits.
pub(super) struct Requeued {
    pub(super) count: usize,
    pub(super) code: ExitCode,
}

/// Queues what is listed of a destination and has one of the statuses.
pub(super) async fn requeue(
    place: &Place,
    begun: &Begun<'_>,
    dry_run: bool,
    wanted: impl Fn(Status) -> bool,
) -> Result<Requeued, Failure> {
    let interrupt = Interrupt::listen();
    // What is requeued may be listed again, so everything is listed first.
    let (mut list, mut keys) = (place.stack.owed(&place.name), Vec::new());
    while let Some(page) = list.next().await? {
        let page = page
            .into_iter()
            .filter(|listed: &Listed| wanted(listed.delivery.status));
        keys.extend(page.map(|listed| listed.key));
    }
    let mut queued = 0;
    for part in keys.chunks(PART) {
        if interrupt.received() {
            break;
        }
        if !dry_run {
            begun.to_events(part.iter().map(|key| key.event.clone())).await?;
            place.stack.requeue(part).await?;
        }
        queued += part.len();
    }
    print(queued, dry_run);
    Ok(Requeued {
        count: queued,
        code: interrupt.code(),
    })
}

fn print(count: usize, dry_run: bool) {
    match (count, dry_run) {
        (0, _) => say!("nothing to queue"),
        (count, true) => say!("{} would be queued", counted(count, "event")),
        (count, false) => say!("{} queued", counted(count, "event")),
    }
}
