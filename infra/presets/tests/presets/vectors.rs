//! Signature vectors, each from the provider's documentation or made by another implementation.
//!
//! `vectors.json` is a list of these:
//!
//! ```json
//! {
//!   "name": "one byte of the body changed",
//!   "source": {"own": "generate.py: Python 3.11 hmac", "date": "2026-11-27"},
//!   "request": {"headers": {"X-Signature": "…"}, "query": "id=7", "body": "{}"},
//!   "secret": "…", "token": "…", "now": 1700000000,
//!   "expect": "the signature is wrong"
//! }
//! ```
//!
//! `source` is `published`, with an address, or `own`, with what made it. `body_base64` is for bytes that are no text.
//! `token`, `query` and `now` may be missing. `expect` is `verified` or the text of a `Refusal`.

use std::collections::BTreeMap;

use acuse_core::clock::Timestamp;
use acuse_core::provider::Provider;
use acuse_core::receive::secrets::Secrets;
use acuse_core::receive::signature::verify;
use acuse_core::wire::delivery::{Delivery, DeliveryId};
use http::{HeaderMap, HeaderName, HeaderValue};
use serde::Deserialize;

use crate::provider;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Vector {
    pub(crate) name: String,
    pub(crate) source: Source,
    request: Request,
    secret: Option<String>,
    token: Option<String>,
    /// The time of receipt in Unix seconds.
    #[serde(default)]
    now: i64,
    pub(crate) expect: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "lowercase", deny_unknown_fields)]
pub(crate) struct Source {
    /// The address of the page or file that prints it.
    pub(crate) published: Option<String>,
    /// What made it.
    pub(crate) own: Option<String>,
    /// The day on which it was read or made.
    pub(crate) date: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Request {
    headers: BTreeMap<String, String>,
    query: Option<String>,
    body: Option<String>,
    body_base64: Option<String>,
}

/// The vectors of the preset called `name`.
pub(crate) fn of(name: &str) -> Vec<Vector> {
    let preset = acuse_presets::by_name(name).unwrap();
    serde_json::from_str(preset.vectors).unwrap_or_else(|error| panic!("{name}/vectors.json: {error}"))
}

#[test]
fn each_vector_verifies_or_fails_as_it_says() {
    for preset in acuse_presets::all() {
        for vector in of(preset.name) {
            let outcome = outcome(provider(preset.name), &vector);
            assert_eq!(outcome, vector.expect, "{}: {}", preset.name, vector.name);
        }
    }
}

#[test]
fn each_vector_has_one_source_and_each_preset_has_both_outcomes() {
    for preset in acuse_presets::all() {
        let vectors = of(preset.name);
        for Vector { name, source, .. } in &vectors {
            let sources = [&source.published, &source.own].into_iter().flatten().count();
            assert_eq!(sources, 1, "{}: {name}", preset.name);
            let is_address = source.published.as_ref().is_none_or(|url| url.starts_with("https://"));
            assert!(
                is_address && source.date.len() == "2026-11-27".len(),
                "{}: {name}",
                preset.name
            );
        }
        assert!(
            vectors.iter().any(|vector| vector.expect == "verified"),
            "{}",
            preset.name
        );
        assert!(
            vectors.iter().any(|vector| vector.expect != "verified"),
            "{}",
            preset.name
        );
    }
}

fn outcome(provider: &Provider, vector: &Vector) -> String {
    let secret = serde_json::json!({
        "signing_secrets": vector.secret.iter().collect::<Vec<_>>(),
        "token": vector.token,
    });
    let secrets = match Secrets::parse(provider, &without_nulls(secret).to_string()) {
        Ok(secrets) => secrets,
        Err(error) => return error.to_string(),
    };
    let now = Timestamp::from_seconds(vector.now);
    match verify(&delivery(&vector.request, now), &provider.scheme, &secrets, now) {
        Ok(_) => "verified".to_owned(),
        Err(refusal) => refusal.to_string(),
    }
}

fn without_nulls(mut value: serde_json::Value) -> serde_json::Value {
    if let Some(object) = value.as_object_mut() {
        object.retain(|_, value| !value.is_null());
    }
    value
}

fn delivery(request: &Request, now: Timestamp) -> Delivery<acuse_core::wire::delivery::Unverified> {
    let headers: HeaderMap = request
        .headers
        .iter()
        .map(|(name, value)| {
            let name = HeaderName::from_bytes(name.as_bytes()).unwrap();
            (name, HeaderValue::from_str(value).unwrap())
        })
        .collect();
    let body = match (&request.body, &request.body_base64) {
        (Some(text), None) => text.clone().into_bytes(),
        (None, Some(text)) => data_encoding::BASE64.decode(text.as_bytes()).unwrap(),
        _ => panic!("a request has either `body` or `body_base64`"),
    };
    assert_eq!(request.query, None, "a query is not supported yet");
    Delivery::received(DeliveryId::new(now, [0; 10]), now, headers, body.into())
}
