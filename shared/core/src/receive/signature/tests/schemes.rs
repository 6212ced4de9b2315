//! The vocabulary suffices for other providers' schemes: each is a few lines of data, tested with deliveries signed by
//! Python (`tests/fixtures/schemes/generate.py`).

use http::{HeaderMap, HeaderName, HeaderValue};
use proptest::prelude::*;
use serde::Deserialize;
use sha2::{Digest as _, Sha256};

use super::super::*;
use super::{BODY, now};
use crate::provider::scheme::{Digest, Encoding, Key, Layout, Member, Part, Place, TOLERANCE, Time, Token};
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

/// As documented: the id is the one in the URL.
const MERCADO_PAGO_QUERY: Scheme = signed(&[Signature {
    content: &[
        Part::Optional(&[
            Part::Text("id:"),
            Part::Lower(&[Part::Query("data.id")]),
            Part::Text(";"),
        ]),
        Part::Optional(&[Part::Text("request-id:"), Part::Header("x-request-id"), Part::Text(";")]),
        Part::Text("ts:"),
        Part::Time,
        Part::Text(";"),
    ],
    layout: Layout::Fields("v1"),
    time: Some(Time {
        place: Place::Field("ts"),
        tolerance: None,
    }),
    ..Signature::hmac(&["x-signature"])
}]);

/// Signs some fields of a form, in another field of it.
const PAYU: Scheme = signed(&[Signature {
    member: Some(Member::Form("sign")),
    content: &[
        Part::Secret,
        Part::Text("~"),
        Part::Form("merchant_id"),
        Part::Text("~"),
        Part::Form("reference_sale"),
        Part::Text("~"),
        Part::OneDecimal(&[Part::Form("value")]),
        Part::Text("~"),
        Part::Form("currency"),
        Part::Text("~"),
        Part::Form("state_pol"),
    ],
    digest: Digest::MD5_WITH_SECRET,
    ..Signature::hmac(&[])
}]);

const EPAYCO: Scheme = signed(&[Signature {
    member: Some(Member::Form("x_signature")),
    content: &[
        Part::Form("x_cust_id_cliente"),
        Part::Text("^"),
        Part::Secret,
        Part::Text("^"),
        Part::Form("x_ref_payco"),
        Part::Text("^"),
        Part::Form("x_transaction_id"),
        Part::Text("^"),
        Part::Form("x_amount"),
        Part::Text("^"),
        Part::Form("x_currency_code"),
    ],
    digest: Digest::SHA256_WITH_SECRET,
    ..Signature::hmac(&[])
}]);

const INSIDE_JSON: Scheme = signed(&[Signature {
    member: Some(Member::Value(&["proof", "signature"])),
    content: &[Part::Value(&["data"])],
    digest: Digest::SHA256_WITH_SECRET,
    ..Signature::hmac(&[])
}]);

const IN_QUERY: Scheme = signed(&[Signature {
    member: Some(Member::Query("signature")),
    encodings: &[Encoding::Base64],
    ..Signature::hmac(&[])
}]);

macro_rules! hashed {
    ($header:literal, $digest:ident) => {
        signed(&[Signature {
            digest: Digest::$digest,
            ..Signature::hmac(&[$header])
        }])
    };
}

const SHA1_HMAC: Scheme = hashed!("x-signature", HMAC_SHA1);
const SHA384_HMAC: Scheme = signed(&[Signature {
    encodings: &[Encoding::Base64],
    digest: Digest::HMAC_SHA384,
    ..Signature::hmac(&["x-signature"])
}]);
const SHA512_HMAC: Scheme = hashed!("x-signature", HMAC_SHA512);
const SHA1_WITH_SECRET: Scheme = hashed!("x-checksum", SHA1_WITH_SECRET);
const SHA384_WITH_SECRET: Scheme = hashed!("x-checksum", SHA384_WITH_SECRET);
const SHA512_WITH_SECRET: Scheme = hashed!("x-checksum", SHA512_WITH_SECRET);
const HEX_KEY: Scheme = signed(&[Signature {
    key: Key::Hex,
    ..Signature::hmac(&["x-signature"])
}]);
const BASE64_KEY: Scheme = signed(&[Signature {
    key: Key::Base64After(""),
    ..Signature::hmac(&["x-signature"])
}]);

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
        "mercado-pago-query" => MERCADO_PAGO_QUERY,
        "payu" => PAYU,
        "epayco" => EPAYCO,
        "inside-json" => INSIDE_JSON,
        "in-query" => IN_QUERY,
        "sha1-hmac" => SHA1_HMAC,
        "sha384-hmac" => SHA384_HMAC,
        "sha512-hmac" => SHA512_HMAC,
        "sha1-with-secret" => SHA1_WITH_SECRET,
        "sha384-with-secret" => SHA384_WITH_SECRET,
        "sha512-with-secret" => SHA512_WITH_SECRET,
        "hex-key" => HEX_KEY,
        "base64-key" => BASE64_KEY,
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
    #[serde(default)]
    query: String,
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
    outcome_at(scheme, secret, now, "", headers, body)
}

fn outcome_at(
    scheme: &Scheme,
    secret: &serde_json::Value,
    now: i64,
    query: &str,
    headers: HeaderMap,
    body: Bytes,
) -> bool {
    let secrets = Secrets::parse(&provider(*scheme), &secret.to_string()).unwrap();
    let now = Timestamp::from_seconds(now);
    let delivery = Delivery::received(DeliveryId::new(now, [0; 10]), now, headers, body).with_query(query);
    verify(&delivery, scheme, &secrets, now).is_ok()
}

#[test]
fn schemes_are_data() {
    let all = vectors();
    assert_eq!(all.len(), 23);
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
            let now = case.now.unwrap_or(now);
            let valid = outcome_at(&scheme, secret, now, &case.query, headers, body.into());
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
                let now = case.now.unwrap_or(now);
                let valid = outcome_at(&scheme, secret, now, &case.query, headers, body.clone());
                assert_eq!(valid, case.expect == "ok", "{name}: {}: {repeated:?}", case.name);
            }
        }
    }
}

/// The tool's own deliveries verify under every scheme, and only under it.
#[test]
fn signed_deliveries_verify() {
    let now = 1_700_000_000;
    let json = br#"{"data":{"id":"A1","x":1},"signature":{"properties":["id","x"]},"timestamp":7}"#;
    for Vectors {
        scheme: name, secret, ..
    } in vectors()
    {
        let scheme = by_name(&name);
        let secrets = Secrets::parse(&provider(scheme), &secret.to_string()).unwrap();
        let body = match name.as_str() {
            "payu" | "epayco" | "inside-json" => Bytes::from(test_body(&scheme, "m", "150.00")),
            _ => Bytes::from_static(json),
        };
        for (sign, expected) in [
            (sign_delivery as fn(_, _, _, _, _) -> _, true),
            (sign_wrongly, name == "bearer"),
        ] {
            let signed: Signed = sign(&scheme, &secrets, &body, Timestamp::from_seconds(now), "msg_1");
            let headers = header_map(signed.headers.iter().map(|(name, value)| (*name, value.as_str())));
            let valid = outcome_at(&scheme, &secret, now, &signed.query, headers, signed.body);
            assert_eq!(valid, expected, "{name}");
        }
    }
}

/// An id is sent in the query as the body has it, as Mercado Pago does.
#[test]
fn a_value_of_the_query_is_the_body_s() {
    let secrets = Secrets::parse(&provider(MERCADO_PAGO_QUERY), r#"{"signing_secrets":["s"]}"#).unwrap();
    let body = Bytes::from_static(br#"{"data":{"id":"a b"}}"#);
    let signed = sign_delivery(
        &MERCADO_PAGO_QUERY,
        &secrets,
        &body,
        Timestamp::from_seconds(0),
        "msg_1",
    );
    assert_eq!(signed.query, "data%2Eid=a%20b");
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
        let signed = sign_delivery(&scheme, &secrets, &body, Timestamp::from_seconds(now), "msg_1");
        let headers = header_map(signed.headers.iter().map(|(name, value)| (*name, value.as_str())));
        assert!(
            outcome_at(&scheme, &secret, now, &signed.query, headers, signed.body),
            "{name}: {body:?}"
        );
        if body.starts_with(b"acuse%2Edoctor=Now&") {
            continue;
        }
        let read: serde_json::Value = serde_json::from_slice(&body).unwrap();
        assert_eq!(read[crate::event::TEST_DELIVERY_MEMBER], "Now");
    }
    let body: serde_json::Value = serde_json::from_str(&test_body(&WOMPI, "m", "x")).unwrap();
    assert_eq!(
        body,
        serde_json::json!({"m": "x", "data": {"listed": "x"}, "signature": {"properties": ["listed"]}, "timestamp": "x"})
    );
}

/// A header may sign fields of a form as well as a field of the form itself.
#[test]
fn a_test_body_is_a_form_if_a_header_signs_fields_of_one() {
    const SIGNED: Scheme = Scheme {
        token: None,
        signatures: &[Signature {
            content: &[Part::Form("amount")],
            ..Signature::hmac(&["x-signature"])
        }],
    };
    assert_eq!(test_body(&SIGNED, "m", "x"), "m=x&amount=x");
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

/// A hash always has the secret in it, and a part that is absent is never left out silently.
#[test]
fn nothing_verifies_without_the_secret() {
    let bare = |content: &'static [Part]| Signature {
        content,
        digest: Digest::SHA256_WITH_SECRET,
        ..Signature::hmac(&["x-checksum"])
    };
    let ways = [
        bare(&[]),
        bare(&[Part::Body]),
        bare(&[Part::Optional(&[Part::Header("x-no"), Part::Secret])]),
        bare(&[Part::Lower(&[Part::Secret])]),
        bare(&[Part::Form("x")]),
        bare(&[Part::Query("x")]),
    ];
    let body = Bytes::from_static(b"{}");
    for way in ways {
        let scheme = signed(vec![way].leak());
        for text in [&b""[..], b"{}"] {
            let digest = Sha256::digest(text);
            let headers = header_map([("x-checksum", &*data_encoding::HEXLOWER.encode(&digest))]);
            let secret = serde_json::json!({"signing_secrets": ["s"]});
            assert!(!outcome(&scheme, &secret, 0, headers, body.clone()), "{way:?}");
        }
    }
}

/// PayU's checkout shows every visitor `md5(key~merchant~reference~value~currency)`. Whoever knows that can compute the
/// hash of this text, its padding and `~another~reference` without the key, and hide text and padding in the first field.
#[test]
fn a_lengthened_hash_is_refused() {
    let hash = |content: &[u8]| data_encoding::HEXLOWER.encode(&md5::Md5::digest(content));
    let percent =
        |bytes: &[u8]| percent_encoding::percent_encode(bytes, percent_encoding::NON_ALPHANUMERIC).to_string();
    let secret = serde_json::json!({"signing_secrets": ["key"]});
    let shown = b"key~1~order~9.0~COP";
    let mut padded = shown.to_vec();
    padded.push(0x80);
    padded.resize(56, 0);
    padded.extend_from_slice(&(shown.len() as u64 * 8).to_le_bytes());
    let whole = [&padded, &b"~another~1.0~COP~4"[..]].concat();
    for (merchant, whole, expected) in [
        (&padded[4..], &whole[..], false),
        (b"1", b"key~1~another~1.0~COP~4", true),
    ] {
        let (merchant, sign) = (percent(merchant), hash(whole));
        let body =
            format!("merchant_id={merchant}&reference_sale=another&value=1.0&currency=COP&state_pol=4&sign={sign}");
        let headers = header_map([("content-type", "application/x-www-form-urlencoded; charset=latin1")]);
        assert_eq!(outcome(&PAYU, &secret, 0, headers, body.into()), expected);
    }
}

/// What is not read as a form has no fields: otherwise a signature that was seen once could prove any JSON.
#[test]
fn a_body_that_is_no_form_has_no_signed_fields() {
    let secret = serde_json::json!({"signing_secrets": ["s"]});
    let secrets = Secrets::parse(&provider(PAYU), &secret.to_string()).unwrap();
    let form = "merchant_id=1&reference_sale=a&value=1.0&currency=COP&state_pol=4";
    let genuine = sign_delivery(&PAYU, &secrets, &form.into(), now(), "").body;
    let genuine = String::from_utf8_lossy(&genuine);
    let json = format!(r#"{{"reference_sale":"another","value":"900.0","state_pol":"4","x":"&{genuine}&"}}"#);
    let in_file_name = [b"\x1f\x8b\x08\x08\0\0\0\0\0\xff&", genuine.as_bytes(), b"&\0"].concat();
    for (body, expected) in [
        (genuine.clone().into_owned().into_bytes(), true),
        (json.into_bytes(), false),
        (in_file_name, false),
    ] {
        assert_eq!(outcome(&PAYU, &secret, 0, HeaderMap::new(), body.into()), expected);
    }
}

/// A public key is no secret: it never counts as the shared secret of another way.
#[test]
fn a_public_key_is_no_shared_secret() {
    const HMAC: Signature = Signature::hmac(&["x-signature"]);
    const BOTH: &[Signature] = &[
        HMAC,
        Signature {
            digest: Digest::ED25519,
            key: Key::Hex,
            ..HMAC
        },
    ];
    let key = "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a";
    let secret = serde_json::json!({"signing_secrets": [key]});
    let secrets = Secrets::parse(&provider(signed(BOTH)), &secret.to_string()).unwrap();
    let body = Bytes::from_static(BODY);
    let forged = sign_delivery(&signed(BOTH), &secrets, &body, now(), "").headers;
    let headers = header_map(forged.iter().map(|(name, value)| (*name, value.as_str())));
    assert!(outcome(&signed(&[HMAC]), &secret, 0, headers.clone(), body.clone()));
    assert!(!outcome(&signed(BOTH), &secret, 0, headers.clone(), body.clone()));
    // Nor is it said what would make it count.
    let public = signed(&BOTH[1..]);
    let delivery = Delivery::received(DeliveryId::new(now(), [0; 10]), now(), headers, body);
    let diagnosis = diagnose(&delivery, &public, &secrets.into(), now());
    assert!(!diagnosis.to_string().contains("Digest::"), "{diagnosis}");
}

#[test]
fn other_digests_are_diagnosed_and_never_accepted() {
    let body = Bytes::from_static(BODY);
    let github = GITHUB;
    for made in [Digest::HMAC_SHA512, Digest::HMAC_SHA1, Digest::MD5_WITH_SECRET] {
        let way = Signature {
            digest: made,
            ..github.signatures[0]
        };
        let scheme = signed(vec![way].leak());
        let secrets = Secrets::parse(&provider(github), r#"{"signing_secrets":["s"]}"#).unwrap();
        let proof = sign_delivery(&scheme, &secrets, &body, now(), "");
        let headers = header_map(proof.headers.iter().map(|(name, value)| (*name, value.as_str())));
        let delivery = Delivery::received(DeliveryId::new(now(), [0; 10]), now(), headers, body.clone());
        let diagnosis = diagnose(&delivery, &github, &secrets.into(), now());
        assert!(diagnosis.verdict.is_err());
        assert_eq!(diagnosis.settings(), None);
        let text = diagnosis.to_string();
        let advice = format!("name `Digest::{}` in the provider's file, and deploy", made.constant());
        assert!(text.contains(&advice) && text.contains(made.name()), "{text}");
    }
}

/// Settings change how a signature is written, not with which function and key it is made.
#[test]
fn encodings_keep_digest_key_and_content() {
    for scheme in [WOMPI, SHA512_WITH_SECRET, HEX_KEY, COBRE] {
        let own = scheme.signatures[0];
        let set = scheme.with_settings("encodings=hex,base64,list").unwrap().signatures[0];
        assert_eq!((set.digest, set.key, set.content), (own.digest, own.key, own.content));
        assert_eq!(set.encodings, [Encoding::Hex, Encoding::Base64]);
        assert_eq!(set.time.map(|time| time.place), own.time.map(|time| time.place));
    }
    let timestamped = HEX_KEY.with_settings("encodings=timestamped").unwrap().signatures[0];
    assert_eq!((timestamped.key, timestamped.layout), (Key::Hex, Layout::Fields("v1")));
    let plain = STRIPE.with_settings("encodings=hex").unwrap().signatures[0];
    assert!(plain.time.is_none() && plain.content == [Part::Body]);
}

#[test]
fn proofs_outside_the_headers_are_proofs() {
    let delivery = |query: &str, body: &'static [u8]| {
        let body = Bytes::from_static(body);
        Delivery::received(DeliveryId::new(now(), [0; 10]), now(), HeaderMap::new(), body).with_query(query)
    };
    assert!(has_proof(&delivery("", b"a=1&sign=junk"), &PAYU));
    assert!(!has_proof(&delivery("sign=junk", b"a=1"), &PAYU));
    assert!(has_proof(&delivery("signature=", b"{}"), &IN_QUERY));
    assert!(has_proof(
        &delivery("", br#"{"proof":{"signature":"x"}}"#),
        &INSIDE_JSON
    ));
    assert!(!has_proof(&delivery("", b"{}"), &INSIDE_JSON));
}

proptest! {
    /// Whatever the body and the query are, nothing verifies by chance, and nothing panics.
    #[test]
    fn no_form_or_query_panics(body in "[ -~]{0,80}", query in "[ -~]{0,80}") {
        let secret = serde_json::json!({"signing_secrets": ["s"]});
        for scheme in [PAYU, EPAYCO, INSIDE_JSON, IN_QUERY, MERCADO_PAGO_QUERY] {
            let body = Bytes::from(body.clone());
            prop_assert!(!outcome_at(&scheme, &secret, 0, &query, HeaderMap::new(), body));
        }
    }

    /// A form that was signed verifies; with any signed field changed, it does not.
    #[test]
    fn any_change_of_a_signed_field_is_refused(
        [reference, other] in ["\\PC{1,20}", "\\PC{1,20}"],
        [value, changed] in [0..100_000_000u64, 0..100_000_000],
        field in 0..2usize,
    ) {
        let amount = |cents: u64| format!("{}.{:02}", cents / 100, cents % 100);
        let form = |reference: &str, value: u64| {
            let fields = [("merchant_id", "1"), ("reference_sale", reference), ("value", &amount(value)), ("currency", "COP"), ("state_pol", "4")];
            let encoded = |text| percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC);
            fields.map(|(name, text)| format!("{name}={}", encoded(text))).join("&")
        };
        let secret = serde_json::json!({"signing_secrets": ["s"]});
        let secrets = Secrets::parse(&provider(PAYU), &secret.to_string()).unwrap();
        let signed = sign_delivery(&PAYU, &secrets, &form(&reference, value).into(), now(), "").body;
        prop_assert!(outcome(&PAYU, &secret, 0, HeaderMap::new(), signed.clone()));
        let tail = String::from_utf8_lossy(&signed).rsplit_once('&').unwrap().1.to_owned();
        let tampered = match field {
            0 => form(&other, value),
            _ => form(&reference, changed),
        };
        prop_assume!(tampered != form(&reference, value));
        let tampered = format!("{tampered}&{tail}");
        prop_assert!(!outcome(&PAYU, &secret, 0, HeaderMap::new(), tampered.into()));
    }
}
