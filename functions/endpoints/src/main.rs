//! Watches the webhooks at the providers.

use acuse_aws::consumer::Error;
use acuse_aws::{run_endpoints, telemetry};
use acuse_core::providers;

// One thread is enough: checks wait for the APIs of providers, not for the CPU.
#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    telemetry::init(env!("CARGO_CRATE_NAME"));
    run_endpoints(providers::ALL).await
}
