//! The stack whose functions are recorded.

use std::collections::{BTreeMap, BTreeSet};

use acuse_aws::ledger::record::Record;
use acuse_aws::system::SystemClock;
use acuse_cli::local::{Options, Running, STACK, Stack};
use acuse_cli::sample::{self, Sample};
use acuse_core::clock::Clock;
use acuse_core::provider::Provider;
use acuse_tests::eventually::eventually;
use acuse_tests::proxy::Proxy;
use acuse_tests::running;
use reqwest::Client;
use serde_json::{Value, json};

use crate::grants;
use crate::recorder::{NAME_VARIABLE, Recorder, last};

/// A local stack behind a recorder.
pub(crate) struct Recorded {
    pub(crate) proxy: Proxy<Recorder>,
    pub(crate) running: Running,
    /// Logical ids by the names that calls have.
    pub(crate) names: BTreeMap<String, String>,
    http: Client,
    _stack: Stack,
}

impl Recorded {
    pub(crate) async fn start() -> Self {
        let proxy = Proxy::start(Recorder::default()).await;
        let state = concat!(env!("CARGO_TARGET_TMPDIR"), "/recorded");
        let mut options = Options::isolated(state);
        options.functions_endpoint = Some(proxy.url.clone());
        let settings = [
            ("RetryBaseSeconds", "1"),
            ("RetryMaxSeconds", "1"),
            // As for a new stack; a later step has it otherwise.
            ("FormerPayments", "false"),
        ];
        options.parameters = settings
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .to_vec();
        let stack = Stack::start(options).await.unwrap();
        proxy.forward_to(&stack.running().endpoint);
        let running = Running::find(state.as_ref()).expect("a stack that has started is found");
        let mut recorded = Self {
            proxy,
            running,
            names: BTreeMap::new(),
            http: acuse_cli::http::client().unwrap(),
            _stack: stack,
        };
        let resources = aws_sdk_cloudformation::Client::new(&recorded.running.sdk())
            .describe_stack_resources()
            .stack_name(STACK)
            .send()
            .await
            .unwrap();
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

    /// Has every function say in its calls who it is.
    async fn name_functions(&self) {
        for (name, id) in self.functions() {
            let path = format!("{}/2015-03-31/functions/{name}/configuration", self.running.endpoint);
            let answer = self.http.get(&path).send().await.unwrap().text().await.unwrap();
            let known: Value = serde_json::from_str(&answer).unwrap();
            let mut variables = known["Environment"]["Variables"].clone();
            variables[NAME_VARIABLE] = json!(id);
            let change = json!({"Environment": {"Variables": variables}}).to_string();
            let changed = self.http.put(&path).body(change).send().await.unwrap();
            assert!(changed.status().is_success(), "{changed:?}");
        }
    }

    /// The functions' names and logical ids.
    pub(crate) fn functions(&self) -> Vec<(&str, &str)> {
        let outputs = self.running.outputs.iter();
        let functions = outputs.filter(|(output, _)| output.ends_with("FunctionName"));
        functions
            .map(|(_, name)| (name.as_str(), self.names[name].as_str()))
            .collect()
    }

    /// Updates the stack: `changes` as given, the rest as it is.
    pub(crate) async fn update(&self, changes: &[(&str, &str)]) {
        running::update(&self.running, changes).await;
        self.name_functions().await;
    }

    /// The managed policies of each function's role.
    pub(crate) async fn attached(&self, template: &Value) -> BTreeMap<String, BTreeSet<String>> {
        let mut attached = BTreeMap::new();
        for (_, id) in self.functions() {
            let role = grants::role(template, id);
            let role = self.names.iter().find(|(_, own)| **own == role).unwrap().0;
            let list = self
                .http
                .post(&self.running.endpoint)
                .header("content-type", "application/x-www-form-urlencoded")
                .body(format!(
                    "Action=ListAttachedRolePolicies&Version=2010-05-08&RoleName={role}"
                ));
            let answer = list.send().await.unwrap().text().await.unwrap();
            let names = answer.split("<PolicyName>").skip(1);
            let names = names.map(|rest| rest.split('<').next().unwrap().to_owned());
            attached.insert(id.to_owned(), names.collect());
        }
        attached
    }

    /// Posts `body` as the provider would, with another signature where it is to be `forged`.
    pub(crate) async fn deliver(&self, provider: &'static Provider, body: &[u8], forged: bool) -> u16 {
        let secrets = sample::local_secrets(provider);
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
