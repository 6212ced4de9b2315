//! Whether the functions are as the deployed template has them.

use acuse_cli::stack::target::Target;
use acuse_core::error::chain;
use aws_sdk_cloudformation::types::{PropertyDifference, StackResourceDrift, StackResourceDriftStatus};

use super::Resources;

/// Where a function's variables are among its properties.
const VARIABLES: &str = "/Environment/Variables/";

/// What CloudFormation's drift detection says of each function. It compares what it deployed, parameters put
/// in, with what Lambda has; variables that somebody has changed by hand are found by it, and so is memory.
pub(super) async fn functions(target: &Target, resources: &Resources) -> Result<String, String> {
    let functions = resources.of_type("AWS::Lambda::Function")?;
    if target.is_local() {
        return Ok("not checked: the emulator compares nothing".to_owned());
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

/// A function, and what CloudFormation found, or why it could not look.
type Compared<'a> = (&'a str, Result<Option<StackResourceDrift>, String>);

fn judged(compared: &[Compared<'_>]) -> Result<String, String> {
    let (mut wrong, mut not_checked) = (Vec::new(), Vec::new());
    for (name, drift) in compared {
        let drift = match drift {
            Ok(drift) => drift.as_ref(),
            Err(why) => {
                not_checked.push(format!("{name}: {why}"));
                continue;
            }
        };
        match drift.and_then(StackResourceDrift::stack_resource_drift_status) {
            Some(StackResourceDriftStatus::InSync) => {}
            Some(StackResourceDriftStatus::Deleted) => wrong.push(format!("{name} was deleted")),
            Some(StackResourceDriftStatus::Modified) => {
                let differences = drift.into_iter().flat_map(StackResourceDrift::property_differences);
                wrong.extend(differences.map(|difference| told(name, difference)));
            }
            _ => not_checked.push(format!("{name}: CloudFormation does not say")),
        }
    }
    match (wrong.as_slice(), not_checked.as_slice()) {
        ([], []) => Ok(format!("{} as the template has them", compared.len())),
        ([], not_checked) => Ok(format!("not checked: {}", not_checked.join("; "))),
        (wrong, _) => Err(format!(
            "not as the template has them: {}. Put it back, or deploy what is meant",
            wrong.join("; ")
        )),
    }
}

/// A variable's values are told only for names of tables: others may be anybody's.
fn told(function: &str, difference: &PropertyDifference) -> String {
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
    fn a_variable_that_was_changed_by_hand_is_told() {
        let same = || Ok(drift(StackResourceDriftStatus::InSync, &[]));
        assert_eq!(
            judged(&[("A", same()), ("B", same())]),
            Ok("2 as the template has them".to_owned())
        );
        let differences = [
            ("/Environment/Variables/PAYMENTS_TABLE", "payments", "payments-old"),
            ("/Environment/Variables/WEBHOOK_SECRET", "s3cret", "t0psecret"),
            ("/MemorySize", "256", "128"),
        ];
        let changed = drift(StackResourceDriftStatus::Modified, &differences);
        let wrong = judged(&[("A", same()), ("Consumer", Ok(changed))]).unwrap_err();
        assert!(
            wrong.starts_with(
                "not as the template has them: Consumer: PAYMENTS_TABLE is `payments-old`; the template's is `payments`; Consumer: WEBHOOK_SECRET; Consumer: MemorySize. "
            ),
            "{wrong}"
        );
        assert!(!wrong.contains("s3cret") && !wrong.contains("t0psecret"));
    }

    #[test]
    fn what_could_not_be_compared_is_said() {
        let denied = ("A", Err("AccessDenied".to_owned()));
        assert_eq!(
            judged(std::slice::from_ref(&denied)),
            Ok("not checked: A: AccessDenied".to_owned())
        );
        let gone = ("B", Ok(drift(StackResourceDriftStatus::Deleted, &[])));
        assert!(judged(&[denied, gone]).unwrap_err().contains("B was deleted"));
    }
}
