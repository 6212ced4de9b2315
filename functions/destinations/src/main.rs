//! Delivers events to the URLs and queues of destinations.

use acuse_aws::consumer::Error;
use acuse_aws::{run_destinations, telemetry};
use acuse_core::providers;

// One thread is enough: deliveries wait for their destinations, not for the CPU.
#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    telemetry::init(env!("CARGO_CRATE_NAME"));
    run_destinations(providers::ALL).await
}
