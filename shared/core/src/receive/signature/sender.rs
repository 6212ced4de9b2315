//! The sender's side: signs samples, test deliveries and tests.

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue};
use serde_json::{Map, Value, json};

use super::content::Sources;
use crate::clock::Timestamp;
use crate::provider::scheme::{Digest, Encoding, Layout, Part, Place, Scheme, Signature};
use crate::receive::secrets::Secrets;

/// The headers that prove `body` under `scheme`, with the scheme's first way of signing and the first of the `secrets`.
/// `id` becomes the value of every other header that the scheme signs.
///
/// A proof is left out if its secret or a signed part is missing; such a delivery is refused.
pub fn proof_headers(
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
        let prefix = if token.bearer { "Bearer " } else { "" };
        proofs.push((token.header, format!("{prefix}{}", String::from_utf8_lossy(known))));
    }
    proofs
}

/// A JSON body with the member `member`, and with every value that the scheme signs, so that [`proof_headers`] can sign
/// it.
pub fn test_body(scheme: &Scheme, member: &str, text: &str) -> String {
    let mut body = Map::from_iter([(member.to_owned(), json!(text))]);
    if let Some(signature) = scheme.signatures.first() {
        add_values(&mut body, signature.content, text);
    }
    Value::Object(body).to_string()
}

fn add_values(body: &mut Map<String, Value>, parts: &[Part], text: &str) {
    /// The name on a list of signed values, if the scheme leaves that list to the body.
    const LISTED: &str = "listed";
    for part in parts {
        match part {
            Part::Value(path) | Part::LowerValue(path) => put(body, path, json!(text)),
            Part::Listed { list, under } => {
                put(body, list, json!([LISTED]));
                put(body, &[*under, &[LISTED]].concat(), json!(text));
            }
            Part::Optional(inner) => add_values(body, inner, text),
            Part::Body | Part::BodyBase64 | Part::Text(_) | Part::Time | Part::Header(_) => {}
        }
    }
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
    let mut headers = HeaderMap::new();
    for (name, value) in &proofs {
        headers.append(
            HeaderName::from_bytes(name.as_bytes()).ok()?,
            HeaderValue::from_str(value).ok()?,
        );
    }
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
