//! A record as operators see it.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet, HashMap};

use acuse_core::account::AccountName;
use acuse_core::destination::DestinationName;
use acuse_core::event::key::IdempotencyKey;
use acuse_core::ledger::Status;
use acuse_core::wire::content::Content;
use acuse_core::wire::gzip;
use aws_sdk_dynamodb::types::AttributeValue;
use serde::Serialize;

pub use super::item::NotARecord;
use super::item::{ERASED_AT, hooks, is_set, moment, number, text};

/// One event's record. Times are RFC 3339, UTC.
#[derive(Debug, Clone, Serialize)]
pub struct Record {
    /// The provider's name.
    pub provider: String,
    /// The account whose secret proved the delivery.
    pub account: AccountName,
    /// `test` or `live`.
    pub environment: String,
    /// The provider's own name of what happened.
    #[serde(rename = "type")]
    pub type_name: String,
    /// What it happened to.
    pub resource_kind: Option<String>,
    /// The provider's id of it.
    pub resource_id: Option<String>,
    /// The idempotency key: `{partition}|{sort}`.
    pub key: String,
    /// `IN_PROGRESS`, `RELEASED`, `COMPLETED`, `REJECTED`, `CONFLICT`.
    pub status: &'static str,
    /// How often its hooks were called, or may have been.
    pub attempts: u32,
    /// Deliveries after it was finished.
    pub duplicates: u32,
    /// Those among them with other bytes, counted by version 0.1: now each has a record of its own. `None` if it has
    /// no such count.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub conflicts: Option<u32>,
    /// For a conflict or a confirmation, the event whose key it has with other bytes.
    pub conflict_of: Option<String>,
    /// An operator took it in with `acuse reconcile --ingest`: its payload is what the provider's API said.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub reconciled: bool,
    /// It is the webhook of a reconciled event, which came after all.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub confirmation: bool,
    /// When the first delivery was received.
    pub received_at: Option<String>,
    /// When it was claimed last.
    pub claimed_at: Option<String>,
    /// When the last duplicate was counted.
    pub last_duplicate_at: Option<String>,
    /// When it happened, says the provider.
    pub occurred_at: Option<String>,
    /// What the provider signed as its time, if that is not a time.
    #[serde(rename = "no_time")]
    pub invalid_time: Option<String>,
    /// The amount exactly as sent; `None` in records of older versions, whose payload has it.
    pub amount: Option<String>,
    /// The amount's currency, as sent.
    pub currency: Option<String>,
    /// The merchant's own reference.
    pub reference: Option<String>,
    /// When it was completed or rejected.
    pub completed_at: Option<String>,
    /// Why it was released or rejected.
    pub error: Option<String>,
    /// Why an operator dropped its dead letter.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dropped: Option<String>,
    /// When an operator erased what it had of a person; the payload is gone since then.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub erased_at: Option<String>,
    /// The operator who did.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub erased_by: Option<String>,
    /// The hooks that are done, and when.
    pub hooks: BTreeMap<String, String>,
    /// The destinations to which it is owed, or was.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub destinations: BTreeSet<DestinationName>,
    /// The first delivery.
    pub delivery_id: Option<String>,
    /// The canonical form that the provider signed: `raw`, `js`, `python`.
    pub form: Option<String>,
    /// The queue message that claimed it last.
    pub message_id: Option<String>,
    /// When a released event is tried again, at the earliest.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retry_at: Option<String>,
    /// How many of its attempts don't count towards `MaxAttempts`: those before a replay.
    #[serde(skip)]
    pub forgiven: u32,
    /// What the sender says of an unreadable payload.
    #[serde(skip)]
    pub content: Content,
    /// The payload's text or, if it is unreadable, the bytes that the provider signed; not in lists. `None` if it is in
    /// [`parts`](Self::parts).
    #[serde(skip)]
    pub payload: Option<Vec<u8>>,
    /// How many items of their own a payload takes that is too long for this one.
    #[serde(skip)]
    pub parts: usize,
    /// The SHA-256 of the payload that was claimed first.
    #[serde(skip)]
    pub body_sha256: String,
}

impl Record {
    /// The provider, with the account unless it is the default one: `onepay`, `onepay/test`.
    pub fn scope(&self) -> Cow<'_, str> {
        self.account.scope(&self.provider)
    }

    /// When and by whom it was erased, as people read it: `erased on 2026-11-27T08:15:00.000Z by arn:…`.
    pub fn erasure(&self) -> Option<String> {
        let at = self.erased_at.as_deref()?;
        let by = self.erased_by.as_deref().unwrap_or("an operator");
        Some(format!("erased on {at} by {by}"))
    }

    /// Reads an item of the ledger's table.
    pub fn from_item(item: &HashMap<String, AttributeValue>) -> Result<Self, NotARecord> {
        let required = |name| text(item, name).map(str::to_owned).ok_or(NotARecord(name));
        let optional = |name| text(item, name).map(str::to_owned);
        let time = |name| moment(item, name).map(|at| at.to_string());
        let key = IdempotencyKey::new(required("pk")?, required("sk")?);
        Ok(Self {
            provider: required("provider")?,
            account: account(item)?,
            environment: required("environment")?,
            type_name: required("type")?,
            resource_kind: optional("resource_kind"),
            resource_id: optional("resource_id"),
            key: key.to_string(),
            status: Status::from_name(&required("status")?)
                .ok_or(NotARecord("status"))?
                .name(),
            attempts: number(item, "attempts").ok_or(NotARecord("attempts"))?,
            duplicates: number(item, "duplicates").unwrap_or_default(),
            conflicts: number(item, "conflicts"),
            conflict_of: key.conflict_of().map(|first| first.to_string()),
            reconciled: is_set(item, "reconciled"),
            confirmation: is_set(item, "confirmation"),
            received_at: time("received_at"),
            claimed_at: time("claimed_at"),
            last_duplicate_at: time("last_duplicate_at"),
            occurred_at: time("occurred_at"),
            invalid_time: optional("no_time"),
            amount: optional("amount"),
            currency: optional("currency"),
            reference: optional("reference"),
            completed_at: time("completed_at"),
            error: optional("error"),
            dropped: optional("dropped"),
            erased_at: time(ERASED_AT),
            erased_by: optional("erased_by"),
            hooks: hooks(item)
                .into_iter()
                .map(|(name, at)| (name, at.to_string()))
                .collect(),
            destinations: destinations(item),
            delivery_id: optional("delivery_id"),
            form: optional("form"),
            message_id: optional("message_id"),
            retry_at: time("retry_at"),
            forgiven: number(item, "forgiven").unwrap_or_default(),
            content: Content {
                media_type: optional("content_type"),
                encoding: optional("content_encoding"),
            },
            payload: payload(item),
            parts: number(item, "payload_parts").unwrap_or_default(),
            body_sha256: required("body_sha256")?,
        })
    }
}

/// Only events of another account than the default one have the attribute.
fn account(item: &HashMap<String, AttributeValue>) -> Result<AccountName, NotARecord> {
    let name = text(item, "account").unwrap_or(AccountName::DEFAULT_TEXT);
    AccountName::parse(name).ok_or(NotARecord("account"))
}

fn destinations(item: &HashMap<String, AttributeValue>) -> BTreeSet<DestinationName> {
    let names = item.get("destinations").and_then(|names| names.as_ss().ok());
    let names = names.into_iter().flatten();
    names.filter_map(|name| DestinationName::parse(name)).collect()
}

fn payload(item: &HashMap<String, AttributeValue>) -> Option<Vec<u8>> {
    match item.get("payload")? {
        AttributeValue::S(text) => Some(text.clone().into_bytes()),
        AttributeValue::B(bytes) if text(item, "payload_encoding") == Some("gzip") => {
            gzip::decompress(bytes.as_ref(), usize::MAX).ok()
        }
        AttributeValue::B(bytes) => Some(bytes.clone().into_inner()),
        _ => None,
    }
}
