//! Putting and rotating a secret.

use std::sync::atomic::{AtomicBool, Ordering};

use acuse_core::providers::kuenta;

use super::*;

fn kuenta_secret(text: &str) -> Secrets {
    let json = serde_json::json!({"signing_secrets": [text]}).to_string();
    secrets(&kuenta::PROVIDER, &json)
}

/// Posts new payments one after the other until told to stop; how many were answered 200.
async fn sender(secrets: Secrets, stop: &AtomicBool) -> usize {
    let mut sent = 0;
    while !stop.load(Ordering::Relaxed) {
        let status = post(&kuenta::PROVIDER, &payment(&kuenta::PROVIDER), &secrets).await;
        assert_eq!(status, 200, "after {sent}");
        sent += 1;
    }
    sent
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rotation_under_load_refuses_nothing() {
    let provider = &kuenta::PROVIDER;
    let old = kuenta_secret("local-kuenta-secret");
    let new = kuenta_secret("the-new-one");
    assert_eq!(post(provider, &payment(provider), &old).await, 200);

    // One sender has the old secret until both hold, another one the new one from then on.
    let (stop_old, stop_new) = (AtomicBool::new(false), AtomicBool::new(false));
    let switch = async {
        done(&["secrets", "rotate", "kuenta"], "the-new-one\n").await;
        let second = acuse(&["secrets", "rotate", "kuenta"], "the-new-one\n").await;
        let said = String::from_utf8_lossy(&second.stderr).into_owned();
        assert!(said.contains("is already there"), "{said}");
        let with_new = async {
            let wait = async {
                tokio::time::sleep(Duration::from_secs(2)).await;
                stop_old.store(true, Ordering::Relaxed);
                tokio::time::sleep(Duration::from_secs(2)).await;
                done(&["secrets", "rotate", "kuenta", "--finish"], "").await;
                stop_new.store(true, Ordering::Relaxed);
            };
            tokio::join!(sender(new.clone(), &stop_new), wait).0
        };
        with_new.await
    };
    let (with_old, with_new) = tokio::join!(sender(old.clone(), &stop_old), switch);
    assert!(with_old > 0 && with_new > 0, "{with_old} and {with_new}");
    completed(provider, with_old + with_new + 1).await;
    assert!(!logs().contains("the-new-one"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_secret_that_cant_be_one_is_not_put() {
    for (provider, input, expected) in [
        ("onepay", "wh_hdr_abc\nwh_tok_abc\n", "starts with `wh_hdr_`"),
        ("onepay", "wh_tok_abc\n", "has no `token`"),
        ("unopago", " \n", "empty signing secret"),
        ("unopago", "{\"signing_secrets\": \"x\"}", "is not the expected JSON"),
        ("unopay", "s3cr3t", "[possible values: unopago, onepay, kuenta]"),
    ] {
        let output = acuse(&["secrets", "put", provider], input).await;
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(!output.status.success() && said.contains(expected), "{said}");
    }
}
