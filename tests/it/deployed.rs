//! The template is deployed, updated by its parameters, and deleted.

mod outputs;

use std::collections::BTreeMap;

use acuse_aws::ledger::record::Record;
use acuse_cli::local::{Options, Running, STACK, Stack};
use acuse_core::provider::Provider;
use acuse_core::providers::{self, onepay};
use acuse_tests::eventually::eventually;
use acuse_tests::post::Post;
use acuse_tests::running;
use acuse_tests::template;
use aws_sdk_dynamodb::types::Select;

use crate::stack::{payment, resource_id, signature_header};
use outputs::Outputs;

/// The parameters that the update changes. The test asks AWS for their effects.
const CHANGED: [(&str, &str); 6] = [
    ("Environment", "live"),
    ("EventBusName", "default"),
    ("LogRetentionDays", "7"),
    ("MaxReceiveCount", "700"),
    ("ThrottleRate", "123"),
    ("VerifyMemoryMb", "512"),
];

#[tokio::test(flavor = "multi_thread")]
async fn the_template_is_created_updated_and_deleted_and_what_stores_data_is_retained() {
    let state = concat!(env!("CARGO_TARGET_TMPDIR"), "/deployed");
    let stack = Stack::start(Options::isolated(state)).await.unwrap();
    let running = Running::find(state.as_ref()).expect("a stack that has started is found");
    let outputs = Outputs::of(&running);
    let cloudformation = aws_sdk_cloudformation::Client::new(&running.sdk());

    // Created: every output of ours names something that exists, and every provider's deliveries are processed.
    let template = template::ours();
    // Outputs with a condition belong to a custom domain, which this stack does not have.
    let declared = template["Outputs"].as_object().unwrap().iter();
    let declared = declared.filter(|(_, output)| output.get("Condition").is_none());
    let declared = declared.map(|(name, _)| name);
    let ours: BTreeMap<&String, &String> = declared.map(|name| (name, &running.outputs[name])).collect();
    for (name, value) in &ours {
        assert!(
            outputs.exists(name, value).await,
            "{name} is {value}, which does not exist"
        );
    }
    for provider in providers::ALL {
        let body = payment(provider);
        deliver(&outputs, provider, &body, 200).await;
        let record = finished(&running, provider, &resource_id(provider, &body)).await;
        assert_eq!(record.status, "COMPLETED", "{record:?}");
    }
    let variables = outputs.function("ConsumerFunctionName").await["Environment"]["Variables"].clone();
    assert_eq!(variables["ENVIRONMENT"], "any");

    // Updated: the parameters take effect, and nothing is lost.
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
    // The secrets are still there, and OnePay's sandbox events no longer reach the hooks.
    for provider in providers::ALL {
        let body = payment(provider);
        deliver(&outputs, provider, &body, 200).await;
        let record = finished(&running, provider, &resource_id(provider, &body)).await;
        let expected = if provider.name == onepay::PROVIDER.name {
            "REJECTED"
        } else {
            "COMPLETED"
        };
        assert_eq!(record.status, expected, "{record:?}");
    }

    // The functions' URLs take the API's place in the outputs, and serve the same paths.
    running::update(&running, &[("Endpoint", "function-url")]).await;
    let urls = described(&cloudformation).await;
    for provider in providers::ALL {
        let url = &urls[&format!("{}WebhookUrl", provider.logical_id())];
        assert!(url.contains(".lambda-url."), "{url}");
        let body = payment(provider);
        deliver_to(outputs.public(url), provider, &body, 200).await;
        finished(&running, provider, &resource_id(provider, &body)).await;
        let (client, api) = outputs.webhook(provider);
        let forged = Post::signed(provider, body.as_bytes()).without(signature_header(provider));
        assert_eq!(
            forged.send(&client, &api).await.status(),
            401,
            "the API's own URL answers too"
        );
    }

    // Deleted: only tables, queues and secrets are retained, with their content.
    let before = (
        count(&running, "LedgerTableName").await,
        count(&running, "PaymentsTableName").await,
    );
    assert_eq!(before, (9, 7), "events and payments");
    let id = described_id(&cloudformation).await;
    cloudformation.delete_stack().stack_name(STACK).send().await.unwrap();
    let deleted = eventually("the deletion", async || {
        let stacks = cloudformation.describe_stacks().stack_name(&id).send().await.unwrap();
        let status = stacks.stacks()[0].stack_status().unwrap().as_str().to_owned();
        (status != "DELETE_IN_PROGRESS").then_some(status)
    });
    assert_eq!(deleted.await, "DELETE_COMPLETE");
    for (name, value) in &ours {
        let retained = ["TableName", "QueueUrl", "SecretId", "SecretFormat"]
            .iter()
            .any(|end| name.ends_with(end));
        assert_eq!(outputs.exists(name, value).await, retained, "{name} is {value}");
    }
    let after = (
        count(&running, "LedgerTableName").await,
        count(&running, "PaymentsTableName").await,
    );
    assert_eq!(after, before);
    stack.stop().await;
}

/// Posts a payload without its signature, and with it, to the URL that the provider is given.
async fn deliver(outputs: &Outputs, provider: &'static Provider, body: &str, answer: u16) {
    deliver_to(outputs.webhook(provider), provider, body, answer).await;
}

async fn deliver_to((client, url): (reqwest::Client, String), provider: &'static Provider, body: &str, answer: u16) {
    let post = || Post::signed(provider, body.as_bytes());
    let refused = post().without(signature_header(provider)).send(&client, &url).await;
    assert_eq!(refused.status(), 401, "{url}");
    assert_eq!(post().send(&client, &url).await.status(), answer, "{url}");
    let account = format!("{url}/nobody");
    assert_eq!(post().send(&client, &account).await.status(), 404, "{account}");
}

/// The record of a resource, once it is completed or rejected.
async fn finished(running: &Running, provider: &Provider, id: &str) -> Record {
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
