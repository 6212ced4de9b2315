//! When two deliveries are the same event.

mod former;

use std::collections::BTreeSet;
use std::fmt;

use sha2::{Digest, Sha256};

use crate::event::Environment;
use crate::json::{self, Value};
use crate::provider::Id;
use crate::provider::id::name;
use crate::provider::{Occurs, Provider, Reading};
pub use former::{FormerKey, Recorded};

/// The same for every delivery of one event, and for no other event. It is the key of the
/// event's ledger item, so that one query of a partition shows the life of a resource.
///
/// It is made of verified bytes alone, never of an unsigned header.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct IdempotencyKey {
    /// `{provider}#{environment}#{resource kind}#{resource id}`; without a resource
    /// `{provider}#{environment}#event#{event id}` or `{provider}#{environment}#body#{sha256}`.
    pub partition: String,
    /// `{type}#event#{provider's event id}`, `{type}`, or `{type}#{what tells occurrences apart}`.
    pub sort: String,
}

/// What a conflict's key adds to the event's, before the SHA-256 of its bytes.
const CONFLICT: &str = "|conflict#";

impl IdempotencyKey {
    /// The type, and after it the first of these that there is: the provider's event id; what the type's rule
    /// says; the bytes' SHA-256.
    pub fn derive(provider: &str, environment: Environment, reading: &Reading, body_sha256: &str) -> Self {
        let scope = format!("{provider}#{}", environment.name());
        let partition = match (&reading.resource, &reading.event_id) {
            (Some(resource), _) => format!("{scope}#{}", resource.key()),
            // With the event's own id two deliveries are one event even where the bytes differ.
            (None, Some(id)) => format!("{scope}#event#{}", id.part()),
            (None, None) => format!("{scope}#body#{body_sha256}"),
        };
        let type_name = reading.type_name.name();
        let sort = match (&reading.event_id, &reading.occurs) {
            (Some(id), _) => format!("{type_name}#event#{}", id.part()),
            (None, _) if reading.resource.is_none() => type_name.into_owned(),
            (None, Occurs::Once) => type_name.into_owned(),
            (None, Occurs::Each(occurrence)) => format!("{type_name}#{}", occurrence.part()),
            (None, Occurs::ByBytes(Some(time))) => format!("{type_name}#{}#{body_sha256}", name(time)),
            (None, Occurs::ByBytes(None)) => format!("{type_name}#{body_sha256}"),
        };
        Self { partition, sort }
    }

    /// The partitions that may hold an event of `provider` by this id: that of a resource of a kind which its
    /// types name (`payment.approved` happens to a `payment`), or the event's own.
    pub fn likely_partitions(provider: &Provider, id: &str) -> BTreeSet<String> {
        let mut kinds = BTreeSet::from(["event".to_owned()]);
        for type_name in provider.types {
            let separator = if type_name.contains('.') { '.' } else { '_' };
            let ends = type_name.match_indices(separator).map(|(end, _)| end);
            kinds.extend(
                ends.filter_map(|end| type_name.get(..end))
                    .map(|kind| name(kind).into_owned()),
            );
        }
        // Whoever looks for 7 does not know whether the provider sends it in quotes.
        let number = json::parse(id.as_bytes()).is_ok_and(|value| value == Value::Number(id));
        let ids = [Some(Id::from(id)), number.then(|| Id::number(id))];
        let ids: Vec<String> = ids.iter().flatten().map(|id| id.part().into_owned()).collect();
        let environments = [Environment::Live, Environment::Test];
        let places = environments
            .iter()
            .flat_map(|own| kinds.iter().map(move |kind| (own.name(), kind)));
        let of = |(own, kind)| ids.iter().map(move |id| format!("{}#{own}#{kind}#{id}", provider.name));
        places.flat_map(of).collect()
    }

    /// The key of other bytes under this key: beside it in the same partition, and told apart by the bytes. No
    /// part of a key holds a bare `|`.
    #[must_use]
    pub fn conflict(&self, body_sha256: &str) -> Self {
        Self {
            partition: self.partition.clone(),
            sort: format!("{}{CONFLICT}{body_sha256}", self.sort),
        }
    }

    /// Reads a key's [text](fmt::Display).
    pub fn parse(text: &str) -> Option<Self> {
        let (partition, sort) = text.split_once('|')?;
        Some(Self {
            partition: partition.to_owned(),
            sort: sort.to_owned(),
        })
    }

    /// The key of the event that a conflict's key is beside; `None` where this is no conflict's.
    pub fn first(&self) -> Option<Self> {
        let (sort, _) = self.sort.rsplit_once(CONFLICT)?;
        Some(Self {
            partition: self.partition.clone(),
            sort: sort.to_owned(),
        })
    }

    /// The key of a payload that can't be read: its bytes.
    pub(crate) fn unreadable(provider: &str, environment: Environment, body_sha256: &str) -> Self {
        Self {
            partition: format!("{provider}#{}#body#{body_sha256}", environment.name()),
            sort: "unreadable".to_owned(),
        }
    }

    /// Which of so many shards the key belongs to, counted from 0: always the same one, on any machine and in
    /// any version, and each about as often as the others.
    pub fn shard(&self, shards: u32) -> u32 {
        let digest = Sha256::digest(self.to_string().as_bytes());
        let number = digest
            .iter()
            .take(8)
            .fold(0, |number, byte| number << 8 | u64::from(*byte));
        u32::try_from(number % u64::from(shards.max(1))).unwrap_or_default()
    }
}

/// `{partition}|{sort}`: one text for logs, `acuse events show`, and other systems' idempotency
/// headers. `|` is escaped inside the parts.
impl fmt::Display for IdempotencyKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}|{}", self.partition, self.sort)
    }
}

#[cfg(test)]
mod limits;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::{Kind, Resource};
    use proptest::prelude::*;

    fn key(resource: Option<(&str, &str)>, event_id: Option<&str>, occurs: Occurs) -> String {
        let resource = resource.map(|(kind, id)| (kind.into(), id.into()));
        key_of("payment.approved".into(), resource, event_id.map(Id::from), occurs).to_string()
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
    fn the_rules_in_their_order() {
        let payment = Some(("payment", "p1"));
        let all = [
            key(payment, Some("evt_9"), Occurs::Once),
            key(payment, None, Occurs::Once),
            key(payment, None, Occurs::Each("2024-05".into())),
            key(payment, None, Occurs::ByBytes(Some("1689262934".to_owned()))),
            key(payment, None, Occurs::ByBytes(None)),
            key(None, Some("evt_9"), Occurs::Once),
            key(None, None, Occurs::Once),
        ];
        insta::assert_snapshot!(all.join("\n"), @r"
        onepay#live#payment#p1|payment.approved#event#evt_9
        onepay#live#payment#p1|payment.approved
        onepay#live#payment#p1|payment.approved#2024-05
        onepay#live#payment#p1|payment.approved#1689262934#5a5a
        onepay#live#payment#p1|payment.approved#5a5a
        onepay#live#event#evt_9|payment.approved#event#evt_9
        onepay#live#body#5a5a|payment.approved
        ");
    }

    #[test]
    fn odd_ids_stay_apart_and_within_dynamodbs_limits() {
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
    fn a_conflicts_key_leads_to_the_event_and_no_event_has_such_a_key() {
        let event = IdempotencyKey::parse("onepay#live#payment#p1|payment.approved").unwrap();
        let conflict = event.conflict("5a5a");
        let text = "onepay#live#payment#p1|payment.approved|conflict#5a5a";
        assert_eq!(conflict.to_string(), text);
        assert_eq!(IdempotencyKey::parse(text), Some(conflict.clone()));
        assert_eq!((conflict.first(), event.first()), (Some(event), None));

        let odd = key_of(
            "t|conflict#5a5a".into(),
            Some(("payment".into(), "p|conflict#5a5a".into())),
            None,
            Occurs::Once,
        );
        assert_eq!(IdempotencyKey::parse(&odd.to_string()).unwrap().first(), None, "{odd}");
    }

    /// Ledgers that are deployed were written by it. The numbers are those of another SHA-256, Python's.
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
    fn shards_are_used_alike() {
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
    fn an_id_is_looked_for_as_a_text_and_as_a_number() {
        let provider = &crate::providers::kuenta::PROVIDER;
        let likely = |id: &str| IdempotencyKey::likely_partitions(provider, id);
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

    /// Ids of every kind that JSON has, and texts that a careless join would mix up.
    fn odd() -> impl Strategy<Value = Id> {
        // Around the longest part, and far beyond it.
        let long =
            ("[a-f#]{1,2}", prop_oneof![Just(128usize), Just(1500)]).prop_map(|(text, times)| text.repeat(times));
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
        /// What tells two events apart is in their keys, and nothing else.
        #[test]
        fn distinct_events_have_distinct_keys(a in facts(), b in facts(), same in 0..16u8) {
            // Parts in common, since random ids seldom are the same.
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
                // With an id of its own, and without a resource, nothing else tells it apart: here all have the
                // same digest.
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
            prop_assert_eq!(a == b, a.part() == b.part());
        }
    }
}
