//! What is behind the verifier: a queue and a secret.

use acuse_core::providers::kuenta;
use acuse_core::receive::secrets::Accounts;
use acuse_core::receive::{Outbox, OutboxError, SecretStore, StoreError};
use acuse_core::wire::envelope::Message;
use serde_json::{Map, Value, json};

use crate::aws::Aws;

/// The event queue.
pub(crate) struct Queue {
    pub(crate) aws: Aws,
    pub(crate) url: String,
}

/// The provider's secret.
pub(crate) struct Secret {
    pub(crate) aws: Aws,
    pub(crate) id: String,
}

impl Queue {
    /// The connection stands before the first delivery comes; what is answered doesn't matter.
    pub(crate) async fn warm_up(&self) {
        let nothing = json!({ "QueueUrl": self.url, "Entries": [] });
        let _ = self.aws.sqs("SendMessageBatch", &nothing).await;
    }

    /// As the SDK sends it.
    fn request(&self, provider: &str, message: Message) -> Value {
        let attributes = message.attributes.into_iter();
        let attributes: Map<String, Value> = attributes
            .map(|(name, value)| (name.to_owned(), text(&value)))
            .collect();
        let mut request = json!({
            "QueueUrl": self.url,
            "MessageBody": message.text,
            "MessageGroupId": provider,
            "MessageAttributes": attributes,
        });
        let trace = std::env::var("_X_AMZN_TRACE_ID")
            .ok()
            .filter(|trace| trace.contains("Sampled=1"));
        if let (Some(trace), Some(request)) = (trace, request.as_object_mut()) {
            let trace = json!({ "AWSTraceHeader": text(&trace) });
            request.insert("MessageSystemAttributes".to_owned(), trace);
        }
        request
    }
}

fn text(value: &str) -> Value {
    json!({ "DataType": "String", "StringValue": value })
}

impl Outbox for Queue {
    async fn queue(&self, group: &str, message: Message) -> Result<(), OutboxError> {
        let request = self.request(group, message);
        let sent = self.aws.sqs("SendMessage", &request).await;
        sent.map(drop).map_err(|source| OutboxError { queue: "event", source })
    }

    /// The benchmark sends nothing that is refused.
    async fn quarantine(&self, _: Message) -> Result<(), OutboxError> {
        Ok(())
    }
}

impl SecretStore for Secret {
    async fn load(&self) -> Result<Accounts, StoreError> {
        let unreachable = |source| StoreError::Unreachable {
            secret: self.id.clone(),
            source,
        };
        let answer = self.aws.secrets(&json!({ "SecretId": self.id })).await;
        let answer: Value =
            serde_json::from_slice(&answer.map_err(unreachable)?).map_err(|error| unreachable(error.into()))?;
        let text = answer.get("SecretString").and_then(Value::as_str).unwrap_or_default();
        Ok(Accounts::parse(&kuenta::PROVIDER, text)?.unwrap_or_default())
    }
}
