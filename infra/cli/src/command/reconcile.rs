//! `acuse reconcile`: which webhooks never came.

mod gather;
mod ingest;
mod show;

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use acuse_aws::system::SystemClock;
use acuse_core::account::AccountName;
use acuse_core::clock::{Clock, Timestamp};
use acuse_core::provider::Provider;
use clap::Args;

use super::Failure;
use super::interrupt::{INTERRUPTED, interrupted};
use super::options::{Caution, StackOptions};
use crate::note;
use crate::reconcile::{Findings, ReadError};
use crate::stack::DAY;
use crate::stack::filter::{account_parser, length, moment, provider_parser};
use crate::stack::target::Target;
use crate::webhooks::onepay::BASE;

/// The exit code if it could not be found out whether anything is missing.
const NOT_FOUND_OUT: u8 = 3;

/// Names the webhooks that never came, by what the provider's API or a file of ids says.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  acuse reconcile onepay --since 24h --stack acuse
  acuse reconcile onepay --ids orders.txt --stack acuse
  cut -d, -f1 export.csv | acuse reconcile unopago --ids - --no-api --stack acuse
  acuse reconcile onepay --since 7d --json --stack acuse | jq -r 'select(.finding == \"missing\").id'
  acuse reconcile onepay --ids missing.txt --ingest --dry-run --stack acuse

Reads only, unless you add `--ingest`. Exits 0 if all is there, 1 if something is missing, differs or was not
processed, and 3 if it could not be found out.

OnePay: its payments and charges are read with ONEPAY_API_TOKEN, which is only taken from the environment.
Kuenta and UnoPago document no API that reads payments. Export the ids or order numbers from their panel, and ask the
ledger alone: `--ids FILE --no-api` names those that never arrived.

`acuse provider-api onepay` plays OnePay's API on this machine, to try this without an account.")]
pub(crate) struct Arguments {
    /// Whose webhooks
    #[arg(value_parser = provider_parser())]
    provider: &'static Provider,
    /// What happened since: a time ago (90m, 24h, 7d), a day in UTC (2026-11-20), or a moment
    /// (2026-11-20T08:00:00-05:00) [default: 24h, or with `--ids` only these]
    #[arg(long, value_name = "WHEN", value_parser = moment)]
    since: Option<Timestamp>,
    /// The account of this stack
    #[arg(long, value_name = "NAME", value_parser = account_parser(), default_value_t)]
    account: AccountName,
    /// A file of resource ids or order numbers, one a line; `-` is standard input
    #[arg(long, value_name = "FILE")]
    ids: Option<PathBuf>,
    /// Ask the ledger alone which of these ids never arrived
    #[arg(long, requires = "ids", conflicts_with_all = ["since", "ingest"])]
    no_api: bool,
    /// Leave out what is younger than this: its webhook may be on its way
    #[arg(long, value_name = "LENGTH", default_value = "10m", value_parser = in_flight)]
    in_flight: Duration,
    /// The API's base URL
    #[arg(long, env = "ONEPAY_API_URL", default_value = BASE)]
    base_url: String,
    /// Take in the events that are missing, marked as reconciled, under the keys of their webhooks
    #[arg(long)]
    ingest: bool,
    /// Why, for the audit trail
    #[arg(long, value_name = "TEXT", requires = "ingest")]
    reason: Option<String>,
    /// Print one JSON object per line
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    caution: Caution,
    #[command(flatten)]
    stack: StackOptions,
}

/// Exits 3 with an error: whether anything is missing was not found out.
pub(crate) async fn run(arguments: Arguments) -> Result<ExitCode, Failure> {
    match arguments.run().await {
        Ok(code) => Ok(code),
        Err(failure) => {
            failure.print();
            Ok(ExitCode::from(NOT_FOUND_OUT))
        }
    }
}

impl Arguments {
    async fn run(&self) -> Result<ExitCode, Failure> {
        let target = self.stack.target().await?;
        target.is_used(self.provider)?;
        let (ledger, now) = (target.ledger()?, SystemClock.now());
        let asked = self.asked()?;
        // Nothing has been done yet, so it may stop at any moment.
        let gathered = tokio::select! {
            gathered = self.gather(&target, &ledger, &asked, now) => gathered?,
            () = interrupted() => {
                note!("stopped; nothing was changed");
                return Ok(ExitCode::from(INTERRUPTED));
            }
        };
        self.print(&gathered, &target);
        if self.ingest {
            return self.take_in(&target, &ledger, &gathered, now).await;
        }
        Ok(code(&gathered))
    }

    /// From when on the provider's lists are read; `None` to look at the ids alone.
    fn since(&self, now: Timestamp) -> Option<Timestamp> {
        self.since.or_else(|| self.ids.is_none().then(|| now.minus(DAY)))
    }
}

fn code(findings: &Findings) -> ExitCode {
    if findings.iter().any(|one| one.finding.is_problem()) {
        return ExitCode::FAILURE;
    }
    unclear_code(findings)
}

/// The code if no problem is left.
fn unclear_code(findings: &Findings) -> ExitCode {
    match findings.iter().any(|one| one.finding.is_unclear()) {
        true => ExitCode::from(NOT_FOUND_OUT),
        false => ExitCode::SUCCESS,
    }
}

/// What happened before this may have been in the stack's ledger, and be forgotten. A day is kept between: clocks differ,
/// and a message may wait.
fn remembered(target: &Target, now: Timestamp) -> Timestamp {
    now.minus(target.retention().saturating_sub(DAY))
}

fn in_flight(text: &str) -> Result<Duration, &'static str> {
    length(text).ok_or("expected a length of time, such as 10m or 1h")
}

fn failure(error: ReadError) -> Failure {
    let advice = error.advice();
    Failure::with_advice(error, advice)
}
