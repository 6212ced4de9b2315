//! The providers' objects, read from every sample payload.

use std::fmt::Debug;
use std::fs;
use std::path::PathBuf;

use crate::event::{Event, Mismatch};
use crate::providers::{self, kuenta, onepay, unopago};

/// The sample payloads of `provider`, by the names of their files.
fn samples(provider: &'static crate::provider::Provider) -> Vec<(String, Event)> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("../../tests/fixtures")
        .join(provider.name);
    let files = [folder.clone(), folder.join("shapes")]
        .into_iter()
        .flat_map(|folder| fs::read_dir(folder).unwrap());
    let mut files: Vec<_> = files
        .map(|file| file.unwrap().path())
        .filter(|path| path.is_file())
        .collect();
    files.sort();
    let sample = |path: PathBuf| {
        let (event, _) = providers::tests::read(provider, &fs::read_to_string(&path).unwrap());
        (path.file_stem().unwrap().to_string_lossy().into_owned(), event)
    };
    files.into_iter().map(sample).collect()
}

fn onepay(type_name: &str) -> Event {
    let name = |(name, _): &(String, Event)| name == type_name;
    samples(&onepay::PROVIDER).into_iter().find(name).unwrap().1
}

fn read(provider: &'static crate::provider::Provider, body: &str) -> Event {
    providers::tests::read(provider, body).0
}

fn shown<T: Debug>(read: Result<Option<T>, Mismatch>) -> Option<String> {
    read.unwrap().map(|object| format!("{object:?}"))
}

/// Each sample is read as exactly one type, or as none if there is no type of it.
#[test]
fn every_sample_is_read_as_what_it_is_about() {
    let mut lines = Vec::new();
    let samples = [&onepay::PROVIDER, &kuenta::PROVIDER, &unopago::PROVIDER]
        .into_iter()
        .flat_map(samples);
    for (name, event) in samples {
        let read = [
            shown(onepay::Payment::of(&event)),
            shown(onepay::Charge::of(&event)),
            shown(onepay::Cashout::of(&event)),
            shown(onepay::Subscription::of(&event)),
            shown(onepay::Account::of(&event)),
            shown(kuenta::CreditApplication::of(&event)),
        ];
        let read: Vec<String> = read.into_iter().flatten().collect();
        assert!(read.len() <= 1, "{name}: {read:?}");
        lines.push(format!("{name}: {}", read.first().map_or("-", String::as_str)));
    }
    insta::assert_snapshot!(lines.join("\n"));
}

#[test]
fn id_and_amount_are_those_of_the_event() {
    for (name, event) in samples(&onepay::PROVIDER) {
        if let Some(payment) = onepay::Payment::of(&event).unwrap() {
            assert_eq!(Some(payment.id), event.resource.map(|resource| resource.id), "{name}");
            assert_eq!(payment.amount.map(|amount| amount.to_string()), event.amount, "{name}");
            assert_eq!(payment.currency, event.currency, "{name}");
            assert_eq!(payment.reference.or(payment.external_id), event.reference, "{name}");
        }
    }
}

#[test]
fn the_guides_own_samples_are_read() {
    let event = read(
        &onepay::PROVIDER,
        r#"{"payment":{"id":"9e5ccd4a-d2f0-49dd-87fc-a0da752bd166","amount":150000,"status":"succeeded"},
            "event":{"type":"payment.approved","timestamp":1689262934,"environment":"test"}}"#,
    );
    let payment = onepay::Payment::of(&event).unwrap().unwrap();
    assert_eq!(payment.amount.unwrap(), "150000");
    assert_eq!(payment.status.as_deref(), Some("succeeded"));
    let event = read(
        &kuenta::PROVIDER,
        r#"{"event":"credit.application.created","data":{"id":"app_123","amount":5000000,"term":12,
            "termUnit":"months","status":"pending","createdAt":"2024-03-20T10:00:00Z"},
            "timestamp":"2024-03-20T10:00:00Z"}"#,
    );
    let application = kuenta::CreditApplication::of(&event).unwrap().unwrap();
    assert_eq!(application.term.as_deref(), Some("12"));
    assert_eq!(application.term_unit.as_deref(), Some("months"));
}

#[test]
fn what_has_no_field_is_kept_as_sent() {
    let event = onepay("subscription.payment.c");
    let subscription = onepay::Subscription::of(&event).unwrap().unwrap();
    let payment = subscription.payment.unwrap();
    assert_eq!(payment.other.text("period").as_deref(), Some("2023-07"));
    #[derive(serde::Deserialize)]
    struct Customer {
        document_number: String,
    }
    let customer: Customer = subscription.other.read("customer").unwrap().unwrap();
    assert_eq!(customer.document_number, "9007199254740993");
    assert!(!format!("{:?}", subscription.other).contains("9007199254740993"));

    let body =
        r#"{"event":"payment.approved","data":{"id":7.10,"fee":0.30000000000000004441,"paid":null,"x":{"n":1e999}}}"#;
    let payment = onepay::Payment::of(&read(&onepay::PROVIDER, body)).unwrap().unwrap();
    assert_eq!(payment.id, "7.10");
    assert_eq!(payment.other.text("fee").as_deref(), Some("0.30000000000000004441"));
    assert_eq!(payment.other.read::<u8>("paid").unwrap(), None);
    let reason = payment
        .other
        .read::<std::collections::BTreeMap<String, u8>>("x")
        .unwrap_err()
        .to_string();
    assert!(reason.contains("BTreeMap`: x.n: "), "{reason}");
}

/// The last of two members with the same name counts, as for everything else that is read.
#[test]
fn a_repeated_member_is_the_last_one() {
    let body =
        r#"{"payment":{"id":"a"},"payment":{"id":"b","amount":1,"amount":"2"},"event":{"type":"payment.created"}}"#;
    let event = read(&onepay::PROVIDER, body);
    let payment = onepay::Payment::of(&event).unwrap().unwrap();
    assert_eq!((payment.id.as_str(), payment.amount.unwrap().as_str()), ("b", "2"));
    assert_eq!(
        (event.resource.unwrap().id.as_str(), event.amount.as_deref()),
        ("b", Some("2"))
    );
}

#[test]
fn a_mismatch_names_the_whole_path_and_no_value() {
    let reason = |body: &str| {
        let event = read(&onepay::PROVIDER, body);
        let wrong = onepay::Payment::of(&event)
            .map(drop)
            .and(onepay::Subscription::of(&event).map(drop));
        wrong.unwrap_err().to_string()
    };
    let reasons = [
        r#"{"event":"payment.approved","data":{"amount":"juan"}}"#,
        r#"{"event":"payment.approved","data":{"id":null}}"#,
        r#"{"event":"payment.approved","data":"juan"}"#,
        r#"{"event":"payment.approved","data":["juan"]}"#,
        r#"{"event":{"type":"payment.approved"}}"#,
        r#"{"event":"payment.approved","data":{"id":"\ud800juan"}}"#,
    ]
    .map(reason);
    assert!(reasons.iter().all(|reason| !reason.contains("juan")), "{reasons:#?}");
    insta::assert_snapshot!(reasons.join("\n"));
}

/// A hook that only reads the id gets every payment, whatever the provider does to other members.
#[test]
fn a_member_of_another_shape_is_missing_and_kept() {
    let body = r#"{"event":"payment.approved","data":{"id":"p","amount":{"value":1},"status":["a"],"paid_at":true,
        "title":"cut \ud83d","reference":"ORD-1"}}"#;
    let payment = onepay::Payment::of(&read(&onepay::PROVIDER, body)).unwrap().unwrap();
    assert_eq!((payment.amount, payment.status, payment.title), (None, None, None));
    assert_eq!(payment.reference.as_deref(), Some("ORD-1"));
    let amount: std::collections::BTreeMap<String, u8> = payment.other.read("amount").unwrap().unwrap();
    assert_eq!(amount["value"], 1);
    for sent in [r#""pay-1""#, r#"{"amount":5}"#, "null"] {
        let body =
            format!(r#"{{"subscription":{{"id":"s","payment":{sent}}},"event":{{"type":"subscription.payment"}}}}"#);
        let subscription = onepay::Subscription::of(&read(&onepay::PROVIDER, &body))
            .unwrap()
            .unwrap();
        assert!(subscription.payment.is_none(), "{sent}");
    }
}

/// The same type of event at another provider is nobody else's payment.
#[test]
fn a_type_reads_only_its_own_provider() {
    let event = read(
        &kuenta::PROVIDER,
        r#"{"event":"payment.completed","data":{"id":"pmt_789"}}"#,
    );
    assert!(onepay::Payment::of(&event).unwrap().is_none());
    #[derive(serde::Deserialize)]
    struct Own {
        id: String,
    }
    assert_eq!(event.resource_as::<Own>().unwrap().id, "pmt_789");
    let event = read(&unopago::PROVIDER, r#"{"event":"payment_received","id":"7"}"#);
    assert_eq!(event.resource_as::<Own>().unwrap().id, "7", "the payload itself");
}
