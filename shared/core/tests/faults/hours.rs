//! Outages of hours and days with the template's settings: what they cost, and how long recovery takes.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::Duration;

use acuse_core::clock::Timestamp;
use acuse_core::consume::{Backoff, Consumer, Policy, WaitPolicy};
use acuse_core::event::Event;
use acuse_core::hook::{AnyHook, Attempt, Effects, HookError};
use acuse_core::ledger::Status;
use acuse_core::testing::MemoryLedger;
use async_trait::async_trait;

use crate::fault::Faults;
use crate::ledger::FaultyLedger;
use crate::queue::Queue;
use crate::simulation::{Simulation, SkewedClock};
use crate::{TIME_OUT, message};

const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(60 * 60);
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

const BEGINNING: Timestamp = Timestamp::from_seconds(1_700_000_000);

/// The template's.
fn policy() -> Policy {
    Policy {
        environment: None,
        retention: 90 * DAY,
        backoff: Backoff {
            base: Duration::from_secs(2),
            max: 30 * MINUTE,
        },
        max_attempts: 120,
        wait_policy: WaitPolicy::default(),
        concurrency: 10,
    }
}

/// A hook that calls a system which may be down.
struct Calls {
    down: Arc<AtomicBool>,
    calls: Arc<AtomicU32>,
}

#[async_trait]
impl AnyHook<&'static str> for Calls {
    fn name(&self) -> &'static str {
        "calls"
    }

    async fn call(&self, _: &Event, _: Attempt) -> Result<Effects<&'static str>, HookError> {
        self.calls.fetch_add(1, Ordering::SeqCst);
        match self.down.load(Ordering::SeqCst) {
            true => Err(HookError::retry("503")),
            false => Ok(Effects::write("an effect")),
        }
    }
}

/// What is down.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Down {
    Ledger,
    Hook,
    /// The function: it does nothing, and messages come back when their visibility time-out ends.
    Function,
}

/// What came of an outage.
#[derive(Debug)]
struct Outcome {
    /// When the last event was finished, from the outage's end.
    recovered: Option<Duration>,
    /// When the first dead letter came, from the outage's beginning.
    given_up: Option<Duration>,
    reasons: Vec<String>,
    statuses: Vec<Status>,
    attempts: Vec<u32>,
    calls: u32,
    forgotten: usize,
}

const EVENTS: usize = 20;

fn outage(component: Down, lasts: Duration) -> Outcome {
    outage_of_copies(component, lasts, 1)
}

/// Twenty events with this many deliveries each, all queued when the outage begins.
fn outage_of_copies(component: Down, lasts: Duration, copies: u32) -> Outcome {
    let simulation = Simulation::new(fastrand::u64(..), BEGINNING);
    let faults = || {
        let faults = Faults::new(&simulation, 2);
        faults.end();
        faults
    };
    let (ledger_faults, queue_faults) = (faults(), faults());
    let queue = Queue::new(&simulation, &queue_faults);
    let ledger = Arc::new(MemoryLedger::default());
    let down = Arc::new(AtomicBool::new(component == Down::Hook));
    let calls = Arc::new(AtomicU32::new(0));
    ledger_faults.set_down(component == Down::Ledger);
    let hook = Calls {
        down: Arc::clone(&down),
        calls: Arc::clone(&calls),
    };
    let faulty = FaultyLedger {
        simulation: simulation.clone(),
        faults: ledger_faults.clone(),
        ledger: Arc::clone(&ledger),
        single_calls: Arc::default(),
    };
    let clock = SkewedClock {
        simulation: simulation.clone(),
        ahead: Duration::ZERO,
    };
    let consumer = Consumer::new(
        acuse_core::providers::ALL,
        faulty,
        queue.clone(),
        vec![Box::new(hook)],
        policy(),
        clock,
        simulation.clone(),
    );
    let consumer = consumer.unwrap();
    for number in 0..EVENTS {
        for copy in 0..copies {
            queue.send(message(&format!("p{number}"), copy, 0));
        }
    }
    let over = BEGINNING.plus(lasts);
    let ended = Arc::new(std::sync::Mutex::new((None, None)));
    simulation.spawn({
        let (simulation, queue, ended) = (simulation.clone(), queue.clone(), Arc::clone(&ended));
        async move {
            while !queue.is_empty() && simulation.now().since(BEGINNING) < 16 * DAY {
                simulation.sleep(Duration::from_secs(5)).await;
                if simulation.now() >= over {
                    ledger_faults.set_down(false);
                    down.store(false, Ordering::SeqCst);
                }
                let batch = queue.receive(10);
                let fails = component == Down::Function && simulation.now() < over;
                if !batch.is_empty() && !fails {
                    let deadline = simulation.now().plus(TIME_OUT);
                    let failed = consumer.consume(batch.clone(), deadline).await;
                    queue.delete(&batch, &failed);
                }
                let mut ended = ended.lock().unwrap();
                if ended.1.is_none() && !queue.dead().is_empty() {
                    ended.1 = Some(simulation.now().since(BEGINNING));
                }
                ended.0 = Some(simulation.now().since(over));
            }
        }
    });
    simulation.run();
    let (recovered, given_up) = *ended.lock().unwrap();
    let records = ledger.records();
    let outcome = Outcome {
        recovered,
        given_up,
        reasons: queue.dead().into_iter().map(|(_, reason)| reason).collect(),
        statuses: records.values().map(|stored| stored.state.status).collect(),
        attempts: records.values().map(|stored| stored.state.attempts).collect(),
        calls: calls.load(Ordering::SeqCst),
        forgotten: queue.forgotten(),
    };
    println!(
        "{component:?} down for {:.1} h, {copies} deliveries of each: recovered after {:?}, dead letters {}, first after {:?}, hook called {} times",
        lasts.as_secs_f64() / 3600.0,
        outcome.recovered,
        outcome.reasons.len(),
        outcome.given_up,
        outcome.calls,
    );
    outcome
}

fn all_is_well(outcome: &Outcome, within: Duration) {
    assert_eq!(outcome.statuses, [Status::Completed; EVENTS], "{outcome:?}");
    assert_eq!((outcome.reasons.len(), outcome.forgotten), (0, 0), "{outcome:?}");
    assert!(outcome.recovered.unwrap() <= within, "{outcome:?}");
}

#[test]
fn an_outage_of_the_ledger_ends_by_itself_and_is_no_attempt() {
    for (lasts, within) in [
        (Duration::from_secs(35), MINUTE),
        (10 * MINUTE, 6 * MINUTE),
        (12 * HOUR, 6 * MINUTE),
        (24 * HOUR, 30 * MINUTE),
        (11 * DAY, 30 * MINUTE),
    ] {
        let outcome = outage(Down::Ledger, lasts);
        all_is_well(&outcome, within);
        assert_eq!(outcome.attempts, [1; EVENTS]);
        assert_eq!(outcome.calls, 20);
    }
}

#[test]
fn a_hooks_outage_of_a_day_needs_no_operator_and_ends_within_an_hour() {
    for (lasts, within) in [(HOUR, 31 * MINUTE), (24 * HOUR, 31 * MINUTE)] {
        let outcome = outage(Down::Hook, lasts);
        all_is_well(&outcome, within);
    }
}

/// Repeated deliveries do not use up an event's attempts faster.
#[test]
fn deliveries_of_one_event_share_its_attempts() {
    for copies in [2, 4] {
        let outcome = outage_of_copies(Down::Hook, 24 * HOUR, copies);
        all_is_well(&outcome, 32 * MINUTE);
        // A single delivery makes some 75.
        let most = outcome.attempts.iter().max();
        assert!(most.is_some_and(|most| *most < 100), "{outcome:?}");
    }
    let outcome = outage_of_copies(Down::Hook, 16 * DAY, 4);
    assert_eq!(outcome.calls, 120 * 20);
    assert!(outcome.given_up.unwrap() > 27 * HOUR, "{outcome:?}");
}

#[test]
fn an_event_whose_hook_never_succeeds_is_given_up_with_its_last_error() {
    let outcome = outage(Down::Hook, 16 * DAY);
    assert_eq!(outcome.statuses, [Status::Rejected; EVENTS]);
    assert_eq!(
        outcome.reasons,
        ["given up after 120 attempts: hook `calls`: 503"; EVENTS]
    );
    assert_eq!(outcome.calls, 120 * 20);
    assert!(outcome.given_up.unwrap() > 27 * HOUR, "{outcome:?}");
}

/// The queue forgets silently, so nothing may be left to it.
#[test]
fn an_outage_that_outlasts_the_queue_leaves_everything_on_the_dead_letter_queue() {
    let outcome = outage(Down::Ledger, 16 * DAY);
    assert_eq!((outcome.reasons.len(), outcome.forgotten), (EVENTS, 0), "{outcome:?}");
    let reason = "the event queue would forget it within a day: count_starts";
    assert!(outcome.reasons.iter().all(|why| why.starts_with(reason)), "{outcome:?}");
    let given_up = outcome.given_up.unwrap();
    assert!((11 * DAY..12 * DAY + HOUR).contains(&given_up), "{outcome:?}");
}

/// Here only the queue's backstop counts: its receives, 200 s each.
#[test]
fn a_function_that_fails_as_a_whole_has_two_days() {
    all_is_well(&outage(Down::Function, 48 * HOUR), 6 * MINUTE);
    let outcome = outage(Down::Function, 16 * DAY);
    assert_eq!(outcome.reasons, ["received too often"; EVENTS]);
    let given_up = outcome.given_up.unwrap();
    assert!((50 * HOUR..60 * HOUR).contains(&given_up), "{outcome:?}");
}
