//! Grants against calls.

use std::collections::BTreeSet;

use crate::grants::Grant;

/// What Lambda and other services do by a function's role, so that no call of the function's own
/// is seen: the actions, and who makes them.
pub(crate) const BY_OTHERS: [(&str, &str); 9] = [
    ("sqs:ReceiveMessage", "Lambda polls the queue for the consumer"),
    ("sqs:DeleteMessage", "Lambda deletes what the consumer has done"),
    ("sqs:GetQueueAttributes", "Lambda looks at the queue that it polls"),
    (
        "kms:Decrypt",
        "SQS, DynamoDB and Secrets Manager open with the caller's permission",
    ),
    ("kms:GenerateDataKey", "SQS encrypts with the caller's permission"),
    ("logs:CreateLogStream", "Lambda writes what a function prints"),
    ("logs:PutLogEvents", "Lambda writes what a function prints"),
    ("xray:PutTraceSegments", "Lambda traces the invocation"),
    ("xray:PutTelemetryRecords", "Lambda traces the invocation"),
];

/// What is wrong with a role.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Finding {
    /// Called, and not granted: it fails on AWS.
    Missing(Grant),
    /// Granted, and called by nobody: it should not be granted.
    Unused(Grant),
    /// Granted on everything, or everything of a service.
    Wide(Grant),
}

/// Compares what a role grants with what was called by it.
pub(crate) fn audit(granted: &BTreeSet<Grant>, called: &BTreeSet<Grant>) -> Vec<Finding> {
    let by_others = |grant: &&Grant| BY_OTHERS.iter().any(|(action, _)| *action == grant.0);
    // X-Ray's actions know no resources.
    let wide = |grant: &&Grant| {
        let everywhere = grant.1.contains('*') && !grant.0.starts_with("xray:Put");
        grant.0.contains('*') || everywhere
    };
    let missing = called.difference(granted).cloned().map(Finding::Missing);
    let unused = granted
        .difference(called)
        .filter(|grant| !by_others(grant) && !wide(grant));
    let unused = unused.cloned().map(Finding::Unused);
    let wide = granted.iter().filter(wide).cloned().map(Finding::Wide);
    missing.chain(unused).chain(wide).collect()
}

#[test]
fn an_audit_finds_what_is_missing_unused_and_wide() {
    let grant = |action: &str, resource: &str| (action.to_owned(), resource.to_owned());
    let send = grant("sqs:SendMessage", "EventQueue");
    let read = grant("secretsmanager:GetSecretValue", "KuentaSecret");
    let receive = grant("sqs:ReceiveMessage", "EventQueue");
    let called = BTreeSet::from([send.clone(), read.clone()]);
    let mut granted = BTreeSet::from([send.clone(), read.clone(), receive]);
    assert_eq!(audit(&granted, &called), []);

    granted.remove(&read);
    assert_eq!(audit(&granted, &called), [Finding::Missing(read.clone())]);
    // On another resource it is not the same.
    let elsewhere = grant("secretsmanager:GetSecretValue", "OnepaySecret");
    granted.insert(elsewhere.clone());
    assert_eq!(
        audit(&granted, &called),
        [Finding::Missing(read.clone()), Finding::Unused(elsewhere.clone())]
    );
    granted.remove(&elsewhere);
    for wide in [
        grant("secretsmanager:*", "KuentaSecret"),
        grant("secretsmanager:GetSecretValue", "*"),
    ] {
        granted.insert(wide.clone());
        assert_eq!(
            audit(&granted, &called),
            [Finding::Missing(read.clone()), Finding::Wide(wide.clone())]
        );
        granted.remove(&wide);
    }
}
