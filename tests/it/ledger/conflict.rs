//! Other bytes under a known key, and an operator's decisions on them.

use acuse_aws::ledger::conflict::{Conflicts, Decided};
use acuse_core::ledger::{CONFLICT, ConflictRecord};

use super::*;

/// The same event with other bytes, kept.
async fn kept(tables: &Tables, id: &str) -> Event {
    let other = event_with(id, "changed");
    let kept = tables.ledger.keep_conflict(&other, "m", seconds(2)).await.unwrap();
    assert_eq!(kept, ConflictRecord::New);
    other.into_conflict()
}

#[tokio::test]
async fn other_bytes_never_claim_the_events_record() {
    let tables = Tables::create().await;
    let (event, other) = (event("p1"), event_with("p1", "changed"));
    let conflicts = async |at: i64| {
        let mut replay = other.clone();
        replay.replay = true;
        for other in [&other, &replay] {
            let lease = Lease {
                overrides: Override::of(other.replay, 1),
                ..lease("x")
            };
            let claim = tables.ledger.claim(other, &lease, seconds(at)).await.unwrap();
            assert!(matches!(claim, Err(Refused::Conflict)), "{claim:?}");
            let commit = tables
                .ledger
                .commit_new(other, &lease, Vec::new(), RecordAs::Completed, seconds(at));
            assert_eq!(commit.await.unwrap(), Err(Refused::Conflict));
        }
    };
    let claimed = tables.claimed(&event, "a", 0).await;
    // In progress, and over.
    conflicts(1).await;
    conflicts(31).await;
    tables.change(&claimed, release("no", 40), 40).await.unwrap();
    conflicts(32).await;
    conflicts(41).await;
    let claimed = tables.claimed(&event, "b", 50).await;
    tables.change(&claimed, reject("never"), 51).await.unwrap();
    conflicts(52).await;
    let record = tables.record(&event).await;
    assert_eq!((record.status, record.attempts), ("REJECTED", 2));
    assert_eq!(record.payload.as_deref(), Some(event.body().as_ref()));
}

#[tokio::test]
async fn a_single_call_commit_that_finds_other_bytes_writes_nothing() {
    let tables = Tables::create().await;
    for (message_id, note) in [("a", ""), ("b", "changed")] {
        let hooks = vec![("payments", effect(None))];
        let (event, lease) = (event_with("p1", note), lease(message_id));
        let commit = tables
            .ledger
            .commit_new(&event, &lease, hooks, RecordAs::Completed, seconds(1))
            .await
            .unwrap();
        assert_eq!(commit == Ok(Commit::Completed), message_id == "a", "{commit:?}");
    }
    assert_eq!(tables.applied("total").await, 1);
}

#[tokio::test]
async fn a_conflict_is_a_record_of_its_own_with_everything_in_it() {
    let tables = Tables::create().await;
    let claimed = tables.claimed(&event("p1"), "a", 0).await;
    tables.change(&claimed, Change::Complete(None), 1).await.unwrap();
    tables.calls.take();
    let conflict = kept(&tables, "p1").await;
    assert_eq!(tables.calls.take(), ["UpdateItem"], "one conditional write");

    let record = tables.record(&conflict).await;
    assert_eq!(
        record.key,
        format!("{}|conflict#{}", claimed.key, conflict.body_sha256())
    );
    assert_eq!(record.conflict_of, Some(claimed.key.to_string()));
    assert_eq!((record.status, record.attempts, record.duplicates), ("CONFLICT", 0, 0));
    assert_eq!(record.error.as_deref(), Some(CONFLICT));
    assert_eq!(record.payload.as_deref(), Some(conflict.body().as_ref()));
    assert_eq!(
        (record.type_name.as_str(), record.resource_id.as_deref()),
        ("payment.completed", Some("p1"))
    );
    let listed = tables.on_day("kuenta", seconds(0)).await;
    assert_eq!(listed.len(), 2, "a list shows both");
    assert!(
        !tables.ledger.overtaken(&event("p1")).await.unwrap(),
        "a conflict is no later event"
    );
}

#[tokio::test]
async fn the_same_bytes_are_kept_once_and_a_message_received_again_is_no_duplicate() {
    let tables = Tables::create().await;
    let conflict = kept(&tables, "p1").await;
    let other = event_with("p1", "changed");
    let again = |message_id| tables.ledger.keep_conflict(&other, message_id, seconds(9));
    assert_eq!(again("m").await.unwrap(), ConflictRecord::New);
    assert_eq!(again("another").await.unwrap(), ConflictRecord::Known);
    // The SDK sends it once more, and finds its own record.
    tables.calls.lose_an_answer();
    let third = event_with("p1", "changed again");
    let kept = tables.ledger.keep_conflict(&third, "third", seconds(9)).await.unwrap();
    assert_eq!(kept, ConflictRecord::New);
    tables
        .ledger
        .count_duplicate(&conflict.key, DeliveryId::new(seconds(10), [9; 10]), seconds(10))
        .await
        .unwrap();
    assert_eq!(tables.record(&conflict).await.duplicates, 1);
    assert_eq!(tables.records(&conflict.key.partition).await.len(), 2);
}

#[tokio::test]
async fn a_long_conflict_is_kept_whole() {
    let tables = Tables::create().await;
    let mut random = fastrand::Rng::with_seed(1);
    let noise: String = std::iter::repeat_with(|| random.alphanumeric()).take(900_000).collect();
    let other = event_with("p1", &noise);
    tables.ledger.keep_conflict(&other, "m", seconds(2)).await.unwrap();
    let conflict = other.into_conflict();
    let record = tables.record(&conflict).await;
    assert!(record.parts > 1, "{}", record.parts);
    let reader = LedgerReader::new(tables.client.clone(), "ledger");
    let payload = reader.payload(&record).await.unwrap();
    assert!(payload.is_some_and(|payload| payload == conflict.body().as_ref()));
}

#[tokio::test]
async fn an_operator_decides_once() {
    let tables = Tables::create().await;
    let decisions = Conflicts::new(tables.client.clone(), "ledger");
    let (one, other) = (kept(&tables, "p1").await, kept(&tables, "p2").await);
    assert_eq!(decisions.release(&one.key).await.unwrap(), Decided::Now);
    let released = Decided::Already(Status::Released);
    assert_eq!(decisions.release(&one.key).await.unwrap(), released);
    assert_eq!(decisions.dismiss(&one.key, "no", seconds(3)).await.unwrap(), released);

    assert_eq!(
        decisions.dismiss(&other.key, "a retry", seconds(3)).await.unwrap(),
        Decided::Now
    );
    let rejected = Decided::Already(Status::Rejected);
    assert_eq!(decisions.release(&other.key).await.unwrap(), rejected);
    assert_eq!(
        decisions.dismiss(&other.key, "again", seconds(4)).await.unwrap(),
        rejected
    );
    let record = tables.record(&other).await;
    assert_eq!(record.error.as_deref(), Some("dismissed: a retry"));
    assert_eq!(record.completed_at, Some(seconds(3).to_string()));
    let gone = event_with("p3", "").into_conflict();
    assert_eq!(decisions.release(&gone.key).await.unwrap(), Decided::Gone);
}

#[tokio::test]
async fn a_released_conflict_is_claimed_and_completed_under_its_own_key() {
    let tables = Tables::create().await;
    let conflict = kept(&tables, "p1").await;
    let mut replay = conflict.clone();
    replay.replay = true;
    let claim = tables.claim(&replay, "early", 3).await;
    let status = Status::Conflict;
    assert!(
        claim == Err(Refused::Duplicate { status }),
        "nobody has decided yet: {claim:?}"
    );
    let decisions = Conflicts::new(tables.client.clone(), "ledger");
    decisions.release(&conflict.key).await.unwrap();
    let claimed = tables.claimed(&replay, "a", 4).await;
    assert_eq!(claimed.progress.attempt, 1);
    tables
        .change(&claimed, complete("payments", effect(None)), 5)
        .await
        .unwrap();
    let record = tables.record(&conflict).await;
    assert_eq!((record.status, record.attempts, record.error), ("COMPLETED", 1, None));
    assert_eq!(tables.applied("total").await, 1);
}
