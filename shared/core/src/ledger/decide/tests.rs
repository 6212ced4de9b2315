use super::*;

fn record(status: Status) -> RecordState {
    RecordState {
        status,
        lease_token: "theirs".to_owned(),
        lease_expires_at: Timestamp::from_seconds(100),
        retry_at: Timestamp::from_seconds(200),
        attempts: 2,
        forgiven: 0,
        body_sha256: "aa".to_owned(),
        message_id: "their message".to_owned(),
        hooks: BTreeMap::from([("payments".to_owned(), Timestamp::from_seconds(50))]),
        erased: false,
    }
}

fn lease(overrides: Override) -> Lease {
    Lease {
        token: "ours".to_owned(),
        expires_at: Timestamp::from_seconds(999),
        message_id: "our message".to_owned(),
        overrides,
    }
}

const ALL: [Override; 3] = [Override::None, Override::Rejection, Override::RejectionAndWait];

/// The decision on a delivery with the event's own bytes.
fn decided(status: Status, overrides: Override, now: Timestamp) -> Result<Progress, Refused> {
    decide(Some(&record(status)), "aa", &lease(overrides), now)
}

#[test]
fn attempts_before_a_replay_are_not_used() {
    let progress = Progress {
        attempt: 7,
        forgiven: 5,
        ..Progress::new(BTreeMap::new())
    };
    let new = Progress::new(BTreeMap::new());
    assert_eq!((progress.attempts_used(), new.attempts_used()), (2, 1));
}

#[test]
fn a_new_event_is_claimed() {
    let decision = decide(None, "aa", &lease(Override::None), Timestamp::from_seconds(1));
    assert!(matches!(decision, Ok(Progress { attempt: 1, .. })));
}

#[test]
fn an_event_in_progress_waits_until_its_lease_ends() {
    let until = Timestamp::from_seconds(100);
    assert_eq!(
        decided(Status::InProgress, Override::None, Timestamp::from_millis(99_999)),
        Err(Refused::Wait { until })
    );
    let progress = decided(Status::InProgress, Override::None, until).expect("a lease that ends now is over");
    assert_eq!(progress.attempt, 3);
    assert_eq!(progress.hooks, record(Status::InProgress).hooks);
}

#[test]
fn a_claim_that_is_sent_again_finds_its_own_lease() {
    let own = Lease {
        token: "theirs".to_owned(),
        ..lease(Override::None)
    };
    let decision = decide(
        Some(&record(Status::InProgress)),
        "aa",
        &own,
        Timestamp::from_seconds(1),
    );
    assert!(matches!(decision, Ok(Progress { attempt: 2, .. })));
}

#[test]
fn a_released_event_waits_until_it_is_due_unless_a_replay_overrides_that() {
    let until = Timestamp::from_seconds(200);
    let early = Timestamp::from_millis(199_999);
    for overrides in [Override::None, Override::Rejection] {
        let decision = decided(Status::Released, overrides, early);
        assert_eq!(decision, Err(Refused::Wait { until }));
        let due = decided(Status::Released, overrides, until).unwrap();
        assert_eq!((due.attempt, due.hooks.len()), (3, 1));
    }
    assert!(decided(Status::Released, Override::RejectionAndWait, early).is_ok());
    // Only a released event has such a time.
    assert!(decided(Status::InProgress, Override::None, early).is_ok());
}

#[test]
fn a_finished_event_is_a_duplicate() {
    for status in [Status::Completed, Status::Rejected, Status::Conflict] {
        let decision = decided(status, Override::None, Timestamp::from_seconds(999));
        assert_eq!(decision, Err(Refused::Duplicate { status }));
    }
}

#[test]
fn other_bytes_are_a_conflict_whatever_the_status_and_whoever_sends_them() {
    for status in Status::ALL {
        for overrides in ALL {
            for now in [1, 99, 100, 200, 999].map(Timestamp::from_seconds) {
                let decision = decide(Some(&record(status)), "bb", &lease(overrides), now);
                assert_eq!(decision, Err(Refused::Conflict), "{status:?}, {overrides:?}");
            }
        }
    }
}

#[test]
fn no_delivery_decides_on_a_conflict() {
    let status = Status::Conflict;
    for overrides in ALL {
        let decision = decided(status, overrides, Timestamp::from_seconds(999));
        assert_eq!(
            decision,
            Err(Refused::Duplicate { status }),
            "an operator releases it first"
        );
    }
}

#[test]
fn a_replay_claims_a_rejected_event_and_no_completed_one() {
    let now = Timestamp::from_seconds(1);
    for overrides in [Override::Rejection, Override::RejectionAndWait] {
        let rejected = decided(Status::Rejected, overrides, now);
        assert!(matches!(rejected, Ok(Progress { attempt: 3, .. })));
        assert!(decided(Status::Completed, overrides, now).is_err());
    }
}

#[test]
fn a_replay_overrides_once_a_message() {
    let again = Lease {
        message_id: "their message".to_owned(),
        ..lease(Override::RejectionAndWait)
    };
    for status in [Status::Rejected, Status::Released] {
        let decision = decide(Some(&record(status)), "aa", &again, Timestamp::from_seconds(1));
        assert!(decision.is_err(), "{status:?}: {decision:?}");
    }
}

#[test]
fn only_the_first_receive_of_a_replay_overrides_the_wait() {
    let overrides =
        [(false, 1), (true, 0), (true, 1), (true, 2)].map(|(replay, receives)| Override::of(replay, receives));
    let [none, rejection, both] = ALL;
    assert_eq!(overrides, [none, both, both, rejection]);
}

#[test]
fn an_erased_event_is_never_claimed_and_still_tells_a_duplicate_from_a_conflict() {
    let later = Timestamp::from_seconds(900);
    for status in [Status::Completed, Status::Rejected] {
        let erased = RecordState {
            erased: true,
            ..record(status)
        };
        for overrides in ALL {
            let decided = |bytes: &str| decide(Some(&erased), bytes, &lease(overrides), later);
            assert_eq!(decided("aa"), Err(Refused::Duplicate { status }));
            assert_eq!(decided("bb"), Err(Refused::Conflict));
        }
    }
}
