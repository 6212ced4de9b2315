//! What hooks see of an event, and what logs leave out.

mod accounts;

use crate::clock::Timestamp;
use crate::event::{Environment, Event};
use crate::providers::kuenta;
use crate::wire::envelope::Envelope;

fn event(body: &str) -> Event {
    let envelope = Envelope::from_message(body, |name| match name {
        "envelope" => Some("1"),
        "provider" => Some("kuenta"),
        "delivery_id" => Some("018bcfe5-6800-7707-8707-070707070707"),
        "received_at" => Some("1700000000000"),
        "form" => Some("raw"),
        _ => None,
    });
    Event::read(envelope.unwrap(), &kuenta::PROVIDER, Environment::Live)
}

const COMPLETED: &str =
    r#"{"event":"payment.completed","data":{"id":"p1","payer":"Ana Ruiz"},"timestamp":"2023-11-14T20:00:00Z"}"#;

#[test]
fn the_payload_is_the_signed_bytes() {
    let event = event(COMPLETED);
    assert_eq!(event.body(), COMPLETED);
    // printf '%s' '{"event":…}' | sha256sum
    assert_eq!(
        event.body_sha256(),
        "051b3a84252d07ccd85bd3556a819cdaef69ee68399975b513939b021048102e"
    );
    let payload: serde_json::Value = event.payload().unwrap();
    assert_eq!(payload["data"]["payer"], "Ana Ruiz");
}

#[test]
fn the_time_is_the_providers_or_else_the_receipt() {
    let told = event(COMPLETED).at();
    assert_eq!(told.to_string(), "2023-11-14T20:00:00.000Z");
    let silent = event(r#"{"event":"payment.completed","data":{"id":"p1"}}"#).at();
    assert_eq!(silent, Timestamp::from_seconds(1_700_000_000));
}

/// A hook uses it to guard against a provider that gives its retries a new time.
#[test]
fn the_business_key_does_not_depend_on_the_time() {
    let key = event(COMPLETED).business_key();
    assert_eq!(key.as_deref(), Some("payment.completed p1"));
    let restamped = event(r#"{"event":"payment.completed","data":{"id":"p1"},"timestamp":"2023-11-14T20:05:00Z"}"#);
    assert_eq!(restamped.business_key(), key);
    assert_eq!(event("not json").business_key(), None);
}

/// Another system may have stored it: it is not to change.
#[test]
fn the_idempotency_key_is_a_uuid_of_the_event() {
    let key = event(COMPLETED).idempotency_key();
    // Of the SHA-256 of "kuenta#live#payment#p1|payment.completed", by Python.
    assert_eq!(key, "c5f70b0d-290e-8f22-bdf8-2d17420087b8");
    let other = event(r#"{"event":"payment.completed","data":{"id":"p2"},"timestamp":"2023-11-14T20:00:00Z"}"#);
    assert_ne!(other.idempotency_key(), key);
}

#[test]
fn debug_shows_the_event_without_its_payload() {
    let shown = format!("{:?}", event(COMPLETED));
    assert!(shown.contains("payment.completed") && shown.contains("018bcfe5-6800-7707-8707-070707070707"));
    assert!(!shown.contains("Ana") && !shown.contains("payer"), "{shown}");
}

#[test]
fn the_test_member_makes_a_test_delivery() {
    let test_delivery = event(r#"{"acuse.doctor":"1","event":"payment.completed","data":{"id":"p1"}}"#);
    assert!(test_delivery.test_delivery && !event(COMPLETED).test_delivery);
    assert_eq!(
        (test_delivery.type_name.as_str(), test_delivery.resource),
        ("acuse.doctor", None)
    );
}
