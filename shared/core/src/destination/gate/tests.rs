mod properties;
mod simulation;

use super::*;
use crate::destination::answer::{Failure, Outcome};
use crate::testing::Dice;

const START: Timestamp = Timestamp::from_seconds(1_700_000_000);
const DOWN: Effect = Effect::Failure { leave_alone: None };

fn after(seconds: u64) -> Timestamp {
    START.plus(Duration::from_secs(seconds))
}

/// Longest waits.
fn dice() -> Dice {
    Dice::fixed(u128::MAX)
}

/// One request at `now`, if there is a permit.
fn call(gate: &mut Gate, effect: &Effect, limit: u32, now: Timestamp) -> Result<(), Wait> {
    gate.lease("t", 1, now.plus(Duration::from_secs(60)), limit, now, &dice())?;
    gate.give_back("t", std::slice::from_ref(effect), limit, now, &dice());
    Ok(())
}

fn closed(limit: u32) -> Gate {
    let mut gate = Gate::default();
    for _ in 0..FAILURES {
        call(&mut gate, &DOWN, limit, START).unwrap();
    }
    gate
}

#[test]
fn failures_in_a_row_close_it_and_single_ones_do_not() {
    let mut gate = Gate::default();
    for _ in 0..20 {
        for effect in [DOWN, DOWN, DOWN, DOWN, Effect::Success, Effect::Fault] {
            call(&mut gate, &effect, 10, START).unwrap();
        }
        assert_eq!(gate.state(START), State::Open);
    }
    let gate = closed(10);
    let until = after(10);
    assert_eq!(gate.state(START), State::Closed { until, failures: 5 });
    assert_eq!(gate.state(until), State::Recovering { allowance: 1 });
}

#[test]
fn each_probe_that_fails_closes_it_for_twice_as_long() {
    let (mut gate, mut now, mut waits) = (closed(10), START, Vec::new());
    for _ in 0..9 {
        let Err(Wait::Closed { until }) = call(&mut gate, &DOWN, 10, now) else {
            panic!("{gate:?}");
        };
        waits.push(until.since(now).as_secs());
        now = until;
        call(&mut gate, &DOWN, 10, now).unwrap();
    }
    assert_eq!(waits, [10, 20, 40, 80, 160, 320, 600, 600, 600]);
}

#[test]
fn there_is_one_probe_at_a_time() {
    let (mut gate, now) = (closed(10), after(10));
    let permit = gate.lease("a", 10, after(70), 10, now, &dice()).unwrap();
    assert_eq!(permit.requests, 1);
    let busy = gate.lease("b", 10, after(70), 10, now, &dice());
    assert_eq!(busy, Err(Wait::Busy { recovering: true }));
}

#[test]
fn a_slow_destination_keeps_a_fifth_of_the_invocations_waiting() {
    let mut gate = Gate::default();
    let callers = |gate: &mut Gate, now: Timestamp| {
        let mut callers = 0;
        while callers < 10 && !gate.is_crowded(10, now) {
            callers += 1;
            let until = now.plus(Duration::from_secs(60));
            gate.lease(&callers.to_string(), 1, until, 100, now, &dice()).unwrap();
        }
        callers
    };
    let give_back = |gate: &mut Gate, took: Duration, now: Timestamp| {
        gate.took(took);
        for caller in 1..=10 {
            gate.give_back(&caller.to_string(), &[Effect::Success], 100, now, &dice());
        }
    };
    // It is fast, as far as anybody knows, until two have waited.
    assert_eq!(callers(&mut gate, START), 10);
    assert!(gate.is_crowded(10, START.plus(SLOW)));
    give_back(&mut gate, SLOW, START.plus(SLOW));
    assert_eq!(callers(&mut gate, after(10)), 2);
    // It is fast again.
    give_back(&mut gate, Duration::from_secs(1), after(11));
    assert_eq!(callers(&mut gate, after(20)), 10);
    // Those that died are none.
    assert!(!gate.is_crowded(10, after(80)));
    // One may always call.
    assert!(!Gate::default().is_crowded(1, START));
}

#[test]
fn it_recovers_by_one_with_each_success_and_halves_after_a_failure() {
    let (mut gate, now) = (closed(10), after(10));
    let mut allowances = Vec::new();
    let effects = [vec![Effect::Success; 6], vec![DOWN], vec![Effect::Success; 7]].concat();
    for effect in effects {
        call(&mut gate, &effect, 10, now).unwrap();
        allowances.push(gate.allowance.unwrap_or(10));
    }
    assert_eq!(allowances, [2, 3, 4, 5, 6, 7, 3, 4, 5, 6, 7, 8, 9, 10]);
    assert_eq!(gate.state(now), State::Open);
}

#[test]
fn a_destination_that_asks_for_it_is_left_alone() {
    let outcome = |status: u16, seconds| Outcome::Answered {
        status: http::StatusCode::from_u16(status).unwrap(),
        retry_after: Some(Duration::from_secs(seconds)),
    };
    for (status, seconds, expected) in [
        (
            503,
            3600,
            State::Closed {
                until: after(3600),
                failures: 1,
            },
        ),
        (
            429,
            2,
            State::Closed {
                until: after(10),
                failures: 1,
            },
        ),
        (500, 3600, State::Open),
        (404, 3600, State::Open),
    ] {
        let mut gate = Gate::default();
        call(&mut gate, &Effect::of(&outcome(status, seconds), START), 10, START).unwrap();
        assert_eq!(gate.state(START), expected, "{status}");
    }
}

#[test]
fn what_requests_from_before_it_closed_bring_changes_nothing() {
    let mut gate = Gate::default();
    for token in ["a", "b"] {
        gate.lease(token, 5, after(60), 10, START, &dice()).unwrap();
    }
    gate.give_back("a", &vec![DOWN; 9], 10, START, &dice());
    let before = gate.clone();
    gate.give_back("b", &[DOWN, Effect::Success, DOWN], 10, START, &dice());
    assert_eq!(
        Gate {
            leases: vec![],
            ..before
        },
        gate
    );
    assert_eq!(gate.failures, FAILURES);
}

#[test]
fn the_holder_of_a_permit_stops_once_its_own_copy_is_closed() {
    let mut gate = Gate::default();
    let permit = gate.lease("a", 3, after(60), 10, START, &dice()).unwrap();
    let mut calls = 0;
    while gate.may_call(permit) {
        gate.note(permit, &DOWN, 10, START, &dice());
        calls += 1;
    }
    assert_eq!(calls, FAILURES);
}

#[test]
fn a_function_that_dies_counts_as_a_failure() {
    let (mut gate, now) = (closed(10), after(10));
    gate.lease("probe", 1, after(70), 10, now, &dice()).unwrap();
    let wait = gate.lease("next", 1, after(200), 10, after(70), &dice());
    assert_eq!(wait, Err(Wait::Closed { until: after(90) }));
    // It was only late: its lease has ended.
    gate.give_back("probe", &[Effect::Success], 10, after(71), &dice());
    assert!(matches!(gate.state(after(71)), State::Closed { .. }));
}

#[test]
fn a_destination_that_is_gone_waits_for_an_operator() {
    let gone = Outcome::Answered {
        status: http::StatusCode::GONE,
        retry_after: None,
    };
    let mut gate = Gate::default();
    call(&mut gate, &Effect::of(&gone, START), 10, START).unwrap();
    let pause = Pause {
        reason: "answered 410 Gone".to_owned(),
        since_ms: START.as_millis(),
    };
    assert_eq!(gate.state(after(1_000_000)), State::Paused(pause));
    assert_eq!(
        call(&mut gate, &Effect::Success, 10, after(1_000_000)),
        Err(Wait::Paused)
    );
    assert_eq!(Wait::Paused.comes_back(START, &dice()), None);
    gate.resume();
    assert_eq!(gate.state(START), State::Recovering { allowance: 1 });
    call(&mut gate, &Effect::Success, 10, START).unwrap();
    assert_eq!(gate.state(START), State::Recovering { allowance: 2 });
}

#[test]
fn waiting_messages_come_back_spread() {
    let back = |wait: Wait, bits| {
        wait.comes_back(START, &Dice::fixed(bits))
            .unwrap()
            .since(START)
            .as_secs()
    };
    for (wait, first, last) in [
        (Wait::Closed { until: after(600) }, 600, 630),
        (Wait::Busy { recovering: true }, 5, 30),
        (Wait::Busy { recovering: false }, 1, 5),
    ] {
        assert_eq!((back(wait, 0), back(wait, u128::MAX)), (first, last), "{wait:?}");
    }
    assert!(matches!(Effect::of(&Outcome::Failed(Failure::Connect), START), DOWN));
}

#[test]
fn it_is_stored_as_plain_members() {
    let mut gate = closed(10);
    gate.version = 7;
    gate.lease("probe", 1, after(70), 10, after(10), &dice()).unwrap();
    let text = serde_json::to_string(&gate).unwrap();
    insta::assert_snapshot!(text, @r#"
    {"version":7,"epoch":1,"allowance":1,"failures":5,"closed_until":1700000010000,"slow":false,"leases":[{"token":"probe","requests":1,"since_ms":1700000010000,"until_ms":1700000070000,"epoch":1}]}
    "#);
    assert_eq!(serde_json::from_str::<Gate>(&text).unwrap(), gate);
    // A version that knows more members, and one that knows fewer.
    assert_eq!(
        serde_json::from_str::<Gate>(r#"{"version":0,"more":1}"#).unwrap(),
        Gate::default()
    );
}
