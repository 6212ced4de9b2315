//! A Secrets Manager with one secret, which keeps AWS's rules for versions and staging labels, writes down what it is
//! asked, and can fail as AWS does.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use aws_sdk_secretsmanager::Client;
use aws_sdk_secretsmanager::config::{BehaviorVersion, Credentials, Region};
use axum::Router;
use axum::http::{HeaderMap, StatusCode};
use serde_json::{Value, json};

use crate::runtime::serve;

#[derive(Default)]
pub(super) struct Secret {
    versions: BTreeMap<String, String>,
    /// The version that each label is on.
    labels: BTreeMap<String, String>,
    /// All requests: the operation, and the label or text.
    pub(super) requests: Vec<String>,
    /// The answers to the next requests of these operations and labels are lost: they are done, and then fail.
    pub(super) lost: Vec<(&'static str, &'static str)>,
    /// Requests of these operations and labels fail with this error until it is removed.
    pub(super) failing: Option<(&'static str, &'static str, &'static str)>,
    /// What somebody else stores just before the next moves of `AWSCURRENT`.
    pub(super) others: Vec<String>,
}

impl Secret {
    /// The text of the version with this label.
    pub(super) fn text(&self, label: &str) -> Option<Value> {
        let text = self.versions.get(self.labels.get(label)?)?;
        Some(serde_json::from_str(text).unwrap())
    }

    /// Stores as the console does.
    pub(super) fn store(&mut self, text: &str) {
        let id = format!("other-{}", self.versions.len());
        self.versions.insert(id.clone(), text.to_owned());
        self.make_current(id);
    }

    pub(super) fn count(&self) -> usize {
        self.versions.len()
    }

    fn make_current(&mut self, id: String) {
        if let Some(before) = self.labels.insert("AWSCURRENT".to_owned(), id) {
            self.labels.insert("AWSPREVIOUS".to_owned(), before);
        }
    }

    fn answer(&mut self, operation: &str, request: &Value) -> Result<Value, &'static str> {
        let text = |name: &str| request.get(name).and_then(Value::as_str);
        let label = text("VersionStage").or_else(|| request["VersionStages"][0].as_str());
        let label = label.unwrap_or("AWSCURRENT").to_owned();
        self.requests.push(match text("SecretString") {
            Some(secret) => format!("{operation} {label} {secret}"),
            None => format!("{operation} {label}"),
        });
        if let Some((failing, of, error)) = self.failing
            && (failing, of) == (operation, label.as_str())
        {
            return Err(error);
        }
        match operation {
            "GetSecretValue" => {
                let id = self.labels.get(&label).ok_or("ResourceNotFoundException")?;
                let on_it = self.labels.iter().filter(|(_, on)| *on == id);
                let stages: Vec<&String> = on_it.map(|(label, _)| label).collect();
                let text = &self.versions[id];
                Ok(
                    json!({"VersionId": id, "SecretString": text, "VersionStages": stages, "CreatedDate": 1_795_161_600}),
                )
            }
            "PutSecretValue" => {
                let (id, secret) = (text("ClientRequestToken").unwrap(), text("SecretString").unwrap());
                if self.versions.get(id).is_some_and(|known| known != secret) {
                    return Err("ResourceExistsException");
                }
                self.versions.insert(id.to_owned(), secret.to_owned());
                self.labels.insert(label, id.to_owned());
                Ok(json!({"VersionId": id}))
            }
            "UpdateSecretVersionStage" => {
                if label == "AWSCURRENT"
                    && let Some(other) = self.others.pop()
                {
                    self.store(&other);
                }
                let (from, to) = (text("RemoveFromVersionId"), text("MoveToVersionId"));
                let on = self.labels.get(&label).map(String::as_str);
                let known = |id: &str| self.versions.contains_key(id);
                if !from.into_iter().chain(to).all(known) {
                    return Err("ResourceNotFoundException");
                }
                match to {
                    _ if on != from => return Err("InvalidParameterException"),
                    // It can only be moved.
                    None if label == "AWSCURRENT" => return Err("InvalidParameterException"),
                    None => drop(self.labels.remove(&label)),
                    Some(to) if label == "AWSCURRENT" => self.make_current(to.to_owned()),
                    Some(to) => drop(self.labels.insert(label, to.to_owned())),
                }
                Ok(json!({}))
            }
            other => panic!("{other} is not expected"),
        }
    }

    fn is_lost(&mut self, operation: &str, request: &Value) -> bool {
        let label = request.get("VersionStage").or_else(|| request["VersionStages"].get(0));
        let lost = self
            .lost
            .iter()
            .position(|lost| (lost.0, Some(&json!(lost.1))) == (operation, label));
        lost.map(|place| self.lost.remove(place)).is_some()
    }
}

/// Serves the secret.
pub(super) async fn client(secret: Arc<Mutex<Secret>>) -> Client {
    let answer = async move |headers: HeaderMap, body: String| {
        let target = headers["x-amz-target"].to_str().unwrap();
        let operation = target.strip_prefix("secretsmanager.").unwrap();
        let request: Value = serde_json::from_str(&body).unwrap();
        let mut secret = secret.lock().unwrap();
        match secret.answer(operation, &request) {
            Ok(_) if secret.is_lost(operation, &request) => (
                StatusCode::INTERNAL_SERVER_ERROR,
                json!({"__type": "InternalServiceError"}).to_string(),
            ),
            Ok(answer) => (StatusCode::OK, answer.to_string()),
            Err(error) => (StatusCode::BAD_REQUEST, json!({"__type": error}).to_string()),
        }
    };
    at(serve(Router::new().fallback(answer)).await)
}

/// A client of the server at this address.
pub(super) fn at(address: impl std::fmt::Display) -> Client {
    let config = aws_sdk_secretsmanager::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("us-east-1"))
        .credentials_provider(Credentials::new("id", "key", None, None, "test"))
        .http_client(aws_smithy_http_client::Builder::new().build_http())
        .endpoint_url(format!("http://{address}"));
    Client::from_conf(config.build())
}
