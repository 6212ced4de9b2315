//! Input: the bytes that verified.
#![no_main]

use acuse_core::account::{Account, AccountName};
use acuse_core::clock::Timestamp;
use acuse_core::event::payload;
use acuse_core::event::{Environment, Event};
use acuse_core::provider::{Provider, Unreadable};
use acuse_core::wire::delivery::{CanonicalForm, DeliveryId};
use acuse_core::wire::envelope::Envelope;
use acuse_core::{json, providers};
use bytes::Bytes;
use libfuzzer_sys::fuzz_target;

/// DynamoDB's limits in bytes.
const LONGEST_PARTITION_KEY: usize = 2048;
const LONGEST_SORT_KEY: usize = 1024;

fuzz_target!(|body: &[u8]| {
    for provider in providers::ALL {
        for own in [Environment::Test, Environment::Live] {
            for name in ["default", "test"] {
                let name = AccountName::parse(name).unwrap();
                check(
                    provider,
                    own,
                    &Account {
                        name,
                        environment: None,
                    },
                    body,
                );
            }
        }
    }
});

fn check(provider: &'static Provider, own: Environment, account: &Account, body: &[u8]) {
    let delivered = |body: &[u8], attempt| delivered(provider, account, body, attempt);
    let event = Event::read(delivered(body, 1), provider, own);
    let retried = Event::read(delivered(body, 2), provider, own);
    // An account that is bound to its environment changes nothing, and another stack's environment is not asked for.
    let bound = Account {
        environment: Some(own),
        ..account.clone()
    };
    let bound = |stack| Event::read(self::delivered(provider, &bound, body, 1), provider, stack).key;
    for stack in [Environment::Test, Environment::Live] {
        assert_eq!(bound(stack), event.key, "an account's environment is not its payloads'");
    }
    assert_eq!(event.key, retried.key, "a retry is another event");
    assert_eq!(event.body(), body);

    let key = &event.key;
    let scope = format!("{}#{}#", account.name.scope(provider.name), event.environment.name());
    assert!(key.partition.starts_with(&scope), "{key}");
    assert!(key.partition.len() <= LONGEST_PARTITION_KEY, "{key}");
    assert!(!key.sort.is_empty() && key.sort.len() <= LONGEST_SORT_KEY, "{key}");
    let text = key.to_string();
    assert!(!text.contains(char::is_control), "{text:?}");
    assert_eq!(text.matches('|').count(), 1, "{text}");

    if json::parse(body).is_err() {
        assert!(event.unreadable.is_some());
    }
    if event.unreadable.is_some() {
        let unknown = matches!(event.unreadable, Some(Unreadable::Environment(_)));
        assert_eq!(event.environment, if unknown { Environment::Test } else { own });
        assert_eq!(event.resource, None);
    }
    for event in payload::events(&delivered(body, 1), provider, own) {
        // `acuse events replay` sends it again. A nested array is divided again.
        let replayed = payload::events(&delivered(event.body(), 2), provider, own);
        let is_array = event.body().trim_ascii_start().starts_with(b"[");
        assert!(
            is_array || replayed.len() == 1 && replayed[0].key == event.key,
            "a replay is another event"
        );
    }
    // As hooks, logs and listings use an event.
    let _ = event.payload::<serde_json::Value>();
    let _ = (event.business_key(), format!("{event:?}"));
    let _ = event
        .occurred_at
        .map(|at| (at.to_string(), at.day(), at.since(event.received_at)));
}

/// The `attempt`th delivery of one body, with its own id and time.
fn delivered(provider: &Provider, account: &Account, body: &[u8], attempt: u8) -> Envelope {
    let at = Timestamp::from_seconds(1_700_000_000 + i64::from(attempt));
    Envelope {
        account: account.clone(),
        provider: provider.name.to_owned(),
        content: Default::default(),
        delivery_id: DeliveryId::new(at, [attempt; 10]),
        received_at: at,
        form: CanonicalForm::Raw,
        body: Bytes::copy_from_slice(body),
        replay: None,
    }
}
