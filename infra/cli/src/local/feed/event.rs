//! The SQS event that Lambda passes to a function.
//! <https://docs.aws.amazon.com/lambda/latest/dg/with-sqs.html>

use serde_json::{Map, Value, json};

use crate::stack::running::REGION;

/// The event for these messages of ReceiveMessage.
pub(super) fn batch(messages: &[Value], queue_arn: &str) -> Value {
    let records: Vec<Value> = messages.iter().map(|message| record(message, queue_arn)).collect();
    json!({"Records": records})
}

fn record(message: &Value, queue_arn: &str) -> Value {
    let field = |name| message.get(name).cloned().unwrap_or(Value::Null);
    let attributes = message.get("MessageAttributes").and_then(Value::as_object);
    let attributes: Map<String, Value> = attributes
        .into_iter()
        .flatten()
        .map(|(name, value)| (name.clone(), attribute(value)))
        .collect();
    let mut record = json!({
        "messageId": field("MessageId"),
        "receiptHandle": field("ReceiptHandle"),
        "body": field("Body"),
        // Counts and times are text, as in SQS.
        "attributes": message.get("Attributes").cloned().unwrap_or_else(|| json!({})),
        "messageAttributes": attributes,
        "md5OfBody": field("MD5OfBody"),
        "eventSource": "aws:sqs",
        "eventSourceARN": queue_arn,
        "awsRegion": REGION,
    });
    if let (Some(digest), Some(record)) = (message.get("MD5OfMessageAttributes"), record.as_object_mut()) {
        record.insert("md5OfMessageAttributes".into(), digest.clone());
    }
    record
}

fn attribute(value: &Value) -> Value {
    let mut attribute = json!({
        "stringListValues": [],
        "binaryListValues": [],
        "dataType": value.get("DataType"),
    });
    if let Some(attribute) = attribute.as_object_mut() {
        for (theirs, ours) in [("StringValue", "stringValue"), ("BinaryValue", "binaryValue")] {
            if let Some(value) = value.get(theirs) {
                attribute.insert(ours.into(), value.clone());
            }
        }
    }
    attribute
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_becomes_a_record() {
        let message = json!({
            "MessageId": "m", "ReceiptHandle": "r", "Body": "b", "MD5OfBody": "d",
            "Attributes": {"ApproximateReceiveCount": "2", "SentTimestamp": "1", "AWSTraceHeader": "Root=1"},
            "MessageAttributes": {
                "provider": {"StringValue": "p", "DataType": "String"},
                "bytes": {"BinaryValue": "AA==", "DataType": "Binary"},
            },
        });
        assert_eq!(
            batch(&[message], "arn:q"),
            json!({"Records": [{
                "messageId": "m", "receiptHandle": "r", "body": "b", "md5OfBody": "d",
                "attributes": {"ApproximateReceiveCount": "2", "SentTimestamp": "1", "AWSTraceHeader": "Root=1"},
                "messageAttributes": {
                    "provider": {"stringValue": "p", "dataType": "String", "stringListValues": [], "binaryListValues": []},
                    "bytes": {"binaryValue": "AA==", "dataType": "Binary", "stringListValues": [], "binaryListValues": []},
                },
                "eventSource": "aws:sqs", "eventSourceARN": "arn:q", "awsRegion": "us-east-1",
            }]})
        );
    }
}
