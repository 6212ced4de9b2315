//! The keys of version 0.1, whose records are still in the ledger: an event that has one there is not new.
//!
//! May be deleted once no ledger has a record of 0.1 any more, one `RetentionDays` after its upgrade
//! (docs/upgrading.md).

use super::IdempotencyKey;
use crate::event::{Environment, Resource};
use crate::provider::Id;
use crate::provider::id::{bounded, name, part};
use crate::provider::{Occurs, Reading};

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
        found.type_name == bounded(type_name) && (!self.by_bytes || found.body_sha256 == body_sha256)
    }
}

#[cfg(test)]
mod tests {
    use crate::event::{Environment, Event};
    use crate::provider::Provider;
    use crate::providers::{onepay, unopago};
    use crate::wire::envelope::Envelope;

    fn former(provider: &'static Provider, body: &str) -> (String, bool) {
        let envelope = Envelope::from_message(body, |name| match name {
            "envelope" => Some("1"),
            "provider" => Some(provider.name),
            "delivery_id" => Some("018bcfe5-6800-7707-8707-070707070707"),
            "received_at" => Some("1700000000000"),
            "form" => Some("raw"),
            _ => None,
        });
        let event = Event::read(envelope.unwrap(), provider, Environment::Live).0;
        let former = event.former().unwrap();
        (
            former.key.to_string().replace(event.body_sha256(), "{sha256}"),
            former.by_bytes,
        )
    }

    #[test]
    fn only_a_providers_own_event_id_under_the_same_resource_is_known_by_its_type() {
        let of_id = |id: &str| {
            format!(
                r#"{{"payment":{{"id":{id}}},"event":{{"type":"payment.approved","id":"evt_1","environment":"live"}}}}"#
            )
        };
        for (provider, body, key, by_bytes) in [
            (
                &onepay::PROVIDER,
                of_id(r#""p1""#),
                "onepay#live#payment#p1|event#evt_1",
                false,
            ),
            (&onepay::PROVIDER, of_id("7"), "onepay#live#payment#7|event#evt_1", true),
            // Where a text is today.
            (
                &onepay::PROVIDER,
                of_id(r#""p1""#).replace(r#""evt_1""#, "9"),
                "onepay#live#payment#p1|event#9",
                true,
            ),
            // 0.1 took it for the resource's.
            (
                &unopago::PROVIDER,
                r#"{"event":"customer_updated","id":"evt_3","data":{"id":"evt_3"}}"#.to_owned(),
                "unopago#live#customer#evt_3|customer_updated#{sha256}",
                true,
            ),
            (
                &onepay::PROVIDER,
                r#"{"event":"payment.partially_paid","data":{"id":"p1","partial_payment":{"total_paid":"5"}}}"#
                    .to_owned(),
                "onepay#live#payment#p1|payment.partially_paid#{sha256}",
                true,
            ),
        ] {
            assert_eq!(former(provider, &body), (key.to_owned(), by_bytes), "{body}");
        }
    }

    #[test]
    fn what_had_neither_resource_nor_id_was_under_its_bytes() {
        assert_eq!(
            former(&unopago::PROVIDER, r#"{"event":"customer_updated","livemode":false}"#),
            ("unopago#live#body#{sha256}|customer_updated".to_owned(), true)
        );
    }
}
