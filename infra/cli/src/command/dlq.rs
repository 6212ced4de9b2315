//! `acuse dlq`: inspecting and redriving the dead-letter queue.

mod drop;
mod list;
mod show;

use std::process::ExitCode;

use acuse_aws::system::SystemClock;
use acuse_core::clock::{Clock, Timestamp};
use acuse_core::consume::SetAside;
use clap::{Args, Subcommand};
use drop::Drop;
use show::Show;

use super::Failure;
use super::confirm::confirm;
use super::interrupt::Interrupt;
use super::options::{Caution, Selection};
use super::progress::{Bar, note_hidden};
use crate::stack::audit::{Action, Audit, Begun};
use crate::stack::bindings::Bindings;
use crate::stack::dead_letters::{DeadLetter, send_back};
use crate::stack::error::StackError;
use crate::stack::include::{Counts, Include};
use crate::stack::queue::Walk;
use crate::stack::target::Target;
use crate::terminal::{self, cut, summed_up};
use crate::{note, say};

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// List the messages in the dead-letter queue, and why they are there
    #[command(after_help = "Examples:
  acuse dlq list
  acuse dlq list --provider onepay --account tienda-2
  acuse dlq list --provider onepay --since 24h --json --stack acuse")]
    List(Selection),
    /// Show dead letters in full, with their payload
    #[command(after_help = "Examples:
  acuse dlq show ORD-4821
  acuse dlq show 0c9c41d4-7a8e-4a4f-b7ee-5d4c1c5cf0d1 --json")]
    Show(Show),
    /// Send messages back to the event queue, where rejected events are processed again
    ///
    /// Makes one pass over the messages that are there at the start. A message that comes straight back is
    /// left for the next run. It is safe to interrupt this and to run it again: a message is deleted from
    /// the dead-letter queue only once it is in the event queue, and the ledger drops duplicates.
    ///
    /// Expired events and events of another environment stay where they are unless you include them. Those of
    /// another environment than their account is bound to now always do.
    #[command(after_help = "Examples:
  acuse dlq redrive --dry-run
  acuse dlq redrive --expired --since 24h
  acuse dlq redrive --type payment.approved --error 'no such order' --stack acuse")]
    Redrive(Redrive),
    /// Delete a dead letter that no redrive helps; its event's record keeps the reason
    ///
    /// For a payload that nobody can read, or an event that a hook rejects for good. The message is deleted
    /// only once the reason is recorded. The record of a completed event stays as it is, since nothing of the event is
    /// dropped: the reason is in the audit trail alone. It is safe to run this again.
    #[command(after_help = "Examples:
  acuse dlq drop 0c9c41d4-7a8e-4a4f-b7ee-5d4c1c5cf0d1 --reason 'a scan of the panel, no event' --dry-run
  acuse dlq drop 'onepay#live#payment#p1|payment.approved' --reason 'refunded by hand' --stack acuse")]
    Drop(Drop),
}

#[derive(Debug, Args)]
pub(crate) struct Redrive {
    #[command(flatten)]
    caution: Caution,
    #[command(flatten)]
    selection: Selection,
    #[command(flatten)]
    include: Include,
}

#[derive(Debug, Default)]
struct Done {
    sent: Counts,
    left_out: Counts,
    left: usize,
    refused: Vec<String>,
}

pub(crate) async fn run(command: Command) -> Result<ExitCode, Failure> {
    match command {
        Command::List(selection) => list::run(&selection).await,
        Command::Show(show) => show.run().await,
        Command::Redrive(redrive) => redrive.run().await,
        Command::Drop(drop) => drop.run().await,
    }
}

/// Gives `show` each message that passes the filter, and leaves all of them in the queue.
async fn visit(
    target: &Target,
    selection: &Selection,
    interrupt: &Interrupt,
    mut show: impl AsyncFnMut(&DeadLetter) -> Result<(), Failure>,
) -> Result<(), Failure> {
    let (ledger, references) = (target.ledger()?, target.references());
    let mut walk = Walk::list(target, "DeadLetterQueueUrl").await?;
    note_hidden(&walk);
    let shown = async {
        while let Some(messages) = walk.next().await?
            && !interrupt.received()
        {
            for message in messages {
                let dead = DeadLetter::open(message, target.environment()).with_references(&references);
                if dead.passes(&selection.filter, &ledger).await? {
                    show(&dead).await?;
                }
            }
        }
        Ok(())
    };
    let shown = shown.await;
    walk.end(shown).await
}

/// Why messages are left where they are.
struct Aside<'a> {
    target: &'a Target,
    bindings: Bindings,
    now: Timestamp,
}

impl Aside<'_> {
    /// Why a message is set aside and, if its account is bound to another environment now, what to do about it.
    async fn of(&mut self, dead: &DeadLetter) -> Result<(Option<SetAside>, Option<String>), Failure> {
        self.bindings.load(self.target, &dead.provider).await?;
        match dead.check(&self.bindings) {
            Ok(()) => Ok((dead.set_aside_reason(self.target, self.now), None)),
            Err(error @ StackError::StillBound { named, bound, .. }) => Ok((
                Some(SetAside::AccountEnvironment { named, bound }),
                Some(format!("not sent back: {error}")),
            )),
            Err(error) => Err(error.into()),
        }
    }

    fn note_unread(&self) {
        self.bindings.unread().for_each(|text| note!("{text}"));
    }
}

impl Redrive {
    async fn run(&self) -> Result<ExitCode, Failure> {
        self.selection.is_of_records()?;
        let target = self.selection.stack.target().await?;
        let interrupt = Interrupt::listen();
        let dry_run = self.caution.dry_run;
        let mut aside = Aside {
            target: &target,
            bindings: Bindings::of(&target),
            now: SystemClock.now(),
        };
        if dry_run || (self.include.any() && !self.caution.yes) {
            let mut found = Done::default();
            let visited = visit(&target, &self.selection, &interrupt, async |dead: &DeadLetter| {
                let (set_aside, why) = aside.of(dead).await?;
                if !self.include.includes(set_aside) {
                    found.left_out.add(set_aside);
                    if let Some(why) = why.filter(|_| dry_run) {
                        note!("{why}");
                    }
                    return Ok(());
                }
                found.sent.add(set_aside);
                if dry_run {
                    self.say(dead, "would be sent back");
                }
                Ok(())
            });
            visited.await?;
            if dry_run {
                aside.note_unread();
                let (sent, left) = (found.sent.total(), found.left_out.total());
                let counts = [(sent, "would be sent back"), (left, "would be left")];
                self.sum_up(&summed_up("message", counts), found.left_out);
                return Ok(interrupt.code());
            }
            confirm(&format!("send back {} and hand them to hooks", found.sent), false)?;
        }
        let audit = Audit::of(&target)?;
        let begun = audit.begin(&target, Action::new("dlq redrive"), false).await?;
        let mut walk = Walk::work(&target, "DeadLetterQueueUrl").await?;
        note_hidden(&walk);
        let bar = Bar::new(walk.depth().visible);
        let done = self.send_back(&mut aside, &mut walk, &begun, (&bar, &interrupt)).await;
        let later = walk.later();
        let done = walk.end(done).await;
        bar.clear();
        let count = done.as_ref().map_or(0, |done| done.sent.total());
        let done = begun.end(count, done).await?;
        aside.note_unread();
        let (sent, left) = (done.sent.total(), done.left + done.left_out.total());
        self.sum_up(
            &summed_up("message", [(sent, "sent back"), (left, "left")]),
            done.left_out,
        );
        if later > 0 {
            note!("{later} arrived meanwhile. If they are the same messages, their cause is not fixed yet");
        }
        match done.refused.first() {
            None => Ok(interrupt.code()),
            Some(first) => Err(Failure::with_advice(
                format!(
                    "{} could not be sent back; the first one: {first}",
                    terminal::counted(done.refused.len(), "message")
                ),
                "run this again: the ledger drops what was already sent",
            )),
        }
    }

    async fn send_back(
        &self,
        aside: &mut Aside<'_>,
        walk: &mut Walk,
        begun: &Begun<'_>,
        (bar, interrupt): (&Bar, &Interrupt),
    ) -> Result<Done, Failure> {
        let target = aside.target;
        let (ledger, to) = (target.ledger()?, target.output("EventQueueUrl")?);
        let references = target.references();
        let mut done = Done::default();
        while let Some(messages) = walk.next().await?
            && !interrupt.received()
        {
            bar.advance(messages.len());
            let mut letters = Vec::new();
            for message in messages {
                let dead = DeadLetter::open(message, target.environment()).with_references(&references);
                if !dead.passes(&self.selection.filter, &ledger).await? {
                    done.left += 1;
                    continue;
                }
                let (set_aside, why) = aside.of(&dead).await?;
                if self.include.includes(set_aside) {
                    letters.push((dead, set_aside));
                    continue;
                }
                done.left_out.add(set_aside);
                if let Some(why) = why {
                    bar.suspend(|| note!("{why}"));
                }
            }
            let passing: Vec<&DeadLetter> = letters.iter().map(|(dead, _)| dead).collect();
            let events = passing.iter().flat_map(|dead| &dead.events);
            begun.to_events(events.map(|event| event.key.clone())).await?;
            let returned = send_back(to, walk, &passing).await?;
            done.refused.extend(returned.refused);
            for (dead, set_aside) in &letters {
                if returned.sent.contains(dead.message.message_id().unwrap_or_default()) {
                    done.sent.add(*set_aside);
                    bar.suspend(|| self.say(dead, "sent back"));
                } else {
                    done.left += 1;
                }
            }
        }
        Ok(done)
    }

    fn say(&self, dead: &DeadLetter, what: &str) {
        if self.selection.json {
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
        if !self.selection.json {
            say!("{text}");
        }
    }
}
