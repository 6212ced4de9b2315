//! `acuse send` to a server that simulates AWS and the endpoint.

use std::collections::{BTreeMap, HashSet};

use acuse_core::receive::secrets::Secrets;
use acuse_core::receive::signature::proof_headers;
use acuse_core::{json, providers};
use serde_json::{Value, json};

use super::programs::{SECRET, acuse, aws, command, done, failed, text};
use super::server::{Answer, Request, Server, answer};
use super::*;

const DELIVERY: &str = "01990000-0000-7000-8000-000000000000";

/// AWS whose secrets are all the same, and an endpoint that gives these answers.
async fn endpoint(reply: impl FnMut() -> Answer + Send + 'static) -> Server {
    endpoint_of(json!({"signing_secrets": [SECRET], "token": null}), reply).await
}

/// [`endpoint`] with these secrets.
async fn endpoint_of(stored: Value, mut reply: impl FnMut() -> Answer + Send + 'static) -> Server {
    let mut stored = stored.to_string();
    let secret = "<Outputs><member><OutputKey>UnopagoSecretId</OutputKey><OutputValue>x</OutputValue></member>";
    Server::replying(move |request| match request.path.as_str() {
        "/" => {
            let mut answer = aws(request, &mut stored);
            answer.body = answer.body.replace("<Outputs>", secret);
            answer
        }
        _ => reply(),
    })
    .await
}

fn queued() -> Answer {
    answer(200, "queued").header("x-delivery-id", DELIVERY)
}

/// Runs `acuse send` with the endpoint at `server`.
async fn send(server: &Server, arguments: &[&str]) -> String {
    let url = format!("{}/webhooks/x", server.url);
    let send = [&["send"], arguments, &["--stack", "acuse", "--url", &url]].concat();
    done(server, &send, "").await
}

async fn refused(server: &Server, arguments: &[&str]) -> String {
    let send = [
        &["send"],
        arguments,
        &["--stack", "acuse", "--url", "http://127.0.0.1:1/"],
    ]
    .concat();
    failed(server, &send).await
}

fn sent(server: &Server) -> Vec<Request> {
    let requests = server.requests().into_iter();
    requests.filter(|request| request.path != "/").collect()
}

#[tokio::test]
async fn values_are_set_and_removed_and_the_rest_is_sent_as_written() {
    let server = endpoint(queued).await;
    let arguments = [
        "onepay",
        "payment.approved",
        "--set",
        "payment.amount=150000.00",
        "--set",
        "/payment/a~1b={\"z\":1e2,\"a\":[\"ñ\"]}",
        "--set",
        "payment.reference=\"42\"",
        "--unset",
        "payment.customer",
        "--unset",
        "payment.title",
    ];
    let printed = send(&server, &arguments).await;
    let [request] = sent(&server).try_into().unwrap();
    let body = &request.body;
    let (id, _) = body
        .strip_prefix("{\"payment\":{\"id\":\"")
        .unwrap()
        .split_once('"')
        .unwrap();
    let start = format!(
        r#"{{"payment":{{"id":"{id}","amount":150000.00,"currency":"COP","status":"succeeded","reference":"42","payment_link":"https://pagos.example.com/p/9e5ccd4a","a/b":{{"z":1e2,"a":["ñ"]}}}},"event":{{"type":"payment.approved","timestamp":"#
    );
    assert!(body.starts_with(&start), "{body}");
    // What is sent is what is signed.
    let secrets = Secrets::parse(
        &providers::onepay::PROVIDER,
        &json!({"signing_secrets": [SECRET], "token": null}).to_string(),
    );
    let now = Timestamp::from_seconds(0);
    let scheme = &providers::onepay::PROVIDER.scheme;
    for (name, value) in proof_headers(scheme, &secrets.unwrap(), &body.clone().into(), now, "") {
        assert_eq!(request.header(name), Some(value.as_str()), "{name}");
    }
    assert!(
        printed.starts_with(&format!("200 queued  delivery {DELIVERY}  reference 42  onepay#")),
        "{printed}"
    );
    assert!(
        printed.ends_with(&format!("#payment#{id}|payment.approved\n")),
        "{printed}"
    );
}

#[tokio::test]
async fn a_reference_goes_where_the_provider_puts_it() {
    let server = endpoint(queued).await;
    let reference = ["--reference", "ORD-1", "--json"];
    for sample in [
        ["onepay", "payment.created"],
        ["onepay", "charge.paid"],
        ["unopago", "payment_received"],
    ] {
        let printed = send(&server, &[&sample[..], &reference].concat()).await;
        let line: Value = serde_json::from_str(&printed).unwrap();
        assert_eq!(
            (&line["reference"], &line["type"]),
            (&json!("ORD-1"), &json!(sample[1]))
        );
        assert_eq!((&line["status"], &line["delivery_id"]), (&json!(200), &json!(DELIVERY)));
    }
    // Of a scenario, where an order number is; if there is none, wherever one can be.
    for (scenario, expected) in [("invoice-then-payment", 1), ("paid-then-refunded", 4), ("paid", 2)] {
        let printed = send(&server, &[&["--scenario", scenario], &reference[..]].concat()).await;
        assert_eq!(
            printed.matches("\"reference\":\"ORD-1\"").count(),
            expected,
            "{printed}"
        );
    }
    let printed = refused(&server, &["--scenario", "document-signed", "--reference", "ORD-1"]).await;
    assert!(
        printed.contains("the scenario `document-signed` carries no order number"),
        "{printed}"
    );
    let printed = refused(&server, &["kuenta", "payment.completed", "--reference", "ORD-1"]).await;
    assert!(
        printed.contains("kuenta's payment.completed carries no order number"),
        "{printed}"
    );
    assert!(printed.contains("`--set PATH=VALUE`"), "{printed}");
    // Of each event, another one.
    let printed = send(&server, &["onepay", "payment.created", "--count", "20", "--json"]).await;
    let lines = printed.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let own: HashSet<String> = lines
        .map(|line| line["reference"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(own.len(), 20, "{own:?}");
}

#[tokio::test]
async fn a_path_that_does_not_fit_names_what_is_there() {
    let server = endpoint(queued).await;
    for (change, expected) in [
        (
            ["--set", "paymant.reference=1"],
            "error: --set `paymant.reference`: the payload has no `paymant`; it has payment, event",
        ),
        (
            ["--unset", "payment.titel"],
            "error: --unset `payment.titel`: `payment` has no `titel`; it has id, amount,",
        ),
        (["--set", "payment.reference"], "expected PATH=VALUE"),
        (["--set", "=1"], "error: --set the path is empty"),
    ] {
        let printed = refused(&server, &[&["onepay", "payment.approved"], &change[..]].concat()).await;
        assert!(printed.contains(expected), "{printed}");
    }
    assert!(sent(&server).is_empty());
}

#[tokio::test]
async fn a_given_body_can_be_changed_and_printed() {
    let server = endpoint(queued).await;
    let given = ["send", "kuenta", "--stack", "acuse", "--print", "--body", "-"];
    let body = "{\"event\": \"payment.completed\",\n \"data\": {\"id\": \"1\", \"amount\": 1.50}}\n";
    assert_eq!(
        done(&server, &given, body).await,
        "{\"event\": \"payment.completed\",\n \"data\": {\"id\": \"1\", \"amount\": 1.50}}\n"
    );
    assert_eq!(
        done(&server, &[&given[..], &["--set", "data.id=7"]].concat(), body).await,
        "{\"event\":\"payment.completed\",\"data\":{\"id\":7,\"amount\":1.50}}\n"
    );
    let output = acuse(&server, &[&given[..], &["--set", "data.id=7"]].concat(), "not JSON").await;
    assert!(
        text(&output.stderr).contains("the payload is not JSON"),
        "{}",
        text(&output.stderr)
    );
    assert!(sent(&server).is_empty());
}

/// Resource, type and reference of what was sent, in order.
fn received(server: &Server, provider: &str) -> Vec<(String, String, Option<String>)> {
    let provider = providers::ALL.by_name(provider).unwrap();
    let read = |request: Request| {
        let value = json::parse(request.body.as_bytes()).unwrap();
        let reading = (provider.read)(&value).unwrap();
        let type_name = reading.type_name.as_str().to_owned();
        (reading.resource.unwrap().id, type_name, reading.reference)
    };
    sent(server).into_iter().map(read).collect()
}

#[tokio::test]
async fn a_scenario_is_sent_in_its_order_with_one_reference() {
    let server = endpoint(queued).await;
    let scenario = ["--scenario", "paid-and-sent-again", "--reference", "ORD-7"];
    let printed = send(&server, &scenario).await;
    assert_eq!(printed.matches("reference ORD-7").count(), 4, "{printed}");
    let received = received(&server, "onepay");
    let types: Vec<_> = received.iter().map(|(_, type_name, _)| type_name.as_str()).collect();
    assert_eq!(
        types,
        [
            "payment.created",
            "payment.created",
            "payment.approved",
            "payment.approved"
        ]
    );
    assert!(received.iter().all(|(id, _, _)| *id == received[0].0));
    let bodies: Vec<_> = sent(&server).into_iter().map(|request| request.body).collect();
    assert_eq!(bodies[0], bodies[1]);
}

#[tokio::test]
async fn a_scenario_is_of_the_environment_of_its_account() {
    let account = |environment: &str| json!({"environment": environment, "signing_secrets": [SECRET], "token": null});
    let stored = json!({"accounts": {"default": account("live"), "sandbox": account("test")}});
    let server = endpoint_of(stored, queued).await;
    for (name, environment) in [("default", "live"), ("sandbox", "test")] {
        let scenario = ["--scenario", "paid", "--account", name];
        let printed = send(&server, &[&scenario[..], &["--print"]].concat()).await;
        let environment = format!("\"environment\":\"{environment}\"");
        assert_eq!(printed.matches(&environment).count(), 2, "{printed}");
        let printed = send(&server, &scenario).await;
        let scope = if name == "default" {
            "onepay#live#"
        } else {
            "onepay/sandbox#test#"
        };
        assert_eq!(printed.matches(scope).count(), 2, "{printed}");
    }
    assert_eq!(sent(&server).len(), 4);
}

#[tokio::test]
async fn no_answer_ends_a_send_but_not_one_of_many() {
    let server = endpoint(queued).await;
    let printed = refused(&server, &["onepay", "payment.created", "--count", "9"]).await;
    assert!(printed.contains("no answer from http://127.0.0.1:1/"), "{printed}");
    let many = ["onepay", "payment.created", "--count", "9", "--concurrency", "3"];
    let send = [
        &["send"],
        &many[..],
        &["--stack", "acuse", "--url", "http://127.0.0.1:1/"],
    ]
    .concat();
    let output = acuse(&server, &send, "").await;
    let (printed, errors) = (text(&output.stdout), text(&output.stderr));
    assert!(
        printed.contains("  no answer       9  no answer from http://127.0.0.1:1/: Connection refused"),
        "{printed}"
    );
    assert!(errors.contains("9 of 9 deliveries were not answered 200"), "{errors}");
}

#[tokio::test]
async fn a_seed_repeats_the_order() {
    let order = async |seed: &str| {
        let server = endpoint(queued).await;
        let url = format!("{}/webhooks/x", server.url);
        let scenario = ["send", "--scenario", "credit-paid-off", "--twice", "--stack", "acuse"];
        let output = acuse(&server, &[&scenario[..], &["--url", &url, seed]].concat(), "").await;
        assert!(output.status.success(), "{output:?}");
        let bodies = sent(&server).into_iter().map(|request| request.json());
        let order: Vec<String> = bodies
            .map(|body| format!("{} {}", body["event"], body["data"]["installment"]))
            .collect();
        assert_eq!(order.len(), 22);
        (order, text(&output.stderr))
    };
    let (first, printed) = order("--shuffle").await;
    let seed = printed.split('`').nth(1).unwrap();
    assert!(seed.starts_with("--shuffle="), "{printed}");
    let (second, _) = order(seed).await;
    assert_eq!(first, second);
    let (third, _) = order("--shuffle=7").await;
    assert!(first != third || seed == "--shuffle=7");
}

#[tokio::test]
async fn a_scenario_can_be_a_file_of_ones_own() {
    let server = endpoint(queued).await;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("mine.json");
    let own = json!({"events": [
        {"provider": "onepay", "type": "charge.paid", "set": {"charge.amount": 1}},
        {"provider": "unopago", "type": "payment_received", "delay": "20ms"},
    ]});
    std::fs::write(&path, own.to_string()).unwrap();
    let which = path.to_str().unwrap();
    let printed = send(&server, &["--scenario", which, "--json"]).await;
    let providers: Vec<Value> = printed
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap()["provider"].take())
        .collect();
    assert_eq!(providers, ["onepay", "unopago"]);

    std::fs::write(&path, r#"{"provider":"onepay","events":[{"type":"paid"}]}"#).unwrap();
    let printed = refused(&server, &["--scenario", which]).await;
    assert!(
        printed.contains(&format!(
            "{which}: `events[0].type`: `onepay` has no event type `paid`; there are"
        )),
        "{printed}"
    );
    let printed = refused(&server, &["--scenario", "./no-such.json"]).await;
    assert!(printed.contains("can't read ./no-such.json"), "{printed}");
    let printed = refused(&server, &["--scenario", "payed"]).await;
    assert!(
        printed.contains("no scenario is called `payed`; there are"),
        "{printed}"
    );
    assert!(printed.contains("paid-then-refunded"), "{printed}");
}

#[tokio::test]
async fn scenarios_are_listed_with_how_they_end_without_a_stack() {
    let server = endpoint(queued).await;
    let printed = done(&server, &["send", "--list"], "").await;
    let line = printed
        .lines()
        .find(|line| line.contains("paid-then-refunded"))
        .unwrap();
    assert!(line.contains("onepay") && line.contains("charge refunded"), "{line}");
    let printed = done(&server, &["send", "--scenario", "subscription", "--list"], "").await;
    assert!(printed.contains("+30d"), "{printed}");
    assert!(printed.ends_with("ends: subscription cancelled\n"), "{printed}");
    for list in [
        &["send", "--list", "--json"][..],
        &["send", "--scenario", "paid", "--list", "--json"],
    ] {
        let printed = done(&server, list, "").await;
        assert!(printed.lines().all(|line| serde_json::from_str::<Value>(line).is_ok()));
    }
    assert!(server.requests().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn many_are_sent_at_once_and_summed_up() {
    let mut count = 0;
    let server = endpoint(move || {
        count += 1;
        let answer = if count % 100 == 0 {
            answer(503, "busy")
        } else {
            queued()
        };
        answer.after(Duration::from_millis(20))
    })
    .await;
    let url = format!("{}/webhooks/x", server.url);
    let many = [
        "send",
        "onepay",
        "payment.approved",
        "--count",
        "500",
        "--concurrency",
        "50",
    ];
    let many = [&many[..], &["--stack", "acuse", "--url", &url]].concat();
    let started = std::time::Instant::now();
    let output = acuse(&server, &many, "").await;
    // One after the other would take 10 s.
    assert!(started.elapsed() < Duration::from_secs(8), "{:?}", started.elapsed());
    let (printed, errors) = (text(&output.stdout), text(&output.stderr));
    let lines: Vec<_> = printed.lines().collect();
    assert!(lines[0].starts_with("500 deliveries in "), "{printed}");
    assert_eq!(lines[1], "  200           495");
    assert_eq!(lines[2], "  503             5  busy");
    assert!(lines[3].starts_with("answered in "), "{printed}");
    assert!(errors.contains("5 of 500 deliveries were not answered 200"), "{errors}");
    let ids: HashSet<_> = received(&server, "onepay").into_iter().map(|(id, ..)| id).collect();
    assert_eq!(ids.len(), 500);
}

#[tokio::test(flavor = "multi_thread")]
async fn ctrl_c_stops_with_the_summary() {
    let server = endpoint(|| queued().after(Duration::from_millis(50))).await;
    let url = format!("{}/webhooks/x", server.url);
    let many = [
        "send",
        "--scenario",
        "paid",
        "--count",
        "100000",
        "--concurrency",
        "4",
        "--stack",
        "acuse",
        "--url",
        &url,
    ];
    let child = command(&server, &many).spawn().unwrap();
    while sent(&server).len() < 10 {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let id = child.id().unwrap().to_string();
    let killed = tokio::process::Command::new("kill").args(["-INT", &id]).status().await;
    assert!(killed.unwrap().success());
    let output = child.wait_with_output().await.unwrap();
    let (printed, errors) = (text(&output.stdout), text(&output.stderr));
    assert_eq!(output.status.code(), Some(130), "{printed}{errors}");
    assert!(printed.contains(" deliveries in "), "{printed}");
    assert!(
        errors.contains("stopped before all 200000 were sent; up to 4 more may have arrived"),
        "{errors}"
    );
}

#[tokio::test]
async fn runs_of_a_scenario_at_once_keep_the_order_of_each() {
    let server = endpoint(|| queued().after(Duration::from_millis(5))).await;
    let many = [
        "--scenario",
        "rejected-then-paid",
        "--count",
        "20",
        "--concurrency",
        "8",
    ];
    send(&server, &many).await;
    let mut runs: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (id, type_name, _) in received(&server, "onepay") {
        runs.entry(id).or_default().push(type_name);
    }
    assert_eq!(runs.len(), 20);
    for types in runs.values() {
        assert_eq!(
            types[..],
            [
                "payment.created",
                "payment.rejected",
                "payment.rejected",
                "payment.approved"
            ]
        );
    }
}
