//! Each rule alone, in the words of AWS.

use acuse_simulation::api::Api;
use acuse_simulation::burst::Burst;
use acuse_simulation::lambda::{Function, Pool};
use acuse_simulation::ledger::Ledger;
use acuse_simulation::limit::{Limit, Limits};
use acuse_simulation::mapping::Mapping;
use acuse_simulation::provider::{Attempt, Provider, RETRIES, wait};
use acuse_simulation::queue::{IN_FLIGHT, Queue};
use acuse_simulation::settings::Settings;
use acuse_simulation::time::{MINUTE, SECOND, Tick};
use acuse_simulation::units::Units;

#[test]
fn a_poisson_process_has_its_rate() {
    let mut burst = Burst::new(1, 1000.0, MINUTE);
    let arrived: u32 = (0..2 * MINUTE).map(|now| burst.arrivals(now)).sum();
    // Six standard deviations.
    assert!(arrived.abs_diff(60_000) < 1470, "{arrived}");
    assert!(burst.over());
}

#[test]
fn the_stage_lets_its_burst_and_then_its_rate_through() {
    let settings = Settings::default();
    let mut api = Api::new(&settings.template, &settings.account);
    let limits = &mut Limits::default();
    assert_eq!(api.admit(5000, 0, limits), 1000);
    let in_ten_seconds: u32 = (1..=10 * SECOND).map(|now| api.admit(5000, now, limits)).sum();
    assert_eq!(in_ten_seconds, 5000);
    assert_eq!(limits.in_order()[0].0, Limit::ThrottleRate);
}

#[test]
fn a_function_gets_a_thousand_environments_and_then_a_hundred_a_second() {
    let (mut function, limits) = (Function::default(), &mut Limits::default());
    let mut pool = Pool::new(5000);
    assert_eq!(function.start(3000, &mut pool, 0, limits).cold, 1000);
    assert_eq!(function.start(3000, &mut pool, SECOND, limits).cold, 100);
    // What is there is used again, and nothing is saved up.
    function.end(1100, &mut pool);
    let started = function.start(3000, &mut pool, 10 * MINUTE, limits);
    assert_eq!((started.warm, started.cold), (1100, 1000));
}

#[test]
fn an_account_serves_ten_requests_a_second_for_each_unit_of_concurrency() {
    let (mut function, limits) = (Function::default(), &mut Limits::default());
    let mut pool = Pool::new(10);
    let mut served = 0;
    for now in 0..10 * SECOND {
        let started = function.start(10, &mut pool, now, limits);
        served += started.warm + started.cold;
        function.end(started.warm + started.cold, &mut pool);
    }
    // A second's worth at once, then its rate.
    assert!((1090..=1100).contains(&served), "{served}");
    assert!(limits.steps(Limit::RequestRate) > 0);
}

#[test]
fn concurrency_is_shared_and_the_reserved_is_not() {
    let limits = &mut Limits::default();
    let (mut verify, mut consumer) = (Function::default(), Function::default());
    let (mut shared, mut reserved) = (Pool::new(60), Pool::new(40));
    assert_eq!(verify.start(100, &mut shared, 0, limits).cold, 60);
    assert_eq!(consumer.start(10, &mut shared, 0, limits).cold, 0);
    assert_eq!(consumer.start(10, &mut reserved, 0, limits).cold, 10);
}

fn concurrency_after(mapping: &mut Mapping, time: Tick) -> u32 {
    (0..=time).for_each(|now| mapping.scale(true, u32::MAX, now));
    mapping.concurrency()
}

#[test]
fn the_mapping_begins_with_five_and_adds_at_most_three_hundred_a_minute() {
    let mut settings = Settings::default();
    settings.template.consumer_max_concurrency = u32::MAX;
    let mut mapping = Mapping::new(&settings.template, &settings.work);
    assert_eq!(mapping.concurrency(), 5);
    let mut before = 5;
    for minute in 1..=10 {
        (minute * MINUTE - MINUTE + 1..=minute * MINUTE).for_each(|now| mapping.scale(true, u32::MAX, now));
        assert!(mapping.concurrency() <= before + 300);
        before = mapping.concurrency();
    }
    assert_eq!(before, 1250);
}

#[test]
fn the_mapping_keeps_to_its_maximum_and_goes_back_to_five() {
    let settings = Settings::default();
    let mut mapping = Mapping::new(&settings.template, &settings.work);
    assert_eq!(concurrency_after(&mut mapping, 10 * MINUTE), 10);
    (10 * MINUTE..20 * MINUTE).for_each(|now| mapping.scale(false, 0, now));
    assert_eq!(mapping.concurrency(), 5);
}

#[test]
fn provisioned_pollers_carry_ten_each_and_come_a_hundred_a_minute() {
    let mut settings = Settings::default();
    settings.template.consumer_provisioned_pollers = 20;
    settings.template.consumer_provisioned_pollers_max = 2000;
    let mut mapping = Mapping::new(&settings.template, &settings.work);
    assert_eq!(mapping.concurrency(), 200);
    let limits = &mut Limits::default();
    // Ten receives a second of ten messages, each.
    assert_eq!(mapping.poll(10_000, 0, limits), 2000);
    assert_eq!(mapping.poll(10_000, SECOND, limits), 2000);
    assert_eq!(concurrency_after(&mut mapping, MINUTE), 1200);
    assert_eq!(concurrency_after(&mut mapping, 60 * MINUTE), 20_000);
}

#[test]
fn a_poller_carries_a_megabyte_a_second() {
    let mut settings = Settings::default();
    settings.template.consumer_provisioned_pollers = 2;
    settings.work.message_bytes = 100_000.0;
    let mut mapping = Mapping::new(&settings.template, &settings.work);
    assert_eq!(mapping.poll(1000, 0, &mut Limits::default()), 20);
}

#[test]
fn a_queue_gives_no_more_than_120_000_at_a_time() {
    let mut queue = Queue::default();
    queue.send(IN_FLIGHT + 5, 0);
    assert_eq!(queue.receive(IN_FLIGHT + 5).len() as u32, IN_FLIGHT);
    assert!(queue.receive(1).is_empty());
    queue.delete();
    assert_eq!(queue.receive(10).len(), 1);
}

#[test]
fn a_hidden_message_comes_back_when_its_time_has_come() {
    let mut queue = Queue::default();
    queue.send(1, 0);
    let message = queue.receive(1)[0];
    queue.hide(message, 200);
    queue.show(199);
    assert_eq!((queue.visible(), queue.in_flight()), (0, 1));
    queue.show(200);
    assert_eq!((queue.visible(), queue.in_flight()), (1, 0));
    assert_eq!(queue.receive(1)[0].receives, 2);
}

#[test]
fn a_provider_sends_twenty_times_again_within_seventeen_and_a_half_days() {
    let waits: Tick = (1..=RETRIES).map(wait).sum();
    assert_eq!(waits / SECOND / 86_400, 18);
    let (mut provider, mut now) = (Provider::default(), 0);
    let first = Attempt {
        retry: 0,
        deliveries: 3,
    };
    provider.refused(first, now);
    for retry in 1..=RETRIES {
        assert_eq!(provider.given_up, 0);
        now = provider.next().unwrap();
        let due = provider.due(now);
        assert_eq!(due, [Attempt { retry, deliveries: 3 }]);
        provider.refused(due[0], now);
    }
    assert_eq!((provider.given_up, provider.waiting()), (3, 0));
}

#[test]
fn a_shard_of_a_day_takes_a_thousand_write_units_a_second() {
    for shards in [1, 3] {
        let mut settings = Settings::default();
        settings.template.ledger_day_shards = shards;
        settings.account.ledger_warm = 40_000.0;
        let mut ledger = Ledger::new(&settings);
        let limits = &mut Limits::default();
        let units = Units::of(&settings.work, 2, false);
        let written = (0..60 * SECOND).map(|now| (0..20).filter(|_| ledger.write(units, 1, now, limits)).count());
        let written: usize = written.sum();
        // 250 events a second of 4 units, each.
        let expected = 15_000 * shards as usize;
        assert!((expected - 10..expected + 100).contains(&written), "{written}");
        assert!(limits.steps(Limit::IndexShard) > 0);
    }
}

#[test]
fn a_new_index_takes_four_thousand_write_units_however_many_shards_it_has() {
    let mut settings = Settings::default();
    settings.template.ledger_day_shards = 100;
    settings.account.ledger_warm = 40_000.0;
    let mut ledger = Ledger::new(&settings);
    let limits = &mut Limits::default();
    let units = Units::of(&settings.work, 1, false);
    let written = (0..60 * SECOND).map(|now| (0..50).filter(|_| ledger.write(units, 1, now, limits)).count());
    let written: usize = written.sum();
    // 2,000 events a second of 2 units.
    assert!((119_900..120_300).contains(&written), "{written}");
    assert!(limits.steps(Limit::IndexWarm) > 0);
}

#[test]
fn a_new_table_takes_four_thousand_write_units_and_twice_as_many_after_half_an_hour() {
    let mut settings = Settings::default();
    settings.template.ledger_day_shards = 256;
    settings.account.index_warm = 40_000.0;
    let mut ledger = Ledger::new(&settings);
    let limits = &mut Limits::default();
    let units = Units::of(&settings.work, 2, false);
    let mut written_in = |from: Tick| {
        let steps = from..from + 10 * SECOND;
        steps
            .map(|now| (0..50).filter(|_| ledger.write(units, 1, now, limits)).count())
            .sum::<usize>()
            / 10
    };
    written_in(0);
    let first = written_in(10 * SECOND);
    assert!((660..=670).contains(&first), "{first}");
    written_in(30 * MINUTE);
    let later = written_in(30 * MINUTE + 10 * SECOND);
    assert!((1330..=1470).contains(&later), "{later}");
}
