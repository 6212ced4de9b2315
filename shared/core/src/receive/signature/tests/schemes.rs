//! The vocabulary suffices for ten other providers' schemes: each is a few lines of data, tested with
//! deliveries signed by Python (`tests/fixtures/schemes/generate.py`).

use http::{HeaderMap, HeaderName, HeaderValue};
use serde::Deserialize;

use super::super::*;
use crate::provider::scheme::{Digest, Encoding, Key, Layout, Part, Place, TOLERANCE, Time, Token};
use crate::provider::{Provider, Unreadable};
use crate::wire::delivery::DeliveryId;

const STRIPE: Scheme = signed(&[Signature::timestamped(&["stripe-signature"])]);

const GITHUB: Scheme = signed(&[Signature::hmac(&["x-hub-signature-256"])]);

const SHOPIFY: Scheme = signed(&[Signature {
    encodings: &[Encoding::Base64],
    ..Signature::hmac(&["x-shopify-hmac-sha256"])
}]);

const STANDARD_WEBHOOKS: Scheme = signed(&[Signature {
    layout: Layout::Versions("v1"),
    encodings: &[Encoding::Base64],
    content: &[
        Part::Header("webhook-id"),
        Part::Text("."),
        Part::Time,
        Part::Text("."),
        Part::Body,
    ],
    time: Some(Time {
        place: Place::Header("webhook-timestamp"),
        tolerance: Some(TOLERANCE),
    }),
    key: Key::Base64After("whsec_"),
    ..Signature::hmac(&["webhook-signature"])
}]);

/// Signs only an id of the body, so a hook must ask Mercado Pago for the rest.
const MERCADO_PAGO: Scheme = signed(&[Signature {
    layout: Layout::Fields("v1"),
    content: &[
        Part::Optional(&[
            Part::Text("id:"),
            Part::Lower(&[Part::Value(&["data", "id"])]),
            Part::Text(";"),
        ]),
        Part::Optional(&[Part::Text("request-id:"), Part::Header("x-request-id"), Part::Text(";")]),
        Part::Text("ts:"),
        Part::Time,
        Part::Text(";"),
    ],
    time: Some(Time {
        place: Place::Field("ts"),
        tolerance: None,
    }),
    ..Signature::hmac(&["x-signature"])
}]);

const WOMPI: Scheme = signed(&[Signature {
    content: &[
        Part::Listed {
            list: &["signature", "properties"],
            under: &["data"],
        },
        Part::Value(&["timestamp"]),
    ],
    digest: Digest::SHA256_WITH_SECRET,
    ..Signature::hmac(&["x-event-checksum"])
}]);

const KUSHKI: Scheme = signed(&[Signature {
    content: &[Part::Body, Part::Text("."), Part::Header("x-kushki-id")],
    ..Signature::hmac(&["x-kushki-signature"])
}]);

const BOLD: Scheme = signed(&[Signature {
    content: &[Part::BodyBase64],
    ..Signature::hmac(&["x-bold-signature"])
}]);

const COBRE: Scheme = signed(&[Signature {
    content: &[Part::Time, Part::Text("."), Part::Body],
    time: Some(Time {
        place: Place::Header("event-timestamp"),
        tolerance: Some(TOLERANCE),
    }),
    ..Signature::hmac(&["event-signature"])
}]);

const BEARER: Scheme = Scheme {
    token: Some(Token {
        header: "authorization",
        bearer: true,
    }),
    signatures: &[],
};

const fn signed(signatures: &'static [Signature]) -> Scheme {
    Scheme {
        token: None,
        signatures,
    }
}

fn by_name(name: &str) -> Scheme {
    match name {
        "stripe" => STRIPE,
        "github" => GITHUB,
        "shopify" => SHOPIFY,
        "standard-webhooks" => STANDARD_WEBHOOKS,
        "mercado-pago" => MERCADO_PAGO,
        "wompi" => WOMPI,
        "kushki" => KUSHKI,
        "bold" => BOLD,
        "cobre" => COBRE,
        "bearer" => BEARER,
        other => panic!("no scheme {other}"),
    }
}

/// A provider with this scheme and nothing else.
fn provider(scheme: Scheme) -> Provider {
    Provider {
        name: "other",
        scheme,
        check_secret: |_| Ok(()),
        read: |_| Err(Unreadable::NoType("nothing")),
        types: &[],
    }
}

#[derive(Deserialize)]
struct Vectors {
    scheme: String,
    now: i64,
    secret: serde_json::Value,
    cases: Vec<Case>,
}

#[derive(Deserialize)]
struct Case {
    name: String,
    expect: String,
    headers: Vec<(String, String)>,
    body: String,
    now: Option<i64>,
    secret: Option<serde_json::Value>,
}

fn vectors() -> Vec<Vectors> {
    serde_json::from_str(include_str!("../../../../../../tests/fixtures/schemes/schemes.json")).unwrap()
}

fn header_map<'a>(headers: impl IntoIterator<Item = (&'a str, &'a str)>) -> HeaderMap {
    headers
        .into_iter()
        .map(|(name, value)| {
            let name = HeaderName::from_bytes(name.as_bytes()).unwrap();
            (name, HeaderValue::from_str(value).unwrap())
        })
        .collect()
}

fn outcome(scheme: &Scheme, secret: &serde_json::Value, now: i64, headers: HeaderMap, body: Bytes) -> bool {
    let secrets = Secrets::parse(&provider(*scheme), &secret.to_string()).unwrap();
    let now = Timestamp::from_seconds(now);
    let delivery = Delivery::received(DeliveryId::new(now, [0; 10]), now, headers, body);
    verify(&delivery, scheme, &secrets, now).is_ok()
}

#[test]
fn ten_schemes_are_data() {
    let all = vectors();
    assert_eq!(all.len(), 10);
    for Vectors {
        scheme: name,
        now,
        secret,
        cases,
    } in all
    {
        let scheme = by_name(&name);
        for case in cases {
            let headers = header_map(case.headers.iter().map(|(name, value)| (name.as_str(), value.as_str())));
            let body = data_encoding::BASE64.decode(case.body.as_bytes()).unwrap();
            let secret = case.secret.as_ref().unwrap_or(&secret);
            let valid = outcome(&scheme, secret, case.now.unwrap_or(now), headers, body.into());
            assert_eq!(valid, case.expect == "ok", "{name}: {}", case.name);
        }
    }
}

/// What proxies and API Gateway do to headers changes no verdict, in either direction.
#[test]
fn repeated_headers_change_nothing() {
    let ways: [fn(&str) -> Vec<String>; 5] = [
        |value| vec![format!("{value},{value}")],
        |value| vec![format!("{value}, {value}, {value}")],
        |value| vec![value.to_owned(), value.to_owned()],
        |value| vec![String::new(), value.to_owned()],
        |value| vec![format!(",{value}")],
    ];
    for Vectors {
        scheme: name,
        now,
        secret,
        cases,
    } in vectors()
    {
        let scheme = by_name(&name);
        for case in cases {
            let body: Bytes = data_encoding::BASE64.decode(case.body.as_bytes()).unwrap().into();
            let secret = case.secret.as_ref().unwrap_or(&secret);
            for way in ways {
                let repeated: Vec<(&str, String)> = case
                    .headers
                    .iter()
                    .flat_map(|(name, value)| way(value).into_iter().map(move |value| (name.as_str(), value)))
                    .collect();
                let headers = header_map(repeated.iter().map(|(name, value)| (*name, value.as_str())));
                let valid = outcome(&scheme, secret, case.now.unwrap_or(now), headers, body.clone());
                assert_eq!(valid, case.expect == "ok", "{name}: {}: {repeated:?}", case.name);
            }
        }
    }
}

#[test]
fn proof_headers_verify() {
    let now = 1_700_000_000;
    let body = Bytes::from_static(br#"{"data":{"id":"A1","x":1},"signature":{"properties":["id","x"]},"timestamp":7}"#);
    for Vectors {
        scheme: name, secret, ..
    } in vectors()
    {
        let scheme = by_name(&name);
        let secrets = Secrets::parse(&provider(scheme), &secret.to_string()).unwrap();
        let proofs = proof_headers(&scheme, &secrets, &body, Timestamp::from_seconds(now), "msg_1");
        let headers = header_map(proofs.iter().map(|(name, value)| (*name, value.as_str())));
        assert!(outcome(&scheme, &secret, now, headers, body.clone()), "{name}");
    }
}

/// Test deliveries of `acuse doctor` must verify, whatever the scheme signs.
#[test]
fn a_test_body_verifies_under_every_scheme() {
    let now = 1_700_000_000;
    for Vectors {
        scheme: name, secret, ..
    } in vectors()
    {
        let scheme = by_name(&name);
        let body = Bytes::from(test_body(&scheme, crate::event::TEST_DELIVERY_MEMBER, "Now"));
        let secrets = Secrets::parse(&provider(scheme), &secret.to_string()).unwrap();
        let proofs = proof_headers(&scheme, &secrets, &body, Timestamp::from_seconds(now), "msg_1");
        let headers = header_map(proofs.iter().map(|(name, value)| (*name, value.as_str())));
        assert!(
            outcome(&scheme, &secret, now, headers, body.clone()),
            "{name}: {body:?}"
        );
        let read: serde_json::Value = serde_json::from_slice(&body).unwrap();
        assert_eq!(read[crate::event::TEST_DELIVERY_MEMBER], "Now");
    }
    let body: serde_json::Value = serde_json::from_str(&test_body(&WOMPI, "m", "x")).unwrap();
    assert_eq!(
        body,
        serde_json::json!({"m": "x", "data": {"listed": "x"}, "signature": {"properties": ["listed"]}, "timestamp": "x"})
    );
}

#[test]
fn a_scheme_without_proofs_accepts_nothing() {
    let nothing = signed(&[]);
    let secret = serde_json::json!({"signing_secrets": ["s"]});
    assert!(!outcome(
        &nothing,
        &secret,
        0,
        HeaderMap::new(),
        Bytes::from_static(b"{}")
    ));
}

#[test]
fn a_secret_that_is_not_base64_is_refused_at_load() {
    let error = Secrets::parse(&provider(STANDARD_WEBHOOKS), r#"{"signing_secrets":["whsec_!"]}"#);
    let error = error.unwrap_err().to_string();
    assert_eq!(
        error,
        "the secret of `other` has a signing secret that is not base64 after `whsec_`; copy it whole from the provider's panel"
    );
}

/// Optional parts are signed too, so that a test delivery looks like the provider's own.
#[test]
fn proof_headers_include_optional_parts() {
    let secrets = Secrets::parse(&provider(MERCADO_PAGO), r#"{"signing_secrets":["s"]}"#);
    let body = Bytes::from_static(b"{}");
    let now = Timestamp::from_seconds(1_700_000_000);
    let proofs = proof_headers(&MERCADO_PAGO, &secrets.unwrap(), &body, now, "msg_1");
    assert!(proofs.contains(&("x-request-id", "msg_1".to_owned())), "{proofs:?}");
}
