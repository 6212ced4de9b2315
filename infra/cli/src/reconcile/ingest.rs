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
use acuse_core::json::{self, Value};
use acuse_core::provider::Provider;
use acuse_core::wire::content::Content;
use acuse_core::wire::delivery::{CanonicalForm, DeliveryId};
use acuse_core::wire::envelope::{Envelope, Replay};
use serde::Serialize;

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
    #[error("its id is no JSON string, so the key of its webhook can't be foreseen")]
    Id,
    #[error(
        "the provider does not say when it happened, so the ledger may have had its webhook and forgotten it: its money would count twice"
    )]
    NoTime,
    #[error("it happened at {0}, so the ledger may have had its webhook and forgotten it: its money would count twice")]
    Forgotten(Timestamp),
    #[error(
        "the provider names no plain amount with a currency, so the webhook that may still come can't be compared with it"
    )]
    Money,
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
    /// What happened before may have been in the ledger, and be forgotten.
    pub remembered: Timestamp,
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

/// Whether the event of this type can be taken in, as far as the resource itself tells. Its environment.
///
/// # Errors
/// [`Refused`]
pub fn check(resource: &Resource, type_name: &str, remembered: Timestamp) -> Result<Environment, Refused> {
    if let Some(why) = why_not_ingested(type_name, &resource.status) {
        let type_name = type_name.to_owned();
        return Err(Refused::Type { type_name, why });
    }
    let environment = match resource.is_test.ok_or(Refused::Environment)? {
        true => Environment::Test,
        false => Environment::Live,
    };
    let parsed = json::parse(resource.json.as_bytes()).ok();
    let is_text = |value: &Value<'_>| matches!(value.get("id"), Some(Value::String(_)));
    if !parsed.as_ref().is_some_and(is_text) {
        return Err(Refused::Id);
    }
    let at = resource.at.ok_or(Refused::NoTime)?;
    if at < remembered {
        return Err(Refused::Forgotten(at));
    }
    let has_money = resource.amount.as_deref().is_some_and(is_plain) && resource.currency.is_some();
    has_money.then_some(environment).ok_or(Refused::Money)
}

/// Digits, and a point between digits at most: what another text can be compared with by value.
fn is_plain(amount: &str) -> bool {
    let (whole, fraction) = amount.split_once('.').unwrap_or((amount, "0"));
    [whole, fraction]
        .iter()
        .all(|part| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit()))
}

/// The member `event` of the webhook. Its time is that of the payment, which [`Event::at`] takes.
#[derive(Serialize)]
struct Member<'a> {
    #[serde(rename = "type")]
    type_name: &'a str,
    environment: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    timestamp: Option<String>,
}

fn made(resource: &Resource, type_name: &str, place: Place) -> Result<Ingest, Refused> {
    let environment = check(resource, type_name, place.remembered)?;
    let event = Member {
        type_name,
        environment: environment.name(),
        timestamp: resource.paid_at.map(|at| at.to_string()),
    };
    // Nothing in it can fail: only texts.
    let event = serde_json::to_string(&event).unwrap_or_default();
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
        && event.occurred_at == resource.paid_at
        && event.amount == resource.amount
        && event.currency == resource.currency
        && event.resource.as_ref().is_some_and(|own| own.id == resource.id);
    match is_foreseen {
        true => Ok(Ingest { envelope, event }),
        false => Err(Refused::Key(event.key.to_string())),
    }
}

#[cfg(test)]
mod tests;
