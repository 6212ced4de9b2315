//! Whether the functions differ from the deployed template.

use acuse_core::error::chain;
use aws_sdk_cloudformation::types::{PropertyDifference, StackResourceDrift, StackResourceDriftStatus};

use super::{Checked, Problem, Resources, of_type};
use crate::stack::target::Target;

/// The property path of a function's environment variables.
const VARIABLES: &str = "/Environment/Variables/";

/// Runs CloudFormation's drift detection on each function. It compares the deployed template, with its parameters, with
/// Lambda's configuration, so it finds variables and memory that somebody changed by hand.
pub(super) async fn functions(target: &Target, resources: &Resources) -> Checked {
    let functions = of_type(resources, "AWS::Lambda::Function")?;
    if target.is_local() {
        return Ok("not checked: the emulator has no drift detection".to_owned());
    }
    let client = aws_sdk_cloudformation::Client::new(&target.sdk);
    let mut compared = Vec::new();
    for (name, _) in functions {
        let detect = client.detect_stack_resource_drift().stack_name(target.name());
        let detected = detect.logical_resource_id(name).send().await;
        let detected = detected.map_err(|error| chain(&error));
        compared.push((name, detected.map(|detected| detected.stack_resource_drift)));
    }
    judged(&compared)
}

/// A function, and what CloudFormation found or why it could not check.
type Compared<'a> = (&'a str, Result<Option<StackResourceDrift>, String>);

fn judged(compared: &[Compared<'_>]) -> Checked {
    let (mut wrong, mut not_checked) = (Vec::new(), Vec::new());
    for (name, drift) in compared {
        let status = drift
            .as_ref()
            .map(|drift| drift.as_ref()?.stack_resource_drift_status());
        match status {
            Ok(Some(StackResourceDriftStatus::InSync)) => {}
            Ok(Some(StackResourceDriftStatus::Deleted)) => wrong.push(format!("{name} was deleted")),
            Ok(Some(StackResourceDriftStatus::Modified)) => {
                let differences = drift
                    .iter()
                    .flatten()
                    .flat_map(StackResourceDrift::property_differences);
                wrong.extend(differences.map(|difference| described(name, difference)));
            }
            Ok(_) => not_checked.push(format!("{name}: CloudFormation does not say")),
            Err(why) => not_checked.push(format!("{name}: {why}")),
        }
    }
    match (wrong.as_slice(), not_checked.as_slice()) {
        ([], []) => Ok(format!("{} as in the template", compared.len())),
        ([], not_checked) => Ok(format!("not checked: {}", not_checked.join("; "))),
        (wrong, _) => Err(Problem(format!(
            "different from the template: {}. Change them back, or deploy the template again",
            wrong.join("; ")
        ))),
    }
}

/// Only names of tables are printed: other variables may hold secrets.
fn described(function: &str, difference: &PropertyDifference) -> String {
    let path = difference.property_path().unwrap_or_default();
    let Some(variable) = path.strip_prefix(VARIABLES) else {
        return format!("{function}: {}", path.trim_start_matches('/'));
    };
    let (expected, actual) = (difference.expected_value(), difference.actual_value());
    match (expected, actual) {
        (Some(expected), Some(actual)) if variable.ends_with("_TABLE") => {
            format!("{function}: {variable} is `{actual}`; the template's is `{expected}`")
        }
        _ => format!("{function}: {variable}"),
    }
}

#[cfg(test)]
mod tests {
    use aws_sdk_cloudformation::types::DifferenceType;

    use super::*;

    fn drift(status: StackResourceDriftStatus, differences: &[(&str, &str, &str)]) -> Option<StackResourceDrift> {
        let differences = differences.iter().map(|(path, expected, actual)| {
            let difference = PropertyDifference::builder().property_path(*path);
            let difference = difference.expected_value(*expected).actual_value(*actual);
            difference.difference_type(DifferenceType::NotEqual).build()
        });
        Some(
            StackResourceDrift::builder()
                .stack_resource_drift_status(status)
                .set_property_differences(Some(differences.collect()))
                .build(),
        )
    }

    #[test]
    fn a_variable_changed_by_hand_is_reported() {
        let same = || Ok(drift(StackResourceDriftStatus::InSync, &[]));
        assert_eq!(
            judged(&[("A", same()), ("B", same())]),
            Ok("2 as in the template".to_owned())
        );
        let differences = [
            ("/Environment/Variables/PAYMENTS_TABLE", "payments", "payments-old"),
            ("/Environment/Variables/WEBHOOK_SECRET", "s3cret", "t0psecret"),
            ("/MemorySize", "256", "128"),
        ];
        let changed = drift(StackResourceDriftStatus::Modified, &differences);
        let Problem(wrong) = judged(&[("A", same()), ("Consumer", Ok(changed))]).unwrap_err();
        assert!(
            wrong.starts_with(
                "different from the template: Consumer: PAYMENTS_TABLE is `payments-old`; the template's is `payments`; Consumer: WEBHOOK_SECRET; Consumer: MemorySize. "
            ),
            "{wrong}"
        );
        assert!(!wrong.contains("s3cret") && !wrong.contains("t0psecret"));
    }

    #[test]
    fn functions_that_could_not_be_checked_are_reported() {
        let denied = ("A", Err("AccessDenied".to_owned()));
        assert_eq!(
            judged(std::slice::from_ref(&denied)),
            Ok("not checked: A: AccessDenied".to_owned())
        );
        let gone = ("B", Ok(drift(StackResourceDriftStatus::Deleted, &[])));
        let Problem(wrong) = judged(&[denied, gone]).unwrap_err();
        assert!(wrong.contains("B was deleted"));
    }
}
