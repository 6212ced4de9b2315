//! A payload in the table: as text, as bytes, compressed, or in parts of its own.

use std::io::Write;

use acuse_core::clock::Timestamp;
use acuse_core::event::Event;
use acuse_core::event::key::IdempotencyKey;
use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::AttributeValue;
use data_encoding::HEXLOWER;
use flate2::Compression;
use flate2::write::GzEncoder;
use sha2::{Digest, Sha256};

use super::DynamoLedger;
use super::error::Source;
use super::expression::{Step, n, s};
use super::item::ERASED_AT;
use super::write::update;

/// Longer payloads are compressed: a write unit is 1 KB.
const COMPRESS_FROM: usize = 8 * 1024;

/// An item takes 400 KB, the names of its attributes included. Longer payloads are cut into parts.
/// <https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html>
const LONGEST_PAYLOAD: usize = 380 * 1024;

pub(super) enum Payload {
    Text(String),
    Binary(Vec<u8>),
    Gzip(Vec<u8>),
    /// Compressed, but still too long for one item.
    Parts(Vec<Vec<u8>>),
}

impl Payload {
    fn of(body: &[u8]) -> std::io::Result<Self> {
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

    pub(super) fn set(self, step: Step) -> Step {
        let bytes = |bytes| AttributeValue::B(Blob::new(bytes));
        match self {
            Self::Text(text) => step.set_first("payload", s(text)),
            Self::Binary(body) => step.set_first("payload", bytes(body)),
            Self::Gzip(packed) => step
                .set_first("payload", bytes(packed))
                .set_first("payload_encoding", s("gzip")),
            Self::Parts(parts) => step
                .set_first("payload_parts", n(parts.len()))
                .set_first("payload_encoding", s("gzip")),
        }
    }
}

/// How an event goes into its item, once all that belongs beside the item is written.
pub(super) struct Placement {
    pub(super) payload: Payload,
    /// Its key in the index, unless it has one already.
    pub(super) day: String,
    /// Its keys in the index `by-reference`, if it has a reference and no keys already.
    pub(super) reference: Option<(String, String)>,
    pub(super) expires_at: Timestamp,
}

impl DynamoLedger {
    /// Writes what belongs beside an event's item: the parts of a payload that is too long for it, and the number of
    /// shards of the indexes. They come first, so that every item is whole and can be found.
    pub(super) async fn write_ahead(&self, event: &Event, expires_at: Timestamp) -> Result<Placement, Source> {
        let payload = Payload::of(event.body())?;
        if let Payload::Parts(parts) = &payload {
            for (place, bytes) in parts.iter().enumerate() {
                let step = self
                    .step(&part_key(&event.key, event.body_sha256(), place))
                    .set("part", AttributeValue::B(Blob::new(bytes.as_slice())))
                    .set("expires_at", n(expires_at.as_seconds()))
                    // The delivery of an erased event does not bring them back: it is a duplicate.
                    .name("#erased_at", ERASED_AT)
                    .condition("attribute_not_exists(#erased_at)");
                update(step.into_update(&self.client)).await?;
            }
        }
        let day = self.day_key(event).await?;
        let reference = self.reference_keys(event).await?;
        Ok(Placement {
            payload,
            day,
            reference,
            expires_at,
        })
    }
}

/// The key of a payload's part. A record has parts of its own, even if another one has the same bytes, as that of
/// another account may: erasing one leaves the other whole. What is written again has the same key.
///
/// A conflict's bytes are written before the claim that finds out that it is one, under the key of the first event. So a
/// conflict's parts are under that key too.
pub(super) fn part_key(of: &IdempotencyKey, body_sha256: &str, place: usize) -> IdempotencyKey {
    let of = of.conflict_of().unwrap_or_else(|| of.clone());
    let of = HEXLOWER.encode(&Sha256::digest(of.to_string()));
    IdempotencyKey::new(format!("payload#{body_sha256}"), format!("{of}#{place:04}"))
}
