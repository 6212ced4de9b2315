//! A second account of a provider, bound to `test`, beside the default one.

use acuse_core::providers::onepay;
use acuse_core::receive::secrets::Secrets;
use serde_json::{Value, json};

use super::*;

const PROVIDER: &Provider = &onepay::PROVIDER;

/// Posts to `/webhooks/onepay/{account}`.
async fn send_to(account: &str, secret: &Value, body: &str) -> Answer {
    let secrets = Secrets::parse(PROVIDER, &secret.to_string()).unwrap();
    let url = format!("{}/{account}", url(stack().await, PROVIDER));
    let post = Post::signed_with(PROVIDER, body.as_bytes(), &secrets);
    answer(post.send(&acuse_cli::http::client().unwrap(), &url).await).await
}

/// The status, once the instance that answers knows the account: each one looks at most every 30 s.
async fn status_of(account: &str, secret: &Value, body: &str) -> u16 {
    eventually("the account", async || {
        let status = send_to(account, secret, body).await.status;
        (status != 404).then_some(status)
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_has_its_own_url_secret_environment_and_keys() {
    let running = stack().await;
    let local = sample::local_secret(PROVIDER);
    let own = json!({"signing_secrets": ["wh_tok_second"], "token": "wh_hdr_second", "environment": "test"});

    // The secret as it was before accounts, and a URL that nobody has set up.
    let body = payment(PROVIDER);
    let id = resource_id(PROVIDER, &body);
    deliver(PROVIDER, body.as_bytes()).await;
    let default = record_with_status(PROVIDER, &id, "COMPLETED").await;
    let unknown = send_to("nobody", &local, &body).await;
    assert_eq!((unknown.status, unknown.text.as_str()), (404, "no such account"));
    let kept = message("QuarantineQueueUrl", "the delivery to nobody", |message| {
        attribute(message, "account") == Some("nobody")
    });
    assert_eq!(attribute(&kept.await, "reason"), Some("there is no such account"));

    // Running functions learn of the account from its first delivery.
    let secret = json!({"accounts": {"default": local, "second": own}});
    let client = aws_sdk_secretsmanager::Client::new(&running.sdk());
    let put = client.put_secret_value().secret_id(&running.outputs["OnepaySecretId"]);
    put.secret_string(secret.to_string()).send().await.unwrap();
    assert_eq!(status_of("second/", &own, &body).await, 200);

    // The same payload is another event and another payment there.
    let key = default.key.replacen("onepay#", "onepay/second#", 1);
    let record = record_with_key(PROVIDER, &key, "COMPLETED").await;
    assert_eq!(
        (record.account.as_str(), record.environment.as_str()),
        ("second", "test")
    );
    let row = payment_item(&record).await;
    assert_eq!((row["account"].as_str(), row["applied"].as_str()), ("second", "1"));
    assert!(!payment_item(&default).await.contains_key("account"));

    // Nothing of one account is worth anything to the other.
    let mut mixed = own.clone();
    mixed["token"] = local["token"].clone();
    for (account, secret) in [("second", &local), ("", &own), ("second", &mixed)] {
        assert_eq!(status_of(account, secret, &body).await, 401, "{account}");
    }

    // Its secret signs no live money.
    let live = payment(PROVIDER).replace(r#""environment": "test""#, r#""environment": "live""#);
    assert_eq!(status_of("second", &own, &live).await, 200);
    let aside = record_with_status(PROVIDER, &resource_id(PROVIDER, &live), "REJECTED").await;
    let reason = "of environment `live`, but its account is bound to `test`";
    assert_eq!((aside.error.as_deref(), aside.hooks.len()), (Some(reason), 0));
}
