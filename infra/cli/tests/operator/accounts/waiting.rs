//! What waits for an operator in other accounts than the default one: conflicts, dead letters and the quarantine.

use acuse_core::wire::delivery::{CanonicalForm, DeliveryId};
use acuse_core::wire::envelope::Envelope;
use aws_sdk_sqs::types::MessageAttributeValue;

use super::*;

/// Makes an event of environment `test` and its conflict, and returns the resource's id, its partition and the conflict.
async fn conflict(provider: &'static Provider, account: &str, secret: &str) -> (String, String, Record) {
    let body = payment(provider);
    let id = id_of(provider, &body);
    let partition = format!("{}/{account}#test#payment#{id}", provider.name);
    let path = format!("/{account}");
    assert_eq!(post_to(provider, &path, &body, secret).await, 200);
    status(&partition, "COMPLETED").await;
    let mut value: Value = serde_json::from_slice(&body).unwrap();
    value["one more"] = 7.into();
    let changed = serde_json::to_vec(&value).unwrap().into();
    assert_eq!(post_to(provider, &path, &changed, secret).await, 200);
    let conflict = status(&partition, "CONFLICT").await;
    (id, partition, conflict)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_conflict_of_another_environment_than_its_account_stops_no_other_one() {
    let (provider, live) = (&onepay::PROVIDER, Some(Environment::Live));
    let (_, _, bound) = conflict(provider, "bound-later", BOUND_LATER).await;
    let (_, _, other) = conflict(&kuenta::PROVIDER, "org-2", ORG).await;
    bind(own_stack().await, provider, "bound-later", live, BOUND_LATER).await;
    let (success, released) = ran(&["events", "release", &bound.key, &other.key]).await;
    for expected in [
        &format!(
            "not released: `{}` is of environment `test`, but account `bound-later` is",
            bound.key
        ),
        &format!("released and queued: {}", other.key),
        "1 conflict released; 1 not released",
    ] {
        assert!(!success && released.contains(expected), "{released}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_conflict_of_another_account_is_released_by_its_id() {
    let (id, partition, conflict) = conflict(&kuenta::PROVIDER, "org-2", ORG).await;
    let released = succeeds(&["events", "release", &id]).await;
    assert!(
        released.contains(&format!("released and queued: {}", conflict.key)),
        "{released}"
    );
    let both = |records: &[Record]| records.iter().filter(|own| own.status == "COMPLETED").count() == 2;
    assert_eq!(until(&partition, both).await.len(), 2);
}

/// Puts a payment of an account that was not bound into the dead-letter queue, and returns its id.
async fn dead_letter(provider: &'static Provider, account: &str) -> String {
    let body = payment(provider);
    let id = id_of(provider, &body);
    let envelope = Envelope {
        account: acuse_core::account::Account {
            name: AccountName::parse(account).unwrap(),
            environment: None,
        },
        provider: provider.name.to_owned(),
        content: Default::default(),
        delivery_id: DeliveryId::new(SystemClock.now(), [7; 10]),
        received_at: SystemClock.now(),
        form: CanonicalForm::Raw,
        body,
        replay: None,
    };
    let message = envelope.to_message().unwrap();
    let attributes = message.attributes.into_iter().map(|(name, value)| {
        let value = MessageAttributeValue::builder().data_type("String").string_value(value);
        (name.to_owned(), value.build().unwrap())
    });
    let running = own_stack().await;
    let send = aws_sdk_sqs::Client::new(&running.sdk()).send_message();
    let send = send.queue_url(&running.outputs["DeadLetterQueueUrl"]);
    let send = send.message_body(message.text);
    let send = send.set_message_attributes(Some(attributes.collect()));
    send.send().await.unwrap();
    id
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dead_letter_of_another_account_is_listed_and_sent_back() {
    let _queue = OWN_DEAD_LETTERS.lock().await;
    let id = dead_letter(&unopago::PROVIDER, "tienda-2").await;
    let listed = succeeds(&["dlq", "list", "--account", "tienda-2", "--json"]).await;
    let [line] = &lines(&listed)[..] else {
        panic!("{listed}")
    };
    assert_eq!(
        (&line["provider"], &line["account"]),
        (&json!("unopago"), &json!("tienda-2"))
    );
    let none = succeeds(&["dlq", "list", "--account", "default"]).await;
    assert!(
        none.contains("no messages in the dead-letter queue that match"),
        "{none}"
    );
    let shown = page("/dead-letters").await;
    assert!(shown.contains(">unopago/tienda-2</td>"), "{shown}");
    let sent = succeeds(&["dlq", "redrive", "--account", "tienda-2"]).await;
    assert!(sent.contains("sent back: unopago/tienda-2 "), "{sent}");
    status(&format!("unopago/tienda-2#live#payment#{id}"), "COMPLETED").await;
}

/// Kuenta's payloads name no environment: the event is a live one, as the account was not bound.
#[tokio::test(flavor = "multi_thread")]
async fn a_dead_letter_is_left_where_it_is_if_its_account_is_bound_to_another_environment_by_now() {
    let _queue = OWN_DEAD_LETTERS.lock().await;
    let (provider, shop) = (&kuenta::PROVIDER, r#"{"signing_secrets":["kuenta-shop"]}"#);
    let id = dead_letter(provider, "shop").await;
    bind(own_stack().await, provider, "shop", Some(Environment::Test), shop).await;
    let redrive = ["dlq", "redrive", "--account", "shop"];
    let bound = "is of environment `live`, but account `shop` is bound to `test`; if that is wrong, correct it (`acuse secrets bind kuenta --account shop --environment live`)";
    for (more, sum) in [
        (&["--dry-run"][..], "1 message would be left\n"),
        (&[], "1 message left\n"),
        (&["--wrong-environment", "--yes"], "1 message left\n"),
    ] {
        let left = succeeds(&[&redrive[..], more].concat()).await;
        for expected in [
            sum,
            bound,
            ": 1 of another environment than their account is bound to. ",
        ] {
            assert!(left.contains(expected), "{left}");
        }
    }

    // The inspector does not send it either.
    let listed = lines(&succeeds(&["dlq", "list", "--account", "shop", "--json"]).await);
    let message_id = listed[0]["message_id"].as_str().unwrap();
    let ask = page(&format!("/redrive?id={message_id}")).await;
    let (_, token) = ask.split_once("name=\"token\" value=\"").unwrap();
    let (token, _) = token.split_once('"').unwrap();
    let url = format!("{}/redrive", own_stack().await.inspector);
    let redriven = acuse_cli::http::client().unwrap().post(url);
    let redriven = redriven.header("content-type", "application/x-www-form-urlencoded");
    let redriven = redriven.body(format!("token={token}&id={message_id}")).send().await;
    for shown in [ask, redriven.unwrap().text().await.unwrap()] {
        assert!(shown.contains("but account `shop` is bound to `test`"), "{shown}");
    }

    // Who may not read secrets sends back what is of the default account.
    let own = dead_letter(provider, "default").await;
    let (state, _lock) = without_secrets("redrives").await;
    let sent = acuse_in(&state, &["dlq", "redrive", "--account", "default"], "").await;
    let told = String::from_utf8_lossy(&sent.stderr);
    assert!(
        told.contains("whether `kuenta` is bound to an environment could not be read: ")
            && told.ends_with("; events are replayed as recorded\n"),
        "{told}"
    );
    assert!(
        String::from_utf8_lossy(&sent.stdout).ends_with("1 message sent back; 1 left\n"),
        "{sent:?}"
    );
    status(&format!("kuenta#live#payment#{own}"), "COMPLETED").await;
    let refused = acuse_in(&state, &redrive, "").await;
    let told = String::from_utf8_lossy(&refused.stderr);
    assert!(
        !refused.status.success() && told.contains("is bound to can't be read"),
        "{told}"
    );

    bind(own_stack().await, provider, "shop", Some(Environment::Live), shop).await;
    let sent = succeeds(&redrive).await;
    assert!(sent.contains("1 message sent back"), "{sent}");
    status(&format!("kuenta/shop#live#payment#{id}"), "COMPLETED").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_delivery_to_the_wrong_url_is_released_as_its_account() {
    let provider = &onepay::PROVIDER;
    // Signed by one account and sent to another; and sent to an account that there is not.
    let (crossed, unknown) = (payment(provider), payment(provider));
    assert_eq!(post_to(provider, "", &crossed, TIENDA).await, 401);
    assert_eq!(post_to(provider, "/tienda", &unknown, TIENDA).await, 404);
    let listed = lines(&succeeds(&["quarantine", "list", "--provider", "onepay", "--json"]).await);
    let accounts: std::collections::BTreeSet<&str> =
        listed.iter().map(|line| line["account"].as_str().unwrap()).collect();
    assert_eq!(accounts, ["default", "tienda"].into());
    for (account, sent_to) in [("default", "default"), ("tienda", "tienda")] {
        let text = succeeds(&["quarantine", "diagnose", "--account", account]).await;
        let names = format!("signed with the secret of account `tienda-2`, but was sent to `{sent_to}`");
        assert!(
            text.contains(&names) && text.contains("--as-account tienda-2"),
            "{text}"
        );
    }
    assert!(page("/quarantine").await.contains(">onepay/tienda</td>"));

    // Its own account does not accept it, and neither does a third one.
    for more in [&[][..], &["--as-account", "wrong"], &["--as-account", "nobody"]] {
        let text = succeeds(&[&["quarantine", "release"], more].concat()).await;
        let of_other = "left in quarantine: 2 sent to another account, but signed with the secret of `tienda-2`. Correct the URL at the provider, then release them with `acuse quarantine release --provider onepay --as-account tienda-2`\n";
        assert!(
            text.contains("2 deliveries left in quarantine\n") && text.ends_with(of_other),
            "{text}"
        );
    }
    // They are not deleted, whether there is the account that they were sent to or not.
    let purged = succeeds(&["quarantine", "purge", "--yes"]).await;
    assert!(
        purged.contains("2 deliveries left for `acuse quarantine release`\n")
            && purged.contains("left in quarantine: 2 sent to another"),
        "{purged}"
    );
    let as_account = [
        "quarantine",
        "release",
        "--account",
        "default",
        "--as-account",
        "tienda-2",
    ];
    let would = succeeds(&[&as_account[..], &["--dry-run"]].concat()).await;
    assert!(would.ends_with("1 delivery would be released\n"), "{would}");
    let released = succeeds(&as_account).await;
    assert!(released.ends_with("1 delivery released\n"), "{released}");
    let id = id_of(provider, &crossed);
    status(&format!("onepay/tienda-2#test#payment#{id}"), "COMPLETED").await;
    let released = succeeds(&["quarantine", "release", "--as-account", "tienda-2"]).await;
    assert!(released.ends_with("1 delivery released\n"), "{released}");

    // One of an unknown account stays: the account may still be stored.
    let unknown = r#"{"signing_secrets":["wh_tok_unknown"],"token":"wh_hdr_unknown"}"#;
    assert_eq!(post_to(provider, "/unknown", &payment(provider), unknown).await, 404);
    let purged = succeeds(&["quarantine", "purge", "--yes"]).await;
    assert!(
        purged.ends_with("1 delivery left for `acuse quarantine release`\n"),
        "{purged}"
    );
}
