//! A compressed body may have been signed before or after compression.

use super::*;
use crate::wire::content::Content;
use crate::wire::envelope::LONGEST_TEXT;
use crate::wire::gzip::compress;

/// A delivery of `body` with the signature `signed` and this `Content-Encoding`.
fn delivery(provider: &Provider, body: &[u8], signed: &str, encoding: &'static str) -> Delivery<Unverified> {
    let mut headers = HeaderMap::new();
    for (name, value) in [
        (provider.scheme.signatures[0].headers[0], signed),
        ("x-webhook-token", "wh_hdr_1"),
        ("content-encoding", encoding),
        ("content-type", "text/json"),
    ] {
        let name = HeaderName::from_bytes(name.as_bytes()).unwrap();
        headers.insert(name, HeaderValue::from_str(value).unwrap());
    }
    let id = DeliveryId::new(now(), [0; 10]);
    Delivery::received(id, now(), headers, Bytes::copy_from_slice(body))
}

fn check(provider: &Provider, delivery: &Delivery<Unverified>) -> Result<Delivery<Verified>, Refusal> {
    verify(delivery, &provider.scheme, &secrets(provider), now())
}

#[test]
fn the_bytes_that_verified_travel() {
    let (provider, compressed) = (&kuenta::PROVIDER, compress(BODY).unwrap());
    let content = |encoding: Option<&str>| Content {
        media_type: Some("text/json".to_owned()),
        encoding: encoding.map(str::to_owned),
    };
    let after = check(
        provider,
        &delivery(provider, &compressed, &sign(SECRET, &compressed), "gzip"),
    )
    .unwrap();
    assert_eq!(
        (&after.bytes()[..], after.content()),
        (&compressed[..], &content(Some("gzip")))
    );
    for encoding in ["gzip", "GZIP", "x-gzip"] {
        let before = check(
            provider,
            &delivery(provider, &compressed, &sign(SECRET, BODY), encoding),
        )
        .unwrap();
        assert_eq!(
            (&before.bytes()[..], before.content()),
            (BODY, &content(None)),
            "{encoding}"
        );
        assert_eq!(before.form(), CanonicalForm::Raw);
    }
}

#[test]
fn only_gzip_is_decompressed() {
    let (provider, compressed) = (&kuenta::PROVIDER, compress(BODY).unwrap());
    let refusal =
        |body: &[u8], signed: &str, encoding| check(provider, &delivery(provider, body, signed, encoding)).unwrap_err();
    let right = sign(SECRET, BODY);
    assert_eq!(refusal(&compressed, &right, "br"), Refusal::SignatureWrong);
    assert_eq!(refusal(&compressed, &right, "identity"), Refusal::SignatureWrong);
    assert_eq!(
        refusal(&compressed[1..], &right, "gzip"),
        Refusal::SignatureWrong,
        "damaged"
    );
    assert_eq!(
        refusal(&compress(&compressed).unwrap(), &right, "gzip"),
        Refusal::SignatureWrong,
        "twice"
    );
    assert_eq!(
        refusal(&compressed, &sign("other", BODY), "gzip"),
        Refusal::SignatureWrong
    );
    assert_eq!(
        refusal(&compressed, "no signature", "gzip"),
        Refusal::SignatureUnreadable
    );
    let nothing = compress(b"").unwrap();
    assert_eq!(refusal(&nothing, &sign(SECRET, b""), "gzip"), Refusal::EmptyBody);
}

/// As from a proxy that decompresses the body but leaves the header.
#[test]
fn an_uncompressed_body_with_the_gzip_header_verifies() {
    let verified = check(
        &kuenta::PROVIDER,
        &delivery(&kuenta::PROVIDER, BODY, &sign(SECRET, BODY), "gzip"),
    );
    assert_eq!(&verified.unwrap().bytes()[..], BODY);
}

#[test]
fn canonical_forms_are_of_the_decompressed_body() {
    let body = br#"{ "event" : "payment.approved", "n" : 1.0 }"#;
    let (provider, compressed) = (&onepay::PROVIDER, compress(body).unwrap());
    let signed = sign(
        SECRET,
        &canonical::bytes(&Bytes::from_static(body), CanonicalForm::JavaScript).unwrap(),
    );
    let verified = check(provider, &delivery(provider, &compressed, &signed, "gzip")).unwrap();
    assert_eq!(&verified.bytes()[..], br#"{"event":"payment.approved","n":1}"#);
    assert_eq!(
        (verified.form(), verified.content()),
        (CanonicalForm::JavaScript, &Content::default())
    );
}

#[test]
fn decompression_stops_at_the_longest_body() {
    let provider = &kuenta::PROVIDER;
    let verdict = |length: usize, secret: &str| {
        let body = vec![b'a'; length];
        check(
            provider,
            &delivery(provider, &compress(&body).unwrap(), &sign(secret, &body), "gzip"),
        )
    };
    assert_eq!(verdict(LONGEST_TEXT, SECRET).unwrap().bytes().len(), LONGEST_TEXT);
    assert_eq!(verdict(LONGEST_TEXT + 1, SECRET).unwrap_err(), Refusal::TooLong);
    assert_eq!(verdict(4 * LONGEST_TEXT, "other").unwrap_err(), Refusal::TooLong);
    // A fresh secret may verify the compressed body.
    assert!(Refusal::TooLong.depends_on_secrets());
    let bomb = compress(&vec![0; 2 * LONGEST_TEXT]).unwrap();
    let verified = check(provider, &delivery(provider, &bomb, &sign(SECRET, &bomb), "gzip")).unwrap();
    assert_eq!(
        &verified.bytes()[..],
        bomb,
        "signed compressed, it is never decompressed here"
    );
}
