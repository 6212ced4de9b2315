//! Sends the daily summary.

use acuse_aws::consumer::Error;
use acuse_aws::{run_summary, telemetry};
use acuse_core::providers;

// One thread is enough: it reads pages of the ledger, a few at a time.
#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    telemetry::init(env!("CARGO_CRATE_NAME"));
    run_summary(providers::ALL).await
}
