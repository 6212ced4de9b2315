//! `acuse dlq drop`: ending dead letters that no redrive helps.

use std::process::ExitCode;

use acuse_aws::ledger::dropped::{Drops, Noted};
use acuse_aws::system::SystemClock;
use acuse_core::clock::Clock;
use acuse_core::event::key::IdempotencyKey;
use clap::Args;
use clap::builder::NonEmptyStringValueParser;
use serde_json::json;

use crate::command::Failure;
use crate::command::options::StackOptions;
use crate::command::progress::note_hidden;
use crate::note;
use crate::stack::audit::{Action, Audit, Begun};
use crate::stack::dead_letters::DeadLetter;
use crate::stack::queue::Walk;
use crate::stack::target::Target;
use crate::terminal::{self, cut};

#[derive(Debug, Args)]
pub(crate) struct Drop {
    /// A message id, as `acuse dlq list` prints it, an event's key or a delivery id
    #[arg(value_parser = NonEmptyStringValueParser::new(), value_name = "ID")]
    id: String,
    /// Why: the event's record keeps it, unless the event is completed; the audit trail does in any case
    #[arg(long, value_parser = NonEmptyStringValueParser::new(), value_name = "TEXT")]
    reason: String,
    /// Print what would be dropped, and change nothing
    #[arg(long)]
    dry_run: bool,
    /// Print one JSON object per line
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    stack: StackOptions,
}

impl Drop {
    pub(super) async fn run(&self) -> Result<ExitCode, Failure> {
        let target = self.stack.target().await?;
        let audit = Audit::of(&target)?;
        let action = Action::new("dlq drop").on(&self.id).because(&self.reason);
        let begun = audit.begin(&target, action, self.dry_run).await?;
        let mut walk = match self.dry_run {
            true => Walk::list(&target, "DeadLetterQueueUrl").await?,
            false => Walk::work(&target, "DeadLetterQueueUrl").await?,
        };
        note_hidden(&walk);
        let dropped = self.drop_in(&target, &begun, &mut walk).await;
        let dropped = walk.end(dropped).await;
        let count = dropped.as_ref().map_or(0, |count| *count);
        match begun.end(count, dropped).await? {
            0 => Err(Failure::with_advice(
                format!("no dead letter `{}`", self.id),
                "`acuse dlq list` has the id of each",
            )),
            _ => Ok(ExitCode::SUCCESS),
        }
    }

    /// How many were dropped, or would be: the same delivery may be there more than once.
    async fn drop_in(&self, target: &Target, begun: &Begun<'_>, walk: &mut Walk) -> Result<usize, Failure> {
        let mut dropped = 0;
        while let Some(messages) = walk.next().await? {
            for message in messages {
                let dead = DeadLetter::open(message, target.environment());
                if !self.names(&dead) {
                    continue;
                }
                dropped += 1;
                if self.dry_run {
                    self.say(&dead, "would be dropped");
                    continue;
                }
                begun.to_events(dead.keys()).await?;
                let noted = self.record(target, &dead).await?;
                // Recorded first: a message that is gone must have left its reason.
                if let Some(refused) = walk.delete(&[&dead.message]).await?.refused.first() {
                    return Err(Failure::with_advice(
                        format!("not deleted from the dead-letter queue: {}", refused.reason),
                        "run this again",
                    ));
                }
                self.say(&dead, "dropped");
                if noted.contains(&Noted::Completed) {
                    note!(
                        "its event is completed, so that its record stays as it is; the reason is in the audit trail (`acuse audit list`)"
                    );
                } else if !noted.contains(&Noted::Kept) {
                    note!("the ledger has no record of it to keep the reason: {}", self.reason);
                }
            }
        }
        Ok(dropped)
    }

    fn names(&self, dead: &DeadLetter) -> bool {
        let keys = dead.keys();
        dead.message.message_id() == Some(&*self.id)
            || dead.delivery_id() == Some(&*self.id)
            || keys.iter().any(|key| key.to_string() == self.id)
    }

    /// What the record of each of its events made of the reason.
    async fn record(&self, target: &Target, dead: &DeadLetter) -> Result<Vec<Noted>, Failure> {
        let client = aws_sdk_dynamodb::Client::new(&target.sdk);
        let drops = Drops::new(client, target.output("LedgerTableName")?);
        let (keys, now): (Vec<IdempotencyKey>, _) = (dead.keys(), SystemClock.now());
        let mut noted = Vec::new();
        for key in &keys {
            noted.push(drops.note(key, &self.reason, now).await?);
        }
        Ok(noted)
    }

    fn say(&self, dead: &DeadLetter, what: &str) {
        if self.json {
            let mut line = dead.json();
            if let Some(line) = line.as_object_mut() {
                line.insert("outcome".to_owned(), json!(what));
            }
            terminal::json(line);
        } else {
            let [_, provider, type_name, resource, reason] = dead.row().map(|text| cut(&text, 80));
            terminal::line(&format!("{what}: {provider} {type_name} {resource}: {reason}"));
        }
    }
}
