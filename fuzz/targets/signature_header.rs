//! Also reads the same input under schemes that look elsewhere: the lines as a query, and the body as a form and as a
//! public key.
//!
//! Input: one header value per line, an empty line, and the body. In the values, `{hex}` is replaced by the sender's
//! signature of the body in hex, `{base64}` by the same in base64, and `{at}` by its signature of the body at `AT`.
#![no_main]

use std::sync::LazyLock;

use acuse_core::clock::Timestamp;
use acuse_core::provider::Provider;
use acuse_core::provider::scheme::{Digest, Encoding, Member, Part, Scheme, Signature};
use acuse_core::providers;
use acuse_core::receive::secrets::Secrets;
use acuse_core::receive::signature::{sign, verify};
use acuse_core::wire::delivery::{CanonicalForm, Delivery, DeliveryId, Unverified};
use bytes::Bytes;
use data_encoding::{BASE64, HEXLOWER};
use http::{HeaderMap, HeaderValue};
use libfuzzer_sys::fuzz_target;

const OURS: &str = "wh_tok_ours";
const OTHER: &str = "wh_tok_other";
const TOKEN: &str = "wh_hdr_ours";
const AT: i64 = 1_700_000_000;

static SECRETS: LazyLock<Vec<(&Provider, Secrets)>> = LazyLock::new(|| {
    let stored = format!(r#"{{"signing_secrets":["{OURS}"],"token":"{TOKEN}"}}"#);
    let secrets = |provider| Secrets::parse(provider, &stored).unwrap();
    providers::ALL
        .iter()
        .map(|provider| (provider, secrets(provider)))
        .collect()
});

const KEY: &str = include_str!("../../infra/local/rsa-public.pem");
const EDWARDS: &str = include_str!("../../infra/local/ed25519-public.pem");

static ELSEWHERE: LazyLock<Vec<(Provider, Secrets)>> = LazyLock::new(|| {
    let parts: &[Part] = &[
        Part::Secret,
        Part::OneDecimal(&[Part::Form("value")]),
        Part::Optional(&[Part::Lower(&[Part::Query("id")])]),
    ];
    let way = |digest, member| Signature {
        member: Some(member),
        encodings: &[Encoding::Hex, Encoding::Base64],
        digest,
        ..Signature::hmac(&["signature"])
    };
    let ways = [
        Signature {
            content: parts,
            ..way(Digest::MD5_WITH_SECRET, Member::Form("sign"))
        },
        way(Digest::HMAC_SHA512, Member::Query("sign")),
        way(Digest::SHA1_WITH_SECRET, Member::Value(&["sign"])),
        way(Digest::RSA_PKCS1_SHA256, Member::Form("sign")),
        way(Digest::RSA_PSS_SHA256, Member::Form("sign")),
        way(Digest::ED25519, Member::Form("sign")),
    ];
    let provider = |way: Signature| {
        let key = match way.digest {
            digest if digest == Digest::ED25519 => EDWARDS,
            digest if digest.is_public() => KEY,
            _ => OURS,
        };
        let provider = Provider {
            scheme: Scheme {
                token: None,
                signatures: vec![way].leak(),
            },
            ..providers::kuenta::PROVIDER
        };
        let stored = serde_json::json!({"signing_secrets": [key]}).to_string();
        let secrets = Secrets::parse(&provider, &stored).unwrap();
        (provider, secrets)
    };
    ways.map(provider).into()
});

fuzz_target!(|input: &[u8]| {
    let Some(end) = input.windows(2).position(|pair| pair == b"\n\n") else {
        return;
    };
    let Ok(values) = std::str::from_utf8(&input[..end]) else {
        return;
    };
    let body = &input[end + 2..];
    let (Some(ours), Some(other)) = (delivery(values, body, OURS), delivery(values, body, OTHER)) else {
        return;
    };
    let now = Timestamp::from_seconds(AT);
    elsewhere(values, body);
    for (provider, secrets) in SECRETS.iter() {
        let name = provider.name;
        let refused = verify(&other, &provider.scheme, secrets, now);
        assert!(refused.is_err(), "{name}: verified a signature of another secret");

        let Ok(verified) = verify(&ours, &provider.scheme, secrets, now) else {
            continue;
        };
        let timestamped = values.contains("{at}") && values.contains(&format!("t={AT}"));
        let signed = values.contains("{hex}") || values.contains("{base64}") || timestamped;
        assert!(signed, "{name}: verified without a signature");
        assert_eq!(verified.form(), CanonicalForm::Raw, "{name}");
        assert_eq!(verified.bytes(), body, "{name}: handed on other bytes than were signed");
        assert!(!body.is_empty(), "{name}: verified nothing");
    }
});

/// Nobody has the secrets of these schemes, so nothing verifies.
fn elsewhere(values: &str, body: &[u8]) {
    let at = Timestamp::from_seconds(AT);
    let mut headers = HeaderMap::new();
    if let Some(value) = values.lines().next().and_then(|line| HeaderValue::from_str(line).ok()) {
        headers.insert("signature", value);
    }
    let body = Bytes::copy_from_slice(body);
    let delivery = Delivery::received(DeliveryId::new(at, [0; 10]), at, headers, body.clone()).with_query(values);
    for (provider, secrets) in ELSEWHERE.iter() {
        let digest = provider.scheme.signatures[0].digest;
        assert!(verify(&delivery, &provider.scheme, secrets, at).is_err(), "{digest:?}");
        // The body as the stored key: refused, or a key that made no signature here.
        let text = serde_json::json!({"signing_secrets": [String::from_utf8_lossy(&body)]});
        if let (true, Ok(other)) = (digest.is_public(), Secrets::parse(provider, &text.to_string())) {
            assert!(verify(&delivery, &provider.scheme, &other, at).is_err(), "{digest:?}");
        }
    }
}

/// A delivery of a sender with `secret`; `None` if a value is not valid in a header.
fn delivery(values: &str, body: &[u8], secret: &str) -> Option<Delivery<Unverified>> {
    let hex = sign(secret, body);
    let stamped = sign(secret, &[format!("{AT}.").as_bytes(), body].concat());
    let base64 = BASE64.encode(&HEXLOWER.decode(hex.as_bytes()).unwrap());
    let values = values
        .replace("{hex}", &hex)
        .replace("{base64}", &base64)
        .replace("{at}", &stamped);
    let mut headers = HeaderMap::new();
    headers.append("x-webhook-token", HeaderValue::from_static(TOKEN));
    for value in values.split('\n') {
        let value = HeaderValue::from_str(value).ok()?;
        // UnoPago's header, and one that the two others share.
        headers.append("webhook-signature", value.clone());
        headers.append("x-signature", value);
    }
    let at = Timestamp::from_seconds(AT);
    Some(Delivery::received(
        DeliveryId::new(at, [0; 10]),
        at,
        headers,
        Bytes::copy_from_slice(body),
    ))
}
