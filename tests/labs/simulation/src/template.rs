//! The parameters of template.yaml, with its defaults: none is repeated here.

use std::str::FromStr;
use std::sync::LazyLock;
use std::time::Duration;

use acuse_core::consume::{Backoff, Policy, WaitPolicy};
use saphyr::{LoadableYamlNode, Yaml};

const TEXT: &str = include_str!("../../../../template.yaml");

/// Empty where it can't be read, which a test would see.
static TEMPLATE: LazyLock<Vec<Yaml<'static>>> = LazyLock::new(|| Yaml::load_from_str(TEXT).unwrap_or_default());

macro_rules! parameters {
    ($($field:ident: $type:ty = $name:literal,)*) => {
        /// Parameters of template.yaml.
        #[derive(Debug, Clone, PartialEq, clap::Args)]
        pub struct Template {
            $(
                #[doc = concat!("`", $name, "`")]
                #[arg(long, default_value_t = Template::default().$field)]
                pub $field: $type,
            )*
        }

        impl Template {
            /// The parameters' names.
            pub const NAMES: &[&str] = &[$($name),*];
        }

        impl Default for Template {
            fn default() -> Self {
                Self { $($field: number(&["Parameters", $name, "Default"]).unwrap_or_default(),)* }
            }
        }
    };
}

parameters! {
    throttle_rate: f64 = "ThrottleRate",
    throttle_burst: f64 = "ThrottleBurst",
    verify_reserved_concurrency: u32 = "VerifyReservedConcurrency",
    consumer_reserved_concurrency: u32 = "ConsumerReservedConcurrency",
    consumer_max_concurrency: u32 = "ConsumerMaxConcurrency",
    consumer_provisioned_pollers: u32 = "ConsumerProvisionedPollers",
    consumer_provisioned_pollers_max: u32 = "ConsumerProvisionedPollersMax",
    hook_concurrency: u32 = "HookConcurrency",
    consumer_batch_size: u32 = "ConsumerBatchSize",
    consumer_batching_window_seconds: u32 = "ConsumerBatchingWindowSeconds",
    ledger_day_shards: u32 = "LedgerDayShards",
    max_attempts: u32 = "MaxAttempts",
    retry_base_seconds: u64 = "RetryBaseSeconds",
    retry_max_seconds: u64 = "RetryMaxSeconds",
    wait_max_seconds: u64 = "WaitMaxSeconds",
    max_receive_count: u32 = "MaxReceiveCount",
    max_crashes: u32 = "MaxCrashes",
    retention_days: u64 = "RetentionDays",
}

/// A number in the template; `None` where there is none.
pub fn number<T: FromStr>(path: &[&str]) -> Option<T> {
    let root = TEMPLATE.first()?;
    let node = path.iter().try_fold(root, |node, name| node.as_mapping_get(name))?;
    node.as_integer()?.to_string().parse().ok()
}

impl Template {
    /// How often and how long the consumer tries.
    pub fn policy(&self) -> Policy {
        let seconds = Duration::from_secs;
        let wait_policy = WaitPolicy::default();
        Policy {
            environment: None,
            retention: seconds(self.retention_days * 24 * 60 * 60),
            backoff: Backoff {
                base: seconds(self.retry_base_seconds),
                max: seconds(self.retry_max_seconds),
            },
            max_attempts: self.max_attempts,
            wait_policy: WaitPolicy {
                wait: Backoff {
                    max: seconds(self.wait_max_seconds),
                    ..wait_policy.wait
                },
                max_receives: self.max_receive_count,
                max_crashes: self.max_crashes,
                ..wait_policy
            },
            concurrency: self.hook_concurrency as usize,
        }
    }
}
