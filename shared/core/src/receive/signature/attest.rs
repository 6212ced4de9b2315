//! The sender's side: what tests, samples and test deliveries are signed with.

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue};
use serde_json::{Map, json};

use super::content::Sources;
use crate::clock::Timestamp;
use crate::provider::scheme::{Digest, Encoding, Layout, Part, Place, Scheme, Signature};
use crate::receive::secrets::Secrets;

/// The headers that prove `body` under `scheme`, in the first of its ways and with the first of
/// the `secrets`. `id` is what a scheme that signs an id or another header gets for it.
///
/// Nothing is returned for a proof whose secret or part is missing: such a delivery is refused.
pub fn attest(
    scheme: &Scheme,
    secrets: &Secrets,
    body: &Bytes,
    now: Timestamp,
    id: &str,
) -> Vec<(&'static str, String)> {
    let mut proofs = Vec::new();
    if let Some(signature) = scheme.signatures.first() {
        proofs.extend(signature_headers(signature, secrets, body, now, id).unwrap_or_default());
    }
    if let (Some(token), Some(known)) = (scheme.token, secrets.tokens().next()) {
        let value = String::from_utf8_lossy(known);
        let value = match token.bearer {
            true => format!("Bearer {value}"),
            false => value.into_owned(),
        };
        proofs.push((token.header, value));
    }
    proofs
}

/// A body that [`attest`] can sign, with this member in it: where the scheme signs values of the body, they
/// are there.
pub fn test_body(scheme: &Scheme, member: &str, text: &str) -> String {
    let mut body = Map::from_iter([(member.to_owned(), json!(text))]);
    if let Some(signature) = scheme.signatures.first() {
        fill(&mut body, signature.content, text);
    }
    serde_json::Value::Object(body).to_string()
}

fn fill(body: &mut Map<String, serde_json::Value>, parts: &[Part], text: &str) {
    /// What a list of the body's names, where the scheme leaves that to the body.
    const LISTED: &str = "listed";
    for part in parts {
        match part {
            Part::Value(path) | Part::LowerValue(path) => put(body, path, json!(text)),
            Part::Listed { list, under } => {
                put(body, list, json!([LISTED]));
                put(body, &[*under, &[LISTED]].concat(), json!(text));
            }
            Part::Optional(inner) => fill(body, inner, text),
            Part::Body | Part::BodyBase64 | Part::Text(_) | Part::Time | Part::Header(_) => {}
        }
    }
}

/// Puts `value` at `path`, with the objects on the way to it.
fn put(body: &mut Map<String, serde_json::Value>, path: &[&str], value: serde_json::Value) {
    let Some((first, rest)) = path.split_first() else {
        return;
    };
    if rest.is_empty() {
        body.insert((*first).to_owned(), value);
        return;
    }
    let inner = body.entry(*first).or_insert_with(|| json!({}));
    if let Some(inner) = inner.as_object_mut() {
        put(inner, rest, value);
    }
}

/// Lower-case hex of HMAC-SHA256, as the three providers sign `content`.
pub fn sign(secret: &str, content: &[u8]) -> String {
    let content = [Bytes::copy_from_slice(content)];
    Digest::Hmac.make(secret.as_bytes(), &content, Encoding::Hex)
}

fn signature_headers(
    signature: &Signature,
    secrets: &Secrets,
    body: &Bytes,
    now: Timestamp,
    id: &str,
) -> Option<Vec<(&'static str, String)>> {
    let at = now.as_seconds().to_string();
    let mut proofs: Vec<(&'static str, String)> = Vec::new();
    for name in signed_headers(signature.content) {
        proofs.push((name, id.to_owned()));
    }
    let mut field = None;
    match signature.time.map(|time| time.place) {
        Some(Place::Header(name)) => proofs.push((name, at.clone())),
        Some(Place::Field(name)) => field = Some(name),
        None => {}
    }
    let headers: HeaderMap = proofs
        .iter()
        .filter_map(|(name, value)| {
            let name = HeaderName::from_bytes(name.as_bytes()).ok()?;
            Some((name, HeaderValue::from_str(value).ok()?))
        })
        .collect();
    let sources = Sources {
        headers: &headers,
        body,
        time: signature.time.is_some().then_some(at.as_str()),
    };
    let content = sources.pieces(signature.content)?;
    let key = signature.key.of(secrets.signing().next()?)?;
    let digest = signature.digest.make(&key, &content, *signature.encodings.first()?);
    let value = match (signature.layout, field) {
        (Layout::One | Layout::List, _) => digest,
        (Layout::Fields(name), None) => format!("{name}={digest}"),
        (Layout::Fields(name), Some(time)) => format!("{time}={at},{name}={digest}"),
        (Layout::Versions(version), _) => format!("{version},{digest}"),
    };
    proofs.push((*signature.headers.first()?, value));
    Some(proofs)
}

fn signed_headers(parts: &[Part]) -> Vec<&'static str> {
    let mut names = Vec::new();
    for part in parts {
        match part {
            Part::Header(name) => names.push(*name),
            Part::Optional(inner) => names.extend(signed_headers(inner)),
            _ => {}
        }
    }
    names
}
