//! `acuse dlq`: what could not be done, and doing it after all.

use std::process::ExitCode;

use aws_sdk_sqs::Client;
use clap::{Args, Subcommand};

use super::Failure;
use super::interrupt::Interrupt;
use super::progress::Bar;
use super::which::Which;
use acuse_cli::dead_letters::DeadLetter;
use acuse_cli::filter::Filter;
use acuse_cli::queue::{Walk, length};
use acuse_cli::say;
use acuse_cli::target::Target;
use acuse_cli::terminal::{self, Table, cut};

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
    /// Safe to interrupt and to run again: a message leaves the dead-letter queue only after it is
    /// in the event queue, and the ledger drops what is done already.
    #[command(after_help = "Examples:
  acuse dlq redrive --dry-run
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
    stack: Which,
}

/// `acuse dlq redrive`
#[derive(Debug, Args)]
pub(crate) struct Redrive {
    /// Says what would be sent, and changes nothing
    #[arg(long)]
    dry_run: bool,
    /// One JSON object a line
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    filter: Filter,
    #[command(flatten)]
    stack: Which,
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
        let target = self.stack.find().await?;
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
            (false, 0) => say!("nothing of that is in the dead-letter queue"),
            (false, _) => table.print(),
        }
        Ok(interrupt.code())
    }
}

impl Redrive {
    async fn run(&self) -> Result<ExitCode, Failure> {
        let target = self.stack.find().await?;
        let interrupt = Interrupt::listen();
        if self.dry_run {
            let mut found = 0usize;
            walk(&target, &self.filter, &interrupt, |dead| {
                found += 1;
                self.say(dead, "would be sent back");
            })
            .await?;
            self.sum_up(&format!("{found} would be sent back"));
            return Ok(interrupt.code());
        }
        let client = Client::new(&target.sdk);
        let (from, to) = (target.output("DeadLetterQueueUrl")?, target.output("EventQueueUrl")?);
        let bar = Bar::new(length(&client, from).await?);
        let mut walk = Walk::new(client.clone(), from);
        let done = self.send_back(&target, &client, to, &mut walk, &bar, &interrupt).await;
        // First of all, nothing stays hidden.
        walk.end().await?;
        bar.clear();
        let (sent, left) = done?;
        self.sum_up(&format!("{sent} sent back, {left} left"));
        Ok(interrupt.code())
    }

    async fn send_back(
        &self,
        target: &Target,
        client: &Client,
        to: &str,
        walk: &mut Walk,
        bar: &Bar,
        interrupt: &Interrupt,
    ) -> Result<(usize, usize), Failure> {
        let (mut sent, mut left) = (0, 0);
        loop {
            let messages = walk.next().await?;
            if messages.is_empty() {
                return Ok((sent, left));
            }
            for message in messages {
                if interrupt.came() {
                    return Ok((sent, left));
                }
                bar.step();
                let dead = DeadLetter::open(message, target.environment());
                if !dead.passes(&self.filter, target).await? {
                    left += 1;
                    continue;
                }
                // Sent first: an interruption between the two makes a duplicate, which the ledger
                // drops. The other way round it would make a loss.
                dead.send(client, to).await?;
                walk.delete(&dead.message).await?;
                sent += 1;
                bar.suspend(|| self.say(&dead, "sent back"));
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

    fn sum_up(&self, text: &str) {
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
    let mut walk = Walk::new(Client::new(&target.sdk), target.output("DeadLetterQueueUrl")?);
    let shown = async {
        loop {
            let messages = walk.next().await?;
            if messages.is_empty() || interrupt.came() {
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
