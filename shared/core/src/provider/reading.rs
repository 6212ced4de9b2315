//! What a verified payload says, in words that all providers share.

use super::{Environment, Id, Kind};

/// What a provider's `read` finds in a payload.
#[derive(Debug, Clone)]
pub struct Reading {
    /// The provider's name for what happened (`payment.approved`).
    pub type_name: Id,
    /// The same in words that all providers share.
    pub kind: Kind,
    /// Whether it can happen again to the same resource.
    pub occurs: Occurs,
    /// `None` if the provider names no environment.
    pub environment: Option<Environment>,
    /// What it happened to.
    pub resource: Option<Resource>,
    /// The member of the payload that is the resource as an object, such as `data`, or its path, such as `data.object`;
    /// `None` if it is the payload itself.
    pub resource_member: Option<String>,
    /// The provider's own id of the event.
    pub event_id: Option<Id>,
    /// The signed time of the event, as sent. Not the times of a resource (`created_at`, `paid_at`): they don't say
    /// when the event happened.
    pub time: Option<String>,
    /// The amount's text exactly as sent, a number or a string; never converted.
    pub amount: Option<String>,
    /// The amount's currency, as sent.
    pub currency: Option<String>,
    /// What has been paid so far of a payment in parts, exactly as sent.
    pub total_paid: Option<String>,
    /// The merchant's own order number.
    pub reference: Option<String>,
    /// What version 0.1 read differently; `None` for a provider that it did not have, and so for yours.
    pub legacy: Option<LegacyReading>,
}

impl Reading {
    /// What happened, with every optional field empty: fill those that the payload has with `..Reading::new(…)`.
    pub fn new(type_name: impl Into<Id>, kind: Kind, occurs: Occurs) -> Self {
        Self {
            type_name: type_name.into(),
            kind,
            occurs,
            environment: None,
            resource: None,
            resource_member: None,
            event_id: None,
            time: None,
            amount: None,
            currency: None,
            total_paid: None,
            reference: None,
            legacy: None,
        }
    }
}

/// What an event happened to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resource {
    /// The provider's word for it: `payment`, `cashout`, `credit.application`.
    pub kind: String,
    /// The provider's id, for people to read. [`key`](Self::key) is exact.
    pub id: String,
    key: String,
}

impl Resource {
    /// The resource of this kind and id.
    pub fn new(kind: impl Into<Id>, id: impl Into<Id>) -> Self {
        let (kind, id) = (kind.into(), id.into());
        Self {
            key: format!("{}#{}", kind.key_word(), id.key_part()),
            kind: kind.as_str().to_owned(),
            id: id.as_str().to_owned(),
        }
    }

    /// `{kind}#{id}`, unique among the provider's resources: ids that are sent as `7` and as `"7"` have the same
    /// [`id`](Self::id) but different keys. At most 600 bytes, without control characters.
    pub fn key(&self) -> &str {
        &self.key
    }
}

/// Whether an event can happen again to the same resource: the rule behind its idempotency key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Occurs {
    /// Once in the resource's life: the type identifies it.
    Once,
    /// Repeatedly; this value, signed by the provider, identifies the occurrence.
    Each(Id),
    /// Repeatedly; the signed bytes and the time, if there is one, identify the occurrence.
    ByBytes(Option<String>),
}

/// Why a verified payload can't be read. The event is recorded all the same, never refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
#[expect(missing_docs, reason = "the texts say it")]
pub enum Unreadable {
    #[error("the payload is not JSON: {0}")]
    NotJson(String),
    /// Neither JSON nor anything that converts to JSON, and why.
    #[error("the payload can't be read: {0}")]
    Content(String),
    #[error("the payload has no event type in {0}")]
    NoType(&'static str),
    /// An environment that is neither test nor live, or both. It is never treated as live.
    #[error(
        "the payload's environment is {0:?}; it should be test, sandbox, staging or development, or live or production"
    )]
    Environment(String),
}

/// What version 0.1 read differently in a payload. Its records are still in ledgers: see
/// [`LegacyKey`](crate::event::key::LegacyKey).
#[derive(Debug, Clone, Default)]
pub struct LegacyReading {
    /// It could not read the payload, and did nothing with the event.
    pub unreadable: bool,
    /// It found no environment.
    pub no_environment: bool,
    /// It found no resource.
    pub no_resource: bool,
    /// It found no event id.
    pub no_event_id: bool,
    /// It used this as the event id.
    pub event_id: Option<Id>,
    /// It told occurrences apart by this.
    pub occurs: Option<Occurs>,
}
