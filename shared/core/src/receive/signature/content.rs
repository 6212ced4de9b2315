//! The signed content, assembled from a delivery.

use bytes::Bytes;
use data_encoding::BASE64;
use http::HeaderMap;

use crate::json::{self, Value};
use crate::provider::scheme::{Member, Part, Piece};
use crate::wire::delivery::{Delivery, Unverified};
use crate::wire::{form, header};

/// Where the parts come from.
pub(super) struct Sources<'a> {
    pub(super) headers: &'a HeaderMap,
    /// The query string of the URL.
    pub(super) query: &'a str,
    /// The body in the canonical form that is being tried.
    pub(super) body: &'a Bytes,
    pub(super) time: Option<&'a str>,
}

impl Sources<'_> {
    /// The pieces of `parts` in their order; `None` if one is absent, since then the sender can't have signed them.
    pub(super) fn pieces(&self, parts: &[Part]) -> Option<Vec<Piece>> {
        // Only parsed if a part needs a value of the body.
        let document = match parts.iter().any(reads_the_body) {
            true => json::parse(self.body).ok(),
            false => None,
        };
        let pieces = self.collect(parts, document.as_ref())?;
        (!may_be_lengthened(&pieces)).then_some(pieces)
    }

    fn collect(&self, parts: &[Part], document: Option<&Value<'_>>) -> Option<Vec<Piece>> {
        let mut pieces: Vec<Piece> = Vec::new();
        for part in parts {
            let piece: Bytes = match part {
                Part::Body => self.body.clone(),
                Part::BodyBase64 => BASE64.encode(self.body).into(),
                Part::Text(text) => Bytes::from_static(text.as_bytes()),
                Part::Time => self.time?.to_owned().into(),
                Part::Header(name) => header::value(self.headers, name)?.into(),
                Part::Value(path) => document?.path(path)?.scalar_text()?.into(),
                Part::Form(name) => form::only_in_body(self.body, name)?.into(),
                Part::Query(name) => form::only(self.query.as_bytes(), name)?.into(),
                Part::Lower(inner) => self.text(inner, document)?.to_lowercase().into(),
                Part::OneDecimal(inner) => one_decimal(self.text(inner, document)?).into(),
                Part::Listed { list, under } => {
                    pieces.extend(listed(document?, list, under)?);
                    continue;
                }
                Part::Optional(inner) => {
                    pieces.extend(self.collect(inner, document).unwrap_or_default());
                    continue;
                }
                Part::Secret => {
                    pieces.push(Piece::Secret);
                    continue;
                }
            };
            pieces.push(Piece::Bytes(piece));
        }
        Some(pieces)
    }

    /// The text of `parts`; `None` if it is not UTF-8, or if the secret is in it, which stays as it is.
    fn text(&self, parts: &[Part], document: Option<&Value<'_>>) -> Option<String> {
        let mut text = Vec::new();
        for piece in self.collect(parts, document)? {
            match piece {
                Piece::Bytes(bytes) => text.extend_from_slice(&bytes),
                Piece::Secret => return None,
            }
        }
        String::from_utf8(text).ok()
    }
}

/// Whether somebody may have lengthened another content. Of a hash that begins with the secret, anybody can make the hash
/// of the content, its padding and whatever they append, without the secret. That padding begins with 0x80, which no
/// UTF-8 text has where another one ended: so what follows a secret has to be UTF-8.
fn may_be_lengthened(pieces: &[Piece]) -> bool {
    let after_secret = pieces.iter().skip_while(|piece| !matches!(piece, Piece::Secret));
    let mut bytes = after_secret.filter_map(|piece| match piece {
        Piece::Bytes(bytes) => Some(bytes),
        Piece::Secret => None,
    });
    bytes.any(|bytes| std::str::from_utf8(bytes).is_err())
}

/// The text of a value outside the headers.
pub(super) fn member(delivery: &Delivery<Unverified>, member: Member) -> Option<Vec<u8>> {
    match member {
        Member::Form(name) => form::only_in_body(delivery.body(), name),
        Member::Query(name) => form::only(delivery.query().as_bytes(), name),
        Member::Value(path) => {
            let document = json::parse(delivery.body()).ok()?;
            Some(document.path(path)?.scalar_text()?.into_bytes())
        }
    }
}

/// The values that the body's own list says were signed. An empty list or a path to nothing proves nothing.
fn listed(document: &Value<'_>, list: &[&str], under: &[&str]) -> Option<Vec<Piece>> {
    let Value::Array(paths) = document.path(list)? else {
        return None;
    };
    let start = document.path(under)?;
    let value = |path: &Value<'_>| {
        let names = path.scalar_text()?;
        let value = start.path(&names.split('.').collect::<Vec<_>>())?;
        Some(Piece::Bytes(value.scalar_text()?.into()))
    };
    let values: Vec<Piece> = paths.iter().map(value).collect::<Option<_>>()?;
    Some(values).filter(|values| !values.is_empty())
}

/// `150.0` for `150.00` and for `150`. Other texts stay as they are.
fn one_decimal(mut text: String) -> String {
    match text.split_once('.') {
        Some((_, decimals)) if decimals.len() == 2 && decimals.ends_with('0') => {
            text.pop();
        }
        None => text.push_str(".0"),
        Some(_) => {}
    }
    text
}

fn reads_the_body(part: &Part) -> bool {
    match part {
        Part::Value(_) | Part::Listed { .. } => true,
        Part::Optional(inner) | Part::Lower(inner) | Part::OneDecimal(inner) => inner.iter().any(reads_the_body),
        _ => false,
    }
}
