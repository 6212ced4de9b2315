use super::*;

fn standing(status: Status) -> RecordState {
    RecordState {
        status,
        lease_expires_at: Timestamp::from_seconds(100),
        retry_at: Timestamp::from_seconds(200),
        attempts: 2,
        forgiven: 0,
        body_sha256: "aa".to_owned(),
        hooks: BTreeMap::from([("payments".to_owned(), Timestamp::from_seconds(50))]),
    }
}

#[test]
fn a_statuss_name_is_read_back_and_no_other() {
    let names = Status::ALL.map(Status::name);
    let known = ["IN_PROGRESS", "RELEASED", "COMPLETED", "REJECTED", "CONFLICT"];
    assert_eq!(names, known);
    assert_eq!(names.map(Status::from_name), Status::ALL.map(Some));
    assert_eq!(Status::from_name("completed"), None);
}

#[test]
fn what_came_before_an_operator_sent_it_again_is_not_used() {
    let taken = Taken {
        attempt: 7,
        forgiven: 5,
        ..Taken::first(BTreeMap::new())
    };
    assert_eq!((taken.used(), Taken::first(BTreeMap::new()).used()), (2, 1));
}

#[test]
fn a_new_event_is_taken() {
    let decision = decide(None, "aa", Replay::No, Timestamp::from_seconds(1));
    assert!(matches!(decision, Decision::Take(Taken { attempt: 1, .. })));
}

#[test]
fn a_running_lease_is_waited_for_and_one_that_is_over_is_taken() {
    let running = standing(Status::InProgress);
    let until = Timestamp::from_seconds(100);
    assert_eq!(
        decide(Some(&running), "aa", Replay::No, Timestamp::from_millis(99_999)),
        Decision::Wait { until }
    );
    let Decision::Take(taken) = decide(Some(&running), "aa", Replay::No, until) else {
        panic!("a lease that ends now is over");
    };
    assert_eq!(taken.attempt, 3);
    assert_eq!(taken.hooks, running.hooks);
}

#[test]
fn a_released_event_waits_for_its_time_whichever_delivery_comes_but_an_operators() {
    let (released, until) = (standing(Status::Released), Timestamp::from_seconds(200));
    let early = Timestamp::from_millis(199_999);
    for replay in [Replay::No, Replay::Rejected] {
        assert_eq!(decide(Some(&released), "aa", replay, early), Decision::Wait { until });
        assert!(matches!(
            decide(Some(&released), "aa", replay, until),
            Decision::Take(_)
        ));
    }
    let at_once = decide(Some(&released), "aa", Replay::AtOnce, early);
    assert!(matches!(at_once, Decision::Take(_)));
    // Only a released event has such a time.
    let abandoned = decide(Some(&standing(Status::InProgress)), "aa", Replay::No, early);
    assert!(matches!(abandoned, Decision::Take(_)));
}

#[test]
fn a_released_event_is_taken_with_what_its_hooks_have_done() {
    let decision = decide(
        Some(&standing(Status::Released)),
        "aa",
        Replay::No,
        Timestamp::from_seconds(200),
    );
    assert!(matches!(decision, Decision::Take(Taken { attempt: 3, .. })));
}

#[test]
fn a_finished_event_is_dropped() {
    for status in [Status::Completed, Status::Rejected, Status::Conflict] {
        let decision = decide(Some(&standing(status)), "aa", Replay::No, Timestamp::from_seconds(999));
        assert_eq!(decision, Decision::Drop { status });
    }
}

#[test]
fn other_bytes_are_a_conflict_whatever_the_status_and_whoever_sends_them() {
    for status in Status::ALL {
        for replay in [Replay::No, Replay::Rejected, Replay::AtOnce] {
            for now in [1, 99, 100, 200, 999].map(Timestamp::from_seconds) {
                let decision = decide(Some(&standing(status)), "bb", replay, now);
                assert_eq!(decision, Decision::Conflict, "{status:?}, {replay:?}");
            }
        }
    }
}

#[test]
fn no_delivery_decides_on_a_conflict() {
    for replay in [Replay::No, Replay::Rejected, Replay::AtOnce] {
        let decision = decide(
            Some(&standing(Status::Conflict)),
            "aa",
            replay,
            Timestamp::from_seconds(999),
        );
        let status = Status::Conflict;
        assert_eq!(decision, Decision::Drop { status }, "an operator frees it first");
    }
}

#[test]
fn a_replay_takes_a_rejected_event_and_no_completed_one() {
    let now = Timestamp::from_seconds(1);
    for replay in [Replay::Rejected, Replay::AtOnce] {
        let decision = decide(Some(&standing(Status::Rejected)), "aa", replay, now);
        assert!(matches!(decision, Decision::Take(Taken { attempt: 3, .. })));
        let decision = decide(Some(&standing(Status::Completed)), "aa", replay, now);
        assert!(matches!(decision, Decision::Drop { .. }));
    }
}
