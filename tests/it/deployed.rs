//! The template's life: created from nothing, updated by its parameters, deleted.

mod outputs;

use std::collections::BTreeMap;

use acuse_aws::ledger::record::Record;
use acuse_cli::local::{Checkout, Options, Running, STACK, Stack};
use acuse_core::provider::Provider;
use acuse_core::providers::{self, onepay};
use acuse_tests::eventually::eventually;
use acuse_tests::running;
use aws_sdk_dynamodb::types::Select;

use crate::stack::{Post, payment, resource_id, signature_header};
use outputs::Outputs;

/// Parameters that an update changes. Their effects are looked for where AWS keeps them.
const CHANGED: [(&str, &str); 6] = [
    ("Environment", "live"),
    ("EventBusName", "default"),
    ("LogRetentionDays", "7"),
    ("MaxReceiveCount", "700"),
    ("ThrottleRate", "123"),
    ("VerifyMemoryMb", "512"),
];

#[tokio::test(flavor = "multi_thread")]
async fn the_template_is_created_updated_and_deleted_and_what_holds_something_stays() {
    let state = concat!(env!("CARGO_TARGET_TMPDIR"), "/deployed");
    let stack = Stack::start(Options::isolated(state)).await.unwrap();
    let running = Running::find(state.as_ref()).expect("a stack that has started is found");
    let outputs = Outputs::of(&running);
    let cloudformation = aws_sdk_cloudformation::Client::new(&running.sdk());

    // Created: every output names something that is there, and every provider gets through.
    let template = Checkout::find().unwrap().read_template().unwrap();
    // Those with a condition are of a domain, which nobody has here.
    let declared = template["Outputs"].as_object().unwrap().iter();
    let declared = declared.filter(|(_, output)| output.get("Condition").is_none());
    let declared = declared.map(|(name, _)| name);
    assert!(declared.eq(running.outputs.keys()), "{:?}", running.outputs);
    for (name, value) in &running.outputs {
        assert!(
            outputs.exists(name, value).await,
            "{name} is {value}, and that is not there"
        );
    }
    for provider in providers::ALL {
        let body = payment(provider);
        deliver(&outputs, provider, &body, 200).await;
        let record = settled(&running, provider, &resource_id(provider, &body)).await;
        assert_eq!(record.status, "COMPLETED", "{record:?}");
    }
    let variables = outputs.function("ConsumerFunctionName").await["Environment"]["Variables"].clone();
    assert_eq!(variables["ENVIRONMENT"], "any");

    // Updated: what the parameters say is changed, and nothing that was there is lost.
    running::update(&running, &CHANGED).await;
    assert_eq!(
        described(&cloudformation).await,
        running.outputs,
        "an update replaced something"
    );

    let variables = outputs.function("ConsumerFunctionName").await["Environment"]["Variables"].clone();
    assert_eq!(
        (&variables["ENVIRONMENT"], &variables["EVENT_BUS_NAME"]),
        (&"live".into(), &"default".into())
    );
    assert_eq!(outputs.function("KuentaFunctionName").await["MemorySize"], 512);
    assert_eq!(outputs.function("ConsumerFunctionName").await["MemorySize"], 256);
    assert_eq!(outputs.receives_until_dead().await, 700);
    assert_eq!(outputs.throttle().await, 123.0);
    for function in ["UnopagoFunctionName", "ConsumerFunctionName"] {
        assert_eq!(outputs.log_retention(function).await, 7, "{function}");
    }
    // The secrets that were put are still there, and OnePay's sandbox events reach no hook any more.
    for provider in providers::ALL {
        let body = payment(provider);
        deliver(&outputs, provider, &body, 200).await;
        let record = settled(&running, provider, &resource_id(provider, &body)).await;
        let wanted = if provider.name == onepay::PROVIDER.name {
            "REJECTED"
        } else {
            "COMPLETED"
        };
        assert_eq!(record.status, wanted, "{record:?}");
    }

    // Deleted: tables, queues and secrets stay, with what is in them, and nothing else.
    let before = (
        count(&running, "LedgerTableName").await,
        count(&running, "PaymentsTableName").await,
    );
    assert_eq!(before, (6, 5), "events, and payments");
    let id = described_id(&cloudformation).await;
    cloudformation.delete_stack().stack_name(STACK).send().await.unwrap();
    let deleted = eventually("the deletion", async || {
        let stacks = cloudformation.describe_stacks().stack_name(&id).send().await.unwrap();
        let status = stacks.stacks()[0].stack_status().unwrap().as_str().to_owned();
        (status != "DELETE_IN_PROGRESS").then_some(status)
    });
    assert_eq!(deleted.await, "DELETE_COMPLETE");
    for (name, value) in &running.outputs {
        let stays = ["TableName", "QueueUrl", "SecretId"]
            .iter()
            .any(|end| name.ends_with(end));
        assert_eq!(outputs.exists(name, value).await, stays, "{name} is {value}");
    }
    let after = (
        count(&running, "LedgerTableName").await,
        count(&running, "PaymentsTableName").await,
    );
    assert_eq!(after, before);
    stack.stop().await;
}

/// Posts a payload with its signature, and without, to the URL that the provider is told.
async fn deliver(outputs: &Outputs, provider: &'static Provider, body: &str, answer: u16) {
    let (client, url) = outputs.webhook(provider);
    let post = || Post::signed(provider, body.as_bytes());
    let refused = post().without(signature_header(provider)).send_to(&client, &url).await;
    assert_eq!(refused.status(), 401, "{url}");
    assert_eq!(post().send_to(&client, &url).await.status(), answer, "{url}");
}

/// The record of a resource once nothing is to be done about it.
async fn settled(running: &Running, provider: &Provider, id: &str) -> Record {
    eventually(&format!("{} {id}", provider.name), async || {
        let records = running::records(running, provider).await;
        records.into_iter().find(|record| {
            record.resource_id.as_deref() == Some(id) && ["COMPLETED", "REJECTED"].contains(&record.status)
        })
    })
    .await
}

async fn described(client: &aws_sdk_cloudformation::Client) -> BTreeMap<String, String> {
    let stacks = client.describe_stacks().stack_name(STACK).send().await.unwrap();
    let outputs = stacks.stacks()[0].outputs().iter();
    outputs
        .map(|output| (output.output_key.clone().unwrap(), output.output_value.clone().unwrap()))
        .collect()
}

async fn described_id(client: &aws_sdk_cloudformation::Client) -> String {
    let stacks = client.describe_stacks().stack_name(STACK).send().await.unwrap();
    stacks.stacks()[0].stack_id().unwrap().to_owned()
}

async fn count(running: &Running, table: &str) -> i32 {
    let client = aws_sdk_dynamodb::Client::new(&running.sdk());
    let scan = client.scan().table_name(&running.outputs[table]).select(Select::Count);
    scan.send().await.unwrap().count()
}
