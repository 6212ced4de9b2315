use std::time::Duration;

use acuse_core::destination::gate::Effect;
use acuse_core::testing::Dice;
use futures_util::future::join_all;

use super::*;
use crate::destinations::fake::{self, NOW, name};

#[tokio::test]
async fn a_gate_without_an_item_is_open_and_a_change_that_changes_nothing_is_not_written() {
    let gates = Gates::new(fake::ledger().await, "ledger");
    let dice = Dice::fixed(0);
    assert_eq!(gates.get(&name("shop")).await.unwrap(), Gate::default());
    gates.change(&name("shop"), &dice, |_| ()).await.unwrap();
    assert_eq!(gates.get(&name("shop")).await.unwrap().version, 0);
}

#[tokio::test]
async fn what_is_written_is_read_again() {
    let gates = Gates::new(fake::ledger().await, "ledger");
    let dice = Dice::fixed(0);
    let until = NOW.plus(Duration::from_secs(60));
    let lease = |gate: &mut Gate| gate.lease("a", 3, until, 10, NOW, &dice);
    let (leased, permit) = gates.change(&name("shop"), &dice, lease).await.unwrap();
    assert_eq!((permit.unwrap().requests, leased.version), (3, 1));
    assert_eq!(gates.get(&name("shop")).await.unwrap(), leased);

    let failures = vec![Effect::Failure { leave_alone: None }; 5];
    let give_back = |gate: &mut Gate| gate.give_back("a", &failures, 10, NOW, &dice);
    let (closed, ()) = gates
        .change_from(&name("shop"), leased, &dice, give_back)
        .await
        .unwrap();
    assert!(closed.shut(NOW).is_some());
    assert_eq!(gates.get(&name("shop")).await.unwrap(), closed);
    assert_eq!(
        gates.get(&name("erp")).await.unwrap(),
        Gate::default(),
        "another's gate"
    );
}

#[tokio::test]
async fn nobody_overwrites_what_somebody_else_has_written() {
    let gates = &Gates::new(fake::ledger().await, "ledger");
    let (dice, destination) = (&Dice::fixed(u128::MAX), &name("shop"));
    let until = NOW.plus(Duration::from_secs(60));
    let leases = (0..20).map(|place| async move {
        let token = place.to_string();
        let lease = |gate: &mut Gate| gate.lease(&token, 1, until, 15, NOW, dice).is_ok();
        gates.change(destination, dice, lease).await.unwrap().1
    });
    let granted = join_all(leases).await.into_iter().filter(|granted| *granted).count();
    assert_eq!(granted, 15, "the limit holds whoever asks");
    assert_eq!(gates.get(destination).await.unwrap().version, 15);
}
