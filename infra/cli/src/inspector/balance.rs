//! Whether anything is missing, counted now and then and kept for the pages.

use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use acuse_aws::system::SystemClock;
use acuse_core::clock::{Clock, Timestamp};
use tokio::sync::Mutex;

use super::Inspector;
use crate::registry::providers;
use crate::stack::balance::{Balance, NotCounted, Period};
use crate::stack::target::Target;

/// What is counted: deliveries of the last two hours.
const WINDOW: Duration = Duration::from_hours(2);

/// Younger deliveries, and their log lines, are on their way. Local logs are there at once.
const IN_FLIGHT: Duration = Duration::from_mins(1);
const IN_FLIGHT_LOCALLY: Duration = Duration::from_secs(5);

/// How long a count is good. Each reads the log and the ledger of the window, and looks into two queues.
const GOOD_FOR: Duration = Duration::from_mins(1);
const GOOD_LOCALLY: Duration = Duration::from_secs(5);

/// How long a page waits for a count. The start page comes again when it is there.
const PATIENCE: Duration = Duration::from_millis(300);

/// The last count, and who counts.
#[derive(Default)]
pub(super) struct Balances {
    last: RwLock<Option<Arc<Counted>>>,
    counting: Mutex<()>,
}

/// A count, or why there is none.
pub(super) struct Counted {
    at: Timestamp,
    pub(super) balance: Result<Balance, NotCounted>,
}

/// What is known of the balance.
pub(super) struct Known {
    /// The last count; `None` before the first one.
    pub(super) last: Option<Arc<Counted>>,
    /// Whether a newer one is on its way.
    pub(super) counting: bool,
}

impl Inspector {
    /// The balance of the last two hours, counted again if that was a while ago. If it takes longer than a page can wait,
    /// the count goes on, and the last one is shown.
    pub(super) async fn balance(self: &Arc<Self>) -> Known {
        let own = Arc::clone(self);
        let count = tokio::spawn(async move { own.counted().await });
        let counted = tokio::time::timeout(PATIENCE, count).await;
        match counted {
            Ok(Ok(counted)) => Known {
                last: Some(counted),
                counting: false,
            },
            _ => Known {
                last: self.balances.last(),
                counting: true,
            },
        }
    }

    /// The balance, however long it takes.
    pub(super) async fn counted(&self) -> Arc<Counted> {
        // Others that wait meanwhile take the same count.
        let _counting = self.balances.counting.lock().await;
        let good_for = match self.target.is_local() {
            true => GOOD_LOCALLY,
            false => GOOD_FOR,
        };
        let now = SystemClock.now();
        match self.balances.last() {
            Some(last) if now.since(last.at) < good_for => last,
            _ => {
                let balance = count(&self.target, now).await;
                let counted = Arc::new(Counted {
                    at: SystemClock.now(),
                    balance,
                });
                let mut last = self.balances.last.write().unwrap_or_else(PoisonError::into_inner);
                *last = Some(Arc::clone(&counted));
                counted
            }
        }
    }
}

impl Balances {
    fn last(&self) -> Option<Arc<Counted>> {
        let last = self.last.read().unwrap_or_else(PoisonError::into_inner);
        last.clone()
    }
}

async fn count(target: &Target, now: Timestamp) -> Result<Balance, NotCounted> {
    let in_flight = match target.is_local() {
        true => IN_FLIGHT_LOCALLY,
        false => IN_FLIGHT,
    };
    let used = providers().iter().filter(|provider| target.is_used(provider).is_ok());
    let period = Period {
        since: now.minus(WINDOW),
        until: now.minus(in_flight),
    };
    Balance::of(target, &used.collect::<Vec<_>>(), period).await
}
