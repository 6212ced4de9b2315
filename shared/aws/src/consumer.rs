//! The consumer's composition root: SQS batches in front, the ledger and the hooks behind.

mod inbox;
pub(crate) mod sqs_event;

use std::pin::Pin;
use std::str::FromStr;
use std::time::Duration;

use acuse_core::clock::{Clock, Timestamp};
use acuse_core::consume::{Backoff, Consumer, Policy, WaitPolicy};
use acuse_core::event::Environment;
use acuse_core::provider::Providers;
use aws_lambda_events::event::sqs::{SqsBatchResponse, SqsEvent};
pub use lambda_runtime::Error;
use lambda_runtime::{LambdaEvent, run, service_fn};

use crate::config::{self, ConfigError, Variables, references};
use crate::hook::{Hooks, Setup};
use crate::ledger::{DynamoLedger, MOST_SHARDS};
use crate::sdk;
use crate::system::{SystemClock, SystemRandom};
use crate::telemetry;
pub use inbox::SqsInbox;

/// A hook as the consumer calls it: its effects are items of a DynamoDB transaction.
pub type BoxedHook = Box<dyn acuse_core::hook::AnyHook<aws_sdk_dynamodb::types::TransactWriteItem>>;

/// The function's time-out if the runtime names none: the template's default.
const TIME_OUT: Duration = Duration::from_secs(30);

/// Consumes batches of the events of `providers` until Lambda ends the process. `hooks` makes the hooks, in the order in
/// which they are called.
///
/// Reads `EVENT_QUEUE_URL`, `DEAD_LETTER_QUEUE_URL`, `LEDGER_TABLE`, `ENVIRONMENT`, `RETENTION_DAYS`,
/// `MAX_ATTEMPTS`, `RETRY_BASE_SECONDS`, `RETRY_MAX_SECONDS`, `WAIT_MAX_SECONDS`, `MAX_RECEIVE_COUNT`,
/// `MAX_CRASHES`, `HOOK_CONCURRENCY`, `LEDGER_DAY_SHARDS`, and for each provider `<PROVIDER>_REFERENCE`.
///
/// # Errors
/// A missing or invalid variable, by name; the errors of `hooks`; the runtime's own errors.
pub async fn run_consumer(
    providers: Providers,
    hooks: impl FnOnce(&Setup) -> Result<Hooks, Error>,
) -> Result<(), Error> {
    let setup = Setup::new(sdk::load()?, Variables::ENVIRONMENT);
    let consumer = &consumer(&setup, providers, hooks)?;
    run(service_fn(|event| async move { handle(consumer, event).await })).await
}

/// The consumer as `setup`'s variables say: those that [`run_consumer`] lists.
///
/// # Errors
/// A missing or invalid variable, by name; the errors of `hooks`.
pub fn consumer(
    setup: &Setup,
    providers: Providers,
    hooks: impl FnOnce(&Setup) -> Result<Hooks, Error>,
) -> Result<Consumer<DynamoLedger, SqsInbox>, Error> {
    let variables = setup.variables();
    let event_queue = variables.required("EVENT_QUEUE_URL", "the URL of the event queue")?;
    let dead_letter_queue = variables.required("DEAD_LETTER_QUEUE_URL", "the URL of the dead-letter queue")?;
    let policy = policy(variables)?;
    let references = references(providers, |name| variables.optional(name))?;

    let ledger = ledger(setup, policy.retention)?;
    let inbox = SqsInbox {
        client: aws_sdk_sqs::Client::new(setup.sdk()),
        event_queue,
        dead_letter_queue,
    };
    let hooks = hooks(setup)?.into_vec();
    let consumer = Consumer::new(providers, ledger, inbox, hooks, policy, SystemClock, SystemRandom)?;
    Ok(consumer.with_references(references))
}

/// Consumes the batch of one invocation, and writes what was counted in it.
///
/// # Errors
/// A record has no id, so that it could not be reported as failed.
pub async fn handle(
    consumer: &Consumer<DynamoLedger, SqsInbox>,
    event: LambdaEvent<SqsEvent>,
) -> Result<SqsBatchResponse, Error> {
    let deadline = deadline(event.context.deadline, SystemClock.now());
    let batch = sqs_event::read(event.payload)?;
    // Boxed, or the type of the future is too deep for the compiler.
    let consume: Pin<Box<dyn Future<Output = Vec<String>> + Send + '_>> = Box::pin(consumer.consume(batch, deadline));
    let failed = consume.await;
    let mut response = SqsBatchResponse::default();
    failed.into_iter().for_each(|id| response.add_failure(id));
    telemetry::flush_metrics();
    Ok(response)
}

/// When the invocation that begins `now` ends. A deadline in the past is invalid: `cargo lambda watch` gives 600,000 ms,
/// which is ten minutes past midnight in 1970.
pub(crate) fn deadline(millis: u64, now: Timestamp) -> Timestamp {
    let deadline = Timestamp::from_millis(i64::try_from(millis).unwrap_or(i64::MAX));
    if deadline > now { deadline } else { now.plus(TIME_OUT) }
}

/// The ledger in `LEDGER_TABLE`, which keeps records for `retention`.
///
/// # Errors
/// `LEDGER_TABLE` is missing, or `LEDGER_DAY_SHARDS` is invalid.
pub fn ledger(setup: &Setup, retention: Duration) -> Result<DynamoLedger, ConfigError> {
    let table = setup
        .variables()
        .required("LEDGER_TABLE", "the name of the ledger's table")?;
    // One by default, which every version reads.
    let day_shards = setup.variables().read_as(
        "LEDGER_DAY_SHARDS",
        1,
        "a whole number from 1 to 256",
        config::within(1..=MOST_SHARDS),
    )?;
    Ok(DynamoLedger::new(setup.dynamodb().clone(), table, retention).with_day_shards(day_shards))
}

/// Which events reach hooks and how retries are spaced, from the variables that [`run_consumer`] lists.
///
/// # Errors
/// An invalid variable, by name.
pub fn policy(variables: &Variables) -> Result<Policy, ConfigError> {
    const DAY: Duration = Duration::from_secs(24 * 60 * 60);
    let wait = WaitPolicy::default();
    Ok(Policy {
        environment: variables.read_as(
            "ENVIRONMENT",
            Some(Environment::Live),
            "live, test or any",
            |name| match name {
                "any" => Some(None),
                "live" => Some(Some(Environment::Live)),
                "test" => Some(Some(Environment::Test)),
                _ => None,
            },
        )?,
        retention: DAY.saturating_mul(number(variables, "RETENTION_DAYS", 90)?),
        backoff: Backoff {
            base: Duration::from_secs(number(variables, "RETRY_BASE_SECONDS", 2)?),
            max: Duration::from_secs(number(variables, "RETRY_MAX_SECONDS", 1800)?),
        },
        max_attempts: number(variables, "MAX_ATTEMPTS", 120)?,
        wait_policy: WaitPolicy {
            wait: Backoff {
                max: Duration::from_secs(number(variables, "WAIT_MAX_SECONDS", wait.wait.max.as_secs())?),
                ..wait.wait
            },
            max_receives: number(variables, "MAX_RECEIVE_COUNT", wait.max_receives)?,
            max_crashes: number(variables, "MAX_CRASHES", wait.max_crashes)?,
            ..wait
        },
        concurrency: number(variables, "HOOK_CONCURRENCY", 10)?,
    })
}

/// The variable `name` as a whole number; `default` if it is not set.
fn number<N: FromStr + PartialOrd + From<u8>>(variables: &Variables, name: &str, default: N) -> Result<N, ConfigError> {
    let at_least_1 = config::within(N::from(1)..);
    variables.read_as(name, default, "a whole number of at least 1", at_least_1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_deadline_in_the_past_is_replaced_by_the_templates_time_out() {
        let now = Timestamp::from_seconds(1_800_000_000);
        let aws = u64::try_from(now.plus(Duration::from_secs(12)).as_millis()).unwrap();
        assert_eq!(deadline(aws, now), now.plus(Duration::from_secs(12)));
        assert_eq!(deadline(600_000, now), now.plus(TIME_OUT), "cargo lambda watch");
    }
}
