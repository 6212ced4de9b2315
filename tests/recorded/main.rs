//! What the functions call of AWS, recorded over an event's whole life, against what their roles
//! grant and what the documentation says that it costs.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests fail by panicking"
)]

mod audit;
mod capacity;
mod cost;
mod grants;
mod life;
mod recorder;
mod stack;

use std::collections::{BTreeMap, BTreeSet};

use acuse_cli::local::Checkout;

use audit::{Finding, audit};
use grants::{Grant, has_own_role, of_functions};
use life::life;

/// Parameters that make every statement of the template count.
const EVERYTHING: [(&str, &str); 2] = [
    ("EventBusName", life::BUS),
    ("KmsKeyArn", "arn:aws:kms:us-east-1:000000000000:key/own"),
];

#[tokio::test(flavor = "multi_thread")]
async fn every_role_grants_what_its_function_calls_and_nothing_else() {
    let life = life().await;
    let granted = of_functions(&life.template, &EVERYTHING);
    let mut called: BTreeMap<&str, BTreeSet<Grant>> = BTreeMap::new();
    for call in life.calls() {
        let asks = call
            .asks
            .iter()
            .map(|(action, name)| (action.clone(), life.logical(name)));
        called.entry(&call.function).or_default().extend(asks);
    }
    assert!(granted.keys().eq(called.keys()), "calls of {:?}", called.keys());
    for (function, granted) in &granted {
        let findings: Vec<Finding> = audit(granted, &called[function.as_str()]);
        assert_eq!(findings, [], "{function}");
    }
    // And the other way round: where nothing is published, nothing may be.
    let quiet = of_functions(&life.template, &[]);
    let more = granted["ConsumerFunction"].difference(&quiet["ConsumerFunction"]);
    let more: Vec<_> = more.filter(|(action, _)| !action.starts_with("kms:")).collect();
    assert_eq!(
        more,
        [&("events:PutEvents".to_owned(), format!("event-bus/{}", life::BUS))]
    );
}

#[test]
fn a_door_may_send_and_read_its_own_secret_and_the_consumer_reads_none() {
    let template = Checkout::find().unwrap().read_template().unwrap();
    for parameters in [&[][..], &EVERYTHING[..]] {
        for (function, granted) in of_functions(&template, parameters) {
            let of = |action: &str| -> BTreeSet<&str> {
                let grants = granted.iter().filter(|(own, _)| own == action);
                grants.map(|(_, resource)| resource.as_str()).collect()
            };
            if function == "ConsumerFunction" {
                assert_eq!(of("secretsmanager:GetSecretValue"), BTreeSet::new());
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
            // With a key of one's own, SQS and Secrets Manager ask for it in the verifier's name.
            let known = [
                "sqs:SendMessage",
                "secretsmanager:GetSecretValue",
                "kms:Decrypt",
                "kms:GenerateDataKey",
            ];
            let by_lambda = |action: &str| action.starts_with("logs:") || action.starts_with("xray:");
            let more = granted
                .iter()
                .filter(|(action, _)| !known.contains(&action.as_str()) && !by_lambda(action));
            let more: Vec<_> = more.collect();
            assert_eq!(more, Vec::<&Grant>::new(), "{function}");
        }
    }
}

/// What SAM adds to policies that the template does not put in a role of its own: known, and no
/// more than that. To a role of the template's own, nothing.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_attached_besides_is_known() {
    let life = life().await;
    for (function, attached) in &life.attached {
        let mut known = BTreeSet::new();
        if !has_own_role(&life.template, function) {
            known.extend(["AWSLambdaBasicExecutionRole", "AWSXrayWriteOnlyAccess"]);
            if function == "ConsumerFunction" {
                // For its event source: receive and delete, on every queue of the account.
                known.insert("AWSLambdaSQSQueueExecutionRole");
            }
        }
        let attached: BTreeSet<&str> = attached.iter().map(String::as_str).collect();
        assert_eq!(attached, known, "{function}");
    }
}
