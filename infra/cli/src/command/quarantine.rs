//! `acuse quarantine`: deliveries that failed verification and may turn out genuine.

use std::process::ExitCode;

use acuse_cli::stack::quarantine::{Quarantined, Reverifier};
use acuse_cli::stack::queue::Walk;
use acuse_cli::stack::target::Target;
use acuse_cli::terminal::{self, Table, quoted};
use acuse_cli::{note, sample, say};
use acuse_core::provider::Provider;
use clap::{Args, Subcommand};

use super::Failure;
use super::confirm::confirm;
use super::interrupt::Interrupt;
use super::options::StackOptions;
use super::progress::tell_hidden;

/// What to do with them.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Lists what is in quarantine
    #[command(after_help = "Examples:
  acuse quarantine list
  acuse quarantine list --provider kuenta --json --stack acuse")]
    List(Arguments),
    /// Says which header, form and secret would have matched, and what to set
    #[command(after_help = "Examples:
  acuse quarantine diagnose
  acuse quarantine diagnose 01a209a8-0540-780c-968c-6556e20bffb4 --stack acuse")]
    Diagnose(Diagnose),
    /// Verifies again and queues what now holds, with its own delivery id and time of receipt
    ///
    /// Safe to interrupt and to run again: a delivery leaves the quarantine only after it is in the
    /// event queue, and the ledger drops what is queued twice.
    #[command(after_help = "Examples:
  acuse quarantine release --dry-run
  acuse quarantine release --provider onepay --stack acuse")]
    Release(Release),
    /// Deletes what still does not hold; what holds is left for `release`
    #[command(after_help = "Examples:
  acuse quarantine purge --provider kuenta
  acuse quarantine purge --yes --stack acuse")]
    Purge(Purge),
}

/// Which deliveries, and how to print.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// Only this provider's
    #[arg(long, value_parser = sample::names())]
    provider: Option<String>,
    /// One JSON object a line
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    stack: StackOptions,
}

/// `acuse quarantine diagnose`
#[derive(Debug, Args)]
pub(crate) struct Diagnose {
    /// Only the deliveries with these ids
    delivery_ids: Vec<String>,
    #[command(flatten)]
    arguments: Arguments,
}

/// `acuse quarantine release`
#[derive(Debug, Args)]
pub(crate) struct Release {
    /// Says what would be released, and changes nothing
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    arguments: Arguments,
}

/// `acuse quarantine purge`
#[derive(Debug, Args)]
pub(crate) struct Purge {
    /// Does not ask
    #[arg(long)]
    yes: bool,
    #[command(flatten)]
    arguments: Arguments,
}

/// Does it.
pub(crate) async fn run(command: Command) -> Result<ExitCode, Failure> {
    let (arguments, act): (&Arguments, Act<'_>) = match &command {
        Command::List(arguments) => (arguments, Act::List),
        Command::Diagnose(diagnose) => (&diagnose.arguments, Act::Diagnose(&diagnose.delivery_ids)),
        Command::Release(release) => (
            &release.arguments,
            Act::Release {
                dry_run: release.dry_run,
            },
        ),
        Command::Purge(purge) => {
            confirm("delete what does not verify from the quarantine for good", purge.yes)?;
            (&purge.arguments, Act::Purge)
        }
    };
    let only = arguments.provider.as_deref().map(sample::provider).transpose()?;
    let target = arguments.stack.target().await?;
    let mut desk = Desk::new(&target, act, arguments.json)?;
    let interrupt = Interrupt::listen();
    let client = aws_sdk_sqs::Client::new(&target.sdk);
    let queue = target.output("QuarantineQueueUrl")?;
    // A flood of forged deliveries may go on meanwhile: that is for the next run.
    let mut walk = match act {
        Act::Release { dry_run: false } | Act::Purge => Walk::work(client, queue).await?,
        _ => Walk::list(client, queue).await?,
    };
    tell_hidden(&walk);
    let done = desk.walk(&mut walk, only, &interrupt).await;
    // First of all, nothing stays hidden.
    let later = walk.later();
    walk.end().await?;
    done?;
    desk.finish();
    if later > 0 {
        note!("{later} came meanwhile, and are left for the next run");
    }
    Ok(interrupt.code())
}

/// What is done with each delivery.
#[derive(Debug, Clone, Copy)]
enum Act<'a> {
    List,
    Diagnose(&'a [String]),
    Release { dry_run: bool },
    Purge,
}

/// Works through the quarantine.
struct Desk<'a> {
    act: Act<'a>,
    json: bool,
    bench: Reverifier<'a>,
    table: Table<5>,
    seen: usize,
    acted: usize,
}

impl<'a> Desk<'a> {
    fn new(target: &'a Target, act: Act<'a>, json: bool) -> Result<Self, Failure> {
        let table = Table::new([
            ("RECEIVED", 24),
            ("PROVIDER", 16),
            ("DELIVERY", 40),
            ("BYTES", 10),
            ("REASON", 80),
        ]);
        Ok(Self {
            act,
            json,
            bench: Reverifier::new(target)?,
            table,
            seen: 0,
            acted: 0,
        })
    }

    async fn walk(
        &mut self,
        walk: &mut Walk,
        only: Option<&'static Provider>,
        interrupt: &Interrupt,
    ) -> Result<(), Failure> {
        loop {
            let messages = walk.next().await?;
            if messages.is_empty() {
                return Ok(());
            }
            if interrupt.received() {
                return Ok(());
            }
            let items: Vec<Quarantined> = messages.into_iter().map(Quarantined::open).collect();
            let items = items.iter();
            let items: Vec<&Quarantined> = items
                .filter(|item| only.is_none_or(|only| only.name == item.provider))
                .collect();
            self.act(&items, walk).await?;
        }
    }

    async fn act(&mut self, items: &[&Quarantined], walk: &mut Walk) -> Result<(), Failure> {
        self.seen += items.len();
        let (acted, what) = match self.act {
            Act::Release { dry_run: false } => (self.bench.release(items, walk).await?, "released"),
            Act::Purge => (self.bench.purge(items, walk).await?, "deleted"),
            Act::List => {
                items.iter().for_each(|item| self.list(item));
                return Ok(());
            }
            Act::Diagnose(ids) => {
                for item in items {
                    if ids.is_empty() || ids.contains(&item.delivery_id()) {
                        self.diagnose(item).await?;
                    }
                }
                return Ok(());
            }
            Act::Release { dry_run: true } => (self.bench.valid(items).await?, "would be released"),
        };
        self.acted += acted.len();
        acted.iter().for_each(|item| self.say(item, what));
        Ok(())
    }

    fn list(&mut self, item: &Quarantined) {
        if self.json {
            terminal::json(item.json(None));
            return;
        }
        let bytes = item.delivery.as_ref().map_or(0, |delivery| delivery.body().len());
        self.table.add_row([
            item.received_at().map_or_else(|| "-".to_owned(), |at| at.to_string()),
            item.provider.clone(),
            item.delivery_id(),
            bytes.to_string(),
            match item.registration {
                true => format!("{} (answered 200, in a registration window)", item.reason),
                false => item.reason.clone(),
            },
        ]);
    }

    async fn diagnose(&mut self, item: &Quarantined) -> Result<(), Failure> {
        self.acted += 1;
        let text = self.bench.diagnose(item).await?;
        if self.json {
            terminal::json(item.json(Some(("diagnosis", &text))));
        } else {
            say!("{} {}", item.provider, item.delivery_id());
            quoted("  ", &text).iter().for_each(|line| terminal::line(line));
        }
        Ok(())
    }

    fn say(&self, item: &Quarantined, what: &str) {
        if self.json {
            terminal::json(item.json(Some(("done", what))));
        } else {
            say!("{what}: {} {}", item.provider, item.delivery_id());
        }
    }

    fn finish(&self) {
        if self.json {
            return;
        }
        let (seen, acted, left) = (self.seen, self.acted, self.seen - self.acted);
        match self.act {
            _ if seen == 0 => say!("nothing is in quarantine"),
            Act::List => self.table.print(),
            Act::Diagnose(_) if acted == 0 => say!("no such delivery is in quarantine"),
            Act::Diagnose(_) => {}
            Act::Release { dry_run: true } => say!("{acted} would be released, {left} would stay"),
            Act::Release { .. } => say!("{acted} released, {left} left in quarantine"),
            Act::Purge => say!("{acted} deleted, {left} left for `release`"),
        }
    }
}
