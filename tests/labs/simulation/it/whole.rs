//! The parts together.

use acuse_simulation::limit::Limit;
use acuse_simulation::outcome::Outcome;
use acuse_simulation::pipeline::Pipeline;
use acuse_simulation::settings::{Settings, Setup};
use acuse_simulation::time::{DAY, MINUTE, SECOND, Tick};

fn run(settings: Settings, rate: f64, until: Tick, seed: u64) -> Outcome {
    Pipeline::new(settings, rate, MINUTE, seed).run(until)
}

fn everywhere(outcome: &Outcome) -> u64 {
    outcome.completed + outcome.dead + outcome.given_up + outcome.at_provider + outcome.under_way
}

/// Whenever one looks, and however tight it is.
#[test]
fn nothing_is_lost() {
    let mut tight = Settings::default();
    tight.template.consumer_reserved_concurrency = 5;
    tight.template.max_attempts = 2;
    tight.template.max_receive_count = 4;
    tight.account.concurrency = 20;
    tight.work.one_retry_in = 3;
    tight.work.patience_ms = 100.0;
    for (place, settings) in [
        tight,
        Setup::Sized.settings(2000.0),
        Setup::Provisioned.settings(2000.0),
    ]
    .into_iter()
    .enumerate()
    {
        for until in [1, SECOND, 30 * SECOND, 10 * MINUTE, 30 * DAY] {
            let outcome = run(settings.clone(), 2000.0, until, 3);
            assert_eq!(everywhere(&outcome), outcome.arrived, "setup {place} until {until}");
        }
        let finished = run(settings, 2000.0, 30 * DAY, 3);
        assert_eq!((finished.at_provider, finished.under_way), (0, 0), "setup {place}");
    }
}

#[test]
fn the_same_seed_has_the_same_result_and_another_has_another() {
    let look = |seed| run(Settings::default(), 1000.0, 30 * DAY, seed).samples;
    assert_eq!(look(1), look(1));
    assert_ne!(look(1), look(2));
}

#[test]
fn ten_a_second_wait_for_nothing() {
    let outcome = run(Settings::default(), 10.0, 30 * DAY, 5);
    assert_eq!((outcome.refused, outcome.dead, outcome.given_up), (0, 0, 0));
    assert!(outcome.longest_wait < 1.0, "{}", outcome.longest_wait);
}

#[test]
fn more_consumers_shorten_the_queue_until_the_index_is_the_limit() {
    let wait = |consumers, shards| {
        let mut settings = Setup::Sized.settings(1000.0);
        settings.work.external_side_effects = true;
        settings.template.consumer_max_concurrency = consumers;
        settings.template.ledger_day_shards = shards;
        run(settings, 1000.0, 30 * DAY, 5)
    };
    let (few, many) = (wait(10, 8), wait(40, 8));
    assert!(
        many.longest_wait < few.longest_wait / 10.0,
        "{} {}",
        many.longest_wait,
        few.longest_wait
    );
    assert!(few.limits.steps(Limit::MaxConcurrency) > 0);
    // The queue keeps what the index does not take, and nothing is given up.
    let index = wait(40, 1);
    assert!(
        index.longest_wait > few.longest_wait,
        "{} {}",
        index.longest_wait,
        few.longest_wait
    );
    assert!(index.limits.steps(Limit::IndexShard) > 0);
    assert_eq!((index.dead, index.given_up), (0, 0));
}

/// With parameters and quotas alone, whether all hooks only write or one has external side effects.
#[test]
fn ten_thousand_a_second_are_carried() {
    for (setup, external_side_effects) in [
        (Setup::Sized, false),
        (Setup::Sized, true),
        (Setup::Provisioned, false),
        (Setup::Provisioned, true),
    ] {
        let mut settings = setup.settings(10_000.0);
        settings.work.external_side_effects = external_side_effects;
        let outcome = run(settings, 10_000.0, 30 * DAY, 5);
        assert_eq!(
            (outcome.dead, outcome.given_up),
            (0, 0),
            "{setup:?} {external_side_effects}"
        );
        assert_eq!(outcome.completed, outcome.arrived);
        assert!(
            outcome.longest_wait < 60.0,
            "{setup:?} {external_side_effects}: {}",
            outcome.longest_wait
        );
        assert_eq!(
            outcome.limits.steps(Limit::IndexShard),
            0,
            "{setup:?} {external_side_effects}"
        );
    }
}

/// With the defaults, though more events wait for their retry than SQS has in flight.
#[test]
fn a_day_without_hooks_needs_no_operator() {
    let mut settings = Settings::default();
    settings.work.hooks_out_seconds = DAY / SECOND;
    let outcome = Pipeline::new(settings, 5.0, DAY, 5).run(30 * DAY);
    assert_eq!((outcome.dead, outcome.completed), (0, outcome.arrived));
    assert!(outcome.finished < DAY + 60 * MINUTE, "{}", outcome.finished - DAY);
    assert!(outcome.limits.steps(Limit::InFlight) > 0);
}

/// A hook that is out for good: only its own failures count, and no more than `MaxAttempts`.
#[test]
fn what_always_fails_is_given_up_after_its_attempts() {
    let mut settings = Settings::default();
    settings.work.one_retry_in = 1;
    settings.template.max_attempts = 5;
    let outcome = run(settings.clone(), 5.0, 30 * DAY, 5);
    assert_eq!((outcome.completed, outcome.dead), (0, outcome.arrived));
    // 2, 4, 8 and 16 s at most, after a burst of a minute.
    assert!(outcome.finished < 2 * MINUTE, "{}", outcome.finished);
}

#[test]
fn a_batching_window_fills_batches() {
    let mut settings = Settings::default();
    let without = run(settings.clone(), 20.0, 30 * DAY, 5);
    settings.template.consumer_batching_window_seconds = 2;
    let with = run(settings, 20.0, 30 * DAY, 5);
    assert!(with.longest_wait < 2.1 && with.longest_wait > without.longest_wait);
    assert!(with.most_consumers < without.most_consumers);
}
