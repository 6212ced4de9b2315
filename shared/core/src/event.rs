//! The provider's fact, as hooks see it.

pub(crate) mod amount;
pub mod key;
mod mismatch;
mod other;
pub mod payload;
pub mod reference;
mod time;

use std::fmt;

use bytes::Bytes;
use serde::de::DeserializeOwned;
use sha2::{Digest, Sha256};

use crate::account::Account;
use crate::clock::Timestamp;
use crate::event::key::{IdempotencyKey, LegacyKey};
use crate::json;
pub use crate::provider::{Environment, Kind, Resource};
use crate::provider::{LegacyReading, Occurs, Provider, Reading, Unreadable};
use crate::wire::content::Content;
use crate::wire::delivery::{CanonicalForm, DeliveryId};
use crate::wire::envelope::{Envelope, Replay};
pub use amount::Amount;
pub use mismatch::{Mismatch, read_json};
pub use other::Other;

/// The member that marks the payload of a test delivery: `{"acuse.doctor": "…"}`. No provider sends it, and nobody can
/// sign it without the secret.
pub const TEST_DELIVERY_MEMBER: &str = "acuse.doctor";

/// Something that happened at a provider, read from bytes that the provider signed.
#[derive(Clone)]
pub struct Event {
    /// The provider's name.
    pub provider: &'static str,
    /// The account whose secret proved the delivery.
    pub account: Account,
    /// Test money or real money.
    pub environment: Environment,
    /// The provider's name for what happened. `providers::…::EventType::of` gives it as an enum.
    pub type_name: String,
    /// The same in words that all providers share.
    pub kind: Kind,
    /// What it happened to; `None` if the payload does not say.
    pub resource: Option<Resource>,
    /// When it happened, according to the signed payload.
    pub occurred_at: Option<Timestamp>,
    /// The signed time, if it is invalid: not a time, before 2015, or more than a day after receipt.
    pub invalid_time: Option<String>,
    /// When the verifier received the delivery.
    pub received_at: Timestamp,
    /// The delivery that brought it.
    pub delivery_id: DeliveryId,
    /// The same for every delivery of this event, and for no other event.
    pub key: IdempotencyKey,
    /// The amount's text exactly as sent, a number or a string. Providers disagree on units.
    pub amount: Option<String>,
    /// The amount's currency, as sent, such as `COP`.
    pub currency: Option<String>,
    /// What has been paid so far of a payment in parts, exactly as sent.
    pub total_paid: Option<String>,
    /// The merchant's own order number, if the provider repeats it. Where it is looked for is each provider's choice, or
    /// the owner's: see [`reference`](mod@reference).
    pub reference: Option<String>,
    /// The X-Ray trace of the delivery that brought it, in the form of the header `X-Amzn-Trace-Id`.
    pub trace: Option<String>,
    /// Which bytes the provider signed.
    pub form: CanonicalForm,
    /// Why the payload can't be read. Such an event is recorded, and never handed to hooks.
    pub unreadable: Option<Unreadable>,
    /// A test delivery of `acuse doctor`: recorded, and never handed to hooks.
    pub test_delivery: bool,
    /// An operator sent it on purpose, although it was rejected or set aside.
    pub replay: bool,
    /// An operator took it in with `acuse reconcile --ingest`, because its webhook never came. The payload is what the
    /// provider's API says, in the shape of a webhook; no signature vouches for it.
    pub reconciled: bool,
    /// The webhook of an event that was [`reconciled`](field@Self::reconciled) before it came. Recorded, and never handed
    /// to hooks, which have had the event.
    pub confirmation: bool,
    legacy_key: Option<LegacyKey>,
    business_key: Option<String>,
    /// The member of the payload that is the resource; `None` if it is the whole payload.
    resource_member: Option<String>,
    content: Content,
    body: Bytes,
    body_sha256: String,
}

impl Event {
    /// Reads the one event whose JSON text `envelope` carries. [`payload::events`] finds
    /// such texts in other bodies. `own` is the stack's environment, for payloads that name none; the environment that
    /// the account is bound to comes before it.
    ///
    /// A payload that can't be read is an event too, with the reason in [`unreadable`](field@Self::unreadable), so that
    /// it is claimed and recorded like any other.
    pub fn read(envelope: Envelope, provider: &'static Provider, own: Environment) -> Self {
        let payload = match json::parse(&envelope.body) {
            Ok(payload) => payload,
            Err(error) => return Self::unreadable(envelope, provider, own, Unreadable::NotJson(error.to_string())),
        };
        if payload.get(TEST_DELIVERY_MEMBER).is_some() {
            return Self {
                type_name: TEST_DELIVERY_MEMBER.to_owned(),
                test_delivery: true,
                reference: reference::usual(&payload),
                ..Self::without_reading(envelope, provider, own, None)
            };
        }
        match (provider.read)(&payload) {
            Ok(reading) => {
                let is_conflict = envelope.replay == Some(Replay::Conflict);
                let event = Self::new(envelope, provider, own, reading);
                if is_conflict { event.into_conflict() } else { event }
            }
            Err(why) => {
                let reference = reference::usual(&payload);
                Self {
                    reference,
                    ..Self::unreadable(envelope, provider, own, why)
                }
            }
        }
    }

    pub(crate) fn unreadable(
        envelope: Envelope,
        provider: &'static Provider,
        own: Environment,
        why: Unreadable,
    ) -> Self {
        // Recorded where no real money moves.
        let environment = matches!(why, Unreadable::Environment(_)).then_some(Environment::Test);
        Self {
            unreadable: Some(why),
            ..Self::without_reading(envelope, provider, own, environment)
        }
    }

    /// An event of which only the bytes are known. They are its key.
    fn without_reading(
        envelope: Envelope,
        provider: &'static Provider,
        own: Environment,
        environment: Option<Environment>,
    ) -> Self {
        let reading = Reading {
            environment,
            legacy: Some(LegacyReading {
                no_environment: true,
                ..LegacyReading::default()
            }),
            ..Reading::new("unreadable", Kind::Unknown, Occurs::Once)
        };
        Self {
            content: envelope.content.clone(),
            ..Self::new(envelope, provider, own, reading)
        }
    }

    fn new(envelope: Envelope, provider: &'static Provider, own: Environment, reading: Reading) -> Self {
        let account = envelope.account;
        let environment = reading.environment.or(account.environment).unwrap_or(own);
        let body_sha256 = data_encoding::HEXLOWER.encode(&Sha256::digest(&envelope.body));
        let key = IdempotencyKey::derive(&account.name.scope(provider.name), environment, &reading, &body_sha256);
        let legacy_key = LegacyKey::derive(provider.name, own, &reading, &body_sha256, &key);
        // Version 0.1 had no other account.
        let legacy_key = legacy_key.filter(|_| account.name.is_default());
        let occurred_at = reading.time.as_deref();
        let occurred_at = occurred_at.and_then(|time| time::of_event(time, envelope.received_at));
        let business_key = reading.resource.as_ref().and_then(|resource| {
            let (_, id) = resource.key().split_once('#')?;
            // Both parts are exact, and the first one contains no space.
            Some(format!("{} {id}", reading.type_name.key_part().replace(' ', "%20")))
        });
        Self {
            provider: provider.name,
            account,
            environment,
            type_name: reading.type_name.as_str().to_owned(),
            kind: reading.kind,
            legacy_key,
            business_key,
            resource: reading.resource,
            occurred_at,
            invalid_time: reading.time.filter(|_| occurred_at.is_none()),
            received_at: envelope.received_at,
            delivery_id: envelope.delivery_id,
            key,
            amount: reading.amount,
            currency: reading.currency,
            total_paid: reading.total_paid,
            reference: reading.reference,
            resource_member: reading.resource_member,
            trace: None,
            form: envelope.form,
            unreadable: None,
            test_delivery: false,
            replay: matches!(envelope.replay, Some(Replay::Event | Replay::Conflict)),
            reconciled: envelope.replay == Some(Replay::Reconciled),
            confirmation: false,
            content: Content::default(),
            body: envelope.body,
            body_sha256,
        }
    }

    /// The same delivery as a conflict, an event of its own: other bytes under a known key.
    #[must_use]
    pub fn into_conflict(mut self) -> Self {
        self.key = self.key.conflict(&self.body_sha256);
        self.legacy_key = self.legacy_key.map(|legacy| legacy.conflict(&self.body_sha256));
        self
    }

    /// The same delivery as the confirmation of a reconciled event: a record of its own beside that event's.
    #[must_use]
    pub fn into_confirmation(self) -> Self {
        Self {
            confirmation: true,
            ..self.into_conflict()
        }
    }

    /// The key under which version 0.1 may have recorded it, if that is another one.
    pub fn legacy_key(&self) -> Option<&LegacyKey> {
        self.legacy_key.as_ref()
    }

    /// The same event under another key.
    #[must_use]
    pub fn under(&self, key: IdempotencyKey) -> Self {
        Self { key, ..self.clone() }
    }

    /// The payload's JSON text: the bytes that the provider signed, or the text that was
    /// [read from them](crate::event::payload) if they are an array or not JSON in UTF-8. If the payload can't be read,
    /// the bytes.
    pub fn body(&self) -> &Bytes {
        &self.body
    }

    /// What the sender says about a body that can't be read. Later versions may be able to read it with that.
    pub fn content(&self) -> &Content {
        &self.content
    }

    /// The SHA-256 of [`body`](Self::body) in lower-case hex.
    pub fn body_sha256(&self) -> &str {
        &self.body_sha256
    }

    /// The whole payload as a type of your own. [`resource_as`](Self::resource_as) reads what it is about.
    ///
    /// # Errors
    /// [`Mismatch`] if the payload does not have that shape. A hook that uses `?` on it rejects the event, with a reason
    /// that names the field; a retry would not help.
    pub fn payload<T: DeserializeOwned>(&self) -> Result<T, Mismatch> {
        read_json("payload", &self.body)
    }

    /// The object that the event is about (the payment, the payout, …) as a type of your own, wherever the provider
    /// puts it. For the objects in the providers' guides there are types: see [`providers`](crate::providers), such as
    /// `onepay::Payment::of(event)?`.
    ///
    /// # Errors
    /// As for [`payload`](Self::payload); the reason names the field's whole path in the payload.
    pub fn resource_as<T: DeserializeOwned>(&self) -> Result<T, Mismatch> {
        match &self.resource_member {
            Some(member) => mismatch::read_in(&self.body, member),
            None => self.payload(),
        }
    }

    /// Whether the resource is of this kind, or would be if the payload named its id.
    pub fn is_about(&self, kind: &str) -> bool {
        match &self.resource {
            Some(resource) => resource.kind == kind,
            None => self.type_name.rsplit_once('.').is_some_and(|(own, _)| own == kind),
        }
    }

    /// An idempotency key for other systems: a UUID made of [`key`](field@Self::key), which fits any header. It is the
    /// same for every delivery and attempt of this event.
    pub fn idempotency_key(&self) -> String {
        self.key.uuid()
    }

    /// When it happened, or if the provider does not say, when it was first received. Orders the events of one resource.
    pub fn at(&self) -> Timestamp {
        self.occurred_at.unwrap_or(self.received_at)
    }

    /// Type and resource id, which stay the same if a provider gives its retries a new time. A hook can use it to guard
    /// against that. `None` if there is no resource.
    pub fn business_key(&self) -> Option<String> {
        self.business_key.clone()
    }
}

/// Leaves out the payload, which contains personal data.
impl fmt::Debug for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Event")
            .field("provider", &self.provider)
            .field("account", &self.account)
            .field("environment", &self.environment)
            .field("type_name", &self.type_name)
            .field("key", &self.key)
            .field("delivery_id", &self.delivery_id)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
