//! Any sequence of up to five events of one resource, in any order and with any times, ends in the state that the
//! table in docs/hooks.md defines.

use std::collections::BTreeMap;

use acuse_core::event::{Kind, Resource};
use proptest::prelude::*;
use proptest::sample::{Index, select};
use proptest::test_runner::TestRunner;

use super::documented::{Rule, rules};
use super::*;

/// The resources that have states, and the types of their events.
const RESOURCES: [(&str, &[&str]); 4] = [
    (
        "payment, charge",
        &[
            "payment.created",
            "payment.approved",
            "payment.rejected",
            "payment.expired",
            "payment.deleted",
            "payment.partially_paid",
        ],
    ),
    (
        "payment, charge",
        &[
            "charge.created",
            "charge.processing",
            "charge.succeeded",
            "charge.paid",
            "charge.declined",
            "charge.failed",
            "charge.refunded",
            "charge.disputed",
        ],
    ),
    (
        "payout",
        &[
            "cashout.created",
            "cashout.approved",
            "cashout.processing",
            "cashout.processed",
            "cashout.cancelled",
            "cashout.rejected",
        ],
    ),
    (
        "subscription",
        &[
            "subscription.created",
            "subscription.active",
            "subscription.payment",
            "subscription.cancelled",
        ],
    ),
];

/// Times in ms: equal ones, some a second or a minute apart, and absurd ones.
const MOMENTS: [i64; 9] = [
    1_700_000_000_000,
    1_700_000_000_000,
    1_700_000_000_001,
    1_700_000_001_000,
    1_700_000_060_000,
    0,
    -1,
    i64::MIN,
    1_767_000_000_000_000,
];

/// One event: its type, its time, and another time if the provider sends it again with that.
type Happening = (Index, i64, Option<i64>);

fn life() -> impl Strategy<Value = (usize, Vec<Event>)> {
    let happening = (
        any::<Index>(),
        select(&MOMENTS[..]),
        proptest::option::weighted(0.2, select(&MOMENTS[..])),
    );
    let happenings = proptest::collection::vec(happening, 1..=5);
    (0..RESOURCES.len(), happenings).prop_flat_map(|(resource, happenings)| {
        let events = happenings.iter().flat_map(|happening| events(resource, happening));
        (Just(resource), Just(events.take(5).collect::<Vec<_>>()).prop_shuffle())
    })
}

fn events(resource: usize, (place, moment, restamped): &Happening) -> Vec<Event> {
    let (_, types) = RESOURCES[resource];
    let type_name = types[place.index(types.len())];
    [Some(*moment), *restamped]
        .into_iter()
        .flatten()
        .map(|moment| {
            let mut event = onepay(type_name, 0);
            event.occurred_at = Some(Timestamp::from_millis(moment));
            event
        })
        .collect()
}

/// The only state that no other state of the sequence follows.
fn last<'a>(rules: &'a BTreeMap<String, Rule>, life: &[Event]) -> &'a str {
    let state = |event: &Event| {
        let kind = format!("{:?}", event.kind);
        rules.iter().find(|(_, rule)| rule.kinds.contains(&kind)).unwrap()
    };
    let follows = |next: &Event, event: &Event| {
        let ((name, next_rule), (_, rule)) = (state(next), state(event));
        let later = (next.at(), next_rule.line) > (event.at(), rule.line);
        rule.always.contains(name) || (rule.later.contains(name) && later)
    };
    let stays = |event: &&Event| !life.iter().any(|next| follows(next, event));
    let states: std::collections::BTreeSet<_> = life.iter().filter(stays).map(|event| state(event).0).collect();
    let mut states = states.into_iter();
    let (Some(last), None) = (states.next(), states.next()) else {
        panic!("the table does not define the last state of {life:?}");
    };
    last
}

#[test]
fn the_sequences_contain_every_kind_of_the_table() {
    let kinds = |types: &[&str]| -> Vec<Kind> { types.iter().map(|name| onepay(name, 0).kind).collect() };
    let sent: Vec<String> = RESOURCES
        .iter()
        .flat_map(|(_, types)| kinds(types))
        .map(|kind| format!("{kind:?}"))
        .collect();
    for (of, states) in rules() {
        for kind in states.values().flat_map(|rule| &rule.kinds) {
            assert!(sent.contains(kind), "{of}: {kind}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4096))]

    #[test]
    fn merged_events_end_in_the_state_of_the_table((resource, life) in life()) {
        let rules = rules();
        let rows = life.iter().map(|event| Row::from_event(event).unwrap());
        let row = rows.reduce(Row::merge).unwrap();
        prop_assert_eq!(row.state.status, last(&rules[RESOURCES[resource].0], &life));
        prop_assert_eq!(row.applied, life.len() as u64);
    }
}

/// The same with the conditions that DynamoDB evaluates, for many resources in one table.
#[test]
fn dynamodb_ends_in_the_state_of_the_table_and_counts_each_event_once() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let table = runtime.block_on(Table::create());
    let rules = rules();
    let number = std::cell::Cell::new(0);
    let mut runner = TestRunner::new(ProptestConfig {
        failure_persistence: None,
        ..ProptestConfig::with_cases(200)
    });
    let result = runner.run(&life(), |(resource, mut life)| {
        number.set(number.get() + 1);
        let pk = format!("onepay#live#any#{}", number.get());
        for event in &mut life {
            event.resource = Some(Resource::new("any", number.get().to_string()));
            runtime.block_on(table.apply(event));
        }
        let row = runtime.block_on(table.item(&pk)).unwrap();
        prop_assert_eq!(text(&row, "status"), last(&rules[RESOURCES[resource].0], &life));
        prop_assert_eq!(text(&row, "applied"), life.len().to_string());
        Ok(())
    });
    result.unwrap();
}
