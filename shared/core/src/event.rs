//! The provider's fact, as hooks see it.

use std::fmt;

use bytes::Bytes;
use serde::de::DeserializeOwned;
use sha2::{Digest, Sha256};

use crate::clock::Timestamp;
use crate::delivery::{DeliveryId, Form};
use crate::envelope::Envelope;
use crate::json;
use crate::key::IdempotencyKey;
use crate::provider::{Provider, Reading, Unreadable};

/// The member that marks the payload of a test delivery: `{"acuse.doctor": "…"}`. No provider sends it,
/// and nobody can who has not the secret.
pub const PROBE: &str = "acuse.doctor";

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
    /// When the door received the delivery that brought it.
    pub received_at: Timestamp,
    /// The delivery that brought it.
    pub delivery_id: DeliveryId,
    /// The same for every delivery of this event, and for no other event.
    pub key: IdempotencyKey,
    /// The amount's text exactly as sent, number or string. Providers disagree on units.
    pub amount: Option<String>,
    /// Which bytes the provider signed.
    pub form: Form,
    /// A test delivery of `acuse doctor`: recorded, and never handed to hooks.
    pub probe: bool,
    /// An operator sends it on purpose, although it was rejected or set aside.
    pub replay: bool,
    body: Bytes,
    body_sha256: String,
}

/// What an event happened to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resource {
    /// The provider's word for it: `payment`, `cashout`, `credit.application`.
    pub kind: String,
    /// The provider's id of it.
    pub id: String,
}

/// Test money or real money.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Environment {
    /// Nothing real moved.
    Test,
    /// Real money; OnePay also calls it `production`.
    Live,
}

/// What happened, in words that all providers share.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
#[expect(missing_docs, reason = "the names say it")]
pub enum Kind {
    PaymentCreated,
    PaymentProcessing,
    PaymentSucceeded,
    PaymentPartiallyPaid,
    PaymentFailed,
    PaymentExpired,
    PaymentCancelled,
    PaymentRefunded,
    PaymentDisputed,
    PayoutCreated,
    PayoutApproved,
    PayoutProcessing,
    PayoutCompleted,
    PayoutCancelled,
    PayoutFailed,
    SubscriptionCreated,
    SubscriptionActivated,
    SubscriptionCharged,
    SubscriptionCancelled,
    InvoiceCreated,
    InvoicePaid,
    CustomerUpdated,
    AccountEnrolled,
    AccountFailed,
    CreditRequested,
    CreditApproved,
    CreditRejected,
    CreditDisbursed,
    CreditCompleted,
    DocumentCreated,
    DocumentSigned,
    DocumentExpired,
    ValidationStarted,
    ValidationCompleted,
    ValidationFailed,
    /// A type that is in none of the provider's lists, or a payload that can't be read.
    Unknown,
}

impl Event {
    /// Reads the event in `envelope`. `own` is the stack's environment, for providers that name
    /// none.
    ///
    /// A payload that can't be understood is an event too, so that it is claimed, recorded and
    /// set aside like any other: it comes with the reason why it can't be read.
    pub fn read(envelope: Envelope, provider: &'static Provider, own: Environment) -> (Self, Option<Unreadable>) {
        let payload = json::parse(&envelope.body).map_err(|error| Unreadable::NotJson(error.to_string()));
        if payload.as_ref().is_ok_and(|payload| payload.get(PROBE).is_some()) {
            return (Self::probe(envelope, provider, own), None);
        }
        match payload.and_then(|payload| (provider.read)(&payload)) {
            Ok(reading) => (Self::from_reading(envelope, provider, own, reading), None),
            Err(why) => (Self::unreadable(envelope, provider, own), Some(why)),
        }
    }

    fn from_reading(envelope: Envelope, provider: &'static Provider, own: Environment, reading: Reading) -> Self {
        let environment = reading.environment.unwrap_or(own);
        let body_sha256 = sha256(&envelope.body);
        let key = IdempotencyKey::derive(provider.name, environment, &reading, &body_sha256);
        Self {
            provider: provider.name,
            environment,
            type_name: reading.type_name,
            kind: reading.kind,
            resource: reading.resource,
            occurred_at: reading.occurred_at,
            received_at: envelope.received_at,
            delivery_id: envelope.delivery_id,
            key,
            amount: reading.amount,
            form: envelope.form,
            probe: false,
            replay: envelope.replay,
            body: envelope.body,
            body_sha256,
        }
    }

    fn probe(envelope: Envelope, provider: &'static Provider, own: Environment) -> Self {
        Self {
            type_name: PROBE.to_owned(),
            probe: true,
            ..Self::unreadable(envelope, provider, own)
        }
    }

    fn unreadable(envelope: Envelope, provider: &'static Provider, own: Environment) -> Self {
        let body_sha256 = sha256(&envelope.body);
        Self {
            provider: provider.name,
            environment: own,
            type_name: "unreadable".to_owned(),
            kind: Kind::Unknown,
            resource: None,
            occurred_at: None,
            received_at: envelope.received_at,
            delivery_id: envelope.delivery_id,
            key: IdempotencyKey::unreadable(provider.name, own, &body_sha256),
            amount: None,
            form: envelope.form,
            probe: false,
            replay: envelope.replay,
            body: envelope.body,
            body_sha256,
        }
    }

    /// The payload's bytes, exactly as the provider signed them.
    pub fn body(&self) -> &Bytes {
        &self.body
    }

    /// The SHA-256 of [`body`](Self::body), lower-case hex.
    pub fn body_sha256(&self) -> &str {
        &self.body_sha256
    }

    /// The payload as a type of yours.
    ///
    /// # Errors
    /// serde_json's, where the payload is not of that shape. A hook that uses `?` on it is
    /// retried; say [`HookError::reject`](crate::hook::HookError::reject) where a retry can't help.
    pub fn payload<T: DeserializeOwned>(&self) -> Result<T, serde_json::Error> {
        serde_json::from_slice(&self.body)
    }

    /// When it happened, or where the provider does not say, when it was first received: what orders the
    /// events of one resource.
    pub fn at(&self) -> Timestamp {
        self.occurred_at.unwrap_or(self.received_at)
    }

    /// Type and resource id: the same even where a provider restamps its retries, so that a hook
    /// can guard against that. `None` where there is no resource.
    pub fn business_key(&self) -> Option<String> {
        let resource = self.resource.as_ref()?;
        Some(format!("{} {}", self.type_name, resource.id))
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

impl Environment {
    /// `test` or `live`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Test => "test",
            Self::Live => "live",
        }
    }

    /// Reads a provider's word for it, in any case.
    pub fn from_name(name: &str) -> Option<Self> {
        match name.to_ascii_lowercase().as_str() {
            "test" => Some(Self::Test),
            "live" | "production" => Some(Self::Live),
            _ => None,
        }
    }
}

impl Timestamp {
    /// Reads a provider's timestamp: RFC 3339, or Unix seconds or milliseconds as digits.
    pub(crate) fn from_text(text: &str) -> Option<Self> {
        /// Seconds reach this in the year 5138; milliseconds passed it in 1973.
        const MILLIS_FROM: u64 = 100_000_000_000;
        match text.parse::<i64>() {
            Ok(number) if number.unsigned_abs() >= MILLIS_FROM => Some(Self::from_millis(number)),
            Ok(number) => Some(Self::from_seconds(number)),
            Err(_) => Self::from_rfc3339(text),
        }
    }
}

fn sha256(bytes: &[u8]) -> String {
    data_encoding::HEXLOWER.encode(&Sha256::digest(bytes))
}

#[cfg(test)]
mod facts;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_timestamp_may_be_any_number() {
        assert_eq!(Timestamp::from_text("-1"), Some(Timestamp::from_seconds(-1)));
        // It has no positive counterpart.
        let earliest = Timestamp::from_text("-9223372036854775808");
        assert_eq!(earliest, Some(Timestamp::from_millis(i64::MIN)));
        assert_eq!(Timestamp::from_text("9223372036854775808"), None);
    }
}
