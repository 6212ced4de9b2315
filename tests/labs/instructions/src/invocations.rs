//! Invocations of both halves, whole and warm: from the event's JSON to the answer's, with the SDK up to its transport, and
//! with the log lines and metrics.

use std::pin::Pin;

use acuse_aws::consumer::consumer;
use acuse_aws::hook::Hooks;
use acuse_aws::verifier::{SecretsManager, SqsOutbox};
use acuse_aws::{Setup, config::Variables, consumer, telemetry, verifier};
use acuse_core::provider::Provider;
use acuse_core::providers;
use acuse_core::receive::Verifier;
use acuse_hooks::payments::Payments;
use aws_lambda_events::apigw::{ApiGatewayV2httpRequest, ApiGatewayV2httpResponse};
use bytes::Bytes;
use lambda_runtime::layers::trace::request_span;
use lambda_runtime::{Context, LambdaEvent};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use tokio::runtime::Runtime;
use tracing::Instrument;

use crate::Failure;
use crate::cases::Work;
use crate::stub::Services;

/// Invocations before the one that is counted: what is made late is there by then.
const BEFORE: usize = 3;

const QUEUE: &str = "https://sqs.us-east-1.amazonaws.com/123456789012/queue";

/// What Lambda tells a function, so that the SDK finds what it needs.
pub(crate) const ENVIRONMENT: [(&str, &str); 5] = [
    ("AWS_REGION", "us-east-1"),
    ("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE"),
    ("AWS_SECRET_ACCESS_KEY", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"),
    ("AWS_SESSION_TOKEN", "token"),
    ("_X_AMZN_TRACE_ID", TRACE),
];

const TRACE: &str = "Root=1-5bef4de7-ad49b0e87f6ef6c87fc2e700;Parent=9a9197af755a6419;Sampled=0";

/// A delivery of `provider` that verifies.
pub(crate) fn deliver(provider: &'static Provider) -> Result<Work, Failure> {
    let runtime = runtime()?;
    let verifier = runtime.block_on(verifier(provider))?;
    invocation(
        runtime,
        |_| acuse_work::delivery(provider, 1),
        async move |event| {
            let span = request_span(&event.context);
            // Its type is too deep for the compiler.
            let answer: Pin<Box<dyn Future<Output = _>>> = Box::pin(verifier::handle(&verifier, event));
            Ok(answer.instrument(span).await)
        },
        |answer| answer["statusCode"] == 200,
    )
}

/// All that `provider`'s function does before its first event, but for TLS.
pub(crate) fn start(provider: &'static Provider) -> Result<Work, Failure> {
    let runtime = runtime()?;
    Ok(Box::new(move || {
        telemetry::init(env!("CARGO_CRATE_NAME"));
        usize::from(runtime.block_on(verifier(provider)).is_ok())
    }))
}

async fn verifier(provider: &'static Provider) -> Result<Verifier<SecretsManager, SqsOutbox>, Failure> {
    let services = Services {
        secret: acuse_work::secret(provider.name, 1).to_json(),
        ..Services::default()
    };
    let secret_id = provider.variable("SECRET_ID");
    let queues = ["EVENT_QUEUE_URL", "QUARANTINE_QUEUE_URL"].map(|name| (name.to_owned(), QUEUE.to_owned()));
    let variables = queues.into_iter().chain([(secret_id, provider.name.to_owned())]);
    verifier::verifier(provider, &services.sdk()?, &Variables::listed(variables)).await
}

/// The same event, handed to the same client and nothing else: what the benchmark's contender `sender` does.
pub(crate) fn send() -> Result<Work, Failure> {
    let client = aws_sdk_sqs::Client::new(&Services::default().sdk()?);
    invocation(
        runtime()?,
        |_| acuse_work::delivery(&providers::kuenta::PROVIDER, 1),
        async move |event: LambdaEvent<ApiGatewayV2httpRequest>| {
            let send = client.send_message().queue_url(QUEUE);
            send.message_body(event.payload.body.unwrap_or_default()).send().await?;
            let mut answer = ApiGatewayV2httpResponse::default();
            answer.status_code = 200;
            Ok(answer)
        },
        |answer| answer["statusCode"] == 200,
    )
}

/// A batch of one event with the hook `payments`: new, or as one that is completed.
pub(crate) fn consume(is_duplicate: bool) -> Result<Work, Failure> {
    // All messages have the same body, or the ledger's record would be a conflict.
    let message = acuse_work::message(1, acuse_work::BODY);
    let record = match is_duplicate {
        true => record(
            message
                .get("body")
                .and_then(serde_json::Value::as_str)
                .unwrap_or_default(),
        ),
        false => Value::Null,
    };
    let services = Services {
        record,
        ..Services::default()
    };
    let variables = [
        ("EVENT_QUEUE_URL", QUEUE),
        ("DEAD_LETTER_QUEUE_URL", QUEUE),
        ("LEDGER_TABLE", "ledger"),
        ("PAYMENTS_TABLE", "payments"),
        ("FORMER_PAYMENTS", "false"),
    ];
    let variables = variables.map(|(name, value)| (name.to_owned(), value.to_owned()));
    let setup = Setup::new(services.sdk()?, Variables::listed(variables));
    let consumer = consumer(&setup, providers::ALL, |setup| {
        let mut hooks = Hooks::default();
        hooks.transactional(Payments::from_env(setup)?);
        Ok(hooks)
    })?;
    let batch = Bytes::from(json!({ "Records": [message] }).to_string());
    invocation(
        runtime()?,
        |_| batch.clone(),
        async move |event| {
            let span = request_span(&event.context);
            consumer::handle(&consumer, event).instrument(span).await
        },
        |answer| answer["batchItemFailures"].as_array().is_some_and(Vec::is_empty),
    )
}

/// The ledger's item of a completed event with this body, as far as anybody reads it.
fn record(body: &str) -> Value {
    json!({
        "status": { "S": "COMPLETED" },
        "version": { "N": "1" },
        "message_id": { "S": "of another message" },
        "completed_at": { "N": "1795705445000" },
        "attempts": { "N": "1" },
        "type": { "S": "payment.completed" },
        "body_sha256": { "S": format!("{:x}", Bytes::copy_from_slice(&Sha256::digest(body))) },
    })
}

fn runtime() -> std::io::Result<Runtime> {
    tokio::runtime::Builder::new_current_thread().enable_time().build()
}

/// What [`Work`] an invocation is, once it has been done [`BEFORE`] and was answered as it should be.
fn invocation<E: DeserializeOwned, A: Serialize>(
    runtime: Runtime,
    event: impl Fn(usize) -> Bytes,
    handle: impl AsyncFn(LambdaEvent<E>) -> Result<A, Failure> + 'static,
    is_done: impl Fn(&Value) -> bool,
) -> Result<Work, Failure> {
    telemetry::init(env!("CARGO_CRATE_NAME"));
    let invoke = move |event: Bytes| {
        runtime.block_on(async {
            let event = LambdaEvent::new(serde_json::from_slice(&event)?, context());
            Ok::<_, Failure>(serde_json::to_vec(&handle(event).await?)?)
        })
    };
    // A function is never taken apart, so nothing of it is dropped while instructions are counted.
    let invoke: &'static _ = Box::leak(Box::new(invoke));
    for number in 0..BEFORE {
        let answer = invoke(event(number))?;
        if !is_done(&serde_json::from_slice(&answer)?) {
            return Err(format!("answered {}", String::from_utf8_lossy(&answer)).into());
        }
    }
    let counted = event(BEFORE);
    Ok(Box::new(move || invoke(counted).map_or(0, |answer| answer.len())))
}

fn context() -> Context {
    let mut context = Context::default();
    context.request_id = "8476a536-e9f4-11e8-9739-2dfe598c3fcd".to_owned();
    context.xray_trace_id = Some(TRACE.to_owned());
    context
}
