//! Environment variables, read once in init.

use std::ops::RangeBounds;
use std::str::FromStr;

use acuse_core::provider::Provider;
use acuse_core::provider::scheme::SettingError;
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
    /// A provider's signature settings that can't be meant.
    #[error("{name} can't be meant")]
    Signature {
        /// Its name.
        name: String,
        /// What is wrong with it.
        source: SettingError,
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

/// The variable that has this value, for an error that names both.
pub(crate) fn variable_of(value: &str) -> Option<String> {
    let mut variables = std::env::vars_os();
    let (name, _) = variables.find(|(_, own)| own == value)?;
    name.into_string().ok()
}

/// The variable `name` as a number of at least 1, or `default` where it is not set.
///
/// # Errors
/// [`ConfigError::Invalid`] where it is no such number.
pub fn number<N: FromStr + PartialOrd + From<u8>>(name: &str, default: N) -> Result<N, ConfigError> {
    number_within(name, default, N::from(1).., "a whole number of at least 1")
}

/// The variable `name` as a number within `range`, or `default` where it is not set. `expected` is the range
/// in words.
///
/// # Errors
/// [`ConfigError::Invalid`] where it is no such number.
pub fn number_within<N: FromStr + PartialOrd>(
    name: &str,
    default: N,
    range: impl RangeBounds<N>,
    expected: &'static str,
) -> Result<N, ConfigError> {
    optional(name).map_or(Ok(default), |value| parsed(name, value, range, expected))
}

fn parsed<N: FromStr + PartialOrd>(
    name: &str,
    value: String,
    range: impl RangeBounds<N>,
    expected: &'static str,
) -> Result<N, ConfigError> {
    match value.trim().parse::<N>() {
        Ok(number) if range.contains(&number) => Ok(number),
        _ => Err(ConfigError::Invalid {
            name: name.to_owned(),
            value,
            expected,
        }),
    }
}

/// `provider` with the settings of `<PROVIDER>_SIGNATURE`.
///
/// # Errors
/// [`ConfigError::Signature`] where they can't be meant.
pub fn provider(provider: &'static Provider) -> Result<&'static Provider, ConfigError> {
    let name = format!("{}_SIGNATURE", provider.name.to_ascii_uppercase());
    signature_settings(provider, &name, &optional(&name).unwrap_or_default())
}

/// `provider` with `settings`, which `name` holds. What they leave on the heap is never freed:
/// they hold as long as the process.
///
/// # Errors
/// [`ConfigError::Signature`] where they can't be meant.
pub fn signature_settings(
    provider: &'static Provider,
    name: &str,
    settings: &str,
) -> Result<&'static Provider, ConfigError> {
    if settings.trim().is_empty() {
        return Ok(provider);
    }
    match provider.with_settings(settings) {
        Ok(provider) => Ok(Box::leak(Box::new(provider))),
        Err(source) => Err(ConfigError::Signature {
            name: name.to_owned(),
            source,
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_out_of_its_range_is_named_with_what_would_be_right() {
        let parsed = |value: &str| parsed("SHARDS", value.to_owned(), 1..=256, "a whole number from 1 to 256");
        assert_eq!([" 1", "256"].map(parsed), [Ok(1), Ok(256)]);
        for value in ["0", "257", "-1", "four", "1.5", "99999999999999999999"] {
            let error = parsed(value).unwrap_err().to_string();
            assert_eq!(
                error,
                format!("the environment variable SHARDS is {value:?}; it should be a whole number from 1 to 256")
            );
        }
    }
}
