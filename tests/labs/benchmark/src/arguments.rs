//! The command line.

use std::path::PathBuf;

use clap::Parser;

use crate::contender::Kind;
use crate::{hooks, neighbours};

/// Times the real functions and their peers under an emulation of Lambda's Runtime API.
///
/// Builds and installs everything in target/, runs all contenders in turns, and prints tables. Run it on an
/// idle machine: `cargo run --release -p acuse-benchmark`.
#[derive(Debug, Parser)]
#[command(
    name = "acuse-benchmark",
    args_conflicts_with_subcommands = true,
    after_help = "Examples:
  cargo run --release -p acuse-benchmark
  cargo run --release -p acuse-benchmark -- --rounds 3 --only hello,sender,kuenta
  cargo run --release -p acuse-benchmark -- neighbours
  cargo run --release -p acuse-benchmark -- hooks
  cargo run --release -p acuse-benchmark -- --json target/benchmark/run.json --plot docs/images/speed.svg"
)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    pub(crate) command: Option<Command>,
    /// How often each contender is started
    #[arg(long, default_value_t = 9, value_parser = positive)]
    pub(crate) rounds: usize,
    /// Warm invocations in each round, or a tenth of that for consumers, whose batches have ten events
    #[arg(long, default_value_t = 500, value_parser = positive)]
    pub(crate) invocations: usize,
    /// Only these contenders
    #[arg(long, value_name = "NAMES", value_delimiter = ',')]
    pub(crate) only: Vec<String>,
    /// No contenders of these kinds
    #[arg(long, value_name = "KINDS", value_delimiter = ',')]
    pub(crate) without: Vec<Kind>,
    /// Run the Rust programs of this folder, and build none: compare builds
    #[arg(long, value_name = "FOLDER")]
    pub(crate) functions: Option<PathBuf>,
    /// Connect to the services without TLS
    #[arg(long)]
    pub(crate) plain: bool,
    /// Write all measurements to this file, as JSON
    #[arg(long, value_name = "PATH")]
    pub(crate) json: Option<PathBuf>,
    /// Write a chart to this file, as SVG
    #[arg(long, value_name = "PATH")]
    pub(crate) plot: Option<PathBuf>,
}

/// What else can be measured.
#[derive(Debug, clap::Subcommand)]
pub(crate) enum Command {
    Neighbours(neighbours::Arguments),
    Hooks(hooks::Arguments),
}

fn positive(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(number) if number > 0 => Ok(number),
        _ => Err("a whole number of at least 1".to_owned()),
    }
}
