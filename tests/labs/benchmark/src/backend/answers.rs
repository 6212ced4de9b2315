//! What the services say. Everything is well: a secret is there, a queue takes what it is sent, and a
//! claim is always of something new.

use serde_json::{Value, json};

use crate::server::{self, Answer};

/// The answer to `operation` with this input.
pub(super) fn to(operation: &str, input: &[u8]) -> Answer {
    let (status, body) = match operation {
        "SendMessage" => (200, sent(&read(input))),
        "SendMessageBatch" => batch(&read(input)),
        "GetSecretValue" => (200, secret(&read(input))),
        "Query" => (200, json!({ "Items": [], "Count": 0, "ScannedCount": 0 })),
        // PutItem, UpdateItem, TransactWriteItems, GetItem, ChangeMessageVisibility: nothing was there.
        _ => (200, json!({})),
    };
    server::json(status, body.to_string())
}

fn read(input: &[u8]) -> Value {
    serde_json::from_slice(input).unwrap_or_default()
}

/// SDKs compare the digest of the body that was taken in.
fn sent(message: &Value) -> Value {
    let body = message["MessageBody"].as_str().unwrap_or_default();
    json!({
        "MD5OfMessageBody": format!("{:x}", md5::compute(body)),
        "MessageId": "5fea7756-0ea4-451a-a703-a558b933e274",
    })
}

fn batch(input: &Value) -> (u16, Value) {
    let entries = input["Entries"].as_array().map(Vec::as_slice).unwrap_or_default();
    if entries.is_empty() {
        let refusal = json!({
            "__type": "com.amazonaws.sqs#EmptyBatchRequest",
            "message": "There should be at least one SendMessageBatchRequestEntry in the request.",
        });
        return (400, refusal);
    }
    let successful: Vec<Value> = entries
        .iter()
        .map(|entry| {
            let mut sent = sent(entry);
            sent["Id"] = entry["Id"].clone();
            sent
        })
        .collect();
    (200, json!({ "Successful": successful, "Failed": [] }))
}

/// A secret as `acuse secrets put` leaves it: the version before it is the same. Its name is its provider's, and how many
/// accounts it has.
fn secret(input: &Value) -> Value {
    let name = input["SecretId"].as_str().unwrap_or_default();
    let (provider, accounts) = name.rsplit_once('-').unwrap_or_default();
    let secret = acuse_work::secret(provider, accounts.parse().unwrap_or_default());
    json!({
        "ARN": format!("arn:aws:secretsmanager:us-east-1:123456789012:secret:{name}-a1b2c3"),
        "Name": name,
        "VersionId": "a1b2c3d4-5678-90ab-cdef-EXAMPLE11111",
        "SecretString": secret.to_json(),
        "VersionStages": ["AWSCURRENT"],
        "CreatedDate": 1_710_928_800.0,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digests_are_what_sqs_would_say() {
        let answer = sent(&json!({ "MessageBody": "This is a test message" }));
        assert_eq!(answer["MD5OfMessageBody"], "fafb00f5732ab283681e124bf8747ed1");
    }
}
