//! The consumer: from queue messages to hooks, each event once.

mod backoff;
mod conflict;
mod event;
mod former_key;
mod parts;
mod poison;
mod set_aside;
mod single_call;
mod wait;

use std::cmp::Reverse;
use std::collections::{HashMap, HashSet};
use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::time::Duration;

use futures_util::{FutureExt, StreamExt, stream};
use thiserror::Error;
use tracing::{Instrument, error, info_span};

use crate::clock::{Clock, Random, Timestamp, within};
use crate::error::chain;
use crate::event::Environment;
use crate::event::key::IdempotencyKey;
use crate::hook::Hook;
use crate::ledger::Ledger;
use crate::metric;
use crate::provider::Provider;
use crate::providers;
use crate::wire::envelope::{Envelope, EnvelopeError};
pub use backoff::Backoff;
use parts::{Part, Waiting};
pub use poison::OFTEN;
pub use set_aside::SetAside;
pub use wait::WaitPolicy;

/// Kept free at the end of an invocation, so that it ends by itself, and its answer is not lost: for the last
/// calls to the queue, and twice that for all others.
const LAST: Duration = Duration::from_millis(500);

/// A message of the event queue, as it was received.
#[derive(Debug, Clone, Default)]
pub struct Received {
    /// SQS's id of the message.
    pub message_id: String,
    /// The handle of this receipt, for giving it back.
    pub receipt: String,
    /// The body.
    pub text: String,
    /// The string attributes.
    pub attributes: HashMap<String, String>,
    /// The trace of the delivery that it came with, as X-Ray writes it.
    pub trace: Option<String>,
    /// How often it was received, this time included; 0 where the queue does not say.
    pub receives: u32,
    /// When it was sent to the queue, where the queue says so.
    pub sent_at: Option<Timestamp>,
}

/// The queues as the consumer needs them.
pub trait Inbox: Send + Sync {
    /// Makes a message that is not deleted visible again after `delay`.
    fn return_after(&self, message: &Received, delay: Duration) -> impl Future<Output = Result<(), InboxError>> + Send;

    /// Deletes messages that are done with, before the invocation ends.
    fn delete(&self, messages: &[Received]) -> impl Future<Output = Result<(), InboxError>> + Send;

    /// Puts a copy of a message on the dead-letter queue, with the reason.
    fn dead_letter(&self, message: &Received, reason: &str) -> impl Future<Output = Result<(), InboxError>> + Send;
}

/// A queue that could not be asked.
#[derive(Debug, Error)]
#[error("{operation} of message `{message_id}`")]
pub struct InboxError {
    /// Which call.
    pub operation: &'static str,
    /// Of which message.
    pub message_id: String,
    /// What the service said.
    pub source: Box<dyn std::error::Error + Send + Sync>,
}

/// What reaches hooks, and how retries are spaced.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Policy {
    /// Events of other environments are recorded and not dispatched. `None`: of any.
    pub environment: Option<Environment>,
    /// Events older than this, by their own signed time, are recorded and not dispatched: the
    /// ledger may have forgotten that it has seen them.
    pub retention: Duration,
    /// How long an event waits whose hook has failed.
    pub backoff: Backoff,
    /// After so many failures of its hooks an event is given up, and dead-lettered.
    pub max_attempts: u32,
    /// How long a message waits that nobody could work on.
    pub wait_policy: WaitPolicy,
    /// How many events of a batch are worked on at once.
    pub concurrency: usize,
}

impl Policy {
    /// How long an event waits whose hooks have failed so often; `None` where it is given up.
    pub fn retry(&self, failures: u32, random: &impl Random) -> Option<Duration> {
        (failures < self.max_attempts).then(|| self.backoff.delay(failures, random))
    }
}

/// Applies events to the ledger and calls the hooks. Knows nothing of HTTP.
pub struct Consumer<L: Ledger, I, C, R> {
    ledger: L,
    inbox: I,
    hooks: Vec<Box<dyn Hook<L::Write>>>,
    policy: Policy,
    clock: C,
    random: R,
}

/// Two hooks that can't be told apart in the ledger.
#[derive(Debug, Error)]
#[error("two hooks are named `{0}`; a hook's name is its place in the ledger and must be its own")]
pub struct SameName(&'static str);

/// What becomes of a message.
#[derive(Debug, PartialEq, Eq)]
enum Fate {
    /// It is done with, and deleted.
    Done,
    /// It comes back after this time, since this has happened.
    Back(Duration, String),
}

/// What a batch's messages have of one event, in their order.
struct Group {
    parts: Vec<Part>,
}

impl<L: Ledger, I: Inbox, C: Clock, R: Random> Consumer<L, I, C, R> {
    /// A consumer that calls `hooks` in their order.
    ///
    /// # Errors
    /// [`SameName`] where two hooks share a name.
    pub fn new(
        ledger: L,
        inbox: I,
        hooks: Vec<Box<dyn Hook<L::Write>>>,
        policy: Policy,
        clock: C,
        random: R,
    ) -> Result<Self, SameName> {
        let mut names = HashSet::new();
        if let Some(hook) = hooks.iter().find(|hook| !names.insert(hook.name())) {
            return Err(SameName(hook.name()));
        }
        Ok(Self {
            ledger,
            inbox,
            hooks,
            policy,
            clock,
            random,
        })
    }

    /// Works through a batch until `deadline`, when the function is cut. Gives the ids of the
    /// messages that are not done and must not be deleted.
    pub async fn consume(&self, batch: Vec<Received>, deadline: Timestamp) -> Vec<String> {
        let (often, others): (Vec<_>, Vec<_>) = batch.into_iter().partition(poison::is_often);
        if often.is_empty() {
            return self.work(others, deadline).await;
        }
        // Rare, and large: it is not in every invocation's future.
        Box::pin(self.consume_often(often, others, deadline)).await
    }

    async fn work(&self, mut batch: Vec<Received>, deadline: Timestamp) -> Vec<String> {
        // Where not all can begin at once, what has failed before has the most time: one that always came last
        // would be cut by the invocation's end each time.
        batch.sort_by_key(|message| Reverse(message.receives));
        let (groups, mut failed) = self.read(batch, deadline).await;
        let groups = stream::iter(groups)
            .map(|group| self.consume_group(group, deadline))
            .buffer_unordered(self.policy.concurrency.max(1));
        failed.extend(groups.collect::<Vec<_>>().await.into_iter().flatten());
        failed
    }

    /// Groups a batch by event, so that two deliveries of one event don't wait for each other's
    /// lease. What can't be read at all goes to the dead-letter queue.
    async fn read(&self, batch: Vec<Received>, deadline: Timestamp) -> (Vec<Group>, Vec<String>) {
        let (mut groups, mut failed) = (Vec::<Group>::new(), Vec::new());
        let mut places: HashMap<IdempotencyKey, usize> = HashMap::new();
        for message in batch {
            match self.open(&message) {
                Ok((envelope, provider)) => {
                    let own = self.policy.environment.unwrap_or(Environment::Live);
                    for part in parts::parts(message, &envelope, provider, own) {
                        let place = *places.entry(part.event.key.clone()).or_insert(groups.len());
                        match groups.get_mut(place) {
                            Some(group) => group.parts.push(part),
                            None => groups.push(Group { parts: vec![part] }),
                        }
                    }
                }
                Err(why) => {
                    let reason = chain(&why);
                    error!(message_id = message.message_id, reason, "message can't be read");
                    if !self.bury(&message, &reason, deadline).await {
                        let fate = self.wait_longer(&message, reason);
                        failed.extend(self.see_off(&message, fate, deadline).await);
                    }
                }
            }
        }
        (groups, failed)
    }

    fn open(&self, message: &Received) -> Result<(Envelope, &'static Provider), EnvelopeError> {
        let attribute = |name: &str| message.attributes.get(name).map(String::as_str);
        let envelope = Envelope::from_message(&message.text, attribute)?;
        let provider = providers::by_name(&envelope.provider)
            .ok_or_else(|| EnvelopeError::UnknownProvider(envelope.provider.clone()))?;
        Ok((envelope, provider))
    }

    async fn consume_group(&self, group: Group, deadline: Timestamp) -> Vec<String> {
        let mut failed = Vec::new();
        for mut part in group.parts {
            let unreadable = part.event.unreadable.take();
            let Part { message, event, .. } = &part;
            // A panic is one record's failure: its neighbours go on, its lease runs out. So is a call that
            // hangs. The log lines of an event name the trace of its delivery, not that of the batch.
            let span = info_span!("event", xrayTraceId = message.trace, delivery_id = %event.delivery_id);
            let work = self
                .consume_event(message, event, unreadable, deadline)
                .instrument(span);
            let work = self.in_time(deadline.minus(LAST), AssertUnwindSafe(work).catch_unwind());
            let fate = match work.await {
                Some(Ok(fate)) => fate,
                ended => {
                    let why = match ended {
                        None => "no end before the invocation's",
                        Some(_) => "it panicked outside of a hook",
                    };
                    metric::event(event.provider, "failed");
                    error!(key = %event.key, delivery_id = %event.delivery_id, error = why, "event not worked through");
                    self.wait_longer(message, why.to_owned())
                }
            };
            if let Some(waiting) = part.end(fate) {
                failed.extend(self.send_back(waiting, deadline).await);
            }
        }
        failed
    }

    /// The message comes back after what it waits for has had time to end.
    fn wait_longer(&self, message: &Received, why: String) -> Fate {
        let age = message.sent_at.map(|sent_at| self.clock.now().since(sent_at));
        let delay = self.policy.wait_policy.delay(message.receives, age, &self.random);
        Fate::Back(delay, why)
    }

    /// Ends with a message: its id, where it may not be deleted.
    async fn see_off(&self, message: &Received, fate: Fate, deadline: Timestamp) -> Option<String> {
        let Fate::Back(delay, why) = fate else {
            return None;
        };
        self.send_back(vec![(message.clone(), delay, why)], deadline).await
    }

    /// A message comes back, or at its end is dead-lettered: what of it waits. Its id, where it may not be
    /// deleted.
    async fn send_back(&self, waiting: Vec<Waiting>, deadline: Timestamp) -> Option<String> {
        // What may be tried first is not late; the ledger knows when the others may.
        let (message, delay, _) = waiting.iter().min_by_key(|(_, delay, _)| *delay)?;
        let age = message.sent_at.map(|sent_at| self.clock.now().since(sent_at));
        // One event's attempts fit into the receives that there are; those of an array's events, each at a time of
        // its own, do not.
        let delay = match waiting.len() {
            1 => *delay,
            _ => self.policy.wait_policy.share(message.receives, age).max(*delay),
        };
        if let Some(age) = age {
            metric::open_event_age(age);
        }
        let wait_policy = &self.policy.wait_policy;
        let end = match age {
            Some(age) if wait_policy.ends(age, delay) => Some("the event queue would forget it within a day"),
            // SQS would move it without a reason.
            _ if message.receives >= wait_policy.max_receives => Some("it was received as often as the queue allows"),
            _ => None,
        };
        if let Some(end) = end {
            let mut left = waiting.len();
            for (part, _, why) in &waiting {
                left -= usize::from(self.bury(part, &format!("{end}: {why}"), deadline).await);
            }
            if left == 0 {
                return None;
            }
        }
        let returned = self.in_time(deadline, self.inbox.return_after(message, delay)).await;
        if let Some(Err(error)) = returned {
            // It comes back all the same, when its visibility time-out ends.
            error!(error = chain(&error), "message's return not scheduled");
        }
        Some(message.message_id.clone())
    }

    /// Puts a copy on the dead-letter queue of a message that is done with by that; false where that fails.
    async fn bury(&self, message: &Received, reason: &str, deadline: Timestamp) -> bool {
        let buried = self.in_time(deadline, self.inbox.dead_letter(message, reason)).await;
        match buried {
            Some(Ok(())) => {
                metric::event(provider_of(message), "dead_lettered");
                true
            }
            Some(Err(error)) => {
                error!(error = chain(&error), "message not dead-lettered");
                false
            }
            None => false,
        }
    }

    /// What `work` gives, where it ends before the end of the invocation.
    async fn in_time<T>(&self, deadline: Timestamp, work: impl Future<Output = T>) -> Option<T> {
        within(&self.clock, deadline.minus(LAST).since(self.clock.now()), work).await
    }
}

/// The provider's name, for a metric, of a message that nobody has read.
fn provider_of(message: &Received) -> &'static str {
    let name = message.attributes.get("provider");
    name.and_then(|name| providers::by_name(name))
        .map_or("unknown", |provider| provider.name)
}

#[cfg(test)]
mod tests;
