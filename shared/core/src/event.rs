//! The provider's fact, as hooks see it.

pub mod key;
mod mismatch;
pub mod payload;
mod time;

use std::fmt;

use bytes::Bytes;
use serde::de::DeserializeOwned;
use sha2::{Digest, Sha256};

use crate::clock::Timestamp;
use crate::event::key::{FormerKey, IdempotencyKey};
use crate::json;
use crate::provider::{Provider, Reading, Unreadable};
use crate::wire::content::Content;
use crate::wire::delivery::{CanonicalForm, DeliveryId};
use crate::wire::envelope::{Envelope, Replay};

pub use crate::provider::{Environment, Kind, Resource};
pub use mismatch::Mismatch;

/// The member that marks the payload of a test delivery: `{"acuse.doctor": "…"}`. No provider sends it,
/// and nobody can who has not the secret.
pub const TEST_DELIVERY_MEMBER: &str = "acuse.doctor";

/// Something that happened at a provider, read from bytes that it signed.
#[derive(Clone)]
pub struct Event {
    /// The provider's name.
    pub provider: &'static str,
    /// Test money or real money.
    pub environment: Environment,
    /// The provider's own name of what happened. `providers::…::EventType::of` gives it as an enum.
    pub type_name: String,
    /// The same in words that all providers share.
    pub kind: Kind,
    /// What it happened to; `None` where the payload does not say.
    pub resource: Option<Resource>,
    /// When it happened, by the provider's signed word.
    pub occurred_at: Option<Timestamp>,
    /// What the provider signed as its time, where that is none: not written as one, before 2015, or more than a
    /// day ahead of the receipt.
    pub no_time: Option<String>,
    /// When the verifier received the delivery that brought it.
    pub received_at: Timestamp,
    /// The delivery that brought it.
    pub delivery_id: DeliveryId,
    /// The same for every delivery of this event, and for no other event.
    pub key: IdempotencyKey,
    /// The amount's text exactly as sent, number or string. Providers disagree on units.
    pub amount: Option<String>,
    /// What was paid so far of a payment in parts, exactly as sent.
    pub total_paid: Option<String>,
    /// The merchant's own number of the order, where the provider repeats it.
    pub reference: Option<String>,
    /// Which bytes the provider signed.
    pub form: CanonicalForm,
    /// A test delivery of `acuse doctor`: recorded, and never handed to hooks.
    pub test_delivery: bool,
    /// An operator sends it on purpose, although it was rejected or set aside.
    pub replay: bool,
    former: Option<FormerKey>,
    business_key: Option<String>,
    content: Content,
    body: Bytes,
    body_sha256: String,
}

impl Event {
    /// Reads the one event whose JSON text `envelope` carries; [`payload::events`](crate::event::payload::events) finds
    /// that text, or several, in other bodies. `own` is the stack's environment, for providers that name none.
    ///
    /// A payload that can't be understood is an event too, so that it is claimed, recorded and
    /// set aside like any other: it comes with the reason why it can't be read.
    pub fn read(envelope: Envelope, provider: &'static Provider, own: Environment) -> (Self, Option<Unreadable>) {
        let payload = json::parse(&envelope.body).map_err(|error| Unreadable::NotJson(error.to_string()));
        if payload
            .as_ref()
            .is_ok_and(|payload| payload.get(TEST_DELIVERY_MEMBER).is_some())
        {
            return (Self::test_delivery(envelope, provider, own), None);
        }
        let conflict = envelope.replay == Some(Replay::Conflict);
        match payload.and_then(|payload| (provider.read)(&payload)) {
            Ok(reading) => {
                let event = Self::from_reading(envelope, provider, own, reading);
                (if conflict { event.into_conflict() } else { event }, None)
            }
            // It is recorded among the events of no environment that money moves in.
            Err(why @ Unreadable::Environment(_)) => {
                let event = Self::unreadable(envelope, provider, Environment::Test);
                (event.formerly_unreadable(own), Some(why))
            }
            Err(why) => (Self::unreadable(envelope, provider, own), Some(why)),
        }
    }

    fn from_reading(envelope: Envelope, provider: &'static Provider, own: Environment, reading: Reading) -> Self {
        let environment = reading.environment.unwrap_or(own);
        let body_sha256 = sha256(&envelope.body);
        let key = IdempotencyKey::derive(provider.name, environment, &reading, &body_sha256);
        let occurred_at = |time: &String| Timestamp::of_event(time, envelope.received_at);
        let occurred_at = reading.time.as_ref().and_then(occurred_at);
        Self {
            provider: provider.name,
            environment,
            type_name: reading.type_name.as_str().to_owned(),
            kind: reading.kind,
            former: FormerKey::of(provider.name, own, &reading, &body_sha256, &key),
            business_key: reading.business_key(),
            resource: reading.resource,
            occurred_at,
            no_time: reading.time.filter(|_| occurred_at.is_none()),
            received_at: envelope.received_at,
            delivery_id: envelope.delivery_id,
            key,
            amount: reading.amount,
            total_paid: reading.total_paid,
            reference: reading.reference,
            form: envelope.form,
            test_delivery: false,
            replay: envelope.replay.is_some(),
            content: Content::default(),
            body: envelope.body,
            body_sha256,
        }
    }

    fn test_delivery(envelope: Envelope, provider: &'static Provider, own: Environment) -> Self {
        Self {
            type_name: TEST_DELIVERY_MEMBER.to_owned(),
            test_delivery: true,
            ..Self::unreadable(envelope, provider, own)
        }
    }

    pub(crate) fn unreadable(envelope: Envelope, provider: &'static Provider, own: Environment) -> Self {
        let body_sha256 = sha256(&envelope.body);
        Self {
            provider: provider.name,
            environment: own,
            type_name: "unreadable".to_owned(),
            kind: Kind::Unknown,
            resource: None,
            occurred_at: None,
            no_time: None,
            former: None,
            business_key: None,
            received_at: envelope.received_at,
            delivery_id: envelope.delivery_id,
            key: IdempotencyKey::unreadable(provider.name, own, &body_sha256),
            amount: None,
            total_paid: None,
            reference: None,
            form: envelope.form,
            test_delivery: false,
            replay: envelope.replay.is_some(),
            content: envelope.content,
            body: envelope.body,
            body_sha256,
        }
    }

    /// The same delivery as an event of its own: other bytes under a key that is known.
    #[must_use]
    pub fn into_conflict(mut self) -> Self {
        self.key = self.key.conflict(&self.body_sha256);
        self.former = self.former.map(|former| former.conflict(&self.body_sha256));
        self
    }

    /// Version 0.1 recorded it in the stack's own environment.
    fn formerly_unreadable(self, own: Environment) -> Self {
        let key = IdempotencyKey::unreadable(self.provider, own, &self.body_sha256);
        let former = (key != self.key).then_some(FormerKey { key, by_bytes: true });
        Self { former, ..self }
    }

    /// Where version 0.1 may have recorded it, if elsewhere.
    pub fn former(&self) -> Option<&FormerKey> {
        self.former.as_ref()
    }

    /// The same event under another key.
    #[must_use]
    pub(crate) fn under(&self, key: IdempotencyKey) -> Self {
        Self { key, ..self.clone() }
    }

    /// The payload's JSON text: the bytes that the provider signed, or where these are no JSON in UTF-8, or an
    /// array, the text that was [read from them](crate::event::payload). For a payload that can't be read, the bytes.
    pub fn body(&self) -> &Bytes {
        &self.body
    }

    /// What the sender says of a body that can't be read: later versions may read it by that.
    pub fn content(&self) -> &Content {
        &self.content
    }

    /// The SHA-256 of [`body`](Self::body), lower-case hex.
    pub fn body_sha256(&self) -> &str {
        &self.body_sha256
    }

    /// The payload as a type of yours.
    ///
    /// # Errors
    /// [`Mismatch`] where the payload is not of that shape: a hook that uses `?` on it rejects the event,
    /// with a reason that names the field. No retry would help.
    pub fn payload<T: DeserializeOwned>(&self) -> Result<T, Mismatch> {
        mismatch::read(&self.body)
    }

    /// When it happened, or where the provider does not say, when it was first received: what orders the
    /// events of one resource.
    pub fn at(&self) -> Timestamp {
        self.occurred_at.unwrap_or(self.received_at)
    }

    /// Type and resource id: the same even where a provider restamps its retries, so that a hook
    /// can guard against that. `None` where there is no resource.
    pub fn business_key(&self) -> Option<String> {
        self.business_key.clone()
    }
}

/// Without the payload: it holds personal data.
impl fmt::Debug for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Event")
            .field("provider", &self.provider)
            .field("environment", &self.environment)
            .field("type_name", &self.type_name)
            .field("key", &self.key)
            .field("delivery_id", &self.delivery_id)
            .finish_non_exhaustive()
    }
}

fn sha256(bytes: &[u8]) -> String {
    data_encoding::HEXLOWER.encode(&Sha256::digest(bytes))
}

#[cfg(test)]
mod facts;
