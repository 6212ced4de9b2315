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

fn read(provider: &'static Provider, fixture: &Fixture) -> Event {
    // Later than all fixtures.
    let at = Timestamp::from_seconds(1_900_000_000);
    let is_form = fixture.file.ends_with(".form");
    let envelope = Envelope {
        provider: provider.name.to_owned(),
        account: Account::default(),
        content: Content {
            media_type: is_form.then(|| "application/x-www-form-urlencoded".to_owned()),
            encoding: None,
        },
        delivery_id: DeliveryId::new(at, [0; 10]),
        received_at: at,
        form: CanonicalForm::Raw,
        body: bytes::Bytes::from_static(fixture.body.trim_end().as_bytes()),
        replay: None,
    };
    let mut events = payload::events(&envelope, provider, Environment::Live);
    assert_eq!(events.len(), 1, "{}", fixture.file);
    events.remove(0)
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
