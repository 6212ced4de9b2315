//! The parts put together.

use std::collections::{BTreeMap, VecDeque};

use acuse_core::clock::Random;
use acuse_core::consume::Policy;

use crate::api::Api;
use crate::burst::Burst;
use crate::lambda::{Function, Pool};
use crate::ledger::Ledger;
use crate::limit::{Limit, Limits};
use crate::mapping::Mapping;
use crate::outcome::{Outcome, Sample};
use crate::provider::{Attempt, Provider};
use crate::queue::{Message, Queue};
use crate::settings::Settings;
use crate::time::{MINUTE, SECOND, Tick, duration, steps, ticks};
use crate::units::Units;

/// Samples are taken, and no step is left out, for so long.
pub const WATCHED: Tick = 30 * MINUTE;

/// A batch whose hooks are done.
struct Batch {
    done: Tick,
    events: Vec<Event>,
    units: Units,
}

/// One of its events, and whether a hook of it has failed.
struct Event {
    message: Message,
    failed: bool,
}

/// What came of an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Came {
    Completed,
    /// A hook failed: that is an attempt.
    Failed,
    /// It could not be written: that is none.
    Throttled,
}

/// Random bits that were drawn.
struct Drawn(u128);

impl Random for Drawn {
    fn bits(&self) -> u128 {
        self.0
    }
}

/// A stack under load.
pub struct Pipeline {
    settings: Settings,
    policy: Policy,
    random: fastrand::Rng,
    burst: Burst,
    provider: Provider,
    api: Api,
    shared: Pool,
    verify_pool: Option<Pool>,
    consumer_pool: Option<Pool>,
    verify: Function,
    consumer: Function,
    verifying: BTreeMap<Tick, u32>,
    queue: Queue,
    mapping: Mapping,
    ledger: Ledger,
    batches: BTreeMap<Tick, Vec<Vec<Message>>>,
    throttled: VecDeque<Batch>,
    outcome: Outcome,
}

impl Pipeline {
    /// A stack that is idle, and a burst of `rate` deliveries a second of one provider for `length`.
    pub fn new(settings: Settings, rate: f64, length: Tick, seed: u64) -> Self {
        let (template, account) = (&settings.template, &settings.account);
        let reserved = [
            template.verify_reserved_concurrency,
            template.consumer_reserved_concurrency,
        ];
        let own = |limit: u32| (limit > 0).then(|| Pool::new(limit));
        Self {
            random: fastrand::Rng::with_seed(seed ^ 0xACE),
            burst: Burst::new(seed, rate, length),
            provider: Provider::default(),
            api: Api::new(template, account),
            shared: Pool::new(account.concurrency.saturating_sub(reserved.iter().sum())),
            verify_pool: own(template.verify_reserved_concurrency),
            consumer_pool: own(template.consumer_reserved_concurrency),
            verify: Function::default(),
            consumer: Function::default(),
            verifying: BTreeMap::new(),
            queue: Queue::default(),
            mapping: Mapping::new(template, &settings.work),
            ledger: Ledger::new(&settings),
            policy: template.policy(),
            batches: BTreeMap::new(),
            throttled: VecDeque::new(),
            outcome: Outcome::default(),
            settings,
        }
    }

    /// Runs until every delivery is completed, dead-lettered or given up, or `until`.
    pub fn run(mut self, until: Tick) -> Outcome {
        let mut now = 0;
        while now < until {
            self.step(now);
            if now % SECOND == 0 && now < WATCHED {
                self.sample(now);
            }
            match self.next(now) {
                Some(next) => now = next,
                None if now >= WATCHED => break,
                None => now += 1,
            }
        }
        self.outcome.at_provider = self.provider.waiting();
        self.outcome.given_up = self.provider.given_up;
        let verifying: u32 = self.verifying.values().sum();
        self.outcome.under_way = u64::from(verifying + self.queue.visible() + self.queue.in_flight());
        self.outcome
    }

    /// The next step in which something happens; every step while someone looks.
    fn next(&self, now: Tick) -> Option<Tick> {
        let waits = self.queue.visible() > 0 || !self.throttled.is_empty();
        if !self.burst.over() || waits || now + 1 < WATCHED {
            return Some(now + 1);
        }
        let verifying = self.verifying.keys().next().copied();
        let batches = self.batches.keys().next().copied();
        let due = [self.provider.next(), self.queue.next(), verifying, batches];
        due.into_iter().flatten().min().map(|due| due.max(now + 1))
    }

    fn step(&mut self, now: Tick) {
        let arrived = self.burst.arrivals(now);
        self.outcome.arrived += u64::from(arrived);
        let first = Attempt {
            retry: 0,
            deliveries: arrived,
        };
        for attempt in std::iter::once(first).chain(self.provider.due(now)) {
            self.receive(attempt, now);
        }
        self.acknowledge(now);
        self.queue.show(now);
        self.consume(now);
        self.finish(now);
        let busy = self.consumer.busy();
        self.mapping.scale(self.queue.visible() > 0, busy, now);
        self.outcome.longest_wait = self.outcome.longest_wait.max(self.queue.age(now));
        self.outcome.most_consumers = self.outcome.most_consumers.max(busy);
    }

    /// Deliveries at the API.
    fn receive(&mut self, attempt: Attempt, now: Tick) {
        let limits = &mut self.outcome.limits;
        let admitted = self.api.admit(attempt.deliveries, now, limits);
        let pool = self.verify_pool.as_mut().unwrap_or(&mut self.shared);
        let started = self.verify.start(admitted, pool, now, limits);
        let work = &self.settings.work;
        for (invocations, milliseconds) in [
            (started.warm, work.verify_ms),
            (started.cold, work.verify_ms + work.cold_ms),
        ] {
            if invocations > 0 {
                *self.verifying.entry(now + ticks(milliseconds)).or_default() += invocations;
            }
        }
        let refused = attempt.deliveries - started.warm - started.cold;
        self.outcome.refused += u64::from(refused);
        self.provider.refused(
            Attempt {
                deliveries: refused,
                ..attempt
            },
            now,
        );
    }

    /// Verified deliveries are on the queue, then answered 200.
    fn acknowledge(&mut self, now: Tick) {
        while let Some(first) = self.verifying.first_entry().filter(|first| *first.key() <= now) {
            let invocations = first.remove();
            self.queue.send(invocations, now);
            let pool = self.verify_pool.as_mut().unwrap_or(&mut self.shared);
            self.verify.end(invocations, pool);
        }
    }

    /// Batches begin.
    fn consume(&mut self, now: Tick) {
        let template = &self.settings.template;
        let size = template.consumer_batch_size;
        let mut ready = self.queue.visible();
        let window = f64::from(template.consumer_batching_window_seconds);
        if ready < size && self.queue.age(now) < window {
            ready = 0;
        }
        // While the ledger throttles batches, it is a consequence and no limit that no more of them can begin.
        let mut consequences = Limits::default();
        let limits = match self.throttled.is_empty() {
            true => &mut self.outcome.limits,
            false => &mut consequences,
        };
        let batches = self
            .mapping
            .begin(ready.div_ceil(size), self.consumer.busy(), now, limits);
        let messages = self.mapping.poll(ready.min(batches * size), now, limits);
        let pool = self.consumer_pool.as_mut().unwrap_or(&mut self.shared);
        let started = self.consumer.start(messages.div_ceil(size), pool, now, limits);
        let mut left = messages;
        for place in 0..started.warm + started.cold {
            let received = self.queue.receive(left.min(size));
            left -= received.len() as u32;
            if received.is_empty() {
                self.outcome.limits.met(Limit::InFlight, left, now);
                let pool = self.consumer_pool.as_mut().unwrap_or(&mut self.shared);
                self.consumer.end(1, pool);
                continue;
            }
            let end = now + self.batch_time(received.len() as u32, place >= started.warm);
            self.batches.entry(end).or_default().push(received);
        }
    }

    /// Give or take a quarter.
    fn batch_time(&mut self, events: u32, cold: bool) -> Tick {
        let work = &self.settings.work;
        let rounds = f64::from(events.div_ceil(self.settings.template.hook_concurrency.max(1)));
        let cold = if cold { work.cold_ms } else { 0.0 };
        let milliseconds = work.batch_ms + rounds * work.event_ms;
        ticks(milliseconds * (0.75 + self.random.f64() / 2.0) + cold)
    }

    /// Batches whose hooks are done need the ledger's writes; those that waited go first.
    fn finish(&mut self, now: Tick) {
        while let Some(first) = self.batches.first_entry().filter(|first| *first.key() <= now) {
            for messages in first.remove() {
                let batch = self.called(messages, now);
                self.throttled.push_back(batch);
            }
        }
        let wait_policy = ticks(self.settings.work.patience_ms);
        while let Some(batch) = self.throttled.pop_front() {
            let events = batch.events.len() as u32;
            let written = self.ledger.write(batch.units, events, now, &mut self.outcome.limits);
            if !written && now < batch.done + wait_policy {
                self.throttled.push_front(batch);
                break;
            }
            let pool = self.consumer_pool.as_mut().unwrap_or(&mut self.shared);
            self.consumer.end(1, pool);
            for Event { message, failed } in batch.events {
                let came = match (written, failed) {
                    (false, _) => Came::Throttled,
                    (true, true) => Came::Failed,
                    (true, false) => Came::Completed,
                };
                self.see_off(message, came, now);
            }
        }
    }

    /// What the hooks of a batch have done.
    fn called(&mut self, messages: Vec<Message>, now: Tick) -> Batch {
        let work = &self.settings.work;
        let (mut events, mut units) = (Vec::with_capacity(messages.len()), Units::default());
        let out = now < work.hooks_out_seconds * SECOND;
        for message in messages {
            let failed = out || self.random.u32(0..work.one_retry_in.max(1)) == 0;
            units += Units::of(work, message.receives.into(), failed);
            events.push(Event { message, failed });
        }
        let done = now;
        Batch { done, events, units }
    }

    /// Ends with a message, as the consumer does and, after `MaxReceiveCount`, SQS.
    fn see_off(&mut self, mut message: Message, came: Came, now: Tick) {
        let age = duration(message.sent, now);
        let random = Drawn(self.random.u128(..));
        let delay = match came {
            Came::Completed => {
                self.queue.delete();
                self.outcome.completed += 1;
                self.outcome.finished = now;
                return;
            }
            Came::Failed => {
                message.failures = message.failures.saturating_add(1);
                self.policy.retry(message.failures.into(), &random)
            }
            Came::Throttled => {
                let receives = message.receives.into();
                Some(self.policy.wait_policy.delay(receives, Some(age), &random))
            }
        };
        let wait_policy = &self.policy.wait_policy;
        let delay = delay.filter(|delay| !wait_policy.ends(age, *delay));
        match delay.filter(|_| u32::from(message.receives) < wait_policy.max_receives) {
            Some(delay) => self.queue.hide(message, now + steps(delay)),
            None => {
                self.queue.delete();
                self.outcome.dead += 1;
                self.outcome.finished = now;
            }
        }
    }

    fn sample(&mut self, now: Tick) {
        self.outcome.samples.push(Sample {
            age: self.queue.age(now),
            batches: self.consumer.busy(),
            verifying: self.verify.busy(),
            waiting: self.queue.visible(),
        });
    }
}
