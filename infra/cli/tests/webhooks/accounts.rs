//! Several accounts of a provider: each webhook gets its own URL and secret.

use serde_json::{Value, json};

use super::programs::{acuse, aws, done, failed, put_secrets, text, world, world_on};
use super::server::{Request, answer};

const CREATE: [&str; 5] = ["onepay", "webhooks", "create", "--stack", "acuse"];

fn posts(requests: &[Request]) -> Vec<Value> {
    let posts = requests.iter().filter(|request| request.line() == "POST /v1/webhooks");
    posts.map(Request::json).collect()
}

#[tokio::test]
async fn two_organizations_of_kuenta_are_two_accounts() {
    let server = world(json!({"signing_secrets": ["of the first"]}), false).await;
    let create = ["kuenta", "webhooks", "create", "--stack", "acuse"];
    let second = ["--organization-id", "org_2", "--account", "org_2"];
    done(&server, &create, "").await;
    done(&server, &[&create[..], &second].concat(), "").await;
    let requests = server.requests();
    let [first, other] = &posts(&requests)[..] else {
        panic!("created two: {requests:?}")
    };
    assert_eq!(first["url"], "https://stack.example/webhooks/kuenta");
    assert_eq!(other["url"], "https://stack.example/webhooks/kuenta/org_2");
    let created = requests.iter().rfind(|request| request.line() == "POST /v1/webhooks");
    assert_eq!(created.unwrap().header("organization-id"), Some("org_2"));

    let [put] = &put_secrets(&server)[..] else {
        panic!("put once")
    };
    assert_eq!(put["accounts"]["default"], json!({"signing_secrets": ["of the first"]}));
    assert_eq!(put["accounts"]["org_2"]["signing_secrets"], json!([other["secret"]]));
    assert_eq!(first["secret"], "of the first");

    // Again: both are there already.
    let printed = done(&server, &[&create[..], &second].concat(), "").await;
    assert!(
        printed.ends_with("/webhooks/kuenta/org_2 is already registered: w2\n"),
        "{printed}"
    );
}

#[tokio::test]
async fn what_onepay_issues_is_stored_in_its_account() {
    let live = json!({"signing_secrets": ["wh_tok_old"], "token": "wh_hdr_old"});
    let server = world(live.clone(), false).await;
    let create = [&CREATE[..], &["--account", "test", "--environment", "test"]].concat();
    let printed = done(&server, &create, "").await;
    assert!(
        printed.starts_with("created w1: https://stack.example/webhooks/onepay/test\n"),
        "{printed}"
    );
    let [put] = &mut put_secrets(&server)[..] else {
        panic!("put once")
    };
    let changed_at = put["accounts"]["test"].as_object_mut().unwrap().remove("changed_at");
    assert!(changed_at.unwrap().is_string());
    let test = json!({"environment": "test", "signing_secrets": ["wh_tok_new"], "token": "wh_hdr_new"});
    assert_eq!(*put, json!({"accounts": {"default": live, "test": test}}));

    // Its environment is not changed in passing, and kept without `--environment`.
    let live = [&CREATE[..], &["--account", "test", "--environment", "live", "--force"]].concat();
    let printed = failed(&server, &live).await;
    assert!(
        printed.contains("the account `test` has a secret already, and its environment is `test`, not `live`"),
        "{printed}"
    );
    assert_eq!(posts(&server.requests()).len(), 1);
    done(&server, &[&CREATE[..], &["--account", "test", "--force"]].concat(), "").await;
    assert_eq!(put_secrets(&server)[1]["accounts"]["test"]["environment"], "test");
}

/// OnePay does not give the secret again.
#[tokio::test]
async fn what_onepay_issues_is_stored_beside_somebody_elses_change() {
    let mut changes = 0;
    let changed = json!({"accounts": {"shop": {"signing_secrets": ["wh_tok_shop"], "token": "wh_hdr_shop"}}});
    let stored = changed.clone();
    let server = world_on(
        json!({"placeholder": true}),
        false,
        move |request, current| match request.header("x-amz-target") {
            Some("secretsmanager.UpdateSecretVersionStage") if changes == 0 => {
                changes += 1;
                *current = changed.to_string();
                answer(
                    400,
                    json!({"__type": "InvalidParameterException", "Message": "the label is elsewhere"}),
                )
            }
            _ => aws(request, current),
        },
    );
    let server = server.await;
    done(&server, &CREATE, "").await;
    let puts = put_secrets(&server);
    let last = &puts.last().unwrap()["accounts"];
    assert_eq!((puts.len(), posts(&server.requests()).len()), (2, 1));
    assert_eq!(last["shop"], stored["accounts"]["shop"]);
    assert_eq!(last["default"]["signing_secrets"], json!(["wh_tok_new"]));
    assert_eq!(last["default"]["token"], "wh_hdr_new");
}

#[tokio::test]
async fn nothing_is_created_whose_secret_the_functions_could_not_read() {
    let server = world_on(json!({"placeholder": true}), false, |request, stored| {
        let mut answer = aws(request, stored);
        answer.body = answer.body.replace("SecretFormat", "Other");
        answer
    });
    let server = server.await;
    let printed = failed(&server, &[&CREATE[..], &["--account", "test"]].concat()).await;
    assert!(printed.contains("deploy this version first"), "{printed}");
    assert!(posts(&server.requests()).is_empty() && put_secrets(&server).is_empty());
    let register = ["register", "onepay", "--stack", "acuse", "--account", "test"];
    let printed = failed(&server, &register).await;
    assert!(printed.contains("deploy this version first"), "{printed}");
    assert!(put_secrets(&server).is_empty(), "no window is opened");
    // The default account is as it was.
    done(&server, &CREATE, "").await;
    assert_eq!(
        put_secrets(&server),
        [json!({"signing_secrets": ["wh_tok_new"], "token": "wh_hdr_new"})]
    );
}

#[tokio::test]
async fn a_registered_url_of_an_account_without_a_secret_is_noted() {
    let server = world(json!({"signing_secrets": ["wh_tok_old"], "token": "wh_hdr_old"}), false).await;
    let url = "https://stack.example/webhooks/onepay/test";
    done(
        &server,
        &["onepay", "webhooks", "create", "--no-store", "--url", url],
        "",
    )
    .await;
    let output = acuse(&server, &[&CREATE[..], &["--account", "test"]].concat(), "").await;
    let printed = text(&output.stderr);
    assert!(
        output.status.success()
            && printed.contains("no secret for onepay/test")
            && printed.contains("`acuse secrets put onepay --account test --stack acuse`"),
        "{printed}"
    );
}

#[tokio::test]
async fn an_invalid_account_is_an_error_before_anything_is_sent() {
    let server = world(json!({"placeholder": true}), false).await;
    for (arguments, expected) in [
        (&["--account", "Test"][..], acuse_core::account::AccountName::EXPECTED),
        (&["--environment", "sandbox"], "[possible values: live, test, any]"),
        (
            &["--account", "test", "--no-store", "--url", "https://a.example/w"],
            "cannot be used with '--no-store'",
        ),
    ] {
        let printed = failed(&server, &[&CREATE[..], arguments].concat()).await;
        assert!(printed.contains(expected), "{printed}");
    }
    assert!(server.requests().is_empty());
}
