//! Time and scheduling from one seed: tasks run in random order, and the clock jumps to the next timer when all of
//! them wait.

use std::collections::BTreeMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

use acuse_core::clock::{Clock, Random, Timestamp};

type Task = Pin<Box<dyn Future<Output = ()> + Send>>;

/// A world with its own time. Clones share it.
#[derive(Clone)]
pub(crate) struct Simulation(Arc<Mutex<State>>);

struct State {
    now: Timestamp,
    /// By time, then in the order they were set.
    timers: BTreeMap<(Timestamp, u64), Waker>,
    tasks: BTreeMap<u64, Task>,
    ready: Vec<u64>,
    count: u64,
    random: fastrand::Rng,
}

/// Wakes one task.
struct Wakeup {
    simulation: Simulation,
    task: u64,
}

impl Wake for Wakeup {
    fn wake(self: Arc<Self>) {
        let mut state = self.simulation.0.lock().unwrap();
        if !state.ready.contains(&self.task) {
            state.ready.push(self.task);
        }
    }
}

impl Simulation {
    pub(crate) fn new(seed: u64, now: Timestamp) -> Self {
        Self(Arc::new(Mutex::new(State {
            now,
            timers: BTreeMap::new(),
            tasks: BTreeMap::new(),
            ready: Vec::new(),
            count: 0,
            random: fastrand::Rng::with_seed(seed),
        })))
    }

    /// Draws from the seed.
    pub(crate) fn draw<T>(&self, draw: impl FnOnce(&mut fastrand::Rng) -> T) -> T {
        draw(&mut self.0.lock().unwrap().random)
    }

    /// True once in `of` times.
    pub(crate) fn one_in(&self, of: u32) -> bool {
        self.draw(|random| random.u32(0..of) == 0)
    }

    /// Up to `longest`.
    pub(crate) fn duration(&self, longest: Duration) -> Duration {
        let longest = u64::try_from(longest.as_millis()).unwrap();
        Duration::from_millis(self.draw(|random| random.u64(0..=longest)))
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.0.lock().unwrap().now
    }

    pub(crate) fn sleep(&self, duration: Duration) -> impl Future<Output = ()> + Send + use<> {
        let simulation = self.clone();
        let until = simulation.now().plus(duration);
        std::future::poll_fn(move |context| {
            let mut state = simulation.0.lock().unwrap();
            if state.now >= until {
                return Poll::Ready(());
            }
            state.count += 1;
            let place = (until, state.count);
            state.timers.insert(place, context.waker().clone());
            Poll::Pending
        })
    }

    /// Starts a task and returns its number.
    pub(crate) fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) -> u64 {
        let mut state = self.0.lock().unwrap();
        state.count += 1;
        let number = state.count;
        state.tasks.insert(number, Box::pin(task));
        state.ready.push(number);
        number
    }

    /// Ends a task wherever it is, as SIGKILL does.
    pub(crate) fn kill(&self, task: u64) -> bool {
        let killed = self.0.lock().unwrap().tasks.remove(&task);
        killed.is_some()
    }

    /// Runs until nothing is left to do.
    pub(crate) fn run(&self) {
        while let Some((number, mut task)) = self.next() {
            let wakeup = Wakeup {
                simulation: self.clone(),
                task: number,
            };
            let waker = Arc::new(wakeup).into();
            if task.as_mut().poll(&mut Context::from_waker(&waker)).is_pending() {
                self.0.lock().unwrap().tasks.insert(number, task);
            }
        }
    }

    /// Takes out a task that can go on.
    fn next(&self) -> Option<(u64, Task)> {
        loop {
            let mut state = self.0.lock().unwrap();
            if state.ready.is_empty() {
                let ((at, _), waker) = state.timers.pop_first()?;
                state.now = state.now.max(at);
                drop(state);
                waker.wake();
                continue;
            }
            let count = state.ready.len();
            let place = state.random.usize(0..count);
            let number = state.ready.swap_remove(place);
            // It may have been killed, or have ended.
            if let Some(task) = state.tasks.remove(&number) {
                return Some((number, task));
            }
        }
    }
}

/// A machine's clock, which is wrong by a little.
#[derive(Clone)]
pub(crate) struct SkewedClock {
    pub(crate) simulation: Simulation,
    pub(crate) ahead: Duration,
}

impl Clock for SkewedClock {
    fn now(&self) -> Timestamp {
        self.simulation.now().plus(self.ahead)
    }

    fn sleep(&self, duration: Duration) -> Pin<Box<dyn Future<Output = ()> + Send>> {
        Box::pin(self.simulation.sleep(duration))
    }
}

impl Random for Simulation {
    fn bits(&self) -> u128 {
        self.draw(|random| random.u128(..))
    }
}
