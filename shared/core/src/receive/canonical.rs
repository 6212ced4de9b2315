//! The body as another runtime would write it again.
//!
//! OnePay's guide verifies `JSON.stringify(req.body)` in Node and
//! `json.dumps(request.json, separators=(',', ':'))` in Python, so a sender may sign either.
//! What differs between them, and from the raw bytes, is in the tests.

mod javascript;
mod python;

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use thiserror::Error;

use crate::json::{self, Text, Value};

/// The body has no such form.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum Error {
    /// Not strict JSON.
    #[error("the body is not JSON")]
    NotJson(#[source] json::Error),
    /// Python 3.11 reads no integer of more digits: `int()` refuses.
    #[error("an integer has more than {} digits", python::MAX_INT_DIGITS)]
    IntegerTooLong,
}

/// What Node gives for `JSON.stringify(JSON.parse(body))`, in UTF-8.
///
/// # Errors
/// [`Error::NotJson`].
pub fn javascript(body: &[u8]) -> Result<Vec<u8>, Error> {
    let value = json::parse(body).map_err(Error::NotJson)?;
    let mut out = Vec::with_capacity(body.len());
    javascript::write(&value, &mut out);
    Ok(out)
}

/// What Python gives for `json.dumps(json.loads(body), separators=(",", ":"))`.
///
/// # Errors
/// [`enum@Error`].
pub fn python(body: &[u8]) -> Result<Vec<u8>, Error> {
    let value = json::parse(body).map_err(Error::NotJson)?;
    python::check(&value)?;
    let mut out = Vec::with_capacity(body.len());
    python::write(&value, &mut out);
    Ok(out)
}

/// [`javascript()`] with every object's members sorted by name.
///
/// # Errors
/// [`Error::NotJson`].
pub fn javascript_sorted(body: &[u8]) -> Result<Vec<u8>, Error> {
    let value = sorted(json::parse(body).map_err(Error::NotJson)?);
    let mut out = Vec::with_capacity(body.len());
    javascript::write(&value, &mut out);
    Ok(out)
}

/// [`python()`] with `sort_keys=True`.
///
/// # Errors
/// [`enum@Error`].
pub fn python_sorted(body: &[u8]) -> Result<Vec<u8>, Error> {
    let value = json::parse(body).map_err(Error::NotJson)?;
    python::check(&value)?;
    let mut out = Vec::with_capacity(body.len());
    python::write(&sorted(value), &mut out);
    Ok(out)
}

/// `value` with members in the order of their names' code points. The sort is stable: of two members of
/// one name the last still comes last, and counts.
fn sorted(value: Value<'_>) -> Value<'_> {
    match value {
        Value::Array(items) => Value::Array(items.into_iter().map(sorted).collect()),
        Value::Object(members) => {
            let members = members.into_iter().map(|(name, value)| (name, sorted(value)));
            let mut members: Vec<_> = members.collect();
            members.sort_by_cached_key(|(name, _)| {
                let mut points = Vec::new();
                name.for_each(|point| points.push(point));
                points
            });
            Value::Object(members)
        }
        plain => plain,
    }
}

/// Members as both runtimes keep them: a name's first place with its last value.
fn last_values<'v, 'a>(members: &'v [(Text<'a>, Value<'a>)]) -> Vec<(&'v Text<'a>, &'v Value<'a>)> {
    let mut kept = Vec::with_capacity(members.len());
    let mut places: HashMap<&Text<'a>, usize> = HashMap::with_capacity(members.len());
    for (name, value) in members {
        match places.entry(name) {
            Entry::Vacant(place) => {
                place.insert(kept.len());
                kept.push((name, value));
            }
            Entry::Occupied(place) => {
                if let Some(earlier) = kept.get_mut(*place.get()) {
                    earlier.1 = value;
                }
            }
        }
    }
    kept
}

/// Writes `items` between `open` and `close`, separated by commas.
fn write_list<T>(
    out: &mut Vec<u8>,
    [open, close]: [u8; 2],
    items: impl IntoIterator<Item = T>,
    mut each: impl FnMut(T, &mut Vec<u8>),
) {
    out.push(open);
    for (place, item) in items.into_iter().enumerate() {
        if place > 0 {
            out.push(b',');
        }
        each(item, out);
    }
    out.push(close);
}

/// Writes a string; both runtimes agree on everything but which characters need no escape.
fn write_text(out: &mut Vec<u8>, text: &Text<'_>, plain: impl Fn(char) -> bool) {
    out.push(b'"');
    text.for_each(|point| match (point, char::from_u32(point)) {
        (0x22, _) => out.extend_from_slice(b"\\\""),
        (0x5C, _) => out.extend_from_slice(b"\\\\"),
        (0x08, _) => out.extend_from_slice(b"\\b"),
        (0x09, _) => out.extend_from_slice(b"\\t"),
        (0x0A, _) => out.extend_from_slice(b"\\n"),
        (0x0C, _) => out.extend_from_slice(b"\\f"),
        (0x0D, _) => out.extend_from_slice(b"\\r"),
        (0x20.., Some(c)) if plain(c) => {
            out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
        }
        (_, Some(c)) => c.encode_utf16(&mut [0; 2]).iter().for_each(|unit| escape(out, *unit)),
        // A lone surrogate.
        (_, None) => escape(out, u16::try_from(point).unwrap_or(0xFFFD)),
    });
    out.push(b'"');
}

fn escape(out: &mut Vec<u8>, unit: u16) {
    out.extend_from_slice(format!("\\u{unit:04x}").as_bytes());
}

#[cfg(test)]
mod tests;
