//! From the verified bytes to the JSON texts of their events.
//!
//! ```text
//! JSON, in UTF-8 ──────────────────────────────────────────────────────────────▶ an event with these bytes
//! gzip ─ decompressed ─┐
//!                      ├ byte order mark, UTF-16, named charset ─ UTF-8 ────────┐
//!                      ├ form ─ its `payload`, or its fields as an object ──────┼▶ an event with that text
//!                      └────────────────────────────────────────────────────────┤
//!                                                     array ─ each of its items ┴▶ events with those
//! anything else ──────────────────────────── an unreadable event with the bytes, and why
//! ```
//!
//! The bytes decide, and no two readings apply to the same bytes: gzip and UTF-16 never begin like JSON, and JSON is
//! not made of the characters of a form. Headers are not signed, so they only name the charset of bytes that are not
//! UTF-8. A message without them is read as well.
//!
//! The text becomes the event's body, hash and payload in the ledger, so the same text in another encoding is the same
//! event, and a replay from the ledger has the same key.

mod charset;
mod form;

use std::ops::Range;

use bytes::Bytes;

use crate::event::Event;
use crate::json;
use crate::provider::{Environment, Provider, Unreadable};
use crate::wire::content::Content;
use crate::wire::envelope::{Envelope, LONGEST_BODY};
use crate::wire::gzip;

/// The longest array that is read. A message is done once all of its events are; when it is received again, events that
/// are done count as duplicates. This many take a second or two, so every invocation makes progress.
pub const MOST_EVENTS: usize = 1000;

/// The events in `envelope` in their order, at least one. See [`Event::read`].
pub fn events(envelope: &Envelope, provider: &'static Provider, own: Environment) -> Vec<Event> {
    // Nearly every message is one JSON object, and is parsed only once.
    if !begins_an_array(&envelope.body) {
        let event = Event::read(envelope.clone(), provider, own);
        if !matches!(event.unreadable, Some(Unreadable::NotJson(_))) {
            return vec![event];
        }
    }
    match texts(&envelope.body, &envelope.content, provider) {
        Ok(texts) => {
            let read = |text| Event::read(envelope.with_json(text), provider, own);
            texts.into_iter().map(read).collect()
        }
        Err(why) => vec![Event::unreadable(envelope.clone(), provider, own, why)],
    }
}

fn begins_an_array(body: &[u8]) -> bool {
    let first = body.iter().find(|byte| !matches!(byte, b' ' | b'\t' | b'\n' | b'\r'));
    first == Some(&b'[')
}

fn texts(body: &Bytes, content: &Content, provider: &Provider) -> Result<Vec<Bytes>, Unreadable> {
    let body = match body.starts_with(&gzip::MAGIC) {
        true => gzip::decompress(body, LONGEST_BODY)
            .map_err(|error| Unreadable::Content(error.to_string()))?
            .into(),
        false => body.clone(),
    };
    if let Ok(items) = json::items(&body) {
        return divided(body, items);
    }
    let text = match form::json(&body, content.charset().as_deref(), provider) {
        Some(text) => text?,
        None if body.starts_with(&gzip::MAGIC) => {
            return Err(Unreadable::Content("it is compressed more than once".to_owned()));
        }
        None => charset::text(&body, content)?,
    };
    let text = Bytes::from(text);
    let items = json::items(&text).map_err(|error| Unreadable::NotJson(error.to_string()))?;
    divided(text, items)
}

/// An array's items, or the whole text.
fn divided(text: Bytes, items: Option<Vec<Range<usize>>>) -> Result<Vec<Bytes>, Unreadable> {
    let Some(items) = items else {
        return Ok(vec![text]);
    };
    match items.len() {
        0 => Err(Unreadable::Content("it is an empty array".to_owned())),
        1..=MOST_EVENTS => Ok(items.into_iter().map(|item| text.slice(item)).collect()),
        count => Err(Unreadable::Content(format!(
            "it is an array of {count} events; at most {MOST_EVENTS} are read"
        ))),
    }
}

#[cfg(test)]
mod tests;
