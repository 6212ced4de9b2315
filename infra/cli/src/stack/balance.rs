//! Whether the books balance: each delivery that a verify function accepted must be in the ledger or in a queue.
//!
//! ```text
//! verify functions' log    `delivery queued`, with each delivery's id            accepted
//! ledger, by time           records, with the delivery that brought them          completed, waiting, rejected, conflict
//! ledger, by delivery      what each duplicate is a duplicate of                 duplicate
//! dead-letter queue        messages that no record tells of                      rejected
//! consumer's log           deliveries that took over another one's record        duplicate
//! event queue              how many messages, since reading them disturbs it     waiting, or missing
//! ```

mod accepted;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::time::Duration;

use acuse_aws::ledger::record::Record;
use acuse_core::clock::Timestamp;
use acuse_core::consume::SetAside;
use acuse_core::ledger::Status;
use acuse_core::provider::Provider;
use acuse_core::wire::delivery::DeliveryId;
use futures_util::{StreamExt, TryStreamExt, stream};
use thiserror::Error;

pub use accepted::Accepted;

use crate::stack::dead_letters::DeadLetter;
use crate::stack::error::StackError;
use crate::stack::events::set_aside_reason;
use crate::stack::logs::{Logs, LogsError};
use crate::stack::lookup;
use crate::stack::quarantine::Quarantined;
use crate::stack::queue::{Depth, Walk};
use crate::stack::target::Target;

const AT_ONCE: usize = 16;

/// Most messages of a queue that are looked at.
const MOST: usize = 10_000;

/// How old a delivery must be to be counted: younger ones, and their log lines, may be on their way. Local logs are
/// there at once.
pub fn in_flight(target: &Target) -> Duration {
    Duration::from_secs(if target.is_local() { 5 } else { 60 })
}

/// From when to when deliveries were received; the end is not included.
#[derive(Debug, Clone, Copy)]
#[expect(missing_docs, reason = "the names say it")]
pub struct Period {
    pub since: Timestamp,
    pub until: Timestamp,
}

impl Period {
    fn has(&self, at: Option<Timestamp>) -> bool {
        at.is_some_and(|at| at >= self.since && at < self.until)
    }

    fn received(&self, delivery: DeliveryId) -> bool {
        self.has(delivery.received_at())
    }
}

/// Where a delivery is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(missing_docs, reason = "the names say it")]
pub enum Place {
    Completed,
    Duplicate,
    Conflict,
    Rejected,
    /// In the ledger, in progress or to be retried.
    Waiting,
    /// A test delivery of `acuse doctor`.
    Test,
}

/// A period's balance.
#[derive(Debug)]
pub struct Balance {
    /// What was counted.
    pub period: Period,
    /// What the verify functions accepted.
    pub accepted: Accepted,
    /// Where that is.
    pub books: Books,
}

/// Why nothing can be counted.
#[derive(Debug, Error)]
#[expect(missing_docs, reason = "the texts say it")]
pub enum NotCounted {
    #[error("the functions run under `cargo lambda watch`, which sends no logs to the emulator")]
    Watched,
    #[error("the log has no line of accepted deliveries: LogLevel is {0}")]
    LogLevel(String),
    #[error("the log tells only of a part of the accepted deliveries: SuccessLogPercent is {0}")]
    Sampled(String),
    #[error(transparent)]
    Logs(#[from] LogsError),
    #[error(transparent)]
    Stack(#[from] StackError),
}

impl Balance {
    /// Counts the deliveries of a period.
    ///
    /// # Errors
    /// The log has no line of each delivery, or log, ledger or queues can't be read.
    pub async fn of(target: &Target, providers: &[&'static Provider], period: Period) -> Result<Self, NotCounted> {
        check(target)?;
        let accepted = Accepted::read(target, providers, period).await?;
        let mut books = Books::read(target, providers, period, &accepted).await?;
        let keys = books.logged_keys(target, period.since).await?;
        books.add(target, keys).await?;
        Ok(Self {
            period,
            accepted,
            books,
        })
    }

    /// How many deliveries were accepted, without tests.
    pub fn accepted(&self) -> usize {
        self.accepted.queued.len() - self.books.count(Place::Test)
    }

    /// How many are on their way: events in progress or being retried, and what may be in the event queue.
    pub fn waiting(&self) -> usize {
        self.books.count(Place::Waiting) + self.books.queued()
    }
}

/// Whether the log has a line of each delivery.
///
/// # Errors
/// [`NotCounted`] says why it has none.
pub fn check(target: &Target) -> Result<(), NotCounted> {
    if target.is_watched() {
        return Err(NotCounted::Watched);
    }
    if let level @ ("WARN" | "ERROR") = target.parameter("LogLevel") {
        return Err(NotCounted::LogLevel(level.to_owned()));
    }
    match target.parameter("SuccessLogPercent") {
        // A stack of an earlier version has no such parameter.
        "" | "100" => Ok(()),
        percent => Err(NotCounted::Sampled(percent.to_owned())),
    }
}

/// What ledger and queues hold of a period's deliveries.
#[derive(Debug, Default)]
pub struct Books {
    /// Of accepted deliveries.
    pub places: BTreeMap<DeliveryId, Place>,
    /// Rejected ones with a dead letter.
    pub dead_lettered: usize,
    /// Accepted deliveries that neither the ledger nor the dead-letter queue has.
    pub unrecorded: BTreeSet<DeliveryId>,
    /// Deliveries in the ledger that were refused first and released from quarantine.
    pub released: usize,
    /// Deliveries in the ledger that no line of the log tells of, although verify functions log each: the log does not
    /// have all that was accepted.
    pub unlogged: BTreeSet<DeliveryId>,
    /// Deliveries in quarantine.
    pub quarantine: usize,
    /// About how many messages the event queue has, whatever period and provider they are of.
    pub event_queue: u64,
}

impl Books {
    /// Looks for each accepted delivery.
    ///
    /// # Errors
    /// The ledger or a queue can't be read.
    pub async fn read(
        target: &Target,
        providers: &[&'static Provider],
        period: Period,
        accepted: &Accepted,
    ) -> Result<Self, StackError> {
        let (ledger, mut books) = (target.ledger()?, Self::default());
        let mut in_ledger: HashMap<DeliveryId, Place> = HashMap::new();
        for provider in providers {
            let records = ledger.received_between(provider.name, period.since, period.until, None);
            // No verify function accepts what an operator takes in with `acuse reconcile`.
            for record in records.await?.into_iter().filter(|record| !record.reconciled) {
                let id = record.delivery_id.as_deref().and_then(DeliveryId::parse);
                let Some(id) = id.filter(|id| period.received(*id)) else {
                    continue;
                };
                // A delivery may have several events: it is where the last of them is.
                let place = in_ledger.entry(id).or_insert(Place::Completed);
                *place = place_of(&record).max(*place);
            }
        }
        let dead = Walk::look(target, "DeadLetterQueueUrl", MOST).await?.into_iter();
        let dead: BTreeSet<DeliveryId> = dead
            .filter_map(|message| DeliveryId::parse(DeadLetter::open(message, target.environment()).delivery_id()?))
            .collect();
        for (id, place) in &in_ledger {
            if accepted.queued.contains_key(id) {
                books.places.insert(*id, *place);
            } else if accepted.kept.contains(id) {
                books.released += 1;
            } else if *place != Place::Test {
                books.unlogged.insert(*id);
            }
        }
        let missing = accepted.queued.keys().filter(|id| !in_ledger.contains_key(id));
        let reads = missing.map(async |id| Ok::<_, StackError>((*id, ledger.duplicate_of(*id).await?.is_some())));
        let reads: Vec<_> = reads.collect();
        let found: Vec<(DeliveryId, bool)> = stream::iter(reads).buffer_unordered(AT_ONCE).try_collect().await?;
        for (id, is_duplicate) in found {
            if is_duplicate {
                books.places.insert(id, Place::Duplicate);
            } else if dead.contains(&id) {
                books.places.insert(id, Place::Rejected);
            } else {
                books.unrecorded.insert(id);
            }
        }
        // One that was completed since is no rejected one.
        let is_rejected = |id: &&DeliveryId| books.places.get(id) == Some(&Place::Rejected);
        books.dead_lettered = dead.iter().filter(is_rejected).count();
        let quarantine = Walk::look(target, "QuarantineQueueUrl", MOST).await?;
        let quarantine = quarantine.into_iter().map(Quarantined::open);
        books.quarantine = quarantine
            .filter(|item| period.has(item.received_at()) && providers.iter().any(|own| own.name == item.provider))
            .count();
        let depth = Depth::of(target, "EventQueueUrl").await?;
        books.event_queue = depth.visible + depth.in_flight + depth.delayed;
        Ok(books)
    }

    /// Which key the consumer logged for each delivery that was not found.
    ///
    /// # Errors
    /// The consumer's log can't be read.
    pub async fn logged_keys(
        &self,
        target: &Target,
        since: Timestamp,
    ) -> Result<BTreeMap<DeliveryId, String>, LogsError> {
        let mut keys = BTreeMap::new();
        if self.unrecorded.is_empty() {
            return Ok(keys);
        }
        let lines = Logs::of(target, &["consumer".to_owned()], since).await?.next().await?;
        for line in lines {
            if let (Some((_, id)), Some(key)) = (line.delivery(), line.field("key"))
                && self.unrecorded.contains(&id)
            {
                keys.insert(id, key.to_owned());
            }
        }
        Ok(keys)
    }

    /// Counts deliveries that worked on an event which another delivery had brought: the record names only the first.
    ///
    /// # Errors
    /// The ledger can't be read.
    pub async fn add(&mut self, target: &Target, keys: BTreeMap<DeliveryId, String>) -> Result<(), StackError> {
        let ledger = target.ledger()?;
        for (id, key) in keys {
            if lookup::by_key(&ledger, &key).await?.is_some() && self.unrecorded.remove(&id) {
                self.places.insert(id, Place::Duplicate);
            }
        }
        Ok(())
    }

    /// How many accepted deliveries are there.
    pub fn count(&self, place: Place) -> usize {
        self.places.values().filter(|own| **own == place).count()
    }

    /// How many of those that no record tells of may still be in the event queue, beside those that have a record.
    pub fn queued(&self) -> usize {
        let others = usize::try_from(self.event_queue).unwrap_or(usize::MAX);
        let others = others.saturating_sub(self.count(Place::Waiting));
        others.min(self.unrecorded.len())
    }

    /// Whether [`missing`](Self::missing) is the whole truth: the log has all that the ledger has.
    pub fn is_sure(&self) -> bool {
        self.unlogged.is_empty()
    }

    /// How many accepted deliveries are nowhere, as far as the log tells.
    pub fn missing(&self) -> usize {
        self.unrecorded.len() - self.queued()
    }
}

fn place_of(record: &Record) -> Place {
    match Status::from_name(record.status) {
        _ if set_aside_reason(record) == Some(SetAside::TestDelivery) => Place::Test,
        Some(Status::Completed) => Place::Completed,
        Some(Status::Rejected) => Place::Rejected,
        Some(Status::Conflict) => Place::Conflict,
        Some(Status::InProgress | Status::Released) | None => Place::Waiting,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(number: u8) -> DeliveryId {
        DeliveryId::new(Timestamp::from_seconds(1_795_732_005), [number; 10])
    }

    #[test]
    fn what_the_event_queue_may_have_is_not_missing() {
        let mut books = Books {
            places: BTreeMap::from([(id(1), Place::Completed), (id(2), Place::Waiting)]),
            unrecorded: BTreeSet::from([id(3), id(4), id(5)]),
            ..Books::default()
        };
        // The queue's messages, of which one is the retried event's: how many are queued, and how many missing.
        for (messages, queued, missing) in [(0, 0, 3), (1, 0, 3), (2, 1, 2), (4, 3, 0), (90, 3, 0)] {
            books.event_queue = messages;
            assert_eq!((books.queued(), books.missing()), (queued, missing), "{messages}");
        }
    }

    #[test]
    fn a_period_has_its_beginning_and_not_its_end() {
        let at = Timestamp::from_seconds(1_795_732_005);
        let period = |since, until| Period { since, until };
        let second = std::time::Duration::from_secs(1);
        assert!(period(at, at.plus(second)).received(id(1)));
        assert!(!period(at.minus(second), at).received(id(1)));
    }
}
