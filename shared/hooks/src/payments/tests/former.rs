//! Rows of the earlier version, with the key `{provider}#{environment}#{resource id}` and without a level.

use serde_json::{Value, json};

use super::*;

/// A row as the earlier version wrote it.
pub(super) fn former(id: &str, kind: &str, status: &str, stage: i64, applied: i64) -> Value {
    json!({
        "pk": format!("onepay#live#{id}"),
        "status": status,
        "resource_kind": kind,
        "last_type": "earlier",
        "updated_at": "2026-11-25T10:00:00Z",
        "last_at": at(0).as_millis(),
        "last_stage": stage,
        "amount": "150000.00",
        "applied": applied,
    })
}

const FORMER: &str = "onepay#live#5001";
const PAYMENT: &str = "onepay#live#payment#5001";

#[tokio::test]
async fn a_former_row_keeps_its_state_and_count() {
    for (event, status, last_type) in [
        (onepay("payment.expired", 60), "succeeded", "earlier"),
        (onepay("payment.created", 60), "succeeded", "earlier"),
        (onepay("payment.approved", 60), "succeeded", "payment.approved"),
    ] {
        let table = Table::create().await;
        table.put(former("5001", "payment", "succeeded", 6, 2)).await;
        table.apply(&event).await;
        let row = table.item(PAYMENT).await.unwrap();
        assert_eq!(
            (text(&row, "status").as_str(), text(&row, "last_type").as_str()),
            (status, last_type)
        );
        assert_eq!(
            (text(&row, "applied"), text(&row, "amount")),
            ("3".to_owned(), "150000.00".to_owned())
        );
        assert_eq!(table.item(FORMER).await, None, "a payment has one row");
        table.apply(&onepay("payment.created", -60)).await;
        assert_eq!(text(&table.item(PAYMENT).await.unwrap(), "applied"), "4");
    }
}

#[tokio::test]
async fn every_status_of_the_earlier_version_is_known() {
    for (kind, status, event, ends) in [
        ("payment", "created", "payment.rejected", "failed"),
        ("payment", "failed", "payment.created", "failed"),
        ("payment", "expired", "payment.approved", "succeeded"),
        ("payment", "cancelled", "payment.created", "cancelled"),
        ("payment", "partially_paid", "payment.created", "partially_paid"),
        ("charge", "processing", "charge.created", "processing"),
        ("charge", "refunded", "charge.paid", "refunded"),
        ("charge", "disputed", "charge.paid", "disputed"),
        ("cashout", "approved", "cashout.created", "approved"),
        ("cashout", "processing", "cashout.processed", "completed"),
        ("cashout", "completed", "cashout.rejected", "completed"),
        ("subscription", "succeeded", "subscription.created", "active"),
        ("subscription", "succeeded", "subscription.cancelled", "cancelled"),
    ] {
        let table = Table::create().await;
        table.put(former("5001", kind, status, 1, 1)).await;
        table.apply(&onepay(event, 60)).await;
        let row = table.item(&format!("onepay#live#{kind}#5001")).await.unwrap();
        assert_eq!(
            (text(&row, "status").as_str(), text(&row, "applied").as_str()),
            (ends, "2"),
            "{status}, {event}"
        );
    }
}

/// The earlier version read microseconds as the year 55,000, so that no event of the same level could follow.
#[tokio::test]
async fn an_impossible_time_does_not_freeze_a_row() {
    for last_at in [at(0).as_millis() * 1000, i64::MAX] {
        let table = Table::create().await;
        let mut row = former("5001", "payment", "failed", 3, 1);
        row["last_at"] = json!(last_at);
        row["updated_at"] = json!(at(0).to_string());
        table.put(row).await;
        table.apply(&onepay("payment.expired", -60)).await;
        assert_eq!(text(&table.item(PAYMENT).await.unwrap(), "status"), "failed");
        table.apply(&onepay("payment.partially_paid", 60)).await;
        assert_eq!(text(&table.item(PAYMENT).await.unwrap(), "status"), "partially_paid");
    }
}

/// Two resources shared a row, which says whose state it has.
#[tokio::test]
async fn a_row_of_another_kind_stays_for_that_kind() {
    let table = Table::create().await;
    table.put(former("5001", "cashout", "completed", 6, 2)).await;
    table.apply(&onepay("payment.created", 0)).await;
    assert_eq!(text(&table.item(PAYMENT).await.unwrap(), "applied"), "1");
    table.apply(&onepay("cashout.rejected", 60)).await;
    let cashout = table.item("onepay#live#cashout#5001").await.unwrap();
    assert_eq!(
        (text(&cashout, "status").as_str(), text(&cashout, "applied").as_str()),
        ("completed", "3")
    );
}

/// If two consumers have read the row, one moves it, and the other's hook is called again.
#[tokio::test]
async fn a_row_is_moved_once() {
    let table = Table::create().await;
    table.put(former("5001", "payment", "created", 0, 1)).await;
    let (approved, expired) = (onepay("payment.approved", 60), onepay("payment.expired", 30));
    let effects = [table.effects(&approved).await, table.effects(&expired).await];
    let [first, second] = effects;
    assert!(table.commit(first).await);
    assert!(!table.commit(second).await, "nothing is written");
    assert_eq!(text(&table.item(PAYMENT).await.unwrap(), "applied"), "2");
    table.apply(&expired).await;
    let row = table.item(PAYMENT).await.unwrap();
    assert_eq!(
        (text(&row, "status").as_str(), text(&row, "applied").as_str()),
        ("succeeded", "3")
    );
}

/// During a deployment or after a rollback, the earlier version writes its own rows again. They are merged as well.
#[tokio::test]
async fn what_the_earlier_version_writes_later_is_not_lost() {
    let table = Table::create().await;
    table.apply(&onepay("payment.created", 0)).await;
    table.put(former("5001", "payment", "succeeded", 6, 1)).await;
    table.apply(&onepay("payment.expired", 60)).await;
    let row = table.item(PAYMENT).await.unwrap();
    assert_eq!(
        (text(&row, "status").as_str(), text(&row, "applied").as_str()),
        ("succeeded", "3")
    );
    assert_eq!(table.item(FORMER).await, None);
}

/// The id `payment#5001` had the key that payment 5001 has now.
#[tokio::test]
async fn an_id_that_looks_like_a_key_moves_no_other_row() {
    let odd = |type_name| onepay_with(type_name, 60, r##""id":"payment#5001""##);
    let table = Table::create().await;
    table.apply(&onepay("payment.approved", 0)).await;
    table.apply(&odd("payment.created")).await;
    assert_eq!(
        text(&table.item(PAYMENT).await.unwrap(), "applied"),
        "1",
        "a current row is never taken for a former one"
    );

    let table = Table::create().await;
    table.put(former("payment#5001", "payment", "succeeded", 6, 1)).await;
    let effects = table.effects(&onepay("payment.created", 0)).await;
    assert!(!table.commit(effects).await, "another payment's row is not changed");
    table.apply(&odd("payment.expired")).await;
    table.apply(&onepay("payment.created", 0)).await;
    assert_eq!(text(&table.item(PAYMENT).await.unwrap(), "status"), "created");
}

/// A stack that never had the earlier version saves the read.
#[tokio::test]
async fn former_rows_are_ignored_if_there_are_none() {
    let mut table = Table::create().await;
    table.payments.has_former_rows = false;
    table.put(former("5001", "payment", "succeeded", 6, 2)).await;
    table.apply(&onepay("payment.created", 0)).await;
    assert_eq!(text(&table.item(PAYMENT).await.unwrap(), "applied"), "1");
    assert!(table.item(FORMER).await.is_some());
    // They are merged once they are looked for again.
    table.payments.has_former_rows = true;
    table.apply(&onepay("payment.expired", 60)).await;
    let row = table.item(PAYMENT).await.unwrap();
    assert_eq!(
        (text(&row, "status").as_str(), text(&row, "applied").as_str()),
        ("succeeded", "4")
    );
}
