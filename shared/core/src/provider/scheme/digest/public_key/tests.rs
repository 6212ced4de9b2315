//! Signatures by private keys, made by openssl and Python (`tests/fixtures/schemes/generate_public_keys.py`).

use std::collections::BTreeMap;

use bytes::Bytes;
use data_encoding::BASE64;
use http::{HeaderMap, HeaderValue};
use proptest::prelude::*;
use serde::Deserialize;

use super::{RSA, is_rsa};
use crate::clock::Timestamp;
use crate::provider::scheme::{Digest, Encoding, Key, Scheme, Signature};
use crate::provider::{Provider, Unreadable};
use crate::receive::secrets::Secrets;
use crate::receive::signature::{Refusal, verify};
use crate::wire::delivery::{Delivery, DeliveryId};

const NOW: Timestamp = Timestamp::from_seconds(0);

#[derive(Deserialize)]
struct Vectors {
    schemes: Vec<Signer>,
    notations: BTreeMap<String, String>,
    no_keys: BTreeMap<String, String>,
}

#[derive(Deserialize)]
struct Signer {
    digest: String,
    key: String,
    cases: Vec<Case>,
}

#[derive(Deserialize)]
struct Case {
    name: String,
    expect: String,
    signature: String,
    body: String,
}

fn vectors() -> Vectors {
    serde_json::from_str(include_str!(
        "../../../../../../../tests/fixtures/schemes/public_keys.json"
    ))
    .unwrap()
}

fn digest(constant: &str) -> Digest {
    let all = [Digest::RSA_PKCS1_SHA256, Digest::RSA_PSS_SHA256, Digest::ED25519];
    all.into_iter().find(|digest| digest.constant() == constant).unwrap()
}

fn provider(digest: Digest, key: Key) -> Provider {
    Provider {
        name: "other",
        scheme: Scheme {
            token: None,
            signatures: vec![Signature {
                encodings: &[Encoding::Base64],
                digest,
                key,
                ..Signature::hmac(&["digest"])
            }]
            .leak(),
        },
        check_secret: |_| Ok(()),
        read: |_| Err(Unreadable::NoType("nothing")),
        types: &[],
    }
}

fn secrets(provider: &Provider, key: &str) -> Result<Secrets, String> {
    let stored = serde_json::json!({"signing_secrets": [key]}).to_string();
    Secrets::parse(provider, &stored).map_err(|error| error.to_string())
}

fn check(provider: &Provider, secrets: &Secrets, signature: &str, body: &str) -> Result<(), Refusal> {
    let mut headers = HeaderMap::new();
    headers.insert("digest", HeaderValue::from_str(signature).unwrap());
    let body = Bytes::copy_from_slice(body.as_bytes());
    let delivery = Delivery::received(DeliveryId::new(NOW, [0; 10]), NOW, headers, body);
    verify(&delivery, &provider.scheme, secrets, NOW).map(|_| ())
}

#[test]
fn signatures_of_other_runtimes_verify() {
    let mut checked = 0;
    for signer in vectors().schemes {
        let provider = provider(digest(&signer.digest), Key::Text);
        let secrets = secrets(&provider, &signer.key).unwrap();
        for case in signer.cases {
            let valid = check(&provider, &secrets, &case.signature, &case.body).is_ok();
            assert_eq!(valid, case.expect == "ok", "{}: {}", signer.digest, case.name);
            checked += 1;
        }
    }
    assert_eq!(checked, 50);
}

/// A private key makes signatures that no other algorithm takes for its own.
#[test]
fn a_signature_is_of_one_algorithm() {
    for signer in vectors().schemes {
        for other in [Digest::RSA_PKCS1_SHA256, Digest::RSA_PSS_SHA256, Digest::ED25519] {
            let provider = provider(other, Key::Text);
            let good = &signer.cases[0];
            if let Ok(secrets) = secrets(&provider, &signer.key) {
                let valid = check(&provider, &secrets, &good.signature, &good.body).is_ok();
                assert_eq!(valid, other.constant() == signer.digest);
            }
        }
        // The key is public: it must not be taken for the secret of an HMAC.
        let hmac = provider(Digest::HMAC_SHA256, Key::Text);
        let secrets = secrets(&hmac, &signer.key).unwrap();
        assert!(check(&hmac, &secrets, &signer.cases[0].signature, &signer.cases[0].body).is_err());
    }
}

#[test]
fn a_key_is_read_in_every_notation() {
    let vectors = vectors();
    let of = |digest: Digest| {
        let mut signers = vectors.schemes.iter();
        signers.find(|own| own.digest == digest.constant()).unwrap()
    };
    let (rsa, ed25519) = (Digest::RSA_PKCS1_SHA256, Digest::ED25519);
    let base64 = Key::Base64After("");
    let in_json = of(rsa).key.replace('\n', "\\n");
    let windows = of(rsa).key.replace('\n', "\r\n");
    let one_line = of(ed25519).key.replace('\n', " ");
    let written = |name: &str| vectors.notations[name].as_str();
    for (digest, key, text) in [
        (rsa, Key::Text, in_json.as_str()),
        (rsa, Key::Text, &windows),
        (ed25519, Key::Text, &one_line),
        (rsa, base64, written("rsa_der_base64")),
        (ed25519, base64, written("ed25519_der_base64")),
        (ed25519, base64, written("ed25519_raw_base64")),
        (ed25519, Key::Hex, written("ed25519_raw_hex")),
    ] {
        let provider = provider(digest, key);
        let secrets = secrets(&provider, text).unwrap();
        let good = &of(digest).cases[0];
        assert_eq!(
            check(&provider, &secrets, &good.signature, &good.body),
            Ok(()),
            "{text}"
        );
    }
}

/// The numbers of an RSA key under the name of another algorithm.
#[test]
fn a_key_is_of_the_algorithm_that_it_names() {
    let der = BASE64.decode(vectors().notations["rsa_der_base64"].as_bytes()).unwrap();
    assert!(is_rsa(&der));
    let of_rsa = RSA.as_bytes();
    let at = der.windows(of_rsa.len()).position(|bytes| bytes == of_rsa).unwrap();
    let mut other = der.clone();
    // From `rsaEncryption` to its neighbour `md2WithRSAEncryption`.
    other[at + of_rsa.len() - 1] += 1;
    assert!(!is_rsa(&other));
}

/// Bits are counted from the first that is set: 256 bytes can hold a number of 2,047 bits.
#[test]
fn an_rsa_key_has_2048_bits_at_least() {
    let key = |head: &[u8], tail: &[u8]| [head, &[0xff; 255], tail].concat();
    let exponent = [0x02, 0x03, 0x01, 0x00, 0x01];
    // A sequence of two integers; of the first of them, all bytes but the leading ones are in `key`.
    let bits_2048 = [0x30, 0x82, 0x01, 0x0a, 0x02, 0x82, 0x01, 0x01, 0x00, 0x80];
    let bits_2047 = [0x30, 0x82, 0x01, 0x09, 0x02, 0x82, 0x01, 0x00, 0x7f];
    assert!(is_rsa(&key(&bits_2048, &exponent)));
    assert!(!is_rsa(&key(&bits_2047, &exponent)));
}

#[test]
fn what_can_t_be_a_key_is_refused_when_it_is_loaded() {
    let vectors = vectors();
    let (rsa, ed25519) = (&vectors.schemes[0].key, &vectors.schemes[5].key);
    let other = |key: &str| {
        let mut texts: Vec<String> = vectors.no_keys.values().cloned().collect();
        texts.extend([
            key.to_owned(),
            "s3cret".to_owned(),
            "-----BEGIN PUBLIC KEY-----".to_owned(),
        ]);
        texts.push(rsa.replace("PUBLIC", "PRIVATE"));
        texts
    };
    for (digest, key, expected) in [
        (
            Digest::RSA_PKCS1_SHA256,
            ed25519,
            "an RSA public key of 2,048 to 8,192 bits",
        ),
        (Digest::ED25519, rsa, "an Ed25519 public key"),
    ] {
        for text in other(key) {
            assert_eq!(
                secrets(&provider(digest, Key::Text), &text).unwrap_err(),
                format!(
                    "the secret of `other` has a signing secret that is not {expected} in PEM, from `-----BEGIN PUBLIC KEY-----` to `-----END PUBLIC KEY-----`; copy the provider's public key whole, not a private key or a certificate"
                ),
            );
        }
        for (key, text, expected) in [
            (Key::Hex, "abcd", "in hex; copy"),
            (Key::Base64After(""), "abcd", "in base64; copy"),
            (Key::Base64After(""), "?", "is not base64; copy"),
            (Key::Hex, "?", "is not hex"),
        ] {
            let error = secrets(&provider(digest, key), text).unwrap_err();
            assert!(error.contains(expected), "{error}");
        }
    }
}

proptest! {
    #[test]
    fn any_flipped_bit_is_refused(which in 0..6usize, bit in any::<prop::sample::Index>(), of_body: bool) {
        let vectors = vectors();
        let signer = &vectors.schemes[which];
        let provider = provider(digest(&signer.digest), Key::Text);
        let secrets = secrets(&provider, &signer.key).unwrap();
        let good = &signer.cases[0];
        let mut signature = data_encoding::BASE64.decode(good.signature.as_bytes()).unwrap();
        let mut body = good.body.clone().into_bytes();
        let bytes = if of_body { &mut body } else { &mut signature };
        let bit = bit.index(bytes.len() * 8);
        bytes[bit / 8] ^= 1 << (bit % 8);
        let mut headers = HeaderMap::new();
        headers.insert("digest", HeaderValue::from_str(&data_encoding::BASE64.encode(&signature)).unwrap());
        let delivery = Delivery::received(DeliveryId::new(NOW, [0; 10]), NOW, headers, body.into());
        let refused = verify(&delivery, &provider.scheme, &secrets, NOW);
        prop_assert_eq!(refused.unwrap_err(), Refusal::SignatureWrong);
    }

    #[test]
    fn no_key_panics(key in prop::collection::vec(any::<u8>(), 0..400), text in "[ -~\n]{0,100}") {
        for key in [key, text.into_bytes()] {
            super::rsa_pkcs1(&key, b"a", &[0; 256]);
            super::ed25519(&key, b"a", &[0; 64]);
        }
    }
}
