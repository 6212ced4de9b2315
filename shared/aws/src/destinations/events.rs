//! Events as the ledger recorded them, read once more.

use acuse_core::account::Account;
use acuse_core::clock::Timestamp;
use acuse_core::event::key::IdempotencyKey;
use acuse_core::event::{Environment, Event};
use acuse_core::provider::Providers;
use acuse_core::wire::delivery::{CanonicalForm, DeliveryId};
use acuse_core::wire::envelope::Envelope;
use thiserror::Error;

use crate::ledger::reader::{LedgerReader, ReadError};
use crate::ledger::record::Record;
use crate::ledger::reference;

/// A record that no event can be read from.
#[derive(Debug, Error)]
#[non_exhaustive]
#[expect(missing_docs, reason = "the texts say it")]
pub enum EventError {
    #[error(transparent)]
    Read(#[from] ReadError),
    #[error("the payload of `{key}` is not complete in the ledger")]
    NoPayload { key: String },
    #[error("the payload of `{key}` was {erasure}")]
    Erased { key: String, erasure: String },
    #[error("`{provider}` is none of the providers that this program is built with")]
    UnknownProvider { provider: String },
    #[error("the record of `{key}` has no usable attribute `{attribute}`")]
    NotARecord { key: String, attribute: &'static str },
}

/// The event of `record`, under the key of its record, with its payload. It is the same event as at its first delivery:
/// the same id, times and bytes.
///
/// # Errors
/// [`EventError`]
pub async fn event(ledger: &LedgerReader, record: &Record, providers: Providers) -> Result<Event, EventError> {
    if let Some(erasure) = record.erasure() {
        return Err(EventError::Erased {
            key: record.key.clone(),
            erasure,
        });
    }
    let payload = ledger.payload(record).await?;
    let body = payload.ok_or_else(|| EventError::NoPayload {
        key: record.key.clone(),
    })?;
    read(record, body, providers)
}

/// The event of `record`, as [`event`] has it, from its payload, for who has read that already.
///
/// # Errors
/// [`EventError`], but for what is about the payload.
pub fn read(record: &Record, payload: Vec<u8>, providers: Providers) -> Result<Event, EventError> {
    let unusable = |attribute| EventError::NotARecord {
        key: record.key.clone(),
        attribute,
    };
    let provider = providers
        .by_name(&record.provider)
        .ok_or_else(|| EventError::UnknownProvider {
            provider: record.provider.clone(),
        })?;
    let environment = Environment::from_name(&record.environment).ok_or_else(|| unusable("environment"))?;
    let delivery_id = record.delivery_id.as_deref().and_then(DeliveryId::parse);
    let received_at = record.received_at.as_deref().and_then(Timestamp::from_rfc3339);
    let form = record.form.as_deref().and_then(CanonicalForm::from_name);
    let envelope = Envelope {
        provider: record.provider.clone(),
        // A payload that names no environment has the one that it was recorded with.
        account: Account {
            name: record.account.clone(),
            environment: Some(environment),
        },
        content: record.content.clone(),
        delivery_id: delivery_id.ok_or_else(|| unusable("delivery_id"))?,
        received_at: received_at.ok_or_else(|| unusable("received_at"))?,
        form: form.unwrap_or(CanonicalForm::Raw),
        body: payload.into(),
        replay: None,
    };
    let key = IdempotencyKey::parse(&record.key).ok_or_else(|| unusable("pk"))?;
    // A version that reads the payload otherwise would give it another key, and so another id.
    let mut event = Event::read(envelope, provider, environment).under(key);
    event.reconciled = record.reconciled;
    // The consumer may have read it elsewhere in the payload. The record of a long one is cut.
    let is_own = |own: &str| {
        event
            .reference
            .as_deref()
            .is_some_and(|read| reference::kept(read) == own)
    };
    if let Some(recorded) = record
        .reference
        .as_deref()
        .filter(|own| !own.starts_with('~') && !is_own(own))
    {
        event.reference = Some(recorded.to_owned());
    }
    Ok(event)
}
