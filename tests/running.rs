//! A stack that runs: what its ledger has, and an update of it.

use std::time::Duration;

use acuse_aws::ledger::record::Record;
use acuse_aws::system::SystemClock;
use acuse_cli::local::{Running, STACK};
use acuse_core::clock::Clock;
use acuse_core::provider::Provider;
use aws_sdk_cloudformation::Client;
use aws_sdk_cloudformation::types::{Capability, Parameter};

use crate::eventually::eventually;

/// The ledger's records of `provider` since yesterday: a test may run over midnight.
pub async fn records(running: &Running, provider: &Provider) -> Vec<Record> {
    let (ledger, now) = (running.ledger(), SystemClock.now());
    let mut records = Vec::new();
    for day in [now, now.minus(Duration::from_secs(24 * 60 * 60))] {
        records.extend(ledger.on_day(provider.name, day, usize::MAX).await.unwrap());
    }
    records
}

/// Updates the stack: the parameters in `changes` as given, the rest as they are.
///
/// # Panics
/// Where the update fails.
pub async fn update(running: &Running, changes: &[(&str, &str)]) {
    let client = Client::new(&running.sdk());
    let stacks = client.describe_stacks().stack_name(STACK).send().await.unwrap();
    let parameters = stacks.stacks()[0].parameters().iter().map(|known| {
        let name = known.parameter_key().unwrap();
        let parameter = Parameter::builder().parameter_key(name);
        match changes.iter().find(|(changed, _)| *changed == name) {
            Some((_, value)) => parameter.parameter_value(*value).build(),
            None => parameter.use_previous_value(true).build(),
        }
    });
    let update = client
        .update_stack()
        .stack_name(STACK)
        .use_previous_template(true)
        .set_parameters(Some(parameters.collect()))
        .capabilities(Capability::CapabilityIam)
        .capabilities(Capability::CapabilityAutoExpand);
    update.send().await.unwrap();
    let status = eventually("the update", async || {
        let stacks = client.describe_stacks().stack_name(STACK).send().await.unwrap();
        let status = stacks.stacks()[0].stack_status().unwrap().as_str().to_owned();
        (status != "UPDATE_IN_PROGRESS").then_some(status)
    });
    assert_eq!(status.await, "UPDATE_COMPLETE");
}
