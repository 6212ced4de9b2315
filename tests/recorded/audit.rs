//! What a role grants against what its function calls.

use std::collections::BTreeSet;
use std::fmt;

use acuse_tests::template::POLICY;

use crate::grants::{Grant, Grants};

/// What Lambda and other services do with a function's role, so that the function itself makes no such call:
/// the action, and who performs it.
pub(crate) const BY_OTHERS: [(&str, &str); 9] = [
    ("sqs:ReceiveMessage", "Lambda polls the queue for the consumer"),
    ("sqs:DeleteMessage", "Lambda deletes what the consumer has done"),
    ("sqs:GetQueueAttributes", "Lambda reads the attributes of the queue"),
    (
        "kms:Decrypt",
        "SQS, DynamoDB and Secrets Manager decrypt with the caller's permission",
    ),
    ("kms:GenerateDataKey", "SQS encrypts with the caller's permission"),
    ("logs:CreateLogStream", "Lambda writes what a function prints"),
    ("logs:PutLogEvents", "Lambda writes what a function prints"),
    ("xray:PutTraceSegments", "Lambda traces the invocation"),
    ("xray:PutTelemetryRecords", "Lambda traces the invocation"),
];

/// What is wrong with a role. What the owner's policy grants beyond the recorded calls is the owner's decision.
#[derive(PartialEq, Eq)]
pub(crate) enum Finding {
    /// Called but not granted: it fails on AWS.
    Missing(Grant),
    /// Granted by us but never called: it should not be granted.
    Unused(Grant),
    /// Granted by us on every resource, or with every action of a service.
    Wide(Grant),
}

/// Compares what a role grants with what its function called.
pub(crate) fn audit(granted: &Grants, called: &BTreeSet<Grant>) -> Vec<Finding> {
    let by_others = |grant: &&Grant| BY_OTHERS.iter().any(|(action, _)| *action == grant.0);
    // X-Ray's actions take no resource.
    let wide = |grant: &&Grant| {
        let everywhere = grant.1.contains('*') && !grant.0.starts_with("xray:Put");
        grant.0.contains('*') || everywhere
    };
    let missing = called
        .iter()
        .filter(|call| !granted.ours.contains(call) && !granted.yours.iter().any(|grant| allows(grant, call)));
    let unused = granted
        .ours
        .difference(called)
        .filter(|grant| !by_others(grant) && !wide(grant));
    let wide = granted.ours.iter().filter(wide);
    let missing = missing.cloned().map(Finding::Missing);
    let unused = unused.cloned().map(Finding::Unused);
    missing.chain(unused).chain(wide.cloned().map(Finding::Wide)).collect()
}

/// Whether a statement of the owner's allows `call`, as far as the recording shows: the owner may use wildcards and
/// ARNs of any form, and of a service that Acuse does not use neither the resource nor every operation is known.
fn allows(grant: &Grant, call: &Grant) -> bool {
    let service = |action: &str| action.split(':').next().unwrap_or_default().to_owned();
    let action = match grant.0.strip_suffix('*') {
        Some(start) => call.0.starts_with(start),
        None => grant.0 == call.0,
    };
    let unknown = call.0.ends_with(":*") && service(&grant.0) == service(&call.0);
    (action || unknown) && (grant.1.contains('*') || grant.1.contains(&call.1))
}

impl fmt::Debug for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing((action, resource)) => {
                let resource = if resource.is_empty() { "…" } else { resource };
                write!(
                    f,
                    "the function calls {action} on {resource}, and its role does not allow it. If a hook of yours \
                     makes this call, add to the policy `{POLICY}` of ConsumerRole in template.yaml (docs/hooks.md, \
                     \"Tables, permissions and variables\"):\n\n    - Effect: Allow\n      \
                     Action: {action}\n      Resource: !GetAtt {resource}.Arn\n"
                )
            }
            Self::Unused((action, resource)) => write!(f, "{action} on {resource} is granted but never called"),
            Self::Wide((action, resource)) => write!(f, "{action} on {resource} grants too much"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grant(action: &str, resource: &str) -> Grant {
        (action.to_owned(), resource.to_owned())
    }

    #[test]
    fn missing_unused_and_wide_grants_are_found() {
        let send = grant("sqs:SendMessage", "EventQueue");
        let read = grant("secretsmanager:GetSecretValue", "KuentaSecret");
        let receive = grant("sqs:ReceiveMessage", "EventQueue");
        let called = BTreeSet::from([send.clone(), read.clone()]);
        let mut granted = Grants {
            ours: BTreeSet::from([send.clone(), read.clone(), receive]),
            yours: BTreeSet::new(),
        };
        assert_eq!(audit(&granted, &called), []);

        granted.ours.remove(&read);
        assert_eq!(audit(&granted, &called), [Finding::Missing(read.clone())]);
        // The same action on another resource does not count.
        let elsewhere = grant("secretsmanager:GetSecretValue", "OnepaySecret");
        granted.ours.insert(elsewhere.clone());
        assert_eq!(
            audit(&granted, &called),
            [Finding::Missing(read.clone()), Finding::Unused(elsewhere.clone())]
        );
        granted.ours.remove(&elsewhere);
        for wide in [
            grant("secretsmanager:*", "KuentaSecret"),
            grant("secretsmanager:GetSecretValue", "*"),
        ] {
            granted.ours.insert(wide.clone());
            assert_eq!(
                audit(&granted, &called),
                [Finding::Missing(read.clone()), Finding::Wide(wide.clone())]
            );
            granted.ours.remove(&wide);
        }
    }

    #[test]
    fn the_owners_grants_count_and_may_be_wide_or_unused() {
        let update = grant("dynamodb:UpdateItem", "OrdersTable");
        let called = BTreeSet::from([update.clone()]);
        let with = |yours: Grant| Grants {
            ours: BTreeSet::new(),
            yours: BTreeSet::from([yours]),
        };
        for enough in [
            update.clone(),
            grant("dynamodb:*", "OrdersTable"),
            grant("dynamodb:UpdateItem", "*"),
            grant("dynamodb:UpdateItem", "table/${OrdersTable}"),
        ] {
            assert_eq!(audit(&with(enough), &called), []);
        }
        for another in [
            grant("dynamodb:PutItem", "OrdersTable"),
            grant("dynamodb:UpdateItem", "CustomersTable"),
            grant("s3:GetObject", "*"),
        ] {
            assert_eq!(audit(&with(another), &called), [Finding::Missing(update.clone())]);
        }
        // A service that the recorder can't read.
        let upload = BTreeSet::from([grant("s3:*", "")]);
        assert_eq!(audit(&with(grant("s3:PutObject", "receipts/*")), &upload), []);
        assert_eq!(audit(&with(update), &upload).len(), 1);
    }

    #[test]
    fn a_missing_grant_is_reported_with_the_statement_to_add() {
        let finding = Finding::Missing(grant("dynamodb:PutItem", "OrdersTable"));
        assert_eq!(
            format!("{finding:?}"),
            "the function calls dynamodb:PutItem on OrdersTable, and its role does not allow it. If a hook of yours \
             makes this call, add to the policy `hooks` of ConsumerRole in template.yaml (docs/hooks.md, \
             \"Tables, permissions and variables\"):\n\n    - Effect: Allow\n      \
             Action: dynamodb:PutItem\n      Resource: !GetAtt OrdersTable.Arn\n"
        );
    }
}
