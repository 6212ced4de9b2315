//! The consumer's composition root: SQS batches in front, the ledger and the hooks behind.

mod inbox;
mod sqs_event;

use std::time::Duration;

use acuse_core::clock::Timestamp;
use acuse_core::consume::{Backoff, Consumer, Policy};
use acuse_core::event::Environment;
use aws_config::SdkConfig;
use aws_lambda_events::event::sqs::{SqsBatchResponse, SqsEvent};
pub use lambda_runtime::Error;
use lambda_runtime::{LambdaEvent, run, service_fn};

use crate::config::{self, ConfigError};
use crate::ledger::DynamoLedger;
use crate::sdk;
use crate::system::{SystemClock, SystemRandom};
use inbox::SqsInbox;

/// A hook as the consumer runs it: its effects are DynamoDB transaction items.
pub type Hook = Box<dyn acuse_core::hook::Hook<aws_sdk_dynamodb::types::TransactWriteItem>>;

/// What hooks are made from, once, in init.
pub struct Setup {
    /// Region, credentials and HTTP client, to make further SDK clients from.
    pub sdk: SdkConfig,
    /// The client that the ledger uses.
    pub dynamodb: aws_sdk_dynamodb::Client,
}

/// How many events of a batch are worked on at once.
const CONCURRENCY: usize = 10;

/// Consumes batches until Lambda ends the process. `hooks` makes the hooks, in their order.
///
/// Reads `EVENT_QUEUE_URL`, `DEAD_LETTER_QUEUE_URL`, `LEDGER_TABLE`, `ENVIRONMENT`,
/// `RETENTION_DAYS`, `RETRY_BASE_SECONDS` and `RETRY_MAX_SECONDS`.
///
/// # Errors
/// A variable that is missing or can't be meant, by name; what `hooks` returns; the runtime's
/// own errors.
pub async fn run_consumer(hooks: impl FnOnce(&Setup) -> Result<Vec<Hook>, Error>) -> Result<(), Error> {
    let event_queue = config::required("EVENT_QUEUE_URL", "the URL of the event queue")?;
    let dead_letter_queue = config::required("DEAD_LETTER_QUEUE_URL", "the URL of the dead-letter queue")?;
    let table = config::required("LEDGER_TABLE", "the name of the ledger's table")?;
    let policy = policy()?;

    let sdk = sdk::load().await;
    let dynamodb = aws_sdk_dynamodb::Client::new(&sdk);
    let ledger = DynamoLedger::new(dynamodb.clone(), table, policy.retention);
    let inbox = SqsInbox::new(aws_sdk_sqs::Client::new(&sdk), event_queue, dead_letter_queue);
    let setup = Setup { sdk, dynamodb };
    let hooks = hooks(&setup)?;
    let consumer = Consumer::new(ledger, inbox, hooks, policy, SystemClock, SystemRandom)?;

    let consumer = &consumer;
    run(service_fn(|event: LambdaEvent<SqsEvent>| async move {
        let deadline = i64::try_from(event.context.deadline).unwrap_or(i64::MAX);
        let batch = sqs_event::read(event.payload)?;
        let failed = consumer.consume(batch, Timestamp::from_millis(deadline)).await;
        let mut response = SqsBatchResponse::default();
        failed.into_iter().for_each(|id| response.add_failure(id));
        Ok::<_, Error>(response)
    }))
    .await
}

fn policy() -> Result<Policy, ConfigError> {
    const DAY: Duration = Duration::from_secs(24 * 60 * 60);
    let environment = config::optional("ENVIRONMENT").unwrap_or_else(|| "live".to_owned());
    Ok(Policy {
        environment: match environment.as_str() {
            "any" => None,
            "live" => Some(Environment::Live),
            "test" => Some(Environment::Test),
            _ => {
                return Err(ConfigError::Invalid {
                    name: "ENVIRONMENT".to_owned(),
                    value: environment,
                    expected: "live, test or any",
                });
            }
        },
        retention: DAY.saturating_mul(config::number("RETENTION_DAYS", 90)?),
        backoff: Backoff {
            base: Duration::from_secs(config::number("RETRY_BASE_SECONDS", 2)?),
            max: Duration::from_secs(config::number("RETRY_MAX_SECONDS", 900)?),
        },
        concurrency: CONCURRENCY,
    })
}
