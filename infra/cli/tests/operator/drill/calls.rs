//! What the commands call of AWS, as seen by a proxy before the emulator, against the policies for operators.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::{Arc, Mutex};

use acuse_cli::local::Running;
use axum::Router;
use axum::extract::{Request, State};
use axum::response::Response;
use serde_json::Value;

const POLICIES: &str = include_str!("../../../../iam/policies.json");

/// The policies that each command needs; those that are not here need the first two.
const READ: [&str; 8] = [
    "audit list",
    "dlq list",
    "dlq show",
    "events list",
    "events show",
    "logs",
    "quarantine list",
    "quarantine show",
];
const ADMINISTER: [&str; 5] = [
    "destinations add",
    "destinations remove",
    "secrets bind",
    "secrets put",
    "secrets remove",
];

/// Without this permission, it looks in fewer places and says so.
const OPTIONAL: (&str, &str) = ("events show", "secretsmanager:GetSecretValue");

/// An action, and the end of its resource's ARN.
type Call = (String, String);

/// Calls by command.
#[derive(Debug, Default)]
pub(super) struct Calls {
    command: String,
    by_command: BTreeMap<String, BTreeSet<Call>>,
}

/// A proxy before the emulator. A `POST` to `/-/command` says which command calls from now on.
pub(super) struct Recorder {
    pub(super) url: String,
    calls: Arc<Mutex<Calls>>,
}

#[derive(Clone)]
struct Proxy {
    endpoint: String,
    calls: Arc<Mutex<Calls>>,
}

impl Recorder {
    /// Records what is called at the endpoint of the stack in `stack`, for commands with the state folder `state`.
    pub(super) async fn start(stack: &Path, state: &Path) -> Self {
        let mut running = Running::find(stack).unwrap();
        let calls = Arc::default();
        let proxy = Proxy {
            endpoint: running.endpoint.clone(),
            calls: Arc::clone(&calls),
        };
        let url = super::serve(Router::new().fallback(forward).with_state(proxy)).await;
        running.endpoint.clone_from(&url);
        std::fs::create_dir_all(state).unwrap();
        std::fs::write(state.join("stack.json"), serde_json::to_string(&running).unwrap()).unwrap();
        // The lock says that the stack runs.
        let lock = state.join("lock");
        if lock.exists() {
            std::fs::remove_file(&lock).unwrap();
        }
        std::fs::hard_link(stack.join("lock"), lock).unwrap();
        Self { url, calls }
    }

    /// Checks that the policies allow what each command called, and returns the commands.
    pub(super) fn checked(&self) -> BTreeSet<String> {
        let (granted, calls) = (granted(), self.calls.lock().unwrap());
        let mut missing = BTreeSet::new();
        for (command, calls) in calls.by_command.iter().filter(|(command, _)| *command != "local") {
            let levels: &[&str] = match command.as_str() {
                read if READ.contains(&read) => &["Read"],
                administer if ADMINISTER.contains(&administer) => &["Read", "Operate", "Administer"],
                _ => &["Read", "Operate"],
            };
            let allowed = |(action, resource): &&Call| {
                if OPTIONAL == (command.as_str(), action.as_str()) {
                    return true;
                }
                let mut grants = levels.iter().flat_map(|level| &granted[*level]);
                grants.any(|(own, pattern)| own == action && fits(pattern, resource))
            };
            missing.extend(
                calls
                    .iter()
                    .filter(|call| !allowed(call))
                    .map(|call| format!("{command}: {call:?}")),
            );
        }
        assert!(missing.is_empty(), "the policies lack {missing:#?}");
        calls.by_command.keys().cloned().collect()
    }
}

async fn forward(State(proxy): State<Proxy>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let body = axum::body::to_bytes(body, usize::MAX).await.unwrap();
    if parts.uri.path() == "/-/command" {
        let words = String::from_utf8_lossy(&body).into_owned();
        proxy.calls.lock().unwrap().command = command(&words);
        return Response::default();
    }
    let target = parts
        .headers
        .get("x-amz-target")
        .map(|target| target.to_str().unwrap().to_owned());
    {
        let mut calls = proxy.calls.lock().unwrap();
        let command = calls.command.clone();
        calls
            .by_command
            .entry(command)
            .or_default()
            .extend(calls_of(target.as_deref(), &body));
    }
    let url = format!("{}{}", proxy.endpoint, parts.uri);
    let client = acuse_cli::http::client().unwrap();
    let mut request = client.request(parts.method, url).body(body);
    for (name, value) in parts
        .headers
        .iter()
        .filter(|(name, _)| *name != "host" && *name != "content-length")
    {
        request = request.header(name, value);
    }
    let answer = request.send().await.unwrap();
    let mut response = Response::builder().status(answer.status());
    for (name, value) in answer.headers().iter().filter(|(name, _)| *name != "transfer-encoding") {
        response = response.header(name, value);
    }
    response.body(answer.bytes().await.unwrap().into()).unwrap()
}

/// The command's name in these arguments.
fn command(arguments: &str) -> String {
    let alone = ["balance", "doctor", "send", "logs", "register", "local"];
    let mut words = arguments.split_whitespace();
    let first = words.next().unwrap_or_default();
    match words.next() {
        Some(second) if !alone.contains(&first) => format!("{first} {second}"),
        _ => first.to_owned(),
    }
}

fn calls_of(target: Option<&str>, body: &[u8]) -> Vec<Call> {
    let Some(target) = target else {
        // The query protocol: CloudFormation, and STS, which needs no permission.
        let body = String::from_utf8_lossy(body);
        let action = body.split('&').find_map(|pair| pair.strip_prefix("Action=")).unwrap();
        return match action {
            "GetCallerIdentity" => Vec::new(),
            action => vec![(format!("cloudformation:{action}"), "stack/acuse/id".to_owned())],
        };
    };
    let (service, action) = target.split_once('.').unwrap();
    let body: Value = serde_json::from_slice(body).unwrap();
    let text = |name: &str| body[name].as_str().unwrap_or_default().to_owned();
    let (service, resources) = match service {
        "DynamoDB_20120810" if action == "BatchGetItem" => {
            let tables = body["RequestItems"].as_object().unwrap().keys();
            ("dynamodb", tables.map(|table| format!("table/{table}")).collect())
        }
        "DynamoDB_20120810" => {
            let index = body["IndexName"].as_str().map(|index| format!("/index/{index}"));
            (
                "dynamodb",
                vec![format!("table/{}{}", text("TableName"), index.unwrap_or_default())],
            )
        }
        "AmazonSQS" => ("sqs", vec![text("QueueUrl").rsplit('/').next().unwrap().to_owned()]),
        "secretsmanager" => ("secretsmanager", vec![format!("secret:{}", text("SecretId"))]),
        "Logs_20140328" => {
            // CloudFormation calls a log group without a name `{stack}-{logical id}-…`; the emulator, otherwise.
            let name = text("logGroupName").replace("/aws/cloudformation/acuse/", "acuse-");
            ("logs", vec![format!("log-group:{name}:*")])
        }
        other => panic!("{other}.{action}: an AWS service that no policy names"),
    };
    let action = format!("{service}:{}", action.trim_end_matches("Batch"));
    resources
        .into_iter()
        .map(|resource| (action.clone(), resource))
        .collect()
}

/// What each policy allows: actions, and patterns of the ends of ARNs.
fn granted() -> BTreeMap<String, Vec<Call>> {
    let policies: Value = serde_json::from_str(POLICIES).unwrap();
    let policies = policies["Resources"].as_object().unwrap().iter();
    let policies = policies.map(|(level, policy)| {
        let statements = policy["Properties"]["PolicyDocument"]["Statement"].as_array().unwrap();
        let statements = statements.iter().filter(|statement| statement["Effect"] == "Allow");
        let grants = statements.flat_map(|statement| {
            let resources = statement["Resource"].as_array().cloned();
            let resources = resources.unwrap_or_else(|| vec![statement["Resource"].clone()]);
            let actions = statement["Action"].as_array().unwrap().clone();
            resources.into_iter().flat_map(move |resource| {
                let arn = resource["Fn::Sub"].as_str().unwrap().replace("${Stack}", "acuse");
                let (_, end) = arn.split_once("${AWS::AccountId}:").unwrap();
                let end = end.to_owned();
                let actions = actions.clone().into_iter();
                actions.map(move |action| (action.as_str().unwrap().to_owned(), end.clone()))
            })
        });
        (level.clone(), grants.collect())
    });
    policies.collect()
}

/// Whether IAM's pattern, in which `*` stands for any characters, fits the resource.
fn fits(pattern: &str, resource: &str) -> bool {
    let mut parts = pattern.split('*');
    let Some(mut rest) = resource.strip_prefix(parts.next().unwrap_or_default()) else {
        return false;
    };
    let mut parts = parts.peekable();
    let is_exact = parts.peek().is_none();
    while let Some(part) = parts.next() {
        rest = match parts.peek() {
            None => return rest.ends_with(part),
            Some(_) => match rest.split_once(part) {
                Some((_, rest)) => rest,
                None => return false,
            },
        };
    }
    is_exact && rest.is_empty()
}
