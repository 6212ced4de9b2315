//! What hooks are made from, once, at start-up.

use std::collections::HashMap;
use std::sync::{Arc, OnceLock};

use acuse_core::clock::Clock;
use aws_config::SdkConfig;

use super::http::Http;
use super::secret::Secret;
use super::table::Table;
use crate::config::{ConfigError, Variables};
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
///     fn new(setup: &Setup) -> Result<Self, ConfigError> {
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
    clock: Arc<dyn Clock>,
    http: OnceLock<Http>,
}

impl Setup {
    /// Clients by `sdk`, and what `variables` say. Tests bring their own.
    pub fn new(sdk: SdkConfig, variables: Variables) -> Self {
        let dynamodb = aws_sdk_dynamodb::Client::new(&sdk);
        Self {
            sdk,
            dynamodb,
            variables,
            secrets: HashMap::new(),
            clock: Arc::new(SystemClock),
            http: OnceLock::new(),
        }
    }

    /// The same with another clock than the machine's, for tests: the one that the consumer has.
    #[must_use]
    pub fn with_clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = clock;
        self
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
        let name = self.variables.required(variable, "the name of a table")?;
        Ok(Table::new(self.dynamodb.clone(), name))
    }

    /// The value of an environment variable.
    ///
    /// # Errors
    /// [`ConfigError::Missing`] names it if it is not set or empty.
    pub fn variable(&self, name: &str) -> Result<String, ConfigError> {
        self.variables.required(name, "the value that a hook needs")
    }

    /// The value of an environment variable; `None` if it is not set or empty.
    pub fn optional_variable(&self, name: &str) -> Option<String> {
        self.variables.optional(name)
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
        self.variables.read_as(name, default, expected, read)
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
        let id = self.variables.required(variable, "the name or ARN of a secret")?;
        let client = aws_sdk_secretsmanager::Client::new(&self.sdk);
        Ok(Secret::new(client, variable, id, Arc::clone(&self.clock)))
    }

    /// The same; `None` if the variable is not set or empty.
    pub fn optional_secret(&self, variable: &str) -> Option<Secret> {
        self.secret(variable).ok()
    }

    /// The client for HTTP APIs, which all hooks share.
    ///
    /// # Errors
    /// [`ConfigError::Invalid`] if `AWS_CA_BUNDLE` can't be read.
    pub fn http(&self) -> Result<Http, ConfigError> {
        if let Some(http) = self.http.get() {
            return Ok(http.clone());
        }
        // The SDK's client has read the same certificates, and would have named what is wrong with them.
        let http = Http::new(Arc::clone(&self.clock)).map_err(|_| ConfigError::Invalid {
            name: "AWS_CA_BUNDLE".to_owned(),
            value: self.optional_variable("AWS_CA_BUNDLE").unwrap_or_default(),
            expected: "the path of a file with certificates as PEM",
        })?;
        Ok(self.http.get_or_init(|| http).clone())
    }

    /// The clock of secrets and clients.
    pub(crate) fn clock(&self) -> Arc<dyn Clock> {
        Arc::clone(&self.clock)
    }

    /// All variables.
    pub fn variables(&self) -> &Variables {
        &self.variables
    }

    /// The client of the ledger's DynamoDB, for what [`Table`] does not read.
    pub fn dynamodb(&self) -> &aws_sdk_dynamodb::Client {
        &self.dynamodb
    }

    /// Region, credentials and HTTP client, for further SDK clients.
    pub fn sdk(&self) -> &SdkConfig {
        &self.sdk
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use aws_config::BehaviorVersion;

    fn setup(variables: &[(&str, &str)]) -> Setup {
        let sdk = SdkConfig::builder().behavior_version(BehaviorVersion::latest()).build();
        let variables = variables
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        Setup::new(sdk, Variables::listed(variables))
    }

    #[test]
    fn what_is_missing_is_named() {
        let setup = setup(&[("EMPTY", " ")]);
        let flag = setup.variable_as("FLAG", true, "true or false", |text| text.parse().ok());
        assert_eq!(flag, Ok(true));
        assert_eq!(setup.optional_variable("EMPTY"), None);
        let reasons = [
            setup.table("ORDERS_TABLE").unwrap_err().to_string(),
            setup.variable("INVOICES_URL").unwrap_err().to_string(),
            setup.variable("EMPTY").unwrap_err().to_string(),
            setup.secret("INVOICES_SECRET").unwrap_err().to_string(),
        ];
        insta::assert_snapshot!(reasons.join("\n"), @r"
        the environment variable ORDERS_TABLE is not set; it should be the name of a table
        the environment variable INVOICES_URL is not set; it should be the value that a hook needs
        the environment variable EMPTY is not set; it should be the value that a hook needs
        the environment variable INVOICES_SECRET is not set; it should be the name or ARN of a secret
        ");
    }

    #[tokio::test]
    async fn hooks_are_made_from_what_is_there() {
        let setup = setup(&[
            ("ORDERS_TABLE", "orders"),
            ("INVOICES_URL", "https://h/"),
            ("FLAG", "maybe"),
        ]);
        let setup = setup.with_secret("INVOICES_SECRET", "s3cret");
        assert_eq!(setup.table("ORDERS_TABLE").unwrap().name(), "orders");
        assert_eq!(setup.variable("INVOICES_URL").unwrap(), "https://h/");
        let flag = setup.variable_as("FLAG", true, "true or false", |text| text.parse().ok());
        assert_eq!(
            flag.unwrap_err().to_string(),
            r#"the environment variable FLAG is "maybe"; it should be true or false"#
        );
        let secret = setup.secret("INVOICES_SECRET").unwrap();
        assert_eq!(secret.text().await.unwrap().expose(), "s3cret");
        setup.http().unwrap();
    }
}
