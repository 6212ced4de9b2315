//! Verifies kuenta's deliveries, acknowledges them, and queues them.

use acuse_aws::verifier::Error;
use acuse_aws::{run_verifier, telemetry};
use acuse_core::providers::kuenta;

// One delivery at a time: a second thread would only cost.
#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    telemetry::init(env!("CARGO_CRATE_NAME"));
    run_verifier(&kuenta::PROVIDER).await
}
