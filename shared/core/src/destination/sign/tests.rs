use proptest::prelude::*;
use serde::Deserialize;

use super::*;
use crate::destination::DestinationName;
use crate::destination::config::Target;

#[derive(Deserialize)]
struct Case {
    source: String,
    secrets: Vec<String>,
    id: String,
    timestamp: i64,
    body: String,
    signatures: String,
}

fn secrets(texts: &[String]) -> Vec<SigningSecret> {
    texts.iter().map(|text| SigningSecret::parse(text).unwrap()).collect()
}

/// Made by another implementation: see tests/fixtures/destinations/generate.py.
#[test]
fn signatures_are_those_of_standard_webhooks() {
    let cases = include_str!("../../../../../tests/fixtures/destinations/signatures.json");
    let cases: Vec<Case> = serde_json::from_str(cases).unwrap();
    assert_eq!(cases.iter().filter(|case| case.source == "published").count(), 2);
    for case in &cases {
        let made = signatures(
            &secrets(&case.secrets),
            &case.id,
            Timestamp::from_seconds(case.timestamp),
            case.body.as_bytes(),
        );
        assert_eq!(made, case.signatures, "{} {}", case.source, case.body);
    }
    assert!(cases.iter().any(|case| case.secrets.len() == 4) && cases.len() == 18);
}

#[test]
fn a_secret_is_24_to_64_bytes_and_never_shown() {
    for (length, valid) in [(0, false), (23, false), (24, true), (64, true), (65, false)] {
        let text = format!("whsec_{}", BASE64.encode(&vec![7; length]));
        assert_eq!(SigningSecret::parse(&text).is_some(), valid, "{length}");
    }
    let plain = BASE64.encode(&[7; 24]);
    for text in [
        &plain,
        &format!("whsec_{plain}="),
        &format!("WHSEC_{plain}"),
        "whsec_",
        "whsec_ä",
        "",
    ] {
        assert_eq!(SigningSecret::parse(text), None, "{text}");
    }
    let secret = SigningSecret::from_bytes(&[7; 24]).unwrap();
    assert!(!secret.expose().contains('='));
    assert_eq!(format!("{secret:?}"), "SigningSecret([REDACTED])");
}

fn shop(secrets: Vec<SigningSecret>) -> Destination {
    let target = Target::parse("https://shop.example/webhooks").unwrap();
    Destination::new(DestinationName::parse("shop").unwrap(), target, secrets)
}

#[test]
fn a_request_has_the_headers_that_receivers_expect() {
    let texts = ["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw".to_owned()];
    let mut shop = shop(secrets(&texts));
    shop.headers.add("Authorization", "Bearer s3cret").unwrap();
    let now = Timestamp::from_millis(1_614_265_330_999);
    let headers = headers(&shop, "msg_p5jXN8AQM9LWM0D4loKWxJek", now, br#"{"test": 2432232314}"#).unwrap();
    let shown: Vec<_> = headers
        .iter()
        .map(|(name, value)| format!("{name}: {value:?}"))
        .collect();
    let shown = shown.join("\n").replace(env!("CARGO_PKG_VERSION"), "VERSION");
    insta::assert_snapshot!(shown, @r#"
    authorization: Sensitive
    content-type: "application/json"
    user-agent: "Acuse/VERSION"
    webhook-id: "msg_p5jXN8AQM9LWM0D4loKWxJek"
    idempotency-key: "msg_p5jXN8AQM9LWM0D4loKWxJek"
    webhook-timestamp: "1614265330"
    webhook-signature: "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
    "#);
}

#[test]
fn a_rotation_signs_with_both_until_it_ends() {
    let secret = |byte| SigningSecret::from_bytes(&[byte; 24]).unwrap();
    let mut shop = shop(vec![secret(1)]);
    shop.rotate(secret(2));
    shop.rotate(secret(3));
    assert_eq!(shop.signing_secrets, [secret(3), secret(2)]);
    let now = Timestamp::from_seconds(1);
    let both = signatures(&shop.signing_secrets, "a", now, b"{}");
    assert_eq!(
        both,
        format!(
            "{} {}",
            secret(3).sign("a", now, b"{}"),
            secret(2).sign("a", now, b"{}")
        )
    );
    shop.end_rotation();
    assert_eq!(shop.signing_secrets, [secret(3)]);
}

proptest! {
    /// The verifier that receives other people's Standard Webhooks accepts ours, under any of the secrets.
    #[test]
    fn what_we_sign_we_would_verify(keys in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 24..=64), 1..4), body in ".*", second in 0..4_000_000_000_i64) {
        let secrets: Vec<_> = keys.iter().map(|key| SigningSecret::from_bytes(key).unwrap()).collect();
        let now = Timestamp::from_seconds(second);
        let sent = signatures(&secrets, "id-1", now, body.as_bytes());
        for (secret, sent) in secrets.iter().zip(sent.split(' ')) {
            prop_assert_eq!(&SigningSecret::parse(&secret.expose()).unwrap(), secret);
            let mac = Hmac::<Sha256>::new_from_slice(&secret.0).unwrap();
            let mac = mac.chain_update(format!("id-1.{second}.{body}"));
            let digest = BASE64.decode(sent.strip_prefix("v1,").unwrap().as_bytes()).unwrap();
            prop_assert!(mac.verify_slice(&digest).is_ok());
        }
    }
}

#[test]
fn debug_shows_no_secret() {
    let text = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
    let mut shop = shop(secrets(&[text.to_owned()]));
    shop.headers.add("x-key", "hunter2").unwrap();
    let shown = format!("{shop:?}");
    assert!(
        !shown.contains("MfKQ") && !shown.contains("hunter2") && !shown.contains("/webhooks"),
        "{shown}"
    );
}
