use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue};

use super::super::sign;
use super::*;
use crate::delivery::DeliveryId;
use crate::provider::Provider;
use crate::providers::{kuenta, onepay};

const BODY: &str = r#"{ "payment": {"id": "p1", "amount": 150000.00} }"#;
const AS_NODE: &str = r#"{"payment":{"id":"p1","amount":150000}}"#;

type Headers<'a> = &'a [(&'a str, &'a str)];

fn secrets(provider: &Provider) -> Secrets {
    let parse = |text| Secrets::parse(provider, text).unwrap().unwrap();
    parse(r#"{"signing_secrets":["first","second"],"token":"wh_hdr_1"}"#)
        .and_previous(parse(r#"{"signing_secrets":["old"],"token":"wh_hdr_0"}"#))
}

fn diagnosis(provider: &Provider, headers: Headers) -> String {
    let headers: HeaderMap = headers
        .iter()
        .map(|(name, value)| {
            let name = HeaderName::from_bytes(name.as_bytes()).unwrap();
            (name, HeaderValue::from_str(value).unwrap())
        })
        .collect();
    let now = Timestamp::from_seconds(1_700_000_000);
    let delivery = Delivery::received(
        DeliveryId::new(now, [0; 10]),
        now,
        headers,
        Bytes::from_static(BODY.as_bytes()),
    );
    diagnose(&delivery, &provider.scheme, &secrets(provider), now).to_string()
}

#[test]
fn a_diagnosis_says_what_to_do() {
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
    let cases: [(&str, &Provider, Headers); 14] = [
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
    ];
    let rows: Vec<String> = cases
        .into_iter()
        .map(|(name, provider, headers)| format!("{name}: {}", diagnosis(provider, headers)))
        .collect();
    insta::assert_snapshot!(rows.join("\n"));
}
