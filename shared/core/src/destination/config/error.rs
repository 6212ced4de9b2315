//! Why the configuration, or one destination in it, can't be used.

use thiserror::Error;

use super::{Destination, DestinationName, MOST};
use crate::destination::filter::Pattern;
use crate::destination::sign::SigningSecret;
use crate::json::{self, shown_name};

/// The configuration, as error messages show it.
const EXPECTED: &str = r#"{"destinations": {"NAME": {"url": "https://…", "signing_secrets": ["whsec_…"]}}}"#;

/// A destination, or all of them, can't be used as stored. Shows no part of a value.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{} {problem}", self.subject())]
pub struct ConfigError {
    /// The destination; `None` if it is about the configuration as a whole.
    pub destination: Option<DestinationName>,
    /// What is wrong.
    pub problem: Problem,
}

/// What is wrong with a destination, and what would be right.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
#[expect(missing_docs, reason = "the texts say it")]
pub enum Problem {
    #[error("is not JSON ({0}); it should be {EXPECTED}")]
    NotJson(json::Error),
    #[error("is not an object of destinations by name; it should be {EXPECTED}")]
    NotObject,
    #[error("has another field than `destinations`: {field}; it should be {EXPECTED}")]
    Beside {
        /// Its name, or only its position if it may be a secret.
        field: String,
    },
    #[error("has more than {MOST} destinations")]
    TooMany,
    #[error(
        "has a destination with an invalid name: {name}; it should be {}",
        DestinationName::EXPECTED
    )]
    Name {
        /// The name, or only its position if it may be a secret.
        name: String,
    },
    #[error("is there twice; keep one")]
    DuplicateDestination,
    #[error("is not an object; it should be {{\"url\": \"https://…\", \"signing_secrets\": [\"whsec_…\"]}}")]
    NotADestination,
    /// A field with an unknown name. It is refused because a misspelt field would be ignored silently.
    #[error("has an unknown field: {field}; there are {}", super::fields::NAMES.join(", "))]
    Unknown {
        /// Its name, or only its position if it may be a secret.
        field: String,
    },
    /// A field that occurs twice: one of the two would be ignored.
    #[error("has the field `{field}` twice; keep one")]
    Repeated { field: &'static str },
    #[error("has no `{field}`; it should be {expected}")]
    Missing {
        field: &'static str,
        expected: &'static str,
    },
    #[error("has an invalid `{field}`; it should be {expected}")]
    Wrong {
        field: &'static str,
        expected: &'static str,
    },
    #[error("has an invalid `url`: it {0}")]
    Url(&'static str),
    #[error(
        "has an invalid signing secret, number {place}; it should be {}",
        SigningSecret::EXPECTED
    )]
    SigningSecret { place: usize },
    #[error(
        "has an invalid pattern in `{field}`, number {place}; it should be {}",
        Pattern::EXPECTED
    )]
    Pattern { field: &'static str, place: usize },
    #[error("has an invalid `timeout_seconds`; it should be a whole number from {} to {}",
        Destination::TIMEOUT_SECONDS.start(), Destination::TIMEOUT_SECONDS.end())]
    Timeout,
    #[error("has an invalid `parallel`; it should be a whole number from {} to {}",
        Destination::PARALLEL.start(), Destination::PARALLEL.end())]
    Parallel,
    #[error("has an invalid header, number {place}: {problem}")]
    Header { place: usize, problem: &'static str },
    #[error("has `{field}`, which a queue has no use for; remove it")]
    NotForQueues { field: &'static str },
}

impl ConfigError {
    fn subject(&self) -> String {
        match &self.destination {
            Some(name) => format!("the destination `{name}`"),
            None => "the configuration of destinations".to_owned(),
        }
    }
}

impl Problem {
    pub(super) fn of(self, name: &DestinationName) -> ConfigError {
        ConfigError {
            destination: Some(name.clone()),
            problem: self,
        }
    }

    pub(super) fn of_all(self) -> ConfigError {
        ConfigError {
            destination: None,
            problem: self,
        }
    }

    pub(super) fn unknown(name: &str, place: usize) -> Self {
        let field = shown_name(name, place);
        Self::Unknown { field }
    }

    pub(super) fn beside(name: &str, place: usize) -> Self {
        let field = shown_name(name, place);
        Self::Beside { field }
    }

    pub(super) fn name(name: &str, place: usize) -> Self {
        let name = shown_name(name, place);
        Self::Name { name }
    }
}
