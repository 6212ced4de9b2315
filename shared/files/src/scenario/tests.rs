use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use acuse_core::clock::Timestamp;
use acuse_core::event::{Environment, Event};
use acuse_core::providers::ALL;
use acuse_core::wire::delivery::{CanonicalForm, DeliveryId};
use acuse_core::wire::envelope::Envelope;

use super::*;

const END: Timestamp = Timestamp::from_seconds(1_800_000_000);
const DAY: Duration = Duration::from_secs(24 * 3600);

/// The events of a run, as the consumer reads them.
fn played(scenario: &Scenario) -> Vec<(Event, &Entry)> {
    let mut count = 0;
    let new_id = |old: &str| {
        count += 1;
        format!("{}new{count}", &old[..4])
    };
    let played = scenario.play(END, new_id).unwrap();
    let event = |played: &Played<'_>| {
        let envelope = Envelope {
            account: Default::default(),
            provider: played.entry.provider.name.to_owned(),
            delivery_id: DeliveryId::new(END, [0; 10]),
            received_at: END,
            form: CanonicalForm::Raw,
            body: played.payload.clone().into(),
            content: Default::default(),
            replay: None,
        };
        Event::read(envelope, played.entry.provider, Environment::Live)
    };
    played.iter().map(|played| (event(played), played.entry)).collect()
}

#[test]
fn every_scenario_is_a_life_cycle() {
    let scenarios = all(ALL).unwrap();
    assert!(scenarios.len() > 20);
    for scenario in &scenarios {
        let name = &scenario.name;
        let events = played(scenario);
        let mut keys = BTreeSet::new();
        let (mut resources, mut references) = (BTreeMap::new(), BTreeSet::new());
        for (event, entry) in &events {
            assert_eq!(event.unreadable, None, "{name}");
            assert_eq!(event.type_name, entry.type_name, "{name}");
            assert!(keys.insert(event.key.to_string()), "{name}: {} twice", event.key);
            let resource = event.resource.clone().unwrap();
            let own = resources.entry(&entry.resource).or_insert_with(|| resource.clone());
            assert_eq!(*own, resource, "{name}");
            references.extend(event.reference.clone());
        }
        assert!(references.len() <= 1, "{name}: {references:?}");
        assert!(resources.len() < 7, "{name}");
        let times: Vec<_> = events.iter().map(|(event, _)| event.occurred_at.unwrap()).collect();
        assert!(times.is_sorted() && times.last() == Some(&END), "{name}: {times:?}");
        // A life longer than the ledger's memory would be dead-lettered.
        assert!(END.since(times[0]) < DAY * 80, "{name}");
    }
}

#[test]
fn every_type_of_the_guides_is_in_a_scenario() {
    let scenarios = all(ALL).unwrap();
    let entries = scenarios.iter().flat_map(|scenario| &scenario.entries);
    let used: BTreeSet<_> = entries
        .map(|entry| (entry.provider.name, entry.type_name.clone()))
        .collect();
    let has_one = |provider: &&'static Provider| used.iter().any(|(name, _)| *name == provider.name);
    let missing: Vec<_> = ALL
        .iter()
        .filter(has_one)
        .flat_map(|provider| provider.types.iter().map(|name| (provider.name, (*name).to_owned())))
        .filter(|pair| !used.contains(pair))
        .collect();
    let alike = ["charge.succeeded", "charge.failed"].map(|name| ("onepay", name.to_owned()));
    assert_eq!(missing, alike, "OnePay has two words for each of these");
}

#[test]
fn events_of_one_run_mention_each_other() {
    let credit = Scenario::parse(ALL, "credit-paid-off", text("credit-paid-off").unwrap()).unwrap();
    let events = played(&credit);
    let id = |of: &str| {
        let (event, _) = events.iter().find(|(_, entry)| entry.resource == of).unwrap();
        event.resource.clone().unwrap().id
    };
    let payment: serde_json::Value = events[4].0.payload().unwrap();
    assert_eq!(payment["data"]["creditId"], id("credit"));
    assert_ne!(id("instalment 1"), id("instalment 2"));
    // Created when the application was, not when it was approved.
    let approved: serde_json::Value = events[1].0.payload().unwrap();
    assert_eq!(
        approved["data"]["createdAt"],
        events[0].0.occurred_at.unwrap().to_string()
    );
}

#[test]
fn numbers_are_sent_as_written() {
    let text = r#"{"provider":"onepay","events":[{"type":"payment.approved","set":{"payment.amount":150000.00,"payment.x":"1"},
        "unset":["payment.title"]}]}"#;
    let scenario = Scenario::parse(ALL, "own", text).unwrap();
    let payload = &scenario.play(END, str::to_owned).unwrap()[0].payload;
    assert!(payload.contains("\"amount\":150000.00,"), "{payload}");
    assert!(
        payload.contains("\"x\":\"1\"") && !payload.contains("title"),
        "{payload}"
    );
}

#[test]
fn an_error_names_the_file_the_entry_and_the_field() {
    let error = |text: &str| Scenario::parse(ALL, "my.json", text).unwrap_err().to_string();
    let one = |entry: &str| {
        error(&format!(
            r#"{{"provider":"onepay","events":[{{"type":"payment.created"}},{entry}]}}"#
        ))
    };
    for (message, expected) in [
        (error("["), "my.json: EOF while parsing"),
        (error("{}"), "my.json: missing field `events`"),
        (error(r#"{"events":[]}"#), "my.json: `events` has no entries"),
        (
            error(r#"{"events":[{"type":"payment.created"}]}"#),
            "my.json: `events[0].provider`: neither the entry nor the file has it; it should be one of ",
        ),
        (
            one(r#"{"type":"payment.paid"}"#),
            "my.json: `events[1].type`: `onepay` has no event type `payment.paid`; there are\n  payment.created",
        ),
        (
            one(r#"{"type":"payment.approved","at":"soon"}"#),
            "my.json: `events[1].at`: `soon` is no length of time, such as 90s, 5m or 30d",
        ),
        (
            one(r#"{"type":"payment.approved","att":"1m"}"#),
            "my.json: `events[1].att`: unknown field `att`, expected one of `type`, `provider`, `at`,",
        ),
        (
            one(r#"{"type":"payment.approved","set":{"paymant.reference":1}}"#),
            "my.json: `events[1].set`: `paymant.reference`: the payload has no `paymant`; it has payment, event",
        ),
        (
            one(r#"{"type":"payment.approved","unset":["payment.x"]}"#),
            "my.json: `events[1].unset`: `payment.x`: `payment` has no `x`",
        ),
        (
            one(r#"{"type":"payment.approved","new_ids":["payment.amount"]}"#),
            "my.json: `events[1].new_ids`: the payload has no text at `payment.amount`",
        ),
        (
            one(r#"{"type":"payment.approved","at":"2m"},{"type":"payment.approved","at":"1m"}"#),
            "my.json: `events[2].at`: it happens before the entry above (120 s after the start)",
        ),
        (
            error(r#"{"provider":"onepay","ends":{"charge":"paid"},"events":[{"type":"payment.created"}]}"#),
            "my.json: `ends`: no event happens to `charge`, only to payment",
        ),
    ] {
        assert!(message.starts_with(expected), "{message}\nexpected {expected}");
    }
    assert!(
        text("payed")
            .unwrap_err()
            .to_string()
            .contains("`payed`; there are\n  account-enrolled\n")
    );
}
