//! Reads every sample payload.

use crate::account::Account;
use crate::clock::Timestamp;
use crate::event::{Environment, Event, Kind};
use crate::providers::{self, onepay, unopago};
use crate::wire::delivery::{CanonicalForm, DeliveryId};
use crate::wire::envelope::Envelope;

pub(super) fn read(provider: &'static crate::provider::Provider, body: &str) -> (Event, bool) {
    // Later than all payload files.
    let at = Timestamp::from_seconds(1_711_000_000);
    let envelope = Envelope {
        provider: provider.name.to_owned(),
        account: Account::default(),
        content: Default::default(),
        delivery_id: DeliveryId::new(at, [0; 10]),
        received_at: at,
        form: CanonicalForm::Raw,
        body: bytes::Bytes::copy_from_slice(body.as_bytes()),
        replay: None,
    };
    let event = Event::read(envelope, provider, Environment::Live);
    let readable = event.unreadable.is_none();
    (event, readable)
}

fn row(event: &Event) -> String {
    let key = event.key.to_string().replace(event.body_sha256(), "{sha256}");
    let at = event.occurred_at.map(|at| at.to_string()).unwrap_or_default();
    format!(
        "{:?} {} {} {at}",
        event.kind,
        key,
        event.amount.as_deref().unwrap_or("-")
    )
}

#[test]
fn every_type_of_the_guides_has_a_sample_and_a_key() {
    let mut table = Vec::new();
    for provider in providers::ALL {
        let folder = format!("{}/../../tests/fixtures/{}", env!("CARGO_MANIFEST_DIR"), provider.name);
        let mut rows = Vec::new();
        for type_name in provider.types {
            let path = format!("{folder}/{type_name}.json");
            let body = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}"));
            let (event, readable) = read(provider, &body);
            assert!(
                readable && event.type_name == *type_name && event.kind != Kind::Unknown,
                "{path}"
            );
            rows.push(row(&event));
        }
        // The test of a provider that `acuse new provider` wrote compares the keys with that file.
        if !std::path::Path::new(&format!("{folder}/keys.txt")).exists() {
            table.extend(rows);
        }
    }
    insta::assert_snapshot!(table.join("\n"));
}

/// Everything that is read from each file in a provider's `shapes`.
#[test]
fn every_shape_is_read() {
    let mut table = Vec::new();
    for provider in providers::ALL {
        let folder = format!("{}/../../tests/fixtures/{}", env!("CARGO_MANIFEST_DIR"), provider.name);
        // Providers with a complete guide have no such folder. Shapes of a preset are in the presets' own snapshots.
        let is_added = std::path::Path::new(&format!("{folder}/keys.txt")).exists();
        let Ok(files) = std::fs::read_dir(format!("{folder}/shapes")) else {
            continue;
        };
        if is_added {
            continue;
        }
        let mut files: Vec<_> = files.map(|file| file.unwrap().path()).collect();
        files.sort();
        for file in files {
            let (event, readable) = read(provider, &std::fs::read_to_string(&file).unwrap());
            let mut row = format!("{}: {}", file.file_name().unwrap().to_string_lossy(), row(&event));
            for (name, value) in [
                ("no time", &event.invalid_time),
                ("currency", &event.currency),
                ("order", &event.reference),
                ("paid so far", &event.total_paid),
            ] {
                if let Some(value) = value {
                    row.push_str(&format!("; {name} {value}"));
                }
            }
            if !readable {
                row.push_str("; unreadable");
            }
            table.push(row);
        }
    }
    insta::assert_snapshot!(table.join("\n"));
}

#[test]
fn the_shapes_of_onepays_payload() {
    let bodies = [
        r#"{"payment":{"id":"p1","amount":150000},"event":{"type":"payment.approved","timestamp":1689262934,"environment":"test"}}"#,
        r#"{"payment":{"id":"p1","amount":"150000.00"},"event":{"id":"evt_1","type":"payment.approved","timestamp":1689262934,"environment":"production"}}"#,
        r#"{"event":"payment.approved","data":{"id":7,"amount":9007199254740993}}"#,
        r#"{"event":"payment.approved"}"#,
        r#"{"subscription":{"id":"s1","charge":{"id":"c9"}},"event":{"type":"subscription.payment","timestamp":1689262934}}"#,
        r#"{"subscription":{"id":"s1"},"event":{"type":"subscription.payment","timestamp":1689262934}}"#,
        r#"{"payment":{"id":"p1"},"event":{"type":"payment.teleported"}}"#,
        r#"{"payment":{"id":""},"event":{"type":"payment.rejected","timestamp":1}}"#,
    ];
    let rows: Vec<String> = bodies
        .iter()
        .map(|body| row(&read(&onepay::PROVIDER, body).0))
        .collect();
    insta::assert_snapshot!(rows.join("\n"));
}

#[test]
fn the_shapes_of_unopagos_payload() {
    let bodies = [
        r#"{"event":"payment_received","data":{"id":"p1","amount":"10.50"}}"#,
        r#"{"type":"payment_received","payment":{"id":"p1"},"event_id":"evt_1"}"#,
        r#"{"event_type":"invoice_created","object":{"id":"i1"}}"#,
        r#"{"event":{"type":"payment_received","id":"evt_2","timestamp":1689262934},"data":{"id":"p1"}}"#,
        r#"{"id":"evt_3","type":"customer_updated","data":{"id":"c1"}}"#,
        r#"{"event":"payment_received"}"#,
        r#"{"event":"ping"}"#,
    ];
    let rows: Vec<String> = bodies
        .iter()
        .map(|body| row(&read(&unopago::PROVIDER, body).0))
        .collect();
    insta::assert_snapshot!(rows.join("\n"));
}

#[test]
fn unreadable_payloads_are_events_too() {
    for body in [
        "",
        "not json",
        "[]",
        "{}",
        r#"{"event":{}}"#,
        r#"{"event":{"type":"payment.approved","environment":"moon"}}"#,
    ] {
        let (event, readable) = read(&onepay::PROVIDER, body);
        assert!(!readable && event.type_name == "unreadable", "{body}");
        let environment = if body.contains("moon") { "test" } else { "live" };
        assert_eq!(
            event.key.to_string(),
            format!("onepay#{environment}#body#{}|unreadable", event.body_sha256())
        );
    }
}

/// The keys are from the snapshots of version 0.1.
#[test]
fn legacy_keys_are_those_of_version_0_1() {
    let legacy = |provider, body: &str| {
        let event = read(provider, body).0;
        let key = event
            .legacy_key()
            .map_or("-".to_owned(), |legacy| legacy.key.to_string());
        key.replace(event.body_sha256(), "{sha256}")
    };
    let of_unopago = [
        r#"{"type":"payment_received","payment":{"id":"p1"},"event_id":"evt_1"}"#,
        r#"{"event":{"type":"payment_received","id":"evt_2","timestamp":1689262934},"data":{"id":"p1"}}"#,
        r#"{"id":"evt_3","type":"customer_updated","data":{"id":"c1"}}"#,
        r#"{"id":"c1","type":"invoice_created","data":{"id":"i1"}}"#,
        r#"{"id":"i1","type":"invoice_created"}"#,
        r#"{"id":"i1","type":"invoice_created","data":{"id":"i1"}}"#,
        r#"{"event":"invoice_created","object":{"id":"i1"}}"#,
        r#"{"event":"invoice_created","object":{"id":"i1"},"livemode":false}"#,
        r#"{"event":"invoice_created","object":{"id":"i1"},"livemode":true}"#,
        r#"{"event":"invoice_created","object":{"id":"\ud800x"}}"#,
        r#"{"event":"invoice_created","object":{"id":"i1"},"event_id":"e","environment":"sandbox"}"#,
        r#"{"event":"invoice_created","object":{"id":"i1"},"environment":"live|test"}"#,
    ];
    let of_onepay = [
        r#"{"payment":{"id":"p1"},"event":{"id":"evt_1","type":"payment.approved","timestamp":1689262934,"environment":"production"}}"#,
        r#"{"event":"payment.approved","data":{"id":7,"amount":9007199254740993}}"#,
        r#"{"event":"payment.approved","data":{"id":"7","is_test":true}}"#,
        r#"{"event":"payment.partially_paid","data":{"id":"7","partial_payment":{"total_paid":"10"}},"timestamp":1689262934}"#,
        r#"{"payment":{"id":"p1"},"event":{"type":"payment.approved","timestamp":1689262934,"environment":"test"}}"#,
    ];
    let of_unopago = of_unopago.map(|body| legacy(&unopago::PROVIDER, body));
    let of_onepay = of_onepay.map(|body| legacy(&onepay::PROVIDER, body));
    insta::assert_snapshot!([of_unopago.join("\n"), of_onepay.join("\n")].join("\n"));
}

#[test]
fn the_second_month_is_a_new_event() {
    let month = |period: &str| {
        let body = format!(
            r#"{{"subscription":{{"id":"s1","payment":{{"id":"{period}"}}}},"event":{{"type":"subscription.payment","timestamp":1689262934,"environment":"live"}}}}"#
        );
        read(&onepay::PROVIDER, &body).0.key
    };
    assert_ne!(month("2023-07"), month("2023-08"));
    assert_eq!(month("2023-07"), month("2023-07"));
}

/// A test is never live, wherever OnePay marks it as one.
#[test]
fn onepays_test_marks_are_read_everywhere() {
    for body in [
        r#"{"event":"payment.approved","payment":null,"data":{"id":"p","is_test":true}}"#,
        r#"{"event":"payment.approved","payment":[],"data":{"id":"p","is_test":true}}"#,
        r#"{"event":"payment.approved","data":{"id":"p","environment":"sandbox"}}"#,
        r#"{"event":{"type":"subscription.payment"},"subscription":{"id":"s"},"payment":{"id":"p","is_test":true}}"#,
        r#"{"event":"subscription.payment","data":{"id":"s","charge":{"id":"c","is_test":true}}}"#,
    ] {
        let (event, readable) = read(&onepay::PROVIDER, body);
        assert!(readable, "{body}");
        assert_eq!(event.environment, Environment::Test, "{body}");
        assert!(event.resource.is_some(), "{body}");
    }
}

#[test]
fn a_member_that_is_not_an_object_does_not_hide_the_resource() {
    let body = r#"{"event":"payment.approved","payment":null,"data":{"id":"p"}}"#;
    let (event, _) = read(&onepay::PROVIDER, body);
    assert_eq!(event.key.to_string(), "onepay#live#payment#p|payment.approved");
    let legacy = event.legacy_key().unwrap();
    assert_eq!(
        (legacy.key.to_string(), legacy.by_bytes),
        (
            format!("onepay#live#body#{}|payment.approved", event.body_sha256()),
            true
        )
    );
}
