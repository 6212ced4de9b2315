//! The command line of `neighbours`.

use std::path::PathBuf;

use crate::pipeline::Trouble;

/// Measure what one destination in trouble costs the others, and the hooks
///
/// Delivers all events to two destinations that are well: alone at first, then beside a third one that hangs, refuses
/// connections, answers 500, or takes 8 seconds.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  cargo run --release -p acuse-benchmark -- neighbours
  cargo run --release -p acuse-benchmark -- neighbours --only none,hangs --concurrency 20 --fair")]
pub(crate) struct Arguments {
    /// How many events are delivered
    #[arg(long, default_value_t = 1000)]
    pub(crate) events: u32,
    /// How many of them come in a second
    #[arg(long, default_value_t = 16.0)]
    pub(crate) rate: f64,
    /// How long the destinations that are well take to answer, in milliseconds
    #[arg(long, default_value_t = 500)]
    pub(crate) answer_ms: u64,
    /// Invocations of `destinations` at a time, as `DestinationsMaxConcurrency`
    #[arg(long, default_value_t = 20)]
    pub(crate) concurrency: usize,
    /// Invocations of the consumer at a time
    #[arg(long, default_value_t = 4)]
    pub(crate) consumers: usize,
    /// Hand out messages as a fair queue of SQS does
    #[arg(long)]
    pub(crate) fair: bool,
    /// Only these troubles of the third destination; `none` is what the others are compared with
    #[arg(long, value_delimiter = ',')]
    pub(crate) only: Vec<Trouble>,
    /// Run the binaries `consumer` and `destinations` of this folder, and build none
    #[arg(long, value_name = "FOLDER")]
    pub(crate) functions: Option<PathBuf>,
}

impl Arguments {
    pub(super) fn covers(&self, trouble: Trouble) -> bool {
        self.only.is_empty() || self.only.contains(&trouble)
    }
}
