//! The providers' management APIs, which register webhooks.

pub mod client;
pub mod kuenta;
pub mod onepay;
pub mod retry;

mod error;
mod hidden;

use acuse_core::provider::Provider;
use data_encoding::HEXLOWER;
use reqwest::Url;
use secrecy::SecretString;
use serde::Serialize;
use serde_json::Value;
use thiserror::Error;

pub use error::ApiError;

/// A webhook as a provider lists it, without anything secret.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Webhook {
    /// The provider's id.
    pub id: String,
    /// Its name, if any.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The URL it posts to.
    pub url: String,
    /// The event types it posts.
    pub events: Vec<String>,
    /// Whether it belongs to the provider's test environment.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub is_test: Option<bool>,
    /// Whether its deliveries carry a token in a header, if the provider tells.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub has_token: Option<bool>,
    /// When it was created, as the provider writes it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub created_at: Option<String>,
    /// When it was last changed, as the provider writes it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub updated_at: Option<String>,
}

/// A webhook can't be registered.
#[derive(Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
#[expect(missing_docs, reason = "the texts say it")]
pub enum ChoiceError {
    #[error("`{provider}` has no event type {unknown}; it has\n  {known}")]
    UnknownEvent {
        provider: &'static str,
        unknown: String,
        known: String,
    },
    #[error("`{url}` can't be registered: {reason}")]
    Url { url: String, reason: &'static str },
    #[error("can't generate a secret: {0}")]
    Random(String),
}

impl Webhook {
    /// From one element of a provider's answer.
    fn from_json(value: &Value) -> Option<Self> {
        let text = |names: &[&str]| {
            let found = names.iter().find_map(|name| value.get(name)?.as_str());
            found.map(str::to_owned)
        };
        let id = match value.get("id")? {
            Value::String(id) => id.clone(),
            Value::Number(id) => id.to_string(),
            _ => return None,
        };
        let events = value.get("events").and_then(Value::as_array).into_iter().flatten();
        Some(Self {
            id,
            name: text(&["name"]),
            url: text(&["url"]).unwrap_or_default(),
            events: events.filter_map(Value::as_str).map(str::to_owned).collect(),
            is_test: value.get("is_test").and_then(Value::as_bool),
            has_token: value.get("header").map(|header| !header.is_null()),
            created_at: text(&["created_at", "createdAt"]),
            updated_at: text(&["updated_at", "updatedAt"]),
        })
    }

    /// Whether it posts to `url`, with or without a trailing slash.
    pub fn posts_to(&self, url: &str) -> bool {
        let plain = |url: &str| {
            let url = Url::parse(url).map_or_else(|_| url.to_owned(), String::from);
            url.trim_end_matches('/').to_owned()
        };
        plain(&self.url) == plain(url)
    }
}

/// The webhooks in an answer, which is an array or contains one as `data` or `webhooks`. `None` if any item is not a
/// webhook, since one that is overlooked would be created twice.
fn many(answer: &Value) -> Option<Vec<Webhook>> {
    match answer {
        Value::Object(_) => many(["data", "webhooks"].iter().find_map(|name| answer.get(name))?),
        Value::Array(items) => items.iter().map(Webhook::from_json).collect(),
        Value::Null => Some(Vec::new()),
        _ => None,
    }
}

/// The webhook in an answer, which is one or contains one as `data` or `webhook`, with its JSON object.
fn single(answer: &Value) -> Option<(&Value, Webhook)> {
    let data = answer.get("data");
    let places = [
        data.and_then(|data| data.get("webhook")),
        data,
        answer.get("webhook"),
        Some(answer),
    ];
    let mut places = places.into_iter().flatten();
    places.find_map(|value| Some((value, Webhook::from_json(value)?)))
}

/// The event types to register: those `chosen`, without repetitions, or all that Acuse knows of `provider`.
///
/// # Errors
/// [`ChoiceError::UnknownEvent`], unless `allow_unknown`.
pub fn events(provider: &Provider, chosen: &[String], allow_unknown: bool) -> Result<Vec<String>, ChoiceError> {
    if chosen.is_empty() {
        return Ok(provider.types.iter().map(|&name| name.to_owned()).collect());
    }
    let mut events: Vec<String> = Vec::new();
    for name in chosen.iter().map(|name| name.trim()) {
        if !events.iter().any(|event| event == name) {
            events.push(name.to_owned());
        }
    }
    let unknown = events.iter().filter(|event| !provider.types.contains(&event.as_str()));
    let unknown: Vec<String> = unknown.map(|event| format!("`{event}`")).collect();
    if unknown.is_empty() || (allow_unknown && !events.iter().any(String::is_empty)) {
        return Ok(events);
    }
    Err(ChoiceError::UnknownEvent {
        provider: provider.name,
        unknown: unknown.join(", "),
        known: provider.types.join(" "),
    })
}

/// Accepts a URL that a provider may post to: HTTPS, or plain HTTP on this machine.
pub fn webhook_url(text: &str) -> Result<String, ChoiceError> {
    check_url(text).map(|_| text.to_owned())
}

/// Whether only this machine can reach this URL.
pub fn is_local(url: &str) -> bool {
    Url::parse(url).is_ok_and(|url| loopback(&url))
}

fn loopback(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default();
    let ip = host.trim_matches(['[', ']']).parse::<std::net::IpAddr>();
    host == "localhost" || ip.is_ok_and(|ip| ip.is_loopback())
}

/// Accepts a URL to which secrets may be sent: never unencrypted over a network.
fn check_url(text: &str) -> Result<Url, ChoiceError> {
    let wrong = |reason| ChoiceError::Url {
        url: without_password(text),
        reason,
    };
    let url = Url::parse(text).map_err(|_| wrong("it is not a URL with a scheme (https://…)"))?;
    if !url.username().is_empty() || url.password().is_some() {
        return Err(wrong("it contains a user name or a password"));
    }
    match url.scheme() {
        "https" => Ok(url),
        "http" if loopback(&url) => Ok(url),
        _ => Err(wrong("it is not https")),
    }
}

/// Removes what may be a password.
fn without_password(text: &str) -> String {
    match text.rsplit_once('@') {
        Some((_, host)) => format!("…@{host}"),
        None => text.to_owned(),
    }
}

/// A new signing secret: 32 random bytes from the operating system, in hex.
pub fn new_secret() -> Result<SecretString, ChoiceError> {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes).map_err(|error| ChoiceError::Random(error.to_string()))?;
    Ok(HEXLOWER.encode(&bytes).into())
}

#[cfg(test)]
mod tests {
    use acuse_core::providers::kuenta;
    use secrecy::ExposeSecret;
    use serde_json::json;

    use super::*;

    #[test]
    fn lists_are_found_in_any_envelope() {
        let one = json!({"id": 7, "url": "https://a", "events": ["x"], "header": "hunter2"});
        for answer in [
            json!([one]),
            json!({"data": [one]}),
            json!({"webhooks": [one]}),
            json!({"success": true, "data": {"webhooks": [one]}}),
        ] {
            let found = many(&answer).unwrap();
            assert_eq!((found.len(), found[0].id.as_str()), (1, "7"), "{answer}");
            assert!(!serde_json::to_string(&found).unwrap().contains("hunter2"));
        }
        assert_eq!(many(&json!({"data": null})), Some(Vec::new()));
        for answer in [json!({"error": "no"}), json!("x"), json!([one, {"url": "https://b"}])] {
            assert_eq!(many(&answer), None, "{answer}");
        }
    }

    #[test]
    fn a_webhook_is_found_in_any_envelope() {
        let one = json!({"id": "w1", "url": "https://a"});
        for answer in [
            one.clone(),
            json!({"data": one}),
            json!({"webhook": one}),
            json!({"data": {"webhook": one}}),
        ] {
            assert_eq!(single(&answer).unwrap().1.id, "w1", "{answer}");
        }
        assert!(single(&json!({"data": {"url": "https://a"}})).is_none());
    }

    #[test]
    fn a_null_token_differs_from_an_absent_one() {
        let token = |header: Value| {
            let mut one = json!({"id": "w1", "url": "https://a"});
            one["header"] = header;
            Webhook::from_json(&one).unwrap().has_token
        };
        assert_eq!(token(json!(null)), Some(false));
        assert_eq!(token(json!("wh_hdr_x")), Some(true));
        assert_eq!(Webhook::from_json(&json!({"id": "w1"})).unwrap().has_token, None);
    }

    #[test]
    fn unknown_types_are_errors_that_name_them() {
        let chosen = |names: &[&str]| names.iter().map(|&name| name.to_owned()).collect::<Vec<_>>();
        let provider = &kuenta::PROVIDER;
        assert_eq!(events(provider, &[], false).unwrap(), provider.types);
        let twice = chosen(&["payment.created", " payment.created"]);
        assert_eq!(events(provider, &twice, false).unwrap(), ["payment.created"]);
        let wrong = chosen(&["payment.created", "payment.crated"]);
        let error = events(provider, &wrong, false).unwrap_err().to_string();
        assert!(
            error.starts_with("`kuenta` has no event type `payment.crated`;"),
            "{error}"
        );
        assert_eq!(events(provider, &wrong, true).unwrap(), wrong);
        assert!(events(provider, &chosen(&[""]), true).is_err());
    }

    #[test]
    fn a_url_is_https_or_local_and_shows_no_password() {
        for good in [
            "https://a.example/w",
            "http://127.0.0.1:3000/w",
            "http://[::1]/w",
            "http://localhost/w",
        ] {
            assert_eq!(webhook_url(good).unwrap(), good);
        }
        for bad in [
            "http://a.example/w",
            "a.example/w",
            "ftp://a.example",
            "https://u:hunter2@a.example",
            "x:hunter2@",
        ] {
            let error = webhook_url(bad).unwrap_err();
            assert!(!format!("{error} {error:?}").contains("hunter2"), "{error}");
        }
    }

    #[test]
    fn equal_urls_are_recognised() {
        let webhook = Webhook::from_json(&json!({"id": "1", "url": "HTTPS://A.example:443/w/"})).unwrap();
        assert!(webhook.posts_to("https://a.example/w") && !webhook.posts_to("https://a.example/v"));
    }

    #[test]
    fn new_secrets_are_64_hex_digits_and_differ() {
        let [one, other] = [new_secret().unwrap(), new_secret().unwrap()];
        assert_ne!(one.expose_secret(), other.expose_secret());
        assert!(one.expose_secret().len() == 64 && one.expose_secret().chars().all(|c| c.is_ascii_hexdigit()));
    }
}
