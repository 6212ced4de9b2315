//! Environment variables, read once at start-up.

use std::collections::BTreeMap;
use std::ops::RangeBounds;
use std::str::FromStr;
use std::sync::Arc;

use acuse_core::provider::Provider;
use acuse_core::provider::scheme::SettingError;
use thiserror::Error;

/// An invalid or missing variable. The function does not start.
#[derive(Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
#[expect(missing_docs, reason = "the texts say it")]
pub enum ConfigError {
    #[error("the environment variable {name} is not set; it should be {expected}")]
    Missing { name: String, expected: &'static str },
    #[error("the environment variable {name} is {value:?}; it should be {expected}")]
    Invalid {
        name: String,
        value: String,
        expected: &'static str,
    },
    #[error("the environment variable {name} is invalid")]
    Signature { name: String, source: SettingError },
}

/// Where variables come from: the environment of the function or, in a test, a list.
#[derive(Clone, Default)]
pub struct Variables(Option<Arc<BTreeMap<String, String>>>);

impl Variables {
    /// Those of the environment.
    pub const ENVIRONMENT: Self = Self(None);

    /// These and no others.
    pub fn listed(list: impl IntoIterator<Item = (String, String)>) -> Self {
        Self(Some(Arc::new(list.into_iter().collect())))
    }

    /// The variable `name`.
    ///
    /// # Errors
    /// [`ConfigError::Missing`] if it is not set or empty.
    pub fn required(&self, name: &str, expected: &'static str) -> Result<String, ConfigError> {
        self.optional(name).ok_or_else(|| ConfigError::Missing {
            name: name.to_owned(),
            expected,
        })
    }

    /// The variable `name`; `None` if it is not set or empty.
    pub fn optional(&self, name: &str) -> Option<String> {
        let value = match &self.0 {
            None => std::env::var(name).ok(),
            Some(list) => list.get(name).cloned(),
        };
        value.filter(|value| !value.trim().is_empty())
    }

    /// The variable `name` as `read` reads it; `default` if it is not set. `expected` says what `read` accepts.
    ///
    /// # Errors
    /// [`ConfigError::Invalid`].
    pub fn read_as<T>(
        &self,
        name: &str,
        default: T,
        expected: &'static str,
        read: impl FnOnce(&str) -> Option<T>,
    ) -> Result<T, ConfigError> {
        self.optional(name)
            .map_or(Ok(default), |value| parsed(name, value, expected, read))
    }
}

/// The variable `name` of the environment.
///
/// # Errors
/// [`ConfigError::Missing`] if it is not set or empty.
pub fn required(name: &str, expected: &'static str) -> Result<String, ConfigError> {
    Variables::ENVIRONMENT.required(name, expected)
}

/// The variable `name` of the environment; `None` if it is not set or empty.
pub fn optional(name: &str) -> Option<String> {
    Variables::ENVIRONMENT.optional(name)
}

/// The name of the variable with this value, for an error that shows both.
pub(crate) fn variable_of(value: &str) -> Option<String> {
    let mut variables = std::env::vars_os();
    let (name, _) = variables.find(|(_, own)| own == value)?;
    name.into_string().ok()
}

fn parsed<T>(
    name: &str,
    value: String,
    expected: &'static str,
    read: impl FnOnce(&str) -> Option<T>,
) -> Result<T, ConfigError> {
    read(&value).ok_or_else(|| ConfigError::Invalid {
        name: name.to_owned(),
        value,
        expected,
    })
}

/// Reads a number within `range`, for [`read_as`].
pub(crate) fn within<N: FromStr + PartialOrd>(range: impl RangeBounds<N>) -> impl Fn(&str) -> Option<N> {
    move |value| value.trim().parse().ok().filter(|number| range.contains(number))
}

/// `provider` with the settings in `<PROVIDER>_SIGNATURE`.
pub fn provider(provider: &'static Provider) -> Result<&'static Provider, ConfigError> {
    let name = provider.variable("SIGNATURE");
    signature_settings(provider, &name, &optional(&name).unwrap_or_default())
}

/// `provider` with `settings`, the value of `name`. The result is leaked: it lives as long as the process.
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
    fn a_number_out_of_range_is_an_error_that_names_the_range() {
        let parsed = |value: &str| {
            parsed(
                "SHARDS",
                value.to_owned(),
                "a whole number from 1 to 256",
                within(1..=256),
            )
        };
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
