//! `acuse logs`

use std::process::ExitCode;
use std::time::Duration;

use acuse_core::clock::Timestamp;
use clap::Args;

use super::Failure;
use super::interrupt::interrupted;
use super::options::StackOptions;
use crate::stack::filter::moment;
use crate::stack::logs::Logs;
use crate::terminal;
use crate::{note, say};

/// Leaves out metrics, and what Lambda prints around each invocation. A line has time, level, function, message
/// and fields.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  acuse logs                                  the last ten minutes of all functions
  acuse logs --follow --function consumer     what your hooks log, as it comes
  acuse logs --since 2h --stack acuse
  acuse logs --json --since 1d --stack acuse | jq 'select(.level == \"ERROR\")'

On a deployed stack, this calls CloudWatch Logs with your credentials, which need logs:FilterLogEvents on the
functions' log groups, and cloudformation:DescribeStacks and ListStackResources. AWS shows a line some seconds
after it was logged. Under `acuse local --watch`, the terminal of `acuse local` has the lines.")]
pub(crate) struct Arguments {
    /// Keep printing lines as they come, until Ctrl-C
    #[arg(long, short)]
    follow: bool,
    /// Only this function: consumer, or a provider's name; can be repeated [default: all]
    #[arg(long, value_name = "NAME")]
    function: Vec<String>,
    /// From when on: a time ago (10m, 6h, 7d), a day in UTC (2026-11-20), or a moment (2026-11-20T08:00:00-05:00)
    #[arg(long, value_name = "WHEN", default_value = "10m", value_parser = moment)]
    since: Timestamp,
    /// Print one JSON object per line
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    stack: StackOptions,
}

pub(crate) async fn run(arguments: Arguments) -> Result<ExitCode, Failure> {
    let target = arguments.stack.target().await?;
    if target.is_watched() {
        return Err(Failure::with_advice(
            "the functions run under `cargo lambda watch`, which sends no logs to the emulator",
            "look at the terminal of `acuse local --watch`: it prints them",
        ));
    }
    let every = Duration::from_secs(if target.is_local() { 1 } else { 3 });
    let mut logs = Logs::of(&target, &arguments.function, arguments.since).await?;
    let stop = interrupted();
    tokio::pin!(stop);
    let mut is_empty = true;
    loop {
        for line in logs.next().await? {
            is_empty = false;
            match arguments.json {
                true => terminal::json(line.json()),
                false => say!("{line}"),
            }
        }
        if !arguments.follow {
            break;
        }
        tokio::select! {
            () = tokio::time::sleep(every) => {}
            () = &mut stop => return Ok(ExitCode::SUCCESS),
        }
    }
    if is_empty {
        note!("no lines since {}; `--since` looks further back", arguments.since);
    }
    Ok(ExitCode::SUCCESS)
}
