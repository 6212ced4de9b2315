//! How long the parts of a key may be. A part that fits must never be written differently: yesterday's records would
//! be new again.

use crate::account::AccountName;
use crate::event::key::IdempotencyKey;
use crate::event::{Environment, Event};
use crate::provider::id::bounded;
use crate::providers::kuenta;
use crate::wire::envelope::Envelope;

fn key_of(type_name: &str, id: &str, timestamp: &str) -> IdempotencyKey {
    key_at("kuenta", type_name, id, timestamp)
}

fn key_at(sender: &str, type_name: &str, id: &str, timestamp: &str) -> IdempotencyKey {
    let body = format!(r#"{{"event":"{type_name}","data":{{"id":"{id}"}},"timestamp":"{timestamp}"}}"#);
    let envelope = Envelope::from_message(body.as_str(), |name| match name {
        "envelope" => Some("1"),
        "provider" => Some(sender),
        "delivery_id" => Some("018bcfe5-6800-7707-8707-070707070707"),
        "received_at" => Some("1700000000000"),
        "form" => Some("raw"),
        _ => None,
    });
    Event::read(envelope.unwrap(), &kuenta::PROVIDER, Environment::Live).key
}

#[test]
fn ids_up_to_256_bytes_are_kept_and_longer_ones_hashed() {
    let longest = "x".repeat(256);
    let key = key_of("payment.completed", &longest, "");
    assert!(key.partition.ends_with(&format!("#{longest}")), "{key}");
    // printf 'x%.0s' {1..257} | sha256sum
    let key = key_of("payment.completed", &"x".repeat(257), "");
    assert!(
        key.partition
            .ends_with("#~15eb95a462ee20bd91a415ae2d4aed341288186ddaa2b37908f7d592f0c3f85f"),
        "{key}"
    );
}

#[test]
fn bounded_keeps_256_bytes() {
    assert_eq!(bounded(&"x".repeat(256)), "x".repeat(256));
    let digest = "~15eb95a462ee20bd91a415ae2d4aed341288186ddaa2b37908f7d592f0c3f85f";
    assert_eq!(bounded(&"x".repeat(257)), digest);
}

/// `acuse` finds an event by its id with them.
#[test]
fn likely_partitions_contain_the_events_of_every_type() {
    for id in ["p1", "a#b|c%d"] {
        let likely = IdempotencyKey::likely_partitions(&kuenta::PROVIDER, &AccountName::DEFAULT, id);
        for type_name in kuenta::PROVIDER.types {
            let key = key_of(type_name, id, "");
            assert!(likely.contains(&key.partition), "{key} is not in {likely:?}");
            let other = key_at("kuenta/test", type_name, id, "");
            assert!(!likely.contains(&other.partition), "{other} is in {likely:?}");
            let of_other = AccountName::parse("test").unwrap();
            let likely = IdempotencyKey::likely_partitions(&kuenta::PROVIDER, &of_other, id);
            assert!(likely.contains(&other.partition), "{other} is not in {likely:?}");
        }
    }
}

/// <https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html>
#[test]
fn the_longest_key_fits_dynamodb() {
    for length in [200, 256, 257, 1000, 100_000] {
        let part = "x".repeat(length);
        let longest = format!("kuenta/{}@live", "a".repeat(64));
        let key = key_at(&longest, &format!("{part}.{part}"), &part, &part);
        assert!(key.partition.len() <= 2048, "{length}: {}", key.partition.len());
        assert!(key.sort.len() <= 1024, "{length}: {}", key.sort.len());
        // Every part at its longest.
        let part = "x".repeat(length / 2);
        let key = key_at(&longest, &format!("{part}.x"), &"x".repeat(length), &"x".repeat(length));
        assert!(key.partition.len() <= 2048, "{length}: {}", key.partition.len());
        assert!(key.sort.len() <= 1024, "{length}: {}", key.sort.len());
    }
}
