//! The account in an event: its keys never meet another account's, and its environment is that of a payload that names
//! none.

use std::collections::BTreeSet;

use crate::event::{Environment, Event, payload};
use crate::provider::Provider;
use crate::providers::{kuenta, onepay};
use crate::wire::envelope::Envelope;

const OF_EVENT: &str =
    r#"{"payment":{"id":"p1"},"event":{"id":"evt_1","type":"payment.approved","environment":"live"}}"#;

fn envelope(sender: &str, body: &str) -> Envelope {
    let read = Envelope::from_message(body, |name| match name {
        "envelope" => Some("1"),
        "provider" => Some(sender),
        "delivery_id" => Some("018bcfe5-6800-7707-8707-070707070707"),
        "received_at" => Some("1700000000000"),
        "form" => Some("raw"),
        _ => None,
    });
    read.unwrap()
}

fn event(provider: &'static Provider, sender: &str, body: &str, own: Environment) -> Event {
    Event::read(envelope(sender, body), provider, own)
}

#[test]
fn keys_begin_with_the_account() {
    let bodies = [
        r#"{"event":"payment.completed","data":{"id":"p1"}}"#,
        r#"{"event":"payment.completed","event_id":"e1"}"#,
        r#"{"event":"payment.completed"}"#,
        r#"{"acuse.doctor":"1"}"#,
        "not json",
    ];
    let keys = |sender: &str| {
        let key = |body: &&str| {
            let event = event(&kuenta::PROVIDER, sender, body, Environment::Live);
            event.key.to_string().replace(event.body_sha256(), "{sha256}")
        };
        bodies.iter().map(key).collect::<Vec<_>>()
    };
    // As before there were accounts.
    insta::assert_snapshot!(keys("kuenta").join("\n"), @r"
    kuenta#live#payment#p1|payment.completed
    kuenta#live#event#e1|payment.completed#event#e1
    kuenta#live#body#{sha256}|payment.completed
    kuenta#live#body#{sha256}|unreadable
    kuenta#live#body#{sha256}|unreadable
    ");
    assert_eq!(keys("kuenta"), keys("kuenta/default"));
    assert_eq!(keys("kuenta"), keys("kuenta@live"));
    insta::assert_snapshot!(keys("kuenta/test@test").join("\n"), @r"
    kuenta/test#test#payment#p1|payment.completed
    kuenta/test#test#event#e1|payment.completed#event#e1
    kuenta/test#test#body#{sha256}|payment.completed
    kuenta/test#test#body#{sha256}|unreadable
    kuenta/test#test#body#{sha256}|unreadable
    ");
}

#[test]
fn accounts_never_share_a_key() {
    // Names that look like the rest of a key.
    let senders = [
        "kuenta",
        "kuenta/live",
        "kuenta/test",
        "kuenta/payment",
        "kuenta/kuenta",
        "kuenta/p1",
        "kuenta/body",
    ];
    let bodies = [
        r#"{"event":"payment.completed","data":{"id":"p1"}}"#,
        r#"{"event":"payment.completed","data":{"id":"/test#live#payment#p1"}}"#,
        "{",
    ];
    let mut keys = BTreeSet::new();
    for sender in senders {
        for environment in ["", "@test", "@live"] {
            for body in bodies {
                let sender = format!("{sender}{environment}");
                let event = event(&kuenta::PROVIDER, &sender, body, Environment::Live);
                keys.insert((event.key.clone(), event.account.name.to_string()));
                let conflict = event.into_conflict();
                keys.insert((conflict.key.clone(), conflict.account.name.to_string()));
            }
        }
    }
    let distinct: BTreeSet<_> = keys.iter().map(|(key, _)| key).collect();
    assert_eq!(distinct.len(), keys.len());
    // Each with and without conflict, live and test.
    assert_eq!(keys.len(), senders.len() * bodies.len() * 2 * 2);
}

#[test]
fn only_the_default_account_has_legacy_keys() {
    let legacy = |sender| {
        event(&onepay::PROVIDER, sender, OF_EVENT, Environment::Live)
            .legacy_key()
            .cloned()
    };
    assert!(legacy("onepay").is_some());
    assert_eq!(legacy("onepay"), legacy("onepay@live"));
    assert_eq!(legacy("onepay/test"), None);
    let conflict = event(&onepay::PROVIDER, "onepay/test", OF_EVENT, Environment::Live).into_conflict();
    assert_eq!(conflict.legacy_key(), None);
}

#[test]
fn a_payload_that_names_no_environment_takes_the_accounts() {
    let silent = r#"{"event":"payment.completed","data":{"id":"p1"}}"#;
    let named = r#"{"event":"payment.completed","data":{"id":"p1"},"environment":"live"}"#;
    for own in [Environment::Live, Environment::Test] {
        for (sender, body, expected) in [
            ("kuenta", silent, own),
            ("kuenta/a", silent, own),
            ("kuenta@test", silent, Environment::Test),
            ("kuenta/a@live", silent, Environment::Live),
            ("kuenta/a@test", silent, Environment::Test),
            ("kuenta/a@test", "{", Environment::Test),
            ("kuenta/a@test", r#"{"acuse.doctor":"1"}"#, Environment::Test),
            ("kuenta", named, Environment::Live),
            // Which is not its account's.
            ("kuenta/a@test", named, Environment::Live),
        ] {
            let event = event(&kuenta::PROVIDER, sender, body, own);
            assert_eq!(event.environment, expected, "{sender} {body}");
            assert!(event.key.partition.contains(&format!("#{}#", expected.name())));
        }
    }
}

#[test]
fn every_event_of_an_array_is_of_the_account() {
    let body = format!("[{OF_EVENT},{{}},7]");
    let events = payload::events(
        &envelope("onepay/test@test", &body),
        &onepay::PROVIDER,
        Environment::Live,
    );
    assert_eq!(events.len(), 3);
    for event in events {
        assert_eq!(event.account.name.as_str(), "test");
        assert_eq!(event.account.environment, Some(Environment::Test));
        assert!(event.key.partition.starts_with("onepay/test#"), "{}", event.key);
    }
}
