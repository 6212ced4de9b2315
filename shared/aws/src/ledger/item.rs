//! An event's item: what a claim writes, and what `decide` reads of it.

use std::collections::{BTreeMap, HashMap};
use std::io::Write;

use acuse_core::clock::Timestamp;
use acuse_core::event::Event;
use acuse_core::event::key::{IdempotencyKey, Recorded};
use acuse_core::ledger::{CONFLICT, Extent, Lease, RecordState, Replay, Status, Taken};
use acuse_core::provider::id::bounded;
use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::AttributeValue;
use flate2::Compression;
use flate2::write::GzEncoder;
use thiserror::Error;

use super::expression::{Step, n, s};

/// Longer payloads are compressed: a write unit is 1 KB.
const COMPRESS_FROM: usize = 8 * 1024;

/// An item holds 400 KB with the names of its attributes. A longer payload is cut into parts.
/// <https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html>
const LONGEST_PAYLOAD: usize = 380 * 1024;

/// The newest version of a record that is written and read. Records without one are of version 1.
const VERSION: u32 = 1;

/// A recorded error's longest text, in characters.
const LONGEST_ERROR: usize = 1000;

/// An item that is no record of ours.
#[derive(Debug, Error, PartialEq, Eq)]
#[error("the item has no usable attribute `{0}`")]
pub struct NotARecord(pub(super) &'static str);

/// Sets what a claim adds to what is [`kept`].
pub(super) fn claimed(step: Step, lease: &Lease) -> Step {
    step.set("status", s(Status::InProgress.name()))
        .set("lease_token", s(&lease.token))
        .set("lease_expires_at", n(lease.expires_at.as_millis()))
}

/// Asks for what a claim may take: `decide`'s case `Take`.
pub(super) fn claimable(step: Step, replay: Replay, now: Timestamp) -> Step {
    let replayed = match replay {
        Replay::No => "",
        Replay::Rejected => " OR (#status = :rejected AND #message_id <> :set_message_id)",
        Replay::AtOnce => " OR ((#status = :rejected OR #status = :released) AND #message_id <> :set_message_id)",
    };
    let step = match replay {
        Replay::No => step,
        _ => step.value(":rejected", s(Status::Rejected.name())),
    };
    // Other bytes claim nothing. Records of before have no `retry_at`.
    step.condition(&format!(
        "attribute_not_exists(pk) OR (#body_sha256 = :set_body_sha256 AND (\
         (#status = :released AND (attribute_not_exists(#retry_at) OR #retry_at <= :now)) \
         OR (#status = :in_progress AND #lease_expires_at <= :now){replayed}))"
    ))
    .name("#retry_at", "retry_at")
    .name("#lease_expires_at", "lease_expires_at")
    .value(":released", s(Status::Released.name()))
    .value(":in_progress", s(Status::InProgress.name()))
    .value(":now", n(now.as_millis()))
}

/// Sets what a settlement adds to what is [`kept`]: these hooks are done, be it all or the first ones.
pub(super) fn settled(step: Step, hooks: &[&str], extent: Extent, lease: &Lease, now: Timestamp) -> Step {
    let hooks = hooks.iter().map(|hook| ((*hook).to_owned(), n(now.as_millis())));
    let step = step.set("hooks", AttributeValue::M(hooks.collect()));
    match extent {
        Extent::Whole => step
            .set("status", s(Status::Completed.name()))
            .set("completed_at", n(now.as_millis())),
        Extent::Begun => claimed(step, lease),
    }
}

/// Sets what is known of an event and of the message that brings it, with the payload in the item, or in
/// parts beside it. `day` is its key in the index, where it has none yet.
pub(super) fn kept(
    step: Step,
    event: &Event,
    day: String,
    lease: &Lease,
    now: Timestamp,
    expires_at: Timestamp,
    payload: Payload,
) -> Step {
    described(step, event, day, &lease.message_id, expires_at, payload)
        .set("claimed_at", n(now.as_millis()))
        .add("attempts", n(1))
        .add("duplicates", n(0))
}

/// Sets all that there is of a conflict, which nobody has claimed.
pub(super) fn conflict(
    step: Step,
    conflict: &Event,
    day: String,
    message_id: &str,
    expires_at: Timestamp,
    payload: Payload,
) -> Step {
    described(step, conflict, day, message_id, expires_at, payload)
        .set("status", s(Status::Conflict.name()))
        .set("error", s(CONFLICT))
        .set("attempts", n(0))
        .set("duplicates", n(0))
}

/// Sets what an event says of itself.
fn described(
    step: Step,
    event: &Event,
    day: String,
    message_id: &str,
    expires_at: Timestamp,
    payload: Payload,
) -> Step {
    let mut step = step
        .set("message_id", s(message_id))
        .set("expires_at", n(expires_at.as_seconds()))
        .set("version", n(VERSION))
        .set_first("provider", s(event.provider))
        .set_first("environment", s(event.environment.name()))
        .set_first("type", s(bounded(&event.type_name)))
        .set_first("delivery_id", s(event.delivery_id.to_string()))
        .set_first("form", s(event.form.name()))
        .set_first("received_at", n(event.received_at.as_millis()))
        .set_first("day", s(day))
        .set_first("body_sha256", s(event.body_sha256()));
    if let Some(resource) = &event.resource {
        step = step
            .set_first("resource_kind", s(bounded(&resource.kind)))
            .set_first("resource_id", s(bounded(&resource.id)));
    }
    if let Some(at) = event.occurred_at {
        step = step.set_first("occurred_at", n(at.as_millis()));
    }
    if let Some(no_time) = &event.invalid_time {
        step = step.set_first("no_time", s(bounded(no_time)));
    }
    if let Some(reference) = &event.reference {
        step = step.set_first("reference", s(bounded(reference)));
    }
    if let Some(media_type) = &event.content().media_type {
        step = step.set_first("content_type", s(media_type));
    }
    if let Some(encoding) = &event.content().encoding {
        step = step.set_first("content_encoding", s(encoding));
    }
    match payload {
        Payload::Text(text) => step.set_first("payload", AttributeValue::S(text)),
        Payload::Binary(bytes) => step.set_first("payload", AttributeValue::B(Blob::new(bytes))),
        Payload::Gzip(bytes) => step
            .set_first("payload", AttributeValue::B(Blob::new(bytes)))
            .set_first("payload_encoding", s("gzip")),
        Payload::Parts(parts) => step
            .set_first("payload_parts", n(parts.len()))
            .set_first("payload_encoding", s("gzip")),
    }
}

/// A payload as attributes.
pub(super) enum Payload {
    Text(String),
    Binary(Vec<u8>),
    Gzip(Vec<u8>),
    /// Compressed, and still too long for one item.
    Parts(Vec<Vec<u8>>),
}

impl Payload {
    pub(super) fn of(body: &[u8]) -> std::io::Result<Self> {
        if body.len() < COMPRESS_FROM {
            return Ok(match std::str::from_utf8(body) {
                Ok(text) => Self::Text(text.to_owned()),
                Err(_) => Self::Binary(body.to_vec()),
            });
        }
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(body)?;
        let packed = encoder.finish()?;
        Ok(match packed.len() {
            ..=LONGEST_PAYLOAD => Self::Gzip(packed),
            _ => Self::Parts(packed.chunks(LONGEST_PAYLOAD).map(<[u8]>::to_vec).collect()),
        })
    }

    /// The parts that go into items of their own.
    pub(super) fn parts(&self) -> &[Vec<u8>] {
        match self {
            Self::Parts(parts) => parts,
            _ => &[],
        }
    }
}

/// Where a payload's parts are: the same bytes are the same parts, however often they are written.
pub(super) fn part_key(body_sha256: &str, place: usize) -> IdempotencyKey {
    IdempotencyKey {
        partition: format!("payload#{body_sha256}"),
        sort: format!("{place:04}"),
    }
}

/// Where the note is that work on a message has begun.
pub(super) fn note_key(message_id: &str) -> IdempotencyKey {
    IdempotencyKey {
        partition: format!("message#{}", bounded(message_id)),
        sort: "begun".to_owned(),
    }
}

/// Writes one part.
pub(super) fn part(step: Step, bytes: &[u8], expires_at: Timestamp) -> Step {
    step.set("part", AttributeValue::B(Blob::new(bytes)))
        .set("expires_at", n(expires_at.as_seconds()))
}

/// What `decide` looks at.
pub(super) fn standing(item: &HashMap<String, AttributeValue>) -> Result<RecordState, NotARecord> {
    // A newer consumer wrote it, and one may have gone back to this one: its message waits for the newer.
    if number(item, "version").unwrap_or(VERSION) > VERSION {
        return Err(NotARecord("version"));
    }
    Ok(RecordState {
        status: text(item, "status")
            .and_then(Status::from_name)
            .ok_or(NotARecord("status"))?,
        // Only an event in progress has a lease.
        lease_expires_at: moment(item, "lease_expires_at").unwrap_or(Timestamp::from_millis(0)),
        // Only a released one is to be tried again, and an older consumer's has no such time.
        retry_at: moment(item, "retry_at").unwrap_or(Timestamp::from_millis(0)),
        attempts: number(item, "attempts").ok_or(NotARecord("attempts"))?,
        forgiven: number(item, "forgiven").unwrap_or_default(),
        body_sha256: text(item, "body_sha256").ok_or(NotARecord("body_sha256"))?.to_owned(),
        hooks: hooks(item),
    })
}

/// Which event it is of.
pub(super) fn recorded(item: &HashMap<String, AttributeValue>) -> Result<Recorded, NotARecord> {
    let required = |name| text(item, name).map(str::to_owned).ok_or(NotARecord(name));
    Ok(Recorded {
        type_name: required("type")?,
        body_sha256: required("body_sha256")?,
    })
}

/// What the owner of a claim that was written, but not answered, finds.
pub(super) fn taken(item: &HashMap<String, AttributeValue>) -> Result<Taken, NotARecord> {
    let standing = standing(item)?;
    Ok(Taken {
        attempt: standing.attempts,
        forgiven: standing.forgiven,
        hooks: standing.hooks,
    })
}

pub(super) fn hooks(item: &HashMap<String, AttributeValue>) -> BTreeMap<String, Timestamp> {
    let hooks = item.get("hooks").and_then(|hooks| hooks.as_m().ok());
    hooks
        .into_iter()
        .flatten()
        .filter_map(|(name, _)| Some((name.clone(), moment(hooks?, name)?)))
        .collect()
}

pub(super) fn text<'a>(item: &'a HashMap<String, AttributeValue>, name: &str) -> Option<&'a str> {
    item.get(name)?.as_s().ok().map(String::as_str)
}

pub(super) fn number<N: std::str::FromStr>(item: &HashMap<String, AttributeValue>, name: &str) -> Option<N> {
    item.get(name)?.as_n().ok()?.parse().ok()
}

pub(super) fn moment(item: &HashMap<String, AttributeValue>, name: &str) -> Option<Timestamp> {
    number(item, name).map(Timestamp::from_millis)
}

/// An error's text as it is recorded.
pub(super) fn short(text: &str) -> String {
    text.chars().take(LONGEST_ERROR).collect()
}
