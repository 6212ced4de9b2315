//! `webhooks check` and the doctor's part of it, against an API that plays every answer.

use std::time::Duration as StdDuration;

use acuse_core::providers::onepay::EventType;
use serde_json::{Value, json};

use super::lists::{Event, ledger};
use super::programs::{acuse, aws, command, done, failed, text};
use super::server::{Answer, Request, Server, answer};
use super::*;

const URL: &str = "https://stack.example/webhooks/onepay";
const CHECK: [&str; 5] = ["onepay", "webhooks", "check", "--stack", "acuse"];

/// AWS with an empty ledger, and an API that keeps `webhooks`. `accepts` is whether it takes a member of a change.
async fn world(webhooks: Value, accepts: impl Fn(&str) -> bool + Send + 'static) -> Server {
    let mut webhooks = webhooks;
    let mut stored = json!({"signing_secrets": ["wh_tok_old"], "token": "wh_hdr_old"}).to_string();
    Server::replying(move |request| match request.method.as_str() {
        _ if request.path == "/" => of_aws(request, &mut stored),
        "GET" => answer(200, json!({"data": webhooks})),
        "PUT" => {
            let id = request.path.strip_prefix("/v1/webhooks/").unwrap();
            let list = webhooks.as_array_mut().unwrap();
            let webhook = list.iter_mut().find(|webhook| webhook["id"] == id).unwrap();
            for (member, value) in request.json().as_object().unwrap() {
                if accepts(member) {
                    webhook[member] = value.clone();
                }
            }
            answer(200, json!({"data": webhook}))
        }
        _ => answer(405, "only reads and changes are expected"),
    })
    .await
}

fn of_aws(request: &Request, stored: &mut String) -> Answer {
    match request.header("x-amz-target") {
        Some("DynamoDB_20120810.GetItem") => answer(200, "{}"),
        Some("DynamoDB_20120810.Query") => answer(200, json!({"Items": []})),
        _ => aws(request, stored),
    }
}

fn webhook(url: &str) -> Value {
    json!({"id": "w1", "url": url, "events": EventType::NAMES, "header": "wh_hdr_old", "is_test": false,
        "updated_at": "2026-11-20T08:00:00Z"})
}

fn puts(server: &Server) -> Vec<Value> {
    let requests = server.requests().into_iter();
    let puts = requests.filter(|request| request.method == "PUT");
    puts.map(|request| request.json()).collect()
}

/// What was written to the audit trail: each action, and its outcome.
fn trail(server: &Server) -> Vec<String> {
    let requests = server.requests().into_iter();
    let of = |request: Request| match request.header("x-amz-target")? {
        "DynamoDB_20120810.PutItem" => {
            let item = request.json()["Item"].clone();
            Some(
                ["command", "target", "reason", "outcome"]
                    .map(|name| item[name]["S"].as_str().unwrap_or("-").to_owned())
                    .join(" "),
            )
        }
        "DynamoDB_20120810.UpdateItem" => Some(
            request.json()["ExpressionAttributeValues"][":outcome"]["S"]
                .as_str()?
                .to_owned(),
        ),
        _ => None,
    };
    requests.filter_map(of).collect()
}

/// The text with `API` for the server's URL in options.
fn without_port(server: &Server, text: &str) -> String {
    text.replace(&format!("--base-url {}", server.url), "--base-url API")
}

#[tokio::test]
async fn a_webhook_that_is_well_is_said_to_be() {
    for url in [URL, "HTTPS://Stack.Example:443/webhooks/onepay/"] {
        let mut own = webhook(url);
        own["failures"] = 3.into();
        let server = world(json!([webhook("https://b.example/x"), own]), |_| true).await;
        let count = EventType::NAMES.len();
        assert_eq!(
            done(&server, &CHECK, "").await,
            format!("✓ onepay: w1 posts to {url}, with all {count} events (not documented: failures: 3)\n")
        );
        let printed = done(&server, &[&CHECK[..], &["--fix", "--yes", "--json"]].concat(), "").await;
        let printed: Value = serde_json::from_str(&printed).unwrap();
        assert_eq!(
            (&printed["ok"], &printed["webhook"]["failures"]),
            (&json!(true), &json!(null))
        );
        assert_eq!(printed["webhook"]["undocumented"], json!({"failures": 3}));
        assert!(
            puts(&server).is_empty() && trail(&server).is_empty(),
            "nothing was wrong"
        );
    }
}

#[tokio::test]
async fn what_is_wrong_is_named_and_changes_nothing_without_fix() {
    let mut off = webhook(URL);
    off["is_active"] = false.into();
    let mut lacks = webhook(URL);
    lacks["events"] = json!(EventType::NAMES[1..]);
    let elsewhere = webhook("https://old.example/webhooks/onepay");
    let rows = [
        (
            json!([]),
            "is not registered: there is no webhook at all",
            "`acuse onepay webhooks create --base-url API --stack acuse`",
        ),
        (
            json!([webhook("https://b.example/x")]),
            "none of 1 webhooks posts there",
            "webhooks create",
        ),
        (
            json!([off]),
            "switched off: the provider lists it with `is_active`: false",
            "webhooks check --fix --base-url API --stack acuse",
        ),
        (
            json!([elsewhere]),
            "w1 posts to https://old.example/webhooks/onepay, and none to",
            "may be another stack of yours. If it is, create one for this stack: `acuse onepay webhooks create --base-url API --stack acuse`. If that webhook is to post here instead, and there no more: `acuse onepay webhooks check --fix --move-from w1 --base-url API --stack acuse`",
        ),
        (
            json!([elsewhere, elsewhere]),
            "w1 posts to",
            "`acuse onepay webhooks check --fix --move-from ID --base-url API --stack acuse`",
        ),
        (
            json!([lacks]),
            "registered without payment.created",
            "name those that you want in ONEPAY_EVENTS",
        ),
    ];
    for (webhooks, expected, advice) in rows {
        let server = world(webhooks, |_| true).await;
        let output = acuse(&server, &CHECK, "").await;
        let (found, told) = (text(&output.stdout), without_port(&server, &text(&output.stderr)));
        assert_eq!(output.status.code(), Some(1), "{found}");
        assert!(found.starts_with("✗ onepay: ") && found.contains(expected), "{found}");
        assert!(told.contains(advice), "{told}");
        assert!(puts(&server).is_empty() && trail(&server).is_empty());
    }
}

#[tokio::test]
async fn a_fix_changes_what_was_named_asks_and_leaves_a_trace() {
    let mut wrong = webhook("https://old.example/webhooks/onepay/");
    wrong["is_active"] = false.into();
    wrong["events"] = json!(["payment.approved", "own.type"]);
    let server = world(json!([webhook("https://b.example/x"), wrong]), |_| true).await;
    let own = [
        "--fix",
        "--move-from",
        "w1",
        "--events",
        "payment.approved,payment.rejected",
    ];
    let fix = [&CHECK[..], &own].concat();

    let planned = acuse(&server, &[&fix[..], &["--dry-run"]].concat(), "").await;
    assert!(planned.status.success(), "{planned:?}");
    assert!(text(&planned.stderr).contains("would set the URL to https://stack.example/webhooks/onepay of w1"));
    let asked = failed(&server, &fix).await;
    assert!(
        asked.contains(
            "add `--yes` to change OnePay's webhook w1, which posts to https://old.example/webhooks/onepay/ now"
        ),
        "{asked}"
    );
    assert!(puts(&server).is_empty() && trail(&server).is_empty());

    let output = acuse(
        &server,
        &[&fix[..], &["--yes", "--reason", "a new domain"]].concat(),
        "",
    )
    .await;
    assert!(output.status.success(), "{output:?}");
    let events = json!(["payment.approved", "own.type", "payment.rejected"]);
    assert_eq!(
        puts(&server),
        [json!({"url": URL, "events": events, "is_active": true})]
    );
    assert_eq!(
        trail(&server),
        ["onepay webhooks check onepay a new domain BEGUN", "DONE"]
    );
    let told = without_port(&server, &text(&output.stderr));
    assert!(
        told.contains("no delivery was accepted in the last 14 days")
            && told.contains("`acuse reconcile onepay --since 14d --base-url API --stack acuse`"),
        "{told}"
    );
    // Again: nothing is left to move or to change.
    done(&server, &[&fix[..], &["--yes"]].concat(), "").await;
    assert_eq!(puts(&server).len(), 1);
}

/// The other host may be another stack, in production.
#[tokio::test]
async fn a_webhook_moves_to_this_stack_only_if_it_is_named() {
    let at = |id: &str, url: &str| {
        let mut one = webhook(url);
        one["id"] = id.into();
        one
    };
    let secret = "https://u:hunter2@prod.example/webhooks/onepay?k=hunter2";
    let (prod, stage) = (at("w1", secret), at("w2", "https://stage.example/webhooks/onepay"));
    let again = at("w3", "https://stage.example/webhooks/onepay");
    let unnamed = "`--fix` moves no webhook from another host unless `--move-from` names it, so nothing was changed";
    let rows: [(Value, &[&str], &str); 6] = [
        (json!([prod]), &["--yes"], unnamed),
        (json!([prod]), &["--dry-run"], unnamed),
        (json!([prod, stage]), &["--yes"], unnamed),
        (
            json!([prod, at("b", "https://b.example/x")]),
            &["--yes", "--move-from", "b"],
            "`--move-from b` is none of these webhooks",
        ),
        (
            json!([prod, stage, again]),
            &["--yes", "--move-from", "https://stage.example/webhooks/onepay"],
            "several webhooks post to https://stage.example/webhooks/onepay, and only an id names one",
        ),
        (
            json!([at("w0", URL), prod]),
            &["--yes", "--events", "new.type", "--unknown-events", "--move-from", "w1"],
            "`--move-from` names no webhook that could be moved",
        ),
    ];
    for (webhooks, options, expected) in rows {
        let server = world(webhooks, |_| true).await;
        let output = acuse(&server, &[&CHECK[..], &["--fix"], options].concat(), "").await;
        let printed = text(&output.stdout) + &text(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{printed}");
        assert!(printed.contains(expected) && !printed.contains("hunter2"), "{printed}");
        assert!(puts(&server).is_empty() && trail(&server).is_empty(), "{printed}");
    }
    // By its URL, one of two; its query makes no difference.
    let server = world(json!([stage, prod]), |_| true).await;
    let named = [
        "--fix",
        "--yes",
        "--json",
        "--move-from",
        "https://prod.example/webhooks/onepay",
    ];
    let printed = done(&server, &[&CHECK[..], &named].concat(), "").await;
    assert!(!printed.contains("hunter2"), "{printed}");
    assert_eq!(puts(&server).len(), 1);
    let put = server.requests().into_iter().find(|request| request.method == "PUT");
    assert_eq!(put.unwrap().path, "/v1/webhooks/w1");
    assert_eq!(puts(&server)[0]["url"], URL);
}

#[tokio::test]
async fn no_webhook_moves_to_an_address_of_this_machine() {
    let prod = webhook("https://prod.example/webhooks/onepay");
    let server = world(json!([prod]), |_| true).await;
    let folder = tempfile::tempdir().unwrap();
    let lock = std::fs::File::create(folder.path().join("lock")).unwrap();
    lock.lock().unwrap();
    let running = json!({
        "endpoint": server.url, "http": "http://127.0.0.1:9999", "inspector": "http://127.0.0.1:9998",
        "outputs": {"OnepaySecretId": "secret-of-onepay"}, "watch": null, "pid": 1,
    });
    std::fs::write(folder.path().join("stack.json"), running.to_string()).unwrap();
    let check = [
        "onepay",
        "webhooks",
        "check",
        "--state",
        folder.path().to_str().unwrap(),
    ];
    for options in [&["--fix", "--yes"][..], &["--fix", "--yes", "--move-from", "w1"]] {
        let printed = failed(&server, &[&check[..], options].concat()).await;
        assert!(
            printed
                .contains("only this machine can reach http://127.0.0.1:9999/webhooks/onepay, and OnePay can't post")
                && printed.contains(&format!(
                    "`acuse onepay webhooks create --url https://… --base-url {} --state {}`",
                    server.url,
                    folder.path().display()
                )),
            "{printed}"
        );
        assert!(puts(&server).is_empty() && trail(&server).is_empty(), "{printed}");
    }
    let told = text(&acuse(&server, &check, "").await.stderr);
    assert!(
        told.contains("leave its webhook as it is") && !told.contains("--fix"),
        "{told}"
    );
    // A tunnel's address, if the webhook is named.
    let tunnel = ["--url", "https://tunnel.example/webhooks/onepay"];
    let told = failed(&server, &[&check[..], &["--fix", "--yes"], &tunnel].concat()).await;
    let expected = "check --fix --move-from w1 --url https://tunnel.example/webhooks/onepay --base-url ";
    assert!(told.contains(expected), "{told}");
    let moved = [&check[..], &["--fix", "--yes", "--move-from", "w1"], &tunnel].concat();
    done(&server, &moved, "").await;
    assert_eq!(puts(&server)[0]["url"], tunnel[1]);
}

#[tokio::test]
async fn a_fix_adds_nothing_that_another_webhook_of_the_url_posts() {
    let (mut first, mut second) = (webhook(URL), webhook(URL));
    first["events"] = json!(["payment.approved"]);
    (second["id"], second["events"]) = ("w2".into(), json!(["payment.rejected"]));
    let server = world(json!([first, second]), |_| true).await;
    let both = [&CHECK[..], &["--events", "payment.approved,payment.rejected"]].concat();
    assert_eq!(
        done(&server, &both, "").await,
        format!("✓ onepay: w1 posts to {URL}, with all 2 events together with w2\n")
    );
    let fix = [
        &CHECK[..],
        &[
            "--fix",
            "--yes",
            "--events",
            "payment.approved,payment.rejected,payment.created",
        ],
    ]
    .concat();
    done(&server, &fix, "").await;
    assert_eq!(
        puts(&server)[0]["events"],
        json!(["payment.approved", "payment.created"])
    );
}

#[tokio::test]
async fn what_the_provider_does_not_take_is_said() {
    let mut off = webhook(URL);
    off["enabled"] = false.into();
    off["events"] = json!(["payment.approved"]);
    let server = world(json!([off]), |member| member == "url").await;
    let printed = failed(&server, &[&CHECK[..], &["--fix", "--yes"]].concat()).await;
    for expected in [
        "OnePay did not take all changes",
        "switch it on in OnePay's panel: its reference does not document how",
        "OnePay does not post payment.created",
        "check again: `acuse onepay webhooks check --base-url API --stack acuse`",
    ] {
        let printed = without_port(&server, &printed);
        assert!(printed.contains(expected), "{printed}");
    }
    let words = json!([{"id": "w1", "url": URL, "events": EventType::NAMES, "status": "inactive"}]);
    let server = world(words, |_| true).await;
    let printed = failed(&server, &[&CHECK[..], &["--fix", "--yes"]].concat()).await;
    assert!(
        printed.contains("there is nothing that `--fix` can change") && printed.contains("panel"),
        "{printed}"
    );
    assert!(puts(&server).is_empty());
}

#[tokio::test]
async fn kuentas_change_has_url_and_events() {
    let types = acuse_core::providers::kuenta::EventType::NAMES;
    let url = "https://stack.example/webhooks/kuenta";
    let server = world(
        json!([{"id": "k1", "url": url, "events": types, "is_active": false}]),
        |_| true,
    )
    .await;
    let check = ["kuenta", "webhooks", "check", "--stack", "acuse", "--fix", "--yes"];
    let output = acuse(&server, &check, "").await;
    assert!(output.status.success(), "{output:?}");
    assert_eq!(puts(&server), [json!({"url": url, "events": types, "is_active": true})]);
    assert!(text(&output.stderr).contains("`acuse reconcile kuenta --since 14d --stack acuse`"));
}

/// Copied without, they would ask the real provider, about all events of another organization's webhook.
#[tokio::test]
async fn printed_commands_name_the_api_the_organization_the_events_and_the_stack() {
    let url = "https://stack.example/webhooks/kuenta";
    let server = world(json!([{"id": "k1", "url": url, "events": ["payment.failed"]}]), |_| {
        true
    })
    .await;
    let options = [
        "--organization-id",
        "org 7",
        "--events",
        "payment.completed,payment.failed",
    ];
    let check = [&["kuenta", "webhooks", "check", "--stack", "acuse"][..], &options].concat();
    let output = acuse(&server, &check, "").await;
    let told = without_port(&server, &text(&output.stderr));
    let named = "--events 'payment.completed,payment.failed' --base-url API --organization-id 'org 7' --stack acuse`";
    assert!(
        told.contains(&format!("`acuse kuenta webhooks check --fix {named}")),
        "{told}"
    );
    // A webhook that is registered already is created once more only by a command for the same API.
    let create = [&["kuenta", "webhooks", "create", "--stack", "acuse"][..], &options].concat();
    let told = text(&acuse(&server, &create, "").await.stderr);
    let told = without_port(&server, &told).replace(" --force", "");
    assert!(
        told.contains(&format!("`acuse kuenta webhooks create {named}")),
        "{told}"
    );
}

#[tokio::test]
async fn without_an_organization_the_variable_is_named() {
    let server = world(json!([]), |_| true).await;
    for verb in ["check", "list"] {
        let mut check = command(&server, &["kuenta", "webhooks", verb]);
        if verb == "check" {
            check.args(["--stack", "acuse"]);
        }
        let output = check.env_remove("KUENTA_ORGANIZATION_ID").output().await.unwrap();
        let told = text(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{told}");
        assert!(
            told.contains("KUENTA_ORGANIZATION_ID is not set") && told.contains("`--organization-id ID`"),
            "{told}"
        );
    }
}

#[tokio::test]
async fn the_events_that_are_wanted_are_named_once() {
    let mut some = webhook(URL);
    some["events"] = json!(["payment.approved", "new.type"]);
    let server = world(json!([some]), |_| true).await;
    let mut wanted = command(&server, &CHECK);
    let output = wanted
        .env("ONEPAY_EVENTS", "payment.approved, new.type")
        .output()
        .await
        .unwrap();
    assert!(output.status.success(), "{output:?}");
    assert!(text(&output.stdout).contains("with all 2 events"));
    let printed = failed(&server, &[&CHECK[..], &["--events", "payment.aproved"]].concat()).await;
    assert!(printed.contains("no event type `payment.aproved`"), "{printed}");
}

/// Every bad answer is a clear error, and nothing is changed after it.
#[tokio::test]
async fn bad_answers_of_the_api_are_errors() {
    let half = r#"{"data": [{"id": "w1", "url": "https://stack.exa"#;
    let rows = [
        (
            answer(401, "Unauthenticated."),
            "answers 401: Unauthenticated.",
            "check ONEPAY_API_TOKEN",
        ),
        (answer(403, ""), "answers 403", "check ONEPAY_API_TOKEN"),
        (answer(404, ""), "answers 404", "the base URL"),
        (
            answer(429, "").header("retry-after", "600"),
            "answers 429",
            "asks for a pause of 600 s",
        ),
        (
            answer(503, "").header("retry-after", "600"),
            "answers 503",
            "asks for a pause of 600 s",
        ),
        (
            answer(302, "").header("location", "https://b.example"),
            "answers 302",
            "the API has moved",
        ),
        (
            answer(200, half),
            "something other than a list of webhooks",
            "check that the base URL",
        ),
        (
            answer(200, "<html>"),
            "something other than a list of webhooks",
            "check that the base URL",
        ),
        (
            answer(200, json!({"error": "x"})),
            "something other than a list of webhooks",
            "check that the base URL",
        ),
        (
            answer(200, json!({"data": [{"url": URL}]})),
            "something other than a list of webhooks",
            "check",
        ),
    ];
    for (bad, expected, advice) in rows {
        let mut stored = json!({"signing_secrets": ["wh_tok_old"], "token": "wh_hdr_old"}).to_string();
        let server = Server::replying(move |request| match request.path.as_str() {
            "/" => of_aws(request, &mut stored),
            _ => bad.clone(),
        });
        let server = server.await;
        let printed = failed(&server, &[&CHECK[..], &["--fix", "--yes"]].concat()).await;
        assert!(printed.contains(expected) && printed.contains(advice), "{printed}");
        assert!(puts(&server).is_empty() && trail(&server).is_empty());
    }
}

#[tokio::test]
async fn a_list_is_read_to_its_last_page_and_the_second_may_break() {
    let page = |page: u64, webhooks: Value| json!({"data": webhooks, "current_page": page, "last_page": 3});
    let server = Server::replying(move |request| match request.path.as_str() {
        "/v1/webhooks" => answer(200, page(1, json!([webhook("https://a.example")]))),
        "/v1/webhooks?page=2" => answer(200, page(2, json!([]))),
        "/v1/webhooks?page=3" => answer(200, page(3, json!([webhook(URL)]))),
        other => panic!("{other}"),
    })
    .await;
    let listed = kuenta(&server.url, NotedClock::new().pace()).list().await.unwrap();
    assert_eq!(
        listed.iter().map(|one| one.url.as_str()).collect::<Vec<_>>(),
        ["https://a.example", URL]
    );

    let server = Server::replying(move |request| match request.path.as_str() {
        "/v1/webhooks" => answer(200, page(1, json!([webhook(URL)]))),
        _ => answer(200, "{"),
    })
    .await;
    let clock = NotedClock::new();
    let error = kuenta(&server.url, clock.pace()).list().await.unwrap_err();
    assert!(
        error
            .to_string()
            .contains("?page=2 answers 200 with something other than"),
        "{error}"
    );
    assert_eq!(clock.slept(), Vec::<StdDuration>::new());
}

#[tokio::test]
async fn the_doctor_checks_each_account_with_its_own_token() {
    let secrets = json!({"accounts": {
        "default": {"signing_secrets": ["wh_tok_old"], "token": "wh_hdr_old"},
        "test": {"environment": "test", "signing_secrets": ["wh_tok_t"], "token": "wh_hdr_t"},
        "shop": {"signing_secrets": ["wh_tok_s"], "token": "wh_hdr_s"},
    }});
    let mut stored = secrets.to_string();
    let server = Server::replying(
        move |request| match (request.path.as_str(), request.header("authorization")) {
            ("/", _) => of_aws(request, &mut stored),
            (_, Some("Bearer token-of-test")) => answer(200, json!({"data": []})),
            _ => answer(200, json!({"data": [webhook(URL)]})),
        },
    )
    .await;
    let lines = async |own: &[(&str, &str)], without: &[&str]| {
        let mut doctor = command(&server, &["doctor", "--no-delivery", "--json", "--stack", "acuse"]);
        for name in without {
            doctor.env_remove(name);
        }
        let output = doctor.envs(own.iter().copied()).output().await.unwrap();
        let printed = text(&output.stdout);
        let lines = printed.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
        let lines: Vec<Value> = lines.collect();
        move |check: &str| {
            let found = lines.iter().find(|line| line["check"] == check);
            let found = found.unwrap_or_else(|| panic!("{check}: {lines:?}"));
            (found["ok"] == true, found["found"].as_str().unwrap().to_owned())
        }
    };
    let found = lines(&[], &[]).await;
    assert!(
        found("onepay: webhook").1.contains("w1 posts to"),
        "{:?}",
        found("onepay: webhook")
    );
    // The list is that of the live environment.
    let (ok, test) = found("onepay/test: webhook");
    assert!(
        ok && test.contains("lists the webhooks of the other environment; set ONEPAY_API_TOKEN_TEST"),
        "{test}"
    );
    let (ok, shop) = found("onepay/shop: webhook");
    assert!(
        ok && shop.contains("not checked") && shop.contains("set ONEPAY_API_TOKEN_SHOP"),
        "{shop}"
    );
    assert_eq!(
        found("onepay: last delivery"),
        (true, "none in the last 14 days".to_owned())
    );
    assert!(
        !found("kuenta: webhook").0,
        "Kuenta's list has no webhook of this stack"
    );

    let found = lines(&[("ONEPAY_API_TOKEN_TEST", "token-of-test")], &[]).await;
    let (ok, test) = found("onepay/test: webhook");
    assert!(
        !ok && test.contains("webhooks create --account test --base-url http://127.0.0.1:")
            && test.contains(" --stack acuse`"),
        "{test}"
    );

    let found = lines(&[], &["ONEPAY_API_TOKEN", "KUENTA_ORGANIZATION_ID"]).await;
    for (check, expected) in [
        ("onepay: webhook", "not checked: set ONEPAY_API_TOKEN"),
        ("kuenta: webhook", "not checked: set KUENTA_ORGANIZATION_ID"),
        ("unopago: webhook", "not checked: no API that lists webhooks is known"),
    ] {
        let (ok, text) = found(check);
        assert!(ok && text.contains(expected), "{text}");
    }
}

/// Six events in the same hours of each of four weeks, and the last one `silent` ago.
#[tokio::test]
async fn an_unusual_silence_is_found_in_the_ledger() {
    let now = acuse_aws::system::SystemClock.now();
    let minutes = |minutes: u64| StdDuration::from_secs(60 * minutes);
    let doctor = async |silent: u64, weeks: u64| {
        let earlier = (1..=weeks).flat_map(|week| (1..=6).map(move |event| week * 7 * 24 * 60 + event * 20));
        let events = [silent].into_iter().chain(earlier).map(|ago| Event {
            id: format!("p{ago}"),
            received_at: now.minus(minutes(ago)),
        });
        let server = ledger(events.collect()).await;
        let output = acuse(&server, &["doctor", "--no-delivery", "--json", "--stack", "acuse"], "").await;
        let printed = text(&output.stdout);
        let mut lines = printed.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
        let line = lines.find(|line| line["check"] == "kuenta: last delivery");
        let line = line.unwrap_or_else(|| panic!("{printed}"));
        (line["ok"] == true, line["found"].as_str().unwrap().to_owned())
    };
    let (ok, found) = doctor(190, 4).await;
    assert!(!ok && found.starts_with("3 h 10 min ago, at "), "{found}");
    assert!(
        found.contains("there were 6, 6, 6, 6 events")
            && found.contains("posts to https://stack.example/webhooks/kuenta"),
        "{found}"
    );
    // Short, or of an account without a past.
    for (silent, weeks) in [(50, 4), (190, 3), (190, 0)] {
        let (ok, found) = doctor(silent, weeks).await;
        assert!(ok, "{silent} {weeks}: {found}");
    }
}
