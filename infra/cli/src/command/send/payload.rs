//! The payloads that are sent.

use std::cell::RefCell;
use std::path::Path;
use std::time::Duration;

use acuse_aws::ledger::record::Record;
use acuse_aws::system::SystemClock;
use acuse_core::clock::{Clock, Timestamp};
use acuse_files::fields;
use acuse_files::scenario::{self, Played, Scenario};

use super::change::{Changes, no_reference};
use super::sender::{Sender, Senders};
use super::{Arguments, read};
use crate::command::{Failure, Unreadable};
use crate::registry::providers;
use crate::sample;
use crate::stack::lookup;
use crate::stack::target::Target;

/// Where payloads come from.
pub(super) enum Source {
    /// A new event of this type each time.
    Sample(String),
    /// These bytes each time.
    Given(Vec<u8>),
    /// A new life cycle each time.
    Scenario(Scenario),
}

/// An event to send.
pub(super) struct Planned<'a> {
    pub(super) sender: &'a Sender,
    pub(super) body: Vec<u8>,
    /// How long to wait before.
    pub(super) delay: Duration,
    pub(super) twice: bool,
}

impl Source {
    /// `scenario`, or else what the arguments name.
    pub(super) fn of(arguments: &Arguments, scenario: Option<Scenario>) -> Result<Self, Failure> {
        if let Some(scenario) = scenario {
            return Ok(Self::Scenario(scenario));
        }
        Ok(match &arguments.body {
            Some(path) => Self::Given(read(path)?),
            None => Self::Sample(arguments.event_type.clone().unwrap_or_default()),
        })
    }

    /// The payload that the ledger has of the event with this key.
    pub(super) async fn recorded(target: &Target, key: &str) -> Result<Self, Failure> {
        Ok(Self::Given(recorded(target, key).await?))
    }

    /// How many deliveries a run makes.
    pub(super) fn deliveries(&self, twice: bool) -> u32 {
        match self {
            Self::Scenario(scenario) => {
                let each = |own: bool| 1 + u32::from(own || twice);
                scenario.entries.iter().map(|entry| each(entry.twice)).sum()
            }
            Self::Sample(_) | Self::Given(_) => 1 + u32::from(twice),
        }
    }

    /// The events of one run.
    pub(super) fn plan<'a>(
        &self,
        senders: &'a Senders,
        changes: &Changes,
        twice: bool,
    ) -> Result<Vec<Planned<'a>>, Failure> {
        let now = SystemClock.now();
        let one = |sender, body| {
            vec![Planned {
                sender,
                body,
                delay: Duration::ZERO,
                twice,
            }]
        };
        match self {
            Self::Sample(type_name) => {
                let sender = senders.only()?;
                let payload = sample::event(sender.provider, type_name, sender.secrets.account(), now)?;
                let payload = changes.refer(sender.provider, payload);
                let payload = payload.map_err(|_| no_reference(&format!("{}'s {type_name}", sender.provider.name)))?;
                Ok(one(sender, changes.apply(payload)?.into_bytes()))
            }
            Self::Given(bytes) if changes.is_empty() => Ok(one(senders.only()?, bytes.clone())),
            Self::Given(bytes) => {
                let sender = senders.only()?;
                let text = String::from_utf8(bytes.clone());
                let text = text.map_err(|_| Failure::new("the payload is not text, so it can't be changed"))?;
                let payload = changes.refer(sender.provider, text);
                let payload = payload.map_err(|_| no_reference("the payload"))?;
                Ok(one(sender, changes.apply(payload)?.into_bytes()))
            }
            Self::Scenario(scenario) => played(scenario, senders, changes, twice, now),
        }
    }
}

/// The events of one run of `scenario`.
fn played<'a>(
    scenario: &Scenario,
    senders: &'a Senders,
    changes: &Changes,
    twice: bool,
    now: Timestamp,
) -> Result<Vec<Planned<'a>>, Failure> {
    let played = scenario.play(now, sample::new_id)?;
    let refers = |event: &Played<'_>| {
        let reading = fields::read(event.entry.provider, &event.payload);
        reading.is_some_and(|reading| reading.reference.is_some())
    };
    // If none has an order number, each that can gets one.
    let none_refers = !played.iter().any(refers);
    let (mut events, mut has_place) = (Vec::new(), false);
    for event in played {
        let sender = senders.of(event.entry.provider)?;
        let is_referred = none_refers || refers(&event);
        let mut payload = sample::for_account(sender.provider, event.payload, sender.secrets.account());
        if is_referred {
            let referred = changes.refer(sender.provider, payload);
            has_place |= referred.is_ok();
            payload = referred.unwrap_or_else(|without| without);
        }
        events.push(Planned {
            sender,
            body: changes.apply(payload)?.into_bytes(),
            delay: event.entry.delay,
            twice: twice || event.entry.twice,
        });
    }
    match has_place {
        true => Ok(events),
        false => Err(no_reference(&format!("the scenario `{}`", scenario.name))),
    }
}

/// The scenario called `which`, or in the file `which`.
pub(super) fn read_scenario(which: &str) -> Result<Scenario, Failure> {
    let path = Path::new(which);
    let is_file = path.components().count() > 1 || path.extension().is_some_and(|end| end == "json");
    if is_file {
        let text = std::fs::read_to_string(path).map_err(Unreadable::of(which))?;
        return Ok(Scenario::parse(providers(), which, &text)?);
    }
    let advice = "to play your own, give the path of its file: `--scenario ./my.json`";
    let text = scenario::text(which).map_err(|unknown| Failure::with_advice(unknown, advice))?;
    Ok(Scenario::parse(providers(), which, text)?)
}

/// The payload of an event as the provider sent it.
async fn recorded(target: &Target, key: &str) -> Result<Vec<u8>, Failure> {
    let ledger = target.ledger()?;
    let record = lookup::by_key(&ledger, key).await?;
    if let Some(erasure) = record.as_ref().and_then(Record::erasure) {
        return Err(Failure::with_advice(
            format!("the payload of `{key}` was {erasure}"),
            "send another event's, or a sample: `acuse send --list`",
        ));
    }
    let payload = match record {
        Some(record) => ledger.payload(&record).await?,
        None => None,
    };
    payload.ok_or_else(|| {
        Failure::with_advice(
            format!("the ledger has no payload of `{key}`"),
            "`acuse events list --json` prints the keys; quote them, because they contain `#` and `|`",
        )
    })
}

/// Another order of deliveries each run, and the same for the same seed.
pub(super) struct Shuffle(RefCell<fastrand::Rng>);

impl Shuffle {
    pub(super) fn of(seed: u64) -> Self {
        Self(RefCell::new(fastrand::Rng::with_seed(seed)))
    }

    /// Splits duplicates from each other, and shuffles.
    pub(super) fn apply<'a>(&self, planned: Vec<Planned<'a>>) -> Vec<Planned<'a>> {
        let mut deliveries = Vec::new();
        for mut event in planned {
            if event.twice {
                event.twice = false;
                deliveries.push(Planned {
                    body: event.body.clone(),
                    ..event
                });
            }
            deliveries.push(event);
        }
        self.0.borrow_mut().shuffle(&mut deliveries);
        deliveries
    }
}
