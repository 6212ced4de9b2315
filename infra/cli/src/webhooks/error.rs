//! Why a call failed, and what to do.

use std::error::Error as StdError;
use std::time::Duration;

use http::Method;
use thiserror::Error;

use super::ChoiceError;

/// A call to a provider's management API that failed. Shows no secret.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ApiError {
    /// The base URL can't be used.
    #[error("the base URL can't be used")]
    Base(#[source] ChoiceError),
    /// A setting can't be written in a header.
    #[error("{0} can't be sent in a header: it is empty or holds control characters")]
    Header(&'static str),
    /// Not an id that has a URL of its own.
    #[error("`{0}` is no webhook's id")]
    Id(String),
    /// The machine has no certificates to check a server by.
    #[error("can't read this machine's root certificates")]
    Roots(#[source] std::io::Error),
    /// No answer.
    #[error("{method} {url} does not answer, tried {tries} times")]
    NoAnswer {
        /// What was called.
        method: Method,
        /// What was called.
        url: String,
        /// How often.
        tries: u32,
        /// Whether it may have been done nevertheless.
        unsure: bool,
        /// What went wrong the last time.
        source: Box<dyn StdError + Send + Sync>,
    },
    /// An answer that is no success.
    #[error("{method} {url} answers {status}: {body}")]
    Refused {
        /// What was called.
        method: Method,
        /// What was called.
        url: String,
        /// The answer's status.
        status: u16,
        /// The beginning of the answer's body, without secrets.
        body: String,
        /// How long the server asks to be left alone, where that is too long to wait for.
        wait: Option<Duration>,
        /// Whether it may have been done nevertheless.
        unsure: bool,
        /// Where the credentials come from.
        credentials: &'static str,
    },
    /// A success whose body is not what it should be. The body itself may hold a secret.
    #[error("{method} {url} answers {status} with something else than {expected} ({bytes} bytes)")]
    Unreadable {
        /// What was called.
        method: Method,
        /// What was called.
        url: String,
        /// The answer's status.
        status: u16,
        /// What should have come.
        expected: &'static str,
        /// How long the body is.
        bytes: usize,
    },
    /// The list has no such webhook.
    #[error("there is no webhook `{0}`")]
    Unknown(String),
    /// The webhook's present settings are needed and not known.
    #[error("the provider does not say what {0} the webhook has")]
    Untold(&'static str),
}

impl ApiError {
    /// Whether what was asked for may have been done nevertheless.
    pub fn is_unsure(&self) -> bool {
        match self {
            Self::NoAnswer { unsure, .. } | Self::Refused { unsure, .. } => *unsure,
            Self::Unreadable { method, .. } => method != Method::GET,
            _ => false,
        }
    }

    /// What to do about it.
    pub fn advice(&self) -> String {
        let advice = match self {
            Self::Base(_) => "correct `--base-url`: https://…, or http:// on this machine only".to_owned(),
            Self::Header(_) => "set it again, without quotes and line breaks".to_owned(),
            Self::Id(_) | Self::Unknown(_) => "`list` shows the ids".to_owned(),
            Self::Roots(_) => "install the ca-certificates package, or name a file in SSL_CERT_FILE".to_owned(),
            Self::NoAnswer { .. } => "check the base URL and the network, and run it again".to_owned(),
            Self::Refused { wait: Some(wait), .. } => {
                format!(
                    "the server asks to be left alone for {} s: run it again after that",
                    wait.as_secs()
                )
            }
            Self::Refused {
                status, credentials, ..
            } => refused(*status, credentials),
            Self::Unreadable { .. } => "check that the base URL is that of the provider's API".to_owned(),
            Self::Untold(what) => format!("give it: `--{what}`"),
        };
        match self.is_unsure() {
            true => format!("{advice}. It may have been done nevertheless: `list` shows what is there"),
            false => advice,
        }
    }
}

fn refused(status: u16, credentials: &str) -> String {
    match status {
        300..=399 => "the API is elsewhere: name its new place with `--base-url`; redirects are not followed, since they would carry the credentials along".to_owned(),
        401 | 403 => format!("check {credentials}"),
        404 => "check the id (`list` shows them) and the base URL".to_owned(),
        429 => "too many calls: wait a minute, and run it again".to_owned(),
        400..=499 => "the answer says what is wrong; `--url` and `--events` choose what is sent".to_owned(),
        _ => "the provider has a fault: run it again later".to_owned(),
    }
}
