//! The providers' management APIs, which register webhooks.

pub mod client;
pub mod kuenta;
pub mod onepay;
pub mod retry;

mod error;
mod hidden;

use acuse_core::endpoint::Place;
pub use acuse_core::endpoint::Webhook;
use acuse_core::provider::Provider;
use data_encoding::HEXLOWER;
use reqwest::Url;
use secrecy::SecretString;
use thiserror::Error;

pub use error::ApiError;

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

/// Whether `webhook` posts to `url`, however that is written.
pub fn posts_to(webhook: &Webhook, url: &str) -> bool {
    Place::of(&webhook.url) == Place::of(url)
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

    use super::*;

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
    fn new_secrets_are_64_hex_digits_and_differ() {
        let [one, other] = [new_secret().unwrap(), new_secret().unwrap()];
        assert_ne!(one.expose_secret(), other.expose_secret());
        assert!(one.expose_secret().len() == 64 && one.expose_secret().chars().all(|c| c.is_ascii_hexdigit()));
    }
}
