//! Asks AWS's services about what the template's outputs name.

use std::net::SocketAddr;

use acuse_cli::local::Running;
use acuse_core::provider::Provider;
use aws_sdk_sqs::types::QueueAttributeName;
use reqwest::{Client, StatusCode};
use serde_json::{Value, json};

/// The outputs of a stack on the emulator.
pub(super) struct Outputs {
    running: Running,
    http: Client,
}

impl Outputs {
    pub(super) fn of(running: &Running) -> Self {
        Self {
            running: running.clone(),
            http: acuse_cli::http::client().unwrap(),
        }
    }

    fn value(&self, name: &str) -> &str {
        &self.running.outputs[name]
    }

    /// Whether what the output `name` names exists.
    ///
    /// # Panics
    /// If the output is of a new kind, which needs a line here.
    pub(super) async fn exists(&self, name: &str, value: &str) -> bool {
        let sdk = self.running.sdk();
        if name.ends_with("WebhookUrl") {
            // Its function refuses a delivery without a signature.
            let (client, url) = self.public(value);
            return client.post(url).body("{}").send().await.unwrap().status() == StatusCode::UNAUTHORIZED;
        }
        if name.ends_with("ApiUrl") {
            let id = api_id(value);
            return self.get(&format!("/v2/apis/{id}")).await.is_some();
        }
        if name.ends_with("QueueUrl") {
            let client = aws_sdk_sqs::Client::new(&sdk);
            return client.get_queue_attributes().queue_url(value).send().await.is_ok();
        }
        if name.ends_with("TableName") {
            let client = aws_sdk_dynamodb::Client::new(&sdk);
            return client.describe_table().table_name(value).send().await.is_ok();
        }
        if name.ends_with("SecretId") {
            let client = aws_sdk_secretsmanager::Client::new(&sdk);
            let secret = client.describe_secret().secret_id(value).send().await;
            return secret.is_ok_and(|secret| secret.deleted_date().is_none());
        }
        if name.ends_with("FunctionName") {
            return self
                .get(&format!("/2015-03-31/functions/{value}/configuration"))
                .await
                .is_some();
        }
        if name.ends_with("TopicArn") {
            return self
                .query(&format!(
                    "Action=GetTopicAttributes&Version=2010-03-31&TopicArn={value}"
                ))
                .await;
        }
        if name.ends_with("DashboardUrl") {
            let dashboard = value.rsplit_once("dashboards:name=").unwrap().1;
            let asked = json!({ "DashboardName": dashboard });
            return self
                .ask("GraniteServiceVersion20100801.GetDashboard", &asked)
                .await
                .is_some();
        }
        if name == "SecretFormat" {
            // It names nothing. Its value outlives the stack, as the secrets do.
            return value == "accounts";
        }
        panic!("this test does not know outputs like {name}: add a line for them");
    }

    /// The configuration of the function that the output `name` names.
    pub(super) async fn function(&self, name: &str) -> Value {
        let path = format!("/2015-03-31/functions/{}/configuration", self.value(name));
        self.get(&path).await.unwrap()
    }

    /// The event queue's `maxReceiveCount`.
    pub(super) async fn receives_until_dead(&self) -> u64 {
        let client = aws_sdk_sqs::Client::new(&self.running.sdk());
        let get = client
            .get_queue_attributes()
            .queue_url(self.value("EventQueueUrl"))
            .attribute_names(QueueAttributeName::RedrivePolicy);
        let attributes = get.send().await.unwrap().attributes.unwrap();
        let policy: Value = serde_json::from_str(&attributes[&QueueAttributeName::RedrivePolicy]).unwrap();
        let count = &policy["maxReceiveCount"];
        count.as_u64().or_else(|| count.as_str()?.parse().ok()).unwrap()
    }

    /// The API's limit in requests a second: a number on AWS, and on the emulator text under a capitalized name, as
    /// in CloudFormation.
    pub(super) async fn throttle(&self) -> f64 {
        let path = format!("/v2/apis/{}/stages/$default", api_id(self.value("ApiUrl")));
        let stage = self.get(&path).await.unwrap();
        let settings = &stage["defaultRouteSettings"];
        let aws = settings["throttlingRateLimit"].as_f64();
        aws.or_else(|| settings["ThrottlingRateLimit"].as_str()?.parse().ok())
            .unwrap_or_else(|| panic!("{stage}"))
    }

    /// How many days the logs of the function that the output `name` names are kept.
    pub(super) async fn log_retention(&self, name: &str) -> u64 {
        let group = self.function(name).await["LoggingConfig"]["LogGroup"].clone();
        let asked = json!({ "logGroupNamePrefix": group });
        let answer = self.ask("Logs_20140328.DescribeLogGroups", &asked).await.unwrap();
        answer["logGroups"][0]["retentionInDays"].as_u64().unwrap()
    }

    /// The URL of `provider`'s webhook, and a client that resolves it.
    pub(super) fn webhook(&self, provider: &Provider) -> (Client, String) {
        let output = self
            .running
            .outputs
            .iter()
            .find(|(name, _)| name.to_ascii_lowercase() == format!("{}webhookurl", provider.name));
        let (_, url) = output.unwrap();
        assert!(url.ends_with(&format!("/webhooks/{}", provider.name)), "{url}");
        self.public(url)
    }

    /// The emulator serves `https://{api}.execute-api.{region}.amazonaws.com/…` at
    /// `http://{api}.execute-api.localhost:{port}/…`, and a function's URL likewise, names that have to be resolved to
    /// this machine.
    pub(super) fn public(&self, url: &str) -> (Client, String) {
        let path = url
            .strip_prefix("https://")
            .unwrap()
            .split_once('/')
            .map_or("", |(_, path)| path);
        let emulator: SocketAddr = self.running.endpoint.strip_prefix("http://").unwrap().parse().unwrap();
        let host = match url.split_once(".on.aws/") {
            Some((function, _)) => format!("{}.localhost", function.trim_start_matches("https://")),
            None => format!("{}.execute-api.localhost", api_id(url)),
        };
        let client = acuse_cli::http::builder()
            .unwrap()
            .resolve(&host, emulator)
            .build()
            .unwrap();
        (client, format!("http://{host}:{}/{path}", emulator.port()))
    }

    /// Whether a service with AWS's query protocol accepts this request.
    async fn query(&self, form: &str) -> bool {
        let post = self.http.post(&self.running.endpoint);
        let post = post
            .header("content-type", "application/x-www-form-urlencoded")
            .body(form.to_owned());
        post.send().await.unwrap().status().is_success()
    }

    /// The answer of a service with AWS's JSON protocol, or `None` if it refuses.
    async fn ask(&self, target: &str, asked: &Value) -> Option<Value> {
        let post = self.http.post(&self.running.endpoint).header("x-amz-target", target);
        let post = post.header("content-type", "application/x-amz-json-1.0");
        let answer = post.body(asked.to_string()).send().await.unwrap();
        if !answer.status().is_success() {
            return None;
        }
        Some(serde_json::from_str(&answer.text().await.unwrap()).unwrap())
    }

    /// The answer of a REST service, or `None` for 404.
    async fn get(&self, path: &str) -> Option<Value> {
        let answer = self
            .http
            .get(format!("{}{path}", self.running.endpoint))
            .send()
            .await
            .unwrap();
        match answer.status() {
            StatusCode::NOT_FOUND => None,
            StatusCode::OK => Some(serde_json::from_str(&answer.text().await.unwrap()).unwrap()),
            other => panic!("{path}: {other}"),
        }
    }
}

/// The API's id, the first label of its URL's host.
fn api_id(url: &str) -> &str {
    let host = url.strip_prefix("https://").unwrap();
    host.split_once(".execute-api.").unwrap().0
}
