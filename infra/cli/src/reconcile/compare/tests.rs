use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;

use super::*;
use crate::reconcile::onepay::{CHARGE, PAYMENT};

const NOW: Timestamp = Timestamp::from_seconds(1_795_161_600);

fn record(type_name: &str, status: &str, amount: &str) -> Record {
    let text = |text: &str| AttributeValue::S(text.to_owned());
    let number = |number: i64| AttributeValue::N(number.to_string());
    Record::from_item(&HashMap::from([
        ("pk".to_owned(), text("onepay#live#payment#p1")),
        ("sk".to_owned(), text(type_name)),
        ("status".to_owned(), text(status)),
        ("provider".to_owned(), text("onepay")),
        ("environment".to_owned(), text("live")),
        ("type".to_owned(), text(type_name)),
        ("amount".to_owned(), text(amount)),
        ("currency".to_owned(), text("COP")),
        ("attempts".to_owned(), number(1)),
        ("received_at".to_owned(), number(NOW.as_millis())),
        ("body_sha256".to_owned(), text("5a")),
    ]))
    .unwrap()
}

fn payment(status: &str) -> Resource {
    Resource {
        kind: PAYMENT,
        id: "p1".to_owned(),
        status: status.to_owned(),
        amount: Some("1000".to_owned()),
        currency: Some("cop".to_owned()),
        at: Some(NOW.minus(std::time::Duration::from_secs(3600))),
        ..Resource::default()
    }
}

fn terms() -> Terms {
    Terms {
        posted: None,
        young: NOW.minus(std::time::Duration::from_secs(600)),
        remembered: NOW.minus(std::time::Duration::from_secs(89 * 86_400)),
    }
}

fn found(resource: Resource, records: &[Record]) -> Finding {
    compare(resource, records, &terms()).finding
}

#[test]
fn what_the_ledger_lacks_is_missing_or_behind() {
    assert_eq!(found(payment("approved"), &[]), Finding::Missing);
    let created = record("payment.created", "COMPLETED", "1000");
    let behind = compare(payment("approved"), std::slice::from_ref(&created), &terms());
    assert_eq!(behind.finding, Finding::Behind);
    assert_eq!(behind.expected, ["payment.approved"]);
    assert!(
        behind
            .detail
            .ends_with("the ledger's last event of it is payment.created"),
        "{}",
        behind.detail
    );
    let approved = record("payment.approved", "COMPLETED", "1000");
    assert_eq!(found(payment("approved"), &[created, approved]), Finding::There);
}

#[test]
fn amounts_are_compared_by_value_and_exactly() {
    for (amount, finding) in [
        ("1000.00", Finding::There),
        ("01000", Finding::There),
        ("1000.01", Finding::Differs),
        ("100000", Finding::Differs),
    ] {
        let event = record("payment.approved", "COMPLETED", amount);
        assert_eq!(found(payment("approved"), &[event]), finding, "{amount}");
    }
    let dollars = Resource {
        currency: Some("USD".to_owned()),
        ..payment("approved")
    };
    assert_eq!(
        found(dollars, &[record("payment.approved", "COMPLETED", "1000")]),
        Finding::Differs
    );
}

#[test]
fn an_event_that_no_hook_has_had_is_not_there() {
    for (status, finding) in [
        ("COMPLETED", Finding::There),
        ("IN_PROGRESS", Finding::There),
        ("RELEASED", Finding::There),
        ("REJECTED", Finding::NotProcessed),
        ("CONFLICT", Finding::NotProcessed),
    ] {
        let event = record("payment.approved", status, "1000");
        assert_eq!(
            found(payment("approved"), std::slice::from_ref(&event)),
            finding,
            "{status}"
        );
        let completed = record("payment.approved", "COMPLETED", "1000");
        assert_eq!(
            found(payment("approved"), &[event, completed]),
            Finding::There,
            "{status}"
        );
    }
}

#[test]
fn a_confirmation_alone_is_no_event() {
    let confirmation = Record {
        confirmation: true,
        ..record("payment.approved", "COMPLETED", "1000")
    };
    assert_eq!(found(payment("approved"), &[confirmation]), Finding::Missing);
}

#[test]
fn what_may_still_come_and_what_never_will_is_not_missing() {
    let young = Resource {
        at: Some(NOW),
        ..payment("approved")
    };
    assert_eq!(found(young, &[]), Finding::InFlight);
    assert_eq!(found(payment("pending"), &[]), Finding::Open);
    assert_eq!(found(payment("frozen"), &[]), Finding::Unclear);
    let posted = |types: &[&str]| Terms {
        posted: Some(types.iter().map(|&name| name.to_owned()).collect()),
        ..terms()
    };
    let finding = |terms: &Terms| compare(payment("approved"), &[], terms).finding;
    assert_eq!(finding(&posted(&["charge.paid"])), Finding::NotPosted);
    assert_eq!(finding(&posted(&["payment.approved"])), Finding::Missing);
}

/// The guide and the reference name a paid charge differently.
#[test]
fn either_name_of_a_fact_will_do() {
    let charge = || Resource {
        kind: CHARGE,
        ..payment("paid")
    };
    for name in ["charge.paid", "charge.succeeded"] {
        assert_eq!(
            found(charge(), &[record(name, "COMPLETED", "1000")]),
            Finding::There,
            "{name}"
        );
    }
    assert_eq!(
        found(charge(), &[record("charge.created", "COMPLETED", "1000")]),
        Finding::Behind
    );
}

/// It may have been there.
#[test]
fn what_is_older_than_the_ledger_remembers_is_not_missing() {
    let of = |days: u64| Resource {
        at: Some(NOW.minus(std::time::Duration::from_secs(days * 86_400))),
        ..payment("approved")
    };
    let created = record("payment.created", "COMPLETED", "1000");
    assert_eq!(found(of(89), &[]), Finding::Missing);
    for records in [&[][..], &[created]] {
        let compared = compare(of(90), records, &terms());
        assert_eq!(compared.finding, Finding::Forgotten);
        assert!(
            compared.detail.contains("older than the ledger remembers"),
            "{}",
            compared.detail
        );
    }
    let approved = record("payment.approved", "COMPLETED", "1000");
    assert_eq!(found(of(90), &[approved]), Finding::There);
    assert!(Finding::Forgotten.is_unclear() && !Finding::Forgotten.is_problem());
}
