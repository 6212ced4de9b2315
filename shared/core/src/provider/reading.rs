//! What a verified payload says, in words that all providers share.

use super::{Environment, Id, Kind, Resource};

/// What a payload says, before it becomes an [`Event`](crate::event::Event).
#[derive(Debug, Clone)]
pub struct Reading {
    /// The provider's name of what happened (`payment.approved`).
    pub type_name: Id,
    /// The same in words that all providers share.
    pub kind: Kind,
    /// Whether it can happen again to the same resource.
    pub occurs: Occurs,
    /// `None` where the provider names no environment.
    pub environment: Option<Environment>,
    /// What it happened to.
    pub resource: Option<Resource>,
    /// The provider's own id of the event.
    pub event_id: Option<Id>,
    /// What is signed as the time of the event, as sent. The times of a resource (`created_at`, `paid_at`) don't
    /// tell when the event happened.
    pub time: Option<String>,
    /// The amount's text exactly as sent, number or string; never converted.
    pub amount: Option<String>,
    /// What was paid so far of a payment in parts, exactly as sent.
    pub total_paid: Option<String>,
    /// The merchant's own number of the order.
    pub reference: Option<String>,
    /// How version 0.1 read it, where that was otherwise.
    pub former: Former,
}

impl Reading {
    /// What happened, without any of what a payload may say besides.
    pub fn new(type_name: impl Into<Id>, kind: Kind, occurs: Occurs) -> Self {
        Self {
            type_name: type_name.into(),
            kind,
            occurs,
            environment: None,
            resource: None,
            event_id: None,
            time: None,
            amount: None,
            total_paid: None,
            reference: None,
            former: Former::default(),
        }
    }

    /// [`Event::business_key`](crate::event::Event::business_key): both parts are exact, and no space is in the first.
    pub(crate) fn business_key(&self) -> Option<String> {
        let (_, id) = self.resource.as_ref()?.key().split_once('#')?;
        Some(format!("{} {id}", self.type_name.part().replace(' ', "%20")))
    }
}

/// Whether an event can happen again to the same resource: the rule behind its idempotency key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Occurs {
    /// Once in the resource's life: the type tells it.
    Once,
    /// Again and again; this text, signed by the provider, tells the occurrences apart.
    Each(Id),
    /// Again and again; only the signed bytes tell the occurrences apart, beside the time where
    /// there is one.
    ByBytes(Option<String>),
}

/// A verified payload that can't be understood. It is recorded, never refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Unreadable {
    /// Not JSON; the text says where it stops being so.
    #[error("the payload is not JSON: {0}")]
    NotJson(String),
    /// Neither JSON nor anything that is read as JSON; the text says why.
    #[error("the payload can't be read: {0}")]
    Content(String),
    /// Nothing says what happened.
    #[error("the payload names no event type where {0} names it")]
    NoType(&'static str),
    /// An environment that is neither test nor live, or both. It is never taken for live.
    #[error(
        "the payload's environment is {0:?}; it should be test, sandbox, staging or development, or live or production"
    )]
    Environment(String),
}

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
