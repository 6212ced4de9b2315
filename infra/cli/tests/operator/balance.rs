//! A drill: a wrong secret, a renamed header, an unreadable body, a conflict and a duplicate at once; and the balance
//! of it.

use acuse_cli::stack::target::Target;
use acuse_core::providers::{kuenta, onepay, unopago};
use acuse_core::receive::signature::sign;
use aws_sdk_dynamodb::types::AttributeValue;
use serde_json::Value;

use super::*;

fn own_state() -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join("balance")
}

async fn run(arguments: &[&str]) -> (bool, String, String) {
    let output = acuse_in(&own_state(), arguments, "").await;
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (output.status.success(), text(output.stdout), text(output.stderr))
}

/// Waits until the balance says this.
async fn balanced(expected: &str) {
    let mut last = String::new();
    let wait = async {
        loop {
            let (_, text, note) = run(&["balance", "--since", "1h", "--in-flight", "0s"]).await;
            last = format!("{text}{note}");
            if text.lines().any(|line| line == expected) {
                return;
            }
            tokio::time::sleep(Duration::from_millis(500)).await;
        }
    };
    let waited = tokio::time::timeout(PATIENCE, wait).await;
    assert!(waited.is_ok(), "expected {expected}\n{last}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_drill_balances_and_what_is_missing_is_named() {
    let _stack = Stack::start(Options::isolated(own_state())).await.unwrap();
    let running = Running::find(&own_state()).unwrap();
    let (good, local) = (&kuenta::PROVIDER, local_secrets(&kuenta::PROVIDER));

    // Three payments, of which one comes again.
    let bodies = [payment(good), payment(good), payment(good)];
    for body in &bodies {
        assert_eq!(post_at(&running, good, body, &local).await, 200);
    }
    balanced("accepted 3 = 3 completed + 0 waiting + 0 rejected + 0 duplicates; 0 in quarantine; 0 missing").await;
    assert_eq!(post_at(&running, good, &bodies[0], &local).await, 200);
    // The same event with other bytes.
    let (other, _) = conflicts::changed(&bodies[1]);
    assert_eq!(post_at(&running, good, &other, &local).await, 200);
    // A body that nobody can read, though it is signed.
    let unreadable = Bytes::from_static(b"payment: approved");
    let signed = local_secrets(&onepay::PROVIDER);
    assert_eq!(post_at(&running, &onepay::PROVIDER, &unreadable, &signed).await, 200);
    // A wrong secret, and a renamed header.
    let (other, wrong) = (
        &unopago::PROVIDER,
        secrets(&unopago::PROVIDER, r#"{"signing_secrets":["another"]}"#),
    );
    assert_eq!(post_at(&running, other, &payment(other), &wrong).await, 401);
    for _ in 0..2 {
        let body = payment(&kuenta::PROVIDER);
        let headers = [("x-one-signature", sign("local-kuenta-secret", &body))];
        assert_eq!(post_headers(&running, &kuenta::PROVIDER, &body, &headers).await, 401);
    }
    balanced(
        "accepted 6 = 3 completed + 0 waiting + 1 rejected (1 dead-lettered) + 1 duplicate + 1 conflict; 3 in quarantine; 0 missing",
    )
    .await;

    // The advice adds the header to those of today, and names the command.
    let (_, diagnosed, _) = run(&["quarantine", "diagnose"]).await;
    assert!(
        diagnosed.contains("2 deliveries of kuenta: signature in header `x-one-signature`\n"),
        "{diagnosed}"
    );
    let advice = "deploy it: `acuse local --update --parameter 'KuentaSignature=headers=x-kuenta-signature,x-webhook-signature,x-signature,signature,x-one-signature'`";
    assert!(diagnosed.contains(advice), "{diagnosed}");
    let (_, released, left) = run(&["quarantine", "release"]).await;
    assert!(
        released.ends_with("3 deliveries left in quarantine\n") && left.contains(advice),
        "{released}{left}"
    );

    // A redrive would bring the unreadable one straight back.
    let (_, health, _) = run(&["doctor", "--no-delivery"]).await;
    let line = health.lines().find(|line| line.contains("dead-letter queue")).unwrap();
    assert!(
        line.contains("1 unreadable, so a redrive brings it straight back") && line.contains("acuse dlq drop ID"),
        "{line}"
    );
    let (_, listed, _) = run(&["dlq", "list", "--json"]).await;
    let dead: Value = serde_json::from_str(&listed).unwrap();
    let (id, key) = (dead["message_id"].as_str().unwrap(), dead["key"].as_str().unwrap());
    let drop = ["dlq", "drop", id, "--reason", "a test of the panel"];
    let (done, would, _) = run(&[&drop[..], &["--dry-run"]].concat()).await;
    assert!(done && would.starts_with("would be dropped: onepay "), "{would}");
    let (done, dropped, note) = run(&drop).await;
    assert!(done && dropped.starts_with("dropped: onepay "), "{dropped}{note}");
    let records = ledger(&running)
        .partition(key.split_once('|').unwrap().0)
        .await
        .unwrap();
    let record = records.iter().find(|record| record.key == key).unwrap();
    assert_eq!(
        (record.status, record.dropped.as_deref()),
        ("REJECTED", Some("a test of the panel"))
    );
    let (again, _, note) = run(&drop).await;
    assert!(!again && note.contains("no dead letter `"), "{note}");
    balanced(
        "accepted 6 = 3 completed + 0 waiting + 1 rejected + 1 duplicate + 1 conflict; 3 in quarantine; 0 missing",
    )
    .await;

    // As if the ledger had never had it.
    let (_, partition) = conflicts::changed(&bodies[2]);
    let lost = ledger(&running).partition(&partition).await.unwrap().remove(0);
    let (pk, sk) = lost.key.split_once('|').unwrap();
    let delete = aws_sdk_dynamodb::Client::new(&running.sdk());
    let delete = delete.delete_item().table_name(&running.outputs["LedgerTableName"]);
    let delete = delete
        .key("pk", AttributeValue::S(pk.to_owned()))
        .key("sk", AttributeValue::S(sk.to_owned()));
    delete.send().await.unwrap();
    let id = lost.delivery_id.unwrap();
    let (balances, text, _) = run(&["balance", "--since", "1h", "--in-flight", "0s", "--provider", "kuenta"]).await;
    assert!(!balances, "{text}");
    assert!(
        text.contains("accepted 5 = 2 completed + 0 waiting + 0 rejected + 1 duplicate + 1 conflict + 1 missing; 2 in quarantine; 1 missing")
            && text.contains(&format!("  kuenta {id}\n")),
        "{text}"
    );

    // The inspector names it, too.
    let inspector = Target::local(running).await.unwrap();
    let inspector = serve(acuse_cli::inspector::router(inspector)).await;
    let client = acuse_cli::http::client().unwrap();
    let page = async |path: &str, language: &str| {
        let get = client
            .get(format!("{inspector}{path}"))
            .header("cookie", format!("lang={language}"));
        get.send().await.unwrap().text().await.unwrap()
    };
    let named = page("/balance", "en").await;
    assert!(
        named.contains(&id) && named.contains(&format!("/events?q={id}")),
        "{named}"
    );
    let start = destinations::eventually("the balance", async || {
        let page = page("/", "es").await;
        page.contains("1 faltante").then_some(page)
    });
    assert!(start.await.contains("href=\"/balance\""));
}
