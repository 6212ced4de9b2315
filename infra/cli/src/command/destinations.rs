//! `acuse destinations`: the URLs and queues of one's own that get verified events.
//!
//! A signing secret is printed once, when it is made. URLs and headers that contain a secret are read from the terminal
//! or from standard input if they are given as `-`.

mod add;
mod input;
mod list;
mod owed;
mod pause;
mod remove;
mod retry;
mod rotate;
mod settings;
mod test;
mod update;
mod warnings;

use std::process::ExitCode;

use acuse_core::destination::DestinationName;
use clap::builder::{StringValueParser, TypedValueParser};
use clap::{Args, Subcommand};

use super::Failure;
use super::options::StackOptions;
use crate::stack::destinations::StackDestinations;
use crate::stack::target::Target;
pub(super) use list::age;
pub(crate) use list::state_text;
pub(super) use test::{json, line, print_body};

/// How long after a change every running function follows it, in words.
const IN_EFFECT: &str = "in effect within 30 s";

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// List the destinations: where they are, what they get, how they are, and what they are owed
    #[command(after_help = "Examples:
  acuse destinations list
  acuse destinations list --json --stack acuse | jq 'select(.owed > 0)'")]
    List(list::List),
    /// Add a destination, and print its new signing secret once
    ///
    /// From then on, each verified event that its filters let through is POSTed to the URL as JSON, signed as
    /// Standard Webhooks (https://www.standardwebhooks.com), until it is answered 2xx: at least once, for up to 13
    /// days, with the same `webhook-id` each time. Your backend verifies it with the signing secret and the library
    /// `standardwebhooks` of its language. Events from before are not sent.
    #[command(after_help = "Examples:
  acuse destinations add shop --url https://shop.example/webhooks
  acuse destinations add shop --url https://shop.example/webhooks --provider onepay --type 'payment.*' --environment live
  acuse destinations add books --url https://books.example/in --kind 'Payment*,Payout*' --header 'X-Team: books'
  acuse destinations add shop --url - < url.txt          its path contains a secret
  acuse destinations add jobs --url sqs:arn:aws:sqs:us-east-1:123456789012:jobs.fifo
  SECRET=$(acuse destinations add shop --url https://shop.example/webhooks)

Types are the providers' own names, kinds those that all providers share (docs/destinations.md). If both are
given, either may fit.")]
    Add(Box<add::Add>),
    /// Change what is named of a destination; everything else stays as it is
    ///
    /// Filters that are given replace those of their kind. A header that is given replaces the one of its name.
    #[command(after_help = "Examples:
  acuse destinations update shop --url https://shop.example/v2/webhooks
  acuse destinations update shop --type 'payment.*,charge.*'
  acuse destinations update shop --unset types --parallel 2
  acuse destinations update shop --header 'Authorization: -' < token.txt    the value is read from standard input
  acuse destinations update shop --header 'X-Team:'                         removes the header")]
    Update(Box<update::Update>),
    /// Remove a destination: it gets nothing more, nor what it is owed
    ///
    /// Shows what it is owed, and asks for confirmation.
    #[command(after_help = "Examples:
  acuse destinations remove shop
  acuse destinations remove shop --yes")]
    Remove {
        /// Don't ask for confirmation
        #[arg(long)]
        yes: bool,
        /// Print what would be done, and change nothing
        #[arg(long)]
        dry_run: bool,
        #[command(flatten)]
        which: Which,
    },
    /// Send a destination a signed test event from here, and print the answer
    ///
    /// The event has the type `acuse.test` and is of no payment. With `--type`, it is a sample of that type instead.
    /// Filters, pauses and the ledger are left out; the request, its signature and the checks of the address are
    /// those of the function, though it may reach other networks than this machine.
    #[command(after_help = "Examples:
  acuse destinations test shop
  acuse destinations test shop --type payment.approved    a sample, of a payment that never happened")]
    Test(test::Test),
    /// Stop sending to a destination: what it is owed stays owed
    #[command(after_help = "Examples:
  acuse destinations pause shop --reason 'maintenance until 18:00'
  acuse destinations resume shop")]
    Pause {
        /// Why, for lists
        #[arg(long, value_name = "TEXT", value_parser = pause::reason)]
        reason: String,
        /// Print what would be done, and change nothing
        #[arg(long)]
        dry_run: bool,
        #[command(flatten)]
        which: Which,
    },
    /// Send to a paused or failing destination again, and queue what it is owed
    ///
    /// It gets one request at a time first, and more with each success. What was given up stays so: see `retry`. It is
    /// safe to interrupt this and to run it again.
    #[command(after_help = "Examples:
  acuse destinations resume shop --dry-run
  acuse destinations resume shop")]
    Resume {
        /// Print what would be done, and change nothing
        #[arg(long)]
        dry_run: bool,
        #[command(flatten)]
        which: Which,
    },
    /// Make a new signing secret, which signs beside the old one until `--finish`
    ///
    /// Requests have two signatures meanwhile, so a backend that knows either secret accepts them: put the new one
    /// into the backend, then finish.
    #[command(after_help = "Examples:
  acuse destinations rotate shop             prints the new secret; requests are signed with both
  acuse destinations rotate shop --finish    requests are signed with the new one alone
  acuse destinations rotate shop --again     the new one was lost: makes another in its place")]
    Rotate(rotate::Rotate),
    /// List what a destination is owed, and what was given up, the oldest event first
    #[command(after_help = "Examples:
  acuse destinations owed shop
  acuse destinations owed shop --json | jq -r 'select(.receivers_fault) | .key'")]
    Owed(owed::Owed),
    /// Queue what a destination is owed again, now and with new patience
    ///
    /// The body and its id stay the same. It is safe to interrupt this and to run it again.
    #[command(after_help = "Examples:
  acuse destinations retry shop                  everything that it is owed, without waiting for the next try
  acuse destinations retry shop --given-up       what was given up
  acuse destinations retry shop --key 'onepay#live#payment#9e5ccd4a|payment.approved'    also if it was delivered")]
    Retry(retry::Retry),
}

/// One destination of a stack.
#[derive(Debug, Args)]
pub(crate) struct Which {
    /// The destination
    #[arg(value_parser = name_parser())]
    name: DestinationName,
    #[command(flatten)]
    stack: StackOptions,
}

/// [`Which`], found.
struct Place {
    name: DestinationName,
    target: Target,
    stack: StackDestinations,
}

pub(crate) async fn run(command: Command) -> Result<ExitCode, Failure> {
    match command {
        Command::List(list) => list.run().await,
        Command::Add(add) => add.run().await,
        Command::Update(update) => update.run().await,
        Command::Remove { yes, dry_run, which } => remove::run(&which.find().await?, yes, dry_run).await,
        Command::Test(test) => test.run().await,
        Command::Pause { reason, dry_run, which } => pause::pause(&which.find().await?, &reason, dry_run).await,
        Command::Resume { dry_run, which } => pause::resume(&which.find().await?, dry_run).await,
        Command::Rotate(rotate) => rotate.run().await,
        Command::Owed(owed) => owed.run().await,
        Command::Retry(retry) => retry.run().await,
    }
}

impl Which {
    async fn find(&self) -> Result<Place, Failure> {
        let target = self.stack.target().await?;
        Ok(Place {
            name: self.name.clone(),
            stack: StackDestinations::of(&target)?,
            target,
        })
    }
}

/// Parses a destination's name. An error says what a name looks like.
fn name_parser() -> impl TypedValueParser<Value = DestinationName> {
    StringValueParser::new().try_map(|name| DestinationName::parse(&name).ok_or(DestinationName::EXPECTED))
}
