//! Canonical forms: the body as another runtime serializes it again.
//!
//! OnePay's guide verifies `JSON.stringify(req.body)` in Node and
//! `json.dumps(request.json, separators=(',', ':'))` in Python, so a sender may sign either. The tests show what
//! differs between the forms, and from the raw bytes.

mod javascript;
mod python;

use std::collections::HashMap;

use bytes::Bytes;
use thiserror::Error;

use crate::json::{self, Text, Value};
use crate::wire::delivery::CanonicalForm;
use javascript::JavaScript;
use python::Python;

/// Why a body has no such canonical form.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum Error {
    /// Not strict JSON.
    #[error("the body is not JSON")]
    NotJson(#[source] json::Error),
    /// Python's `int()` has refused longer integers since 3.11.
    #[error("an integer has more than {} digits", python::MAX_INT_DIGITS)]
    IntegerTooLong,
    /// The form is the body itself, which is [`CanonicalForm::Raw`].
    #[error("the body already has this form")]
    Unchanged,
}

/// The canonical form of `body`.
///
/// # Errors
/// [`enum@Error`].
pub fn bytes(body: &Bytes, form: CanonicalForm) -> Result<Bytes, Error> {
    let trimmed = body.trim_ascii_end();
    let parsed = || json::parse(body).map_err(Error::NotJson);
    Ok(match form {
        CanonicalForm::Raw => body.clone(),
        CanonicalForm::Trimmed if trimmed.len() == body.len() => return Err(Error::Unchanged),
        CanonicalForm::Trimmed => body.slice_ref(trimmed),
        CanonicalForm::Newline if body.ends_with(b"\n") => return Err(Error::Unchanged),
        CanonicalForm::Newline => [body, &b"\n"[..]].concat().into(),
        CanonicalForm::JavaScript => written::<JavaScript>(&parsed()?, body.len()),
        CanonicalForm::JavaScriptSorted => written::<JavaScript>(&sorted(parsed()?), body.len()),
        CanonicalForm::Python => written::<Python>(&python::checked(parsed()?)?, body.len()),
        CanonicalForm::PythonSorted => written::<Python>(&sorted(python::checked(parsed()?)?), body.len()),
    })
}

fn written<D: Dialect>(value: &Value<'_>, capacity: usize) -> Bytes {
    let mut out = Vec::with_capacity(capacity);
    write::<D>(value, &mut out);
    out.into()
}

/// `value` with members ordered by the code points of their names. The sort is stable: of several members with one
/// name, the last one stays last and still counts.
fn sorted(value: Value<'_>) -> Value<'_> {
    match value {
        Value::Array(items) => Value::Array(items.into_iter().map(sorted).collect()),
        Value::Object(members) => {
            let members = members.into_iter().map(|(name, value)| (name, sorted(value)));
            let mut members: Vec<_> = members.collect();
            members.sort_by_cached_key(|(name, _)| name.code_points());
            Value::Object(members)
        }
        scalar => scalar,
    }
}

/// Members as both runtimes keep them: at a name's first place, with its last value.
fn last_values<'v, 'a>(members: &'v [(Text<'a>, Value<'a>)]) -> Members<'v, 'a> {
    let mut kept = Vec::with_capacity(members.len());
    let mut places: HashMap<&Text<'a>, usize> = HashMap::with_capacity(members.len());
    for (name, value) in members {
        let place = *places.entry(name).or_insert(kept.len());
        match kept.get_mut(place) {
            Some((_, earlier)) => *earlier = value,
            None => kept.push((name, value)),
        }
    }
    kept
}

type Members<'v, 'a> = Vec<(&'v Text<'a>, &'v Value<'a>)>;

/// What the two runtimes write differently.
trait Dialect {
    fn write_number(text: &str, out: &mut Vec<u8>);
    /// Whether a character is written without an escape.
    fn is_plain(c: char) -> bool;
    fn members<'v, 'a>(members: &'v [(Text<'a>, Value<'a>)]) -> Members<'v, 'a>;
}

fn write<D: Dialect>(value: &Value<'_>, out: &mut Vec<u8>) {
    match value {
        Value::Null => out.extend_from_slice(b"null"),
        Value::Bool(true) => out.extend_from_slice(b"true"),
        Value::Bool(false) => out.extend_from_slice(b"false"),
        Value::Number(text) => D::write_number(text, out),
        Value::String(text) => write_text::<D>(text, out),
        Value::Array(items) => write_list(out, *b"[]", items, write::<D>),
        Value::Object(members) => write_list(out, *b"{}", D::members(members), |(name, value), out| {
            write_text::<D>(name, out);
            out.push(b':');
            write::<D>(value, out);
        }),
    }
}

fn write_text<D: Dialect>(text: &Text<'_>, out: &mut Vec<u8>) {
    out.push(b'"');
    text.for_each(|point| match (point, char::from_u32(point)) {
        (0x22, _) => out.extend_from_slice(b"\\\""),
        (0x5C, _) => out.extend_from_slice(b"\\\\"),
        (0x08, _) => out.extend_from_slice(b"\\b"),
        (0x09, _) => out.extend_from_slice(b"\\t"),
        (0x0A, _) => out.extend_from_slice(b"\\n"),
        (0x0C, _) => out.extend_from_slice(b"\\f"),
        (0x0D, _) => out.extend_from_slice(b"\\r"),
        (0x20.., Some(c)) if D::is_plain(c) => {
            out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
        }
        (_, Some(c)) => c.encode_utf16(&mut [0; 2]).iter().for_each(|unit| escape(out, *unit)),
        // A lone surrogate.
        (_, None) => escape(out, u16::try_from(point).unwrap_or(0xFFFD)),
    });
    out.push(b'"');
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

fn escape(out: &mut Vec<u8>, unit: u16) {
    out.extend_from_slice(format!("\\u{unit:04x}").as_bytes());
}

#[cfg(test)]
mod tests;
