//! Payments whose events arrive in an odd order or have odd times.

use super::*;

/// Applies `events` in this order and returns their row.
async fn row_after(events: &[Event]) -> Item {
    let table = Table::create().await;
    for event in events {
        table.apply(event).await;
    }
    let row = table.item(&row_of(&events[0])).await.unwrap();
    assert_eq!(text(&row, "applied"), events.len().to_string());
    row
}

/// Both events lead to `status`, in whatever order they arrive.
async fn ends(status: &str, first: Event, second: Event) {
    for events in [[first.clone(), second.clone()], [second, first]] {
        let row = row_after(&events).await;
        assert_eq!(text(&row, "status"), status, "{events:?}");
    }
}

#[tokio::test]
async fn a_later_creation_failure_or_expiry_does_not_undo_a_success() {
    for later in [
        "payment.created",
        "payment.rejected",
        "payment.expired",
        "payment.deleted",
    ] {
        ends("succeeded", onepay("payment.approved", 0), onepay(later, 60)).await;
    }
    for later in ["payment.created", "payment.failed"] {
        ends("succeeded", kuenta("payment.completed", 0), kuenta(later, 60)).await;
    }
    for later in [
        "charge.created",
        "charge.processing",
        "charge.declined",
        "charge.failed",
    ] {
        ends("succeeded", onepay("charge.succeeded", 0), onepay(later, 60)).await;
    }
}

#[tokio::test]
async fn a_later_success_does_not_undo_a_refund_or_a_dispute() {
    ends(
        "refunded",
        kuenta("payment.refunded", 0),
        kuenta("payment.completed", 60),
    )
    .await;
    ends("refunded", onepay("charge.refunded", 0), onepay("charge.paid", 60)).await;
    ends("disputed", onepay("charge.disputed", 0), onepay("charge.succeeded", 60)).await;
    ends("disputed", onepay("charge.refunded", 0), onepay("charge.disputed", 60)).await;
    ends("refunded", onepay("charge.disputed", 0), onepay("charge.refunded", 60)).await;
}

#[tokio::test]
async fn a_success_replaces_a_failure_or_an_expiry_of_any_time() {
    for before in [-60, 0, 60] {
        for failed in ["payment.rejected", "payment.expired", "payment.partially_paid"] {
            ends("succeeded", onepay(failed, before), onepay("payment.approved", 0)).await;
        }
    }
}

#[tokio::test]
async fn time_decides_between_states_of_the_same_level() {
    ends(
        "failed",
        onepay("payment.partially_paid", 0),
        onepay("payment.rejected", 60),
    )
    .await;
    ends(
        "partially_paid",
        onepay("payment.rejected", 0),
        onepay("payment.partially_paid", 60),
    )
    .await;
    // OnePay's times are whole seconds. At the same time, the state further down the table counts.
    ends("cancelled", onepay("payment.deleted", 0), onepay("payment.expired", 0)).await;
}

#[tokio::test]
async fn a_completed_payout_stays_completed() {
    for later in ["created", "approved", "processing", "rejected", "cancelled"] {
        let later = onepay(&format!("cashout.{later}"), 60);
        ends("completed", onepay("cashout.processed", 0), later).await;
    }
    ends(
        "failed",
        onepay("cashout.processing", 0),
        onepay("cashout.rejected", 60),
    )
    .await;
}

#[tokio::test]
async fn a_subscription_is_active_until_it_is_cancelled() {
    ends(
        "active",
        onepay("subscription.created", 60),
        onepay("subscription.active", 0),
    )
    .await;
    ends(
        "active",
        onepay("subscription.created", 60),
        onepay("subscription.payment", 0),
    )
    .await;
    ends(
        "cancelled",
        onepay("subscription.cancelled", 0),
        onepay("subscription.payment", 60),
    )
    .await;
}

/// Microseconds read as milliseconds are the year 58,000, and once froze a payment in `created`.
#[tokio::test]
async fn an_absurd_time_freezes_nothing() {
    let mut created = onepay("payment.created", 0);
    for absurd in [0, -1, i64::MIN, i64::MAX, 1_795_000_000_000_000] {
        created.occurred_at = Some(Timestamp::from_millis(absurd));
        ends("succeeded", created.clone(), onepay("payment.approved", 0)).await;
    }
}

#[tokio::test]
async fn an_event_that_is_late_or_has_no_amount_leaves_the_known_amount() {
    let amount = |type_name, seconds, amount: &str| {
        onepay_with(type_name, seconds, &format!(r#""id":"5001","amount":{amount}"#))
    };
    let approved = amount("payment.approved", 60, r#""150000.00""#);
    let row = row_after(&[approved.clone(), amount("payment.created", 0, "140000")]).await;
    assert_eq!(text(&row, "amount"), "150000.00", "late");
    let row = row_after(&[amount("payment.created", 0, "140000"), onepay("payment.approved", 60)]).await;
    assert_eq!(text(&row, "amount"), "140000", "none");
    let row = row_after(&[onepay("payment.approved", 60), amount("payment.created", 0, "140000")]).await;
    assert_eq!(text(&row, "amount"), "140000", "the only one");
    let row = row_after(&[amount("payment.created", 0, "9007199254740993"), approved]).await;
    assert_eq!(text(&row, "amount"), "150000.00");
}

#[tokio::test]
async fn a_row_has_the_last_event_and_its_time() {
    let row = row_after(&[onepay("payment.created", 0), onepay("payment.expired", 7)]).await;
    assert_eq!(text(&row, "last_type"), "payment.expired");
    assert_eq!(text(&row, "last_at"), at(7).as_millis().to_string());
    assert_eq!(text(&row, "updated_at"), at(0).to_string());
}

#[tokio::test]
async fn an_event_about_something_else_writes_nothing() {
    let table = Table::create().await;
    for event in [kuenta("document.signed", 0), onepay("account.enrolled", 0)] {
        assert!(table.effects(&event).await.is_none());
    }
}
