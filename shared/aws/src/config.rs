//! Environment variables, read once in init.

use std::str::FromStr;

use thiserror::Error;

/// A variable that can't be meant. The function does not start.
#[derive(Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum ConfigError {
    /// Not set, or empty.
    #[error("the environment variable {name} is not set; it should be {expected}")]
    Missing {
        /// Its name.
        name: String,
        /// What would be right.
        expected: &'static str,
    },
    /// Set to something else than expected.
    #[error("the environment variable {name} is {value:?}; it should be {expected}")]
    Invalid {
        /// Its name.
        name: String,
        /// What it is.
        value: String,
        /// What would be right.
        expected: &'static str,
    },
}

/// The variable `name`.
///
/// # Errors
/// [`ConfigError::Missing`] where it is not set or empty.
pub fn required(name: &str, expected: &'static str) -> Result<String, ConfigError> {
    optional(name).ok_or_else(|| ConfigError::Missing {
        name: name.to_owned(),
        expected,
    })
}

/// The variable `name`; `None` where it is not set or empty.
pub fn optional(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.trim().is_empty())
}

/// The variable `name` as a number of at least 1, or `default` where it is not set.
///
/// # Errors
/// [`ConfigError::Invalid`] where it is no such number.
pub fn number<N: FromStr + PartialOrd + From<u8>>(name: &str, default: N) -> Result<N, ConfigError> {
    let Some(value) = optional(name) else {
        return Ok(default);
    };
    match value.trim().parse::<N>() {
        Ok(number) if number >= N::from(1) => Ok(number),
        _ => Err(ConfigError::Invalid {
            name: name.to_owned(),
            value,
            expected: "a whole number of at least 1",
        }),
    }
}
