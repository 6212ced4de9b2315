//! The consumer with faults at its ports, in thousands of runs, each from one seed.
//!
//! Three consumers whose clocks disagree work on one queue. Calls to the ledger and the queue fail, lose their answers
//! and come late; hooks fail, hang and panic; invocations are cut off and killed. At the end the tables must show
//! that nothing was lost and nothing was done twice.
//!
//! `ACUSE_FAULTS=100000` sets the number of runs, `ACUSE_SEED=…` repeats one.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests fail by panicking"
)]

mod conflict;
mod fault;
mod hours;
mod ledger;
mod queue;
mod simulation;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use acuse_core::clock::Timestamp;
use acuse_core::consume::{Backoff, Consumer, Policy, Received, WaitPolicy};
use acuse_core::event::Event;
use acuse_core::hook::{AnyHook, Attempt, Effects, HookError};
use acuse_core::ledger::Status;
use acuse_core::testing::MemoryLedger;
use async_trait::async_trait;

use fault::Faults;
use ledger::FaultyLedger;
use queue::Queue;
use simulation::{Simulation, SkewedClock};

const RUNS: u64 = 3000;

/// The template's time-out of the consumer.
const TIME_OUT: Duration = Duration::from_secs(30);

/// How long things go wrong, and how long the rest may take.
const TROUBLE: Duration = Duration::from_secs(15 * 60);
const PATIENCE: Duration = Duration::from_secs(48 * 3600);

/// The events of a run. The last one's hook always rejects.
const EVENTS: [&str; 4] = ["p0", "p1", "p2", "never"];

/// What the transactional hooks write, for each event.
fn effect_of(hook: &str, id: &str) -> &'static str {
    let effects = [
        [
            "payments of p0",
            "payments of p1",
            "payments of p2",
            "payments of never",
        ],
        ["books of p0", "books of p1", "books of p2", "books of never"],
    ];
    let mut effects = effects.into_iter().flatten();
    effects.find(|effect| *effect == format!("{hook} of {id}")).unwrap()
}

/// The side effects of the other hook: an order shipped is shipped, whatever the ledger knows.
type Shipped = Arc<Mutex<BTreeMap<String, u32>>>;

/// A hook in trouble.
struct Troubled {
    name: &'static str,
    simulation: Simulation,
    faults: Faults,
    /// `None`: its effects are transactional.
    shipped: Option<Shipped>,
}

#[async_trait]
impl AnyHook<&'static str> for Troubled {
    fn name(&self) -> &'static str {
        self.name
    }

    fn transactional(&self) -> bool {
        self.shipped.is_none()
    }

    async fn call(&self, event: &Event, _attempt: Attempt) -> Result<Effects<&'static str>, HookError> {
        let id = event.resource.as_ref().unwrap().id.clone();
        if self.faults.strike() {
            match self.simulation.draw(|random| random.u8(0..4)) {
                0 => return Err(HookError::retry("injected")),
                1 => return Err(HookError::retry_after(Duration::from_secs(40), "injected")),
                2 => panic!("injected"),
                _ => self.simulation.sleep(2 * TIME_OUT).await,
            }
        }
        self.simulation
            .sleep(self.simulation.duration(Duration::from_secs(3)))
            .await;
        if id == "never" {
            return Err(HookError::reject("never"));
        }
        match &self.shipped {
            None => Ok(Effects::writes(vec![effect_of(self.name, &id)])),
            Some(shipped) => {
                *shipped.lock().unwrap().entry(id).or_default() += 1;
                Ok(Effects::none())
            }
        }
    }
}

/// `note` makes other bytes of the same event.
fn message(id: &str, delivery: u32, note: u32) -> Received {
    let attributes = [
        ("envelope", "1".to_owned()),
        ("provider", "kuenta".to_owned()),
        ("delivery_id", format!("018bcfe5-6800-7707-8707-{delivery:012x}")),
        ("received_at", "1700000000000".to_owned()),
        ("form", "raw".to_owned()),
    ];
    Received {
        message_id: format!("{id}-{delivery}"),
        receipt: String::new(),
        text: format!(r#"{{"event":"payment.completed","data":{{"id":"{id}","note":{note}}}}}"#).into(),
        attributes: attributes.map(|(name, value)| (name.to_owned(), value)).into(),
        trace: None,
        receives: 0,
        sent_at: None,
    }
}

/// One run.
struct World {
    simulation: Simulation,
    faults: Faults,
    queue: Queue,
    ledger: Arc<MemoryLedger>,
    shipped: Shipped,
    /// The transactional hooks. If there are two, there is no other one.
    transactional: &'static [&'static str],
    single_calls: Arc<AtomicU32>,
    /// What the provider has sent.
    sent: Arc<Mutex<Vec<Received>>>,
    /// After how many attempts an event is given up: the template's number, or a small one.
    max_attempts: u32,
}

impl World {
    fn new(seed: u64) -> Self {
        let simulation = Simulation::new(seed, Timestamp::from_seconds(1_700_000_000));
        let one_in = simulation.draw(|random| random.u32(2..20));
        let faults = Faults::new(&simulation, one_in);
        let transactional = match simulation.one_in(2) {
            true => &["payments", "books"][..],
            false => &["payments"],
        };
        let max_attempts = match simulation.one_in(2) {
            true => 120,
            false => 3,
        };
        Self {
            transactional,
            max_attempts,
            single_calls: Arc::default(),
            sent: Arc::default(),
            queue: Queue::new(&simulation, &faults),
            simulation,
            faults,
            ledger: Arc::default(),
            shipped: Arc::default(),
        }
    }

    fn ships(&self) -> bool {
        self.transactional.len() < 2
    }

    /// Each event is delivered one to three times, at any time, sometimes with other bytes.
    fn deliver(&self) {
        for id in EVENTS {
            let deliveries = self.simulation.draw(|random| random.u32(1..=3));
            for delivery in 0..deliveries {
                let (queue, simulation) = (self.queue.clone(), self.simulation.clone());
                let note = self.simulation.draw(|random| random.u32(0..8) / 6);
                let message = message(id, delivery, note);
                self.sent.lock().unwrap().push(message.clone());
                self.simulation.spawn(async move {
                    simulation.sleep(simulation.duration(TROUBLE)).await;
                    queue.send(message);
                });
            }
        }
    }

    fn consumer(&self, ahead: Duration) -> Consumer<FaultyLedger, Queue> {
        let hook = |name, shipped| {
            Box::new(Troubled {
                name,
                simulation: self.simulation.clone(),
                faults: self.faults.clone(),
                shipped,
            }) as Box<dyn AnyHook<&'static str>>
        };
        let ledger = FaultyLedger {
            simulation: self.simulation.clone(),
            faults: self.faults.clone(),
            ledger: Arc::clone(&self.ledger),
            single_calls: Arc::clone(&self.single_calls),
        };
        let clock = SkewedClock {
            simulation: self.simulation.clone(),
            ahead,
        };
        let policy = Policy {
            environment: None,
            retention: Duration::from_secs(90 * 24 * 3600),
            backoff: Backoff {
                base: Duration::from_secs(2),
                max: Duration::from_secs(1800),
            },
            max_attempts: self.max_attempts,
            wait_policy: WaitPolicy::default(),
            concurrency: 10,
        };
        // Transactional hooks come first or last, or there are no others, so that all ways of committing are tried.
        let mut hooks: Vec<_> = self.transactional.iter().map(|name| hook(name, None)).collect();
        if self.ships() {
            hooks.push(hook("shipping", Some(Arc::clone(&self.shipped))));
        }
        if self.simulation.one_in(2) {
            hooks.reverse();
        }
        Consumer::new(
            acuse_core::providers::ALL,
            ledger,
            self.queue.clone(),
            hooks,
            policy,
            clock,
            self.simulation.clone(),
        )
        .unwrap()
    }

    /// Lambda: receives batches, invokes, ends invocations at the time-out, and deletes what did not fail.
    fn poll(&self) {
        let ahead = self.simulation.duration(Duration::from_millis(900));
        let consumer = Arc::new(self.consumer(ahead));
        let (simulation, queue, faults) = (self.simulation.clone(), self.queue.clone(), self.faults.clone());
        let end = simulation.now().plus(PATIENCE);
        self.simulation.spawn(async move {
            while simulation.now() < end {
                simulation.sleep(Duration::from_secs(1)).await;
                let batch = queue.receive(3);
                if batch.is_empty() {
                    // Nothing comes any more.
                    if queue.is_empty() && simulation.now().since(Timestamp::from_seconds(1_700_000_000)) > TROUBLE {
                        return;
                    }
                    continue;
                }
                let deadline = simulation.now().plus(ahead).plus(TIME_OUT);
                let invocation = simulation.spawn({
                    let (consumer, queue, faults) = (Arc::clone(&consumer), queue.clone(), faults.clone());
                    async move {
                        let failed = consumer.consume(batch.clone(), deadline).await;
                        // If the answer is lost, everything comes back.
                        if !faults.strike() {
                            queue.delete(&batch, &failed);
                        }
                    }
                });
                let life = match faults.strike() {
                    true => simulation.duration(TIME_OUT),
                    false => TIME_OUT,
                };
                simulation.spawn({
                    let simulation = simulation.clone();
                    async move {
                        simulation.sleep(life).await;
                        simulation.kill(invocation);
                    }
                });
            }
        });
    }

    fn check(&self) {
        assert!(self.queue.is_empty(), "messages are still in the queue after two days");
        let dead: Vec<String> = self
            .queue
            .dead()
            .into_iter()
            .map(|(message, _)| message.message_id)
            .collect();
        let is_dead = |id: &str| dead.iter().any(|message| message.starts_with(&format!("{id}-")));
        self.check_conflicts(&dead);
        let mut records = self.ledger.records();
        records.retain(|key, _| key.conflict_of().is_none());
        let shipped = self.shipped.lock().unwrap();
        for id in EVENTS {
            let record = records
                .iter()
                .find(|(key, _)| key.partition.ends_with(&format!("#{id}")));
            let status = record.map(|(_, stored)| stored.state.status);
            for hook in self.transactional {
                let applied = self.ledger.applied(effect_of(hook, id));
                assert_eq!(
                    applied,
                    self.recorded(hook, id),
                    "{id}: the effect of {hook} and its records"
                );
            }
            match status {
                Some(Status::Completed) => {
                    let hooks = record.map_or(0, |(_, stored)| stored.state.hooks.len());
                    assert_eq!(hooks, 2, "{id}: completed without all its hooks");
                    assert!(
                        !self.ships() || shipped.contains_key(id),
                        "{id}: completed without being shipped"
                    );
                    assert_ne!(id, "never");
                }
                Some(Status::Rejected) => {
                    assert!(is_dead(id), "{id}: rejected, and not in the dead-letter queue");
                    // A quarter of an hour of trouble uses up no 120 attempts.
                    assert!(self.max_attempts == 3 || id == "never", "{id} was given up");
                }
                _ => assert!(
                    is_dead(id),
                    "{id}: {status:?}, and not in the dead-letter queue: it has vanished"
                ),
            }
        }
    }
}

/// What the runs came to, to show that they reach what they should.
#[derive(Debug, Default)]
struct Outcomes {
    completed: u32,
    rejected: u32,
    worn_out: u32,
    taken_over: u32,
    shipped_twice: u32,
    duplicates: u32,
    single_calls: u32,
    conflicts: u32,
    released: u32,
    dismissed: u32,
}

fn run(seed: u64, outcomes: &mut Outcomes) {
    let world = World::new(seed);
    world.deliver();
    world.decide();
    for _ in 0..3 {
        world.poll();
    }
    let (simulation, faults) = (world.simulation.clone(), world.faults.clone());
    world.simulation.spawn(async move {
        simulation.sleep(TROUBLE).await;
        faults.end();
    });
    world.simulation.run();
    world.check();
    for (key, stored) in world.ledger.records() {
        if key.conflict_of().is_some() {
            match stored.state.status {
                Status::Completed => outcomes.released += 1,
                Status::Rejected => outcomes.dismissed += 1,
                _ => outcomes.conflicts += 1,
            }
            continue;
        }
        match stored.state.status {
            Status::Completed => outcomes.completed += 1,
            Status::Rejected => outcomes.rejected += 1,
            _ => outcomes.worn_out += 1,
        }
        outcomes.taken_over += u32::from(stored.state.attempts > 1);
        outcomes.duplicates += stored.duplicates;
    }
    outcomes.single_calls += world.single_calls.load(Ordering::SeqCst);
    let shipped = world.shipped.lock().unwrap();
    outcomes.shipped_twice += u32::try_from(shipped.values().filter(|times| **times > 1).count()).unwrap();
}

#[test]
fn nothing_is_lost_and_nothing_done_twice_under_faults() {
    // Panics of hooks are part of the plan.
    let print = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        if panic.payload().downcast_ref::<&str>() != Some(&"injected") {
            print(panic);
        }
    }));
    let number = |name: &str| std::env::var(name).ok().map(|text| text.parse::<u64>().unwrap());
    let mut outcomes = Outcomes::default();
    if let Some(seed) = number("ACUSE_SEED") {
        run(seed, &mut outcomes);
        return;
    }
    let runs = number("ACUSE_FAULTS").unwrap_or(RUNS);
    let first = fastrand::u64(..u64::MAX / 2);
    for seed in first..first + runs {
        let run = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| run(seed, &mut outcomes)));
        assert!(run.is_ok(), "repeat it with ACUSE_SEED={seed}");
    }
    println!("{runs} runs: {outcomes:?}");
    // The faults did their work.
    assert!(outcomes.completed > 0 && outcomes.rejected > 0 && outcomes.taken_over > 0 && outcomes.duplicates > 0);
    assert!(outcomes.single_calls > 0, "new events are committed in a single call");
    assert!(outcomes.conflicts > 0 && outcomes.released > 0 && outcomes.dismissed > 0);
    assert!(
        outcomes.shipped_twice > 0,
        "a hook with external side effects is called at least once"
    );
}
