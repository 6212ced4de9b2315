//! When two deliveries are the same event.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::fmt::{self, Write};

use sha2::{Digest, Sha256};

use crate::event::{Environment, Resource};
use crate::provider::{Occurs, Provider, Reading};

/// The same for every delivery of one event, and for no other event. It is the key of the
/// event's ledger item, so that one query of a partition shows the life of a resource.
///
/// It is made of verified bytes alone, never of an unsigned header.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct IdempotencyKey {
    /// `{provider}#{environment}#{resource kind}#{resource id}`; without a resource
    /// `{provider}#{environment}#event#{event id}` or `{provider}#{environment}#body#{sha256}`.
    pub partition: String,
    /// `event#{provider's event id}`, `{type}`, or `{type}#{what tells occurrences apart}`.
    pub sort: String,
}

/// DynamoDB allows 2,048 bytes of partition key and 1,024 of sort key; three parts of this
/// length fit in either.
const LONGEST_PART: usize = 256;

impl IdempotencyKey {
    /// In this order: the provider's event id; else the type's rule; else the bytes' SHA-256.
    pub fn derive(provider: &str, environment: Environment, reading: &Reading, body_sha256: &str) -> Self {
        let environment = environment.name();
        let partition = match (&reading.resource, &reading.event_id) {
            (Some(Resource { kind, id }), _) => {
                format!("{provider}#{environment}#{}#{}", name(kind), part(id))
            }
            // With the event's own id two deliveries are one event even where the bytes differ.
            (None, Some(id)) => format!("{provider}#{environment}#event#{}", part(id)),
            (None, None) => format!("{provider}#{environment}#body#{body_sha256}"),
        };
        let type_name = name(&reading.type_name);
        let sort = match (&reading.event_id, &reading.occurs) {
            (Some(id), _) => format!("event#{}", part(id)),
            (None, _) if reading.resource.is_none() => type_name.into_owned(),
            (None, Occurs::Once) => type_name.into_owned(),
            (None, Occurs::Each(occurrence)) => format!("{type_name}#{}", part(occurrence)),
            (None, Occurs::ByBytes(Some(time))) => {
                format!("{type_name}#{}#{body_sha256}", part(time))
            }
            (None, Occurs::ByBytes(None)) => format!("{type_name}#{body_sha256}"),
        };
        Self { partition, sort }
    }

    /// The partitions that may hold an event of `provider` by this id: that of a resource of a kind which its
    /// types name (`payment.approved` happens to a `payment`), or the event's own.
    pub fn likely_partitions(provider: &Provider, id: &str) -> BTreeSet<String> {
        let mut kinds = BTreeSet::from([Cow::Borrowed("event")]);
        for type_name in provider.types {
            let separator = if type_name.contains('.') { '.' } else { '_' };
            let ends = type_name.match_indices(separator).map(|(end, _)| end);
            kinds.extend(ends.filter_map(|end| type_name.get(..end)).map(name));
        }
        let environments = [Environment::Live, Environment::Test];
        let partition = |environment: Environment, kind: &str| {
            format!("{}#{}#{kind}#{}", provider.name, environment.name(), part(id))
        };
        let partition = &partition;
        let of = |environment| kinds.iter().map(move |kind| partition(environment, kind));
        environments.into_iter().flat_map(of).collect()
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

/// A resource's kind or an event's type: one that is called as our own words stays apart from them.
fn name(text: &str) -> Cow<'_, str> {
    match text {
        "event" => Cow::Borrowed("%65vent"),
        "body" => Cow::Borrowed("%62ody"),
        text => part(text),
    }
}

/// One part of a key, so that distinct texts stay distinct: separators and control characters
/// are percent-encoded, and what is too long for DynamoDB is replaced by its digest. `~` can
/// only come from the latter.
fn part(text: &str) -> Cow<'_, str> {
    let plain = |c: char| !matches!(c, '#' | '%' | '|' | '~') && !c.is_control();
    let encoded = if text.is_empty() {
        // An empty part would read like a missing one.
        Cow::Borrowed("%")
    } else if text.chars().all(plain) {
        Cow::Borrowed(text)
    } else {
        let mut encoded = String::with_capacity(text.len() + 8);
        for c in text.chars() {
            if plain(c) {
                encoded.push(c);
            } else {
                let mut bytes = [0; 4];
                for byte in c.encode_utf8(&mut bytes).bytes() {
                    // Writing to a String can't fail.
                    let _ = write!(encoded, "%{byte:02X}");
                }
            }
        }
        Cow::Owned(encoded)
    };
    if encoded.len() <= LONGEST_PART {
        return encoded;
    }
    Cow::Owned(digest(text))
}

/// A provider's text where it becomes a key of a hook's own, or an attribute: as it is, and where it is too
/// long for that its digest. A provider may send a megabyte as an id. Distinct texts stay distinct: `~` comes
/// first in digests alone.
pub fn bounded(text: &str) -> Cow<'_, str> {
    match text.len() <= LONGEST_PART && !text.starts_with('~') {
        true => Cow::Borrowed(text),
        false => Cow::Owned(digest(text)),
    }
}

/// What stands for a text that is too long where it should be.
pub fn digest(text: &str) -> String {
    format!("~{}", data_encoding::HEXLOWER.encode(&Sha256::digest(text.as_bytes())))
}

#[cfg(test)]
mod limits;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::Kind;
    use proptest::prelude::*;

    fn key(resource: Option<(&str, &str)>, event_id: Option<&str>, occurs: Occurs) -> String {
        key_of("payment.approved", resource, event_id, occurs)
    }

    fn key_of(type_name: &str, resource: Option<(&str, &str)>, event_id: Option<&str>, occurs: Occurs) -> String {
        let reading = Reading {
            type_name: type_name.to_owned(),
            kind: Kind::PaymentSucceeded,
            occurs,
            environment: None,
            resource: resource.map(|(kind, id)| Resource {
                kind: kind.to_owned(),
                id: id.to_owned(),
            }),
            event_id: event_id.map(str::to_owned),
            occurred_at: None,
            amount: None,
        };
        IdempotencyKey::derive("onepay", Environment::Live, &reading, "5a5a").to_string()
    }

    #[test]
    fn the_rules_in_their_order() {
        let payment = Some(("payment", "p1"));
        let all = [
            key(payment, Some("evt_9"), Occurs::Once),
            key(payment, None, Occurs::Once),
            key(payment, None, Occurs::Each("2024-05".to_owned())),
            key(payment, None, Occurs::ByBytes(Some("1689262934".to_owned()))),
            key(payment, None, Occurs::ByBytes(None)),
            key(None, Some("evt_9"), Occurs::Once),
            key(None, None, Occurs::Once),
        ];
        insta::assert_snapshot!(all.join("\n"), @r"
        onepay#live#payment#p1|event#evt_9
        onepay#live#payment#p1|payment.approved
        onepay#live#payment#p1|payment.approved#2024-05
        onepay#live#payment#p1|payment.approved#1689262934#5a5a
        onepay#live#payment#p1|payment.approved#5a5a
        onepay#live#event#evt_9|event#evt_9
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
    fn a_text_of_any_length_fits_an_attribute_and_stays_apart() {
        let long = "x".repeat(420_000);
        let of_long = bounded(&long).into_owned();
        let texts = ["", "a#b|c", &long[..256], &long[..257], &long, &of_long];
        let bounded: std::collections::BTreeSet<_> = texts.iter().map(|text| bounded(text)).collect();
        assert_eq!(bounded.len(), texts.len());
        assert!(bounded.iter().all(|text| text.len() <= LONGEST_PART));
        assert!(bounded.contains("a#b|c"), "what fits stays as it is");
    }

    /// Texts that a careless join would mix up.
    fn odd() -> impl Strategy<Value = String> {
        prop_oneof![
            Just(String::new()),
            "[ab#|%~]{1,3}",
            prop_oneof![
                Just("event"),
                Just("body"),
                Just("%65vent"),
                Just("payment"),
                Just("7"),
                Just("07")
            ]
            .prop_map(str::to_owned),
            "[a-z]{255,260}",
            "[a#]{2048}",
        ]
    }

    proptest! {
        /// What tells two events apart is in their keys, and nothing else.
        #[test]
        fn distinct_events_have_distinct_keys(
            a in (odd(), proptest::option::of((odd(), odd())), proptest::option::of(odd()), proptest::option::of(odd())),
            b in (odd(), proptest::option::of((odd(), odd())), proptest::option::of(odd()), proptest::option::of(odd())),
        ) {
            type Facts = (String, Option<(String, String)>, Option<String>, Option<String>);
            let key = |(type_name, resource, event_id, occurrence): &Facts| {
                let resource = resource.as_ref().map(|(kind, id)| (kind.as_str(), id.as_str()));
                let occurs = occurrence.clone().map_or(Occurs::Once, Occurs::Each);
                key_of(type_name, resource, event_id.as_deref(), occurs)
            };
            let identity = |(type_name, resource, event_id, occurrence): Facts| match (resource, event_id) {
                (resource, Some(event_id)) => (resource, Some(event_id), None, None),
                // The same bytes: here both have the same digest.
                (None, None) => (None, None, Some(type_name), None),
                (resource, None) => (resource, None, Some(type_name), occurrence),
            };
            let same = key(&a) == key(&b);
            prop_assert!(key(&a).len() <= 2048);
            prop_assert_eq!(same, identity(a) == identity(b));
        }

        #[test]
        fn distinct_resources_have_distinct_keys(
            a in (".{0,20}", ".{0,300}"), b in (".{0,20}", ".{0,300}"),
        ) {
            let of = |(kind, id): &(String, String)| key(Some((kind, id)), None, Occurs::Once);
            prop_assert_eq!(a == b, of(&a) == of(&b));
        }
    }
}
