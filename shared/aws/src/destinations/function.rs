//! The function `destinations`: batches of hints in front, requests to destinations behind.

mod delivery;
mod group;
mod queue;

use std::collections::BTreeMap;
use std::panic::AssertUnwindSafe;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use acuse_core::clock::{Clock, Random, Timestamp, within};
use acuse_core::consume::{Received, WaitPolicy};
use acuse_core::destination::DestinationName;
use acuse_core::destination::delivery::DeliveryKey;
use acuse_core::destination::retry::Patience;
use acuse_core::error::chain;
use acuse_core::provider::Providers;
use aws_lambda_events::event::sqs::{SqsBatchResponse, SqsEvent};
use futures_util::FutureExt;
use futures_util::future::join_all;
use lambda_runtime::{Error, LambdaEvent, run, service_fn};
use tracing::error;

use super::configuration::Configuration;
use super::gates::Gates;
use super::items::Deliveries;
use super::send::Sender;
use crate::config::{self, Variables};
use crate::consumer::{deadline, sqs_event};
use crate::hook::Setup;
use crate::ledger::reader::LedgerReader;
use crate::sdk;
use crate::system::{SystemClock, SystemRandom};
use crate::telemetry;
use queue::Queue;

/// Kept free at the end of an invocation, to record what the last requests brought.
const RESERVE: Duration = Duration::from_secs(5);

/// Delivers what destinations are owed, of events of `providers`, until Lambda ends the process.
///
/// Reads `DESTINATION_QUEUE_URL`, `DESTINATIONS_SECRET_ID`, `LEDGER_TABLE`, and how many invocations there may be at a time
/// from `DESTINATIONS_MAX_CONCURRENCY` (20).
///
/// # Errors
/// A missing variable, by name; the runtime's own errors.
pub async fn run_destinations(providers: Providers) -> Result<(), Error> {
    let variables = Variables::ENVIRONMENT;
    let queue = variables.required("DESTINATION_QUEUE_URL", "the URL of the destination queue")?;
    let table = variables.required("LEDGER_TABLE", "the name of the ledger's table")?;
    let invocations = variables.read_as(
        "DESTINATIONS_MAX_CONCURRENCY",
        20,
        "how many invocations there may be at a time, 1 or more",
        config::within(1..),
    )?;
    let setup = Setup::new(sdk::load()?, variables);
    let configuration = Configuration::from_env(&setup)?;
    configuration.warm_up();
    let worker = Worker {
        providers,
        configuration,
        ledger: LedgerReader::new(setup.dynamodb().clone(), &table),
        deliveries: Deliveries::new(setup.dynamodb().clone(), &table),
        gates: Gates::new(setup.dynamodb().clone(), &table),
        sender: Sender::new(setup.sdk().clone(), Arc::new(SystemClock))?,
        queue: Queue::new(aws_sdk_sqs::Client::new(setup.sdk()), queue),
        patience: Patience::default(),
        // It leaves a day free, so the receives last for the 13 days of our patience.
        wait_policy: WaitPolicy {
            retention: Duration::from_secs(14 * 24 * 60 * 60),
            ..WaitPolicy::default()
        },
        invocations,
        clock: Arc::new(SystemClock),
        random: Arc::new(SystemRandom),
    };
    let worker = &worker;
    run(service_fn(|event: LambdaEvent<SqsEvent>| async move {
        let deadline = deadline(event.context.deadline, SystemClock.now());
        let batch = sqs_event::read(event.payload)?;
        // Boxed, or the type of the future is too deep for the compiler.
        let work: Pin<Box<dyn Future<Output = Vec<String>> + Send + '_>> = Box::pin(worker.work(batch, deadline));
        let mut response = SqsBatchResponse::default();
        work.await.into_iter().for_each(|id| response.add_failure(id));
        telemetry::flush_metrics();
        Ok::<_, Error>(response)
    }))
    .await
}

/// Works through batches of hints.
struct Worker {
    providers: Providers,
    configuration: Configuration,
    ledger: LedgerReader,
    deliveries: Deliveries,
    gates: Gates,
    sender: Sender,
    queue: Queue,
    patience: Patience,
    wait_policy: WaitPolicy,
    /// How many there may be of this function at a time.
    invocations: u32,
    clock: Arc<dyn Clock>,
    random: Arc<dyn Random>,
}

/// A message that says that something may be owed.
struct Hint {
    message: Received,
    key: DeliveryKey,
}

/// What becomes of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    /// It is deleted.
    Delete,
    /// It comes back at this time, or as soon as the queue allows after it.
    Return(Timestamp),
}

impl End {
    /// The same, but that a message is not deleted: it comes back `at`.
    fn kept(self, at: Timestamp) -> Self {
        match self {
            Self::Delete => Self::Return(at),
            Self::Return(_) => self,
        }
    }
}

impl Worker {
    /// Works through a batch until `deadline`, when Lambda ends the function. Returns the ids of the messages that must
    /// not be deleted. Destinations don't wait for each other, but for the end of the invocation.
    async fn work(&self, batch: Vec<Received>, deadline: Timestamp) -> Vec<String> {
        let (groups, mut kept) = self.read(batch);
        let groups = groups.into_iter().map(|(destination, hints)| async move {
            let ids: Vec<_> = hints.iter().map(|hint| hint.message.message_id.clone()).collect();
            let work = AssertUnwindSafe(self.deliver_group(&destination, hints, deadline)).catch_unwind();
            let left = deadline.minus(Duration::from_secs(1)).since(self.clock.now());
            match within(&*self.clock, left, work).await {
                Some(Ok(kept)) => kept,
                ended => {
                    let why = if ended.is_none() {
                        "the invocation ended first"
                    } else {
                        "panicked"
                    };
                    error!(%destination, error = why, "deliveries interrupted");
                    ids
                }
            }
        });
        kept.extend(join_all(groups).await.into_iter().flatten());
        kept
    }

    /// Groups a batch by destination. A message that is none of ours goes back, and in the end to the dead-letter queue.
    fn read(&self, batch: Vec<Received>) -> (BTreeMap<DestinationName, Vec<Hint>>, Vec<String>) {
        let mut groups = BTreeMap::<DestinationName, Vec<Hint>>::new();
        let mut unread = Vec::new();
        for message in batch {
            match DeliveryKey::from_message(&message.text) {
                Some(key) => {
                    let group = groups.entry(key.destination.clone()).or_default();
                    group.push(Hint { message, key });
                }
                None => {
                    error!(message_id = message.message_id, "the message does not name a delivery");
                    unread.push(message.message_id);
                }
            }
        }
        (groups, unread)
    }

    /// Nobody can work on it now: the message waits, longer with each time that it is received.
    fn wait(&self, hint: &Hint, operation: &str, error: &(dyn std::error::Error + 'static)) -> End {
        let (key, destination) = (&hint.key.event, &hint.key.destination);
        error!(%destination, %key, error = chain(error), "{operation} failed");
        acuse_core::metric::destination_delivery(destination.as_str(), "failed");
        self.after(self.wait_policy.wait.delay(hint.message.receives.max(1), &*self.random))
    }

    fn after(&self, delay: Duration) -> End {
        End::Return(self.clock.now().plus(delay))
    }

    fn age(&self, hint: &Hint) -> Duration {
        let sent_at = hint.message.sent_at;
        sent_at.map(|at| self.clock.now().since(at)).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests;
