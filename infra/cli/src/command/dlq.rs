//! `acuse dlq`: what could not be done, and doing it after all.

use std::collections::HashMap;
use std::process::ExitCode;

use acuse_core::clock::Timestamp;
use acuse_core::envelope::Envelope;
use acuse_core::event::{Environment, Event};
use acuse_core::providers;
use aws_sdk_sqs::Client;
use aws_sdk_sqs::types::{Message, MessageAttributeValue};
use clap::{Args, Subcommand};
use comfy_table::{Table, presets};
use serde_json::json;
use thiserror::Error;

use super::Failure;
use super::filter::{Facts, Filter};
use super::interrupt::Interrupt;
use super::progress::bar;
use super::queue::{Walk, attribute, length};
use super::target::{Target, Which};

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

/// A message that could not be sent back.
#[derive(Debug, Error)]
#[error("sending to the event queue")]
struct NotSent(#[source] Box<dyn std::error::Error + Send + Sync>);

/// A message of the dead-letter queue, as far as it can be read.
struct Dead {
    message: Message,
    provider: String,
    event: Option<Event>,
    /// `None` for what SQS moved here after too many receives.
    reason: Option<String>,
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
        let mut table = Table::new();
        table.load_style(presets::NOTHING);
        table.set_header(["RECEIVED", "PROVIDER", "TYPE", "RESOURCE", "REASON"]);
        let mut found = 0usize;
        let walked = walk(&target, &self.filter, &interrupt, |dead| {
            found += 1;
            match self.json {
                true => println!("{}", dead.json()),
                false => drop(table.add_row(dead.row())),
            }
        });
        walked.await?;
        match (self.json, found) {
            (true, _) => {}
            (false, 0) => println!("nothing of that is in the dead-letter queue"),
            (false, _) => println!("{table}"),
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
        let bar = bar(length(&client, from).await?);
        let mut walk = Walk::new(client.clone(), from);
        let done = self.send_back(&target, &client, to, &mut walk, &bar, &interrupt).await;
        // First of all, nothing stays hidden.
        walk.end().await?;
        bar.finish_and_clear();
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
        bar: &indicatif::ProgressBar,
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
                bar.inc(1);
                let dead = Dead::open(message, target.environment());
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

    fn say(&self, dead: &Dead, what: &str) {
        if self.json {
            println!("{}", dead.json());
        } else {
            let [_, provider, type_name, resource, _] = dead.row();
            println!("{what}: {provider} {type_name} {resource}");
        }
    }

    fn sum_up(&self, text: &str) {
        if !self.json {
            println!("{text}");
        }
    }
}

/// Shows each message that passes, and leaves all of them there.
async fn walk(
    target: &Target,
    filter: &Filter,
    interrupt: &Interrupt,
    mut show: impl FnMut(&Dead),
) -> Result<(), Failure> {
    let mut walk = Walk::new(Client::new(&target.sdk), target.output("DeadLetterQueueUrl")?);
    let shown = async {
        loop {
            let messages = walk.next().await?;
            if messages.is_empty() || interrupt.came() {
                return Ok(());
            }
            for message in messages {
                let dead = Dead::open(message, target.environment());
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

impl Dead {
    fn open(message: Message, own: Environment) -> Self {
        let text = message.body.as_deref().unwrap_or_default();
        let envelope = Envelope::from_message(text, |name| attribute(&message, name)).ok();
        let event = envelope.and_then(|envelope| {
            let provider = providers::by_name(&envelope.provider)?;
            Some(Event::read(envelope, provider, own).0)
        });
        Self {
            provider: attribute(&message, "provider").unwrap_or("?").to_owned(),
            reason: attribute(&message, "reason").map(str::to_owned),
            event,
            message,
        }
    }

    async fn passes(&self, filter: &Filter, target: &Target) -> Result<bool, Failure> {
        let facts = Facts {
            provider: &self.provider,
            type_name: self.event.as_ref().map_or("", |event| &event.type_name),
            error: self.reason.as_deref(),
            received_at: self.received_at(),
        };
        if !filter.passes(&facts) {
            return Ok(false);
        }
        let (Some(status), Some(event)) = (filter.status(), &self.event) else {
            return Ok(filter.status().is_none());
        };
        // Only asked for where it matters: a read for each message.
        let records = target.ledger()?.partition(&event.key.partition).await?;
        let key = event.key.to_string();
        Ok(records
            .iter()
            .any(|record| record.key == key && record.status == status.name()))
    }

    fn received_at(&self) -> Option<Timestamp> {
        let millis = attribute(&self.message, "received_at")?.parse().ok()?;
        Some(Timestamp::from_millis(millis))
    }

    fn reason(&self) -> &str {
        self.reason
            .as_deref()
            .unwrap_or("received too often without being done")
    }

    fn row(&self) -> [String; 5] {
        let event = self.event.as_ref();
        let resource = event.and_then(|event| event.resource.as_ref());
        [
            self.received_at().map_or_else(|| "-".to_owned(), |at| at.to_string()),
            self.provider.clone(),
            event.map_or("unreadable", |event| &event.type_name).to_owned(),
            resource.map_or("-", |resource| &resource.id).to_owned(),
            self.reason().to_owned(),
        ]
    }

    fn json(&self) -> serde_json::Value {
        let event = self.event.as_ref();
        json!({
            "provider": self.provider,
            "environment": event.map(|event| event.environment.name()),
            "type": event.map(|event| &event.type_name),
            "resource_id": event.and_then(|event| event.resource.as_ref()).map(|resource| &resource.id),
            "key": event.map(|event| event.key.to_string()),
            "received_at": self.received_at().map(|at| at.to_string()),
            "reason": self.reason(),
            "message_id": self.message.message_id,
        })
    }

    /// Sends it as it came, marked as a replay: a rejected event may be claimed again.
    async fn send(&self, client: &Client, to: &str) -> Result<(), NotSent> {
        let mut attributes: HashMap<String, MessageAttributeValue> =
            self.message.message_attributes.clone().unwrap_or_default();
        attributes.remove("reason");
        let replay = MessageAttributeValue::builder()
            .data_type("String")
            .string_value("1")
            .build();
        attributes.extend(replay.ok().map(|replay| ("replay".to_owned(), replay)));
        let send = client
            .send_message()
            .queue_url(to)
            .message_body(self.message.body.as_deref().unwrap_or_default())
            .set_message_attributes(Some(attributes))
            .message_group_id(&self.provider);
        send.send().await.map(drop).map_err(|error| NotSent(Box::new(error)))
    }
}
