//! Taking in an event whose webhook never came.
//!
//! The message is what the webhook would have been, made of the provider's own JSON, and marked: it proves nothing but
//! that somebody with permission to send to the event queue took it in. It is read and claimed like a delivery, under
//! the key that the webhook will have:
//!
//! ```text
//! OnePay's shape                    the webhook's key                        foreseen?
//! A  {"payment": …, "event": …}     onepay#live#payment#p1|payment.approved  yes
//! C  {"event": …, "data": …}        the same                                 yes
//! B  A with `event.id`              …|payment.approved#event#evt_1           no: refused
//! ```
//!
//! The webhook that comes later has other bytes. It is kept as the confirmation of the event, reaches no hook and
//! raises no alarm, unless it is about other money: then it is a conflict.

use acuse_core::account::Account;
use acuse_core::clock::Timestamp;
use acuse_core::event::{Environment, Event};
use acuse_core::provider::Provider;
use acuse_core::wire::content::Content;
use acuse_core::wire::delivery::{CanonicalForm, DeliveryId};
use acuse_core::wire::envelope::{Envelope, Replay};
use serde_json::json;

use super::Resource;
use super::compare::{Compared, Finding};
use super::in_ledger::EventIds;
use super::onepay::why_not_ingested;

/// An event to take in.
#[derive(Debug, Clone)]
pub struct Ingest {
    /// The message.
    pub envelope: Envelope,
    /// The event that the consumer reads in it.
    pub event: Event,
}

/// Why an event is not taken in.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[expect(missing_docs, reason = "the texts say it")]
pub enum Refused {
    #[error("{type_name} can't be taken in: {why}")]
    Type { type_name: String, why: &'static str },
    #[error(
        "the account's webhooks have event ids (as in {0}), which are part of the key: the webhook that may still come would be another event, and its money would count twice"
    )]
    EventIds(String),
    #[error(
        "the ledger has no webhook of this account that shows whether the provider sends event ids. If it does, the webhook that may still come would be another event, and its money would count twice"
    )]
    NoWebhook,
    #[error("the provider does not say whether it is test or live")]
    Environment,
    #[error("the event would have the key {0}, which the webhook may not have")]
    Key(String),
}

/// Whether anything of this account can be taken in.
///
/// # Errors
/// [`Refused::EventIds`], [`Refused::NoWebhook`]
pub fn check_account(ids: EventIds) -> Result<(), Refused> {
    match ids {
        EventIds::None => Ok(()),
        EventIds::Sent(key) => Err(Refused::EventIds(key)),
        EventIds::Unknown => Err(Refused::NoWebhook),
    }
}

/// Where, when and as whose an event is taken in.
#[derive(Debug, Clone)]
pub struct Place {
    /// Whose event it is.
    pub provider: &'static Provider,
    /// The account, as its secret binds it.
    pub account: Account,
    /// The stack's environment.
    pub own: Environment,
    /// Now.
    pub now: Timestamp,
    /// Makes its delivery id unique.
    pub random: [u8; 10],
}

/// The event that is missing; `None` if none is, or only the ledger was asked.
///
/// # Errors
/// [`Refused`] says why it can't be taken in.
pub fn of(compared: &Compared, place: Place) -> Option<Result<Ingest, Refused>> {
    let is_absent = matches!(compared.finding, Finding::Missing | Finding::Behind);
    let resource = compared.resource.as_ref().filter(|_| is_absent)?;
    let type_name = compared.expected.first()?;
    Some(made(resource, type_name, place))
}

fn made(resource: &Resource, type_name: &str, place: Place) -> Result<Ingest, Refused> {
    if let Some(why) = why_not_ingested(type_name) {
        let type_name = type_name.to_owned();
        return Err(Refused::Type { type_name, why });
    }
    let environment = match resource.is_test.ok_or(Refused::Environment)? {
        true => Environment::Test,
        false => Environment::Live,
    };
    let event = json!({"type": type_name, "environment": environment.name()});
    // The provider's JSON stays byte for byte. The same resource always makes the same bytes, so that a second run is a
    // duplicate of the first.
    let body = format!(r#"{{"{}":{},"event":{event}}}"#, resource.kind, resource.json);
    let envelope = Envelope {
        provider: place.provider.name.to_owned(),
        account: place.account,
        content: Content::default(),
        delivery_id: DeliveryId::new(place.now, place.random),
        received_at: place.now,
        form: CanonicalForm::Raw,
        body: body.into(),
        replay: Some(Replay::Reconciled),
    };
    let event = Event::read(envelope.clone(), place.provider, place.own);
    let is_foreseen = event.unreadable.is_none()
        && event.key.sort == type_name
        && event.environment == environment
        && event.resource.as_ref().is_some_and(|own| own.id == resource.id);
    match is_foreseen {
        true => Ok(Ingest { envelope, event }),
        false => Err(Refused::Key(event.key.to_string())),
    }
}

#[cfg(test)]
mod tests;
