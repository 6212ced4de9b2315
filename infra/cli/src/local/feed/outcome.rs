//! Which messages of a batch failed, as Lambda decides it.
//! <https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html>

use serde_json::Value;

/// Those of `ids` that the function's `answer` reports as failed: all of them if the answer is invalid, which is if it
/// is not JSON or names a message that is not in the batch.
pub(super) fn failed<'a>(answer: &[u8], ids: &[&'a str]) -> Vec<&'a str> {
    reported(answer, ids).unwrap_or_else(|| ids.to_vec())
}

fn reported<'a>(answer: &[u8], ids: &[&'a str]) -> Option<Vec<&'a str>> {
    let failures = match serde_json::from_slice(answer).ok()? {
        // No answer, and no list or an empty one, is success.
        Value::Null => return Some(Vec::new()),
        Value::Object(mut answer) => match answer.remove("batchItemFailures") {
            None | Some(Value::Null) => return Some(Vec::new()),
            Some(Value::Array(failures)) => failures,
            Some(_) => return None,
        },
        _ => return None,
    };
    let known = |failure: &Value| {
        let id = failure.get("itemIdentifier")?.as_str()?;
        ids.iter().find(|known| **known == id).copied()
    };
    failures.iter().map(known).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const IDS: [&str; 2] = ["a", "b"];

    #[test]
    fn reported_messages_fail() {
        assert_eq!(
            failed(br#"{"batchItemFailures":[{"itemIdentifier":"b"}]}"#, &IDS),
            ["b"]
        );
    }

    #[test]
    fn an_answer_without_failures_is_success() {
        for answer in [
            "null",
            "{}",
            r#"{"batchItemFailures":null}"#,
            r#"{"batchItemFailures":[]}"#,
        ] {
            assert!(failed(answer.as_bytes(), &IDS).is_empty(), "{answer}");
        }
    }

    #[test]
    fn an_invalid_answer_fails_the_whole_batch() {
        for answer in [
            "",
            "OK",
            "\"OK\"",
            r#"{"batchItemFailures":"a"}"#,
            r#"{"batchItemFailures":[{"itemIdentifier":""}]}"#,
            r#"{"batchItemFailures":[{"itemIdentifier":null}]}"#,
            r#"{"batchItemFailures":[{"id":"a"}]}"#,
            r#"{"batchItemFailures":[{"itemIdentifier":"a"},{"itemIdentifier":"c"}]}"#,
        ] {
            assert_eq!(failed(answer.as_bytes(), &IDS), IDS, "{answer}");
        }
    }
}
