//! From the bytes that verified to the JSON texts of their events.
//!
//! ```text
//! JSON, in UTF-8 ──────────────────────────────────────────────────────────────▶ an event over these bytes
//! gzip ─ unpacked ─┐
//!                  ├ a byte order mark, UTF-16, a charset that is named ─ UTF-8 ┐
//!                  ├ a form ─ its `payload`, or its fields as an object ────────┼▶ an event over that text
//!                  └────────────────────────────────────────────────────────────┤
//!                                                       an array ─ each of its items ▶ events over those
//! anything else ────────────────────────────── unreadable, over the bytes, and why
//! ```
//!
//! Each reading excludes the others, and the bytes decide: what begins like gzip or UTF-16 is no JSON, and no
//! JSON is written in the characters of a form. Headers, which nobody signs, say nothing but the charset of
//! bytes that are no UTF-8; so a message without them is read as well.
//!
//! The text is the event's body, hash and payload in the ledger: packed twice it is the same event, and a
//! replay from the ledger has the same key.

mod charset;
mod form;

use std::ops::Range;

use bytes::Bytes;

use crate::event::{Environment, Event};
use crate::json;
use crate::provider::{Provider, Unreadable};
use crate::wire::content::Content;
use crate::wire::envelope::{Envelope, LONGEST_BODY};
use crate::wire::gzip;

/// An array of more events is not read. A message is done once all of its events are, and those that are done
/// are counted as duplicates when it comes again: so many are passed within a second or two, and every
/// invocation gets on.
pub const MOST_EVENTS: usize = 1000;

/// The events that `envelope` brings, in their order, at least one. One that can't be read comes with the
/// reason; see [`Event::read`].
pub fn events(envelope: &Envelope, provider: &'static Provider, own: Environment) -> Vec<(Event, Option<Unreadable>)> {
    // What nearly every message is: read once.
    if !begins_an_array(&envelope.body) {
        let read = Event::read(envelope.clone(), provider, own);
        if !matches!(read.1, Some(Unreadable::NotJson(_))) {
            return vec![read];
        }
    }
    match texts(&envelope.body, &envelope.content, provider) {
        Ok(texts) => {
            let of = |text| Event::read(envelope.carrying(text), provider, own);
            texts.into_iter().map(of).collect()
        }
        Err(why) => vec![(Event::unreadable(envelope.clone(), provider, own), Some(why))],
    }
}

fn begins_an_array(body: &[u8]) -> bool {
    let first = body.iter().find(|byte| !matches!(byte, b' ' | b'\t' | b'\n' | b'\r'));
    first == Some(&b'[')
}

fn texts(body: &Bytes, content: &Content, provider: &Provider) -> Result<Vec<Bytes>, Unreadable> {
    let body = match body.starts_with(&gzip::MAGIC) {
        true => gzip::unpack(body, LONGEST_BODY)
            .map_err(|error| Unreadable::Content(error.to_string()))?
            .into(),
        false => body.clone(),
    };
    if let Ok(items) = json::items(&body) {
        return divided(body, items);
    }
    let charset = content.charset();
    let text = match form::json(&body, charset.as_deref(), provider) {
        Some(text) => text?,
        None if body.starts_with(&gzip::MAGIC) => {
            return Err(Unreadable::Content("it is packed more than once".to_owned()));
        }
        None => charset::text(&body, charset.as_deref()).map_err(|why| why.of(content))?,
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
        0 => Err(Unreadable::Content("it is an array of no events".to_owned())),
        1..=MOST_EVENTS => Ok(items.into_iter().map(|item| text.slice(item)).collect()),
        count => Err(Unreadable::Content(format!(
            "it is an array of {count} events; {MOST_EVENTS} at most are read"
        ))),
    }
}

#[cfg(test)]
mod tests;
