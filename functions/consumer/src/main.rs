//! Applies each event once: claims it in the ledger, then calls the hooks.

mod hooks;

use acuse_aws::consumer::Error;
use acuse_aws::{run_consumer, telemetry};

// A batch's events run side by side on one thread: they wait for DynamoDB, not for the processor.
#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    telemetry::init(env!("CARGO_CRATE_NAME"));
    run_consumer(hooks::all).await
}
