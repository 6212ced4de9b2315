//! `cargo run --release -p acuse-simulation -- --help`

use std::process::ExitCode;

use acuse_simulation::docs;
use acuse_simulation::pipeline::Pipeline;
use acuse_simulation::settings::Settings;
use acuse_simulation::table::{self, Run};
use acuse_simulation::time::{DAY, SECOND, Tick};
use clap::{Parser, Subcommand};

/// Simulates Acuse under bursts, with the scaling rules of API Gateway, Lambda, SQS and DynamoDB.
#[derive(Parser)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Print the table of docs/sizing.md: every rate in every setup
    All {
        /// Seed of the random numbers: the same seed gives the same result
        #[arg(long, default_value_t = docs::SEED)]
        seed: u64,
        /// Print every second of every run as CSV instead
        #[arg(long)]
        csv: bool,
    },
    /// Write the figures to docs/sizing.md and docs/images/scale.svg
    Docs,
    /// Simulate one burst with your own parameters, quotas and times
    One {
        /// Deliveries per second
        #[arg(long)]
        rate: f64,
        /// Length of the burst
        #[arg(long, default_value_t = 600)]
        seconds: Tick,
        /// Seed of the random numbers: the same seed gives the same result
        #[arg(long, default_value_t = docs::SEED)]
        seed: u64,
        /// Print every second as CSV instead
        #[arg(long)]
        csv: bool,
        #[command(flatten)]
        settings: Box<Settings>,
    },
}

fn main() -> ExitCode {
    match run(Arguments::parse().command) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("{failure}");
            ExitCode::FAILURE
        }
    }
}

fn run(command: Command) -> Result<(), Box<dyn std::error::Error>> {
    match command {
        Command::All { seed, csv } => print(&docs::all_runs(seed), csv),
        Command::Docs => {
            for (path, text) in docs::with_figures(&docs::all_runs(docs::SEED))? {
                std::fs::write(path, text)?;
            }
        }
        Command::One {
            rate,
            seconds,
            seed,
            csv,
            settings,
        } => {
            let pipeline = Pipeline::new(*settings, rate, seconds * SECOND, seed);
            let outcome = pipeline.run(30 * DAY);
            let setup = None;
            print(&[Run { rate, setup, outcome }], csv);
        }
    }
    Ok(())
}

fn print(runs: &[Run], csv: bool) {
    if csv {
        print!("{}", table::csv(runs));
        return;
    }
    print!("{}", table::outcomes(runs));
}
