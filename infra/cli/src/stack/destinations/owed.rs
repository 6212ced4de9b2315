//! What a destination is owed, and queueing it again.

use acuse_aws::destinations::items::{Changed, Listed, Place};
use acuse_aws::system::SystemClock;
use acuse_core::clock::{Clock, Timestamp};
use acuse_core::destination::DestinationName;
use acuse_core::destination::delivery::{Change, DeliveryKey, Status};
use futures_util::{StreamExt, TryStreamExt, stream};

use super::{DestinationsError, StackDestinations};

/// How many deliveries are changed at the same time.
const AT_ONCE: usize = 16;

/// How many deliveries of a destination a [`Summary`] counts.
pub const COUNTED: usize = 5000;

/// How much a destination is owed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Summary {
    /// How many deliveries are owed.
    pub owed: usize,
    /// How many were given up.
    pub given_up: usize,
    /// Since when the oldest is owed.
    pub oldest: Option<Timestamp>,
    /// Of those that are owed, why the latest try failed.
    pub error: Option<String>,
    /// When that was.
    pub failed_at: Option<Timestamp>,
    /// There are more than were counted.
    pub more: bool,
}

impl Summary {
    /// Adds a delivery.
    pub fn add(&mut self, listed: &Listed) {
        match listed.delivery.status {
            Status::Owed => {
                self.owed += 1;
                let delivery = &listed.delivery;
                let since = delivery.owed_since;
                self.oldest = Some(self.oldest.map_or(since, |oldest| oldest.min(since)));
                let failed_at = delivery.tried_at.unwrap_or(since);
                if delivery.error.is_some() && self.failed_at.is_none_or(|latest| failed_at >= latest) {
                    self.failed_at = Some(failed_at);
                    self.error.clone_from(&delivery.error);
                }
            }
            Status::GivenUp => self.given_up += 1,
            Status::Delivered | Status::Skipped => {}
        }
    }
}

/// The pages of a destination's list, the oldest event first.
pub struct List<'a> {
    stack: &'a StackDestinations,
    name: &'a DestinationName,
    next: Option<Option<Place>>,
}

impl List<'_> {
    /// The next page; `None` at the end.
    ///
    /// # Errors
    /// [`DestinationsError`]
    pub async fn next(&mut self) -> Result<Option<Vec<Listed>>, DestinationsError> {
        let Some(from) = self.next.take() else {
            return Ok(None);
        };
        let page = self.stack.deliveries.list(self.name, from).await?;
        self.next = page.next.map(Some);
        Ok(Some(page.deliveries))
    }
}

impl StackDestinations {
    /// What `name` is owed, and what was given up.
    pub fn owed<'a>(&'a self, name: &'a DestinationName) -> List<'a> {
        List {
            stack: self,
            name,
            next: Some(None),
        }
    }

    /// How much `name` is owed, of the first [`COUNTED`].
    ///
    /// # Errors
    /// [`DestinationsError`]
    pub async fn summary(&self, name: &DestinationName) -> Result<Summary, DestinationsError> {
        let (mut list, mut summary, mut counted) = (self.owed(name), Summary::default(), 0);
        while let Some(page) = list.next().await? {
            page.iter().for_each(|listed| summary.add(listed));
            counted += page.len();
            if counted >= COUNTED && list.next.is_some() {
                summary.more = true;
                return Ok(summary);
            }
        }
        Ok(summary)
    }

    /// Makes these deliveries owed from now on, with new patience, and queues them. Returns those that there are none of.
    ///
    /// # Errors
    /// [`DestinationsError`]: some of them may be owed anew all the same, and it is safe to do this again.
    pub async fn requeue(&self, keys: &[DeliveryKey]) -> Result<Vec<DeliveryKey>, DestinationsError> {
        let now = SystemClock.now();
        let changes = keys.iter().map(|key| async move {
            let changed = self.deliveries.change(key, &Change::Requeue, now).await?;
            Ok::<_, DestinationsError>((key, matches!(changed, Changed::Written(_))))
        });
        let changes: Vec<_> = changes.collect();
        let changed: Vec<_> = stream::iter(changes).buffered(AT_ONCE).try_collect().await?;
        let written = changed.iter().filter(|(_, written)| *written).map(|(key, _)| *key);
        self.hints.send(written).await?;
        let missing = changed.iter().filter(|(_, written)| !written);
        Ok(missing.map(|(key, _)| (*key).clone()).collect())
    }
}

#[cfg(test)]
mod tests {
    use acuse_core::destination::delivery::{Delivery, DeliveryKey};
    use acuse_core::event::key::IdempotencyKey;

    use super::*;

    fn owed(since: i64, tried_at: Option<i64>, error: Option<&str>) -> Listed {
        Listed {
            key: DeliveryKey {
                event: IdempotencyKey::parse("onepay#live#payment#p1|payment.approved").unwrap(),
                destination: DestinationName::parse("shop").unwrap(),
            },
            received_at: Timestamp::from_seconds(since),
            delivery: Delivery {
                tried_at: tried_at.map(Timestamp::from_seconds),
                error: error.map(str::to_owned),
                ..Delivery::owed(Timestamp::from_seconds(since))
            },
        }
    }

    #[test]
    fn the_error_is_that_of_the_latest_try() {
        let mut summary = Summary::default();
        for listed in [
            owed(100, Some(500), Some("answered 500")),
            owed(200, Some(900), Some("answered 404")),
            owed(300, Some(700), Some("answered 503")),
            owed(950, None, None),
        ] {
            summary.add(&listed);
        }
        assert_eq!(summary.error.as_deref(), Some("answered 404"));
        assert_eq!((summary.owed, summary.oldest), (4, Some(Timestamp::from_seconds(100))));
    }
}
