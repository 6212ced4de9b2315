//! `acuse dlq`: what could not be done, and doing it after all.

use std::process::ExitCode;

use acuse_aws::system::SystemClock;
use acuse_cli::stack::dead_letters::{DeadLetter, send_back};
use acuse_cli::stack::filter::Filter;
use acuse_cli::stack::include::{Counts, Include};
use acuse_cli::stack::queue::Walk;
use acuse_cli::stack::target::Target;
use acuse_cli::terminal::{self, Table, cut};
use acuse_cli::{note, say};
use acuse_core::clock::Clock;
use aws_sdk_sqs::Client;
use clap::{Args, Subcommand};
use thiserror::Error;

use super::Failure;
use super::confirm::confirm;
use super::interrupt::Interrupt;
use super::options::StackOptions;
use super::progress::{Bar, tell_hidden};

/// What to do with the dead-letter queue.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Lists what is in the dead-letter queue, and why
    #[command(after_help = "Examples:
  acuse dlq list
  acuse dlq list --provider onepay --since 24h --json --stack acuse")]
    List(List),
    /// Sends messages back to the event queue, where a rejected event is claimed again
    ///
    /// One pass over what is there at its start: what comes straight back is left for the next run. Safe
    /// to interrupt and to run again: a message leaves the dead-letter queue only after it is in the event
    /// queue, and the ledger drops what is done already.
    ///
    /// Events of another environment and expired ones stay where they are, unless they are asked for.
    #[command(after_help = "Examples:
  acuse dlq redrive --dry-run
  acuse dlq redrive --expired --since 24h
  acuse dlq redrive --type payment.approved --error 'no such order' --stack acuse")]
    Redrive(Redrive),
}

/// `acuse dlq list`
#[derive(Debug, Args)]
pub(crate) struct List {
    /// One JSON object a line
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    filter: Filter,
    #[command(flatten)]
    stack: StackOptions,
}

/// `acuse dlq redrive`
#[derive(Debug, Args)]
pub(crate) struct Redrive {
    /// Says what would be sent, and changes nothing
    #[arg(long)]
    dry_run: bool,
    /// Does not ask, where hooks are to get what was set aside on purpose
    #[arg(long)]
    yes: bool,
    /// One JSON object a line
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    wanted: Include,
    #[command(flatten)]
    filter: Filter,
    #[command(flatten)]
    stack: StackOptions,
}

/// What a pass did.
#[derive(Debug, Default)]
struct Done {
    sent: Counts,
    left_out: Counts,
    left: usize,
    refused: Vec<String>,
}

/// SQS refused some, and did the others.
#[derive(Debug, Error)]
#[error("{} could not be sent back; the first one: {first}", terminal::counted(.count, "message"))]
struct NotDone {
    count: usize,
    first: String,
}

/// Does it.
pub(crate) async fn run(command: Command) -> Result<ExitCode, Failure> {
    match command {
        Command::List(list) => list.run().await,
        Command::Redrive(redrive) => redrive.run().await,
    }
}

impl List {
    async fn run(&self) -> Result<ExitCode, Failure> {
        let target = self.stack.target().await?;
        let interrupt = Interrupt::listen();
        let mut table = Table::new([
            ("RECEIVED", 24),
            ("PROVIDER", 16),
            ("TYPE", 40),
            ("RESOURCE", 40),
            ("REASON", 80),
        ]);
        let mut found = 0usize;
        let walked = walk(&target, &self.filter, &interrupt, |dead| {
            found += 1;
            match self.json {
                true => terminal::json(dead.json()),
                false => table.add_row(dead.row()),
            }
        });
        walked.await?;
        match (self.json, found) {
            (true, _) => {}
            (false, 0) => say!("no such message is in the dead-letter queue"),
            (false, _) => table.print(),
        }
        Ok(interrupt.code())
    }
}

impl Redrive {
    async fn run(&self) -> Result<ExitCode, Failure> {
        let target = self.stack.target().await?;
        let interrupt = Interrupt::listen();
        if self.dry_run {
            let found = self
                .count(&target, &interrupt, |dead| self.say(dead, "would be sent back"))
                .await?;
            self.sum_up(&format!("{} would be sent back", found.sent.total()), found.left_out);
            return Ok(interrupt.code());
        }
        if self.wanted.any() && !self.yes {
            let found = self.count(&target, &interrupt, |_| {}).await?;
            confirm(&format!("send back {} and hand them to hooks", found.sent), self.yes)?;
        }
        let client = Client::new(&target.sdk);
        let mut walk = Walk::work(client.clone(), target.output("DeadLetterQueueUrl")?).await?;
        tell_hidden(&walk);
        let bar = Bar::new(walk.depth().visible);
        let done = self.send_back(&target, &client, &mut walk, &bar, &interrupt).await;
        // First of all, nothing stays hidden.
        let later = walk.later();
        walk.end().await?;
        bar.clear();
        let done = done?;
        let (sent, left) = (done.sent.total(), done.left + done.left_out.total());
        self.sum_up(&format!("{sent} sent back, {left} left"), done.left_out);
        if later > 0 {
            note!("{later} came meanwhile, and are left for the next run: look whether they are the same again");
        }
        match done.refused.first() {
            None => Ok(interrupt.code()),
            Some(first) => Err(Failure::with_advice(
                NotDone {
                    count: done.refused.len(),
                    first: first.clone(),
                },
                "run it again: what is sent already is dropped by the ledger",
            )),
        }
    }

    /// Goes through the queue without sending.
    async fn count(
        &self,
        target: &Target,
        interrupt: &Interrupt,
        mut show: impl FnMut(&DeadLetter),
    ) -> Result<Done, Failure> {
        let (mut done, now) = (Done::default(), SystemClock.now());
        walk(target, &self.filter, interrupt, |dead| {
            let aside = dead.set_aside_reason(target, now);
            match self.wanted.takes(aside) {
                true => {
                    done.sent.count(aside);
                    show(dead);
                }
                false => done.left_out.count(aside),
            }
        })
        .await?;
        Ok(done)
    }

    async fn send_back(
        &self,
        target: &Target,
        client: &Client,
        walk: &mut Walk,
        bar: &Bar,
        interrupt: &Interrupt,
    ) -> Result<Done, Failure> {
        let (mut done, now, to) = (Done::default(), SystemClock.now(), target.output("EventQueueUrl")?);
        loop {
            let messages = walk.next().await?;
            if messages.is_empty() || interrupt.received() {
                return Ok(done);
            }
            bar.advance(messages.len());
            let mut letters = Vec::new();
            for message in messages {
                let dead = DeadLetter::open(message, target.environment());
                let aside = dead.set_aside_reason(target, now);
                if !dead.passes(&self.filter, target).await? {
                    done.left += 1;
                } else if self.wanted.takes(aside) {
                    letters.push((dead, aside));
                } else {
                    done.left_out.count(aside);
                }
            }
            let passing: Vec<&DeadLetter> = letters.iter().map(|(dead, _)| dead).collect();
            let returned = send_back(client, to, walk, &passing).await?;
            done.refused.extend(returned.refused);
            for (dead, aside) in &letters {
                if returned.sent.contains(dead.message.message_id().unwrap_or_default()) {
                    done.sent.count(*aside);
                    bar.suspend(|| self.say(dead, "sent back"));
                } else {
                    done.left += 1;
                }
            }
        }
    }

    fn say(&self, dead: &DeadLetter, what: &str) {
        if self.json {
            terminal::json(dead.json());
        } else {
            let [_, provider, type_name, resource, _] = dead.row().map(|text| cut(&text, 40));
            say!("{what}: {provider} {type_name} {resource}");
        }
    }

    fn sum_up(&self, text: &str, left_out: Counts) {
        if let Some(left_out) = left_out.left_out() {
            note!("{left_out}");
        }
        if !self.json {
            say!("{text}");
        }
    }
}

/// Shows each message that passes, and leaves all of them there.
async fn walk(
    target: &Target,
    filter: &Filter,
    interrupt: &Interrupt,
    mut show: impl FnMut(&DeadLetter),
) -> Result<(), Failure> {
    let mut walk = Walk::list(Client::new(&target.sdk), target.output("DeadLetterQueueUrl")?).await?;
    tell_hidden(&walk);
    let shown = async {
        loop {
            let messages = walk.next().await?;
            if messages.is_empty() || interrupt.received() {
                return Ok(());
            }
            for message in messages {
                let dead = DeadLetter::open(message, target.environment());
                if dead.passes(filter, target).await? {
                    show(&dead);
                }
            }
        }
    };
    let shown: Result<(), Failure> = shown.await;
    walk.end().await?;
    shown
}
