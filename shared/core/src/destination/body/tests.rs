use std::fmt::Write;
use std::fs;
use std::path::Path;

use proptest::prelude::*;
use serde_json::value::RawValue;

use super::*;
use crate::destination::sample::event;
use crate::json::{self, Value};
use crate::provider::Provider;
use crate::providers::{ALL, kuenta, onepay};

/// The body without its payload, and the payload as it is in the body.
fn parts(body: &[u8]) -> (String, String) {
    #[derive(serde::Deserialize)]
    struct Data<'a> {
        #[serde(borrow)]
        data: &'a RawValue,
    }
    let text = std::str::from_utf8(body).unwrap();
    let data: Data<'_> = serde_json::from_str(text).unwrap();
    let data = data.data.get();
    (text.replace(data, "…"), data.to_owned())
}

fn samples(provider: &'static Provider) -> impl Iterator<Item = (&'static str, String)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/fixtures");
    let folder = folder.join(provider.name);
    let types = provider.types.iter().copied();
    types.map(move |name| (name, fs::read_to_string(folder.join(format!("{name}.json"))).unwrap()))
}

/// Whether `acuse new provider` wrote it: the snapshot is of the built-in ones.
fn is_added(provider: &Provider) -> bool {
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/fixtures");
    fixtures.join(provider.name).join("keys.txt").exists()
}

#[test]
fn every_sample_has_one_documented_body() {
    let mut bodies = String::new();
    for provider in ALL {
        for (name, payload) in samples(provider) {
            let event = event(provider, provider.name, &payload);
            let (rest, data) = parts(&of(&event));
            assert_eq!(data, payload.trim(), "{name}");
            if !is_added(provider) {
                writeln!(bodies, "{rest}").unwrap();
            }
        }
    }
    insta::assert_snapshot!(bodies);
}

#[test]
fn the_payload_is_byte_for_byte_as_it_was_sent() {
    let payload = r#"{"event":"payment.completed" , "data":{"id":"p1","amount":150000.00,"big":9007199254740993,
        "e":1E400,"twice":1,"twice":2,"pair":"\ud83d\ude00","slash":"\/","ñ":"\u00f1"}}"#;
    let body = of(&event(&kuenta::PROVIDER, "kuenta/shop@test", payload));
    let (rest, data) = parts(&body);
    assert_eq!(data, payload);
    insta::assert_snapshot!(rest, @r#"
    {"id":"36de1dee-3f2a-87f3-87a2-332446197d13","type":"payment.completed","timestamp":"2024-03-20T10:00:00.250Z","provider":"kuenta","account":"shop","environment":"test","kind":"PaymentSucceeded","resource":{"kind":"payment","id":"p1"},"reference":null,"amount":"150000.00","currency":null,"occurred_at":null,"received_at":"2024-03-20T10:00:00.250Z","delivery_id":"018bcfe5-6800-7707-8707-070707070707","key":"kuenta/shop#test#payment#p1|payment.completed","data":…}
    "#);
}

#[test]
fn what_is_not_json_is_base64() {
    let body = of(&event(&onepay::PROVIDER, "onepay", "not json \u{1F600}"));
    let text = std::str::from_utf8(&body).unwrap();
    let value = json::parse(&body).unwrap();
    assert_eq!(value.get("data"), None);
    let base64 = value.get("data_base64").and_then(Value::scalar_text).unwrap();
    assert_eq!(
        BASE64.decode(base64.as_bytes()).unwrap(),
        "not json \u{1F600}".as_bytes()
    );
    assert!(text.starts_with("{\"id\":\""), "{text}");
}

#[test]
fn what_other_parsers_refuse_is_base64() {
    for payload in [
        r#"{"event":"payment.completed","data":{"id":"\ud800"}}"#,
        r#"{"event":"payment.completed","data":{"\udc00":1}}"#,
    ] {
        let body = of(&event(&kuenta::PROVIDER, "kuenta", payload));
        let value: serde_json::Value = serde_json::from_slice(&body).unwrap();
        assert_eq!(value["data_base64"], BASE64.encode(payload.as_bytes()));
        assert_eq!(value.get("data"), None);
    }
}

#[test]
fn a_text_of_the_payload_can_not_leave_its_string() {
    let payload =
        r#"{"event":"payment.completed","data":{"id":"\",\"data\":{\"x\":\"","reference":"a\"b\\\u0000\u2028"}}"#;
    let body = of(&event(&kuenta::PROVIDER, "kuenta", payload));
    let value = json::parse(&body).unwrap();
    let names: Vec<_> = value
        .as_object()
        .unwrap()
        .iter()
        .map(|(name, _)| name.as_str().unwrap())
        .collect();
    assert_eq!(names.iter().filter(|name| **name == "data").count(), 1);
    assert_eq!(
        value.path(&["resource", "id"]).and_then(Value::scalar_text).unwrap(),
        r#"","data":{"x":""#
    );
}

proptest! {
    /// Whatever was signed: the body is JSON with the same members, and the payload comes out as it went in.
    #[test]
    fn every_body_is_json_with_the_payload_in_it(id in "\\PC*", rest in "[0-9]{1,30}(\\.[0-9]{1,9})?", garbage in "\\PC*") {
        let payload = format!(r#"{{"event":"payment.completed","data":{{"id":{},"amount":{}}}}}"#,
            serde_json::to_string(&id).unwrap(), rest.trim_start_matches('0').to_owned() + "1");
        for payload in [payload, garbage] {
            prop_assume!(!payload.is_empty());
            let event = event(&kuenta::PROVIDER, "kuenta", &payload);
            let body = of(&event);
            let value = json::parse(&body).unwrap();
            let names: Vec<_> = value.as_object().unwrap().iter().map(|(name, _)| name.as_str().unwrap()).collect();
            prop_assert_eq!(names.len(), 16);
            prop_assert_eq!(&names[..3], ["id", "type", "timestamp"]);
            match json::parse(event.body()) {
                Ok(_) => {
                    let end = format!(",\"data\":{}}}", std::str::from_utf8(event.body()).unwrap());
                    prop_assert!(body.ends_with(end.as_bytes()));
                }
                Err(_) => prop_assert_eq!(names[15], "data_base64"),
            }
            prop_assert_eq!(&of(&event), &body);
        }
    }
}
