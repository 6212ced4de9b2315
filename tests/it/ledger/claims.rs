//! Who may claim an event.

use super::*;

#[tokio::test]
async fn a_new_event_is_claimed_completed_and_then_a_duplicate() {
    let (tables, event) = (Tables::create().await, event("p1"));
    let claimed = tables.claimed(&event, "a", 0).await;
    assert_eq!(claimed.progress.attempt, 1);
    tables
        .change(&claimed, complete("payments", effect(None)), 1)
        .await
        .unwrap();

    let claim = tables.claim(&event, "b", 2).await;
    assert!(
        claim
            == Err(Refused::Duplicate {
                status: Status::Completed
            }),
        "{claim:?}"
    );
    // Its own delivery may be there again, by a replay or by SQS: nobody sent it twice.
    let another = DeliveryId::new(seconds(9), [9; 10]);
    for delivery in [event.delivery_id, another] {
        let counted = tables.ledger.count_duplicate(&event.key, delivery, seconds(9));
        counted.await.unwrap();
    }

    let record = tables.record(&event).await;
    assert_eq!((record.status, record.attempts, record.duplicates), ("COMPLETED", 1, 1));
    assert_eq!(
        record.hooks,
        BTreeMap::from([("payments".to_owned(), seconds(1).to_string())])
    );
    assert_eq!(record.payload.as_deref(), Some(event.body().as_ref()));
    assert_eq!(
        (record.resource_kind.as_deref(), record.resource_id.as_deref()),
        (Some("payment"), Some("p1"))
    );
    assert_eq!(tables.applied("total").await, 1);
}

/// A read before the first write may say so of nothing else: each of the others may still be claimed, or is a conflict.
#[tokio::test]
async fn only_a_completed_event_with_the_same_bytes_is_read_as_completed() {
    let tables = Tables::create().await;
    let is_completed = async |event: &Event| tables.ledger.is_completed(event).await.unwrap();
    let own = event("p1");
    assert!(!is_completed(&own).await, "absent");
    let claimed = tables.claimed(&own, "a", 0).await;
    assert!(!is_completed(&own).await, "in progress");
    tables.change(&claimed, release("not yet", 1), 1).await.unwrap();
    assert!(!is_completed(&own).await, "released");
    let claimed = tables.claimed(&own, "b", 2).await;
    tables
        .change(&claimed, complete("payments", effect(None)), 3)
        .await
        .unwrap();
    assert!(is_completed(&own).await);
    assert!(!is_completed(&event_with("p1", "other bytes")).await);

    let rejected = event("p2");
    let claimed = tables.claimed(&rejected, "a", 0).await;
    tables.change(&claimed, reject("never"), 1).await.unwrap();
    assert!(!is_completed(&rejected).await, "a replay may claim it");
}

#[tokio::test]
async fn a_running_lease_is_waited_for_to_the_millisecond() {
    let (tables, event) = (Tables::create().await, event("p1"));
    tables.claimed(&event, "a", 0).await;
    let claim = tables.claim(&event, "b", 29).await;
    assert!(claim == Err(Refused::Wait { until: seconds(30) }), "{claim:?}");
    assert_eq!(tables.claimed(&event, "b", 30).await.progress.attempt, 2);
}

#[tokio::test]
async fn a_released_event_is_claimed_with_the_hooks_that_are_done() {
    let (tables, event) = (Tables::create().await, event("p1"));
    let claimed = tables.claimed(&event, "a", 0).await;
    tables
        .change(&claimed, record_hook("first", effect(None)), 1)
        .await
        .unwrap();
    tables
        .change(&claimed, release("hook `second`: not yet", 2), 2)
        .await
        .unwrap();
    let record = tables.record(&event).await;
    assert_eq!(
        (record.status, record.error.as_deref()),
        ("RELEASED", Some("hook `second`: not yet"))
    );

    let again = tables.claimed(&event, "b", 2).await;
    assert_eq!(again.progress.attempt, 2);
    assert_eq!(again.progress.hooks, BTreeMap::from([("first".to_owned(), seconds(1))]));
    tables
        .change(&again, complete("second", effect(None)), 3)
        .await
        .unwrap();
    let record = tables.record(&event).await;
    assert_eq!(
        (record.status, record.error, record.hooks.len()),
        ("COMPLETED", None, 2)
    );
    assert_eq!(tables.applied("total").await, 2);
}

#[tokio::test]
async fn a_released_event_is_due_to_the_millisecond() {
    let (tables, event) = (Tables::create().await, event("p1"));
    let claimed = tables.claimed(&event, "a", 0).await;
    tables.change(&claimed, release("not yet", 60), 60).await.unwrap();
    for (owner, now) in [("b", 1), ("a", 59)] {
        let claim = tables.claim(&event, owner, now).await;
        assert!(claim == Err(Refused::Wait { until: seconds(60) }), "{claim:?}");
    }
    assert_eq!(tables.record(&event).await.attempts, 1, "waiting is no attempt");
    let again = tables.claimed(&event, "b", 60).await;
    assert_eq!(again.progress.attempt, 2);
    // That was for one attempt: neither an outage nor an owner's death makes anybody wait.
    tables.change(&again, outage(), 0).await.unwrap();
    tables.claimed(&event, "c", 0).await;
    assert_eq!(tables.claimed(&event, "d", 31).await.progress.attempt, 3);
}

#[tokio::test]
async fn an_operators_replay_does_not_wait_on_its_first_receive() {
    let (tables, mut event) = (Tables::create().await, event("p1"));
    let claimed = tables.claimed(&event, "a", 0).await;
    tables.change(&claimed, release("not yet", 60), 60).await.unwrap();
    event.replay = true;
    // On a later receive it is a delivery like the others, and the message that has just failed is no new one.
    for (token, receives) in [("b", 2), ("a", 1)] {
        let lease = Lease {
            overrides: Override::of(true, receives),
            ..lease(token)
        };
        let claim = tables.ledger.claim(&event, &lease, seconds(1)).await.unwrap();
        assert!(matches!(claim, Err(Refused::Wait { .. })), "{claim:?}");
    }
    tables.claimed(&event, "b", 1).await;
}

#[tokio::test]
async fn a_rejected_event_stays_rejected() {
    let (tables, event) = (Tables::create().await, event("p1"));
    let claimed = tables.claimed(&event, "a", 0).await;
    tables.change(&claimed, reject("no such order"), 1).await.unwrap();
    let claim = tables.claim(&event, "b", 999).await;
    assert!(
        claim
            == Err(Refused::Duplicate {
                status: Status::Rejected
            }),
        "{claim:?}"
    );
    assert_eq!(tables.record(&event).await.error.as_deref(), Some("no such order"));
}

#[tokio::test(flavor = "multi_thread")]
async fn of_64_claims_at_once_one_wins() {
    let tables = Tables::create().await;
    let event = event("p1");
    let claims: Vec<_> = (0..64)
        .map(|n| {
            let (ledger, event) = (tables.ledger.clone(), event.clone());
            tokio::spawn(async move {
                let lease = Lease {
                    token: format!("owner {n}"),
                    expires_at: seconds(30),
                    message_id: n.to_string(),
                    overrides: Override::None,
                };
                ledger.claim(&event, &lease, seconds(0)).await.unwrap()
            })
        })
        .collect();
    let mut won = 0;
    for claim in claims {
        match claim.await.unwrap() {
            Ok(_) => won += 1,
            Err(Refused::Wait { until }) => assert_eq!(until, seconds(30)),
            other => panic!("nothing is finished: {other:?}"),
        }
    }
    assert_eq!(won, 1);
    assert_eq!(tables.record(&event).await.attempts, 1);
}

#[tokio::test]
async fn an_item_that_is_no_record_is_named() {
    let tables = Tables::create().await;
    let event = event("p1");
    let item = HashMap::from([
        ("pk".to_owned(), AttributeValue::S(event.key.partition.clone())),
        ("sk".to_owned(), AttributeValue::S(event.key.sort.clone())),
    ]);
    tables
        .client
        .put_item()
        .table_name("ledger")
        .set_item(Some(item))
        .send()
        .await
        .unwrap();
    let lease = Lease {
        token: "a".to_owned(),
        expires_at: seconds(30),
        message_id: "m".to_owned(),
        overrides: Override::None,
    };
    let Err(error) = tables.ledger.claim(&event, &lease, seconds(0)).await else {
        panic!("claimed over an item that is no record");
    };
    assert_eq!(
        acuse_core::error::chain(&error),
        format!("claim {}: the item has no usable attribute `status`", event.key)
    );
}

#[tokio::test]
async fn a_claim_whose_answer_was_lost_is_ours_when_it_is_sent_again() {
    let tables = Tables::create().await;
    let event = event("p1");
    tables.claimed(&event, "a", 0).await;
    let again = tables.claimed(&event, "a", 0).await;
    assert_eq!(again.progress.attempt, 1);
    tables.change(&again, Change::Complete(None), 1).await.unwrap();
    assert_eq!(tables.record(&event).await.status, "COMPLETED");
}

#[tokio::test]
async fn an_operators_replay_claims_what_was_rejected() {
    let tables = Tables::create().await;
    let mut event = event("p1");
    let claimed = tables.claimed(&event, "a", 0).await;
    tables.change(&claimed, reject("no"), 1).await.unwrap();
    assert!(
        tables.claim(&event, "b", 2).await
            == Err(Refused::Duplicate {
                status: Status::Rejected
            })
    );
    event.replay = true;
    let claimed = tables.claimed(&event, "c", 3).await;
    assert_eq!(claimed.progress.attempt, 2);
    // Rejected again, its message is received once more before it is deleted: it overrides only once.
    tables.change(&claimed, reject("no"), 3).await.unwrap();
    let lease = Lease {
        token: "another".to_owned(),
        expires_at: seconds(40),
        message_id: "message of c".to_owned(),
        overrides: Override::None,
    };
    let again = tables.ledger.claim(&event, &lease, seconds(4)).await.unwrap();
    assert!(
        again
            == Err(Refused::Duplicate {
                status: Status::Rejected
            })
    );
    let claimed = tables.claimed(&event, "e", 4).await;
    tables.change(&claimed, Change::Complete(None), 4).await.unwrap();
    assert!(
        tables.claim(&event, "d", 5).await
            == Err(Refused::Duplicate {
                status: Status::Completed
            })
    );
}
