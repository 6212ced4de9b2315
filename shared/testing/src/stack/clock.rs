//! A clock that stands until somebody moves it.

use std::collections::BTreeMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use acuse_core::clock::{Clock, Random, Timestamp};

/// Clones share the time.
#[derive(Clone)]
pub(super) struct TestClock(Arc<Mutex<Time>>);

struct Time {
    now: Timestamp,
    /// Who sleeps, by the end of the sleep, then in the order of falling asleep.
    sleepers: BTreeMap<(Timestamp, u64), Option<Waker>>,
    count: u64,
}

impl TestClock {
    pub(super) fn at(now: Timestamp) -> Self {
        Self(Arc::new(Mutex::new(Time {
            now,
            sleepers: BTreeMap::new(),
            count: 0,
        })))
    }

    /// Moves on to `to`, unless it is later already, and wakes who has slept until then.
    pub(super) fn advance_to(&self, to: Timestamp) {
        let mut time = self.time();
        time.now = time.now.max(to);
        let now = time.now;
        for (_, waker) in time.sleepers.iter_mut().filter(|((until, _), _)| *until <= now) {
            if let Some(waker) = waker.take() {
                waker.wake();
            }
        }
    }

    /// Moves on to the end of the shortest sleep.
    pub(super) fn jump(&self) {
        let first = self.time().sleepers.first_key_value().map(|((until, _), _)| *until);
        if let Some(until) = first {
            self.advance_to(until);
        }
    }

    fn time(&self) -> MutexGuard<'_, Time> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Clock for TestClock {
    fn now(&self) -> Timestamp {
        self.time().now
    }

    fn sleep(&self, duration: Duration) -> Pin<Box<dyn Future<Output = ()> + Send>> {
        let mut time = self.time();
        time.count += 1;
        let place = (time.now.plus(duration), time.count);
        time.sleepers.insert(place, None);
        Box::pin(Sleep {
            clock: self.clone(),
            place,
        })
    }
}

struct Sleep {
    clock: TestClock,
    place: (Timestamp, u64),
}

impl Future for Sleep {
    type Output = ();

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let mut time = self.clock.time();
        if time.now >= self.place.0 {
            return Poll::Ready(());
        }
        time.sleepers.insert(self.place, Some(context.waker().clone()));
        Poll::Pending
    }
}

impl Drop for Sleep {
    fn drop(&mut self) {
        self.clock.time().sleepers.remove(&self.place);
    }
}

/// Numbers in turn, so that every lease has a token of its own. Their upper half makes each wait the longest that it
/// may be: 2, 4, 8 … s.
pub(super) struct InTurn(pub(super) Arc<std::sync::atomic::AtomicU64>);

impl Random for InTurn {
    fn bits(&self) -> u128 {
        let count = self.0.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
        (u128::MAX << 64) | u128::from(count)
    }
}
