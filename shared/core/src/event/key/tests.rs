mod limits;

use super::*;
use crate::event::{Kind, Resource};
use proptest::prelude::*;

fn key(resource: Option<(&str, &str)>, event_id: Option<&str>, occurs: Occurs) -> String {
    let resource = resource.map(|(kind, id)| (kind.into(), id.into()));
    key_of("payment.approved".into(), resource, event_id.map(Id::from), occurs).to_string()
}

fn in_status(status: &str, time: Option<&str>) -> Occurs {
    let time = time.map(str::to_owned);
    Occurs::InStatus {
        status: status.into(),
        time,
    }
}

fn key_of(type_name: Id, resource: Option<(Id, Id)>, event_id: Option<Id>, occurs: Occurs) -> IdempotencyKey {
    let reading = Reading {
        resource: resource.map(|(kind, id)| Resource::new(kind, id)),
        event_id,
        ..Reading::new(type_name, Kind::PaymentSucceeded, occurs)
    };
    IdempotencyKey::derive("onepay", Environment::Live, &reading, "5a5a")
}

#[test]
fn key_rules_apply_in_order() {
    let payment = Some(("payment", "p1"));
    let all = [
        key(payment, Some("evt_9"), Occurs::Once),
        key(payment, None, Occurs::Once),
        key(payment, None, Occurs::Each("2024-05".into())),
        key(payment, None, Occurs::ByBytes(Some("1689262934".to_owned()))),
        key(payment, None, Occurs::ByBytes(None)),
        key(payment, None, in_status("APPROVED", Some("1689262934"))),
        key(payment, None, in_status("a#b", None)),
        key(None, Some("evt_9"), Occurs::Once),
        key(None, None, Occurs::Once),
    ];
    insta::assert_snapshot!(all.join("\n"), @r"
    onepay#live#payment#p1|payment.approved#event#evt_9
    onepay#live#payment#p1|payment.approved
    onepay#live#payment#p1|payment.approved#2024-05
    onepay#live#payment#p1|payment.approved#1689262934#5a5a
    onepay#live#payment#p1|payment.approved#5a5a
    onepay#live#payment#p1|payment.approved#APPROVED#1689262934#5a5a
    onepay#live#payment#p1|payment.approved#a%23b#5a5a
    onepay#live#event#evt_9|payment.approved#event#evt_9
    onepay#live#body#5a5a|payment.approved
    ");
}

#[test]
fn unusual_ids_have_distinct_keys_within_dynamodbs_limits() {
    let long = "x".repeat(2048);
    let ids = ["", "%", "a#b", "a%23b", "~", "a|b", "\n", &long, &long[1..]];
    let keys: std::collections::BTreeSet<_> = ids
        .iter()
        .map(|id| key(Some(("payment", id)), None, Occurs::Once))
        .collect();
    assert_eq!(keys.len(), ids.len(), "{keys:#?}");
    assert!(keys.iter().all(|key| key.len() <= 1024));
}

#[test]
fn a_conflicts_key_names_its_event_and_is_never_an_events() {
    let event = IdempotencyKey::parse("onepay#live#payment#p1|payment.approved").unwrap();
    let conflict = event.conflict("5a5a");
    let text = "onepay#live#payment#p1|payment.approved|conflict#5a5a";
    assert_eq!(conflict.to_string(), text);
    assert_eq!(IdempotencyKey::parse(text), Some(conflict.clone()));
    assert_eq!((conflict.conflict_of(), event.conflict_of()), (Some(event), None));

    let odd = key_of(
        "t|conflict#5a5a".into(),
        Some(("payment".into(), "p|conflict#5a5a".into())),
        None,
        Occurs::Once,
    );
    assert_eq!(
        IdempotencyKey::parse(&odd.to_string()).unwrap().conflict_of(),
        None,
        "{odd}"
    );
}

/// Deployed ledgers depend on it. The numbers were computed with Python's SHA-256.
#[test]
fn a_keys_shard_never_changes() {
    let key = |id: u32| IdempotencyKey {
        partition: format!("onepay#live#payment#{id}"),
        sort: "payment.approved".to_owned(),
    };
    assert_eq!([1, 2, 3, 4, 5].map(|id| key(id).shard(8)), [1, 0, 3, 5, 4]);
    assert_eq!([1, 2, 3].map(|id| key(id).shard(1)), [0; 3]);
    assert_eq!(key(1).shard(0), 0);
}

#[test]
fn keys_spread_evenly_over_shards() {
    let mut used = [0; 80];
    for id in 0..80_000 {
        let partition = format!("onepay#live#payment#{id}");
        let sort = "payment.approved".to_owned();
        used[IdempotencyKey { partition, sort }.shard(80) as usize] += 1;
    }
    // Five standard deviations.
    assert!(used.iter().all(|n| (840..1160).contains(n)), "{used:?}");
}

#[test]
fn likely_partitions_cover_string_and_number_ids() {
    let provider = &crate::providers::kuenta::PROVIDER;
    let likely = |id: &str| IdempotencyKey::likely_partitions(provider, &AccountName::DEFAULT, id);
    assert!(
        likely("7").is_superset(
            &["kuenta#live#payment#7", "kuenta#test#payment#~n7"]
                .map(str::to_owned)
                .into()
        )
    );
    assert!(likely("p7").iter().all(|partition| partition.ends_with("#p7")));
    assert_eq!(likely("7").len(), 2 * likely("07").len());
}

/// Ids of every JSON type, and texts that a careless join would confuse.
fn odd() -> impl Strategy<Value = Id> {
    // Around the longest part, and much longer.
    let long = ("[a-f#]{1,2}", prop_oneof![Just(128usize), Just(1500)]).prop_map(|(text, times)| text.repeat(times));
    let text = prop_oneof![
        "[ab#|%~]{1,3}",
        "[eé\u{301}É\u{0}\n\u{7f}\u{85}\u{FFFD}]{1,3}",
        "(event|body|%65vent|payment|7|07|~n7|%ED%A0%80|~5a5a)",
        long,
        "[a-z]{255,258}",
        ".{0,20}",
    ];
    let points = proptest::collection::vec(prop_oneof![0xD7FFu32..0xE001, Just(0xFFFD), Just(0x61)], 1..4);
    let points = (points, prop_oneof![Just(1), Just(1000)]);
    prop_oneof![
        8 => text.prop_map(Id::from),
        2 => "-?(7|07|[0-9]{64}|[0-9]{260})(\\.0)?".prop_map(Id::number),
        2 => points.prop_filter_map("a lone surrogate", |(points, times)| {
            let lone = points.iter().any(|point| char::from_u32(*point).is_none());
            lone.then(|| Id::code_points(points.repeat(times)))
        }),
    ]
}

type Facts = (Id, Option<(Id, Id)>, Option<Id>, Option<Id>);

fn facts() -> impl Strategy<Value = Facts> {
    use proptest::option::of;
    (odd(), of((odd(), odd())), of(odd()), of(odd()))
}

proptest! {
    /// Keys contain exactly what tells two events apart.
    #[test]
    fn distinct_events_have_distinct_keys(a in facts(), b in facts(), same in 0..16u8) {
        // Copies parts, because random ids are rarely equal.
        let pick = |place: u8, a: &Facts, b: Facts| match place {
            0 => (a.0.clone(), b.1, b.2, b.3),
            1 => (b.0, a.1.clone(), b.2, b.3),
            2 => (b.0, b.1, a.2.clone(), b.3),
            _ => (b.0, b.1, b.2, a.3.clone()),
        };
        let b = (0..4).filter(|place| same & (1 << place) != 0).fold(b, |b, place| pick(place, &a, b));
        let key = |(type_name, resource, event_id, occurrence): &Facts| {
            let occurs = occurrence.clone().map_or(Occurs::Once, Occurs::Each);
            key_of(type_name.clone(), resource.clone(), event_id.clone(), occurs)
        };
        let identity = |(type_name, resource, event_id, occurrence): &Facts| {
            // An event with an id or without a resource has no occurrence in its key; all bodies have one digest here.
            let occurrence = occurrence.clone().filter(|_| event_id.is_none() && resource.is_some());
            (type_name.clone(), resource.clone(), event_id.clone(), occurrence)
        };
        for key in [key(&a), key(&b)] {
            prop_assert!(key.partition.len() <= 2048 && key.sort.len() <= 1024);
            prop_assert!(!key.to_string().contains(char::is_control));
        }
        prop_assert_eq!(key(&a) == key(&b), identity(&a) == identity(&b));
    }

    #[test]
    fn distinct_ids_have_distinct_parts(a in odd(), b in odd()) {
        prop_assert_eq!(a == b, a.key_part() == b.key_part());
    }
}
