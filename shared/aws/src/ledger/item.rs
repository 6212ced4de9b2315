//! An event's item: what is written to it, and what the ledger's rules read from it.

use std::collections::BTreeMap;

use acuse_core::clock::Timestamp;
use acuse_core::event::Event;
use acuse_core::event::key::{IdempotencyKey, Recorded};
use acuse_core::ledger::{CONFLICT, Lease, RecordAs, RecordState, Status};
use acuse_core::provider::id::bounded;
use acuse_core::wire::delivery::DeliveryId;
use aws_sdk_dynamodb::types::AttributeValue;
use thiserror::Error;

use super::Item;
use super::expression::{Step, n, s};
use super::payload::Placement;
use super::reference;

/// The newest version of a record that is written and read. Records without one are of version 1.
const VERSION: u32 = 1;

/// The longest text of a recorded error, in characters.
const LONGEST_ERROR: usize = 1000;

/// The attribute with the number of starts of work on a message.
pub(super) const STARTS: &str = "begun";

/// The attribute with the time at which an operator erased the record's payload.
pub(crate) const ERASED_AT: &str = "erased_at";

/// An item that is no record of ours.
#[derive(Debug, Error, PartialEq, Eq)]
#[error("the item has no usable attribute `{0}`")]
pub struct NotARecord(pub(crate) &'static str);

/// Sets what a claim adds to what [`opened`] sets.
pub(super) fn claimed(step: Step, lease: &Lease) -> Step {
    step.set("status", s(Status::InProgress.name()))
        .set("lease_token", s(&lease.token))
        .set("lease_expires_at", n(lease.expires_at.as_millis()))
}

/// Sets what a single-call commit adds to what [`opened`] sets: these hooks are done.
pub(super) fn committed(step: Step, hooks: &[&str], record_as: RecordAs, lease: &Lease, now: Timestamp) -> Step {
    let hooks = hooks.iter().map(|hook| ((*hook).to_owned(), n(now.as_millis())));
    let step = step.set("hooks", AttributeValue::M(hooks.collect()));
    match record_as {
        RecordAs::Completed => step
            .set("status", s(Status::Completed.name()))
            .set("completed_at", n(now.as_millis())),
        RecordAs::Claimed => claimed(step, lease),
    }
}

/// Sets what is known of an event that is claimed or committed, and of the message that brings it.
pub(super) fn opened(step: Step, event: &Event, placement: Placement, lease: &Lease, now: Timestamp) -> Step {
    described(step, event, placement, &lease.message_id)
        .set("claimed_at", n(now.as_millis()))
        .add("attempts", n(1))
        .add("duplicates", n(0))
}

/// Sets all attributes of a conflict, which nobody has claimed.
pub(super) fn conflict(step: Step, conflict: &Event, placement: Placement, message_id: &str) -> Step {
    described(step, conflict, placement, message_id)
        .set("status", s(Status::Conflict.name()))
        .set("error", s(CONFLICT))
        .set("attempts", n(0))
        .set("duplicates", n(0))
}

/// Sets what an event says of itself.
fn described(step: Step, event: &Event, placement: Placement, message_id: &str) -> Step {
    let step = step
        .set("message_id", s(message_id))
        .set("expires_at", n(placement.expires_at.as_seconds()))
        .set("version", n(VERSION))
        .set_first("provider", s(event.provider))
        .set_first("environment", s(event.environment.name()))
        .set_first("type", s(bounded(&event.type_name)))
        .set_first("delivery_id", s(event.delivery_id.to_string()))
        .set_first("form", s(event.form.name()))
        .set_first("received_at", n(event.received_at.as_millis()))
        .set_first("day", s(placement.day))
        .set_first("body_sha256", s(event.body_sha256()));
    let (resource, content) = (event.resource.as_ref(), event.content());
    let (of, key) = placement.reference.unzip();
    let account = Some(&event.account.name).filter(|name| !name.is_default());
    let optional = [
        ("account", account.map(|name| s(name.as_str()))),
        ("resource_kind", resource.map(|resource| s(bounded(&resource.kind)))),
        ("resource_id", resource.map(|resource| s(bounded(&resource.id)))),
        ("occurred_at", event.occurred_at.map(|at| n(at.as_millis()))),
        ("no_time", event.invalid_time.as_deref().map(|time| s(bounded(time)))),
        ("amount", event.amount.as_deref().map(|text| s(bounded(text)))),
        ("currency", event.currency.as_deref().map(|text| s(bounded(text)))),
        (
            "reference",
            event.reference.as_deref().map(|text| s(reference::kept(text))),
        ),
        (reference::OF, of.map(s)),
        (reference::KEY, key.map(s)),
        ("content_type", content.media_type.as_ref().map(s)),
        ("content_encoding", content.encoding.as_ref().map(s)),
        ("reconciled", event.reconciled.then_some(AttributeValue::Bool(true))),
        ("confirmation", event.confirmation.then_some(AttributeValue::Bool(true))),
    ];
    let step = optional.into_iter().fold(step, |step, (name, value)| match value {
        Some(value) => step.set_first(name, value),
        None => step,
    });
    placement.payload.set(step)
}

/// Lists the destinations to which the event is owed. Nothing is taken off the list: each has an item that says how far
/// it is.
pub(super) fn owed_to(step: Step, destinations: &[String]) -> Step {
    if destinations.is_empty() {
        return step;
    }
    step.add("destinations", AttributeValue::Ss(destinations.to_vec()))
}

/// The key of the item that says whose duplicate a delivery is.
pub(super) fn duplicate_key(delivery: DeliveryId) -> IdempotencyKey {
    IdempotencyKey::new(format!("delivery#{delivery}"), "duplicate")
}

/// The attribute with the key of the event that a duplicate is of.
pub(super) const DUPLICATE_OF: &str = "duplicate_of";

/// The key of the item that counts the starts of work on a message.
pub(super) fn starts_key(message_id: &str) -> IdempotencyKey {
    IdempotencyKey::new(format!("message#{}", bounded(message_id)), "begun")
}

/// What the ledger's rules look at.
pub(super) fn state(item: &Item) -> Result<RecordState, NotARecord> {
    // A newer consumer wrote it, before the stack went back to this one: the message waits for the newer one.
    if number(item, "version").unwrap_or(VERSION) > VERSION {
        return Err(NotARecord("version"));
    }
    Ok(RecordState {
        status: text(item, "status")
            .and_then(Status::from_name)
            .ok_or(NotARecord("status"))?,
        // Only an event in progress has a lease.
        lease_token: text(item, "lease_token").unwrap_or_default().to_owned(),
        lease_expires_at: moment(item, "lease_expires_at").unwrap_or(Timestamp::from_millis(0)),
        // Only a released event has one, unless version 0.1 released it.
        retry_at: moment(item, "retry_at").unwrap_or(Timestamp::from_millis(0)),
        attempts: number(item, "attempts").ok_or(NotARecord("attempts"))?,
        forgiven: number(item, "forgiven").unwrap_or_default(),
        body_sha256: text(item, "body_sha256").ok_or(NotARecord("body_sha256"))?.to_owned(),
        message_id: text(item, "message_id").unwrap_or_default().to_owned(),
        hooks: hooks(item),
        erased: item.contains_key(ERASED_AT),
    })
}

/// Whether the item is of a completed event with these bytes. A newer version's may mean something else.
pub(super) fn is_completed_with(item: &Item, body_sha256: &str) -> bool {
    let status = text(item, "status").and_then(Status::from_name);
    let is = |status| RecordState::completed_with(status, text(item, "body_sha256").unwrap_or_default(), body_sha256);
    number(item, "version").unwrap_or(VERSION) <= VERSION && status.is_some_and(is)
}

/// Which event the item is of.
pub(super) fn recorded(item: &Item) -> Result<Recorded, NotARecord> {
    let required = |name| text(item, name).map(str::to_owned).ok_or(NotARecord(name));
    Ok(Recorded {
        type_name: required("type")?,
        body_sha256: required("body_sha256")?,
        reconciled: is_set(item, "reconciled"),
        rejected: text(item, "status") == Some(Status::Rejected.name()),
        erased: item.contains_key(ERASED_AT),
        amount: text(item, "amount").map(str::to_owned),
        currency: text(item, "currency").map(str::to_owned),
    })
}

/// Whether the attribute is there and true.
pub(super) fn is_set(item: &Item, name: &str) -> bool {
    item.get(name)
        .and_then(|value| value.as_bool().ok())
        .is_some_and(|is| *is)
}

pub(super) fn hooks(item: &Item) -> BTreeMap<String, Timestamp> {
    let hooks = item.get("hooks").and_then(|hooks| hooks.as_m().ok());
    hooks
        .into_iter()
        .flatten()
        .filter_map(|(name, _)| Some((name.clone(), moment(hooks?, name)?)))
        .collect()
}

pub(crate) fn text<'a>(item: &'a Item, name: &str) -> Option<&'a str> {
    item.get(name)?.as_s().ok().map(String::as_str)
}

pub(crate) fn number<N: std::str::FromStr>(item: &Item, name: &str) -> Option<N> {
    item.get(name)?.as_n().ok()?.parse().ok()
}

pub(crate) fn moment(item: &Item, name: &str) -> Option<Timestamp> {
    number(item, name).map(Timestamp::from_millis)
}

pub(crate) fn short(text: &str) -> String {
    text.chars().take(LONGEST_ERROR).collect()
}
