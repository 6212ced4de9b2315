//! The consumer: from queue messages to hooks, each event once.

mod backoff;
mod conflict;
mod delete_or_return;
mod event;
mod failure;
mod hooks;
mod inbox;
mod legacy_key;
mod parts;
mod poison;
mod repeat;
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
use crate::event::reference::References;
use crate::hook::AnyHook;
use crate::ledger::Ledger;
use crate::metric::{self, WORK};
use crate::provider::{Provider, Providers};
use crate::wire::envelope::{Envelope, EnvelopeError};
pub use backoff::Backoff;
use delete_or_return::Outcome;
pub use inbox::{Inbox, InboxError, Received};
use parts::Part;
pub use poison::OFTEN;
pub use set_aside::SetAside;
pub use wait::WaitPolicy;

/// Kept free at the end of an invocation so that it ends by itself and its answer reaches Lambda. The last calls to
/// the queue leave this much, all other work twice as much.
const LAST: Duration = Duration::from_millis(500);

/// Applies events to the ledger and calls the hooks. Knows nothing of HTTP.
pub struct Consumer<L: Ledger, I> {
    providers: Providers,
    ledger: L,
    inbox: I,
    hooks: Vec<Box<dyn AnyHook<L::Write>>>,
    policy: Policy,
    references: References,
    clock: Box<dyn Clock>,
    random: Box<dyn Random>,
}

/// Which events reach hooks, and how retries are spaced.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Policy {
    /// Events of other environments are recorded and reach no hook. `None`: all environments reach hooks.
    pub environment: Option<Environment>,
    /// Events older than this, by their own signed time, are recorded and reach no hook: the ledger may have
    /// forgotten that it has seen them.
    pub retention: Duration,
    /// How long an event waits after one of its hooks failed.
    pub backoff: Backoff,
    /// After this many failures of its hooks an event is given up and dead-lettered.
    pub max_attempts: u32,
    /// How long a message waits that nobody could work on.
    pub wait_policy: WaitPolicy,
    /// How many events of a batch are worked on at once.
    pub concurrency: usize,
}

impl Policy {
    /// How long an event waits after this many failures of its hooks; `None` if it is given up.
    pub fn retry(&self, failures: u32, random: &dyn Random) -> Option<Duration> {
        (failures < self.max_attempts).then(|| self.backoff.delay(failures, random))
    }
}

/// Two hooks that the ledger can't tell apart.
#[derive(Debug, Error)]
#[error("two hooks are named `{0}`; each needs a name of its own, by which the ledger records it")]
pub struct SameName(&'static str);

impl<L: Ledger, I: Inbox> Consumer<L, I> {
    /// A consumer of the events of `providers` that calls `hooks` in this order.
    ///
    /// # Errors
    /// [`SameName`] if two hooks share a name.
    pub fn new(
        providers: Providers,
        ledger: L,
        inbox: I,
        hooks: Vec<Box<dyn AnyHook<L::Write>>>,
        policy: Policy,
        clock: impl Clock + 'static,
        random: impl Random + 'static,
    ) -> Result<Self, SameName> {
        let mut names = HashSet::new();
        if let Some(hook) = hooks.iter().find(|hook| !names.insert(hook.name())) {
            return Err(SameName(hook.name()));
        }
        Ok(Self {
            providers,
            ledger,
            inbox,
            hooks,
            policy,
            references: References::default(),
            clock: Box::new(clock),
            random: Box::new(random),
        })
    }

    /// The same consumer, with the merchant's references read where `references` says.
    #[must_use]
    pub fn with_references(self, references: References) -> Self {
        Self { references, ..self }
    }

    /// Works through a batch until `deadline`, when Lambda ends the function. Returns the ids of the messages that
    /// must not be deleted.
    pub async fn consume(&self, batch: Vec<Received>, deadline: Timestamp) -> Vec<String> {
        let (often, others): (Vec<_>, Vec<_>) = batch.into_iter().partition(poison::is_often);
        if often.is_empty() {
            return self.work(others, deadline).await;
        }
        // Boxed: this future is large, and few invocations need it.
        Box::pin(self.consume_often(often, others, deadline)).await
    }

    async fn work(&self, mut batch: Vec<Received>, deadline: Timestamp) -> Vec<String> {
        // What has failed before starts first: a message that always started last would be cut off by the end of
        // the invocation every time.
        batch.sort_by_key(|message| Reverse(message.receives));
        let (groups, mut failed) = self.read(batch, deadline).await;
        let groups = stream::iter(groups)
            .map(|group| self.consume_group(group, deadline))
            .buffer_unordered(self.concurrency());
        failed.extend(groups.collect::<Vec<_>>().await.into_iter().flatten());
        failed
    }

    /// Groups a batch by event, so that two deliveries of one event don't wait for each other's lease. Messages that
    /// can't be read go to the dead-letter queue.
    async fn read(&self, batch: Vec<Received>, deadline: Timestamp) -> (Vec<Vec<Part>>, Vec<String>) {
        let (mut groups, mut failed) = (Vec::<Vec<Part>>::new(), Vec::new());
        let mut places: HashMap<IdempotencyKey, usize> = HashMap::new();
        for message in batch {
            match read_envelope(self.providers, &message) {
                Ok((envelope, provider)) => {
                    let own = self.policy.environment.unwrap_or(Environment::Live);
                    for part in parts::parts(message, &envelope, provider, own, &self.references) {
                        let place = *places.entry(part.event.key.clone()).or_insert(groups.len());
                        match groups.get_mut(place) {
                            Some(group) => group.push(part),
                            None => groups.push(vec![part]),
                        }
                    }
                }
                Err(why) => {
                    let reason = chain(&why);
                    error!(message_id = message.message_id, reason, "message can't be read");
                    if !self.send_to_dead_letters(&message, &reason, deadline).await {
                        let outcome = self.wait_longer(&message, reason);
                        failed.extend(self.finish(&message, outcome, deadline).await);
                    }
                }
            }
        }
        (groups, failed)
    }

    /// Works through the deliveries of one event, one after the other.
    async fn consume_group(&self, group: Vec<Part>, deadline: Timestamp) -> Vec<String> {
        let mut failed = Vec::new();
        for part in group {
            let Part { message, event, .. } = &part;
            // Log lines of an event name the trace of its delivery, or none, but not that of the batch.
            let (trace, account) = (message.trace.as_deref().unwrap_or_default(), event.account.name.named());
            let span = info_span!(target: WORK, "event", xrayTraceId = trace, account, key = %event.key, delivery_id = %event.delivery_id);
            let work = self.consume_event(message, event, deadline).instrument(span.clone());
            // An event that panics or hangs fails alone: the others go on, and its lease runs out.
            let work = self.in_time(deadline.minus(LAST), AssertUnwindSafe(work).catch_unwind());
            let outcome = match work.await {
                Some(Ok(outcome)) => outcome,
                ended => {
                    let why = match ended {
                        None => "the invocation ended first",
                        Some(_) => "panicked outside of a hook",
                    };
                    span.in_scope(|| {
                        metric::event(event.provider, &event.account.name, "failed");
                        // Named here as well: above INFO there is no span.
                        error!(key = %event.key, delivery_id = %event.delivery_id, error = why, "event interrupted");
                    });
                    self.wait_longer(message, why.to_owned())
                }
            };
            // Writes its line.
            drop(span);
            if let Some(waiting) = part.end(outcome) {
                failed.extend(self.return_or_dead_letter(waiting, deadline).await);
            }
        }
        failed
    }

    fn concurrency(&self) -> usize {
        self.policy.concurrency.max(1)
    }

    /// The output of `work`, or `None` if the invocation ends first.
    async fn in_time<T>(&self, deadline: Timestamp, work: impl Future<Output = T>) -> Option<T> {
        within(&*self.clock, deadline.minus(LAST).since(self.clock.now()), work).await
    }
}

fn read_envelope(providers: Providers, message: &Received) -> Result<(Envelope, &'static Provider), EnvelopeError> {
    let attribute = |name: &str| message.attributes.get(name).map(String::as_str);
    let envelope = Envelope::from_message(message.text.clone(), attribute)?;
    let provider = providers
        .by_name(&envelope.provider)
        .ok_or_else(|| EnvelopeError::UnknownProvider(envelope.provider.clone()))?;
    Ok((envelope, provider))
}

#[cfg(test)]
mod tests;
