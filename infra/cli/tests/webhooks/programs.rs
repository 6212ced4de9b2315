//! The commands, with and without a simulated stack.

use std::process::{Output, Stdio};

use acuse_aws::system::SystemClock;
use acuse_cli::terminal::is_unsafe;
use acuse_core::receive::FRESH_FOR;
use serde_json::{Value, json};
use tokio::io::AsyncWriteExt;
use tokio::process::Command;

use super::server::{Answer, Request, Server, answer};
use super::*;

pub(super) const SECRET: &str = "the-chosen-secret";

/// Runs `acuse` with the APIs and AWS at `server`, and checks that it prints no secret.
pub(super) async fn acuse(server: &Server, arguments: &[&str], input: &str) -> Output {
    let mut child = command(server, arguments).spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    // Not every command reads it.
    let _ = stdin.write_all(input.as_bytes()).await;
    drop(stdin);
    let output = child.wait_with_output().await.unwrap();
    let printed = format!("{} {}", text(&output.stdout), text(&output.stderr));
    for secret in [TOKEN, SECRET, "wh_tok_new", "wh_hdr_new", "wh_tok_old"] {
        assert!(!printed.contains(secret), "a secret shows in:\n{printed}");
    }
    for put in put_secrets(server) {
        let accounts = put["accounts"].as_object().map(|accounts| accounts.values().collect());
        for account in accounts.unwrap_or(vec![&put]) {
            let secret = account["signing_secrets"][0].as_str().unwrap();
            assert!(!printed.contains(secret), "a secret shows in:\n{printed}");
        }
    }
    output
}

/// `acuse` with the APIs and AWS at `server`.
pub(super) fn command(server: &Server, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_acuse"));
    command
        .args(arguments)
        // Not a checkout, which `--stack` does not need.
        .current_dir("/")
        .env_remove("ACUSE_STACK")
        .env_remove("AWS_PROFILE")
        .envs([
            ("KUENTA_API_URL", server.url.as_str()),
            ("KUENTA_API_TOKEN", TOKEN),
            ("KUENTA_ORGANIZATION_ID", "org-1"),
            ("ONEPAY_API_URL", &server.url),
            ("ONEPAY_API_TOKEN", TOKEN),
            ("AWS_ENDPOINT_URL", &server.url),
            ("AWS_REGION", "us-east-1"),
            ("AWS_ACCESS_KEY_ID", "test"),
            ("AWS_SECRET_ACCESS_KEY", "test"),
        ])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true);
    command
}

pub(super) fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

pub(super) async fn done(server: &Server, arguments: &[&str], input: &str) -> String {
    let output = acuse(server, arguments, input).await;
    assert!(output.status.success(), "{arguments:?}: {output:?}");
    text(&output.stdout)
}

pub(super) async fn failed(server: &Server, arguments: &[&str]) -> String {
    let output = acuse(server, arguments, "").await;
    assert!(!output.status.success(), "{arguments:?}: {output:?}");
    text(&output.stderr)
}

/// A provider that keeps its webhooks, and a stack whose secret is `stored`.
pub(super) async fn world(stored: Value, refuse: bool) -> Server {
    world_on(stored, refuse, aws).await
}

/// [`world`], with an AWS of its own.
pub(super) async fn world_on(
    stored: Value,
    refuse: bool,
    mut aws: impl FnMut(&Request, &mut String) -> Answer + Send + 'static,
) -> Server {
    let (mut webhooks, mut stored) = (Vec::<Value>::new(), stored.to_string());
    Server::replying(move |request| {
        if request.path == "/" {
            return aws(request, &mut stored);
        }
        let id = request.path.strip_prefix("/v1/webhooks").unwrap().trim_matches('/');
        match request.method.as_str() {
            "GET" => answer(200, json!({"data": webhooks})),
            "POST" if refuse => answer(500, "broken"),
            "POST" => {
                let mut webhook = request.json();
                webhook["id"] = format!("w{}", webhooks.len() + 1).into();
                // OnePay generates both; `null` requests no token.
                if webhook["secret"].is_null() {
                    webhook["secret"] = "wh_tok_new".into();
                    let no_token = webhook.get("header").is_some_and(Value::is_null);
                    webhook["header"] = if no_token { Value::Null } else { "wh_hdr_new".into() };
                }
                webhooks.push(webhook.clone());
                answer(201, json!({"data": webhook}))
            }
            "PUT" => {
                let webhook = webhooks.iter_mut().find(|webhook| webhook["id"] == id).unwrap();
                for (field, value) in request.json().as_object().unwrap() {
                    webhook[field] = value.clone();
                }
                answer(200, json!({"data": webhook}))
            }
            _ => {
                let before = webhooks.len();
                webhooks.retain(|webhook| webhook["id"] != id);
                answer(if webhooks.len() < before { 204 } else { 404 }, "")
            }
        }
    })
    .await
}

/// CloudFormation, Secrets Manager, and what the audit trail asks of STS and DynamoDB.
pub(super) fn aws(request: &Request, stored: &mut String) -> Answer {
    match request.header("x-amz-target") {
        Some("secretsmanager.GetSecretValue") if request.json()["VersionStage"] == "AWSPREVIOUS" => {
            answer(400, json!({"__type": "ResourceNotFoundException"}))
        }
        Some("secretsmanager.GetSecretValue") => answer(200, json!({"SecretString": stored, "VersionId": "current"})),
        Some("secretsmanager.UpdateSecretVersionStage") => answer(200, json!({})),
        Some("secretsmanager.PutSecretValue") => {
            *stored = request.json()["SecretString"].as_str().unwrap().to_owned();
            answer(200, json!({"VersionId": "written"}))
        }
        Some("DynamoDB_20120810.PutItem" | "DynamoDB_20120810.UpdateItem") => answer(200, json!({})),
        None if request.body.starts_with("Action=GetCallerIdentity") => answer(
            200,
            "<GetCallerIdentityResponse><GetCallerIdentityResult><Arn>arn:aws:iam::123456789012:user/ana</Arn>\
             </GetCallerIdentityResult></GetCallerIdentityResponse>",
        ),
        _ => {
            let output = |key: &str, value: &str| {
                format!("<member><OutputKey>{key}</OutputKey><OutputValue>{value}</OutputValue></member>")
            };
            let outputs: String = [("Kuenta", "kuenta"), ("Onepay", "onepay")]
                .map(|(key, name)| {
                    output(
                        &format!("{key}WebhookUrl"),
                        &format!("https://stack.example/webhooks/{name}"),
                    ) + &output(&format!("{key}SecretId"), &format!("secret-of-{name}"))
                })
                .concat()
                + &[
                    "LedgerTableName",
                    "DeadLetterQueueUrl",
                    "QuarantineQueueUrl",
                    "EventQueueUrl",
                ]
                .map(|name| output(name, "https://aws.example/of-the-stack"))
                .concat()
                + &output("SecretFormat", "accounts");
            answer(
                200,
                format!(
                    "<DescribeStacksResponse><DescribeStacksResult><Stacks><member><StackName>acuse</StackName>\
                     <CreationTime>2026-11-20T08:00:00Z</CreationTime><StackStatus>CREATE_COMPLETE</StackStatus>\
                     <Outputs>{outputs}</Outputs></member></Stacks></DescribeStacksResult></DescribeStacksResponse>"
                ),
            )
        }
    }
}

/// The stored secrets, in order.
pub(super) fn put_secrets(server: &Server) -> Vec<Value> {
    let requests = server.requests().into_iter();
    let put = requests.filter(|request| request.header("x-amz-target") == Some("secretsmanager.PutSecretValue"));
    put.map(|request| serde_json::from_str(request.json()["SecretString"].as_str().unwrap()).unwrap())
        .collect()
}

/// What the audit trail got: each command and its target, and how many outcomes.
fn traces(server: &Server) -> (Vec<(String, String)>, usize) {
    let requests = server.requests();
    let calls = |target: &'static str| {
        let of = move |request: &&Request| request.header("x-amz-target") == Some(target);
        requests.iter().filter(of)
    };
    let begun = calls("DynamoDB_20120810.PutItem").map(|request| {
        let entry = request.json()["Item"].clone();
        let text = |name: &str| entry[name]["S"].as_str().unwrap().to_owned();
        (text("command"), text("target"))
    });
    (begun.collect(), calls("DynamoDB_20120810.UpdateItem").count())
}

fn posts(server: &Server) -> Vec<Value> {
    let requests = server.requests().into_iter();
    let posts = requests.filter(|request| request.line() == "POST /v1/webhooks");
    posts.map(|request| request.json()).collect()
}

#[tokio::test]
async fn a_webhook_is_created_changed_and_deleted_without_a_stack() {
    let server = world(json!({}), false).await;
    let create = [
        "kuenta",
        "webhooks",
        "create",
        "--no-store",
        "--url",
        "https://a.example/w",
        "--events",
        "payment.created,payment.failed",
    ];
    let list = ["kuenta", "webhooks", "list"];
    assert_eq!(done(&server, &list, "").await, "no webhook is registered\n");
    let printed = done(&server, &create, &format!("{SECRET}\n")).await;
    assert_eq!(
        printed,
        "created w1: https://a.example/w\n  payment.created payment.failed\n"
    );
    assert_eq!(
        posts(&server),
        [json!({"url": "https://a.example/w", "events": ["payment.created", "payment.failed"], "secret": SECRET})]
    );

    let printed = done(&server, &create, "").await;
    assert_eq!(printed, "https://a.example/w is already registered: w1\n");
    assert_eq!(posts(&server).len(), 1);

    let update = [
        "kuenta",
        "webhooks",
        "update",
        "w1",
        "--events",
        "payment.created",
        "--json",
    ];
    let printed: Value = serde_json::from_str(&done(&server, &update, "").await).unwrap();
    assert_eq!(
        printed,
        json!({"id": "w1", "url": "https://a.example/w", "events": ["payment.created"], "updated": true})
    );
    let table = done(&server, &list, "").await;
    assert!(
        table.contains("ID") && table.contains("w1") && table.contains("payment.created"),
        "{table}"
    );

    let printed = failed(&server, &["kuenta", "webhooks", "delete", "w1"]).await;
    assert!(printed.contains("add `--yes`"), "{printed}");
    let printed = done(&server, &["kuenta", "webhooks", "delete", "w1", "--yes"], "").await;
    assert_eq!(printed, "deleted w1\n");
    let printed = done(&server, &["kuenta", "webhooks", "delete", "w1", "--yes"], "").await;
    assert_eq!(printed, "there is no webhook w1: nothing to delete\n");
    assert_eq!(done(&server, &["kuenta", "webhooks", "list", "--json"], "").await, "");
}

#[tokio::test]
async fn the_secret_is_stored_before_kuenta_gets_it() {
    let server = world(json!({"placeholder": true}), false).await;
    let create = ["kuenta", "webhooks", "create", "--stack", "acuse", "--json"];
    let printed: Value = serde_json::from_str(&done(&server, &create, "").await).unwrap();
    assert_eq!(printed["url"], "https://stack.example/webhooks/kuenta");
    let types = acuse_core::providers::kuenta::EventType::NAMES;
    assert_eq!(printed["events"], json!(types));

    let [put] = &put_secrets(&server)[..] else {
        panic!("put once")
    };
    let secret = put["signing_secrets"][0].as_str().unwrap();
    assert!(secret.len() == 64 && secret.chars().all(|c| c.is_ascii_hexdigit()));
    assert_eq!(posts(&server)[0]["secret"], secret);
    let place = |wanted: &dyn Fn(&Request) -> bool| server.requests().iter().position(wanted).unwrap();
    let put = place(&|request| request.header("x-amz-target") == Some("secretsmanager.PutSecretValue"));
    assert!(put < place(&|request| request.line() == "POST /v1/webhooks"));
    // The trail has it before anything is done, and without the secret.
    let trace = ("kuenta webhooks create".to_owned(), "kuenta".to_owned());
    assert_eq!(traces(&server), (vec![trace], 1));
    assert!(place(&|request| request.header("x-amz-target") == Some("DynamoDB_20120810.PutItem")) < put);
}

#[tokio::test]
async fn the_secret_of_a_failed_creation_is_reused() {
    let server = world(json!({"placeholder": true}), true).await;
    let create = ["kuenta", "webhooks", "create", "--stack", "acuse"];
    for _ in 0..2 {
        let printed = failed(&server, &create).await;
        assert!(printed.contains("answers 500: broken"), "{printed}");
        assert!(
            printed.contains("The secret is stored in `secret-of-kuenta` and will be reused"),
            "{printed}"
        );
        assert!(printed.contains("It is safe to run this again"), "{printed}");
    }
    assert_eq!(put_secrets(&server).len(), 1);
    let posts = posts(&server);
    assert_eq!((posts.len(), &posts[0]), (2, &posts[1]));
}

#[tokio::test]
async fn the_newest_stored_secret_is_used() {
    let server = world(json!({"signing_secrets": [SECRET, "older"]}), false).await;
    done(&server, &["kuenta", "webhooks", "create", "--stack", "acuse"], "").await;
    assert_eq!(posts(&server)[0]["secret"], SECRET);
    assert!(put_secrets(&server).is_empty());
}

#[tokio::test]
async fn the_secrets_that_onepay_generates_are_stored() {
    let server = world(json!({"signing_secrets": ["wh_tok_old"], "token": "wh_hdr_old"}), false).await;
    let create = [
        "onepay",
        "webhooks",
        "create",
        "--stack",
        "acuse",
        "--name",
        "Production",
    ];
    let printed = done(&server, &create, "").await;
    assert!(
        printed.starts_with("created w1: https://stack.example/webhooks/onepay\n"),
        "{printed}"
    );
    assert_eq!(posts(&server)[0]["name"], "Production");
    let [put] = &put_secrets(&server)[..] else {
        panic!("put once")
    };
    let account = &put["accounts"]["default"];
    assert_eq!(account["signing_secrets"], json!(["wh_tok_new", "wh_tok_old"]));
    assert_eq!(account["token"], json!(["wh_hdr_new", "wh_hdr_old"]));
    done(&server, &create, "").await;
    assert_eq!(posts(&server).len(), 1);
    let trace = ("onepay webhooks create".to_owned(), "onepay".to_owned());
    assert_eq!(
        traces(&server),
        (vec![trace.clone()], 1),
        "a URL that is registered is left alone"
    );
    done(&server, &[&create[..], &["--force"]].concat(), "").await;
    assert_eq!(posts(&server).len(), 2);
    assert_eq!(traces(&server), (vec![trace.clone(), trace], 2));
}

#[tokio::test]
async fn a_registered_url_without_a_stored_secret_is_noted() {
    let server = world(json!({"placeholder": true}), false).await;
    let url = "https://stack.example/webhooks/onepay";
    done(
        &server,
        &["onepay", "webhooks", "create", "--no-store", "--url", url],
        "",
    )
    .await;
    let output = acuse(&server, &["onepay", "webhooks", "create", "--stack", "acuse"], "").await;
    let printed = text(&output.stderr);
    assert!(
        output.status.success() && printed.contains("`acuse secrets put onepay --stack acuse`"),
        "{printed}"
    );
    assert_eq!((posts(&server).len(), put_secrets(&server).len()), (1, 0));
}

#[tokio::test]
async fn invalid_options_are_errors_before_anything_is_sent() {
    let server = world(json!({"placeholder": true}), false).await;
    for (arguments, expected) in [
        (
            &["--stack", "acuse", "--events", "payment.crated"][..],
            "no event type `payment.crated`",
        ),
        (&["--no-store"], "--url <URL>"),
        (&["--stack", "acuse", "--url", "http://a.example/w"], "it is not https"),
        (
            &["--stack", "acuse", "--base-url", "http://a.example"],
            "the base URL is invalid",
        ),
    ] {
        let printed = failed(&server, &[&["kuenta", "webhooks", "create"], arguments].concat()).await;
        assert!(printed.contains(expected), "{printed}");
    }
    assert!(server.requests().is_empty());
}

#[tokio::test]
async fn answers_are_escaped_before_they_are_printed() {
    let nasty = "w\u{1b}[2J\u{9b}31m\u{202e}\r\n  what to do: FORGED\u{7f}";
    let webhook =
        json!({"id": nasty, "url": format!("https://a.example/{nasty}"), "events": [nasty, "x".repeat(5000)]});
    let server = Server::replying(move |request| match request.line().as_str() {
        "GET /v1/webhooks" => answer(200, json!([webhook])),
        _ => answer(400, format!("{nasty}\n  what to do: FORGED")),
    })
    .await;
    let list = ["kuenta", "webhooks", "list"];
    let table = done(&server, &list, "").await;
    let json = done(&server, &[&list[..], &["--json"]].concat(), "").await;
    let refused = failed(&server, &["kuenta", "webhooks", "delete", "w1", "--yes"]).await;
    for printed in [&table, &json, &refused] {
        let unsafe_one = printed.chars().find(|&c| c != '\n' && is_unsafe(c));
        assert_eq!(unsafe_one, None, "{printed:?}");
        assert!(printed.chars().all(|c| c == '\n' || !c.is_control()), "{printed:?}");
        assert!(printed.contains("FORGED"), "{printed}");
        assert!(
            !printed.lines().any(|line| line.starts_with("  what to do: FORGED")),
            "{printed}"
        );
    }
    assert_eq!(table.lines().count(), 2, "{table}");
    assert!(table.lines().all(|line| line.chars().count() < 500), "{table}");
    let read: Value = serde_json::from_str(&json).unwrap();
    assert_eq!(read["id"], nasty);
    assert!(refused.contains("    |   what to do: FORGED"), "{refused}");
}

#[tokio::test]
async fn a_half_replaced_secret_is_reported_and_can_be_put_again() {
    let (mut withdrawals, mut stored) = (0, json!({"signing_secrets": ["older"]}).to_string());
    let older = json!({"SecretString": stored, "VersionId": "current"});
    let server = Server::replying(move |request| {
        let of_previous = |json: Value| json["VersionStage"] == "AWSPREVIOUS";
        match request.header("x-amz-target") {
            Some("secretsmanager.UpdateSecretVersionStage") if of_previous(request.json()) => {
                withdrawals += 1;
                match withdrawals {
                    1 => answer(
                        400,
                        json!({"__type": "AccessDeniedException", "Message": "not any more"}),
                    ),
                    _ => answer(200, json!({})),
                }
            }
            // The version that was replaced keeps the label.
            Some("secretsmanager.GetSecretValue") if of_previous(request.json()) => answer(200, &older),
            _ => aws(request, &mut stored),
        }
    })
    .await;
    let put = ["secrets", "put", "kuenta", "--stack", "acuse"];
    let output = acuse(&server, &put, &format!("{SECRET}\n")).await;
    let printed = text(&output.stderr);
    assert!(!output.status.success(), "{printed}");
    assert!(
        printed.contains("could not withdraw what it replaces: that is still accepted")
            && printed.contains("run this again"),
        "{printed}"
    );
    done(&server, &put, &format!("{SECRET}\n")).await;

    // The same value each time, but a different version, or the second would be ignored.
    assert_eq!(put_secrets(&server), vec![json!({"signing_secrets": [SECRET]}); 2]);
    let requests = server.requests();
    let tokens: std::collections::BTreeSet<String> = requests
        .iter()
        .filter(|request| request.header("x-amz-target") == Some("secretsmanager.PutSecretValue"))
        .map(|request| request.json()["ClientRequestToken"].to_string())
        .collect();
    assert_eq!(tokens.len(), 2);
}

/// The store may return the previous secret for some seconds.
#[tokio::test]
async fn a_withdrawn_secret_is_reported_with_its_last_moment() {
    let mut stored = json!({"signing_secrets": [SECRET, "older"]}).to_string();
    let server = Server::replying(move |request| aws(request, &mut stored)).await;
    for (command, input) in [
        (&["secrets", "put", "kuenta", "--stack", "acuse"][..], SECRET),
        (&["secrets", "rotate", "kuenta", "--stack", "acuse", "--finish"], ""),
    ] {
        let before = SystemClock.now();
        let printed = done(&server, command, input).await;
        let (_, until) = printed.split_once(" one until ").expect("it says until when");
        let until = Timestamp::from_rfc3339(until.lines().next().unwrap()).unwrap();
        let margin = Duration::from_secs(10);
        assert!(until.since(before) >= FRESH_FOR + margin, "{before} {printed}");
        assert!(until.since(SystemClock.now()) <= FRESH_FOR + margin, "{printed}");
    }
}
