//! Checks of a provider's file against what is in `tests/fixtures/{name}`.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use acuse_core::clock::Timestamp;
use acuse_core::event::{Event, Kind};
use acuse_core::provider::Provider;
use acuse_core::receive::secrets::Secrets;
use acuse_core::receive::signature::verify;
use acuse_core::wire::delivery::{Delivery, DeliveryId};
use data_encoding::BASE64;
use http::{HeaderMap, HeaderName, HeaderValue};
use serde::Deserialize;

use crate::Sample;
use crate::stack::template::folder;

/// A delivery, and whether it verifies.
#[derive(Debug, Deserialize)]
struct Vector {
    name: String,
    request: Request,
    secret: Option<String>,
    token: Option<String>,
    /// The time of receipt, in Unix seconds.
    #[serde(default)]
    now: i64,
    expect: String,
}

#[derive(Debug, Deserialize)]
struct Request {
    headers: BTreeMap<String, String>,
    query: Option<String>,
    body: Option<String>,
    body_base64: Option<String>,
}

/// Verifies each delivery in `vectors.json`, a list of these:
///
/// ```json
/// {
///   "name": "one byte of the body changed",
///   "source": {"published": "https://…", "date": "2026-11-27"},
///   "request": {"headers": {"x-signature": "…"}, "body": "{}"},
///   "secret": "…", "token": "…", "now": 1700000000,
///   "expect": "the signature is wrong"
/// }
/// ```
///
/// `expect` is `verified`, or the text of a [`Refusal`](acuse_core::receive::signature::Refusal). `body_base64` is for
/// bytes that are no text. `secret`, `token` and `now` may be missing.
///
/// # Panics
/// If one does not do as it says, or if none verifies or none is refused: a scheme that accepts everything would pass.
#[track_caller]
pub fn check_vectors(provider: &'static Provider) {
    let path = fixtures(provider).join("vectors.json");
    let text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let vectors: Vec<Vector> =
        serde_json::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    for vector in &vectors {
        assert_eq!(
            outcome(provider, vector),
            vector.expect,
            "{}: {}",
            path.display(),
            vector.name
        );
    }
    let verified = vectors.iter().filter(|vector| vector.expect == "verified").count();
    assert!(
        verified > 0 && verified < vectors.len(),
        "{}: one delivery has to verify, and one has to be refused",
        path.display()
    );
}

fn outcome(provider: &'static Provider, vector: &Vector) -> String {
    let mut secret = serde_json::Map::new();
    if let Some(signing) = &vector.secret {
        secret.insert("signing_secrets".to_owned(), serde_json::json!([signing]));
    }
    if let Some(token) = &vector.token {
        secret.insert("token".to_owned(), serde_json::json!(token));
    }
    let secrets = match Secrets::parse(provider, &serde_json::Value::from(secret).to_string()) {
        Ok(secrets) => secrets,
        Err(error) => return error.to_string(),
    };
    let now = Timestamp::from_seconds(vector.now);
    let Request {
        headers,
        query,
        body,
        body_base64,
    } = &vector.request;
    let headers: HeaderMap = headers
        .iter()
        .map(|(name, value)| {
            (
                name.parse::<HeaderName>().unwrap(),
                value.parse::<HeaderValue>().unwrap(),
            )
        })
        .collect();
    let body = match (body, body_base64) {
        (Some(text), None) => text.clone().into_bytes(),
        (None, Some(text)) => BASE64.decode(text.as_bytes()).unwrap(),
        _ => panic!("{}: a request has either `body` or `body_base64`", vector.name),
    };
    let delivery = Delivery::received(DeliveryId::new(now, [0; 10]), now, headers, body.into())
        .with_query(query.as_deref().unwrap_or_default());
    match verify(&delivery, &provider.scheme, &secrets, now) {
        Ok(_) => "verified".to_owned(),
        Err(refusal) => refusal.to_string(),
    }
}

/// Reads the sample of each of the provider's types, and compares kinds and keys with `keys.txt`. The keys decide what
/// is a duplicate. With `ACUSE_BLESS=1`, they are written there instead.
///
/// # Panics
/// If a type has no sample, or one is not read as what it is; or if the keys are others.
#[track_caller]
pub fn check_keys(provider: &'static Provider) {
    let keys: String = provider
        .types
        .iter()
        .map(|type_name| row(provider, type_name))
        .collect();
    let path = fixtures(provider).join("keys.txt");
    if std::env::var_os("ACUSE_BLESS").is_some() {
        fs::write(&path, &keys).unwrap();
    }
    let written = fs::read_to_string(&path).unwrap_or_default();
    assert!(
        written == keys,
        "the keys in {} should be these; ACUSE_BLESS=1 writes them:\n{keys}",
        path.display()
    );
}

#[track_caller]
fn row(provider: &'static Provider, type_name: &str) -> String {
    let event = Sample::of(provider, type_name).as_written();
    let Event { kind, key, .. } = &event;
    assert!(
        event.type_name == type_name && *kind != Kind::Unknown && event.unreadable.is_none(),
        "the sample of {type_name} is read as {} ({kind:?}): {:?}",
        event.type_name,
        event.unreadable
    );
    let key = key.to_string().replace(event.body_sha256(), "{sha256}");
    format!("{type_name}: {kind:?} {key}\n")
}

fn fixtures(provider: &Provider) -> PathBuf {
    folder().join("tests/fixtures").join(provider.name)
}
