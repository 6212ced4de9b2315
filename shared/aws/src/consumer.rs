//! The consumer's composition root: SQS batches in front, the ledger and the hooks behind.

mod inbox;
mod sqs_event;

use std::pin::Pin;
use std::str::FromStr;
use std::time::Duration;

use acuse_core::clock::{Clock, Timestamp};
use acuse_core::consume::{Backoff, Consumer, Policy, WaitPolicy};
use acuse_core::event::Environment;
use aws_lambda_events::event::sqs::{SqsBatchResponse, SqsEvent};
pub use lambda_runtime::Error;
use lambda_runtime::{LambdaEvent, run, service_fn};

use crate::config::{self, ConfigError};
use crate::hook::{Hooks, Setup};
use crate::ledger::{DynamoLedger, MOST_SHARDS};
use crate::sdk;
use crate::system::{SystemClock, SystemRandom};
use crate::telemetry;
use inbox::SqsInbox;

/// A hook as the consumer calls it: its effects are items of a DynamoDB transaction.
pub type BoxedHook = Box<dyn acuse_core::hook::AnyHook<aws_sdk_dynamodb::types::TransactWriteItem>>;

/// The function's time-out if the runtime names none: the template's default.
const TIME_OUT: Duration = Duration::from_secs(30);

/// Consumes batches until Lambda ends the process. `hooks` makes the hooks, in the order in which they are called.
///
/// Reads `EVENT_QUEUE_URL`, `DEAD_LETTER_QUEUE_URL`, `LEDGER_TABLE`, `ENVIRONMENT`, `RETENTION_DAYS`,
/// `MAX_ATTEMPTS`, `RETRY_BASE_SECONDS`, `RETRY_MAX_SECONDS`, `WAIT_MAX_SECONDS`, `MAX_RECEIVE_COUNT`,
/// `MAX_CRASHES`, `HOOK_CONCURRENCY` and `LEDGER_DAY_SHARDS`.
///
/// # Errors
/// A missing or invalid variable, by name; the errors of `hooks`; the runtime's own errors.
pub async fn run_consumer(hooks: impl FnOnce(&Setup) -> Result<Hooks, Error>) -> Result<(), Error> {
    let event_queue = config::required("EVENT_QUEUE_URL", "the URL of the event queue")?;
    let dead_letter_queue = config::required("DEAD_LETTER_QUEUE_URL", "the URL of the dead-letter queue")?;
    let table = config::required("LEDGER_TABLE", "the name of the ledger's table")?;
    let policy = policy()?;
    // One by default, which every version reads.
    let day_shards = config::read_as(
        "LEDGER_DAY_SHARDS",
        1,
        "a whole number from 1 to 256",
        config::within(1..=MOST_SHARDS),
    )?;

    let sdk = sdk::load()?;
    let dynamodb = aws_sdk_dynamodb::Client::new(&sdk);
    let ledger = DynamoLedger::new(dynamodb.clone(), table, policy.retention).with_day_shards(day_shards);
    let inbox = SqsInbox {
        client: aws_sdk_sqs::Client::new(&sdk),
        event_queue,
        dead_letter_queue,
    };
    let hooks = hooks(&Setup::from_env(sdk, dynamodb))?;
    let consumer = Consumer::new(ledger, inbox, hooks.into_vec(), policy, SystemClock, SystemRandom)?;

    let consumer = &consumer;
    run(service_fn(|event: LambdaEvent<SqsEvent>| async move {
        let deadline = deadline(event.context.deadline, SystemClock.now());
        let batch = sqs_event::read(event.payload)?;
        // Boxed, or the type of the future is too deep for the compiler.
        let consume: Pin<Box<dyn Future<Output = Vec<String>> + Send + '_>> =
            Box::pin(consumer.consume(batch, deadline));
        let failed = consume.await;
        let mut response = SqsBatchResponse::default();
        failed.into_iter().for_each(|id| response.add_failure(id));
        telemetry::flush_metrics();
        Ok::<_, Error>(response)
    }))
    .await
}

/// When the invocation that begins `now` ends. A deadline in the past is invalid: `cargo lambda watch` gives 600,000 ms,
/// which is ten minutes past midnight in 1970.
fn deadline(millis: u64, now: Timestamp) -> Timestamp {
    let deadline = Timestamp::from_millis(i64::try_from(millis).unwrap_or(i64::MAX));
    if deadline > now { deadline } else { now.plus(TIME_OUT) }
}

/// The variable `name` as a whole number; `default` if it is not set.
fn number<N: FromStr + PartialOrd + From<u8>>(name: &str, default: N) -> Result<N, ConfigError> {
    let at_least_1 = config::within(N::from(1)..);
    config::read_as(name, default, "a whole number of at least 1", at_least_1)
}

fn policy() -> Result<Policy, ConfigError> {
    const DAY: Duration = Duration::from_secs(24 * 60 * 60);
    let wait = WaitPolicy::default();
    Ok(Policy {
        environment: config::read_as(
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
        retention: DAY.saturating_mul(number("RETENTION_DAYS", 90)?),
        backoff: Backoff {
            base: Duration::from_secs(number("RETRY_BASE_SECONDS", 2)?),
            max: Duration::from_secs(number("RETRY_MAX_SECONDS", 1800)?),
        },
        max_attempts: number("MAX_ATTEMPTS", 120)?,
        wait_policy: WaitPolicy {
            wait: Backoff {
                max: Duration::from_secs(number("WAIT_MAX_SECONDS", wait.wait.max.as_secs())?),
                ..wait.wait
            },
            max_receives: number("MAX_RECEIVE_COUNT", wait.max_receives)?,
            max_crashes: number("MAX_CRASHES", wait.max_crashes)?,
            ..wait
        },
        concurrency: number("HOOK_CONCURRENCY", 10)?,
    })
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
