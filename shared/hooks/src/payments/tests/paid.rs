//! Partial payments.

use proptest::prelude::*;

use super::row::is_decimal;
use super::*;

fn partial(members: &str) -> Event {
    onepay_with("payment.partially_paid", 0, &format!(r#""id":"5001",{members}"#))
}

async fn row_after(events: &[Event]) -> Item {
    let table = Table::create().await;
    for event in events {
        table.apply(event).await;
    }
    table.item("onepay#live#payment#5001").await.unwrap()
}

fn totals(row: &Item) -> Vec<String> {
    let mut totals = row
        .get("paid_totals")
        .and_then(|set| set.as_ns().ok())
        .cloned()
        .unwrap_or_default();
    totals.sort_unstable();
    totals
}

/// OnePay's totals are cumulative, so the largest is the amount paid, in whatever order they arrive.
#[tokio::test]
async fn totals_are_kept_as_a_set() {
    let total = |total: &str| {
        partial(&format!(
            r#""amount":150000,"partial_payment":{{"total_paid":{total}}}"#
        ))
    };
    let events = [
        total("100000"),
        total("50000"),
        total("\"120000.50\""),
        total("\"all\""),
    ];
    let row = row_after(&events).await;
    assert_eq!(totals(&row), ["100000", "120000.5", "50000"]);
    assert_eq!(text(&row, "paid_parts"), "", "a total is not a part");
    assert_eq!(
        (text(&row, "amount"), text(&row, "applied")),
        ("150000".to_owned(), "4".to_owned())
    );
}

#[tokio::test]
async fn parts_without_a_total_are_added_up_as_decimals() {
    let part = |amount: &str| partial(&format!(r#""amount":{amount}"#));
    let events = [
        part("0.1"),
        part("\"0.2\""),
        part("\"0.20 COP\""),
        part("9007199254740993"),
    ];
    let row = row_after(&events).await;
    assert_eq!(text(&row, "paid_parts"), "9007199254740993.3");
    assert_eq!(text(&row, "applied"), "4");
}

#[tokio::test]
async fn only_partial_payments_are_parts() {
    let whole = onepay_with("payment.approved", 0, r#""id":"5001","amount":7"#);
    let row = row_after(&[whole, partial(r#""amount":3"#)]).await;
    assert_eq!(text(&row, "paid_parts"), "3");
}

#[test]
fn only_plain_decimals_are_added_up() {
    for text in ["0", "150000.00", "-5", "007.50", &"9".repeat(18)] {
        assert!(is_decimal(text), "{text}");
    }
    let long = "9".repeat(19);
    for text in [
        "", "-", ".", "1.", ".5", "1e3", "1E3", "1,000", "1.000,00", "NaN", "+1", " 1", "٣", "--1", &long,
    ] {
        assert!(!is_decimal(text), "{text}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    /// Floats would lose a cent of some of these.
    #[test]
    fn the_sum_is_exact(cents in proptest::collection::vec(0_u64..10_000_000_000, 1..6)) {
        let part = |cents: &u64| partial(&format!(r#""amount":"{}.{:02}""#, cents / 100, cents % 100));
        let events: Vec<Event> = cents.iter().map(part).collect();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let row = runtime.block_on(row_after(&events));
        let (sum, paid) = (cents.iter().sum::<u64>(), text(&row, "paid_parts"));
        let (whole, fraction) = paid.split_once('.').unwrap_or((&paid, ""));
        prop_assert_eq!(format!("{whole}{fraction:0<2}"), format!("{}{:02}", sum / 100, sum % 100));
    }
}
