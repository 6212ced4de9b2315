//! Limits of size and rate, ids and warm-up.

use super::*;

#[tokio::test]
async fn a_body_that_just_fits_a_message_is_queued() {
    let mut longest = BODY.to_vec();
    longest.resize(LONGEST_TEXT, b' ');
    let scene = Scene::new(GOOD);
    let mut headers = HeaderMap::new();
    let signature = HeaderValue::from_str(&sign("good", &longest)).unwrap();
    headers.insert("x-kuenta-signature", signature);
    let answer = scene.verifier().receive("default", headers, longest.into()).await;
    assert!(matches!(answer, Answer::Queued(_)), "{answer:?}");
    let message = scene.outbox.queued().remove(0);
    assert_eq!(message.text.len(), LONGEST_TEXT);
    // SQS counts the names, types and values of attributes too.
    let attributes = message.attributes.iter();
    let attributes: usize = attributes
        .map(|(name, value)| name.len() + "String".len() + value.len())
        .sum();
    assert!(LONGEST_TEXT + attributes <= 1024 * 1024);
}

/// Compression takes time, so it is only used if base64 does not fit.
#[tokio::test]
async fn bytes_that_fit_a_message_as_base64_are_not_compressed() {
    let scene = Scene::new(GOOD);
    let verifier = scene.verifier();
    let fits = LONGEST_TEXT / 4 * 3;
    for (length, encoding) in [(fits, "base64"), (fits + 1, "gzip+base64")] {
        let body = vec![0xff; length];
        let mut headers = HeaderMap::new();
        headers.insert("signature", HeaderValue::from_str(&sign("good", &body)).unwrap());
        let answer = verifier.receive("default", headers, body.into()).await;
        assert!(matches!(answer, Answer::Queued(_)), "{answer:?}");
        let message = scene.outbox.queued().pop().unwrap();
        assert_eq!(message.attribute("encoding"), Some(encoding), "{length}");
    }
}

/// Even for deliveries of one provider at the same moment.
#[tokio::test]
async fn every_delivery_has_its_own_id() {
    let scene = Scene::new(GOOD);
    let verifier = scene.verifier();
    for _ in 0..10 {
        verifier.receive("default", signed("good"), body()).await;
    }
    let queued = scene.outbox.queued();
    let ids: std::collections::BTreeSet<_> = queued.iter().map(|message| message.attribute("delivery_id")).collect();
    assert_eq!(ids.len(), 10);
}

/// The first delivery does not have to wait for them.
#[tokio::test]
async fn warming_up_loads_the_secrets() {
    let scene = Scene::new(GOOD);
    let verifier = scene.verifier();
    verifier.warm_up().await;
    assert_eq!(scene.store.loads.load(Ordering::SeqCst), 1);
    assert!(matches!(
        verifier.receive("default", signed("good"), body()).await,
        Answer::Queued(_)
    ));
    assert_eq!(scene.store.loads.load(Ordering::SeqCst), 1);
    // If the store fails, the first delivery tries again.
    let verifier = scene.verifier();
    scene.store.down.store(true, Ordering::SeqCst);
    verifier.warm_up().await;
    scene.store.down.store(false, Ordering::SeqCst);
    assert!(matches!(
        verifier.receive("default", signed("good"), body()).await,
        Answer::Queued(_)
    ));
}

/// SQS bills messages in units of 64 KiB.
#[tokio::test]
async fn deliveries_up_to_64_kib_are_quarantined() {
    let kept = async |header: &'static str, length: usize| {
        let scene = Scene::new(GOOD);
        let mut headers = HeaderMap::new();
        headers.insert("signature", HeaderValue::from_static("x"));
        headers.insert(header, HeaderValue::from_static("x"));
        scene
            .verifier()
            .receive("default", headers, Bytes::from(vec![b' '; length]))
            .await;
        let kept = scene.outbox.quarantined();
        kept.first().map(|message| message.text.len())
    };
    let mut longest = 0;
    // Base64 turns three bytes into four, so one of four header names makes the length exact.
    for header in ["x", "xx", "xxx", "xxxx"] {
        let compressed = kept(header, 0).await.unwrap();
        let fits = (64 * 1024 - compressed) / 4 * 3;
        longest = longest.max(kept(header, fits).await.unwrap());
        assert_eq!(kept(header, fits + 1).await, None, "{header}");
    }
    assert_eq!(longest, 64 * 1024);
}

/// A quiet month does not allow a larger flood.
#[tokio::test]
async fn the_token_bucket_never_exceeds_its_burst() {
    let scene = Scene::new(GOOD);
    let verifier = scene.verifier();
    for kept in [200, 400] {
        for _ in 0..300 {
            verifier.receive("default", signed("forged"), body()).await;
        }
        assert_eq!(scene.outbox.quarantined().len(), kept);
        scene.clock.advance(Duration::from_secs(30 * 24 * 60 * 60));
    }
}

/// `diagnose` can then name the header.
#[tokio::test]
async fn a_signature_in_an_unknown_header_is_quarantined() {
    for (name, kept) in [
        ("x-hub-signature-256", 1),
        ("x-unopago-hmac", 1),
        ("authorization", 0),
        ("x-request-id", 0),
    ] {
        let scene = Scene::new(GOOD);
        let mut headers = HeaderMap::new();
        headers.insert(name, HeaderValue::from_str(&sign("good", BODY)).unwrap());
        let answer = scene.verifier().receive("default", headers, body()).await;
        assert_eq!(answer, Answer::Refused("signature"));
        assert_eq!(scene.outbox.quarantined().len(), kept, "{name}");
    }
}
