use acuse_core::providers::onepay;

use super::*;
use crate::reconcile::onepay::{CHARGE, PAYMENT, resource};

const JSON: &str = r#"{"id":"p1","amount":90071992547409931.10, "status":"approved","is_test":false,"external_id":"ORD-1","currency":"COP","paid_at":"2026-11-20T08:05:00-05:00"}"#;

fn compared(kind: &'static str, type_name: &str, json: &str) -> Compared {
    Compared {
        asked: None,
        resource: Some(Resource {
            json: json.to_owned(),
            ..resource(kind, JSON).unwrap()
        }),
        finding: Finding::Missing,
        expected: vec![type_name.to_owned()],
        record: None,
        detail: String::new(),
    }
}

fn at(text: &str) -> Timestamp {
    Timestamp::from_rfc3339(text).unwrap()
}

/// Why the event of a payment with this JSON is refused.
fn why(type_name: &str, json: &str) -> Option<Refused> {
    let own = Compared {
        resource: resource(PAYMENT, json),
        ..compared(PAYMENT, type_name, json)
    };
    of(&own, place(1)).unwrap().err()
}

fn place(seed: u8) -> Place {
    Place {
        provider: &onepay::PROVIDER,
        account: Account::default(),
        own: Environment::Live,
        now: Timestamp::from_seconds(1_795_161_600 + i64::from(seed)),
        remembered: at("2026-11-20T13:05:00Z"),
        random: [seed; 10],
    }
}

/// The key of a webhook with this body.
fn key_of(body: &str) -> String {
    let envelope = Envelope {
        body: body.to_owned().into(),
        replay: None,
        ..made(
            compared(PAYMENT, "payment.approved", JSON).resource.as_ref().unwrap(),
            "payment.approved",
            place(0),
        )
        .unwrap()
        .envelope
    };
    Event::read(envelope, &onepay::PROVIDER, Environment::Live)
        .key
        .to_string()
}

#[test]
fn it_has_the_key_of_the_webhook_in_the_shapes_without_an_event_id() {
    let own = of(&compared(PAYMENT, "payment.approved", JSON), place(1))
        .unwrap()
        .unwrap();
    let key = own.event.key.to_string();
    assert_eq!(key, "onepay#live#payment#p1|payment.approved");
    let a =
        r#"{"payment":{"id":"p1","amount":1},"event":{"type":"payment.approved","timestamp":1,"environment":"live"}}"#;
    let c = r#"{"event":"payment.approved","data":{"id":"p1","amount":1}}"#;
    assert_eq!([key_of(a), key_of(c)], [key.clone(), key.clone()]);
    // Which is why accounts whose webhooks have one are refused.
    let b = r#"{"payment":{"id":"p1"},"event":{"type":"payment.approved","id":"evt_1","environment":"live"}}"#;
    assert_eq!(key_of(b), format!("{key}#event#evt_1"));
}

#[test]
fn it_is_marked_and_has_the_providers_json_byte_for_byte() {
    let own = of(&compared(PAYMENT, "payment.approved", JSON), place(1))
        .unwrap()
        .unwrap();
    let (event, text) = (&own.event, String::from_utf8(own.envelope.body.to_vec()).unwrap());
    assert!(event.reconciled && !event.replay, "{event:?}");
    assert_eq!(event.amount.as_deref(), Some("90071992547409931.10"));
    assert_eq!(event.reference.as_deref(), Some("ORD-1"));
    assert!(text.contains(JSON), "{text}");
    let message = own.envelope.to_message().unwrap();
    assert_eq!(message.attribute("replay"), Some("reconciled"));
    // A consumer from before would take it for a delivery.
    assert_eq!(message.attribute("envelope"), Some("3"));
    let read = Envelope::from_message(message.text.clone(), |name| message.attribute(name)).unwrap();
    assert_eq!(read.replay, Some(Replay::Reconciled));
}

#[test]
fn the_same_resource_makes_the_same_bytes_in_every_run() {
    let body = |seed| {
        of(&compared(PAYMENT, "payment.approved", JSON), place(seed))
            .unwrap()
            .unwrap()
            .event
    };
    let [first, second] = [body(1), body(2)];
    assert_eq!(first.body_sha256(), second.body_sha256());
    assert_ne!(first.delivery_id, second.delivery_id);
}

#[test]
fn what_has_a_key_that_cannot_be_foreseen_is_refused_with_the_reason() {
    for (kind, type_name) in [
        (PAYMENT, "payment.rejected"),
        (PAYMENT, "payment.partially_paid"),
        (PAYMENT, "payment.deleted"),
        (CHARGE, "charge.paid"),
        (CHARGE, "charge.refunded"),
    ] {
        let why = of(&compared(kind, type_name, JSON), place(1)).unwrap().unwrap_err();
        assert!(matches!(why, Refused::Type { .. }), "{type_name}: {why}");
    }
    let mut unsaid = compared(PAYMENT, "payment.approved", JSON);
    unsaid.resource.as_mut().unwrap().is_test = None;
    assert_eq!(of(&unsaid, place(1)).unwrap().unwrap_err(), Refused::Environment);
    // The JSON is of another payment, or of the other environment, than was compared.
    for (own, other) in [
        (r#""p1""#, r#""p2""#),
        ("false", "true"),
        ("931.10", "931.20"),
        ("COP", "USD"),
    ] {
        let json = JSON.replace(own, other);
        let why = of(&compared(PAYMENT, "payment.approved", &json), place(1)).unwrap();
        assert!(matches!(why, Err(Refused::Key(_))), "{json}: {why:?}");
    }
    for finding in [Finding::There, Finding::Differs, Finding::InFlight, Finding::Open] {
        let compared = Compared {
            finding,
            ..compared(PAYMENT, "payment.approved", JSON)
        };
        assert!(of(&compared, place(1)).is_none());
    }
}

#[test]
fn an_account_whose_webhooks_have_event_ids_or_that_has_none_is_refused() {
    assert_eq!(check_account(EventIds::None), Ok(()));
    let key = "onepay#live#payment#p1|payment.approved#event#evt_1".to_owned();
    let why = check_account(EventIds::Sent(key.clone())).unwrap_err();
    assert!(
        why.to_string().contains(&key) && why.to_string().contains("would count twice"),
        "{why}"
    );
    assert_eq!(check_account(EventIds::Unknown), Err(Refused::NoWebhook));
}

/// It would be taken in again, and its money would count twice.
#[test]
fn what_the_ledger_may_have_forgotten_is_refused() {
    assert_eq!(why("payment.approved", JSON), None, "it is just remembered");
    let older = JSON.replace("08:05:00", "08:04:59");
    let then = at("2026-11-20T13:04:59Z");
    assert_eq!(why("payment.approved", &older), Some(Refused::Forgotten(then)));
    let no_time = JSON.replace("2026-11-20T08:05:00-05:00", "soon");
    assert_eq!(why("payment.approved", &no_time), Some(Refused::NoTime));
    let created = no_time.replace('{', r#"{"created_at":"2026-10-20T08:05:00Z","#);
    let then = at("2026-10-20T08:05:00Z");
    assert_eq!(why("payment.approved", &created), Some(Refused::Forgotten(then)));
}

#[test]
fn it_happened_when_it_was_paid() {
    let own = of(&compared(PAYMENT, "payment.approved", JSON), place(1)).unwrap();
    let event = own.unwrap().event;
    assert_eq!(event.at(), at("2026-11-20T13:05:00Z"));
    assert_eq!(event.key.to_string(), "onepay#live#payment#p1|payment.approved");
    // Nothing says when it expired.
    let json = JSON.replace("approved", "expired").replace("paid_at", "created_at");
    let own = Compared {
        resource: resource(PAYMENT, &json),
        ..compared(PAYMENT, "payment.expired", &json)
    };
    let event = of(&own, place(1)).unwrap().unwrap().event;
    assert_eq!(event.occurred_at, None);
    assert_eq!(event.key.to_string(), "onepay#live#payment#p1|payment.expired");
}

/// Any webhook would confirm it.
#[test]
fn what_names_no_plain_amount_or_no_currency_is_refused() {
    for (own, other) in [
        ("90071992547409931.10", "null"),
        ("90071992547409931.10", r#""1,000""#),
        ("90071992547409931.10", "1E3"),
        ("90071992547409931.10", "-1"),
        ("90071992547409931.10", r#"" ""#),
        (r#""COP""#, "null"),
        (r#""COP""#, r#""""#),
    ] {
        let json = JSON.replace(own, other);
        assert_eq!(why("payment.approved", &json), Some(Refused::Money), "{json}");
    }
    let text = JSON.replace("90071992547409931.10", r#""1000.00""#);
    assert_eq!(why("payment.approved", &text), None);
}

#[test]
fn an_id_that_is_no_json_string_is_refused() {
    assert_eq!(
        why("payment.approved", &JSON.replace(r#""p1""#, "7")),
        Some(Refused::Id)
    );
}

/// A hook would hand over what is no longer paid for.
#[test]
fn a_payment_that_was_refunded_since_is_refused() {
    let why = why("payment.approved", &JSON.replace("approved", "refunded")).unwrap();
    assert!(why.to_string().contains("refunded since"), "{why}");
}
