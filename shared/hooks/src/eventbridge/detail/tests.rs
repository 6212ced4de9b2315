#![allow(clippy::unwrap_used, reason = "tests fail by panicking")]

use std::fmt::Write;
use std::path::Path;

use acuse_core::provider::Provider;
use acuse_core::providers::{ALL, kuenta};
use acuse_core::wire::envelope::Envelope;
use acuse_testing::{number, sample};
use proptest::prelude::*;
use serde_json::Value as Json;

use super::*;

/// As long as any detail here.
const ANY: Limits = Limits {
    bytes: usize::MAX,
    takes_data: true,
};

/// An event of `provider` with exactly these bytes.
fn event(provider: &'static Provider, payload: &str) -> Event {
    let envelope = Envelope::from_message(payload, |name| match name {
        "envelope" => Some("1"),
        "provider" => Some(provider.name),
        "delivery_id" => Some("018bcfe5-6800-7707-8707-070707070707"),
        "received_at" => Some("1800000000250"),
        "form" => Some("raw"),
        _ => None,
    });
    Event::read(envelope.unwrap(), provider, acuse_core::event::Environment::Live)
}

fn quoted(text: &str) -> String {
    serde_json::to_string(text).unwrap()
}

/// Whether `acuse new provider` wrote it: the snapshot is of the built-in ones.
fn is_added(provider: &Provider) -> bool {
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/fixtures");
    fixtures.join(provider.name).join("keys.txt").exists()
}

#[test]
fn every_sample_has_one_documented_detail() {
    let mut details = String::new();
    for provider in ALL {
        for type_name in provider.types.iter().copied() {
            let event = sample(provider.name, type_name).event();
            let payload = std::str::from_utf8(event.body()).unwrap();
            let detail = Detail::of(&event, 1, ANY);
            assert_eq!(detail.omitted, None);
            let parsed: Json = serde_json::from_str(&detail.text).unwrap();
            assert_eq!(parsed["data"], serde_json::from_str::<Json>(payload).unwrap());
            assert_eq!(parsed["payload"], payload);
            let end = format!("\"payload\":{},\"data\":{payload}}}", quoted(payload));
            let rest = detail.text.strip_suffix(&end).unwrap();
            if !is_added(provider) {
                writeln!(details, "{rest}\"payload\":…,\"data\":…}}").unwrap();
            }
        }
    }
    insta::assert_snapshot!(details);
}

#[test]
fn an_event_that_an_operator_took_in_says_so() {
    let mut event = sample("onepay", "payment.approved").event();
    let parsed = |event: &Event| serde_json::from_str::<Json>(&Detail::of(event, 1, ANY).text).unwrap();
    assert_eq!(parsed(&event).get("reconciled"), None);
    event.reconciled = true;
    assert_eq!(parsed(&event)["reconciled"], true);
}

#[test]
fn the_digits_of_numbers_are_as_they_were_sent() {
    let sent = [
        ("data.amount", "1.10"),
        ("data.a", "9223372036854775807"),
        ("data.b", "-9223372036854775808"),
        ("data.c", "1234567890.123456789012345678901234567890"),
        ("data.d", "1E400"),
    ];
    let event = sent
        .iter()
        .fold(sample("kuenta", "payment.completed"), |sample, (path, text)| {
            sample.with(path, number(text))
        });
    let detail = Detail::of(&event.event(), 1, ANY);
    assert_eq!(detail.omitted, None);
    let detail = json::parse(detail.text.as_bytes()).unwrap();
    for (path, text) in sent {
        let name = path.strip_prefix("data.").unwrap();
        assert_eq!(detail.path(&["data", "data", name]), Some(&Value::Number(text)));
    }
}

#[test]
fn an_integer_that_eventbridge_does_not_take_is_in_the_text_alone() {
    for text in ["12345678901234567890", "9223372036854775808", "-9223372036854775809"] {
        let event = sample("kuenta", "payment.completed")
            .with("data.big", number(text))
            .event();
        let detail = Detail::of(&event, 1, ANY);
        let omitted = detail.omitted.unwrap();
        assert_eq!((omitted.metric(), omitted.reason), ("data", Reason::Integer));
        let detail: Json = serde_json::from_str(&detail.text).unwrap();
        assert_eq!(detail.get("data"), None);
        assert!(detail["payload"].as_str().unwrap().contains(text));
        assert_eq!(detail["omitted"]["what"], serde_json::json!(["data"]));
    }
}

#[test]
fn the_text_is_left_out_first_and_then_the_data() {
    let event = sample("onepay", "payment.approved").event();
    let limited = |bytes| Detail::of(&event, 1, Limits { bytes, ..ANY });
    let whole = limited(usize::MAX).text.len();
    let omitted = |bytes| limited(bytes).omitted.map(Omitted::metric);
    assert_eq!(omitted(whole), None);
    assert_eq!(omitted(whole - 1), Some("payload"));
    let data = limited(whole - 1).text.len();
    assert!(data < whole);
    assert_eq!(omitted(data), Some("payload"));
    assert_eq!(omitted(data - 1), Some("both"));
    // The rest is always published.
    let rest = limited(0);
    assert!(rest.text.len() < data && !rest.can_shrink() && !rest.has_data());

    let without_data = |bytes| {
        let limits = Limits {
            bytes,
            takes_data: false,
        };
        Detail::of(&event, 1, limits)
    };
    let text = without_data(usize::MAX);
    assert_eq!(text.omitted.map(Omitted::metric), Some("data"));
    let both = without_data(text.text.len() - 1).omitted.unwrap();
    assert_eq!((both.metric(), both.reason), ("both", Reason::Refused));
}

#[test]
fn what_is_not_json_is_base64() {
    let event = event(&kuenta::PROVIDER, "amount=1&id=ñ");
    let detail: Json = serde_json::from_str(&Detail::of(&event, 1, ANY).text).unwrap();
    assert_eq!(detail["data_base64"], "YW1vdW50PTEmaWQ9w7E=");
    assert_eq!(detail.get("data"), None);
    assert_eq!(detail["payload"], "amount=1&id=ñ");
}

#[test]
fn a_megabyte_as_an_id_still_fits() {
    let event = sample("onepay", "payment.approved")
        .resource(&"i".repeat(999_000))
        .event();
    let detail = Detail::of(&event, 1, Limits { bytes: 100_000, ..ANY });
    assert_eq!(detail.omitted.map(Omitted::metric), Some("both"));
    assert!(detail.text.len() < 10_000, "{}", detail.text.len());
}

proptest! {
    /// Whatever was signed: the detail is JSON, fits, and has the payload or says that it has not.
    #[test]
    fn every_detail_is_json_that_fits(id in "\\PC*", amount in "[1-9][0-9]{0,24}(\\.[0-9]{1,9})?", bytes in 1_500_usize..6_000) {
        let payload = format!(r#"{{"event":"payment.completed","data":{{"id":{},"amount":{amount}}}}}"#, quoted(&id));
        let event = event(&kuenta::PROVIDER, &payload);
        let detail = Detail::of(&event, 1, Limits { bytes, ..ANY });
        prop_assert!(detail.text.len() <= bytes || !detail.can_shrink());
        let value = json::parse(detail.text.as_bytes()).unwrap();
        let omitted = detail.omitted;
        prop_assert_eq!(value.get("data").is_none(), !detail.has_data());
        prop_assert_eq!(value.get("omitted").is_some(), omitted.is_some());
        if detail.has_data() {
            let end = format!(",\"data\":{payload}}}");
            prop_assert!(detail.text.ends_with(&end));
        }
    }
}
