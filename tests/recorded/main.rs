//! What the functions call of AWS over the life of an event, compared with what their roles grant.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests fail by panicking"
)]

mod audit;
mod grants;

use std::collections::{BTreeMap, BTreeSet};

use acuse_core::providers;
use acuse_tests::recording::hooks::calls_of_all_hooks;
use acuse_tests::recording::life::{BUS, life};
use acuse_tests::template;
use serde_json::Value;

use audit::{Finding, audit};
use grants::{Grant, of_functions};

/// The stack's files.
const STATE: &str = concat!(env!("CARGO_TARGET_TMPDIR"), "/recorded");

/// Parameters under which every statement of the template applies.
const EVERYTHING: [(&str, &str); 3] = [
    ("Destinations", "true"),
    ("EventBusName", BUS),
    ("KmsKeyArn", "arn:aws:kms:us-east-1:000000000000:key/own"),
];

/// The functions that are ours. Those that an owner adds are not recorded.
fn functions() -> BTreeSet<String> {
    of_functions(&template::ours(), &[]).into_keys().collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_role_grants_what_its_function_calls_and_nothing_else() {
    let life = life(STATE).await;
    let granted = of_functions(&template::whole(), &EVERYTHING);
    let mut called: BTreeMap<&str, BTreeSet<Grant>> = BTreeMap::new();
    for call in life.calls() {
        let asks = call
            .asks
            .iter()
            .map(|(action, name)| (action.clone(), life.logical(name)));
        called.entry(&call.function).or_default().extend(asks);
    }
    assert!(functions().iter().eq(called.keys()), "calls of {:?}", called.keys());
    for (function, called) in called {
        let findings: Vec<Finding> = audit(&granted[function], &called);
        assert!(findings.is_empty(), "{function}: {findings:#?}");
    }
}

/// The samples show what a hook calls for them. Grants that it does not need for these are its owner's business.
#[tokio::test(flavor = "multi_thread")]
async fn the_consumers_role_allows_what_your_hooks_call() {
    let called = calls_of_all_hooks(concat!(env!("CARGO_TARGET_TMPDIR"), "/your-hooks")).await;
    let granted = of_functions(&template::whole(), &EVERYTHING);
    let findings = audit(&granted["ConsumerFunction"], &called);
    let missing = |finding: &Finding| matches!(finding, Finding::Missing(_));
    let missing: Vec<Finding> = findings.into_iter().filter(missing).collect();
    assert!(missing.is_empty(), "{missing:#?}");
}

#[test]
fn a_consumer_may_neither_publish_nor_deliver_if_nobody_wants_that() {
    let consumer = |given| {
        of_functions(&template::ours(), given)
            .remove("ConsumerFunction")
            .unwrap()
    };
    let (everything, defaults) = (consumer(&EVERYTHING[..]), consumer(&[]));
    let more = everything.ours.difference(&defaults.ours);
    let more: Vec<_> = more.filter(|(action, _)| !action.starts_with("kms:")).collect();
    let grant = |action: &str, resource: &str| (action.to_owned(), resource.to_owned());
    assert_eq!(
        more,
        [
            &grant("dynamodb:PutItem", "LedgerTable"),
            &grant("events:PutEvents", &format!("event-bus/{BUS}")),
            &grant("secretsmanager:GetSecretValue", "DestinationsSecret"),
            &grant("sqs:SendMessage", "DestinationQueue"),
        ]
    );
}

#[test]
fn a_verify_function_may_send_and_read_its_own_secret_and_the_consumer_reads_none() {
    let template = template::ours();
    for parameters in [&[][..], &EVERYTHING[..]] {
        for (function, granted) in of_functions(&template, parameters) {
            let of = |action: &str| -> BTreeSet<&str> {
                let grants = granted.ours.iter().filter(|(own, _)| own == action);
                grants.map(|(_, resource)| resource.as_str()).collect()
            };
            // These two read the destinations, and no provider's secret.
            if ["ConsumerFunction", "DestinationsFunction"].contains(&function.as_str()) {
                let secrets = of("secretsmanager:GetSecretValue");
                assert!(
                    secrets.is_empty() || secrets == BTreeSet::from(["DestinationsSecret"]),
                    "{function}"
                );
                assert!(function != "ConsumerFunction" || !parameters.is_empty() || secrets.is_empty());
                continue;
            }
            if ["EndpointsFunction", "SummaryFunction"].contains(&function.as_str()) {
                continue;
            }
            let secret = function.replace("Function", "Secret");
            assert_eq!(
                of("sqs:SendMessage"),
                BTreeSet::from(["EventQueue", "QuarantineQueue"]),
                "{function}"
            );
            assert_eq!(
                of("secretsmanager:GetSecretValue"),
                BTreeSet::from([secret.as_str()]),
                "{function}"
            );
            // SQS and Secrets Manager use the owner's KMS key with the function's permission.
            let known = [
                "sqs:SendMessage",
                "secretsmanager:GetSecretValue",
                "kms:Decrypt",
                "kms:GenerateDataKey",
            ];
            let by_lambda = |action: &str| action.starts_with("logs:") || action.starts_with("xray:");
            let more = granted
                .ours
                .iter()
                .filter(|(action, _)| !known.contains(&action.as_str()) && !by_lambda(action));
            let more: Vec<_> = more.collect();
            assert_eq!(more, Vec::<&Grant>::new(), "{function}");
        }
    }
}

/// What a function may do, beside what all may.
fn own_grants(function: &str) -> Vec<String> {
    let granted = of_functions(&template::ours(), &EVERYTHING).remove(function).unwrap();
    let by_others = |action: &str| {
        ["kms:", "logs:", "xray:"]
            .iter()
            .any(|service| action.starts_with(service))
    };
    let own = granted.ours.iter().filter(|(action, _)| !by_others(action));
    own.map(|(action, resource)| format!("{action} {resource}")).collect()
}

#[test]
fn the_function_that_watches_webhooks_reads_its_own_secret() {
    let own = own_grants("EndpointsFunction");
    assert_eq!(own, ["secretsmanager:GetSecretValue EndpointsSecret"]);
}

#[test]
fn the_summary_reads_the_index_and_the_lengths_of_queues_and_publishes() {
    assert_eq!(
        own_grants("SummaryFunction"),
        [
            "dynamodb:GetItem LedgerTable",
            "dynamodb:Query LedgerTable/index/by-day",
            "sns:Publish SummaryTopic",
            "sqs:GetQueueAttributes DeadLetterQueue",
            "sqs:GetQueueAttributes DestinationQueue",
            "sqs:GetQueueAttributes EventQueue",
            "sqs:GetQueueAttributes QuarantineQueue",
        ]
    );
}

/// The template repeats these resources for each provider, and nothing but the name may differ.
#[test]
fn the_resources_of_all_providers_are_the_same_but_for_the_name() {
    let template = template::ours();
    let resources = template["Resources"].as_object().unwrap();
    let of = |provider: &str| -> BTreeMap<String, Value> {
        let own = |text: &str| {
            let lower = text.to_lowercase();
            lower.replace(provider, "provider")
        };
        let resources = resources
            .iter()
            .filter(|(name, _)| name.to_lowercase().starts_with(provider));
        // A secret's description says where the provider shows its secrets.
        let resources = resources.filter(|(name, _)| !name.ends_with("Secret"));
        let parsed = |(name, resource): (&String, &Value)| {
            (own(name), serde_json::from_str(&own(&resource.to_string())).unwrap())
        };
        resources.map(parsed).collect()
    };
    let first = of(providers::ALL.names().next().unwrap());
    assert_eq!(first.len(), 9, "{:?}", first.keys());
    for provider in providers::ALL {
        assert_eq!(of(provider.name), first, "{}", provider.name);
    }
}

/// A role has no permissions beyond those that the template lists.
#[tokio::test(flavor = "multi_thread")]
async fn no_managed_policy_is_attached() {
    for (function, attached) in &life(STATE).await.attached {
        assert_eq!(attached, &BTreeSet::new(), "{function}");
    }
}
