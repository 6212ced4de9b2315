//! Building a [`Stack`].

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use acuse_aws::Setup;
use acuse_aws::config::{ConfigError, Variables};
use acuse_aws::consumer::{self, Error};
use acuse_aws::hook::{Hook, Hooks, TransactionalHook};
use acuse_core::clock::Timestamp;
use acuse_core::provider::Providers;
use acuse_core::providers;
use aws_config::retry::RetryConfig;
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_sdk_dynamodb::config::{Credentials, SharedCredentialsProvider};
use aws_types::service_config::{LoadServiceConfig, ServiceConfigKey};
use tokio::net::TcpListener;

use super::clock::TestClock;
use super::queue::Queue;
use super::template::TEMPLATE;
use super::{MakeHooks, START, Stack};
use crate::receiver::Receiver;

/// A stack in the making. [`start`](Self::start) makes it.
#[derive(Default)]
#[must_use]
pub struct StackBuilder {
    make_hooks: Vec<MakeHooks>,
    variables: BTreeMap<String, String>,
    secrets: BTreeMap<String, String>,
    receivers: Vec<Receiver>,
    now: Option<Timestamp>,
    providers: Option<Providers>,
}

impl Stack {
    /// A stack with a [transactional hook](TransactionalHook): `Stack::transactional(Orders::new)`.
    pub fn transactional<H: TransactionalHook + 'static>(
        make: impl Fn(&Setup) -> Result<H, ConfigError> + Send + Sync + 'static,
    ) -> StackBuilder {
        StackBuilder::default().transactional(make)
    }

    /// A stack with a [hook that acts](Hook): `Stack::acting(Mail::new)`.
    pub fn acting<H: Hook + 'static>(
        make: impl Fn(&Setup) -> Result<H, ConfigError> + Send + Sync + 'static,
    ) -> StackBuilder {
        StackBuilder::default().acting(make)
    }

    /// A stack with a whole list of hooks: `Stack::hooks(hooks::all)`.
    pub fn hooks(make: impl Fn(&Setup) -> Result<Hooks, Error> + Send + Sync + 'static) -> StackBuilder {
        StackBuilder::default().list(make)
    }
}

impl StackBuilder {
    /// Adds a [transactional hook](TransactionalHook) at the end.
    pub fn transactional<H: TransactionalHook + 'static>(
        self,
        make: impl Fn(&Setup) -> Result<H, ConfigError> + Send + Sync + 'static,
    ) -> Self {
        self.list(move |setup| {
            let mut hooks = Hooks::default();
            hooks.transactional(make(setup)?);
            Ok(hooks)
        })
    }

    /// Adds a [hook that acts](Hook) at the end.
    pub fn acting<H: Hook + 'static>(
        self,
        make: impl Fn(&Setup) -> Result<H, ConfigError> + Send + Sync + 'static,
    ) -> Self {
        self.list(move |setup| {
            let mut hooks = Hooks::default();
            hooks.acting(make(setup)?);
            Ok(hooks)
        })
    }

    fn list(mut self, make: impl Fn(&Setup) -> Result<Hooks, Error> + Send + Sync + 'static) -> Self {
        let make = move |setup: &Setup| make(setup).map(Hooks::into_vec);
        self.make_hooks.push(Box::new(make));
        self
    }

    /// Sets a variable of the function, in place of the template's value. No variable of the machine is read.
    pub fn variable(mut self, name: &str, value: impl Into<String>) -> Self {
        self.variables.insert(name.to_owned(), value.into());
        self
    }

    /// Gives the secret that the variable `variable` names, in place of one in Secrets Manager.
    pub fn secret(mut self, variable: &str, text: &str) -> Self {
        self.secrets.insert(variable.to_owned(), text.to_owned());
        self
    }

    /// Sets a variable to the URL of `receiver`. While a request [hangs](crate::Answer::Hang) there, the clock moves on to
    /// the hook's deadline.
    pub fn receiver(mut self, variable: &str, receiver: &Receiver) -> Self {
        self.receivers.push(receiver.clone());
        self.variable(variable, receiver.url())
    }

    /// What the clock shows at first, in place of [`START`].
    pub fn at(mut self, now: Timestamp) -> Self {
        self.now = Some(now);
        self
    }

    /// The providers whose events the consumer reads, in place of the built-in ones.
    pub fn providers(mut self, providers: Providers) -> Self {
        self.providers = Some(providers);
        self
    }

    /// Starts the stack.
    ///
    /// # Panics
    /// If template.yaml can't be read, a variable is invalid, or a hook can't be made; with the reason.
    pub async fn start(self) -> Stack {
        let mut variables = TEMPLATE.variables.clone();
        // Payload files are of any environment.
        variables.insert("ENVIRONMENT".to_owned(), "any".to_owned());
        variables.insert("AWS_ENDPOINT_URL".to_owned(), start_dynamodb().await);
        variables.extend(self.variables);
        let listed = Variables::listed(variables.clone());
        let clock = TestClock::at(self.now.unwrap_or(START));
        let setup = Setup::new(sdk(listed.clone()), listed).with_clock(Arc::new(clock.clone()));
        let secrets = self.secrets.iter();
        let setup = secrets.fold(setup, |setup, (variable, text)| setup.with_secret(variable, text));
        let policy = consumer::policy(setup.variables()).unwrap_or_else(|error| panic!("{error}"));
        let ledger = consumer::ledger(&setup, policy.retention).unwrap_or_else(|error| panic!("{error}"));
        let stack = Stack {
            providers: self.providers.unwrap_or(providers::ALL),
            setup,
            make_hooks: self.make_hooks,
            variables,
            receivers: self.receivers,
            ledger,
            policy,
            queue: Queue::default(),
            clock,
            bits: Arc::default(),
        };
        // An error in one is better found here than at the first event.
        stack.made_hooks();
        stack
    }
}

/// Starts a DynamoDB with the template's tables. Returns its URL.
async fn start_dynamodb() -> String {
    let database = dynoxide::Database::memory().unwrap();
    for table in &TEMPLATE.tables {
        let name = &table["TableName"];
        let create = serde_json::from_value(table.clone());
        let create = create.unwrap_or_else(|error| panic!("template.yaml, the table {name}: {error}"));
        let created = database.create_table(create);
        created.unwrap_or_else(|error| panic!("template.yaml, the table {name}: {error}"));
    }
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(dynoxide::server::serve_on(listener, database));
    url
}

fn sdk(variables: Variables) -> SdkConfig {
    SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::from_static("us-east-1"))
        .credentials_provider(SharedCredentialsProvider::new(Credentials::for_tests()))
        .http_client(aws_smithy_http_client::Builder::new().build_http())
        // As often as in production, but nobody waits for it.
        .retry_config(
            RetryConfig::standard()
                .with_max_attempts(3)
                .with_initial_backoff(Duration::from_millis(1)),
        )
        .service_config(EndpointUrls(variables))
        .build()
}

/// `AWS_ENDPOINT_URL_<SERVICE>`, else `AWS_ENDPOINT_URL`, as in production.
struct EndpointUrls(Variables);

impl std::fmt::Debug for EndpointUrls {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("EndpointUrls")
    }
}

impl LoadServiceConfig for EndpointUrls {
    fn load_config(&self, key: ServiceConfigKey<'_>) -> Option<String> {
        let service = key.service_id().to_ascii_uppercase().replace(' ', "_");
        let own = self.0.optional(&format!("{}_{service}", key.env()));
        own.or_else(|| self.0.optional(key.env()))
    }
}
