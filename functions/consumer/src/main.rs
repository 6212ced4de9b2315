//! Claims each event in the ledger and calls the hooks.

mod hooks;

use acuse_aws::consumer::Error;
use acuse_aws::{run_consumer, telemetry};
use acuse_core::providers;

// One thread is enough: the events of a batch wait for DynamoDB, not for the CPU.
#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    telemetry::init(env!("CARGO_CRATE_NAME"));
    run_consumer(providers::ALL, hooks::all).await
}
