//! The keys of version 0.1. Its records are still in ledgers, so an event that has one is not new.
//!
//! Delete this module when no ledger has records of 0.1 any more: one `RetentionDays` after the upgrade
//! (docs/upgrading.md).

use super::IdempotencyKey;
use crate::event::{Amount, Event};
use crate::provider::id::{Id, bounded, key_part, key_word};
use crate::provider::{Environment, Occurs, Reading, Resource};

/// The key under which version 0.1 recorded an event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LegacyKey {
    /// The key.
    pub key: IdempotencyKey,
    /// Another event may have had this key, or have it today: only the bytes tell which event the record is of.
    pub by_bytes: bool,
}

/// The facts of a record that identify its event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recorded {
    /// The event's type.
    pub type_name: String,
    /// The SHA-256 of the bytes that were claimed first.
    pub body_sha256: String,
    /// Whether an operator took the event in before its webhook came.
    pub reconciled: bool,
    /// Whether it was rejected, so that no hook has completed it.
    pub rejected: bool,
    /// Whether an operator erased what the record had of a person, so that nothing is left to compare.
    pub erased: bool,
    /// The amount as it was recorded.
    pub amount: Option<String>,
    /// The amount's currency as it was recorded.
    pub currency: Option<String>,
}

impl Recorded {
    /// Whether `delivery`, with other bytes under the same key, is the webhook of this reconciled event, and is about the
    /// same money. Both have to name the amount, and both or neither the currency: what is not named can't be compared.
    /// A provider's API and its webhooks never say the same in the same bytes.
    ///
    /// The webhook of a rejected event is never its confirmation, because a confirmation can't reach hooks any more.
    pub fn is_confirmed_by(&self, delivery: &Event) -> bool {
        let amounts = self.amount.as_deref().zip(delivery.amount.as_deref());
        let same_amount = amounts.is_some_and(|(own, other)| Amount::from(own).is_worth(&bounded(other)));
        let same_currency = match (&self.currency, &delivery.currency) {
            (Some(own), Some(other)) => own.eq_ignore_ascii_case(&bounded(other)),
            (None, None) => true,
            _ => false,
        };
        self.reconciled && !self.rejected && !self.erased && same_amount && same_currency
    }
}

impl LegacyKey {
    /// `None` if version 0.1 gave the event the same key as `today`, or did not have the provider. `own` is the stack's environment.
    pub(crate) fn derive(
        provider: &str,
        own: Environment,
        reading: &Reading,
        body_sha256: &str,
        today: &IdempotencyKey,
    ) -> Option<Self> {
        let legacy = reading.legacy.as_ref()?;
        if legacy.unreadable {
            return None;
        }
        let named = reading.environment.filter(|_| !legacy.no_environment);
        let scope = format!("{provider}#{}", named.unwrap_or(own).name());
        let resource = reading.resource.as_ref().filter(|_| !legacy.no_resource);
        let event_id = legacy.event_id.as_ref().or(reading.event_id.as_ref());
        let event_id = event_id.filter(|_| !legacy.no_event_id).map(Id::as_str);
        let partition = match (resource, event_id) {
            (Some(Resource { kind, id, .. }), _) => format!("{scope}#{}#{}", key_word(kind), key_part(id)),
            (None, Some(id)) => format!("{scope}#event#{}", key_part(id)),
            (None, None) => format!("{scope}#body#{body_sha256}"),
        };
        let type_name = key_word(reading.type_name.as_str());
        let sort = match (event_id, legacy.occurs.as_ref().unwrap_or(&reading.occurs)) {
            (Some(id), _) => format!("event#{}", key_part(id)),
            (None, _) if resource.is_none() => type_name.into_owned(),
            (None, Occurs::Once) => type_name.into_owned(),
            (None, Occurs::Each(occurrence)) => format!("{type_name}#{}", key_part(occurrence.as_str())),
            (None, Occurs::ByBytes(Some(time))) => format!("{type_name}#{}#{body_sha256}", key_part(time)),
            (None, Occurs::ByBytes(None)) => format!("{type_name}#{body_sha256}"),
            (None, Occurs::InStatus { status, time }) => {
                let time = time
                    .as_deref()
                    .map_or(String::new(), |time| format!("{}#", key_part(time)));
                format!("{type_name}#{}#{time}{body_sha256}", key_part(status.as_str()))
            }
        };
        let key = IdempotencyKey { partition, sort };
        // The provider's event id belongs to one event, and today every key has a type. Any other key may be another
        // event's too: that of `"7"` for a number, or of a live event for one whose flag was not read.
        let own_id = reading.event_id.as_ref().is_some_and(Id::is_text);
        let by_bytes = !(own_id && !legacy.no_event_id && key.partition == today.partition);
        (key != *today).then_some(Self { key, by_bytes })
    }

    /// The key of a conflict with the event of this key.
    #[must_use]
    pub(crate) fn conflict(self, body_sha256: &str) -> Self {
        Self {
            key: self.key.conflict(body_sha256),
            ..self
        }
    }

    /// Whether `found`, the record at this key, is of the event of this type and these bytes. Many keys of version 0.1
    /// did not contain the type.
    pub fn matches(&self, found: &Recorded, type_name: &str, body_sha256: &str) -> bool {
        found.type_name == bounded(type_name) && (!self.by_bytes || found.body_sha256 == body_sha256)
    }
}

#[cfg(test)]
mod tests {
    use super::Recorded;
    use crate::event::{Environment, Event};
    use crate::provider::Provider;
    use crate::providers::{onepay, unopago};
    use crate::wire::envelope::Envelope;

    fn event(provider: &'static Provider, body: &str) -> Event {
        let envelope = Envelope::from_message(body, |name| match name {
            "envelope" => Some("1"),
            "provider" => Some(provider.name),
            "delivery_id" => Some("018bcfe5-6800-7707-8707-070707070707"),
            "received_at" => Some("1700000000000"),
            "form" => Some("raw"),
            _ => None,
        });
        Event::read(envelope.unwrap(), provider, Environment::Live)
    }

    fn legacy(provider: &'static Provider, body: &str) -> (String, bool) {
        let event = event(provider, body);
        let legacy = event.legacy_key().unwrap();
        (
            legacy.key.to_string().replace(event.body_sha256(), "{sha256}"),
            legacy.by_bytes,
        )
    }

    #[test]
    fn a_string_event_id_of_the_same_resource_needs_no_bytes() {
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
            assert_eq!(legacy(provider, &body), (key.to_owned(), by_bytes), "{body}");
        }
    }

    #[test]
    fn without_resource_and_id_the_legacy_key_is_the_bytes() {
        assert_eq!(
            legacy(&unopago::PROVIDER, r#"{"event":"customer_updated","livemode":false}"#),
            ("unopago#live#body#{sha256}|customer_updated".to_owned(), true)
        );
    }

    #[test]
    fn only_a_reconciled_event_of_the_same_named_money_is_confirmed() {
        let delivery = |named: &str| {
            let body = format!(r#"{{"payment":{{"id":"p1"{named}}},"event":{{"type":"payment.approved"}}}}"#);
            event(&onepay::PROVIDER, &body)
        };
        let own = || Recorded {
            type_name: "payment.approved".to_owned(),
            body_sha256: "5a".to_owned(),
            reconciled: true,
            rejected: false,
            erased: false,
            amount: Some("1000".to_owned()),
            currency: Some("cop".to_owned()),
        };
        let full = delivery(r#","amount":"1000.00","currency":"COP""#);
        assert!(own().is_confirmed_by(&full));
        let no_currency = || Recorded {
            currency: None,
            ..own()
        };
        assert!(no_currency().is_confirmed_by(&delivery(r#","amount":1000"#)));
        let no_amount = Recorded { amount: None, ..own() };
        for (recorded, delivery) in [
            (own(), delivery(r#","amount":1000"#)),
            (own(), delivery(r#","currency":"COP""#)),
            (own(), delivery(r#","amount":1001,"currency":"COP""#)),
            (no_currency(), full.clone()),
            (no_amount.clone(), full.clone()),
            (no_amount, delivery(r#","currency":"COP""#)),
            (
                Recorded {
                    rejected: true,
                    ..own()
                },
                full.clone(),
            ),
            (Recorded { erased: true, ..own() }, full.clone()),
            (
                Recorded {
                    reconciled: false,
                    ..own()
                },
                full.clone(),
            ),
        ] {
            assert!(!recorded.is_confirmed_by(&delivery), "{recorded:?}");
        }
    }
}
