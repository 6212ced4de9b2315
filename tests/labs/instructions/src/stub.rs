//! AWS's services in place of the network: they answer at once, and everything is well.

use acuse_aws::sdk;
use aws_config::SdkConfig;
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::body::SdkBody;
use serde_json::{Value, json};

use crate::Failure;

/// What SQS says of every message, and what else is asked for.
#[derive(Debug, Clone, Default)]
pub(crate) struct Services {
    /// The text of the secret.
    pub(crate) secret: String,
    /// The item of every event in the ledger, as DynamoDB writes it; null for events that are new.
    pub(crate) record: Value,
}

impl Services {
    /// The SDK's configuration of a function, with these services behind it.
    pub(crate) fn sdk(self) -> Result<SdkConfig, Failure> {
        Ok(sdk::load()?.into_builder().http_client(Stub::of(&self)).build())
    }
}

/// Texts, made before anything is counted.
#[derive(Debug, Clone)]
struct Stub {
    secret: String,
    read: String,
    committed: (u16, String),
}

impl Stub {
    fn of(services: &Services) -> Self {
        let secret = json!({ "Name": "secret", "SecretString": services.secret, "VersionStages": ["AWSCURRENT"] });
        let record = &services.record;
        let (read, committed) = match record {
            Value::Null => (json!({}), (200, json!({}))),
            record => {
                let reasons = [
                    json!({ "Code": "ConditionalCheckFailed", "Message": "The conditional request failed", "Item": record }),
                    json!({ "Code": "None" }),
                ];
                let refusal = json!({
                    "__type": "com.amazonaws.dynamodb.v20120810#TransactionCanceledException",
                    "Message": "Transaction cancelled, please refer cancellation reasons for specific reasons [ConditionalCheckFailed, None]",
                    "CancellationReasons": reasons,
                });
                (json!({ "Item": record }), (400, refusal))
            }
        };
        Self {
            secret: secret.to_string(),
            read: read.to_string(),
            committed: (committed.0, committed.1.to_string()),
        }
    }

    fn answer(&self, operation: &str) -> (u16, &str) {
        match operation {
            "GetSecretValue" => (200, &self.secret),
            "GetItem" => (200, &self.read),
            "TransactWriteItems" => (self.committed.0, &self.committed.1),
            "SendMessage" => (
                200,
                r#"{"MD5OfMessageBody":"fafb00f5732ab283681e124bf8747ed1","MessageId":"5fea7756-0ea4-451a-a703-a558b933e274"}"#,
            ),
            _ => (200, "{}"),
        }
    }
}

impl HttpClient for Stub {
    fn http_connector(&self, _: &HttpConnectorSettings, _: &RuntimeComponents) -> SharedHttpConnector {
        SharedHttpConnector::new(self.clone())
    }
}

impl HttpConnector for Stub {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let target = request.headers().get("x-amz-target").unwrap_or_default();
        let operation = target.rsplit('.').next().unwrap_or_default();
        let (status, body) = self.answer(operation);
        HttpConnectorFuture::ready(match status.try_into() {
            Ok(status) => Ok(HttpResponse::new(status, SdkBody::from(body))),
            Err(error) => Err(ConnectorError::other(Box::new(error), None)),
        })
    }
}
