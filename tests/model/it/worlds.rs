//! Acuse's protocol keeps its promises in each of these worlds.

use acuse_model::{Bounds, HookKind};

use crate::{verify, visit};

const EXTERNAL_FIRST: [HookKind; 2] = [HookKind::External, HookKind::Transactional];

/// A single-call commit completes a new event. If only the first hook is transactional, as by default, it claims the
/// event together with that hook.
const TRANSACTIONAL: [HookKind; 2] = [HookKind::Transactional, HookKind::Transactional];

/// Without failing hooks, nobody rejects.
const NO_REJECTION: &str = "a late owner tries to reject";

const NOBODY_IS_LATE: [&str; 5] = [
    "a lease is taken over while its owner lives",
    "a late owner tries to complete",
    "a late owner tries to release",
    NO_REJECTION,
    "a late owner tries to record a hook",
];

fn small() -> Bounds {
    Bounds {
        receives: 2,
        pauses: 3,
        ..Bounds::default()
    }
}

#[test]
fn with_pauses_crashes_and_clocks_that_disagree() {
    let bounds = Bounds {
        pauses: 3,
        losses: 0,
        ..Bounds::default()
    };
    verify("pauses, crashes, clocks", bounds, &[]);
}

#[test]
fn with_a_request_that_is_lost_or_late_or_sent_twice() {
    let bounds = Bounds {
        skews: &[0],
        pauses: 2,
        ..small()
    };
    verify("a lost request, transactional first", bounds.clone(), &[]);
    let hooks = EXTERNAL_FIRST;
    verify("a lost request, external first", Bounds { hooks, ..bounds }, &[]);
}

#[test]
fn with_a_lost_request_and_clocks_that_disagree() {
    let bounds = Bounds {
        pauses: 2,
        failures: false,
        ..small()
    };
    verify("a lost request, clocks", bounds, &[NO_REJECTION]);
}

#[test]
fn with_two_lost_requests() {
    let bounds = Bounds {
        skews: &[0],
        pauses: 2,
        losses: 2,
        failures: false,
        ..small()
    };
    verify("two lost requests", bounds, &[NO_REJECTION]);
}

#[test]
fn with_single_call_commits() {
    let hooks = TRANSACTIONAL;
    let world = Bounds {
        hooks,
        losses: 0,
        ..small()
    };
    verify("single-call commits, clocks", world, &[]);
}

#[test]
fn with_single_call_commits_and_a_lost_request() {
    let bounds = Bounds {
        hooks: TRANSACTIONAL,
        skews: &[0],
        pauses: 2,
        ..small()
    };
    verify("single-call commits, a lost request", bounds, &[]);
}

#[test]
fn with_three_consumers() {
    let bounds = Bounds {
        consumers: 3,
        losses: 0,
        skews: &[0],
        ..small()
    };
    verify("three consumers", bounds, &[]);
}

#[test]
fn with_an_operators_replay() {
    let bounds = Bounds {
        replay: true,
        losses: 0,
        ..small()
    };
    verify("a replay", bounds, &[]);
}

/// The first delivery makes the event. Each delivery has its own bytes, so only one that is visible again when its lease
/// ends takes over.
#[test]
fn with_other_bytes_in_the_second_delivery() {
    let bounds = Bounds {
        conflict: true,
        skews: &[0],
        pauses: 2,
        visibility: 2,
        losses: 0,
        ..small()
    };
    verify("other bytes", bounds.clone(), &[]);
    let lost = Bounds {
        hooks: TRANSACTIONAL,
        losses: 1,
        failures: false,
        ..bounds
    };
    verify(
        "other bytes, single-call commits, a lost request",
        lost,
        &[NO_REJECTION],
    );
}

/// As for one payload, but no delivery waits for a lease, since other bytes need none.
#[test]
fn other_bytes_do_not_keep_the_event_from_completion() {
    let bounds = Bounds {
        conflict: true,
        failures: false,
        losses: 0,
        pauses: 0,
        crashes: 2,
        receives: 5,
        ..Bounds::default()
    };
    let dead_lettered = "an unfinished event is dead-lettered";
    let unreachable = [&NOBODY_IS_LATE[..], &["a delivery waits for a lease", dead_lettered]].concat();
    verify("other bytes, 2 die", bounds, &unreachable);
}

#[test]
fn with_clocks_that_are_further_apart_than_a_lease_is_long() {
    let bounds = Bounds {
        skews: &[0, 3],
        losses: 0,
        ..small()
    };
    verify("clocks far apart", bounds, &[]);
}

/// Whatever gets lost: only a failed hook or a silent owner counts as an attempt.
#[test]
fn an_event_is_given_up_after_its_last_attempt_and_not_before() {
    let bounds = Bounds {
        attempts: 2,
        receives: 2,
        pauses: 2,
        skews: &[0],
        ..Bounds::default()
    };
    verify("attempts, a lost request", bounds.clone(), &[]);
    let replay = Bounds {
        replay: true,
        losses: 0,
        ..bounds
    };
    verify("attempts, a replay", replay, &[]);
}

/// Nobody takes an event from an owner whose invocation has not ended, if clocks differ by no more than the slack.
#[test]
fn hooks_are_called_by_one_consumer_at_a_time_if_invocations_end_at_their_deadline() {
    let bounds = Bounds {
        cut: true,
        losses: 0,
        pauses: 4,
        ..Bounds::default()
    };
    verify("invocations end at their deadline", bounds, &NOBODY_IS_LATE);
}

/// With `2 n + 1` receives a message survives `n` dead consumers. With one less it may not.
#[test]
fn an_event_is_completed_although_consumers_die() {
    for (hooks, deaths) in [Bounds::default().hooks, TRANSACTIONAL]
        .into_iter()
        .flat_map(|hooks| (1..=5).map(move |deaths| (hooks, deaths)))
    {
        let bounds = |receives| Bounds {
            hooks,
            failures: false,
            losses: 0,
            pauses: 0,
            crashes: deaths,
            receives,
            ..Bounds::default()
        };
        let dead_lettered = "an unfinished event is dead-lettered";
        let enough = [&NOBODY_IS_LATE[..], &[dead_lettered]].concat();
        let name = format!("{hooks:?}, {deaths} die");
        verify(&name, bounds(2 * deaths + 1), &enough);
        verify(
            &format!("{name}, too few receives"),
            bounds(2 * deaths),
            &NOBODY_IS_LATE,
        );
    }
}

#[test]
fn the_wide_world() {
    if std::env::var("ACUSE_MODEL").as_deref() != Ok("wide") {
        return;
    }
    let worlds = [
        ("transactional first", Bounds::default()),
        (
            "external first",
            Bounds {
                hooks: EXTERNAL_FIRST,
                ..Bounds::default()
            },
        ),
        (
            "single-call commits",
            Bounds {
                hooks: TRANSACTIONAL,
                ..Bounds::default()
            },
        ),
        (
            "a replay",
            Bounds {
                replay: true,
                ..small()
            },
        ),
        (
            "three consumers",
            Bounds {
                consumers: 3,
                losses: 0,
                pauses: 4,
                ..small()
            },
        ),
    ];
    for (name, bounds) in worlds {
        let visit = visit(&format!("wide, {name}"), bounds);
        assert_eq!((visit.broken, visit.unreached), (vec![], vec![]), "{name}");
    }
}
