//! When two deliveries are the same event.

mod legacy;

use std::collections::BTreeSet;
use std::fmt;

use sha2::{Digest, Sha256};

use crate::account::AccountName;
use crate::json::{self, Value};
use crate::provider::id::{Id, key_word};
use crate::provider::{Environment, Occurs, Provider, Reading};
pub use legacy::{LegacyKey, Recorded};

/// The same for every delivery of one event, and for no other event. It is the key of the event's record in the ledger,
/// so one query of a partition shows the life of a resource.
///
/// It depends on verified bytes only, never on an unsigned header.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct IdempotencyKey {
    /// `{provider}#{environment}#{resource kind}#{resource id}`; without a resource
    /// `{provider}#{environment}#event#{event id}` or `{provider}#{environment}#body#{sha256}`. An account other than
    /// the default one has `{provider}/{account}` in place of `{provider}`.
    pub partition: String,
    /// `{type}#event#{provider's event id}`, `{type}`, or `{type}#{what tells occurrences apart}`.
    pub sort: String,
}

/// Separates an event's key from the SHA-256 of a conflict's bytes. No part of a key contains a plain `|`.
const CONFLICT: &str = "|conflict#";

impl IdempotencyKey {
    /// The key of these two parts.
    pub fn new(partition: impl Into<String>, sort: impl Into<String>) -> Self {
        let (partition, sort) = (partition.into(), sort.into());
        Self { partition, sort }
    }

    /// `scope` is the provider and [account](AccountName::scope). The key consists of the type and the first of these
    /// that applies: the provider's event id, the type's rule, the bytes' SHA-256.
    pub fn derive(scope: &str, environment: Environment, reading: &Reading, body_sha256: &str) -> Self {
        let scope = format!("{scope}#{}", environment.name());
        let partition = match (&reading.resource, &reading.event_id) {
            (Some(resource), _) => format!("{scope}#{}", resource.key()),
            // With an event id it is one event, even if the bytes differ.
            (None, Some(id)) => format!("{scope}#event#{}", id.key_part()),
            (None, None) => format!("{scope}#body#{body_sha256}"),
        };
        let type_name = reading.type_name.key_word();
        let sort = match (&reading.event_id, &reading.occurs) {
            (Some(id), _) => format!("{type_name}#event#{}", id.key_part()),
            (None, _) if reading.resource.is_none() => type_name.into_owned(),
            (None, Occurs::Once) => type_name.into_owned(),
            (None, Occurs::Each(occurrence)) => format!("{type_name}#{}", occurrence.key_part()),
            (None, Occurs::ByBytes(Some(time))) => format!("{type_name}#{}#{body_sha256}", key_word(time)),
            (None, Occurs::ByBytes(None)) => format!("{type_name}#{body_sha256}"),
            (None, Occurs::InStatus { status, time }) => {
                let time = time
                    .as_deref()
                    .map_or(String::new(), |time| format!("{}#", key_word(time)));
                format!("{type_name}#{}#{time}{body_sha256}", status.key_part())
            }
        };
        Self { partition, sort }
    }

    /// The partitions that may contain an event of this account with this id: those of resources whose kind the
    /// provider's types name (`payment.approved` happens to a `payment`), and the event's own.
    pub fn likely_partitions(provider: &Provider, account: &AccountName, id: &str) -> BTreeSet<String> {
        let mut kinds = BTreeSet::from(["event".to_owned()]);
        for type_name in provider.types {
            let separator = if type_name.contains('.') { '.' } else { '_' };
            let ends = type_name.match_indices(separator);
            kinds.extend(ends.filter_map(|(end, _)| Some(key_word(type_name.get(..end)?).into_owned())));
        }
        let mut ids = vec![Id::from(id)];
        // The operator may not know whether the provider sends 7 or "7".
        if json::parse(id.as_bytes()).is_ok_and(|value| value == Value::Number(id)) {
            ids.push(Id::number(id));
        }
        let scope = account.scope(provider.name);
        let mut partitions = BTreeSet::new();
        for environment in [Environment::Live, Environment::Test].map(Environment::name) {
            for kind in &kinds {
                let ids = ids.iter().map(Id::key_part);
                partitions.extend(ids.map(|id| format!("{scope}#{environment}#{kind}#{id}")));
            }
        }
        partitions
    }

    /// The key of a conflict, that is of other bytes under this key: in the same partition, and identified by its bytes.
    #[must_use]
    pub fn conflict(&self, body_sha256: &str) -> Self {
        Self::new(&self.partition, format!("{}{CONFLICT}{body_sha256}", self.sort))
    }

    /// The key of the event that this conflict is with; `None` if this is not a conflict's key.
    pub fn conflict_of(&self) -> Option<Self> {
        let (sort, _) = self.sort.rsplit_once(CONFLICT)?;
        Some(Self::new(&self.partition, sort))
    }

    /// Reads a key's [text](fmt::Display).
    pub fn parse(text: &str) -> Option<Self> {
        let (partition, sort) = text.split_once('|')?;
        Some(Self::new(partition, sort))
    }

    /// An idempotency key for other systems: a UUID made of this key.
    pub fn uuid(&self) -> String {
        let digest: [u8; 32] = Sha256::digest(self.to_string().as_bytes()).into();
        let first = digest.first_chunk().copied().unwrap_or_default();
        uuid::Builder::from_custom_bytes(first).into_uuid().to_string()
    }

    /// The shard of this key, counted from 0. It never changes, on any machine and in any version, and keys are spread
    /// evenly.
    pub fn shard(&self, shards: u32) -> u32 {
        let digest = Sha256::digest(self.to_string().as_bytes());
        let first = digest.iter().take(8);
        let number = first.fold(0, |number, byte| number << 8 | u64::from(*byte));
        u32::try_from(number % u64::from(shards.max(1))).unwrap_or_default()
    }
}

/// `{partition}|{sort}`: one text for logs, `acuse events show` and the idempotency headers of other systems. Inside
/// the parts, `|` is escaped.
impl fmt::Display for IdempotencyKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}|{}", self.partition, self.sort)
    }
}

#[cfg(test)]
mod tests;
