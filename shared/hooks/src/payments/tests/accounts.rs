//! Payments of several accounts of a provider.

use acuse_core::account::AccountName;

use super::*;

fn of(account: &'static str, mut event: Event) -> Event {
    event.account.name = AccountName::parse(account).unwrap();
    event
}

/// Two accounts may be of two legal entities, whose ids have nothing to do with each other.
#[tokio::test]
async fn the_same_id_in_two_accounts_is_two_payments() {
    let table = Table::create().await;
    table.apply(&of("default", onepay("payment.approved", 0))).await;
    table.apply(&of("tienda-2", onepay("payment.created", 60))).await;
    table.apply(&of("tienda-2", onepay("payment.rejected", 120))).await;
    // Late, so it is only counted.
    table.apply(&of("tienda-2", onepay("payment.created", 30))).await;
    for (pk, status, account, applied) in [
        ("onepay#live#payment#5001", "succeeded", "", "1"),
        ("onepay/tienda-2#live#payment#5001", "failed", "tienda-2", "3"),
    ] {
        let row = table.item(pk).await.unwrap();
        let own = ["status", "account", "applied"].map(|name| text(&row, name));
        assert_eq!(own, [status, account, applied], "{pk}");
    }
}

/// The version with former rows had no other account.
#[tokio::test]
async fn a_former_row_is_the_default_accounts() {
    let table = Table::create().await;
    let former = super::former::former("5001", "payment", "succeeded", 6, 2);
    table.put(former).await;
    let before = table.item("onepay#live#5001").await;
    table.apply(&of("tienda-2", onepay("payment.created", 60))).await;
    assert_eq!(table.item("onepay#live#5001").await, before);
    assert!(before.is_some());
    let row = table.item("onepay/tienda-2#live#payment#5001").await.unwrap();
    assert_eq!(text(&row, "applied"), "1");
}
