mod accounts;

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue};

use super::super::sign;
use super::*;
use crate::provider::Provider;
use crate::provider::scheme::merged;
use crate::providers::{kuenta, onepay, unopago};
use crate::wire::delivery::DeliveryId;

const BODY: &str = r#"{ "payment": {"id": "p1", "amount": 150000.00} }"#;
const AS_NODE: &str = r#"{"payment":{"id":"p1","amount":150000}}"#;

const NOW: Timestamp = Timestamp::from_seconds(1_700_000_000);

type Headers<'a> = &'a [(&'a str, &'a str)];

fn secrets(provider: &Provider) -> Secrets {
    let parse = |text| Secrets::parse(provider, text).unwrap();
    parse(r#"{"signing_secrets":["first","second"],"token":"wh_hdr_1"}"#)
        .and_previous(parse(r#"{"signing_secrets":["old"],"token":"wh_hdr_0"}"#))
}

fn diagnosis(provider: &Provider, headers: Headers) -> String {
    let delivery = delivery(headers, BODY.as_bytes());
    diagnose(&delivery, &provider.scheme, &secrets(provider).into(), NOW).to_string()
}

fn delivery(headers: Headers, body: &[u8]) -> Delivery<Unverified> {
    let headers: HeaderMap = headers
        .iter()
        .map(|(name, value)| {
            let name = HeaderName::from_bytes(name.as_bytes()).unwrap();
            (name, HeaderValue::from_str(value).unwrap())
        })
        .collect();
    let body = Bytes::copy_from_slice(body);
    Delivery::received(DeliveryId::new(NOW, [0; 10]), NOW, headers, body)
}

#[test]
fn diagnoses_say_what_to_do() {
    let first = sign("first", BODY.as_bytes());
    let old = sign("old", BODY.as_bytes());
    let node = sign("second", AS_NODE.as_bytes());
    let swapped = sign("wh_hdr_1", BODY.as_bytes());
    let stamped = format!(
        "t=1600000000,v1={}",
        sign("first", format!("1600000000.{BODY}").as_bytes())
    );
    let base64 = data_encoding::BASE64.encode(&data_encoding::HEXLOWER.decode(first.as_bytes()).unwrap());
    let token = ("x-webhook-token", "wh_hdr_1");
    let (k, o) = (&kuenta::PROVIDER, &onepay::PROVIDER);
    let cases: [(&str, &Provider, Headers); 19] = [
        ("right", k, &[("signature", &first)]),
        ("previous secret", k, &[("signature", &old)]),
        ("another header", k, &[("x-hook", &first)]),
        (
            "behind a header that is looked at",
            k,
            &[("signature", &first), ("x-signature", "junk")],
        ),
        ("base64", k, &[("signature", &base64)]),
        ("timestamped", k, &[("signature", &stamped)]),
        ("another form", k, &[("signature", &node)]),
        ("forged", k, &[("signature", &sign("x", b"y")), ("host", "example.com")]),
        (
            "not signed",
            k,
            &[("host", "example.com"), ("content-type", "application/json")],
        ),
        ("forged in another header", k, &[("x-hook", &sign("x", b"y"))]),
        ("signed in no known way", k, &[("signature", "junk")]),
        ("swapped secrets", o, &[token, ("signature", &swapped)]),
        ("no token", o, &[("signature", &first)]),
        ("wrong token", o, &[("x-webhook-token", "no"), ("signature", &node)]),
        (
            "swapped token",
            o,
            &[("x-webhook-token", "first"), ("signature", &node)],
        ),
        (
            "bearer",
            o,
            &[("authorization", "Bearer wh_hdr_1"), ("signature", &first)],
        ),
        ("token alone", o, &[token]),
        (
            "repeated",
            o,
            &[
                token,
                token,
                ("signature", ""),
                ("signature", &first),
                ("signature", &first),
            ],
        ),
        ("two that differ", k, &[("signature", &first), ("signature", &node)]),
    ];
    let rows: Vec<String> = cases
        .into_iter()
        .map(|(name, provider, headers)| format!("{name}: {}", diagnosis(provider, headers)))
        .collect();
    insta::assert_snapshot!(rows.join("\n"));
}

fn base64(hex: &str) -> String {
    data_encoding::BASE64.encode(&data_encoding::HEXLOWER.decode(hex.as_bytes()).unwrap())
}

fn stored(provider: &Provider, signing: &str) -> Secrets {
    let json = serde_json::json!({"signing_secrets": [signing], "token": "wh_hdr_1"}).to_string();
    Secrets::parse(provider, &json).unwrap()
}

/// A provider that signs differently than expected, and the settings that the diagnosis names.
struct Odd<'a> {
    name: &'a str,
    secret: &'a str,
    header: String,
    body: &'a str,
    settings: &'a str,
}

#[test]
fn the_named_settings_accept_the_delivery() {
    let raw = sign("s3cret", BODY.as_bytes());
    let as_sorted = r#"{"payment":{"amount":150000,"id":"p1"}}"#;
    let as_python = r#"{"payment":{"amount":150000.0,"id":"p1"}}"#;
    let (key, key_base64, key_hex) = ("k\u{e9}y!", "a8OpeSE=", "6bc3a97921");
    let case = |name, secret, header, body, settings| Odd {
        name,
        secret,
        header,
        body,
        settings,
    };
    let (lines, compact) = (format!("{BODY}\n"), format!("{AS_NODE}\n"));
    let cases = [
        case("base64", "s3cret", base64(&raw), BODY, "encodings=hex,base64"),
        case(
            "base64 for URLs",
            "s3cret",
            base64(&raw).replace('+', "-").replace('/', "_").replace('=', ""),
            BODY,
            "encodings=hex,base64",
        ),
        case(
            "two",
            "s3cret",
            format!("{} {raw}", sign("x", b"y")),
            BODY,
            "encodings=hex,list",
        ),
        case(
            "timestamped",
            "s3cret",
            format!(
                "t=1700000000,v1={}",
                sign("s3cret", format!("1700000000.{BODY}").as_bytes())
            ),
            BODY,
            "encodings=hex,timestamped",
        ),
        case(
            "signed without the new line",
            "s3cret",
            raw,
            &lines,
            "forms=raw,trimmed",
        ),
        case(
            "compact, signed without the new line",
            "s3cret",
            sign("s3cret", AS_NODE.as_bytes()),
            &compact,
            "forms=raw,trimmed",
        ),
        case(
            "signed with a new line",
            "s3cret",
            sign("s3cret", lines.as_bytes()),
            BODY,
            "forms=raw,newline",
        ),
        case(
            "sorted by Node",
            "s3cret",
            sign("s3cret", as_sorted.as_bytes()),
            BODY,
            "forms=raw,js-sorted",
        ),
        case(
            "sorted by Python",
            "s3cret",
            sign("s3cret", as_python.as_bytes()),
            BODY,
            "forms=raw,python-sorted",
        ),
        case(
            "key in base64",
            key_base64,
            sign(key, BODY.as_bytes()),
            BODY,
            "key=base64",
        ),
        case("key in hex", key_hex, sign(key, BODY.as_bytes()), BODY, "key=hex"),
        case(
            "both at once",
            key_hex,
            base64(&sign(key, as_sorted.as_bytes())),
            BODY,
            "encodings=hex,base64 forms=raw,js-sorted key=hex",
        ),
    ];
    for case in cases {
        let delivery = delivery(&[("signature", &case.header)], case.body.as_bytes());
        let provider = &kuenta::PROVIDER;
        let secrets = stored(provider, case.secret);
        let diagnosis = diagnose(&delivery, &provider.scheme, &secrets.clone().into(), NOW);
        assert!(diagnosis.verdict.is_err(), "{}", case.name);
        let settings = diagnosis.signature.and_then(|found| found.settings);
        assert_eq!(settings.as_deref(), Some(case.settings), "{}", case.name);
        let set = provider.with_settings(case.settings).unwrap();
        let verified = verify(&delivery, &set.scheme, &secrets, NOW);
        assert!(verified.is_ok(), "{}: {verified:?}", case.name);
    }
}

#[test]
fn advice_if_no_setting_helps() {
    let compressed = crate::wire::gzip::compress(BODY.as_bytes()).unwrap();
    let stolen = format!("1600000000.{BODY}");
    let (k, u) = (&kuenta::PROVIDER, &unopago::PROVIDER);
    let rows: Vec<String> = [
        ("signed before gzip", k, sign("first", BODY.as_bytes()), &compressed[..]),
        ("empty", k, sign("first", b""), b""),
        ("empty, signed as {}", k, sign("first", b"{}"), b""),
        (
            "a new line after the secret",
            k,
            sign("first\n", BODY.as_bytes()),
            BODY.as_bytes(),
        ),
        (
            "spaces around the secret",
            k,
            sign(" first ", BODY.as_bytes()),
            BODY.as_bytes(),
        ),
        ("recorded", u, sign("first", stolen.as_bytes()), stolen.as_bytes()),
        (
            "v1= without a time",
            u,
            format!("v1={}", sign("first", BODY.as_bytes())),
            BODY.as_bytes(),
        ),
    ]
    .into_iter()
    .map(|(name, provider, signature, body)| {
        let header = provider.scheme.signatures[0].headers[0];
        let delivery = delivery(&[(header, &signature)], body);
        let diagnosis = diagnose(&delivery, &provider.scheme, &secrets(provider).into(), NOW);
        format!("{name}: {diagnosis}")
    })
    .collect();
    insta::assert_snapshot!(rows.join("\n"));
}

#[test]
fn a_compressed_body_is_diagnosed_decompressed() {
    let signature = sign("first", BODY.as_bytes());
    let compressed = crate::wire::gzip::compress(BODY.as_bytes()).unwrap();
    let delivery = delivery(&[("x-hook", &signature), ("content-encoding", "gzip")], &compressed);
    let provider = &kuenta::PROVIDER;
    let diagnosis = diagnose(&delivery, &provider.scheme, &secrets(provider).into(), NOW);
    let settings = diagnosis.signature.and_then(|found| found.settings).unwrap();
    assert_eq!(
        settings,
        "headers=x-kuenta-signature,x-webhook-signature,x-signature,signature,x-hook"
    );
    let set = provider.with_settings(&settings).unwrap();
    assert!(verify(&delivery, &set.scheme, &secrets(provider), NOW).is_ok());
}

#[test]
fn a_token_without_bearer_is_not_called_missing() {
    let scheme = kuenta::PROVIDER.scheme.with_settings("token=authorization").unwrap();
    let signature = sign("first", BODY.as_bytes());
    let rows: Vec<String> = ["wh_hdr_1", "Basic wh_hdr_1", "Bearer no", "", "Bearer wh_hdr_1"]
        .into_iter()
        .map(|token| {
            let delivery = delivery(&[("authorization", token), ("signature", &signature)], BODY.as_bytes());
            let diagnosis = diagnose(&delivery, &scheme, &secrets(&kuenta::PROVIDER).into(), NOW);
            format!("{token:?}: {diagnosis}")
        })
        .collect();
    insta::assert_snapshot!(rows.join("\n"));
}

#[test]
fn a_token_that_does_not_exist_is_not_called_missing() {
    let provider = &onepay::PROVIDER;
    let json = r#"{"signing_secrets":["first"],"token":null}"#;
    let secrets = Secrets::parse(provider, json).unwrap();
    let (right, wrong) = (sign("first", BODY.as_bytes()), sign("x", b"y"));
    for signature in [&right, &wrong] {
        for token in [&[][..], &[("x-webhook-token", "stray")]] {
            let headers = [token, &[("signature", signature.as_str())]].concat();
            let diagnosis = diagnose(
                &delivery(&headers, BODY.as_bytes()),
                &provider.scheme,
                &secrets.clone().into(),
                NOW,
            );
            assert_eq!(diagnosis.token, None);
            assert_eq!(diagnosis.verdict.is_ok(), *signature == right);
        }
    }
}

/// An invalid setting would stop the function, and one that can't read a secret would refuse all deliveries.
#[test]
fn only_applicable_settings_are_named() {
    let (k, o) = (&kuenta::PROVIDER, &onepay::PROVIDER);
    let parse = |provider, json| Secrets::parse(provider, json).unwrap();
    let raw = sign("s3cret", BODY.as_bytes());
    let two = parse(k, r#"{"signing_secrets":["first","6bc3a97921"]}"#);
    let token = parse(o, r#"{"signing_secrets":["s3cret"],"token":"wh_hdr_1"}"#);
    let none = parse(o, r#"{"signing_secrets":["s3cret"],"token":null}"#);
    let (raw, of_hex) = (raw.as_str(), sign("k\u{e9}y!", BODY.as_bytes()));
    let cases: [(&str, &Provider, &Secrets, Headers); 4] = [
        ("one of two is hex", k, &two, &[("signature", &of_hex)]),
        ("in the token's header", o, &token, &[("x-webhook-token", raw)]),
        ("in it, and no token", o, &none, &[("x-webhook-token", raw)]),
        (
            "a token without Bearer",
            o,
            &token,
            &[("authorization", "wh_hdr_1"), ("signature", raw)],
        ),
    ];
    let rows: Vec<String> = cases
        .into_iter()
        .map(|(name, provider, secrets, headers)| {
            let diagnosis = diagnose(
                &delivery(headers, BODY.as_bytes()),
                &provider.scheme,
                &secrets.clone().into(),
                NOW,
            );
            assert_eq!(
                diagnosis.signature.as_ref().and_then(|found| found.settings.as_deref()),
                None,
                "{name}"
            );
            format!("{name}: {diagnosis}")
        })
        .collect();
    insta::assert_snapshot!(rows.join("\n"));
}

/// The parameter is replaced as a whole, so the diagnosis must include the existing settings.
#[test]
fn existing_settings_are_kept() {
    let lines = format!("{BODY}\n");
    let signature = sign("first", BODY.as_bytes());
    let delivery = delivery(&[("x-hook", &signature), ("x-key", "wh_hdr_1")], lines.as_bytes());
    for (provider, before, whole) in [
        (
            &kuenta::PROVIDER,
            "headers=x-hook forms=raw,js",
            "headers=x-hook forms=raw,js,trimmed",
        ),
        (
            &kuenta::PROVIDER,
            "forms=raw,trimmed",
            "forms=raw,trimmed headers=x-kuenta-signature,x-webhook-signature,x-signature,signature,x-hook",
        ),
        (
            &onepay::PROVIDER,
            "headers=x-hook forms=trimmed",
            "headers=x-hook forms=trimmed token=x-key",
        ),
    ] {
        let secrets = secrets(provider);
        let set = provider.with_settings(before).unwrap();
        let diagnosis = diagnose(&delivery, &set.scheme, &secrets.clone().into(), NOW);
        let merged = merged(before, &diagnosis.settings().unwrap());
        assert_eq!(merged, whole);
        let set = provider.with_settings(&merged).unwrap();
        assert!(verify(&delivery, &set.scheme, &secrets, NOW).is_ok(), "{merged}");
        assert_eq!(
            diagnose(&delivery, &set.scheme, &secrets.clone().into(), NOW).settings(),
            None
        );
    }
}

/// What verifies today must verify with the settings that a diagnosis names, too.
#[test]
fn the_settings_add_to_what_is_accepted_today() {
    let signature = sign("first", BODY.as_bytes());
    let base64 = data_encoding::BASE64.encode(&data_encoding::HEXLOWER.decode(signature.as_bytes()).unwrap());
    let stamp = sign("first", format!("{}.{BODY}", NOW.as_millis() / 1000).as_bytes());
    let stamped = format!("t={},v1={stamp}", NOW.as_millis() / 1000);
    let two = format!("{} {signature}", sign("x", b"y"));
    for (provider, before, today) in [
        (&kuenta::PROVIDER, "", ("x-signature", signature.as_str())),
        (
            &kuenta::PROVIDER,
            "encodings=hex,base64",
            ("x-signature", base64.as_str()),
        ),
        (&kuenta::PROVIDER, "encodings=hex,list", ("x-signature", two.as_str())),
        (&unopago::PROVIDER, "", ("webhook-signature", stamped.as_str())),
    ] {
        let (good, secrets) = (delivery(&[today], BODY.as_bytes()), secrets(provider));
        let provider = &provider.with_settings(before).unwrap();
        assert!(verify(&good, &provider.scheme, &secrets, NOW).is_ok(), "{today:?}");
        for found in [signature.as_str(), base64.as_str(), stamped.as_str()] {
            let refused = delivery(&[("x-hook", found)], BODY.as_bytes());
            let diagnosis = diagnose(&refused, &provider.scheme, &secrets.clone().into(), NOW);
            let settings = merged(before, &diagnosis.settings().unwrap());
            let set = provider.with_settings(&settings).unwrap();
            for accepted in [&refused, &good] {
                assert!(verify(accepted, &set.scheme, &secrets, NOW).is_ok(), "{settings}");
            }
        }
    }
}

#[test]
fn a_forged_delivery_has_no_settings_to_add() {
    let delivery = delivery(&[("x-kuenta-signature", &"0".repeat(64))], b"{}");
    let diagnosis = diagnose(
        &delivery,
        &kuenta::PROVIDER.scheme,
        &secrets(&kuenta::PROVIDER).into(),
        NOW,
    );
    assert!(diagnosis.verdict.is_err());
    assert_eq!(diagnosis.settings(), None);
}

/// The signature is right and no setting is missing, so only its time is left to say.
#[test]
fn an_expired_signature_says_that_it_is_expired() {
    let provider = &unopago::PROVIDER;
    let stamped = sign("first", format!("1600000000.{BODY}").as_bytes());
    let header = format!("t=1600000000,v1={stamped}");
    let expired = diagnosis(provider, &[("webhook-signature", &header)]);
    assert!(
        expired.ends_with("with signing secret 1, but its time is outside the tolerance"),
        "{expired}"
    );
    // In another header a setting is needed first; and it says which.
    let elsewhere = diagnosis(provider, &[("x-hook", &header)]);
    assert!(
        elsewhere.ends_with("set `headers=webhook-signature,x-hook`"),
        "{elsewhere}"
    );
}

/// Who corrects the secret should not have to diagnose again to learn of the header.
#[test]
fn a_caveat_does_not_hide_the_settings_that_are_needed_as_well() {
    let padded = sign("first\n", BODY.as_bytes());
    let both = diagnosis(&kuenta::PROVIDER, &[("x-hook", &padded)]);
    assert!(
        both.contains(",signature,x-hook`; it was made with white space around the secret"),
        "{both}"
    );
}

/// A token that looks like a digest is not a signature; any other header with such a value is.
#[test]
fn a_token_is_not_a_signature() {
    let token = "0".repeat(64);
    let stored = serde_json::json!({"signing_secrets": ["first"], "token": token}).to_string();
    let provider = &onepay::PROVIDER;
    let secrets = Secrets::parse(provider, &stored).unwrap();
    let is_signed = |headers: Headers| {
        let delivery = delivery(headers, BODY.as_bytes());
        diagnose(&delivery, &provider.scheme, &secrets.clone().into(), NOW).is_signed
    };
    let token = ("x-webhook-token", token.as_str());
    assert!(!is_signed(&[token]));
    assert!(is_signed(&[token, ("x-hook", &sign("x", b"y"))]));
}
