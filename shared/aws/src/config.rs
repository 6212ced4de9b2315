//! Environment variables, read once at start-up.

use std::collections::BTreeMap;
#[cfg(feature = "consumer")]
use std::ops::RangeBounds;
#[cfg(feature = "consumer")]
use std::str::FromStr;
use std::sync::Arc;

use acuse_core::event::reference::{self, ReferencePath, References};
use acuse_core::provider::scheme::SettingError;
use acuse_core::provider::{Provider, Providers};
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
        let Some(value) = self.optional(name) else {
            return Ok(default);
        };
        read(&value).ok_or_else(|| ConfigError::Invalid {
            name: name.to_owned(),
            value,
            expected,
        })
    }
}

/// The variable `name` of the environment; `None` if it is not set or empty.
pub fn optional(name: &str) -> Option<String> {
    Variables::ENVIRONMENT.optional(name)
}

/// The name of the variable with this value, for an error that shows both.
#[cfg(feature = "consumer")]
pub(crate) fn variable_of(value: &str) -> Option<String> {
    let mut variables = std::env::vars_os();
    let (name, _) = variables.find(|(_, own)| own == value)?;
    name.into_string().ok()
}

/// Reads a number within `range`, for [`read_as`](Variables::read_as).
#[cfg(feature = "consumer")]
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

/// Where the payloads of `providers` have the merchant's reference, from their `<PROVIDER>_REFERENCE` in `value`.
///
/// # Errors
/// [`ConfigError::Invalid`] names the variable and says what a path looks like.
pub fn references(providers: Providers, value: impl Fn(&str) -> Option<String>) -> Result<References, ConfigError> {
    let paths = providers.iter().filter_map(|provider| {
        let name = reference::variable(provider);
        let value = value(&name).filter(|value| !value.trim().is_empty())?;
        let path = ReferencePath::parse(value.trim()).ok_or(ConfigError::Invalid {
            name,
            value,
            expected: ReferencePath::EXPECTED,
        });
        Some(path.map(|path| (provider.name, path)))
    });
    Ok(References::new(paths.collect::<Result<Vec<_>, _>>()?))
}

#[cfg(test)]
mod tests {
    use acuse_core::providers;

    use super::*;

    #[test]
    fn an_invalid_path_to_the_reference_is_an_error_that_names_the_variable() {
        let of = |path: &'static str| {
            references(providers::ALL, move |name| {
                (name == "ONEPAY_REFERENCE").then(|| path.to_owned())
            })
        };
        assert_eq!(of(" ").unwrap(), References::default());
        assert_ne!(of("payment.metadata.order").unwrap(), References::default());
        let error = of("$.order").unwrap_err().to_string();
        assert_eq!(
            error,
            "the environment variable ONEPAY_REFERENCE is \"$.order\"; it should be names of members with dots between \
             them, such as payment.metadata.order: letters, digits, `_` and `-`, at most 200 characters"
        );
    }

    #[test]
    fn a_number_out_of_range_is_an_error_that_names_the_range() {
        let parsed = |value: &str| {
            let variables = Variables::listed([("SHARDS".to_owned(), value.to_owned())]);
            variables.read_as("SHARDS", 0, "a whole number from 1 to 256", within(1..=256))
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
