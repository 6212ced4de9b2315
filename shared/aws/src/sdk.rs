//! The SDK's configuration, tuned for cold starts: it only reads the environment, which is all that Lambda provides.

pub(crate) mod http;
pub(crate) mod resolver;
mod wall;

use std::sync::Arc;
use std::time::Duration;

use aws_config::environment::EnvironmentVariableCredentialsProvider;
use aws_config::identity::IdentityCache;
use aws_config::retry::RetryConfig;
use aws_config::stalled_stream_protection::StalledStreamProtectionConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_sdk_sqs::config::SharedCredentialsProvider;
use aws_types::app_name::AppName;
use aws_types::service_config::{LoadServiceConfig, ServiceConfigKey};

use crate::config::{self, Variables};
use crate::system::SystemClock;
pub use http::TlsError;

/// Region, credentials and endpoints, with one HTTP client that all SDK clients share.
///
/// Lambda passes credentials and region to a function as variables. The SDK's own chain would also read profiles and ask
/// other services, which costs 1 MB of the binary and 0.2 ms at start-up.
///
/// `AWS_ENDPOINT_URL` redirects all calls to the local stack.
///
/// # Errors
/// [`TlsError`] if `AWS_CA_BUNDLE` can't be read.
pub fn load() -> Result<SdkConfig, TlsError> {
    let credentials = EnvironmentVariableCredentialsProvider::new();
    let region = ["AWS_REGION", "AWS_DEFAULT_REGION"]
        .into_iter()
        .find_map(config::optional);
    let mut sdk = SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(region.map(Region::new))
        .credentials_provider(SharedCredentialsProvider::new(credentials))
        .identity_cache(IdentityCache::lazy().build())
        // The timeout of an attempt also ends a stalled one.
        .stalled_stream_protection(StalledStreamProtectionConfig::disabled())
        .service_config(EndpointUrls(Variables::ENVIRONMENT))
        .http_client(http::client(Arc::new(SystemClock))?)
        .timeout_config(
            TimeoutConfig::builder()
                .connect_timeout(http::CONNECT_TIMEOUT)
                // An attempt that hangs leaves time for another within a verifier's budget.
                .operation_attempt_timeout(Duration::from_millis(1500))
                .build(),
        )
        .retry_config(
            RetryConfig::standard()
                .with_max_attempts(3)
                .with_initial_backoff(Duration::from_millis(50)),
        );
    // Part of the user agent, to tell callers apart.
    sdk.set_app_name(config::optional("AWS_SDK_UA_APP_ID").and_then(|name| AppName::new(name).ok()));
    Ok(sdk.build())
}

/// `AWS_ENDPOINT_URL_<SERVICE>`, else `AWS_ENDPOINT_URL`, as in all SDKs.
pub struct EndpointUrls(pub Variables);

/// Without the variables, which may be secret.
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
