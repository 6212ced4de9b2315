//! An outage of two hours with a thousand events waiting, by the rules of this module and of `retry`: functions that take
//! ten messages at a time, leases, back-off, and messages that come back when they may.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};

use super::*;
use crate::destination::answer::Verdict;
use crate::destination::delivery::{Answer, Change, Delivery, Status};
use crate::destination::retry::{Next, Patience};

const LIMIT: u32 = 10;
/// How many functions run at a time.
const FUNCTIONS: usize = 5;
const BATCH: usize = 10;
/// How long a request takes, in milliseconds.
const TAKES: u64 = 200;

struct Seeded(std::sync::Mutex<fastrand::Rng>);

impl crate::clock::Random for Seeded {
    fn bits(&self) -> u128 {
        self.0.lock().unwrap().u128(..)
    }
}

struct Simulation {
    gate: Gate,
    deliveries: Vec<Delivery>,
    /// When each message may be received again, and whose it is.
    queue: BinaryHeap<Reverse<(i64, usize)>>,
    /// When each function is free again.
    functions: BinaryHeap<Reverse<i64>>,
    /// When a batch ends: its token, and what it brought.
    ends: BTreeMap<(i64, u64), Vec<Effect>>,
    /// When each request was made, and whether it was answered.
    requests: Vec<(i64, bool)>,
    receives: u64,
    random: Seeded,
}

impl Simulation {
    fn outcome(up: bool) -> Outcome {
        match up {
            true => Outcome::Answered {
                status: http::StatusCode::OK,
                retry_after: None,
            },
            false => Outcome::Failed(Failure::Connect),
        }
    }

    /// Runs until `end`, while the destination is up outside of `outage`.
    fn run(&mut self, outage: std::ops::Range<i64>, end: i64) {
        let mut batches = 0;
        while let Some(Reverse((visible, _))) = self.queue.peek().copied() {
            let Reverse(free) = self.functions.pop().unwrap();
            let at = visible.max(free);
            if at >= end {
                break;
            }
            self.end_batches(at);
            batches += 1;
            let done = self.batch(at, batches, &outage);
            self.functions.push(Reverse(done));
        }
        self.end_batches(i64::MAX);
    }

    fn end_batches(&mut self, at: i64) {
        while let Some(entry) = self.ends.first_entry().filter(|entry| entry.key().0 <= at) {
            let ((ended, token), effects) = entry.remove_entry();
            let now = Timestamp::from_millis(ended);
            self.gate
                .give_back(&token.to_string(), &effects, LIMIT, now, &self.random);
        }
    }

    /// One batch, received at `at`. Returns when it is done.
    fn batch(&mut self, at: i64, token: u64, outage: &std::ops::Range<i64>) -> i64 {
        let mut messages = Vec::new();
        while messages.len() < BATCH && self.queue.peek().is_some_and(|Reverse((visible, _))| *visible <= at) {
            messages.extend(self.queue.pop().map(|Reverse((_, message))| message));
        }
        self.receives += messages.len() as u64;
        let start = Timestamp::from_millis(at);
        let until = start.plus(Duration::from_secs(60));
        let mut gate = self.gate.clone();
        let permit = gate.lease(
            &token.to_string(),
            messages.len() as u32,
            until,
            LIMIT,
            start,
            &self.random,
        );
        self.gate = gate.clone();
        let permit = match permit {
            Ok(permit) => permit,
            Err(wait) => {
                for message in messages {
                    let back = wait.comes_back(start, &self.random).unwrap();
                    self.queue.push(Reverse((back.as_millis(), message)));
                }
                return at + 20;
            }
        };
        let (mut now, mut effects) = (start, Vec::new());
        for round in messages.chunks(permit.requests as usize) {
            if !gate.may_call(permit) {
                let wait = gate.shut(now).unwrap();
                for message in round {
                    let back = wait.comes_back(now, &self.random).unwrap();
                    self.queue.push(Reverse((back.as_millis(), *message)));
                }
                continue;
            }
            let up = !outage.contains(&now.as_millis());
            now = now.plus(Duration::from_millis(TAKES));
            for message in round {
                self.requests.push((now.as_millis(), up));
                let outcome = Self::outcome(up);
                let effect = Effect::of(&outcome, now);
                gate.note(permit, &effect, LIMIT, now, &self.random);
                effects.push(effect);
                self.write(*message, &outcome, now);
            }
        }
        self.ends.insert((now.as_millis(), token), effects);
        now.as_millis()
    }

    fn write(&mut self, message: usize, outcome: &Outcome, now: Timestamp) {
        let delivery = &self.deliveries[message];
        let answer = Answer {
            status: 200,
            took_ms: TAKES,
            body: String::new(),
        };
        let change = match outcome.verdict() {
            Verdict::Delivered => Change::Delivered(answer),
            _ => {
                let attempt = delivery.attempts + 1;
                let next = Patience::default().next(attempt, delivery.owed_since, None, now, &self.random);
                let Next::At(at) = next else { panic!("given up") };
                self.queue.push(Reverse((at.as_millis(), message)));
                Change::Failed {
                    attempts: delivery.attempts,
                    error: outcome.to_string(),
                    fault: false,
                    answer: None,
                    retry_at: Some(at),
                }
            }
        };
        self.deliveries[message] = delivery.changed(&change, now).unwrap();
    }
}

#[test]
fn a_thousand_events_wait_out_an_outage() {
    for seed in 0..5 {
        let start = START.as_millis();
        let hour = 3_600_000;
        let random = Seeded(std::sync::Mutex::new(fastrand::Rng::with_seed(seed)));
        let mut simulation = Simulation {
            gate: Gate::default(),
            deliveries: vec![Delivery::owed(START); 1000],
            queue: (0..1000).map(|message| Reverse((start, message))).collect(),
            functions: vec![Reverse(start); FUNCTIONS].into(),
            ends: BTreeMap::new(),
            requests: Vec::new(),
            receives: 0,
            random,
        };
        let outage = start..start + 2 * hour;
        simulation.run(outage.clone(), i64::MAX);

        let all = simulation.deliveries.iter();
        assert!(all.clone().all(|delivery| delivery.status == Status::Delivered));
        let during = |from: i64, to: i64| {
            simulation
                .requests
                .iter()
                .filter(|(at, _)| (from..to).contains(at))
                .count()
        };
        let (first, second) = (during(start, start + hour), during(start + hour, start + 2 * hour));
        assert!(first <= 50 + 20 && second <= 12, "{first}, {second} probes");
        // Nobody is called by more than the limit at a time.
        let mut at_once = BTreeMap::<i64, i64>::new();
        for (at, _) in &simulation.requests {
            *at_once.entry(at - TAKES as i64).or_default() += 1;
            *at_once.entry(*at).or_default() -= 1;
        }
        let mut running = 0;
        for change in at_once.values() {
            running += change;
            assert!(running <= i64::from(LIMIT));
        }
        let back = simulation
            .requests
            .iter()
            .find(|(at, up)| *up && *at > outage.end)
            .unwrap()
            .0;
        let recovery = (back - outage.end) / 1000;
        let ends = all.clone().filter_map(|delivery| delivery.ended_at);
        let mut drained: Vec<i64> = ends.map(|at| (at.as_millis() - back) / 1000).collect();
        drained.sort_unstable();
        let (half, last) = (drained[500], drained[999]);
        let attempts: u32 = all.map(|delivery| delivery.attempts).sum();
        println!(
            "seed {seed}: {first} and {second} requests in the two hours, the first one that works {recovery} s later, \
             half delivered {half} s after that, all {last} s; {attempts} tries, {} receives",
            simulation.receives
        );
        assert!(recovery <= 660 && last <= 60, "{recovery} s, {last} s");
    }
}
