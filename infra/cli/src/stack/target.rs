//! The stack that a command works on: the running local one, or a deployed one.

use acuse_aws::config::{ConfigError, signature_settings};
use acuse_aws::destinations::gates::Gates;
use acuse_aws::destinations::items::Deliveries;
use acuse_aws::ledger::reader::LedgerReader;
use acuse_aws::verifier::{SecretsManager, SqsOutbox};
use acuse_core::account::AccountName;
use acuse_core::clock::Timestamp;
use acuse_core::consume::SetAside;
use acuse_core::event::reference::{ReferencePath, References};
use acuse_core::event::{Environment, Event};
use acuse_core::provider::Provider;
use aws_config::retry::RetryConfig;
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_smithy_http_client::tls;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use std::collections::BTreeMap;
use std::time::Duration;
use thiserror::Error;

use crate::registry::providers;
use crate::stack::DAY;
use crate::stack::running::{Running, STACK};

/// How often a patient call is made. With the SDK's waits, up to 20 s each, that takes about five minutes.
const PATIENT_ATTEMPTS: u32 = 20;

/// A stack and how to reach it.
#[derive(Debug)]
pub struct Target {
    /// Region, credentials and HTTP client.
    pub sdk: SdkConfig,
    name: String,
    /// `None` for a deployed stack.
    local: Option<Running>,
    outputs: BTreeMap<String, String>,
    parameters: BTreeMap<String, String>,
}

/// A stack that can't be used.
#[derive(Debug, Error)]
#[expect(missing_docs, reason = "the texts say it")]
pub enum TargetError {
    #[error("no local stack is running, and `--stack` names no deployed one")]
    NotRunning,
    #[error("can't describe the stack `{stack}`")]
    Describe {
        stack: String,
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    #[error(
        "the stack has no output `{0}`: it was not deployed from Acuse's template.yaml, or from an older version of it"
    )]
    NoOutput(String),
    #[error("{provider} is switched off in this stack: its parameter `{parameter}` is `off`")]
    SwitchedOff { provider: &'static str, parameter: String },
}

impl TargetError {
    /// How to fix it.
    pub fn advice(&self) -> Option<String> {
        match self {
            Self::NotRunning => Some(
                "start it in another terminal (`cargo run -- local`), or name a deployed one (`--stack NAME`)".to_owned(),
            ),
            Self::Describe { .. } => Some(
                "check the stack's name, `--region` and the credentials (`--profile`; with SSO: `eval \"$(aws configure export-credentials --format env)\"`)".to_owned(),
            ),
            Self::NoOutput(_) => None,
            Self::SwitchedOff { parameter, .. } => Some(format!(
                "deploy the stack with `{parameter}=on` (the local one: without `--parameter {parameter}=off`)"
            )),
        }
    }
}

impl Target {
    /// The running local stack.
    pub async fn local(running: Running) -> Result<Self, TargetError> {
        Self::describe(running.sdk(), STACK, Some(running)).await
    }

    /// The CloudFormation stack with this name, reached with the operator's own credentials.
    pub async fn deployed(stack: &str, profile: Option<&str>, region: Option<&str>) -> Result<Self, TargetError> {
        // TLS by ring, as everywhere in Acuse.
        let ring = tls::Provider::Rustls(CryptoMode::Ring);
        let http_client = aws_smithy_http_client::Builder::new().tls_provider(ring).build_https();
        let mut loader = aws_config::defaults(BehaviorVersion::latest()).http_client(http_client);
        if let Some(profile) = profile {
            loader = loader.profile_name(profile);
        }
        if let Some(region) = region {
            loader = loader.region(Region::new(region.to_owned()));
        }
        Self::describe(loader.load().await, stack, None).await
    }

    async fn describe(sdk: SdkConfig, stack: &str, local: Option<Running>) -> Result<Self, TargetError> {
        let client = aws_sdk_cloudformation::Client::new(&sdk);
        let described = client.describe_stacks().stack_name(stack).send().await;
        let described = described.map_err(|error| TargetError::Describe {
            stack: stack.to_owned(),
            source: Box::new(error),
        })?;
        let (mut outputs, mut parameters) = (BTreeMap::new(), BTreeMap::new());
        for described in described.stacks() {
            let pairs = described.outputs().iter();
            outputs.extend(pairs.filter_map(|o| Some((o.output_key.clone()?, o.output_value.clone()?))));
            let pairs = described.parameters().iter();
            parameters.extend(pairs.filter_map(|p| Some((p.parameter_key.clone()?, p.parameter_value.clone()?))));
        }
        Ok(Self {
            sdk,
            name: stack.to_owned(),
            local,
            outputs,
            parameters,
        })
    }

    /// The stack's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Whether this is the local stack.
    pub fn is_local(&self) -> bool {
        self.local.is_some()
    }

    /// Whether this is a local stack whose functions run under `cargo lambda watch`.
    pub fn is_watched(&self) -> bool {
        self.local.as_ref().is_some_and(|running| running.watch.is_some())
    }

    /// An output of the template.
    pub fn output(&self, name: &str) -> Result<&str, TargetError> {
        let output = self.outputs.get(name).map(String::as_str);
        output.ok_or_else(|| TargetError::NoOutput(name.to_owned()))
    }

    /// The URL that `provider` posts an account's deliveries to.
    pub fn webhook_url(&self, provider: &Provider, account: &AccountName) -> Result<String, TargetError> {
        let url = match &self.local {
            Some(running) => {
                self.is_used(provider)?;
                format!("{}/webhooks/{}", running.http, provider.name)
            }
            None => self.output_of(provider, "WebhookUrl")?.to_owned(),
        };
        Ok(match account.is_default() {
            true => url,
            false => format!("{url}/{account}"),
        })
    }

    /// The stack's ledger.
    pub fn ledger(&self) -> Result<LedgerReader, TargetError> {
        let client = aws_sdk_dynamodb::Client::new(&self.sdk);
        Ok(LedgerReader::new(client, self.output("LedgerTableName")?))
    }

    /// The same stack, with patience: a read that DynamoDB throttles is made again for some minutes.
    ///
    /// The SDK waits between its attempts, up to 20 s each.
    /// <https://docs.aws.amazon.com/sdkref/latest/guide/feature-retry-behavior.html>
    #[must_use]
    pub fn patient(self) -> Self {
        let retries = RetryConfig::standard().with_max_attempts(PATIENT_ATTEMPTS);
        let sdk = self.sdk.to_builder().retry_config(retries).build();
        Self { sdk, ..self }
    }

    /// What the ledger says of its deliveries to destinations.
    pub fn deliveries(&self) -> Result<Deliveries, TargetError> {
        let client = aws_sdk_dynamodb::Client::new(&self.sdk);
        Ok(Deliveries::new(client, self.output("LedgerTableName")?))
    }

    /// Its destinations' gates.
    pub fn gates(&self) -> Result<Gates, TargetError> {
        let client = aws_sdk_dynamodb::Client::new(&self.sdk);
        Ok(Gates::new(client, self.output("LedgerTableName")?))
    }

    /// The name or ARN of `provider`'s secret.
    pub fn secret_id(&self, provider: &Provider) -> Result<&str, TargetError> {
        self.output_of(provider, "SecretId")
    }

    /// An output of `provider`'s part of the template.
    fn output_of(&self, provider: &Provider, what: &str) -> Result<&str, TargetError> {
        self.is_used(provider)?;
        self.output(&format!("{}{what}", provider.logical_id()))
    }

    /// An error if `provider` is switched off. Stacks of an older template have no switches.
    pub fn is_used(&self, provider: &Provider) -> Result<(), TargetError> {
        let parameter = provider.logical_id();
        match self.parameter(&parameter) == "off" {
            true => Err(TargetError::SwitchedOff {
                provider: provider.name,
                parameter,
            }),
            false => Ok(()),
        }
    }

    /// `provider`'s secret, as its verifier reads it.
    pub fn secrets(&self, provider: &'static Provider) -> Result<SecretsManager, TargetError> {
        let client = aws_sdk_secretsmanager::Client::new(&self.sdk);
        Ok(SecretsManager::new(
            client,
            self.secret_id(provider)?.to_owned(),
            provider,
        ))
    }

    /// Whether the stack's functions know accounts, so that there may be others than the default one.
    pub fn knows_accounts(&self) -> bool {
        self.output("SecretFormat").is_ok_and(|format| format == "accounts")
    }

    /// The verifiers' queues.
    pub fn outbox(&self) -> Result<SqsOutbox, TargetError> {
        Ok(SqsOutbox::new(
            aws_sdk_sqs::Client::new(&self.sdk),
            self.output("EventQueueUrl")?.to_owned(),
            self.output("QuarantineQueueUrl")?.to_owned(),
        ))
    }

    /// The stack's environment, which events belong to that name none.
    pub fn environment(&self) -> Environment {
        Environment::from_name(self.parameter("Environment")).unwrap_or(Environment::Live)
    }

    /// Why the stack's consumer would set `event` aside if it were not a replay.
    pub fn set_aside_reason(&self, event: &Event, now: Timestamp) -> Option<SetAside> {
        // A stack of an older template has the consumer's defaults.
        let environment = (self.parameter("Environment") != "any").then(|| self.environment());
        SetAside::of(event, environment, self.retention(), now)
    }

    /// How long the stack's ledger remembers an event.
    pub fn retention(&self) -> Duration {
        let days = self.parameter("RetentionDays").parse().unwrap_or(90);
        DAY.saturating_mul(days)
    }

    /// `provider` with the signature settings of the stack's parameters.
    pub fn provider(&self, provider: &'static Provider) -> Result<&'static Provider, ConfigError> {
        let (name, settings) = self.signature_settings(provider);
        signature_settings(provider, &name, settings)
    }

    /// The parameter with `provider`'s signature settings, and its value.
    pub fn signature_settings(&self, provider: &Provider) -> (String, &str) {
        let name = format!("{}Signature", provider.logical_id());
        let settings = self.parameter(&name);
        (name, settings)
    }

    /// Where the stack's consumer reads the merchant's references. The template refuses a path that is none.
    pub fn references(&self) -> References {
        References::new(providers().iter().filter_map(|provider| {
            let path = self.parameter(&format!("{}Reference", provider.logical_id()));
            Some((provider.name, ReferencePath::parse(path)?))
        }))
    }

    /// A parameter's value; empty if the template has no such parameter.
    pub fn parameter(&self, name: &str) -> &str {
        self.parameters.get(name).map_or("", String::as_str)
    }
}

#[cfg(test)]
mod tests;
