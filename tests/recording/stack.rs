//! The stack whose functions are recorded.

use std::collections::{BTreeMap, BTreeSet};

use acuse_aws::ledger::record::Record;
use acuse_aws::system::SystemClock;
use acuse_cli::local::{Options, Running, STACK, Stack};
use acuse_cli::sample::{self, Sample};
use acuse_core::clock::Clock;
use acuse_core::provider::Provider;
use acuse_core::receive::secrets::Secrets;
use reqwest::Client;
use serde_json::{Value, json};

use super::recorder::{NAME_VARIABLE, Recorder, last};
use crate::eventually::eventually;
use crate::proxy::Proxy;
use crate::running;

/// A local stack behind a recorder.
#[derive(Debug)]
pub(crate) struct Recorded {
    pub(crate) proxy: Proxy<Recorder>,
    pub(crate) running: Running,
    /// Logical ids by the names that calls use.
    pub(crate) names: BTreeMap<String, String>,
    log_groups: Vec<String>,
    http: Client,
    _stack: Stack,
}

impl Recorded {
    /// Starts the stack with its files in the folder `state`. Its consumer has Acuse's own hooks or, with `yours`, all
    /// that the checkout has.
    pub(crate) async fn start(state: &str, yours: bool) -> Self {
        let proxy = Proxy::start(Recorder::default()).await;
        let mut options = Options::isolated(state);
        options.functions_endpoint = Some(proxy.url.clone());
        if yours {
            options.consumer = None;
        }
        let settings = [
            ("RetryBaseSeconds", "1"),
            ("RetryMaxSeconds", "1"),
            // As for a new stack. A later step changes it.
            ("FormerPayments", "false"),
            ("SummarySchedule", "cron(0 8 * * ? *)"),
            ("WatchEndpoints", "true"),
        ];
        options.parameters = settings
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .to_vec();
        let stack = Stack::start(options).await;
        let stack = stack.unwrap_or_else(|error| panic!("{}", acuse_core::error::chain(&error)));
        proxy.forward_to(&stack.running().endpoint);
        let running = Running::find(state.as_ref()).expect("a stack that has started is found");
        let mut recorded = Self {
            proxy,
            running,
            names: BTreeMap::new(),
            log_groups: Vec::new(),
            http: acuse_cli::http::client().unwrap(),
            _stack: stack,
        };
        let resources = aws_sdk_cloudformation::Client::new(&recorded.running.sdk())
            .describe_stack_resources()
            .stack_name(STACK)
            .send()
            .await
            .unwrap();
        let groups = resources.stack_resources().iter();
        let groups = groups.filter(|own| own.resource_type() == Some("AWS::Logs::LogGroup"));
        recorded.log_groups = groups
            .filter_map(|own| own.physical_resource_id().map(str::to_owned))
            .collect();
        recorded.names = resources
            .stack_resources()
            .iter()
            .filter_map(|resource| {
                Some((
                    last(resource.physical_resource_id()?),
                    resource.logical_resource_id()?.to_owned(),
                ))
            })
            .collect();
        recorded.name_functions().await;
        recorded
    }

    /// Makes every function send its logical id with its calls.
    async fn name_functions(&self) {
        for (name, id) in self.functions() {
            let mut variables = self.configuration(name).await["Environment"]["Variables"].clone();
            variables[NAME_VARIABLE] = json!(id);
            let change = json!({"Environment": {"Variables": variables}}).to_string();
            let changed = self.http.put(self.path(name)).body(change).send().await.unwrap();
            assert!(changed.status().is_success(), "{changed:?}");
        }
    }

    /// Invokes the function with this logical id, as a schedule does.
    pub(crate) async fn invoke(&self, id: &str) {
        let functions = self.functions();
        let (name, _) = functions.iter().find(|(_, own)| *own == id).unwrap();
        let url = format!("{}/2015-03-31/functions/{name}/invocations", self.running.endpoint);
        let answer = self.http.post(url).body("{}").send().await.unwrap();
        assert!(!answer.headers().contains_key("x-amz-function-error"), "{answer:?}");
    }

    /// The logical id of the resource that calls use this name for. An index has its table's, and its own name.
    pub(crate) fn logical(&self, name: &str) -> String {
        let (name, index) = name.split_at(name.find("/index/").unwrap_or(name.len()));
        let logical = self.names.get(name).map_or(name, String::as_str);
        format!("{logical}{index}")
    }

    fn path(&self, function: &str) -> String {
        format!(
            "{}/2015-03-31/functions/{function}/configuration",
            self.running.endpoint
        )
    }

    async fn configuration(&self, function: &str) -> Value {
        let answer = self.http.get(self.path(function)).send().await.unwrap();
        serde_json::from_str(&answer.text().await.unwrap()).unwrap()
    }

    /// The names and logical ids of Acuse's functions.
    pub(crate) fn functions(&self) -> Vec<(&str, &str)> {
        let outputs = self.running.outputs.iter();
        let functions = outputs.filter(|(output, _)| output.ends_with("FunctionName"));
        functions
            .map(|(_, name)| (name.as_str(), self.names[name].as_str()))
            .collect()
    }

    /// Updates the parameters in `changes`; the others keep their values.
    pub(crate) async fn update(&self, changes: &[(&str, &str)]) {
        running::update(&self.running, changes).await;
        self.name_functions().await;
    }

    /// Lets a function have one message a batch, so that what it calls for each is known.
    pub(crate) async fn one_message_a_batch(&self, function: &str) {
        let mappings = format!("{}/2015-03-31/event-source-mappings/", self.running.endpoint);
        let list = self.http.get(&mappings).send().await.unwrap().text().await.unwrap();
        let list: Value = serde_json::from_str(&list).unwrap();
        let all = list["EventSourceMappings"].as_array().unwrap();
        let arn = |own: &Value| own["FunctionArn"].as_str().unwrap_or_default().to_owned();
        let name = |own: &Value| arn(own).rsplit(':').next().unwrap_or_default().to_owned();
        let own = all.iter().find(|own| self.logical(&name(own)) == function);
        let id = own.unwrap_or_else(|| panic!("{function} has no mapping: {list}"))["UUID"]
            .as_str()
            .unwrap();
        let change = self
            .http
            .put(format!("{mappings}{id}"))
            .body(json!({"BatchSize": 1}).to_string());
        let changed = change.send().await.unwrap().text().await.unwrap();
        let changed: Value = serde_json::from_str(&changed).unwrap();
        assert_eq!(changed["BatchSize"], 1, "{changed}");
    }

    /// The managed policies of each function's role.
    pub(crate) async fn attached(&self) -> BTreeMap<String, BTreeSet<String>> {
        let mut attached = BTreeMap::new();
        for (name, id) in self.functions() {
            let configuration = self.configuration(name).await;
            let role = last(configuration["Role"].as_str().unwrap());
            let list = self
                .http
                .post(&self.running.endpoint)
                .header("content-type", "application/x-www-form-urlencoded")
                .body(format!(
                    "Action=ListAttachedRolePolicies&Version=2010-05-08&RoleName={role}"
                ));
            let answer = list.send().await.unwrap().text().await.unwrap();
            assert!(answer.contains("<AttachedPolicies"), "{answer}");
            let names = answer.split("<PolicyName>").skip(1);
            let names = names.map(|rest| rest.split('<').next().unwrap().to_owned());
            attached.insert(id.to_owned(), names.collect());
        }
        attached
    }

    /// The lines that all functions have logged.
    pub(crate) async fn logged(&self) -> Vec<String> {
        let mut lines = Vec::new();
        for group in &self.log_groups {
            let mut ask = json!({"logGroupName": group, "startTime": 0});
            loop {
                let answer = self
                    .http
                    .post(&self.running.endpoint)
                    .header("content-type", "application/x-amz-json-1.1")
                    .header("x-amz-target", "Logs_20140328.FilterLogEvents")
                    .body(ask.to_string());
                let answer = answer.send().await.unwrap().text().await.unwrap();
                let page: Value = serde_json::from_str(&answer).unwrap_or_else(|_| panic!("{answer}"));
                let events = page["events"].as_array().unwrap_or_else(|| panic!("{answer}"));
                lines.extend(
                    events
                        .iter()
                        .filter_map(|event| Some(event["message"].as_str()?.to_owned())),
                );
                let Some(token) = page["nextToken"].as_str() else {
                    break;
                };
                ask["nextToken"] = json!(token);
            }
        }
        lines
    }

    /// Posts `body` as the provider would, or, if `forged`, with the signature of another body.
    pub(crate) async fn deliver(&self, provider: &'static Provider, body: &[u8], forged: bool) -> u16 {
        let secrets = Secrets::parse(provider, &sample::local_secret(provider).to_string()).unwrap();
        let signed = match forged {
            true => b"something else".to_vec(),
            false => body.to_vec(),
        };
        let sample = Sample::signed(provider, signed, &secrets, SystemClock.now(), None).unwrap();
        let url = format!("{}/webhooks/{}", self.running.http, provider.name);
        let post = self.http.post(url).body(body.to_vec());
        let headers = sample.headers.iter();
        let post = headers.fold(post, |post, (name, value)| post.header(*name, value));
        post.send().await.unwrap().status().as_u16()
    }

    /// Waits for a record.
    pub(crate) async fn record(&self, provider: &Provider, what: &str, wanted: impl Fn(&Record) -> bool) -> Record {
        eventually(what, async || {
            running::records(&self.running, provider)
                .await
                .into_iter()
                .find(&wanted)
        })
        .await
    }
}
