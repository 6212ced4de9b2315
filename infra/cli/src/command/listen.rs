//! `acuse listen`: a stack's events at a URL on this machine.
//!
//! It reads the ledger with the operator's credentials, and makes the same requests as the function that delivers to
//! destinations. Nothing is written.

mod keys;
mod news;

use std::process::ExitCode;
use std::time::Duration;

use acuse_aws::destinations::events;
use acuse_aws::ledger::record::Record;
use acuse_aws::system::SystemClock;
use acuse_core::clock::Clock;
use acuse_core::destination::answer::Verdict;
use acuse_core::destination::config::Target as To;
use acuse_core::error::chain;
use acuse_core::event::Event;
use acuse_core::ledger::Status;
use clap::Args;
use keys::Keys;
use news::News;

use super::Failure;
use super::destinations::{json, line};
use super::forward::{Forward, ForwardSecret};
use super::interrupt::interrupted;
use super::options::Selection;
use crate::registry::providers;
use crate::stack::destinations::url;
use crate::stack::target::Target;
use crate::terminal::{self, cut, quoted};
use crate::{note, say};

#[derive(Debug, Args)]
#[command(after_help = "Examples:
  acuse listen --stack dev --forward-to http://localhost:8000/webhooks
  acuse listen --stack dev --forward-to http://localhost:8000/webhooks --provider onepay --type payment.approved
  acuse listen --stack dev --forward-to http://localhost:8000/webhooks --since 2h    also what came in the last 2 h
  acuse listen --forward-to http://localhost:8000/webhooks                           the running local stack

Each verified event is POSTed as a destination gets it, signed with a secret of this session, which is printed; set
ACUSE_FORWARD_SECRET to use the same one each time. Press r and Enter to send the last event again.

Nothing changes in the cloud: the stack needs no destination, its own destinations get the same events, and a failed
request is not repeated. Your AWS credentials have to allow reading the ledger's table.")]
pub(crate) struct Arguments {
    /// Where to POST events: a URL on this machine, or any https URL
    #[arg(long, value_name = "URL", value_parser = url)]
    forward_to: To,
    #[command(flatten)]
    secret: ForwardSecret,
    /// Seconds between looks at the ledger
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u64).range(1..=3600))]
    every: u64,
    #[command(flatten)]
    selection: Selection,
}

/// Follows the ledger until interrupted.
pub(crate) async fn run(arguments: Arguments) -> Result<ExitCode, Failure> {
    arguments.selection.is_of_records()?;
    let target = arguments.selection.stack.target().await?;
    let mut news = News::start(&target, &arguments.selection.filter).await?;
    let forward = Forward::new(&arguments.forward_to, &arguments.secret, target.sdk.clone())?;
    note!(
        "listening to the stack {}, forwarding to {}",
        target.name(),
        forward.target()
    );
    note!("press r and Enter to send the last event again, Ctrl-C to stop");
    let session = Session {
        target: &target,
        forward: &forward,
        json: arguments.selection.json,
    };
    tokio::select! {
        () = session.follow(&mut news, Duration::from_secs(arguments.every)) => {}
        () = interrupted() => {}
    }
    Ok(ExitCode::SUCCESS)
}

struct Session<'a> {
    target: &'a Target,
    forward: &'a Forward,
    json: bool,
}

impl Session<'_> {
    async fn follow(&self, news: &mut News<'_>, every: Duration) {
        let (mut keys, mut last, mut trouble) = (Keys::listen(), None, None);
        loop {
            match news.look().await {
                Ok(records) => {
                    trouble = None;
                    for record in records {
                        if let Some(event) = self.event(&record).await {
                            self.send(&event, "").await;
                            last = Some(event);
                        }
                    }
                }
                // Once for a time in which the ledger can't be read.
                Err(error) => {
                    let error = chain(&error);
                    if trouble.as_ref() != Some(&error) {
                        note!("the ledger can't be read, and this is tried again: {error}");
                    }
                    trouble = Some(error);
                }
            }
            let wait = tokio::time::sleep(every);
            tokio::pin!(wait);
            loop {
                tokio::select! {
                    () = &mut wait => break,
                    () = keys.resend() => match &last {
                        Some(event) => self.send(event, "again  ").await,
                        None => note!("no event was sent yet"),
                    },
                }
            }
        }
    }

    /// The event of a record; `None` if hooks don't get it, and so no destination either.
    async fn event(&self, record: &Record) -> Option<Event> {
        let event = match events::event(&self.target.ledger().ok()?, record, providers()).await {
            Ok(event) => event,
            Err(error) => {
                note!("not sent: {}", chain(&error));
                return None;
            }
        };
        let is_set_aside = record.status != Status::Completed.name()
            && self.target.set_aside_reason(&event, SystemClock.now()).is_some();
        let is_for_hooks = event.unreadable.is_none() && !event.test_delivery && !is_set_aside;
        is_for_hooks.then_some(event)
    }

    async fn send(&self, event: &Event, prefix: &str) {
        let sent = self.forward.send(event).await;
        if self.json {
            return terminal::json(json(event, &sent));
        }
        let resource = event.resource.as_ref().map_or("-", |resource| resource.id.as_str());
        say!(
            "{}  {prefix}{}  {}  {}  {}",
            SystemClock.now(),
            event.account.name.scope(event.provider),
            cut(&event.type_name, 40),
            cut(resource, 40),
            line(&sent)
        );
        let body = sent.answer.as_ref().map(|answer| answer.body.trim());
        if let (Some(body), false) = (body, sent.outcome.verdict() == Verdict::Delivered) {
            for line in quoted("  answer: ", body).iter().take(10) {
                terminal::line(&cut(line, 300));
            }
        }
    }
}
