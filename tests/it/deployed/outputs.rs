//! What the template's outputs name, asked of the service whose it is.

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

    /// Whether there is what the output `name` names.
    ///
    /// # Panics
    /// At an output of a kind that this does not know: a new one wants a line here.
    pub(super) async fn exists(&self, name: &str, value: &str) -> bool {
        let sdk = self.running.sdk();
        let any = |name: &str, ends: &[&str]| ends.iter().any(|end| name.ends_with(end));
        if any(name, &["WebhookUrl"]) {
            // Without a signature, the function behind it says no.
            let (client, url) = self.public(value);
            return client.post(url).body("{}").send().await.unwrap().status() == StatusCode::UNAUTHORIZED;
        }
        if any(name, &["ApiUrl"]) {
            let id = api_id(value);
            return self.get(&format!("/v2/apis/{id}")).await.is_some();
        }
        if any(name, &["QueueUrl"]) {
            let client = aws_sdk_sqs::Client::new(&sdk);
            return client.get_queue_attributes().queue_url(value).send().await.is_ok();
        }
        if any(name, &["TableName"]) {
            let client = aws_sdk_dynamodb::Client::new(&sdk);
            return client.describe_table().table_name(value).send().await.is_ok();
        }
        if any(name, &["SecretId"]) {
            let client = aws_sdk_secretsmanager::Client::new(&sdk);
            let secret = client.describe_secret().secret_id(value).send().await;
            return secret.is_ok_and(|secret| secret.deleted_date().is_none());
        }
        if any(name, &["FunctionName"]) {
            return self
                .get(&format!("/2015-03-31/functions/{value}/configuration"))
                .await
                .is_some();
        }
        if any(name, &["TopicArn"]) {
            return self
                .query(&format!(
                    "Action=GetTopicAttributes&Version=2010-03-31&TopicArn={value}"
                ))
                .await;
        }
        if any(name, &["DashboardUrl"]) {
            let dashboard = value.rsplit_once("dashboards:name=").unwrap().1;
            let asked = json!({ "DashboardName": dashboard });
            return self
                .ask("GraniteServiceVersion20100801.GetDashboard", &asked)
                .await
                .is_some();
        }
        panic!("the output {name} is of a kind that this test can't look for: add it");
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

    /// The API's limit, in requests a second. The emulator gives the setting as CloudFormation has
    /// it, as text under a capital letter; AWS as a number.
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

    /// Where `provider` posts to, and the client that gets there.
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

    /// `https://{api}.execute-api.{region}.amazonaws.com/…` is on the emulator
    /// `http://{api}.execute-api.localhost:{port}/…`: the same host label, resolved to this machine.
    fn public(&self, url: &str) -> (Client, String) {
        let path = url
            .strip_prefix("https://")
            .unwrap()
            .split_once('/')
            .map_or("", |(_, path)| path);
        let emulator: SocketAddr = self.running.endpoint.strip_prefix("http://").unwrap().parse().unwrap();
        let host = format!("{}.execute-api.localhost", api_id(url));
        let client = acuse_cli::http::builder()
            .unwrap()
            .resolve(&host, emulator)
            .build()
            .unwrap();
        (client, format!("http://{host}:{}/{path}", emulator.port()))
    }

    /// Whether a service that takes forms does what it is asked.
    async fn query(&self, form: &str) -> bool {
        let post = self.http.post(&self.running.endpoint);
        let post = post
            .header("content-type", "application/x-www-form-urlencoded")
            .body(form.to_owned());
        post.send().await.unwrap().status().is_success()
    }

    /// What a service that speaks AWS's JSON says; `None` where it refuses.
    async fn ask(&self, target: &str, asked: &Value) -> Option<Value> {
        let post = self.http.post(&self.running.endpoint).header("x-amz-target", target);
        let post = post.header("content-type", "application/x-amz-json-1.0");
        let answer = post.body(asked.to_string()).send().await.unwrap();
        if !answer.status().is_success() {
            return None;
        }
        Some(serde_json::from_str(&answer.text().await.unwrap()).unwrap())
    }

    /// What a service with a REST interface says; `None` for "not found".
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
