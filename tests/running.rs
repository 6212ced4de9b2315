//! What a running stack holds, and how to update it.

use std::collections::BTreeMap;
use std::time::Duration;

use acuse_aws::ledger::reader::LedgerReader;
use acuse_aws::ledger::record::Record;
use acuse_aws::system::SystemClock;
use acuse_cli::local::{Running, STACK};
use acuse_core::clock::Clock;
use acuse_core::provider::Provider;
use aws_sdk_cloudformation::Client;
use aws_sdk_cloudformation::types::{Capability, Parameter};
use aws_sdk_dynamodb::types::AttributeValue;
use aws_sdk_sqs::types::QueueAttributeName;

use crate::eventually::eventually;

/// An item's strings and numbers by attribute.
pub type Item = BTreeMap<String, String>;

/// The ledger's records of `provider` since yesterday, as a test may run past midnight.
pub async fn records(running: &Running, provider: &Provider) -> Vec<Record> {
    let (ledger, now) = (ledger(running), SystemClock.now());
    let mut records = Vec::new();
    for day in [now, now.minus(Duration::from_secs(24 * 60 * 60))] {
        records.extend(ledger.on_day(provider.name, None, day, usize::MAX).await.unwrap());
    }
    records
}

/// All items of the payments table by their partition key.
///
/// # Panics
/// If the table cannot be read.
pub async fn payments(running: &Running) -> BTreeMap<String, Item> {
    let client = aws_sdk_dynamodb::Client::new(&running.sdk());
    let scan = client.scan().table_name(&running.outputs["PaymentsTableName"]);
    let mut pages = scan.into_paginator().items().send();
    let mut payments = BTreeMap::new();
    while let Some(payment) = pages.next().await {
        let payment = item(payment.unwrap());
        payments.insert(payment["pk"].clone(), payment);
    }
    payments
}

/// The attributes of an item of DynamoDB as text.
pub fn item(attributes: impl IntoIterator<Item = (String, AttributeValue)>) -> Item {
    let text = |value: AttributeValue| match value {
        AttributeValue::S(text) | AttributeValue::N(text) => text,
        other => format!("{other:?}"),
    };
    let attributes = attributes.into_iter();
    attributes.map(|(name, value)| (name, text(value))).collect()
}

/// How many messages wait on the queue that this output names.
///
/// # Panics
/// If SQS does not answer.
pub async fn queue_length(running: &Running, output: &str) -> u32 {
    let name = QueueAttributeName::ApproximateNumberOfMessages;
    let get = aws_sdk_sqs::Client::new(&running.sdk())
        .get_queue_attributes()
        .queue_url(&running.outputs[output])
        .attribute_names(name.clone());
    get.send().await.unwrap().attributes.unwrap()[&name].parse().unwrap()
}

/// Makes messages of the queue that this output names visible again after this many seconds, unless whoever received them
/// says otherwise.
///
/// # Panics
/// If SQS refuses.
pub async fn set_visibility_timeout(running: &Running, output: &str, seconds: u32) {
    let set = aws_sdk_sqs::Client::new(&running.sdk())
        .set_queue_attributes()
        .queue_url(&running.outputs[output])
        .attributes(QueueAttributeName::VisibilityTimeout, seconds.to_string());
    set.send().await.unwrap();
}

/// Updates the stack with the parameters in `changes`, and leaves the others as they are.
///
/// # Panics
/// If the update fails.
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

/// The stack's ledger.
pub fn ledger(running: &Running) -> LedgerReader {
    let table = running.outputs.get("LedgerTableName").cloned().unwrap_or_default();
    LedgerReader::new(aws_sdk_dynamodb::Client::new(&running.sdk()), table)
}
