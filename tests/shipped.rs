//! The consumer with the hooks that Acuse ships and none of the owner's.
//!
//! Tests that count calls, kill the consumer at one of them, or give it tables of their own run this binary, so
//! that they test the same whatever hooks the owner has.

use acuse_aws::consumer::Error;
use acuse_aws::hook::Hooks;
use acuse_aws::{run_consumer, telemetry};
use acuse_core::providers;
use acuse_hooks::destinations::Destinations;
use acuse_hooks::eventbridge::EventBridge;
use acuse_hooks::payments::Payments;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    telemetry::init(env!("CARGO_CRATE_NAME"));
    run_consumer(providers::ALL, |setup| {
        let mut shipped = Hooks::default();
        shipped.transactional(Payments::from_env(setup)?);
        if let Some(eventbridge) = EventBridge::from_env(setup) {
            shipped.acting(eventbridge);
        }
        if let Some(destinations) = Destinations::from_env(setup)? {
            shipped.transactional(destinations);
        }
        Ok(shipped)
    })
    .await
}
