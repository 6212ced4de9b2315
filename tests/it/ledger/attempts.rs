//! What counts as an attempt, in DynamoDB's words; and the notes on messages that may kill the function.

use super::single_call::{add, consume_to, message, writes};
use super::*;

#[tokio::test]
async fn what_is_nobodys_fault_gives_the_attempt_back() {
    let (tables, event) = (Tables::create().await, event("p1"));
    for round in 0..3 {
        let claimed = tables.claimed(&event, &format!("a{round}"), round).await;
        assert_eq!((claimed.taken.attempt, claimed.taken.used()), (1, 1));
        tables
            .ledger
            .release(&claimed, "throttled", Blame::Nobody)
            .await
            .unwrap();
    }
    let claimed = tables.claimed(&event, "b", 10).await;
    tables.ledger.release(&claimed, "no", failed(20)).await.unwrap();
    // Its owner dies.
    assert_eq!(tables.claimed(&event, "c", 20).await.taken.attempt, 2);
    assert_eq!(tables.claimed(&event, "d", 60).await.taken.attempt, 3);
    assert_eq!(tables.record(&event).await.attempts, 3);
}

#[tokio::test]
async fn a_rejected_event_that_is_sent_again_has_all_its_attempts_once_more() {
    let (tables, mut event) = (Tables::create().await, event("p1"));
    for round in 0..3 {
        let claimed = tables.claimed(&event, &format!("a{round}"), round).await;
        match round {
            2 => tables
                .ledger
                .reject(&claimed, "given up", seconds(round))
                .await
                .unwrap(),
            _ => tables.ledger.release(&claimed, "no", failed(round + 1)).await.unwrap(),
        }
    }
    assert!(matches!(tables.claim(&event, "b", 5).await, Claim::Duplicate { .. }));
    event.replay = true;
    let claimed = tables.claimed(&event, "c", 6).await;
    assert_eq!((claimed.taken.attempt, claimed.taken.used()), (4, 1));
    tables.ledger.release(&claimed, "no", failed(7)).await.unwrap();
    event.replay = false;
    let claimed = tables.claimed(&event, "d", 7).await;
    assert_eq!((claimed.taken.attempt, claimed.taken.used()), (5, 2));
}

#[tokio::test]
async fn a_note_counts_how_often_work_was_begun_in_a_row() {
    let tables = Tables::create().await;
    let (ledger, now) = (&tables.ledger, seconds(0));
    assert_eq!(ledger.begin("m", now).await.unwrap(), 1);
    assert_eq!(ledger.begin("m", now).await.unwrap(), 2);
    assert_eq!(ledger.begin("another", now).await.unwrap(), 1);
    ledger.put_off("m", now).await.unwrap();
    assert_eq!(ledger.begin("m", now).await.unwrap(), 2);
    ledger.survive("m", now).await.unwrap();
    assert_eq!(ledger.begin("m", now).await.unwrap(), 1);
}

/// DynamoDB would say the same another time: the event is rejected, with DynamoDB's reason.
#[tokio::test]
async fn writes_that_can_never_be_made_reject_their_event() {
    let tables = Tables::create().await;
    let twice = writes("twice", Effects::writes(vec![add("same", None), add("same", None)]));
    let (_, done, dead) = consume_to(&tables, vec![twice], message("p1")).await;
    assert!(done);
    assert_eq!(dead.len(), 1);
    assert!(
        dead[0].starts_with(
            "hook `twice`: complete kuenta#live#payment#p1|payment.completed: the hook's writes can't be made: "
        ),
        "{dead:?}"
    );
    let record = tables.record(&event("p1")).await;
    assert_eq!((record.status, record.attempts), ("REJECTED", 1));
    assert_eq!(tables.applied("same").await, 0);
}
