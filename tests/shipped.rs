//! The consumer with the hooks that Acuse ships and none of the owner's.
//!
//! Tests that count calls, kill the consumer at one of them, or give it tables of their own run this binary, so
//! that they test the same whatever hooks the owner has.
// The hooks' own tests run with the consumer.
#![cfg(not(test))]

use acuse_aws::consumer::Error;
use acuse_aws::hook::Hooks;
use acuse_aws::{run_consumer, telemetry};

#[path = "../functions/consumer/src/hooks"]
mod hooks {
    pub(crate) mod eventbridge;
    pub(crate) mod payments;
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    telemetry::init(env!("CARGO_CRATE_NAME"));
    run_consumer(acuse_core::providers::ALL, |setup| {
        let mut shipped = Hooks::default();
        shipped.transactional(hooks::payments::Payments::from_env(setup)?);
        if let Some(eventbridge) = hooks::eventbridge::EventBridge::from_env(setup) {
            shipped.acting(eventbridge);
        }
        Ok(shipped)
    })
    .await
}
