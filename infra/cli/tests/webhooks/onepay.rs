//! OnePay's webhooks: changing and deleting them, and webhooks without a token.

use serde_json::{Value, json};

use super::programs::{acuse, done, failed, put_secrets, text, world};
use super::server::{Request, Server, answer};

const CREATE: [&str; 6] = [
    "onepay",
    "webhooks",
    "create",
    "--no-store",
    "--url",
    "https://a.example/w",
];

async fn created() -> Server {
    let server = world(json!({"placeholder": true}), false).await;
    done(&server, &CREATE, "").await;
    server
}

/// The requests for a single webhook.
fn requests_for_one(server: &Server, method: &str) -> Vec<Request> {
    let requests = server.requests().into_iter();
    requests
        .filter(|request| request.method == method && request.path.starts_with("/v1/webhooks/"))
        .collect()
}

#[tokio::test]
async fn only_given_settings_are_changed() {
    let server = created().await;
    let update = ["onepay", "webhooks", "update", "w1"];
    for (options, body) in [
        (
            &["--url", "https://b.example/w"][..],
            json!({"url": "https://b.example/w"}),
        ),
        (
            &["--events", "payment.approved,charge.paid"],
            json!({"events": ["payment.approved", "charge.paid"]}),
        ),
        (&["--name", "Acuse \"live\""], json!({"name": "Acuse \"live\""})),
        (
            &["--name", "x", "--events", "new.type", "--unknown-events"],
            json!({"name": "x", "events": ["new.type"]}),
        ),
    ] {
        let printed = done(&server, &[&update[..], options].concat(), "").await;
        assert!(printed.starts_with("updated w1: https://b.example/w\n"), "{printed}");
        let put = requests_for_one(&server, "PUT").pop().unwrap();
        assert_eq!((put.line().as_str(), put.json()), ("PUT /v1/webhooks/w1", body));
    }
    let json = done(&server, &[&update[..], &["--name", "y", "--json"]].concat(), "").await;
    assert_eq!(
        serde_json::from_str::<Value>(&json).unwrap(),
        json!({"id": "w1", "name": "y", "url": "https://b.example/w", "events": ["new.type"], "has_token": true, "updated": true})
    );
}

#[tokio::test]
async fn invalid_changes_are_errors_before_anything_is_sent() {
    let server = created().await;
    for (options, expected) in [
        (&[][..], "--no-token"),
        (&["--unknown-events"], "--no-token"),
        (&["--events", "payment.aproved"], "no event type `payment.aproved`"),
        (&["--url", "http://a.example"], "it is not https"),
    ] {
        let printed = failed(&server, &[&["onepay", "webhooks", "update", "w1"], options].concat()).await;
        assert!(printed.contains(expected), "{printed}");
    }
    assert!(requests_for_one(&server, "PUT").is_empty());
}

#[tokio::test]
async fn updating_an_unknown_webhook_is_an_error() {
    let server = Server::of([answer(404, json!({"message": "Not found"}))]).await;
    let printed = failed(&server, &["onepay", "webhooks", "update", "../w 1", "--name", "x"]).await;
    assert!(
        printed.contains("answers 404") && printed.contains("check the id (`list` shows them)"),
        "{printed}"
    );
    assert_eq!(server.lines(), ["PUT /v1/webhooks/..%2Fw%201"]);
}

#[tokio::test]
async fn deleting_asks_and_a_missing_webhook_is_no_error() {
    let server = created().await;
    let delete = ["onepay", "webhooks", "delete", "w1"];
    let printed = failed(&server, &delete).await;
    assert!(
        printed.contains("add `--yes` to delete OnePay's webhook w1 permanently"),
        "{printed}"
    );
    assert!(requests_for_one(&server, "DELETE").is_empty());

    let yes = [&delete[..], &["--yes"]].concat();
    assert_eq!(done(&server, &yes, "").await, "deleted w1\n");
    assert_eq!(
        done(&server, &yes, "").await,
        "there is no webhook w1: nothing to delete\n"
    );
    let printed = done(&server, &[&yes[..], &["--json"]].concat(), "").await;
    assert_eq!(
        serde_json::from_str::<Value>(&printed).unwrap(),
        json!({"id": "w1", "deleted": false})
    );
    assert_eq!(
        done(&server, &["onepay", "webhooks", "list"], "").await,
        "no webhook is registered\n"
    );
}

/// A wrong base URL answers 404 too, which says nothing about the webhook.
#[tokio::test]
async fn a_404_of_a_wrong_base_url_is_no_deletion() {
    let delete = ["onepay", "webhooks", "delete", "w1", "--yes"];
    let nothing = answer(404, "<html>not found</html>");
    let there = answer(200, json!({"data": [{"id": "w1", "url": "https://a.example/w"}]}));
    for list in [nothing.clone(), there] {
        let server = Server::of([nothing.clone(), list]).await;
        let printed = failed(&server, &delete).await;
        assert!(
            printed.contains("answers 404") && printed.contains("and the base URL"),
            "{printed}"
        );
        assert_eq!(server.lines(), ["DELETE /v1/webhooks/w1", "GET /v1/webhooks"]);
    }
}

#[tokio::test]
async fn a_webhook_without_a_token_leaves_storing_the_secret_to_the_operator() {
    for create in [&CREATE[..], &["onepay", "webhooks", "create", "--stack", "acuse"]] {
        let server = world(json!({"signing_secrets": ["wh_tok_old"], "token": "wh_hdr_old"}), false).await;
        let output = acuse(&server, &[create, &["--no-token"]].concat(), "").await;
        let printed = text(&output.stderr);
        assert!(output.status.success(), "{printed}");
        assert!(printed.contains("`acuse secrets put onepay --no-token"), "{printed}");
        let post = server
            .requests()
            .into_iter()
            .find(|request| request.line() == "POST /v1/webhooks")
            .unwrap();
        assert_eq!(post.json().get("header"), Some(&Value::Null));
        assert!(put_secrets(&server).is_empty());

        let shown = done(&server, &["onepay", "webhooks", "list", "--json"], "").await;
        assert_eq!(serde_json::from_str::<Value>(&shown).unwrap()["has_token"], false);
    }
}

#[tokio::test]
async fn a_token_that_onepay_keeps_is_reported() {
    let webhook = |header: Value| {
        json!({"data": {"id": "w1", "url": "https://a.example/w", "events": ["payment.approved"],
            "secret": "wh_tok_new", "header": header}})
    };
    // OnePay issues a token nevertheless.
    let server = Server::of([
        answer(200, json!({"data": []})),
        answer(201, webhook("wh_hdr_new".into())),
    ])
    .await;
    let output = acuse(&server, &[&CREATE[..], &["--no-token"]].concat(), "").await;
    let printed = text(&output.stderr);
    assert!(
        output.status.success() && printed.contains("OnePay issued a token nevertheless"),
        "{printed}"
    );
    assert!(printed.contains("`acuse secrets put onepay`"), "{printed}");

    // OnePay does not tell.
    let silent = json!({"data": {"id": "w1", "url": "https://a.example/w"}});
    for shown in [webhook("wh_hdr_new".into()), silent] {
        let server = Server::of([answer(200, shown)]).await;
        let printed = failed(&server, &["onepay", "webhooks", "update", "w1", "--no-token"]).await;
        assert!(
            printed.contains("does not confirm that its deliveries carry no token"),
            "{printed}"
        );
        assert_eq!(server.requests()[0].json(), json!({"header": null}));
    }
    let server = Server::of([answer(200, webhook(Value::Null))]).await;
    let output = acuse(&server, &["onepay", "webhooks", "update", "w1", "--no-token"], "").await;
    let printed = text(&output.stderr);
    assert!(
        output.status.success() && printed.contains("`acuse secrets put onepay --no-token`"),
        "{printed}"
    );

    let shown = done(&server, &["onepay", "webhooks", "show", "w1"], "").await;
    assert!(shown.contains("its deliveries carry no token"), "{shown}");

    // The account is the one that the URL names.
    let mut test = webhook(Value::Null);
    test["data"]["url"] = "https://stack.example/webhooks/onepay/test/".into();
    let server = Server::of([answer(200, test)]).await;
    for command in [&["update", "w1", "--no-token"][..], &["show", "w1"]] {
        let output = acuse(&server, &[&["onepay", "webhooks"], command].concat(), "").await;
        let printed = text(&output.stdout) + &text(&output.stderr);
        assert!(
            printed.contains("`acuse secrets put onepay --account test --no-token`"),
            "{printed}"
        );
    }
}

/// Giving up the token is the operator's decision.
#[tokio::test]
async fn a_missing_token_does_not_switch_off_its_check() {
    let made = json!({"data": {"id": "w1", "url": "https://a.example/w", "secret": "wh_tok_new", "header": null}});
    let server = Server::replying(move |request| match (request.path.as_str(), request.method.as_str()) {
        ("/", _) => super::programs::aws(request, &mut json!({"placeholder": true}).to_string()),
        (_, "GET") => answer(200, "[]"),
        _ => answer(201, &made),
    })
    .await;
    let printed = failed(&server, &["onepay", "webhooks", "create", "--stack", "acuse"]).await;
    assert!(
        printed.contains("created the webhook `w1`, but its deliveries carry no token"),
        "{printed}"
    );
    assert!(
        printed.contains("`acuse secrets put onepay --no-token --stack acuse`"),
        "{printed}"
    );
    assert!(put_secrets(&server).is_empty());
}
