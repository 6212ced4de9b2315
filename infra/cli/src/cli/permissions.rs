//! What each command calls of AWS, against the policies in infra/iam.
//!
//! A command that is new here needs a row: the tests find it missing.

use std::collections::{BTreeMap, BTreeSet};

use clap::CommandFactory;
use serde_json::Value;

use super::Cli;

const POLICIES: &str = include_str!("../../../iam/policies.json");

/// Policies in the order in which each adds to the one before.
const LEVELS: [&str; 3] = ["Read", "Operate", "Administer"];

/// Each finds its stack.
const STACK: &[&str] = &["cloudformation:DescribeStacks stack"];
/// Reads events, and what destinations are owed of them.
const EVENTS: &[&str] = &[
    "dynamodb:GetItem LedgerTable",
    "dynamodb:BatchGetItem LedgerTable",
    "dynamodb:Query LedgerTable",
    "dynamodb:Query LedgerTable/index",
];
/// Looks into quarantine and dead letters, and shows them again.
const QUEUES: &[&str] = &[
    "sqs:GetQueueAttributes DeadLetterQueue",
    "sqs:GetQueueAttributes QuarantineQueue",
    "sqs:ReceiveMessage DeadLetterQueue",
    "sqs:ReceiveMessage QuarantineQueue",
    "sqs:ChangeMessageVisibility DeadLetterQueue",
    "sqs:ChangeMessageVisibility QuarantineQueue",
];
const AUDIT: &[&str] = &["dynamodb:PutItem LedgerTable", "dynamodb:UpdateItem LedgerTable"];
const READS_SECRETS: &[&str] = &["secretsmanager:GetSecretValue secrets"];
const SENDS: &[&str] = &["sqs:SendMessage EventQueue"];
const HINTS: &[&str] = &["sqs:SendMessage DestinationQueue"];
const DELETES: &[&str] = &["sqs:DeleteMessage DeadLetterQueue", "sqs:DeleteMessage QuarantineQueue"];
const WRITES_SECRETS: &[&str] = &[
    "secretsmanager:PutSecretValue secrets",
    "secretsmanager:UpdateSecretVersionStage secrets",
];
const CHECKS: &[&str] = &[
    "cloudformation:DescribeStackResources stack",
    "cloudwatch:DescribeAlarms alarms",
    "sns:ListSubscriptionsByTopic AlarmTopic",
    "sqs:GetQueueAttributes EventQueue",
    "sqs:GetQueueAttributes DestinationQueue",
    "sqs:GetQueueAttributes DestinationDeadLetterQueue",
];
const DEPTH: &[&str] = &["sqs:GetQueueAttributes EventQueue"];
const DEPTHS: &[&str] = &[
    "sqs:GetQueueAttributes EventQueue",
    "sqs:GetQueueAttributes DeadLetterQueue",
    "sqs:GetQueueAttributes QuarantineQueue",
    "sqs:GetQueueAttributes DestinationQueue",
];
const PUBLISHES: &[&str] = &["sns:Publish SummaryTopic"];
const LOGS: &[&str] = &["cloudformation:ListStackResources stack", "logs:FilterLogEvents logs"];

/// Each command of a stack, the policy from which on it works, and its calls.
const COMMANDS: &[(&str, &str, &[&[&str]])] = &[
    ("audit list", "Read", &[EVENTS]),
    ("balance", "Operate", &[EVENTS, QUEUES, LOGS, DEPTH]),
    ("dlq drop", "Operate", &[EVENTS, QUEUES, AUDIT, DELETES]),
    ("dlq list", "Read", &[EVENTS, QUEUES]),
    (
        "dlq redrive",
        "Operate",
        &[EVENTS, QUEUES, AUDIT, READS_SECRETS, SENDS, DELETES],
    ),
    ("dlq show", "Read", &[EVENTS, QUEUES]),
    (
        "destinations add",
        "Administer",
        &[EVENTS, AUDIT, READS_SECRETS, WRITES_SECRETS],
    ),
    ("destinations list", "Operate", &[EVENTS, READS_SECRETS]),
    ("destinations owed", "Operate", &[EVENTS, READS_SECRETS]),
    ("destinations pause", "Operate", &[EVENTS, AUDIT, READS_SECRETS]),
    (
        "destinations remove",
        "Administer",
        &[EVENTS, AUDIT, READS_SECRETS, WRITES_SECRETS],
    ),
    // One that the configuration pauses is resumed there, by whoever administers.
    ("destinations resume", "Operate", &[EVENTS, AUDIT, READS_SECRETS, HINTS]),
    ("destinations retry", "Operate", &[EVENTS, AUDIT, READS_SECRETS, HINTS]),
    (
        "destinations rotate",
        "Administer",
        &[AUDIT, READS_SECRETS, WRITES_SECRETS],
    ),
    ("destinations test", "Operate", &[READS_SECRETS]),
    (
        "destinations update",
        "Administer",
        &[AUDIT, READS_SECRETS, WRITES_SECRETS],
    ),
    ("doctor", "Operate", &[EVENTS, QUEUES, READS_SECRETS, CHECKS]),
    ("events dismiss", "Operate", &[EVENTS, AUDIT]),
    ("events erase", "Operate", &[EVENTS, QUEUES, AUDIT, READS_SECRETS]),
    ("events export", "Read", &[EVENTS]),
    ("events list", "Read", &[EVENTS]),
    ("events release", "Operate", &[EVENTS, AUDIT, READS_SECRETS, SENDS]),
    ("events replay", "Operate", &[EVENTS, AUDIT, READS_SECRETS, SENDS]),
    // Other accounts than the default one are in secrets: without them, `--account` names one.
    ("events show", "Read", &[EVENTS, QUEUES]),
    ("events tail", "Read", &[EVENTS]),
    (
        "inspect",
        "Operate",
        &[EVENTS, QUEUES, AUDIT, READS_SECRETS, SENDS, DELETES, LOGS, DEPTH],
    ),
    ("kuenta webhooks check", "Operate", &[EVENTS, AUDIT, READS_SECRETS]),
    (
        "kuenta webhooks create",
        "Administer",
        &[AUDIT, READS_SECRETS, WRITES_SECRETS],
    ),
    ("listen", "Read", &[EVENTS]),
    ("logs", "Read", &[LOGS]),
    ("onepay webhooks check", "Operate", &[EVENTS, AUDIT, READS_SECRETS]),
    (
        "onepay webhooks create",
        "Administer",
        &[AUDIT, READS_SECRETS, WRITES_SECRETS],
    ),
    ("quarantine diagnose", "Operate", &[QUEUES, READS_SECRETS]),
    ("quarantine list", "Read", &[QUEUES]),
    ("quarantine purge", "Operate", &[QUEUES, AUDIT, READS_SECRETS, DELETES]),
    (
        "quarantine release",
        "Operate",
        &[QUEUES, AUDIT, READS_SECRETS, SENDS, DELETES],
    ),
    ("quarantine show", "Read", &[QUEUES]),
    ("reconcile", "Operate", &[EVENTS, AUDIT, READS_SECRETS, SENDS]),
    (
        "register",
        "Administer",
        &[EVENTS, QUEUES, AUDIT, READS_SECRETS, WRITES_SECRETS],
    ),
    ("secrets bind", "Administer", &[AUDIT, READS_SECRETS, WRITES_SECRETS]),
    ("secrets list", "Operate", &[EVENTS, READS_SECRETS]),
    ("secrets put", "Administer", &[AUDIT, READS_SECRETS, WRITES_SECRETS]),
    (
        "secrets remove",
        "Administer",
        &[EVENTS, AUDIT, READS_SECRETS, WRITES_SECRETS],
    ),
    ("secrets rotate", "Administer", &[AUDIT, READS_SECRETS, WRITES_SECRETS]),
    ("send", "Operate", &[EVENTS, READS_SECRETS]),
    ("summary", "Operate", &[EVENTS, DEPTHS, PUBLISHES]),
];

/// An action and its resource, as in the table.
type Calls = BTreeSet<String>;

fn calls(parts: &[&[&str]]) -> Calls {
    let parts = parts.iter().copied().chain([STACK]);
    parts.flatten().map(|call| (*call).to_owned()).collect()
}

/// What each policy grants.
fn granted() -> BTreeMap<String, Calls> {
    let json: Value = serde_json::from_str(POLICIES).unwrap();
    let policies = json["Resources"].as_object().unwrap().iter();
    let policies = policies.map(|(name, policy)| {
        let mut grants = Calls::new();
        for statement in list(&policy["Properties"]["PolicyDocument"]["Statement"]) {
            // Decrypting with the owner's key is what the services do with the caller's permission.
            let Some(resources) = statement.get("Resource") else {
                continue;
            };
            assert_eq!(statement["Effect"], "Allow");
            for action in list(&statement["Action"]) {
                for resource in list(resources) {
                    grants.insert(format!("{} {}", action.as_str().unwrap(), name_of(resource, statement)));
                }
            }
        }
        (name.clone(), grants)
    });
    policies.collect()
}

/// The logical id in `arn:…:${Stack}-EventQueue-*`, or what the table calls a resource without one.
fn name_of(resource: &Value, statement: &Value) -> String {
    let arn = resource["Fn::Sub"].as_str().unwrap();
    let service = arn.split(':').nth(4).unwrap();
    match service {
        "cloudformation" => "stack".to_owned(),
        "cloudwatch" => "alarms".to_owned(),
        "logs" => "logs".to_owned(),
        "secretsmanager" => {
            let tag = &statement["Condition"]["StringEquals"]["aws:ResourceTag/aws:cloudformation:stack-name"];
            assert_eq!(tag["Ref"], "Stack", "only this stack's secrets");
            "secrets".to_owned()
        }
        _ => {
            let (_, name) = arn.split_once("${Stack}-").unwrap();
            let index = if name.ends_with("/index/*") { "/index" } else { "" };
            format!("{}{index}", name.split('-').next().unwrap())
        }
    }
}

fn list(value: &Value) -> Vec<&Value> {
    value
        .as_array()
        .map_or_else(|| vec![value], |items| items.iter().collect())
}

/// The commands that work on a stack, by what follows `acuse`.
fn commands(command: &clap::Command, name: &str, found: &mut BTreeSet<String>) {
    for own in command.get_subcommands() {
        let name = format!("{name} {}", own.get_name()).trim().to_owned();
        if own.get_arguments().any(|argument| argument.get_id() == "stack") {
            found.insert(name.clone());
        }
        commands(own, &name, found);
    }
}

#[test]
fn every_command_of_a_stack_says_what_it_calls() {
    let mut found = BTreeSet::new();
    commands(&Cli::command(), "", &mut found);
    let known: BTreeSet<String> = COMMANDS.iter().map(|(name, ..)| (*name).to_owned()).collect();
    assert_eq!(found, known);
}

#[test]
fn each_policy_allows_its_commands_and_nothing_else() {
    let granted = granted();
    let mut allowed = Calls::new();
    for level in LEVELS {
        let more = &granted[level];
        assert!(allowed.is_disjoint(more), "{level} repeats what comes before it");
        allowed.extend(more.iter().cloned());
        let commands = COMMANDS.iter().filter(|(_, own, _)| *own == level);
        let mut used = Calls::new();
        for (name, _, parts) in commands {
            let calls = calls(parts);
            let missing: Vec<_> = calls.difference(&allowed).collect();
            assert!(missing.is_empty(), "{level} does not allow `acuse {name}`: {missing:?}");
            used.extend(calls);
        }
        let unused: Vec<_> = more.difference(&used).collect();
        assert!(unused.is_empty(), "no command at {level} uses {unused:?}");
    }
    assert_eq!(granted.len(), LEVELS.len());
}

#[test]
fn reading_neither_changes_anything_nor_reads_a_secret() {
    for call in &granted()["Read"] {
        let (_, verb) = call.split_once(':').unwrap();
        let reads = [
            "Get",
            "Batch",
            "Query",
            "Describe",
            "List",
            "Filter",
            "Receive",
            "ChangeMessageVisibility",
        ];
        assert!(reads.iter().any(|read| verb.starts_with(read)), "{call}");
        assert!(!call.starts_with("secretsmanager:"), "{call}");
    }
}

#[test]
fn no_policy_has_a_wildcard_for_actions_or_for_every_resource() {
    for call in granted().values().flatten() {
        assert!(!call.contains('*'), "{call}");
    }
}
