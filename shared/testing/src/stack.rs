//! The consumer, the ledger and the tables in the test's process.

mod build;
mod clock;
mod process;
mod queue;
mod tables;
pub(crate) mod template;
mod watched;

use std::collections::BTreeMap;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

use acuse_aws::Setup;
use acuse_aws::consumer::{BoxedHook, Error};
use acuse_aws::ledger::DynamoLedger;
use acuse_core::clock::{Clock, Timestamp};
use acuse_core::consume::{Consumer, Policy, Received};
use acuse_core::error::chain;
use acuse_core::event::Event;
use acuse_core::ledger::Status;
use acuse_core::provider::Providers;
use acuse_core::wire::envelope::{Envelope, Replay};
use futures_util::future::{Either, join, select};

use crate::outcome::{End, Outcome};
use crate::receiver::Receiver;
pub use build::StackBuilder;
use clock::{InTurn, TestClock};
pub use process::Kill;
use process::Process;
use queue::{Queue, TestInbox};
use template::TEMPLATE;
use watched::{WatchedHook, WatchedLedger};

/// When a test begins: 2026-01-01T12:00:00Z.
pub const START: Timestamp = Timestamp::from_seconds(1_767_268_800);

/// How often it is checked whether a call hangs, in real time.
const TICK: Duration = Duration::from_millis(5);

/// A hook that takes this long in real time is cut off, as one is at its deadline.
const PATIENCE: Duration = Duration::from_secs(10);

type MakeHooks = Box<dyn Fn(&Setup) -> Result<Vec<BoxedHook>, Error> + Send + Sync>;

/// The real consumer with the hooks under test, the real ledger, and a DynamoDB in the test's process, with the tables
/// and variables of template.yaml.
///
/// The clock stands at [`START`] and moves on when the stack waits: for a retry, or for the time of an event. Every
/// delivery is worked on by a new process, with hooks that are made anew: what a hook keeps in memory is lost, as it may
/// be on Lambda.
pub struct Stack {
    setup: Setup,
    providers: Providers,
    make_hooks: Vec<MakeHooks>,
    variables: BTreeMap<String, String>,
    receivers: Vec<Receiver>,
    ledger: DynamoLedger,
    policy: Policy,
    queue: Queue,
    clock: TestClock,
    bits: Arc<AtomicU64>,
}

impl Stack {
    /// Delivers `event` in a message of its own, which is received once. Delivered again, it is a duplicate.
    ///
    /// What travels is the payload, as it does on the queue: a field that was changed in `event` itself does not.
    pub async fn deliver(&self, event: &Event) -> Outcome {
        let message = self.message(event);
        self.receive(message, event.key.to_string(), None).await
    }

    /// Delivers `event` and lets its message come back until nothing is left to do. The clock moves on to each retry.
    pub async fn deliver_until_done(&self, event: &Event) -> Outcome {
        let first = self.deliver(event).await;
        self.wait_for(first).await
    }

    /// Delivers `event` and kills the process. Its message is in the queue: [`until_done`](Self::until_done) goes on.
    pub async fn deliver_and_kill(&self, event: &Event, kill: Kill) -> Outcome {
        let message = self.message(event);
        self.receive(message, event.key.to_string(), Some(kill)).await
    }

    /// Delivers `event` in two messages, to two consumers at once.
    pub async fn deliver_twice_at_once(&self, event: &Event) -> [Outcome; 2] {
        let [first, second] = [self.message(event), self.message(event)];
        let key = event.key.to_string();
        let first = self.receive(first, key.clone(), None);
        let second = self.receive(second, key, None);
        let (first, second) = join(first, second).await;
        [first, second]
    }

    /// Lets what is in the queue come back, until nothing is left to do: retries, and messages whose process was killed.
    /// What came of the last one is the outcome.
    ///
    /// # Panics
    /// If nothing is in the queue.
    pub async fn until_done(&self) -> Outcome {
        let mut last: Option<Outcome> = None;
        while let Some(outcome) = self.next().await {
            last = Some(match last {
                Some(before) if before.message_id == outcome.message_id => before.then(outcome),
                _ => outcome,
            });
        }
        last.expect("nothing is in the queue: every message is done")
    }

    /// Kills the process at each of its steps in turn, each time with an event of its own, and expects the event to be
    /// completed once its message comes back. `event` makes the events, from the number of the step; `check` looks at
    /// what a completed one has left behind.
    pub async fn survives_kills(&self, event: impl Fn(u32) -> Event, check: impl AsyncFn(&Event)) {
        for step in 1.. {
            let event = event(step);
            let outcome = self.deliver_and_kill(&event, Kill::AtStep(step)).await;
            let was_killed = outcome.end == End::Killed;
            let outcome = self.wait_for(outcome).await;
            let status = self.record(&event).await.map(|record| record.status);
            assert!(
                status == Some(Status::Completed.name()),
                "{}, killed at step {step}, is {}.\n{outcome}",
                event.key,
                status.unwrap_or("not recorded"),
            );
            check(&event).await;
            if !was_killed {
                return;
            }
        }
    }

    /// What hooks are made from.
    pub fn setup(&self) -> &Setup {
        &self.setup
    }

    /// The reasons of what is on the dead-letter queue, in order.
    pub fn dead_letters(&self) -> Vec<String> {
        self.queue.dead_letters()
    }

    /// What the clock shows.
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Moves the clock on.
    pub fn advance(&self, by: Duration) {
        self.clock.advance_to(self.now().plus(by));
    }

    /// Lets messages come back until that of `outcome` is done.
    async fn wait_for(&self, outcome: Outcome) -> Outcome {
        let mut outcome = outcome;
        while outcome.is_open() {
            let Some(next) = self.next().await else { break };
            if next.message_id == outcome.message_id {
                outcome = outcome.then(next);
            }
        }
        outcome
    }

    /// What comes of the message that is due first, at the time when it is.
    async fn next(&self) -> Option<Outcome> {
        let (due, message, event) = self.queue.receive()?;
        self.clock.advance_to(due);
        Some(self.receive(message, event, None).await)
    }

    /// A message as the verify function sends it.
    fn message(&self, event: &Event) -> Received {
        self.clock.advance_to(event.received_at);
        let envelope = Envelope {
            provider: event.provider.to_owned(),
            account: event.account.clone(),
            content: event.content().clone(),
            delivery_id: event.delivery_id,
            received_at: event.received_at,
            form: event.form,
            body: event.body().clone(),
            replay: match (event.replay, event.reconciled) {
                (true, _) => Some(Replay::Event),
                (false, true) => Some(Replay::Reconciled),
                (false, false) => None,
            },
        };
        let message = envelope.to_message().expect("the payload should fit a message");
        self.queue.message(message.text, message.attributes, self.now())
    }

    /// One invocation of the function, in a new process.
    async fn receive(&self, message: Received, event: String, kill: Option<Kill>) -> Outcome {
        let process = Arc::new(Process::new(kill));
        process.note(format!("received at {} (number {})", self.now(), message.receives));
        let consumer = self.consumer(&process);
        let deadline = self.now().plus(TEMPLATE.time_out);
        let consume = self.patiently(Box::pin(consumer.consume(vec![message.clone()], deadline)));
        let failed = match select(pin!(consume), pin!(process.killed())).await {
            Either::Left((failed, _)) => failed,
            Either::Right(_) => vec![message.message_id.clone()],
        };
        let seen = process.seen().clone();
        let outcome = Outcome {
            message_id: message.message_id.clone(),
            end: match (seen.killed, seen.end, failed.is_empty()) {
                (true, ..) => End::Killed,
                (_, Some(end), _) => end,
                (_, None, true) => End::DeadLettered,
                (_, None, false) => End::Waiting,
            },
            event,
            after: seen.returned.filter(|_| !failed.is_empty()),
            dead_letter: seen.dead_letter,
            calls: seen.calls,
            receives: message.receives,
            lines: seen.lines,
        };
        if !failed.is_empty() {
            let hidden = outcome.after.unwrap_or(TEMPLATE.visibility);
            self.queue
                .put_back(message, outcome.event.clone(), self.now().plus(hidden));
        }
        outcome
    }

    fn consumer(&self, process: &Arc<Process>) -> Consumer<WatchedLedger, TestInbox> {
        let hooks = self.made_hooks().into_iter().map(|hook| {
            let process = Arc::clone(process);
            Box::new(WatchedHook { hook, process }) as BoxedHook
        });
        let ledger = WatchedLedger {
            ledger: self.ledger.clone(),
            process: Arc::clone(process),
        };
        let inbox = TestInbox {
            queue: self.queue.clone(),
            process: Arc::clone(process),
        };
        let random = InTurn(Arc::clone(&self.bits));
        let consumer = Consumer::new(
            self.providers,
            ledger,
            inbox,
            hooks.collect(),
            self.policy.clone(),
            self.clock.clone(),
            random,
        );
        consumer.unwrap_or_else(|error| panic!("{error}"))
    }

    fn made_hooks(&self) -> Vec<BoxedHook> {
        let made = self.make_hooks.iter().flat_map(|make| {
            let hooks = make(&self.setup);
            hooks.unwrap_or_else(|error| panic!("the hooks can't be made: {}", chain(&*error)))
        });
        made.collect()
    }

    /// The output of `work`. While it hangs, the clock moves on.
    async fn patiently<T>(&self, work: impl Future<Output = T>) -> T {
        let (mut work, mut waited) = (pin!(work), Duration::ZERO);
        loop {
            match select(work, pin!(tokio::time::sleep(TICK))).await {
                Either::Left((output, _)) => return output,
                Either::Right((_, still)) => work = still,
            }
            waited += TICK;
            let hanging: u32 = self.receivers.iter().map(Receiver::take_hanging).sum();
            if hanging > 0 || waited >= PATIENCE {
                waited = Duration::ZERO;
                self.clock.jump();
            }
        }
    }
}
