//! The verifier's composition root: Lambda and HTTP on one side, Secrets Manager and SQS on the other.

mod http;
mod outbox;
mod store;

use std::time::Duration;

use acuse_core::clock::within;
use acuse_core::provider::Provider;
use acuse_core::receive::{Outbox, SecretStore, Verifier};
use aws_config::SdkConfig;
use futures_util::future::join;
pub use lambda_http::Error;
use lambda_http::aws_lambda_events::apigw::{ApiGatewayV2httpRequest, ApiGatewayV2httpResponse};
use lambda_http::{LambdaEvent, lambda_runtime, service_fn};

use crate::config::{self, Variables};
use crate::sdk;
use crate::system::{SystemClock, SystemRandom};
use crate::telemetry;
pub use outbox::SqsOutbox;
pub use store::{SecretsManager, labelled};

/// The longest warm-up: the first delivery waits for it.
const WARM_UP: Duration = Duration::from_secs(1);

/// Serves `provider`'s deliveries until Lambda ends the process.
///
/// Reads `EVENT_QUEUE_URL`, `QUARANTINE_QUEUE_URL`, `<PROVIDER>_SECRET_ID` and `<PROVIDER>_SIGNATURE`.
///
/// # Errors
/// The name of a missing or invalid variable; the runtime's own errors.
pub async fn run_verifier(provider: &'static Provider) -> Result<(), Error> {
    let verifier = verifier(config::provider(provider)?, &sdk::load()?, &Variables::ENVIRONMENT).await?;
    serve(&verifier).await
}

/// The verifier of `provider` as `variables` say, those that [`run_verifier`] lists. Its secrets are loaded, and its
/// connections open.
///
/// # Errors
/// The name of a missing variable.
pub async fn verifier(
    provider: &'static Provider,
    sdk: &SdkConfig,
    variables: &Variables,
) -> Result<Verifier<SecretsManager, SqsOutbox>, Error> {
    let secret_id = variables.required(
        &provider.variable("SECRET_ID"),
        "the ARN or name of the provider's secret",
    )?;
    let event_queue = variables.required("EVENT_QUEUE_URL", "the URL of the event queue")?;
    let quarantine_queue = variables.required("QUARANTINE_QUEUE_URL", "the URL of the quarantine queue")?;
    let outbox = SqsOutbox::new(aws_sdk_sqs::Client::new(sdk), event_queue, quarantine_queue);
    let store = SecretsManager::new(aws_sdk_secretsmanager::Client::new(sdk), secret_id, provider);

    // Opens both connections in parallel, before the first delivery needs them.
    let warm_queue = outbox.clone();
    let verifier = Verifier::new(provider, store, outbox, SystemClock, SystemRandom);
    let _ = within(&SystemClock, WARM_UP, join(verifier.warm_up(), warm_queue.warm_up())).await;
    Ok(verifier)
}

/// Serves `verifier`'s deliveries until Lambda ends the process.
pub async fn serve(verifier: &Verifier<impl SecretStore, impl Outbox>) -> Result<(), Error> {
    lambda_runtime::run(service_fn(|event| {
        // Boxed, because the runtime's layers would copy its several kilobytes.
        Box::pin(async move { Ok::<_, Error>(handle(verifier, event).await) })
    }))
    .await
}

/// Answers one invocation, and writes what was counted in it.
pub async fn handle(
    verifier: &Verifier<impl SecretStore, impl Outbox>,
    event: LambdaEvent<ApiGatewayV2httpRequest>,
) -> ApiGatewayV2httpResponse {
    let answer = http::answer(verifier, event.payload).await;
    telemetry::flush_metrics();
    answer
}
