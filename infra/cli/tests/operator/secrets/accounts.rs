//! Several accounts of one provider: each is put, rotated, bound and removed without the others.

use aws_sdk_secretsmanager::Client;
use serde_json::Value;

use super::*;

const TEST: &str = "wh_tok_test\nwh_hdr_test\n";

fn own(name: &str) -> Secrets {
    let text = json!({"signing_secrets": [format!("wh_tok_{name}")], "token": format!("wh_hdr_{name}")});
    secrets(&onepay::PROVIDER, &text.to_string())
}

/// Posts a new payment to an account's URL, signed with `secrets`.
async fn post_account(running: &Running, path: &str, secrets: &Secrets) -> u16 {
    let body = payment(&onepay::PROVIDER);
    let sample = Sample::signed(&onepay::PROVIDER, body.to_vec(), secrets, SystemClock.now(), None).unwrap();
    post_to(&format!("{}/webhooks/{path}", running.http), &body, &sample.headers).await
}

/// Waits until an account's URL answers a delivery signed with `secrets` like this.
async fn answers(running: &Running, path: &str, secrets: &Secrets, status: u16) {
    let what = format!("{path} answers {status}");
    until(&what, async || post_account(running, path, secrets).await == status).await;
}

/// Runs `acuse`, which must fail, and returns what it prints on standard error.
async fn fails(arguments: &[&str], input: &str) -> String {
    let output = acuse_in(&own_state(), arguments, input).await;
    assert!(!output.status.success(), "{arguments:?}: {output:?}");
    String::from_utf8(output.stderr).unwrap()
}

/// `acuse secrets list onepay --json`, by account.
async fn listed() -> Value {
    let output = acuse_in(&own_state(), &["secrets", "list", "onepay", "--json"], "").await;
    assert!(output.status.success(), "{output:?}");
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(!text.contains("wh_"), "{text}");
    let rows = text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    rows.map(|row| (row["account"].as_str().unwrap().to_owned(), row))
        .collect()
}

/// The secret's text.
async fn stored(client: &Client, id: &str) -> Value {
    let value = client.get_secret_value().secret_id(id).send().await.unwrap();
    serde_json::from_str(value.secret_string().unwrap()).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn each_account_has_its_own_life() {
    let _lock = ONEPAY.lock().await;
    let running = own_stack().await;
    let target = Target::local(Running::find(&own_state()).unwrap()).await.unwrap();
    let client = Client::new(&target.sdk);
    let id = target.secret_id(&onepay::PROVIDER).unwrap();
    // As version 0.1 leaves a rotation: the old secret is in the previous version alone.
    for name in ["old", "new"] {
        let text = json!({"signing_secrets": [format!("wh_tok_{name}")], "token": format!("wh_hdr_{name}")});
        let put = client.put_secret_value().secret_id(id).secret_string(text.to_string());
        put.send().await.unwrap();
    }
    let put = ["secrets", "put", "onepay", "--account", "test"];
    let with = |options: &[&'static str]| [&put[..], options].concat();

    let printed = succeeds(&with(&["--environment", "test"]), TEST).await;
    for expected in [
        "stored the secret for onepay/test at ",
        "it is bound to the environment test: ",
        "/webhooks/onepay/test\n",
        "`acuse quarantine release --provider onepay --account test`",
    ] {
        assert!(printed.contains(expected), "{printed}");
    }
    answers(running, "onepay/test", &own("test"), 200).await;
    answers(running, "onepay", &own("new"), 200).await;
    answers(running, "onepay", &own("old"), 200).await;
    assert_eq!(post_account(running, "onepay", &own("test")).await, 401);
    assert_eq!(post_account(running, "onepay/test", &own("new")).await, 401);
    assert_eq!(post_account(running, "onepay/other", &own("new")).await, 404);

    // Without the option it stays bound. The object may name the environment, but not another one.
    let printed = succeeds(&put, TEST).await;
    assert!(
        printed.contains("replaced the secret for onepay/test")
            && printed.contains("it is still bound to the environment test; `--environment any` unbinds it"),
        "{printed}"
    );
    let object = r#"{"signing_secrets": ["wh_tok_test"], "token": "wh_hdr_test", "environment": "live"}"#;
    let printed = fails(&with(&["--environment", "test"]), object).await;
    assert!(printed.contains("contradicts the object's `environment`"), "{printed}");

    // Rotations of one, interrupted while they wait.
    for (number, name) in [(2, "test2"), (3, "test3")] {
        let rotate = ["secrets", "rotate", "onepay", "--account", "test"];
        let interrupted = start(&own_state(), &rotate, &format!("wh_tok_{name}\nwh_hdr_{name}\n")).await;
        until("it is stored", async || listed().await["test"]["tokens"] == number).await;
        drop(interrupted);
    }
    for name in ["test", "test2", "test3"] {
        answers(running, "onepay/test", &own(name), 200).await;
    }
    let rows = listed().await;
    let test = &rows["test"];
    assert_eq!(
        (&test["environment"], &test["signing_secrets"]),
        (&json!("test"), &json!(3))
    );
    assert!(test["error"].is_null() && test["changed_at"].is_string(), "{test}");
    let default = &rows["default"];
    assert_eq!(
        (&default["environment"], &default["signing_secrets"]),
        (&json!("any"), &json!(2))
    );
    until("its delivery is in the ledger", async || {
        listed().await["test"]["last_delivery"].is_string()
    })
    .await;
    let printed = succeeds(&["secrets", "rotate", "onepay", "--account", "test", "--finish"], "").await;
    assert!(
        printed.contains("only the newest secret of onepay/test is stored"),
        "{printed}"
    );
    let rows = listed().await;
    assert_eq!(
        (&rows["test"]["tokens"], &rows["default"]["tokens"]),
        (&json!(1), &json!(2))
    );

    // At the same moment.
    let [first, second] = ["a", "b"].map(|name| async move {
        let put = ["secrets", "put", "onepay", "--account", name];
        succeeds(&put, &format!("wh_tok_{name}\nwh_hdr_{name}\n")).await
    });
    tokio::join!(first, second);
    let rows = listed().await;
    assert_eq!(rows.as_object().unwrap().len(), 4, "{rows}");

    let printed = succeeds(&["secrets", "bind", "onepay", "--environment", "live"], "").await;
    assert!(
        printed.contains("onepay is bound to the environment live: "),
        "{printed}"
    );
    assert_eq!(listed().await["default"]["environment"], "live");
    let printed = succeeds(&["secrets", "list"], "").await;
    for expected in ["LAST DELIVERY", "kuenta", "onepay    test", "none since 20"] {
        assert!(printed.contains(expected), "{printed}");
    }
    removed(running).await;

    // A single account that is not bound is flat, as before there were accounts.
    succeeds(&["secrets", "bind", "onepay", "--environment", "any"], "").await;
    succeeds(&["secrets", "rotate", "onepay", "--finish"], "").await;
    let flat = json!({"signing_secrets": ["wh_tok_new"], "token": "wh_hdr_new"});
    assert_eq!(stored(&client, id).await, flat);
    succeeds(&["secrets", "put", "onepay"], "wh_tok_local\nwh_hdr_local\n").await;
    let flat = json!({"signing_secrets": ["wh_tok_local"], "token": "wh_hdr_local"});
    assert_eq!(stored(&client, id).await, flat);
    answers(running, "onepay", &own("local"), 200).await;
}

/// Removes all accounts but the default one.
async fn removed(running: &Running) {
    let remove = ["secrets", "remove", "onepay", "--account", "test"];
    let printed = fails(&remove, "").await;
    for expected in [
        "onepay/test received ",
        "in the last 7 days; the last one at 20",
        "404",
        "add `--yes`",
    ] {
        assert!(printed.contains(expected), "{printed}");
    }
    assert_eq!(post_account(running, "onepay/test", &own("test3")).await, 200);
    for name in ["test", "a", "b"] {
        let printed = succeeds(&["secrets", "remove", "onepay", "--account", name, "--yes"], "").await;
        assert!(
            printed.contains(&format!("removed the account onepay/{name}; ")),
            "{printed}"
        );
    }
    // A forged delivery makes an instance reload.
    until("it is unknown", async || {
        post_account(running, "onepay/test", &own("forged")).await;
        post_account(running, "onepay/test", &own("test3")).await == 404
    })
    .await;
    let printed = fails(&remove, "").await;
    assert!(
        printed.contains("onepay has no account `test`; it has `default`"),
        "{printed}"
    );
    let printed = fails(&["secrets", "rotate", "onepay", "--account", "tets"], TEST).await;
    assert!(
        printed.contains("`acuse secrets put onepay --account tets`"),
        "{printed}"
    );
    let printed = fails(&["secrets", "put", "onepay", "--account", "Test"], TEST).await;
    assert!(printed.contains("1 to 64 of a-z"), "{printed}");
    let printed = fails(&["secrets", "put", "onepay", "--environment", "prod"], TEST).await;
    assert!(printed.contains("live, test, any"), "{printed}");
}
