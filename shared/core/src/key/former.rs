//! The keys of version 0.1, whose records are still in the ledger: an event that has one there is not new.
//!
//! May be deleted once no ledger has a record of 0.1 any more, one `RetentionDays` after its upgrade
//! (docs/upgrading.md).

use super::id::{name, part};
use super::{Id, IdempotencyKey};
use crate::event::{Environment, Resource};
use crate::provider::{Occurs, Reading};

/// How version 0.1 read a payload, where that is not how it is read today.
#[derive(Debug, Clone, Default)]
pub struct Former {
    /// It could not be read, so that nothing was done with it.
    pub unreadable: bool,
    /// It named no environment.
    pub no_environment: bool,
    /// It happened to nothing.
    pub no_resource: bool,
    /// The event had no id.
    pub no_event_id: bool,
    /// The id that was taken for the event's.
    pub event_id: Option<Id>,
    /// How its occurrences were told apart.
    pub occurs: Option<Occurs>,
}

/// Where version 0.1 recorded an event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FormerKey {
    /// The key.
    pub key: IdempotencyKey,
    /// Another event may have this key, or have it today: only the bytes tell whether it is this one.
    pub by_bytes: bool,
}

/// What is recorded at a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recorded {
    /// The event's type, as the ledger has it.
    pub type_name: String,
    /// The SHA-256 of the bytes that were claimed first.
    pub body_sha256: String,
}

impl FormerKey {
    /// The former key of what is read so today; `None` where it is the same. `own`: the stack's environment.
    pub(crate) fn of(
        provider: &str,
        own: Environment,
        reading: &Reading,
        body_sha256: &str,
        today: &IdempotencyKey,
    ) -> Option<Self> {
        let former = &reading.former;
        if former.unreadable {
            return None;
        }
        let named = reading.environment.filter(|_| !former.no_environment);
        let scope = format!("{provider}#{}", named.unwrap_or(own).name());
        let resource = reading.resource.as_ref().filter(|_| !former.no_resource);
        let event_id = former.event_id.as_ref().or(reading.event_id.as_ref());
        let event_id = event_id.filter(|_| !former.no_event_id).map(Id::as_str);
        let partition = match (resource, event_id) {
            (Some(Resource { kind, id, .. }), _) => format!("{scope}#{}#{}", name(kind), part(id)),
            (None, Some(id)) => format!("{scope}#event#{}", part(id)),
            (None, None) => format!("{scope}#body#{body_sha256}"),
        };
        let type_name = name(reading.type_name.as_str());
        let sort = match (event_id, former.occurs.as_ref().unwrap_or(&reading.occurs)) {
            (Some(id), _) => format!("event#{}", part(id)),
            (None, _) if resource.is_none() => type_name.into_owned(),
            (None, Occurs::Once) => type_name.into_owned(),
            (None, Occurs::Each(occurrence)) => format!("{type_name}#{}", part(occurrence.as_str())),
            (None, Occurs::ByBytes(Some(time))) => format!("{type_name}#{}#{body_sha256}", part(time)),
            (None, Occurs::ByBytes(None)) => format!("{type_name}#{body_sha256}"),
        };
        let key = IdempotencyKey { partition, sort };
        // An event's id is its own, and today no key is without a type. All else is another's key as well: that of
        // `"7"`, for a number, or of a live event, for one whose flag was not read.
        let own_id = reading.event_id.as_ref().is_some_and(Id::is_text);
        let by_bytes = !(own_id && !former.no_event_id && key.partition == today.partition);
        (key != *today).then_some(Self { key, by_bytes })
    }

    /// Where other bytes under this key are recorded.
    #[must_use]
    pub(crate) fn conflict(self, body_sha256: &str) -> Self {
        Self {
            key: self.key.conflict(body_sha256),
            ..self
        }
    }

    /// Whether `found`, which is recorded at this key, is the event of this type and these bytes. The key of
    /// 0.1 often had no type.
    pub fn is_of(&self, found: &Recorded, type_name: &str, body_sha256: &str) -> bool {
        found.type_name == super::bounded(type_name) && (!self.by_bytes || found.body_sha256 == body_sha256)
    }
}
