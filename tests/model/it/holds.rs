//! What Acuse does keeps its promises.

use acuse_model::{Bounds, HookKind};

use crate::{holds, visit};

const OUTSIDE_FIRST: [HookKind; 2] = [HookKind::Outside, HookKind::Transactional];

/// Both only say what to write: what is new is settled whole, by consumers that may also claim. Where only
/// the first one does, as by default, it is begun with what that one writes.
const TRANSACTIONAL: [HookKind; 2] = [HookKind::Transactional, HookKind::Transactional];

/// Where hooks don't fail, nobody rejects.
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
    holds("pauses, crashes, clocks", bounds, &[]);
}

#[test]
fn with_a_request_that_is_lost_or_late_or_sent_twice() {
    let bounds = Bounds {
        skews: &[0],
        pauses: 2,
        ..small()
    };
    holds("a lost request, transactional first", bounds.clone(), &[]);
    let hooks = OUTSIDE_FIRST;
    holds("a lost request, outside first", Bounds { hooks, ..bounds }, &[]);
}

#[test]
fn with_a_lost_request_and_clocks_that_disagree() {
    let bounds = Bounds {
        pauses: 2,
        failures: false,
        ..small()
    };
    holds("a lost request, clocks", bounds, &[NO_REJECTION]);
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
    holds("two lost requests", bounds, &[NO_REJECTION]);
}

#[test]
fn with_settlements() {
    let hooks = TRANSACTIONAL;
    let world = Bounds {
        hooks,
        losses: 0,
        ..small()
    };
    holds("settlements, clocks", world, &[]);
}

#[test]
fn with_settlements_and_a_lost_request() {
    let bounds = Bounds {
        hooks: TRANSACTIONAL,
        skews: &[0],
        pauses: 2,
        ..small()
    };
    holds("settlements, a lost request", bounds, &[]);
}

#[test]
fn with_three_consumers() {
    let bounds = Bounds {
        consumers: 3,
        losses: 0,
        skews: &[0],
        ..small()
    };
    holds("three consumers", bounds, &[]);
}

#[test]
fn with_an_operators_replay() {
    let bounds = Bounds {
        replay: true,
        losses: 0,
        ..small()
    };
    holds("a replay", bounds, &[]);
}

/// Whoever is first is the event. Each delivery has the bytes of its own: one that is visible again when its
/// lease ends is what takes over.
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
    holds("other bytes", bounds.clone(), &[]);
    let lost = Bounds {
        hooks: TRANSACTIONAL,
        losses: 1,
        failures: false,
        ..bounds
    };
    holds("other bytes, settlements, a lost request", lost, &[NO_REJECTION]);
}

/// As for one payload; but nobody waits for a lease, since other bytes ask for none.
#[test]
fn other_bytes_do_not_keep_the_event_from_its_completion() {
    let bounds = Bounds {
        conflict: true,
        failures: false,
        losses: 0,
        pauses: 0,
        crashes: 2,
        receives: 5,
        ..Bounds::default()
    };
    let dead_lettered = "an event that is not settled is dead-lettered";
    let unreachable = [&NOBODY_IS_LATE[..], &["somebody waits for a lease", dead_lettered]].concat();
    holds("other bytes, 2 die", bounds, &unreachable);
}

#[test]
fn with_clocks_that_are_further_apart_than_a_lease_is_long() {
    let bounds = Bounds {
        skews: &[0, 3],
        losses: 0,
        ..small()
    };
    holds("clocks far apart", bounds, &[]);
}

/// Whatever is lost on its way: only what a hook did, or an owner that fell silent, is an attempt.
#[test]
fn an_event_is_given_up_after_so_many_attempts_and_not_before() {
    let bounds = Bounds {
        attempts: 2,
        receives: 2,
        pauses: 2,
        skews: &[0],
        ..Bounds::default()
    };
    holds("attempts, a lost request", bounds.clone(), &[]);
    let replay = Bounds {
        replay: true,
        losses: 0,
        ..bounds
    };
    holds("attempts, a replay", replay, &[]);
}

/// Nobody takes an event from an owner whose invocation has not been cut, where the clocks differ by
/// no more than the slack.
#[test]
fn hooks_are_called_by_one_consumer_at_a_time_where_invocations_are_cut() {
    let bounds = Bounds {
        cut: true,
        losses: 0,
        pauses: 4,
        ..Bounds::default()
    };
    holds("invocations are cut", bounds, &NOBODY_IS_LATE);
}

/// A queue that receives `2 n + 1` times gets over `n` dead consumers. With one receive less it may not.
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
        let dead_lettered = "an event that is not settled is dead-lettered";
        let enough = [&NOBODY_IS_LATE[..], &[dead_lettered]].concat();
        let name = format!("{hooks:?}, {deaths} die");
        holds(&name, bounds(2 * deaths + 1), &enough);
        holds(
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
            "outside first",
            Bounds {
                hooks: OUTSIDE_FIRST,
                ..Bounds::default()
            },
        ),
        (
            "settlements",
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
