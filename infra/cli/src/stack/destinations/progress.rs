//! How far listed events have come with their destinations.

use std::collections::{BTreeMap, HashMap};

use acuse_aws::destinations::items::Deliveries;
use acuse_aws::ledger::record::Record;
use acuse_core::destination::DestinationName;
use acuse_core::destination::delivery::{Delivery, DeliveryKey, Progress, Status};
use acuse_core::event::key::IdempotencyKey;
use acuse_core::ledger;
use serde::Serialize;
use serde_json::{Value, json};

use super::DestinationsError;
use crate::stack::target::Target;

/// What a completed event's status is called while something is owed.
pub const DELIVERING: &str = "DELIVERING";

/// What it is called once nothing is owed and something was given up.
pub const GIVEN_UP: &str = "GIVEN_UP";

/// The deliveries of listed events, by the event's key and the destination.
#[derive(Debug, Clone, Default)]
pub struct DeliveriesOf(HashMap<String, BTreeMap<DestinationName, Delivery>>);

impl DeliveriesOf {
    /// How many events' deliveries are read before the next events are.
    const AT_ONCE: usize = 100;

    /// Those of `records`. Asks for nothing if no event is owed to anybody.
    ///
    /// # Errors
    /// [`DestinationsError`]
    pub async fn records<'a>(
        target: &Target,
        records: impl IntoIterator<Item = &'a Record>,
    ) -> Result<Self, DestinationsError> {
        Self::read(&target.deliveries()?, records).await
    }

    async fn read<'a>(
        deliveries: &Deliveries,
        records: impl IntoIterator<Item = &'a Record>,
    ) -> Result<Self, DestinationsError> {
        let keys = records.into_iter().filter_map(|record| {
            let event = IdempotencyKey::parse(&record.key)?;
            Some(record.destinations.iter().map(move |destination| DeliveryKey {
                event: event.clone(),
                destination: destination.clone(),
            }))
        });
        let keys: Vec<DeliveryKey> = keys.flatten().collect();
        let mut found = Self::default();
        for (key, delivery) in deliveries.many(&keys).await? {
            let own = found.0.entry(key.event.to_string()).or_default();
            own.insert(key.destination, delivery);
        }
        Ok(found)
    }

    /// Those of `records` whose status is called `progress` because of their deliveries, in the same order and `most` at
    /// most.
    ///
    /// # Errors
    /// [`DestinationsError`]
    pub async fn only(
        target: &Target,
        records: Vec<Record>,
        progress: &str,
        most: usize,
    ) -> Result<Vec<Record>, DestinationsError> {
        let (reader, mut found) = (target.deliveries()?, Vec::new());
        let mut left = records.into_iter();
        while found.len() < most && left.len() > 0 {
            let some: Vec<Record> = left.by_ref().take(Self::AT_ONCE).collect();
            let deliveries = Self::read(&reader, &some).await?;
            let wanted = |record: &Record| deliveries.status(record) == Some(progress);
            found.extend(some.into_iter().filter(wanted));
        }
        found.truncate(most);
        Ok(found)
    }

    /// Those of one event, by destination.
    pub fn of(&self, record: &Record) -> impl Iterator<Item = (&DestinationName, &Delivery)> {
        self.0.get(&record.key).into_iter().flatten()
    }

    /// What the status of a completed event is called because of them.
    pub fn status(&self, record: &Record) -> Option<&'static str> {
        let is_completed = record.status == ledger::Status::Completed.name();
        let progress = Progress::of(self.of(record).map(|(_, delivery)| delivery.status));
        match progress {
            Progress::Delivering if is_completed => Some(DELIVERING),
            Progress::GivenUp if is_completed => Some(GIVEN_UP),
            _ => None,
        }
    }

    /// The record as JSON, with its deliveries.
    pub fn json(&self, record: &Record) -> Value {
        let mut json = serde_json::to_value(record).unwrap_or_default();
        let deliveries: Vec<Shown<'_>> = self
            .of(record)
            .map(|(name, delivery)| Shown::of(name, delivery))
            .collect();
        if let (false, Some(members)) = (deliveries.is_empty(), json.as_object_mut()) {
            members.insert("deliveries".to_owned(), json!(deliveries));
        }
        json
    }
}

/// A delivery as JSON. Times are RFC 3339, UTC.
#[derive(Debug, Serialize)]
pub struct Shown<'a> {
    destination: &'a str,
    status: &'static str,
    /// Since it became owed or was queued again.
    attempts: u32,
    /// In all.
    tries: u32,
    owed_since: String,
    next_try_at: Option<String>,
    ended_at: Option<String>,
    /// Why the last try failed.
    error: Option<&'a str>,
    /// The receiver is up, and refuses.
    receivers_fault: bool,
    last_answer: Option<Value>,
}

impl<'a> Shown<'a> {
    /// A delivery to `name`.
    pub fn of(name: &'a DestinationName, delivery: &'a Delivery) -> Self {
        let answer = delivery.answer.as_ref();
        Self {
            destination: name.as_str(),
            status: delivery.status.name(),
            attempts: delivery.attempts,
            tries: delivery.tries,
            owed_since: delivery.owed_since.to_string(),
            next_try_at: delivery.retry_at.map(|at| at.to_string()),
            ended_at: delivery.ended_at.map(|at| at.to_string()),
            error: delivery.error.as_deref(),
            receivers_fault: delivery.fault,
            last_answer: answer
                .map(|answer| json!({"status": answer.status, "milliseconds": answer.took_ms, "body": answer.body})),
        }
    }
}

/// A delivery in a few words: `delivered 2026-…, attempt 2, 200 in 31 ms`.
pub fn line(delivery: &Delivery) -> String {
    let tries = match delivery.tries {
        0 => "not tried yet".to_owned(),
        1 => "1 try".to_owned(),
        more => format!("{more} tries"),
    };
    let tries = match delivery.attempts {
        all if all == delivery.tries => tries,
        since => format!("{tries}, {since} since it was queued again"),
    };
    let what = match (delivery.status, delivery.ended_at) {
        (Status::Owed, _) => format!("owed since {}", delivery.owed_since),
        (Status::Delivered, Some(at)) => format!("delivered {at}"),
        (Status::GivenUp, Some(at)) => format!("given up {at}"),
        (Status::Skipped, Some(at)) => format!("skipped {at}: its filters leave it out, or it was removed"),
        (ended, None) => ended.name().to_owned(),
    };
    let mut parts = vec![what, tries];
    match (&delivery.error, &delivery.answer) {
        (Some(error), _) => parts.push(error.clone()),
        (None, Some(answer)) => parts.push(format!("answered {} in {} ms", answer.status, answer.took_ms)),
        (None, None) => {}
    }
    if delivery.fault {
        parts.push("the receiver's fault".to_owned());
    }
    if let Some(at) = delivery.retry_at {
        parts.push(format!("next try {at}"));
    }
    parts.join("; ")
}

#[cfg(test)]
mod tests {
    use acuse_core::clock::Timestamp;
    use acuse_core::destination::delivery::{Answer, Change};

    use super::*;

    const NOW: Timestamp = Timestamp::from_seconds(1_800_000_000);

    fn answer(status: u16) -> Answer {
        Answer {
            status,
            took_ms: 31,
            body: "ok".to_owned(),
        }
    }

    #[test]
    fn a_delivery_in_a_line() {
        let owed = Delivery::owed(NOW);
        assert_eq!(line(&owed), "owed since 2027-01-15T08:00:00.000Z; not tried yet");
        let failed = Change::Failed {
            attempts: 0,
            error: "answered 404 Not Found".to_owned(),
            fault: true,
            answer: Some(answer(404)),
            retry_at: Some(Timestamp::from_seconds(1_800_000_005)),
        };
        let failed = owed.changed(&failed, NOW).unwrap();
        assert_eq!(
            line(&failed),
            "owed since 2027-01-15T08:00:00.000Z; 1 try; answered 404 Not Found; the receiver's fault; next try 2027-01-15T08:00:05.000Z"
        );
        let delivered = failed.changed(&Change::Delivered(answer(200)), NOW).unwrap();
        assert_eq!(
            line(&delivered),
            "delivered 2027-01-15T08:00:00.000Z; 2 tries; answered 200 in 31 ms"
        );
        let again = failed.changed(&Change::Requeue, NOW).unwrap();
        assert!(
            line(&again).contains("; 1 try, 0 since it was queued again"),
            "{}",
            line(&again)
        );
        let delivered = again.changed(&Change::Delivered(answer(200)), NOW).unwrap();
        assert!(line(&delivered).contains("; 2 tries, 1 since it was queued again"));
        let skipped = owed.changed(&Change::Skip, NOW).unwrap();
        assert!(line(&skipped).starts_with("skipped 2027-01-15T08:00:00.000Z: its filters"));
    }
}
