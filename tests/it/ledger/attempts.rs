//! What counts as an attempt, and the starts of work on messages that may kill the function.

use super::single_call::{add, consume_to, message, writes};
use acuse_core::ledger::StartCount;

use super::*;

#[tokio::test]
async fn an_outage_is_no_attempt() {
    let (tables, event) = (Tables::create().await, event("p1"));
    for round in 0..3 {
        let claimed = tables.claimed(&event, &format!("a{round}"), round).await;
        assert_eq!((claimed.progress.attempt, claimed.progress.attempts_used()), (1, 1));
        tables.change(&claimed, outage(), 0).await.unwrap();
    }
    let claimed = tables.claimed(&event, "b", 10).await;
    tables.change(&claimed, release("no", 20), 20).await.unwrap();
    // Its owner dies.
    assert_eq!(tables.claimed(&event, "c", 20).await.progress.attempt, 2);
    assert_eq!(tables.claimed(&event, "d", 60).await.progress.attempt, 3);
    assert_eq!(tables.record(&event).await.attempts, 3);
}

#[tokio::test]
async fn a_replay_of_a_rejected_event_has_all_its_attempts_once_more() {
    let (tables, mut event) = (Tables::create().await, event("p1"));
    for round in 0..3 {
        let claimed = tables.claimed(&event, &format!("a{round}"), round).await;
        match round {
            2 => tables.change(&claimed, reject("given up"), round).await.unwrap(),
            _ => tables
                .change(&claimed, release("no", round + 1), round + 1)
                .await
                .unwrap(),
        }
    }
    assert!(matches!(
        tables.claim(&event, "b", 5).await,
        Err(Refused::Duplicate { .. })
    ));
    event.replay = true;
    let claimed = tables.claimed(&event, "c", 6).await;
    assert_eq!((claimed.progress.attempt, claimed.progress.attempts_used()), (4, 1));
    tables.change(&claimed, release("no", 7), 7).await.unwrap();
    event.replay = false;
    let claimed = tables.claimed(&event, "d", 7).await;
    assert_eq!((claimed.progress.attempt, claimed.progress.attempts_used()), (5, 2));
}

#[tokio::test]
async fn starts_of_work_on_a_message_are_counted_in_a_row() {
    let tables = Tables::create().await;
    let (ledger, now) = (&tables.ledger, seconds(0));
    for (message_id, count, starts) in [
        ("m", StartCount::Add, 1),
        ("m", StartCount::Add, 2),
        ("another", StartCount::Add, 1),
        ("m", StartCount::TakeBack, 1),
        ("m", StartCount::Add, 2),
        ("m", StartCount::Reset, 0),
        ("m", StartCount::Add, 1),
    ] {
        assert_eq!(ledger.count_starts(message_id, count, now).await.unwrap(), starts);
    }
}

/// The reason is DynamoDB's message.
#[tokio::test]
async fn invalid_writes_reject_their_event() {
    let tables = Tables::create().await;
    let twice = writes("twice", Effects::writes(vec![add("same", None), add("same", None)]));
    let (_, done, dead) = consume_to(&tables, vec![twice], message("p1")).await;
    assert!(done);
    assert_eq!(dead.len(), 1);
    let reason = dead[0].strip_prefix("hook `twice`: the hook's writes can't be made: ");
    assert!(reason.is_some_and(|reason| !reason.is_empty()), "{dead:?}");
    let record = tables.record(&event("p1")).await;
    assert_eq!((record.status, record.attempts), ("REJECTED", 1));
    assert_eq!(tables.applied("same").await, 0);
}
