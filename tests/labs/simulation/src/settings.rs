//! The settings of a run: the template's parameters, the account's quotas, and how much work an event is.

pub use crate::template::Template;
use crate::units::Units;

/// Quotas of the account and warm throughput of the table, with AWS's defaults.
#[derive(Debug, Clone, PartialEq, clap::Args)]
pub struct Account {
    /// API Gateway: requests per second of the account
    #[arg(long, default_value_t = 10_000.0)]
    pub api_rate: f64,
    /// API Gateway: burst of requests of the account
    #[arg(long, default_value_t = 5_000.0)]
    pub api_burst: f64,
    /// Lambda: concurrent executions of the account
    #[arg(long, default_value_t = 1_000)]
    pub concurrency: u32,
    /// DynamoDB: write units per second of one table, and of its index
    #[arg(long, default_value_t = 40_000.0)]
    pub table_quota: f64,
    /// DynamoDB: warm write units per second of the ledger
    #[arg(long, default_value_t = 4_000.0)]
    pub ledger_warm: f64,
    /// DynamoDB: warm write units per second of the index `by-day`
    #[arg(long, default_value_t = 4_000.0)]
    pub index_warm: f64,
}

/// How much work an event is. The times are assumptions, so set those of your hooks.
#[derive(Debug, Clone, PartialEq, clap::Args)]
pub struct Work {
    /// Milliseconds to verify a delivery and send it to SQS
    #[arg(long, default_value_t = 20.0)]
    pub verify_ms: f64,
    /// Milliseconds that a cold start adds
    #[arg(long, default_value_t = 200.0)]
    pub cold_ms: f64,
    /// Milliseconds per batch, without its events
    #[arg(long, default_value_t = 40.0)]
    pub batch_ms: f64,
    /// Milliseconds per event: claim, hooks, completion
    #[arg(long, default_value_t = 150.0)]
    pub event_ms: f64,
    /// One in this many calls of an event's hooks fails
    #[arg(long, default_value_t = 1_000)]
    pub one_retry_in: u32,
    /// All hooks fail for this many seconds from the start
    #[arg(long, default_value_t = 0)]
    pub hooks_out_seconds: u32,
    /// Milliseconds for which throttled calls to DynamoDB are retried before the event returns to the queue
    #[arg(long, default_value_t = 4_000.0)]
    pub patience_ms: f64,
    /// Size of a message in bytes
    #[arg(long, default_value_t = 2_000.0)]
    pub message_bytes: f64,
    /// Write units of a record, one per KB
    #[arg(long, default_value_t = 2.0)]
    pub item_units: f64,
    /// A hook has external side effects, as `eventbridge` has; otherwise new events are committed in a single call
    #[arg(long)]
    pub external_side_effects: bool,
}

/// Everything that a run depends on except the load.
#[derive(Debug, Clone, PartialEq, clap::Args)]
pub struct Settings {
    /// The template's parameters
    #[command(flatten)]
    pub template: Template,
    /// The account's quotas
    #[command(flatten)]
    pub account: Account,
    /// How much work an event is
    #[command(flatten)]
    pub work: Work,
}

impl Default for Settings {
    /// The template as it is, in an account as it is.
    fn default() -> Self {
        Self {
            template: Template::default(),
            account: Account {
                api_rate: 10_000.0,
                api_burst: 5_000.0,
                concurrency: 1_000,
                table_quota: 40_000.0,
                ledger_warm: 4_000.0,
                index_warm: 4_000.0,
            },
            work: Work {
                verify_ms: 20.0,
                cold_ms: 200.0,
                batch_ms: 40.0,
                event_ms: 150.0,
                one_retry_in: 1_000,
                hooks_out_seconds: 0,
                patience_ms: 4_000.0,
                message_bytes: 2_000.0,
                item_units: 2.0,
                external_side_effects: false,
            },
        }
    }
}

/// The setups that are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Setup {
    /// The template's defaults, the account's defaults
    Default,
    /// Parameters and quotas for the load, as docs/sizing.md says
    Sized,
    /// The same with provisioned pollers
    Provisioned,
}

impl Setup {
    /// All, in the order of the table.
    pub const ALL: [Self; 3] = [Self::Default, Self::Sized, Self::Provisioned];

    /// In a few words.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Default => "defaults",
            Self::Sized => "sized",
            Self::Provisioned => "sized, pollers",
        }
    }

    /// Its settings for so many deliveries a second.
    pub fn settings(self, rate: f64) -> Settings {
        let mut settings = Settings::default();
        if self != Self::Default {
            settings.size_for(rate);
        }
        if self == Self::Provisioned {
            let template = &mut settings.template;
            // A poller gets through 100 messages a second; AWS takes 2 to 200 as the least.
            template.consumer_provisioned_pollers = at_least(2.0, rate / 100.0 * 1.2).min(200);
            template.consumer_provisioned_pollers_max = (2 * template.consumer_provisioned_pollers).max(20);
        }
        settings
    }
}

impl Settings {
    /// The rules of docs/sizing.md: twice what the load needs, never less than the defaults.
    fn size_for(&mut self, rate: f64) {
        let (template, account, work) = (&mut self.template, &mut self.account, &self.work);
        template.throttle_rate = template.throttle_rate.max(2.0 * rate);
        account.api_rate = account.api_rate.max(2.0 * rate);
        // AWS sets it by the rate.
        account.api_burst = account.api_rate / 2.0;
        template.throttle_burst = template.throttle_burst.max(2.0 * rate).min(account.api_burst);
        let batches = rate / f64::from(template.consumer_batch_size);
        let batch_seconds = (work.batch_ms + work.event_ms) / 1000.0;
        template.consumer_max_concurrency = at_least(10.0, 2.0 * batches * batch_seconds).min(1000);
        // Ten requests a second for each unit of concurrency, of the verifiers and the consumer.
        account.concurrency = account.concurrency.max(at_least(0.0, 2.0 * (rate + batches) / 10.0));
        // Sized for hooks with external side effects, whatever the work is.
        let external_side_effects = Work {
            external_side_effects: true,
            ..work.clone()
        };
        let units = Units::of(&external_side_effects, 1, false);
        let shards = f64::from(template.ledger_day_shards).max(2.0 * rate * units.index / 1000.0);
        template.ledger_day_shards = at_least(1.0, shards).min(256);
        account.ledger_warm = account.ledger_warm.max(1.5 * rate * units.table);
        account.index_warm = account.index_warm.max(1.5 * rate * units.index);
        account.table_quota = account.table_quota.max(account.ledger_warm).max(account.index_warm);
    }
}

fn at_least(least: f64, needed: f64) -> u32 {
    needed.max(least).ceil() as u32
}
