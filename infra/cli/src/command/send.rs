//! `acuse send`: posting signed events.

mod change;
mod deliver;
mod forward;
mod list;
mod payload;
mod sender;
mod summary;

use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use acuse_core::account::AccountName;
use acuse_core::destination::config::Target as To;
use acuse_core::provider::Provider;
use change::Changes;
use clap::Args;
use deliver::Deliveries;
use payload::{Shuffle, Source, read_scenario};
use sender::Senders;

use super::forward::ForwardSecret;
use super::options::StackOptions;
use super::{Failure, Unreadable};
use crate::note;
use crate::sample::Break;
use crate::stack::destinations::url;
use crate::stack::filter::{account_parser, provider_parser};

#[derive(Debug, Args)]
#[command(after_help = "Examples:
  acuse send onepay payment.approved
  acuse send onepay payment.approved --reference ORD-1 --set payment.amount=99000.00
  acuse send kuenta payment.completed --set data.creditId=cre_7 --unset data.installment
  acuse send onepay payment.approved --twice          the second delivery is a duplicate
  acuse send unopago payment_received --break signature
  acuse send onepay payment.approved --account test   to /webhooks/onepay/test, with that account's secret
  acuse send --list                                   the scenarios: life cycles of several events
  acuse send --scenario paid-then-refunded --reference ORD-1
  acuse send --scenario subscription --shuffle        in another order; prints the seed that repeats it
  acuse send --scenario ./mine.json                   a file of your own; docs/hooks.md says what is in it
  acuse send onepay charge.paid --count 2000 --concurrency 50
  acuse send onepay --body payload.json               signs the file's bytes as they are
  jq -c . payload.json | acuse send onepay --body -   signs standard input
  acuse send onepay --event 'onepay#live#payment#9e5c…|payment.approved' --url http://127.0.0.1:3000/webhooks/onepay
  acuse send onepay payment.approved --forward-to http://localhost:8000/webhooks
                                                      to your backend, as a destination gets it, without any stack
  acuse send onepay payment.approved --stack acuse    on a deployed stack: hooks get a payment that never happened")]
pub(crate) struct Arguments {
    /// The provider to send as
    #[arg(value_parser = provider_parser(), required_unless_present_any = ["scenario", "list"])]
    provider: Option<&'static Provider>,
    /// An event type of the provider's guide; an unknown one prints the list
    #[arg(required_unless_present_any = ["body", "event", "scenario", "list"])]
    event_type: Option<String>,
    /// The account to send to, signed with its secret; a sample names the environment that the account is bound to
    #[arg(long, value_parser = account_parser(), value_name = "NAME", default_value_t)]
    account: AccountName,
    /// Send to this URL instead of the stack's
    #[arg(long)]
    url: Option<String>,
    /// Send to this URL what a destination gets: the event, read and signed by Acuse, without any stack
    #[arg(long, value_name = "URL", value_parser = url, conflicts_with_all = ["url", "event", "broken", "concurrency", "print", "list"])]
    forward_to: Option<To>,
    #[command(flatten)]
    forward_secret: ForwardSecret,
    /// Send this file's bytes instead of a sample; `-` reads standard input
    #[arg(
        long,
        value_name = "FILE",
        conflicts_with = "event_type",
        help_heading = "What is in it"
    )]
    body: Option<PathBuf>,
    /// Send the payload that the ledger has of this event, by key
    #[arg(long, value_name = "KEY", conflicts_with_all = ["event_type", "body"], help_heading = "What is in it")]
    event: Option<String>,
    #[command(flatten)]
    changes: Changes,
    /// Send the events of a life cycle, by name or from a file, to new resources with one order number
    #[arg(
        long,
        value_name = "NAME|FILE",
        conflicts_with_all = ["provider", "event_type", "body", "event"],
        help_heading = "Scenarios"
    )]
    scenario: Option<String>,
    /// List the scenarios, or the events of this one, and send nothing
    #[arg(long, conflicts_with_all = ["provider", "event_type", "body", "event"], help_heading = "Scenarios")]
    list: bool,
    /// Shuffle the scenario's deliveries, also duplicates; `--shuffle=SEED` repeats an order
    #[arg(
        long,
        value_name = "SEED",
        requires = "scenario",
        num_args = 0..=1,
        require_equals = true,
        help_heading = "Scenarios"
    )]
    shuffle: Option<Option<u64>>,
    /// How many events to send, each of a new resource; of a scenario, how many times
    #[arg(long, default_value_t = 1, value_name = "N", value_parser = clap::value_parser!(u32).range(1..), help_heading = "How to send")]
    count: u32,
    /// Send so many at once, and print a summary instead of each answer
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1000), help_heading = "How to send")]
    concurrency: Option<u16>,
    /// Send each delivery a second time, byte for byte
    #[arg(long, help_heading = "How to send")]
    twice: bool,
    /// Send an invalid delivery, which must be refused
    #[arg(long = "break", value_name = "PROOF", help_heading = "How to send")]
    broken: Option<Break>,
    /// Print the payloads, and send nothing
    #[arg(long, conflicts_with_all = ["broken", "concurrency", "twice", "list"], help_heading = "How to print")]
    print: bool,
    /// Print one JSON object per line
    #[arg(long, help_heading = "How to print")]
    json: bool,
    #[command(flatten)]
    stack: StackOptions,
}

/// Sends to the account's public URL, signed with its secret, and prints a line for each delivery. Any answer other
/// than the expected one is an error: 200, or 401 with `--break`.
pub(crate) async fn run(arguments: Arguments) -> Result<ExitCode, Failure> {
    // What is wrong with a file is known without a stack.
    let scenario = arguments.scenario.as_deref().map(read_scenario).transpose()?;
    if arguments.list {
        match &scenario {
            Some(scenario) => list::events(scenario, arguments.json),
            None => list::scenarios(arguments.json)?,
        }
        return Ok(ExitCode::SUCCESS);
    }
    let shuffle = arguments.shuffle.map(|seed| {
        let seed = seed.unwrap_or_else(|| fastrand::u64(..1_000_000));
        note!("shuffled; `--shuffle={seed}` sends in the same order");
        Shuffle::of(seed)
    });
    if let Some(to) = &arguments.forward_to {
        let source = Source::of(&arguments, scenario)?;
        return forward::run(&arguments, &source, shuffle, to).await;
    }
    let target = arguments.stack.target().await?;
    let source = match &arguments.event {
        Some(key) => Source::recorded(&target, key).await?,
        None => Source::of(&arguments, scenario)?,
    };
    let senders = Senders::find(&arguments, &source, &target).await?;
    let deliveries = Deliveries {
        arguments: &arguments,
        source: &source,
        senders: &senders,
        shuffle,
        environment: target.environment(),
    };
    match arguments.print {
        true => deliveries.print(),
        false => deliveries.send().await,
    }
}

/// Reads a file or standard input, which can be read only once.
fn read(path: &Path) -> Result<Vec<u8>, Unreadable> {
    if path != Path::new("-") {
        return std::fs::read(path).map_err(Unreadable::of(&path.display().to_string()));
    }
    let mut bytes = Vec::new();
    let read = io::stdin().read_to_end(&mut bytes);
    read.map(|_| bytes).map_err(Unreadable::of("standard input"))
}
