//! What is read from each fixture.

use acuse_core::account::Account;
use acuse_core::clock::Timestamp;
use acuse_core::event::{Environment, Event, payload};
use acuse_core::provider::Provider;
use acuse_core::wire::content::Content;
use acuse_core::wire::delivery::{CanonicalForm, DeliveryId};
use acuse_core::wire::envelope::Envelope;
use acuse_presets::Fixture;

use crate::provider;

#[test]
fn fixtures_are_read_as_their_names_say() {
    for preset in acuse_presets::all() {
        let mut rows = Vec::new();
        for fixture in &preset.fixtures {
            let event = read(provider(preset.name), fixture);
            let file = format!("{}/fixtures/{}", preset.name, fixture.file);
            assert_eq!(event.unreadable, None, "{file}");
            assert_eq!(event.invalid_time, None, "{file}");
            if !fixture.file.starts_with("shapes/") {
                let (name, _) = fixture.file.rsplit_once('.').unwrap();
                assert_eq!(event.type_name, name, "{file}");
            }
            rows.push(format!("{}\n{}", fixture.file, row(&event)));
        }
        insta::assert_snapshot!(preset.name, rows.join("\n\n"));
    }
}

/// A provider may change any of its values at any time: what can't be read is kept as unreadable, and never a panic.
#[test]
fn values_of_another_kind_are_never_a_panic() {
    use serde_json::{Value, json};
    let others = [
        json!(null),
        json!(true),
        json!(-1.5e300),
        json!(""),
        json!("."),
        json!("é\u{1f600}.ñ_"),
        json!([]),
        json!({}),
        json!([{"id": {}}]),
    ];
    for preset in acuse_presets::all() {
        for fixture in &preset.fixtures {
            let Ok(document) = serde_json::from_str::<Value>(fixture.body) else {
                continue;
            };
            for pointer in pointers(&document) {
                for other in &others {
                    let mut changed = document.clone();
                    *changed.pointer_mut(&pointer).unwrap() = other.clone();
                    events(provider(preset.name), changed.to_string().into(), None);
                }
            }
        }
    }
}

/// Where each value of a document is.
fn pointers(document: &serde_json::Value) -> Vec<String> {
    let mut found = vec![String::new()];
    let inner: Vec<(String, &serde_json::Value)> = match document {
        serde_json::Value::Object(members) => members.iter().map(|(name, value)| (name.clone(), value)).collect(),
        serde_json::Value::Array(items) => (0..)
            .zip(items)
            .map(|(i, value): (usize, _)| (i.to_string(), value))
            .collect(),
        _ => Vec::new(),
    };
    for (name, value) in inner {
        let name = name.replace('~', "~0").replace('/', "~1");
        found.extend(pointers(value).into_iter().map(|rest| format!("/{name}{rest}")));
    }
    found
}

pub(crate) fn read(provider: &'static Provider, fixture: &Fixture) -> Event {
    let is_form = fixture.file.ends_with(".form");
    let media_type = is_form.then(|| "application/x-www-form-urlencoded".to_owned());
    let body = bytes::Bytes::from_static(fixture.body.trim_end().as_bytes());
    let mut events = events(provider, body, media_type);
    assert_eq!(events.len(), 1, "{}", fixture.file);
    events.remove(0)
}

fn events(provider: &'static Provider, body: bytes::Bytes, media_type: Option<String>) -> Vec<Event> {
    // Later than all fixtures.
    let at = Timestamp::from_seconds(1_900_000_000);
    let envelope = Envelope {
        provider: provider.name.to_owned(),
        account: Account::default(),
        content: Content {
            media_type,
            encoding: None,
        },
        delivery_id: DeliveryId::new(at, [0; 10]),
        received_at: at,
        form: CanonicalForm::Raw,
        body,
        replay: None,
    };
    payload::events(&envelope, provider, Environment::Live)
}

fn row(event: &Event) -> String {
    let resource = event
        .resource
        .as_ref()
        .map(|found| format!("{} {}", found.kind, found.id));
    let text = |value: &Option<String>| value.clone().unwrap_or_else(|| "-".to_owned());
    let mut row = format!(
        "  {} => {:?}, {:?}\n  key {}\n  about {}, at {}\n  amount {} {}, reference {}",
        event.type_name,
        event.kind,
        event.environment,
        event.key.to_string().replace(event.body_sha256(), "{sha256}"),
        text(&resource),
        text(&event.occurred_at.map(|at| at.to_string())),
        text(&event.amount),
        text(&event.currency),
        text(&event.reference),
    );
    if let Some(paid) = &event.total_paid {
        row.push_str(&format!(", paid so far {paid}"));
    }
    row
}
