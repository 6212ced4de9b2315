//! A body that comes packed may have been signed before or after.

use super::*;
use crate::wire::content::Content;
use crate::wire::envelope::LONGEST_TEXT;
use crate::wire::gzip::pack;

/// A delivery of `body` with a signature of `signed`, said to be packed so.
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
fn what_verified_is_what_travels() {
    let (provider, packed) = (&kuenta::PROVIDER, pack(BODY).unwrap());
    let content = |encoding: Option<&str>| Content {
        media_type: Some("text/json".to_owned()),
        encoding: encoding.map(str::to_owned),
    };
    let after = check(provider, &delivery(provider, &packed, &sign(SECRET, &packed), "gzip")).unwrap();
    assert_eq!(
        (&after.bytes()[..], after.content()),
        (&packed[..], &content(Some("gzip")))
    );
    for encoding in ["gzip", "GZIP", "x-gzip"] {
        let before = check(provider, &delivery(provider, &packed, &sign(SECRET, BODY), encoding)).unwrap();
        assert_eq!(
            (&before.bytes()[..], before.content()),
            (BODY, &content(None)),
            "{encoding}"
        );
        assert_eq!(before.form(), CanonicalForm::Raw);
    }
}

#[test]
fn nothing_else_is_unpacked() {
    let (provider, packed) = (&kuenta::PROVIDER, pack(BODY).unwrap());
    let refusal =
        |body: &[u8], signed: &str, encoding| check(provider, &delivery(provider, body, signed, encoding)).unwrap_err();
    let right = sign(SECRET, BODY);
    assert_eq!(refusal(&packed, &right, "br"), Refusal::SignatureWrong);
    assert_eq!(refusal(&packed, &right, "identity"), Refusal::SignatureWrong);
    assert_eq!(
        refusal(&packed[1..], &right, "gzip"),
        Refusal::SignatureWrong,
        "damaged"
    );
    assert_eq!(
        refusal(&pack(&packed).unwrap(), &right, "gzip"),
        Refusal::SignatureWrong,
        "twice"
    );
    assert_eq!(refusal(&packed, &sign("other", BODY), "gzip"), Refusal::SignatureWrong);
    assert_eq!(refusal(&packed, "no signature", "gzip"), Refusal::SignatureUnreadable);
    let nothing = pack(b"").unwrap();
    assert_eq!(refusal(&nothing, &sign(SECRET, b""), "gzip"), Refusal::EmptyBody);
}

/// A mistake that only a proxy makes, which unpacks and leaves the header.
#[test]
fn a_plain_body_that_is_said_to_be_packed_verifies() {
    let verified = check(
        &kuenta::PROVIDER,
        &delivery(&kuenta::PROVIDER, BODY, &sign(SECRET, BODY), "gzip"),
    );
    assert_eq!(&verified.unwrap().bytes()[..], BODY);
}

#[test]
fn the_forms_are_of_what_is_unpacked() {
    let body = br#"{ "event" : "payment.approved", "n" : 1.0 }"#;
    let (provider, packed) = (&onepay::PROVIDER, pack(body).unwrap());
    let signed = sign(SECRET, &canonical::javascript(body).unwrap());
    let verified = check(provider, &delivery(provider, &packed, &signed, "gzip")).unwrap();
    assert_eq!(&verified.bytes()[..], br#"{"event":"payment.approved","n":1}"#);
    assert_eq!(
        (verified.form(), verified.content()),
        (CanonicalForm::JavaScript, &Content::default())
    );
}

#[test]
fn no_more_is_unpacked_than_could_have_come_as_it_is() {
    let provider = &kuenta::PROVIDER;
    let verdict = |length: usize, secret: &str| {
        let body = vec![b'a'; length];
        check(
            provider,
            &delivery(provider, &pack(&body).unwrap(), &sign(secret, &body), "gzip"),
        )
    };
    assert_eq!(verdict(LONGEST_TEXT, SECRET).unwrap().bytes().len(), LONGEST_TEXT);
    assert_eq!(verdict(LONGEST_TEXT + 1, SECRET).unwrap_err(), Refusal::TooLong);
    assert_eq!(verdict(4 * LONGEST_TEXT, "other").unwrap_err(), Refusal::TooLong);
    // A new secret may fit what is packed.
    assert!(Refusal::TooLong.depends_on_secrets());
    let bomb = pack(&vec![0; 2 * LONGEST_TEXT]).unwrap();
    let verified = check(provider, &delivery(provider, &bomb, &sign(SECRET, &bomb), "gzip")).unwrap();
    assert_eq!(&verified.bytes()[..], bomb, "signed packed, it is never unpacked here");
}
