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
    /// Of those that have been tried, why the last try of the oldest failed.
    pub error: Option<String>,
    /// There are more than were counted.
    pub more: bool,
}

impl Summary {
    /// Adds a delivery.
    pub fn add(&mut self, listed: &Listed) {
        match listed.delivery.status {
            Status::Owed => {
                self.owed += 1;
                let since = listed.delivery.owed_since;
                if self.oldest.is_none_or(|oldest| since < oldest) {
                    self.oldest = Some(since);
                    self.error.clone_from(&listed.delivery.error);
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
