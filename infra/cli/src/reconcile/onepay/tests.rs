use acuse_core::providers::onepay::PROVIDER;

use super::*;

#[test]
fn a_status_stands_for_types_that_the_provider_has() {
    let payments = [
        "approved",
        "declined",
        "rejected",
        "expired",
        "cancelled",
        "partially_paid",
        "partial_expired",
        "refunded",
    ];
    let charges = ["paid", "failed", "refunded", "disputed"];
    let payments = payments.map(|status| (PAYMENT, status));
    for (kind, status) in payments.into_iter().chain(charges.map(|status| (CHARGE, status))) {
        let Means::Sent(types) = means(kind, status) else {
            panic!("{kind} {status}");
        };
        assert!(types.iter().all(|name| PROVIDER.types.contains(name)), "{types:?}");
    }
    for status in ["pending", "in_progress"] {
        assert_eq!(means(PAYMENT, status), Means::Open);
    }
    assert_eq!(means(PAYMENT, "disputed"), Means::Unknown);
    assert_eq!(means("cashout", "processed"), Means::Unknown);
}

#[test]
fn a_list_ends_with_its_last_page_and_neither_before_nor_never() {
    assert_eq!(is_last(1, 0, 0), Ok(true), "a list without items");
    assert_eq!(
        [is_last(3, 3, 0), is_last(MOST_PAGES, MOST_PAGES, 1)],
        [Ok(true), Ok(true)]
    );
    assert_eq!(is_last(2, 3, 20), Ok(false));
    assert_eq!(is_last(2, 3, 0), Err("an empty page 2 of 3".to_owned()));
    let endless = Err("a list of more than 10000 pages".to_owned());
    assert_eq!(is_last(MOST_PAGES, MOST_PAGES + 1, 20), endless);
}

/// Its other times say nothing about when an event happened.
#[test]
fn the_time_of_payment_is_that_of_what_is_paid() {
    for (status, is_own) in [
        ("approved", true),
        ("PAID", true),
        ("refunded", false),
        ("expired", false),
    ] {
        let text = format!(r#"{{"id":"p1","status":"{status}","paid_at":"2026-11-20T08:05:00Z"}}"#);
        let payment = resource(PAYMENT, &text).unwrap();
        assert_eq!(payment.at, Timestamp::from_rfc3339("2026-11-20T08:05:00Z"));
        assert_eq!(payment.paid_at, payment.at.filter(|_| is_own), "{status}");
    }
}

#[test]
fn a_resource_is_read_exactly() {
    let text = r#"{"id":7,"status":"Paid","amount":90071992547409931.10,"currency":"COP","external_id":"ORD-1",
        "source":{"type":"Payment","id":"p1"},"is_test":false,"created_at":"2024-10-20T12:00:00.000000Z","paid_at":null}"#;
    let charge = resource(CHARGE, text).unwrap();
    assert_eq!((charge.id.as_str(), charge.status.as_str()), ("7", "paid"));
    assert_eq!(charge.amount.as_deref(), Some("90071992547409931.10"));
    assert_eq!(charge.payment.as_deref(), Some("p1"));
    assert_eq!(charge.at, Timestamp::from_rfc3339("2024-10-20T12:00:00Z"));
    assert_eq!(charge.paid_at, None, "it says no time of payment");
    assert_eq!(charge.json, text);
    assert_eq!(resource(CHARGE, r#"{"id":"p1"}"#), None, "no status");
}
