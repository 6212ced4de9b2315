//! The quarantine: a wrong secret or header on day one loses no payment.

use acuse_core::providers::{kuenta, onepay, unopago};

use super::*;

const REAL: &str = r#"{"signing_secrets":["wh_tok_real"],"token":"wh_hdr_real"}"#;

#[tokio::test(flavor = "multi_thread")]
async fn after_a_wrong_secret_every_genuine_delivery_is_released_once() {
    let _queues = QUARANTINE.lock().await;
    let provider = &onepay::PROVIDER;
    // The stack has the local secret, and the provider signs with another one.
    let real = secrets(provider, REAL);
    let mut ids = Vec::new();
    for _ in 0..50 {
        let body = payment(provider);
        assert_eq!(post(provider, &body, &real).await, 401);
        let value = acuse_core::json::parse(&body).unwrap();
        ids.push((provider.read)(&value).unwrap().resource.unwrap().id);
    }
    let forger = secrets(provider, r#"{"signing_secrets":["wh_tok_x"],"token":"wh_hdr_real"}"#);
    assert_eq!(post(provider, &payment(provider), &forger).await, 401);

    let held = done(&["quarantine", "list", "--provider", "onepay", "--json"], "").await;
    assert_eq!(held.lines().count(), 51);
    let diagnosis = done(&["quarantine", "diagnose", "--provider", "onepay"], "").await;
    assert!(
        diagnosis.contains("the token in `x-webhook-token` is not the stored one"),
        "{diagnosis}"
    );
    let nothing = done(&["quarantine", "release", "--provider", "onepay"], "").await;
    assert!(nothing.ends_with("51 deliveries left in quarantine\n"), "{nothing}");

    // The inspector offers to release valid deliveries.
    let offered = async || {
        let url = format!("{}/quarantine", stack().await.inspector);
        let page = acuse_cli::http::client()
            .unwrap()
            .get(url)
            .send()
            .await
            .unwrap()
            .text()
            .await
            .unwrap();
        let ids = held.lines().map(|line| {
            let line: serde_json::Value = serde_json::from_str(line).unwrap();
            line["delivery_id"].as_str().unwrap().to_owned()
        });
        ids.filter(|id| page.contains(&format!("/release?id={id}"))).count()
    };
    assert_eq!(offered().await, 0);

    // The secret is fixed.
    done(&["secrets", "put", "onepay"], "wh_tok_real\nwh_hdr_real\n").await;
    let now = offered().await;
    assert!((1..=50).contains(&now), "{now}");
    let would = done(&["quarantine", "release", "--provider", "onepay", "--dry-run"], "").await;
    assert!(
        would.ends_with("50 deliveries would be released; 1 would stay in quarantine\n"),
        "{would}"
    );
    let released = done(&["quarantine", "release", "--provider", "onepay"], "").await;
    assert!(
        released.ends_with("50 deliveries released; 1 left in quarantine\n"),
        "{released}"
    );
    let again = done(&["quarantine", "release", "--provider", "onepay"], "").await;
    assert!(again.ends_with("1 delivery left in quarantine\n"), "{again}");

    // Other tests have events of this provider too.
    let ours = |record: &Record| record.resource_id.as_ref().is_some_and(|id| ids.contains(id));
    let mut records = completed(provider, 50).await;
    while records.iter().filter(|record| ours(record)).count() < 50 {
        records = completed(provider, records.len() + 1).await;
    }
    records.retain(ours);
    assert_eq!(records.len(), 50);
    for record in records {
        assert_eq!((record.attempts, record.duplicates), (1, 0), "{}", record.key);
        assert!(ids.contains(&record.resource_id.unwrap()));
        // With the id and time of the delivery, not of its release.
        assert!(held.contains(&record.delivery_id.unwrap()));
        assert!(held.contains(&record.received_at.unwrap()));
    }

    let diagnosis = done(&["quarantine", "diagnose", "--provider", "onepay"], "").await;
    assert!(diagnosis.contains("no header contains a"), "{diagnosis}");
    let purged = done(&["quarantine", "purge", "--provider", "onepay", "--yes"], "").await;
    assert!(purged.ends_with("1 delivery deleted\n"), "{purged}");
    for secret in ["wh_tok_real", "wh_hdr_real", "wh_tok_local", "wh_hdr_local"] {
        assert!(!logs().contains(secret), "{secret} shows in a log");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_signature_in_another_header_is_diagnosed() {
    let _queues = QUARANTINE.lock().await;
    let provider = &unopago::PROVIDER;
    let body = payment(provider);
    let signature = acuse_core::receive::signature::sign("local-unopago-secret", &body);
    // A known header comes as well: without any, a request is not quarantined, or strangers could fill the queue.
    let headers = [("x-uno-signature", signature), ("webhook-signature", "v0".to_owned())];
    assert_eq!(post_with(provider, &body, &headers).await, 401);
    let diagnosis = done(&["quarantine", "diagnose", "--provider", "unopago"], "").await;
    assert!(
        diagnosis.contains("header `x-uno-signature` contains a valid signature of the canonical form `raw` with signing secret 1: set `headers=x-uno-signature,webhook-signature"),
        "{diagnosis}"
    );
    let kept = acuse(&["quarantine", "purge", "--provider", "unopago"], "").await;
    assert!(!kept.status.success() && String::from_utf8_lossy(&kept.stderr).contains("--yes"));
}

/// One proxy repeats a header, and another adds an empty one.
#[tokio::test(flavor = "multi_thread")]
async fn headers_repeated_by_a_proxy_verify() {
    let provider = &onepay::PROVIDER;
    let local = local_secrets(provider);
    for empty in [false, true] {
        let body = payment(provider);
        let signed = Sample::signed(provider, body.to_vec(), &local, SystemClock.now(), None).unwrap();
        let mut headers = Vec::new();
        for (name, value) in signed.headers {
            headers.extend([(name, if empty { String::new() } else { value.clone() }), (name, value)]);
        }
        assert_eq!(post_with(provider, &body, &headers).await, 200, "{headers:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn another_canonical_form_is_diagnosed() {
    let _queues = QUARANTINE.lock().await;
    let provider = &kuenta::PROVIDER;
    let body = payment(provider);
    let unended = acuse_core::receive::signature::sign("local-kuenta-secret", body.trim_ascii_end());
    assert_eq!(
        post_with(provider, &body, &[("signature", format!("SHA256=\"{unended}\""))]).await,
        401
    );
    let diagnosis = done(&["quarantine", "diagnose", "--provider", "kuenta"], "").await;
    assert!(diagnosis.contains("set `forms=raw,trimmed`"), "{diagnosis}");
    assert!(
        diagnosis.contains("`acuse local --update --parameter 'KuentaSignature=forms=raw,trimmed'`"),
        "{diagnosis}"
    );
    done(&["quarantine", "purge", "--provider", "kuenta", "--yes"], "").await;
}
