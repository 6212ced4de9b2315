//! Whether anything is missing, counted now and then and kept for the pages.

use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use acuse_aws::system::SystemClock;
use acuse_core::clock::{Clock, Timestamp};
use tokio::sync::Mutex;

use super::Inspector;
use crate::registry::providers;
use crate::stack::balance::{Balance, NotCounted, Period, in_flight};
use crate::stack::target::Target;

/// What is counted: deliveries of the last two hours.
const WINDOW: Duration = Duration::from_hours(2);

/// How long a count is good, at least. Each reads the log and the ledger of the window, and looks into two queues, so
/// one that takes long is good for longer.
const GOOD_FOR: Duration = Duration::from_mins(1);
const GOOD_LOCALLY: Duration = Duration::from_secs(5);
const TIMES_AS_LONG: u32 = 5;

/// After so many times as long, a count is not shown any more: nobody has looked at the page meanwhile.
const OLD_AFTER: u32 = 3;

/// How long a page waits for a count, and when it comes again for it.
const PATIENCE: Duration = Duration::from_millis(300);
const AGAIN: Duration = Duration::from_secs(2);

/// The last count, and who counts.
#[derive(Default)]
pub(super) struct Balances {
    last: RwLock<Option<Arc<Counted>>>,
    counting: Mutex<()>,
}

/// A count, or why there is none.
pub(super) struct Counted {
    at: Timestamp,
    good_for: Duration,
    pub(super) balance: Result<Balance, NotCounted>,
}

/// What is known of the balance.
pub(super) struct Known {
    /// The last count; `None` before the first one, and if it is old.
    pub(super) last: Option<Arc<Counted>>,
    /// When to ask again.
    pub(super) again: Duration,
}

impl Inspector {
    /// The balance of the last two hours, counted again if that was a while ago. If it takes longer than a page can wait,
    /// the count goes on, and the last one is shown unless it is old.
    pub(super) async fn balance(self: &Arc<Self>) -> Known {
        let own = Arc::clone(self);
        let count = tokio::spawn(async move { own.counted().await });
        let counted = tokio::time::timeout(PATIENCE, count).await;
        match counted {
            Ok(Ok(counted)) => Known {
                again: counted.good_for,
                last: Some(counted),
            },
            _ => Known {
                last: self.balances.last().filter(|last| !last.is_old(SystemClock.now())),
                again: AGAIN,
            },
        }
    }

    /// The balance, however long it takes.
    pub(super) async fn counted(&self) -> Arc<Counted> {
        // Others that wait meanwhile take the same count.
        let _counting = self.balances.counting.lock().await;
        let at_least = match self.target.is_local() {
            true => GOOD_LOCALLY,
            false => GOOD_FOR,
        };
        let now = SystemClock.now();
        match self.balances.last() {
            Some(last) if now.since(last.at) < last.good_for => last,
            _ => {
                let balance = count(&self.target, now).await;
                let at = SystemClock.now();
                let counted = Arc::new(Counted {
                    at,
                    good_for: at_least.max(at.since(now) * TIMES_AS_LONG),
                    balance,
                });
                let mut last = self.balances.last.write().unwrap_or_else(PoisonError::into_inner);
                *last = Some(Arc::clone(&counted));
                counted
            }
        }
    }
}

impl Counted {
    fn is_old(&self, now: Timestamp) -> bool {
        now.since(self.at) > self.good_for * OLD_AFTER
    }
}

impl Balances {
    fn last(&self) -> Option<Arc<Counted>> {
        let last = self.last.read().unwrap_or_else(PoisonError::into_inner);
        last.clone()
    }
}

async fn count(target: &Target, now: Timestamp) -> Result<Balance, NotCounted> {
    let used = providers().iter().filter(|provider| target.is_used(provider).is_ok());
    let period = Period {
        since: now.minus(WINDOW),
        until: now.minus(in_flight(target)),
    };
    Balance::of(target, &used.collect::<Vec<_>>(), period).await
}
