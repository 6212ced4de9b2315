//! The verify job without an SDK: the verifier itself, with its checks, log lines, metrics and traces, but SQS
//! and Secrets Manager are called by hyper and a signer alone. What the SDK costs is seen beside it.

mod aws;
mod backend;

use std::env::var;

use acuse_aws::system::{SystemClock, SystemRandom};
use acuse_aws::telemetry;
use acuse_aws::verifier::{Error, serve};
use acuse_core::providers::kuenta;
use acuse_core::receive::Verifier;

use aws::Aws;
use backend::{Queue, Secret};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    telemetry::init(env!("CARGO_CRATE_NAME"));
    let aws = Aws::from_env()?;
    let secret = Secret {
        aws: aws.clone(),
        id: var("KUENTA_SECRET_ID")?,
    };
    let queue = Queue {
        aws,
        url: var("EVENT_QUEUE_URL")?,
    };
    queue.warm_up().await;
    let verifier = Verifier::new(&kuenta::PROVIDER, secret, queue, SystemClock, SystemRandom);
    verifier.warm_up().await;
    serve(&verifier).await
}
