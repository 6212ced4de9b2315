//! What hooks are made from, once, at start-up.

use std::collections::HashMap;
use std::sync::{Arc, OnceLock};

use aws_config::SdkConfig;
use thiserror::Error;

use super::http::Http;
use super::secret::Secret;
use super::table::Table;
use crate::config::{self, ConfigError};
use crate::sdk::TlsError;
use crate::system::SystemClock;

/// What hooks are made from, once, at start-up: tables, variables, secrets and clients.
///
/// ```
/// # use acuse_aws::prelude::*;
/// struct Invoices {
///     orders: Table,
///     http: Http,
///     url: String,
///     token: Secret,
/// }
///
/// impl Invoices {
///     fn new(setup: &Setup) -> Result<Self, SetupError> {
///         Ok(Self {
///             orders: setup.table("ORDERS_TABLE")?,
///             http: setup.http()?,
///             url: setup.variable("INVOICES_URL")?,
///             token: setup.secret("INVOICES_SECRET")?,
///         })
///     }
/// }
/// ```
pub struct Setup {
    sdk: SdkConfig,
    dynamodb: aws_sdk_dynamodb::Client,
    variables: Variables,
    secrets: HashMap<String, String>,
    http: OnceLock<Http>,
}

/// Reads a variable.
type Variables = Arc<dyn Fn(&str) -> Option<String> + Send + Sync>;

/// Why a hook can't be made. The function does not start.
#[derive(Debug, Error)]
#[non_exhaustive]
#[expect(missing_docs, reason = "the texts say it")]
pub enum SetupError {
    #[error(transparent)]
    Config(#[from] ConfigError),
    #[error(transparent)]
    Tls(#[from] TlsError),
}

impl Setup {
    /// With the function's own environment variables.
    pub fn from_env(sdk: SdkConfig, dynamodb: aws_sdk_dynamodb::Client) -> Self {
        Self::new(sdk, dynamodb, config::optional)
    }

    /// With the variables that `variables` reads, for tests.
    pub fn new(
        sdk: SdkConfig,
        dynamodb: aws_sdk_dynamodb::Client,
        variables: impl Fn(&str) -> Option<String> + Send + Sync + 'static,
    ) -> Self {
        Self {
            sdk,
            dynamodb,
            variables: Arc::new(variables),
            secrets: HashMap::new(),
            http: OnceLock::new(),
        }
    }

    /// The same with a secret that is not read from Secrets Manager, for tests.
    #[must_use]
    pub fn with_secret(mut self, variable: &str, text: &str) -> Self {
        self.secrets.insert(variable.to_owned(), text.to_owned());
        self
    }

    /// The table whose name is in the variable `variable`, such as `ORDERS_TABLE`.
    ///
    /// # Errors
    /// [`ConfigError::Missing`] names the variable.
    pub fn table(&self, variable: &str) -> Result<Table, ConfigError> {
        let name = self.required(variable, "the name of a table")?;
        Ok(Table::new(self.dynamodb.clone(), name))
    }

    /// The value of an environment variable.
    ///
    /// # Errors
    /// [`ConfigError::Missing`] names it if it is not set or empty.
    pub fn variable(&self, name: &str) -> Result<String, ConfigError> {
        self.required(name, "set to a value")
    }

    /// The value of an environment variable; `None` if it is not set or empty.
    pub fn optional_variable(&self, name: &str) -> Option<String> {
        (self.variables)(name).filter(|value| !value.trim().is_empty())
    }

    /// The value of an environment variable as `read` reads it; `default` if it is not set. `expected` says what `read`
    /// accepts, such as "true or false".
    ///
    /// # Errors
    /// [`ConfigError::Invalid`] names it and says what is expected.
    pub fn variable_as<T>(
        &self,
        name: &str,
        default: T,
        expected: &'static str,
        read: impl FnOnce(&str) -> Option<T>,
    ) -> Result<T, ConfigError> {
        let value = self.optional_variable(name);
        value.map_or(Ok(default), |value| config::parsed(name, value, expected, read))
    }

    /// The secret in Secrets Manager whose name or ARN is in the variable `variable`. It is read when a hook first asks
    /// for it, so a missing secret fails the hook, and not the start.
    ///
    /// # Errors
    /// [`ConfigError::Missing`] names the variable.
    pub fn secret(&self, variable: &str) -> Result<Secret, ConfigError> {
        if let Some(text) = self.secrets.get(variable) {
            return Ok(Secret::fixed(variable, text));
        }
        let id = self.required(variable, "the name or ARN of a secret")?;
        let client = aws_sdk_secretsmanager::Client::new(&self.sdk);
        Ok(Secret::new(client, variable, id, Arc::new(SystemClock)))
    }

    /// The client for HTTP APIs, which all hooks share.
    ///
    /// # Errors
    /// [`TlsError`] if `AWS_CA_BUNDLE` can't be read.
    pub fn http(&self) -> Result<Http, TlsError> {
        if let Some(http) = self.http.get() {
            return Ok(http.clone());
        }
        let http = Http::new(Arc::new(SystemClock))?;
        Ok(self.http.get_or_init(|| http).clone())
    }

    /// The client of the ledger's DynamoDB, for what [`Table`] does not read.
    pub fn dynamodb(&self) -> &aws_sdk_dynamodb::Client {
        &self.dynamodb
    }

    /// Region, credentials and HTTP client, for further SDK clients.
    pub fn sdk(&self) -> &SdkConfig {
        &self.sdk
    }

    fn required(&self, name: &str, expected: &'static str) -> Result<String, ConfigError> {
        self.optional_variable(name).ok_or_else(|| ConfigError::Missing {
            name: name.to_owned(),
            expected,
        })
    }
}
