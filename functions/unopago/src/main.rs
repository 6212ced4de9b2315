//! Verifies unopago's deliveries, acknowledges them, and queues them.

use acuse_aws::verifier::Error;
use acuse_aws::{run_verifier, telemetry};
use acuse_core::providers::unopago;

// A function gets one delivery at a time, so more threads would only cost time.
#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    telemetry::init(env!("CARGO_CRATE_NAME"));
    run_verifier(&unopago::PROVIDER).await
}
