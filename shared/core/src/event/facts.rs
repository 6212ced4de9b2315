//! What hooks are told of an event, and what logs are not.

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
    Event::read(envelope.unwrap(), &kuenta::PROVIDER, Environment::Live).0
}

const COMPLETED: &str =
    r#"{"event":"payment.completed","data":{"id":"p1","payer":"Ana Ruiz"},"timestamp":"2023-11-14T20:00:00Z"}"#;

#[test]
fn the_payload_is_what_was_signed() {
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
fn an_event_happened_when_its_provider_says_and_else_when_it_came() {
    let told = event(COMPLETED).at();
    assert_eq!(told.to_string(), "2023-11-14T20:00:00.000Z");
    let silent = event(r#"{"event":"payment.completed","data":{"id":"p1"}}"#).at();
    assert_eq!(silent, Timestamp::from_seconds(1_700_000_000));
}

/// A hook guards with it against a provider that stamps its retries anew.
#[test]
fn the_same_fact_has_the_same_business_key_whenever_it_is_stamped() {
    let key = event(COMPLETED).business_key();
    assert_eq!(key.as_deref(), Some("payment.completed p1"));
    let restamped = event(r#"{"event":"payment.completed","data":{"id":"p1"},"timestamp":"2023-11-14T20:05:00Z"}"#);
    assert_eq!(restamped.business_key(), key);
    assert_eq!(event("not json").business_key(), None);
}

#[test]
fn a_log_line_names_the_event_and_shows_nothing_of_its_payload() {
    let shown = format!("{:?}", event(COMPLETED));
    assert!(shown.contains("payment.completed") && shown.contains("018bcfe5-6800-7707-8707-070707070707"));
    assert!(!shown.contains("Ana") && !shown.contains("payer"), "{shown}");
}

#[test]
fn a_test_delivery_is_one_whatever_else_it_says() {
    let test_delivery = event(r#"{"acuse.doctor":"1","event":"payment.completed","data":{"id":"p1"}}"#);
    assert!(test_delivery.test_delivery && !event(COMPLETED).test_delivery);
    assert_eq!(
        (test_delivery.type_name.as_str(), test_delivery.resource),
        ("acuse.doctor", None)
    );
}
