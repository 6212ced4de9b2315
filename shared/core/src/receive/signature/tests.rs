//! The three providers' schemes, with signatures made by [`sign`].

mod compressed;
mod digests;
mod headers;
mod replay;
mod schemes;

use http::{HeaderMap, HeaderName, HeaderValue};
use proptest::prelude::*;

use super::*;
use crate::provider::Provider;
use crate::providers::{kuenta, onepay, unopago};
use crate::wire::delivery::DeliveryId;

const BODY: &[u8] = br#"{"event":"payment.completed","data":{"id":"p1"}}"#;
const SECRET: &str = "s3cret";

fn secrets(provider: &Provider) -> Secrets {
    let json = r#"{"signing_secrets":["older", "s3cret"],"token":"wh_hdr_1"}"#;
    Secrets::parse(provider, json).unwrap()
}

fn now() -> Timestamp {
    Timestamp::from_seconds(1_700_000_000)
}

fn check(provider: &Provider, headers: &[(&str, &str)], body: &[u8]) -> Result<CanonicalForm, Refusal> {
    let headers: HeaderMap = headers
        .iter()
        .map(|(name, value)| {
            let name = HeaderName::from_bytes(name.as_bytes()).unwrap();
            (name, HeaderValue::from_str(value).unwrap())
        })
        .collect();
    let id = DeliveryId::new(now(), [0; 10]);
    let delivery = Delivery::received(id, now(), headers, Bytes::copy_from_slice(body));
    verify(&delivery, &provider.scheme, &secrets(provider), now()).map(|verified| verified.form())
}

#[test]
fn signs_like_the_guides() {
    // printf 'hello' | openssl dgst -sha256 -hmac key
    let expected = "9307b3b915efb5171ff14d8cb55fbcc798c6c0ef1456d66ded1a6aa723a58b7b";
    assert_eq!(sign("key", b"hello"), expected);
}

#[test]
fn unopago_signatures_in_every_notation() {
    let hex = sign(SECRET, BODY);
    let base64 = data_encoding::BASE64.encode(&data_encoding::HEXLOWER.decode(hex.as_bytes()).unwrap());
    let stamped = |at: i64| {
        let content = [at.to_string().as_bytes(), b".", BODY].concat();
        format!("t={at},v1={}", sign(SECRET, &content))
    };
    let accepted = [
        hex.clone(),
        hex.to_uppercase(),
        format!("sha256={hex}"),
        base64.clone(),
        format!("{}, {hex}", "0".repeat(64)),
        format!("{} {base64}", "0".repeat(64)),
        stamped(1_700_000_000),
        stamped(1_700_000_300),
        stamped(1_699_999_700),
        format!("{},v1={}", stamped(1_700_000_000), "0".repeat(64)),
    ];
    for text in accepted {
        assert_eq!(
            check(&unopago::PROVIDER, &[("webhook-signature", &text)], BODY),
            Ok(CanonicalForm::Raw),
            "{text}"
        );
    }
    let refused = [
        (stamped(1_700_000_301), Refusal::SignatureExpired),
        (stamped(1_699_999_699), Refusal::SignatureExpired),
        (format!("t=1700000000,v1={hex}"), Refusal::SignatureWrong),
        ("t=1700000000".to_owned(), Refusal::SignatureUnreadable),
        (format!("t=soon,v1={hex}"), Refusal::SignatureWrong),
        (
            format!("t=soon,v1={}", sign(SECRET, &[b"soon.", BODY].concat())),
            Refusal::SignatureExpired,
        ),
        (hex.get(..62).unwrap().to_owned(), Refusal::SignatureUnreadable),
        ("".to_owned(), Refusal::SignatureMissing),
        (sign("other", BODY), Refusal::SignatureWrong),
        // The ninth signature is ignored.
        (
            (0..8).map(|n| format!("{n:064} ")).collect::<String>() + &hex,
            Refusal::SignatureWrong,
        ),
    ];
    for (text, refusal) in refused {
        assert_eq!(
            check(&unopago::PROVIDER, &[("webhook-signature", &text)], BODY),
            Err(refusal),
            "{text}"
        );
    }
}

#[test]
fn kuenta_only_accepts_hex() {
    let hex = sign(SECRET, BODY);
    let base64 = data_encoding::BASE64.encode(&data_encoding::HEXLOWER.decode(hex.as_bytes()).unwrap());
    let check = |text: &str| check(&kuenta::PROVIDER, &[("X-Kuenta-Signature", text)], BODY);
    assert_eq!(check(&hex.to_uppercase()), Ok(CanonicalForm::Raw));
    assert_eq!(check(&format!("sha256={hex}")), Ok(CanonicalForm::Raw));
    let another = sign("other", BODY);
    for text in [base64, format!("{hex},{another}"), format!("t=1700000000,v1={hex}")] {
        assert_eq!(check(&text), Err(Refusal::SignatureUnreadable), "{text}");
    }
}

#[test]
fn the_first_header_present_counts() {
    let (right, wrong) = (sign(SECRET, BODY), sign("other", BODY));
    let check = |headers: &[(&str, &str)]| check(&kuenta::PROVIDER, headers, BODY);
    for name in kuenta::PROVIDER.scheme.signatures[0].headers {
        assert_eq!(check(&[(name, &right)]), Ok(CanonicalForm::Raw), "{name}");
    }
    assert_eq!(
        check(&[("signature", &right), ("x-kuenta-signature", &wrong)]),
        Err(Refusal::SignatureWrong)
    );
    assert_eq!(check(&[("authorization", &right)]), Err(Refusal::SignatureMissing));
}

#[test]
fn onepay_requires_token_and_signature() {
    let signature = sign(SECRET, BODY);
    let check = |headers: &[(&str, &str)]| check(&onepay::PROVIDER, headers, BODY);
    let (good, bad) = (("x-webhook-token", "wh_hdr_1"), ("x-webhook-token", "wh_hdr_2"));
    let signed = ("x-signature", signature.as_str());
    assert_eq!(check(&[good, signed]), Ok(CanonicalForm::Raw));
    assert_eq!(
        check(&[("x-webhook-token", " wh_hdr_1 "), signed]),
        Ok(CanonicalForm::Raw)
    );
    assert_eq!(check(&[signed]), Err(Refusal::TokenMissing));
    assert_eq!(check(&[bad, signed]), Err(Refusal::TokenWrong));
    assert_eq!(check(&[good]), Err(Refusal::SignatureMissing));
    assert_eq!(
        check(&[good, ("x-signature", &sign("wh_hdr_1", BODY))]),
        Err(Refusal::SignatureWrong)
    );
}

#[test]
fn without_a_token_only_the_signature_is_checked() {
    let secrets = Secrets::parse(&onepay::PROVIDER, r#"{"signing_secrets":["s3cret"],"token":null}"#);
    let secrets = secrets.unwrap();
    let (right, wrong) = (sign(SECRET, BODY), sign("other", BODY));
    let verified = |signature: Option<&str>, token: Option<&str>| {
        let pairs = [("x-signature", signature), ("x-webhook-token", token)];
        let headers: HeaderMap = pairs
            .into_iter()
            .filter_map(|(name, value)| Some((HeaderName::from_static(name), HeaderValue::from_str(value?).unwrap())))
            .collect();
        let delivery = Delivery::received(DeliveryId::new(now(), [0; 10]), now(), headers, BODY.into());
        verify(&delivery, &onepay::PROVIDER.scheme, &secrets, now()).map(|verified| verified.form())
    };
    for token in [None, Some("wh_hdr_1"), Some("null"), Some("")] {
        assert_eq!(verified(Some(&right), token), Ok(CanonicalForm::Raw), "{token:?}");
        assert_eq!(verified(Some(&wrong), token), Err(Refusal::SignatureWrong), "{token:?}");
        assert_eq!(verified(None, token), Err(Refusal::SignatureMissing), "{token:?}");
    }
}

/// Secrets that `Secrets::parse` refuses must not verify either.
#[test]
fn without_token_and_signature_nothing_verifies() {
    let secrets = Secrets::parse(&onepay::PROVIDER, r#"{"signing_secrets":["s3cret"],"token":null}"#);
    let scheme = Scheme {
        signatures: &[],
        ..onepay::PROVIDER.scheme
    };
    let delivery = Delivery::received(DeliveryId::new(now(), [0; 10]), now(), HeaderMap::new(), BODY.into());
    let refused = verify(&delivery, &scheme, &secrets.unwrap(), now());
    assert_eq!(refused.unwrap_err(), Refusal::SignatureMissing);
}

#[test]
fn onepay_may_sign_a_canonical_form() {
    let body = br#"{ "payment": {"id": "p1", "amount": 150000.00, "n": "P\u00e9rez"} }"#;
    let headers = |content: &str| sign(SECRET, content.as_bytes());
    let js = headers(r#"{"payment":{"id":"p1","amount":150000,"n":"Pérez"}}"#);
    let python = headers(r#"{"payment":{"id":"p1","amount":150000.0,"n":"P\u00e9rez"}}"#);
    let token = ("x-webhook-token", "wh_hdr_1");
    let check = |signature: &str| check(&onepay::PROVIDER, &[token, ("signature", signature)], body);
    assert_eq!(check(&js), Ok(CanonicalForm::JavaScript));
    assert_eq!(check(&python), Ok(CanonicalForm::Python));
}

/// Signatures made by Node 20 and CPython 3.11, and some that a strict verifier refuses.
#[test]
fn vectors_of_the_real_runtimes_verify() {
    #[derive(serde::Deserialize)]
    struct Vectors {
        accept: Vec<Case>,
        reject: Vec<Case>,
    }
    #[derive(serde::Deserialize)]
    struct Case {
        name: String,
        raw_b64: String,
        secret: String,
        #[serde(default)]
        forms: Vec<String>,
        signature: String,
    }
    fn outcome(case: &Case, forms: &'static [CanonicalForm]) -> Result<CanonicalForm, Refusal> {
        let body = data_encoding::BASE64.decode(case.raw_b64.as_bytes()).unwrap();
        let mut headers = HeaderMap::new();
        headers.insert("x-signature", HeaderValue::from_str(&case.signature).unwrap());
        let secrets = serde_json::json!({"signing_secrets": [case.secret], "token": "wh_hdr_1"}).to_string();
        let secrets = Secrets::parse(&onepay::PROVIDER, &secrets).unwrap();
        let signature = Signature {
            forms,
            ..onepay::PROVIDER.scheme.signatures[0]
        };
        let scheme = Scheme {
            token: None,
            signatures: vec![signature].leak(),
        };
        let delivery = Delivery::received(DeliveryId::new(now(), [0; 10]), now(), headers, body.into());
        verify(&delivery, &scheme, &secrets, now()).map(|verified| verified.form())
    }
    let vectors = include_str!("../../../../../tests/fixtures/vectors/reserialised.json");
    let Vectors { accept, reject } = serde_json::from_str(vectors).unwrap();
    assert_eq!((accept.len(), reject.len()), (36, 10));
    for case in &accept {
        let each: [(CanonicalForm, &'static [CanonicalForm]); 3] = [
            (CanonicalForm::Raw, &[CanonicalForm::Raw]),
            (CanonicalForm::JavaScript, &[CanonicalForm::JavaScript]),
            (CanonicalForm::Python, &[CanonicalForm::Python]),
        ];
        for (form, alone) in each {
            let listed = case.forms.iter().any(|name| name == form.name());
            assert_eq!(outcome(case, alone).is_ok(), listed, "{} as {}", case.name, form.name());
        }
        let first = outcome(case, onepay::PROVIDER.scheme.signatures[0].forms).unwrap();
        assert_eq!(first.name(), case.forms[0], "{}", case.name);
    }
    for case in &reject {
        assert!(
            outcome(case, onepay::PROVIDER.scheme.signatures[0].forms).is_err(),
            "{}",
            case.name
        );
    }
}

#[test]
fn the_other_providers_sign_the_raw_body() {
    let signature = sign(SECRET, br#"{"a":1}"#);
    let refused = check(&kuenta::PROVIDER, &[("signature", &signature)], br#"{ "a": 1 }"#);
    assert_eq!(refused, Err(Refusal::SignatureWrong));
}

#[test]
fn an_empty_body_never_authenticates() {
    for content in [&b""[..], b"{}"] {
        let signature = sign(SECRET, content);
        assert_eq!(
            check(&unopago::PROVIDER, &[("webhook-signature", &signature)], b""),
            Err(Refusal::EmptyBody)
        );
    }
}

#[test]
fn bytes_that_are_not_text_verify() {
    let body = b"\xff\xfe\x00";
    assert_eq!(
        check(&unopago::PROVIDER, &[("webhook-signature", &sign(SECRET, body))], body),
        Ok(CanonicalForm::Raw)
    );
}

#[test]
fn without_a_secret_nothing_verifies() {
    let headers: HeaderMap = [(
        HeaderName::from_static("signature"),
        HeaderValue::from_str(&sign("", BODY)).unwrap(),
    )]
    .into_iter()
    .collect();
    let delivery = Delivery::received(
        DeliveryId::new(now(), [0; 10]),
        now(),
        headers,
        Bytes::from_static(BODY),
    );
    let refused = verify(&delivery, &kuenta::PROVIDER.scheme, &Secrets::default(), now());
    assert_eq!(refused.unwrap_err(), Refusal::SignatureWrong);
}

/// Anybody with the token can make a verifier compute the canonical forms of any body, so that must be cheap.
#[test]
fn hostile_bodies_are_refused_in_bounded_time() {
    const LENGTH: usize = 1_000_000;
    let token = ("x-webhook-token", "wh_hdr_1");
    let signature = ("x-signature", "00".repeat(32));
    let bombs = [
        "[".repeat(LENGTH),
        r#"{"a":"#.repeat(LENGTH / 5),
        format!("[{}1]", "1,".repeat(LENGTH / 2)),
        format!("{{{}\"z\":1}}", r#""a":1,"#.repeat(LENGTH / 6)),
        format!(
            "{{{}\"z\":1}}",
            (0..LENGTH / 12).map(|n| format!("\"{n}\":1,")).collect::<String>()
        ),
        "9".repeat(LENGTH),
        format!("0.{}1", "0".repeat(LENGTH)),
        format!("1e{}", "9".repeat(LENGTH)),
        format!("\"{}\"", "\u{e9}".repeat(LENGTH / 2)),
        format!("\"{}\"", r"\ud800".repeat(LENGTH / 6)),
    ];
    for bomb in bombs {
        let refused = check(
            &onepay::PROVIDER,
            &[token, (signature.0, &signature.1)],
            bomb.as_bytes(),
        );
        assert_eq!(refused, Err(Refusal::SignatureWrong), "{:.20}", bomb);
    }
}

proptest! {
    #[test]
    fn any_flipped_bit_of_the_body_is_refused(bit in 0..BODY.len() * 8) {
        let mut body = BODY.to_vec();
        body[bit / 8] ^= 1 << (bit % 8);
        let signature = sign(SECRET, BODY);
        let refused = check(&kuenta::PROVIDER, &[("signature", &signature)], &body);
        prop_assert_eq!(refused, Err(Refusal::SignatureWrong));
    }

    #[test]
    fn any_flipped_bit_of_the_signature_is_refused(bit in 0..256usize) {
        let mut digest = data_encoding::HEXLOWER.decode(sign(SECRET, BODY).as_bytes()).unwrap();
        digest[bit / 8] ^= 1 << (bit % 8);
        let signature = data_encoding::HEXLOWER.encode(&digest);
        let refused = check(&kuenta::PROVIDER, &[("signature", &signature)], BODY);
        prop_assert_eq!(refused, Err(Refusal::SignatureWrong));
    }

    #[test]
    fn any_flipped_bit_of_the_token_is_refused(bit in 0..8 * 8usize) {
        let mut token = *b"wh_hdr_1";
        token[bit / 8] ^= 1 << (bit % 8);
        let headers: HeaderMap = [
            ("x-webhook-token", HeaderValue::from_bytes(&token)),
            ("x-signature", HeaderValue::from_str(&sign(SECRET, BODY))),
        ]
        .into_iter()
        .filter_map(|(name, value)| Some((HeaderName::from_static(name), value.ok()?)))
        .collect();
        // HTTP refuses a flipped bit that makes the header's value invalid.
        let expected = if headers.len() == 2 { Refusal::TokenWrong } else { Refusal::TokenMissing };
        let delivery = Delivery::received(DeliveryId::new(now(), [0; 10]), now(), headers, Bytes::from_static(BODY));
        let refused = verify(&delivery, &onepay::PROVIDER.scheme, &secrets(&onepay::PROVIDER), now());
        prop_assert_eq!(refused.unwrap_err(), expected);
    }

    #[test]
    fn no_header_text_panics(text in "[ -~]{0,300}") {
        let _ = check(&unopago::PROVIDER, &[("webhook-signature", &text)], BODY);
    }
}
