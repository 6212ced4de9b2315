//! Why a call failed, and what to do about it.

use std::error::Error as StdError;
use std::time::Duration;

use thiserror::Error;

use super::ChoiceError;
use crate::http::ClientError;

/// A call to a provider's management API failed. Shows no secret.
#[derive(Debug, Error)]
#[non_exhaustive]
#[expect(missing_docs, reason = "the texts say it")]
pub enum ApiError {
    #[error("KUENTA_ORGANIZATION_ID is not set")]
    NoOrganization,
    #[error("the base URL is invalid")]
    Base(#[source] ChoiceError),
    #[error("{0} can't be sent in a header: it is empty or contains control characters")]
    Header(&'static str),
    #[error("`{0}` is not a webhook id")]
    Id(String),
    #[error(transparent)]
    Client(#[from] ClientError),
    #[error("no answer to {call} in {attempts} attempts")]
    NoAnswer {
        call: String,
        attempts: u32,
        unsure: bool,
        source: Box<dyn StdError + Send + Sync>,
    },
    #[error("{call} answers {status}: {body}")]
    Refused {
        call: String,
        status: u16,
        /// Its beginning, without secrets.
        body: String,
        /// The pause that the server asks for, if it is too long to wait for.
        wait: Option<Duration>,
        unsure: bool,
        credentials: &'static str,
    },
    /// The body is not shown, since it may contain a secret.
    #[error("{call} answers {status} with something other than {expected} ({bytes} bytes)")]
    Unreadable {
        call: String,
        status: u16,
        expected: &'static str,
        bytes: usize,
        unsure: bool,
    },
    #[error("there is no webhook `{0}`")]
    Unknown(String),
    #[error("the provider does not say what {0} the webhook has")]
    Untold(&'static str),
}

impl ApiError {
    /// Whether the call may have been carried out nevertheless.
    pub fn is_unsure(&self) -> bool {
        match self {
            Self::NoAnswer { unsure, .. } | Self::Refused { unsure, .. } | Self::Unreadable { unsure, .. } => *unsure,
            _ => false,
        }
    }

    /// What to do about it.
    pub fn advice(&self) -> String {
        let advice = match self {
            Self::NoOrganization => {
                "set it to the id of your organization at Kuenta, or add `--organization-id ID`".to_owned()
            }
            Self::Base(_) => "correct `--base-url`: https://…, or http:// on this machine only".to_owned(),
            Self::Header(_) => "set it again, without quotes and line breaks".to_owned(),
            Self::Id(_) | Self::Unknown(_) => "`list` shows the ids".to_owned(),
            Self::Client(_) => "install the ca-certificates package, or set SSL_CERT_FILE to a file of them".to_owned(),
            Self::NoAnswer { .. } => "check the base URL and the network, and run it again".to_owned(),
            Self::Refused { wait: Some(wait), .. } => {
                format!(
                    "the server asks for a pause of {} s: run it again after that",
                    wait.as_secs()
                )
            }
            Self::Refused {
                status, credentials, ..
            } => refused(*status, credentials),
            Self::Unreadable { .. } => "check that the base URL is that of the provider's API".to_owned(),
            Self::Untold(what) => format!("add `--{what}`"),
        };
        match self.is_unsure() {
            true => format!("{advice}. It may have been done nevertheless: check with `list`"),
            false => advice,
        }
    }
}

fn refused(status: u16, credentials: &str) -> String {
    match status {
        300..=399 => "the API has moved: set `--base-url` to its new address; redirects are not followed, since they would carry the credentials along".to_owned(),
        401 | 403 => format!("check {credentials}"),
        404 => "check the id (`list` shows them) and the base URL".to_owned(),
        429 => "too many calls: wait a minute, and run it again".to_owned(),
        400..=499 => "the answer says what is wrong; `--url` and `--events` set what is sent".to_owned(),
        _ => "the provider has a problem: try again later".to_owned(),
    }
}
