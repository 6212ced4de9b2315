//! The sender's side: signs samples, test deliveries and tests.

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Map, Value, json};

use super::content::Sources;
use crate::clock::Timestamp;
use crate::json as exact;
use crate::provider::scheme::{Digest, Encoding, Layout, Member, Part, Piece, Place, Scheme, Signature};
use crate::receive::secrets::Secrets;
use crate::wire::form;

/// A delivery with the proofs that a scheme asks for, wherever it asks for them.
#[derive(Debug, Clone, Default)]
pub struct Signed {
    /// The headers that prove it.
    pub headers: Vec<(&'static str, String)>,
    /// The query string of its URL, without `?`; empty if the scheme reads none.
    pub query: String,
    /// The body, with the signature in it if that is where the scheme has it.
    pub body: Bytes,
}

/// `body` with the proofs of `scheme`: its first way of signing that can sign it, with the first of the `secrets`. `id`
/// becomes the value of every other header that the scheme signs, and of every value in the query that the body has not.
///
/// A proof is left out if its secret or a signed part is missing, or if only the provider can make it
/// ([`Digest::is_public`]); such a delivery is refused.
pub fn sign_delivery(scheme: &Scheme, secrets: &Secrets, body: &Bytes, now: Timestamp, id: &str) -> Signed {
    signed(scheme, secrets, body, now, id, |key| key)
}

/// [`sign_delivery`] with another secret: the signature is well-formed, and wrong.
pub fn sign_wrongly(scheme: &Scheme, secrets: &Secrets, body: &Bytes, now: Timestamp, id: &str) -> Signed {
    let another = |key: Vec<u8>| [&key, &b"-of-another"[..]].concat();
    signed(scheme, secrets, body, now, id, another)
}

fn signed(
    scheme: &Scheme,
    secrets: &Secrets,
    body: &Bytes,
    now: Timestamp,
    id: &str,
    change: impl Fn(Vec<u8>) -> Vec<u8>,
) -> Signed {
    let signed = scheme.signatures.iter().find_map(|way| {
        let key = change(way.key.of(secrets.signing().next()?)?);
        with_signature(way, &key, body, now, id)
    });
    let mut signed = signed.unwrap_or_else(|| Signed {
        body: body.clone(),
        ..Signed::default()
    });
    if let (Some(token), Some(known)) = (scheme.token, secrets.tokens().next()) {
        let prefix = if token.bearer { "Bearer " } else { "" };
        let value = format!("{prefix}{}", String::from_utf8_lossy(known));
        signed.headers.push((token.header, value));
    }
    signed
}

/// The headers of [`sign_delivery`], for a scheme that has all its proofs in headers.
pub fn proof_headers(
    scheme: &Scheme,
    secrets: &Secrets,
    body: &Bytes,
    now: Timestamp,
    id: &str,
) -> Vec<(&'static str, String)> {
    sign_delivery(scheme, secrets, body, now, id).headers
}

/// A body with the member `member`, and with every value that the scheme signs, so that [`sign_delivery`] can sign it: a
/// form if the scheme reads forms, or else JSON.
pub fn test_body(scheme: &Scheme, member: &str, text: &str) -> String {
    let Some(signature) = scheme.signatures.first() else {
        return json!({ member: text }).to_string();
    };
    let mut fields = vec![member];
    fields.extend(parts(signature.content).filter_map(|part| match part {
        Part::Form(name) => Some(name),
        _ => None,
    }));
    if fields.len() > 1 || matches!(signature.member, Some(Member::Form(_))) {
        let fields = fields.iter().map(|name| field(name, text));
        return fields.collect::<Vec<_>>().join("&");
    }
    let mut body = Map::from_iter([(member.to_owned(), json!(text))]);
    add_values(&mut body, signature.content, text);
    Value::Object(body).to_string()
}

fn add_values(body: &mut Map<String, Value>, content: &[Part], text: &str) {
    /// The name on a list of signed values, if the scheme leaves that list to the body.
    const LISTED: &str = "listed";
    for part in parts(content) {
        match part {
            Part::Value(path) => put(body, path, json!(text)),
            Part::Listed { list, under } => {
                put(body, list, json!([LISTED]));
                put(body, &[under, &[LISTED]].concat(), json!(text));
            }
            _ => {}
        }
    }
}

/// All parts, those inside others too.
fn parts(content: &[Part]) -> impl Iterator<Item = Part> {
    let mut found = Vec::new();
    let mut left: Vec<&Part> = content.iter().rev().collect();
    while let Some(part) = left.pop() {
        match part {
            Part::Optional(inner) | Part::Lower(inner) | Part::OneDecimal(inner) => left.extend(inner.iter().rev()),
            part => found.push(*part),
        }
    }
    found.into_iter()
}

fn field(name: &str, value: &str) -> String {
    let encoded = |text| utf8_percent_encode(text, NON_ALPHANUMERIC);
    format!("{}={}", encoded(name), encoded(value))
}

/// Puts `value` at `path`, and creates the objects on the way.
fn put(body: &mut Map<String, Value>, path: &[&str], value: Value) {
    match path {
        [] => {}
        [name] => {
            body.insert((*name).to_owned(), value);
        }
        [first, rest @ ..] => {
            let inner = body.entry(*first).or_insert_with(|| json!({}));
            if let Some(inner) = inner.as_object_mut() {
                put(inner, rest, value);
            }
        }
    }
}

/// The lower-case hex HMAC-SHA256 of `content`, as the three providers sign.
pub fn sign(secret: &str, content: &[u8]) -> String {
    let content = [Piece::Bytes(Bytes::copy_from_slice(content))];
    let made = Digest::HMAC_SHA256.make(secret.as_bytes(), &content, Encoding::Hex);
    made.unwrap_or_default()
}

fn with_signature(signature: &Signature, key: &[u8], body: &Bytes, now: Timestamp, id: &str) -> Option<Signed> {
    let at = now.as_seconds().to_string();
    let mut headers: Vec<(&'static str, String)> = Vec::new();
    let mut query = Vec::new();
    for part in parts(signature.content) {
        match part {
            Part::Header(name) => headers.push((name, id.to_owned())),
            Part::Query(name) => query.push(field(name, &value_in(body, name).unwrap_or(id.to_owned()))),
            _ => {}
        }
    }
    let mut time_field = None;
    match signature.time.map(|time| time.place) {
        Some(Place::Header(name)) => headers.push((name, at.clone())),
        Some(Place::Field(name)) => time_field = Some(name),
        None => {}
    }
    let mut sent = HeaderMap::new();
    for (name, value) in &headers {
        sent.append(
            HeaderName::from_bytes(name.as_bytes()).ok()?,
            HeaderValue::from_str(value).ok()?,
        );
    }
    let sources = Sources {
        headers: &sent,
        query: &query.join("&"),
        body,
        time: signature.time.is_some().then_some(at.as_str()),
    };
    let content = sources.pieces(signature.content)?;
    let digest = signature.digest.make(key, &content, *signature.encodings.first()?)?;
    let value = match (signature.layout, time_field) {
        (Layout::One | Layout::List, _) => digest,
        (Layout::Fields(name), None) => format!("{name}={digest}"),
        (Layout::Fields(name), Some(time)) => format!("{time}={at},{name}={digest}"),
        (Layout::Versions(version), _) => format!("{version},{digest}"),
    };
    let mut body = body.clone();
    match (signature.headers.first(), signature.member) {
        (Some(header), _) => headers.push((header, value)),
        (None, Some(Member::Query(name))) => query.push(field(name, &value)),
        (None, Some(Member::Form(name))) => body = with_field(&body, name, &value).into(),
        (None, Some(Member::Value(path))) => body = with_value(&body, path, &value)?.into(),
        (None, None) => return None,
    }
    let query = query.join("&");
    Some(Signed { headers, query, body })
}

/// The value that a provider puts into the query as well as into the body: `data.id`.
fn value_in(body: &[u8], path: &str) -> Option<String> {
    let document = exact::parse(body).ok()?;
    document.path(&path.split('.').collect::<Vec<_>>())?.scalar_text()
}

/// The form `body` with this field in place of those of its name.
fn with_field(body: &[u8], name: &str, value: &str) -> Vec<u8> {
    let others = body
        .split(|byte| *byte == b'&')
        .filter(|field| form::only(field, name).is_none());
    let mut fields: Vec<&[u8]> = others.filter(|field| !field.is_empty()).collect();
    let own = field(name, value);
    fields.push(own.as_bytes());
    fields.join(&b'&')
}

/// The JSON `body` with this string at `path`.
fn with_value(body: &[u8], path: &[&str], value: &str) -> Option<String> {
    let mut document: Map<String, Value> = serde_json::from_slice(body).ok()?;
    put(&mut document, path, json!(value));
    Some(Value::Object(document).to_string())
}
