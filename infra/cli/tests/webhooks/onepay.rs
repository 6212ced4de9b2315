//! OnePay's webhooks: changing and deleting them, and those without a token.

use serde_json::{Value, json};

use super::programs::{acuse, done, failed, put_secrets, text, world};
use super::server::{Asked, Server, answer};

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

/// What was asked of one webhook.
fn asked_of(server: &Server, method: &str) -> Vec<Asked> {
    let asked = server.asked().into_iter();
    asked
        .filter(|asked| asked.method == method && asked.path.starts_with("/v1/webhooks/"))
        .collect()
}

#[tokio::test]
async fn only_what_is_given_is_changed() {
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
        let said = done(&server, &[&update[..], options].concat(), "").await;
        assert!(said.starts_with("updated w1: https://b.example/w\n"), "{said}");
        let put = asked_of(&server, "PUT").pop().unwrap();
        assert_eq!((put.line().as_str(), put.json()), ("PUT /v1/webhooks/w1", body));
    }
    let json = done(&server, &[&update[..], &["--name", "y", "--json"]].concat(), "").await;
    assert_eq!(
        serde_json::from_str::<Value>(&json).unwrap(),
        json!({"id": "w1", "name": "y", "url": "https://b.example/w", "events": ["new.type"], "has_token": true, "updated": true})
    );
}

#[tokio::test]
async fn what_cannot_be_changed_is_named_before_anything_is_sent() {
    let server = created().await;
    for (options, expected) in [
        (&[][..], "--no-token"),
        (&["--unknown-events"], "--no-token"),
        (&["--events", "payment.aproved"], "no event type `payment.aproved`"),
        (&["--url", "http://a.example"], "it is not https"),
    ] {
        let said = failed(&server, &[&["onepay", "webhooks", "update", "w1"], options].concat()).await;
        assert!(said.contains(expected), "{said}");
    }
    assert!(asked_of(&server, "PUT").is_empty());
}

#[tokio::test]
async fn one_that_is_not_there_is_not_changed_and_the_ids_are_where_they_are_listed() {
    let server = Server::of([answer(404, json!({"message": "Not found"}))]).await;
    let said = failed(&server, &["onepay", "webhooks", "update", "../w 1", "--name", "x"]).await;
    assert!(
        said.contains("answers 404") && said.contains("check the id (`list` shows them)"),
        "{said}"
    );
    assert_eq!(server.lines(), ["PUT /v1/webhooks/..%2Fw%201"]);
}

#[tokio::test]
async fn deleting_asks_and_one_that_is_gone_is_no_error() {
    let server = created().await;
    let delete = ["onepay", "webhooks", "delete", "w1"];
    let said = failed(&server, &delete).await;
    assert!(
        said.contains("add `--yes` to delete OnePay's webhook w1 permanently"),
        "{said}"
    );
    assert!(asked_of(&server, "DELETE").is_empty());

    let yes = [&delete[..], &["--yes"]].concat();
    assert_eq!(done(&server, &yes, "").await, "deleted w1\n");
    assert_eq!(
        done(&server, &yes, "").await,
        "there is no webhook w1: nothing to delete\n"
    );
    let said = done(&server, &[&yes[..], &["--json"]].concat(), "").await;
    assert_eq!(
        serde_json::from_str::<Value>(&said).unwrap(),
        json!({"id": "w1", "deleted": false})
    );
    assert_eq!(
        done(&server, &["onepay", "webhooks", "list"], "").await,
        "no webhook is registered\n"
    );
}

/// A base URL that is wrong answers 404 as well: that says nothing about the webhook.
#[tokio::test]
async fn a_404_of_another_place_does_not_pass_for_a_deletion() {
    let delete = ["onepay", "webhooks", "delete", "w1", "--yes"];
    let nothing = answer(404, "<html>not found</html>");
    let there = answer(200, json!({"data": [{"id": "w1", "url": "https://a.example/w"}]}));
    for list in [nothing.clone(), there] {
        let server = Server::of([nothing.clone(), list]).await;
        let said = failed(&server, &delete).await;
        assert!(
            said.contains("answers 404") && said.contains("and the base URL"),
            "{said}"
        );
        assert_eq!(server.lines(), ["DELETE /v1/webhooks/w1", "GET /v1/webhooks"]);
    }
}

#[tokio::test]
async fn one_without_a_token_is_asked_for_and_its_secret_is_put_by_who_says_so() {
    for create in [&CREATE[..], &["onepay", "webhooks", "create", "--stack", "acuse"]] {
        let server = world(json!({"signing_secrets": ["wh_tok_old"], "token": "wh_hdr_old"}), false).await;
        let output = acuse(&server, &[create, &["--no-token"]].concat(), "").await;
        let said = text(&output.stderr);
        assert!(output.status.success(), "{said}");
        assert!(said.contains("`acuse secrets put onepay --no-token`"), "{said}");
        let post = server
            .asked()
            .into_iter()
            .find(|asked| asked.line() == "POST /v1/webhooks")
            .unwrap();
        assert_eq!(post.json().get("header"), Some(&Value::Null));
        assert!(put_secrets(&server).is_empty());

        let shown = done(&server, &["onepay", "webhooks", "list", "--json"], "").await;
        assert_eq!(serde_json::from_str::<Value>(&shown).unwrap()["has_token"], false);
    }
}

#[tokio::test]
async fn where_onepay_takes_the_wish_for_no_token_otherwise_it_is_told() {
    let webhook = |header: Value| {
        json!({"data": {"id": "w1", "url": "https://a.example/w", "events": ["payment.approved"],
            "secret": "wh_tok_new", "header": header}})
    };
    // A token nevertheless.
    let server = Server::of([
        answer(200, json!({"data": []})),
        answer(201, webhook("wh_hdr_new".into())),
    ])
    .await;
    let output = acuse(&server, &[&CREATE[..], &["--no-token"]].concat(), "").await;
    let said = text(&output.stderr);
    assert!(
        output.status.success() && said.contains("OnePay issued a token nevertheless"),
        "{said}"
    );
    assert!(said.contains("`acuse secrets put onepay`"), "{said}");

    // Left in place, and not told.
    let silent = json!({"data": {"id": "w1", "url": "https://a.example/w"}});
    for told in [webhook("wh_hdr_new".into()), silent] {
        let server = Server::of([answer(200, told)]).await;
        let said = failed(&server, &["onepay", "webhooks", "update", "w1", "--no-token"]).await;
        assert!(
            said.contains("does not confirm that its deliveries carry no token"),
            "{said}"
        );
        assert_eq!(server.asked()[0].json(), json!({"header": null}));
    }
    let server = Server::of([answer(200, webhook(Value::Null))]).await;
    let output = acuse(&server, &["onepay", "webhooks", "update", "w1", "--no-token"], "").await;
    let said = text(&output.stderr);
    assert!(
        output.status.success() && said.contains("`acuse secrets put onepay --no-token`"),
        "{said}"
    );

    let shown = done(&server, &["onepay", "webhooks", "show", "w1"], "").await;
    assert!(shown.contains("its deliveries carry no token"), "{shown}");
}

/// Nobody asked for that: to give up the token is the operator's decision.
#[tokio::test]
async fn a_token_that_did_not_come_does_not_switch_its_check_off() {
    let made = json!({"data": {"id": "w1", "url": "https://a.example/w", "secret": "wh_tok_new", "header": null}});
    let server = Server::replying(move |asked| match (asked.path.as_str(), asked.method.as_str()) {
        ("/", _) => super::programs::aws(asked, &mut json!({"placeholder": true}).to_string()),
        (_, "GET") => answer(200, "[]"),
        _ => answer(201, &made),
    })
    .await;
    let said = failed(&server, &["onepay", "webhooks", "create", "--stack", "acuse"]).await;
    assert!(
        said.contains("created the webhook `w1`, but its deliveries carry no token"),
        "{said}"
    );
    assert!(said.contains("`acuse secrets put onepay --no-token`"), "{said}");
    assert!(put_secrets(&server).is_empty());
}
