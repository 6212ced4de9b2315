//! Sends what is planned, and prints what comes of it.

use std::cell::RefCell;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use acuse_aws::system::SystemClock;
use acuse_core::account::Environment;
use acuse_core::clock::Clock;
use bytes::Bytes;
use futures_util::{StreamExt, stream};
use serde_json::json;

use super::Arguments;
use super::payload::{Planned, Shuffle, Source};
use super::sender::{Sender, Senders};
use super::summary::{Summary, with_cause};
use crate::command::Failure;
use crate::command::interrupt::{INTERRUPTED, interrupted};
use crate::command::progress::Bar;
use crate::http::{Answer, PostError, Poster};
use crate::sample::{About, Sample};
use crate::terminal::{self, cut};
use crate::{note, say};

/// Providers give up after 5 s. This waits longer, to show how slow an answer is.
const PATIENCE: Duration = Duration::from_secs(10);

pub(super) struct Deliveries<'a> {
    pub(super) arguments: &'a Arguments,
    pub(super) source: &'a Source,
    pub(super) senders: &'a Senders,
    pub(super) shuffle: Option<Shuffle>,
    /// The stack's.
    pub(super) environment: Environment,
}

/// What all runs share.
struct Progress {
    poster: Poster,
    summary: RefCell<Summary>,
    /// Only if many are sent at once.
    bar: Option<Bar>,
}

impl Deliveries<'_> {
    pub(super) fn print(&self) -> Result<ExitCode, Failure> {
        for _ in 0..self.arguments.count {
            for event in self.plan()? {
                match String::from_utf8(event.body) {
                    Ok(text) => terminal::json(text.trim_end()),
                    Err(_) => return Err(Failure::new("the payload is not text, so it can't be printed")),
                }
            }
        }
        Ok(ExitCode::SUCCESS)
    }

    pub(super) async fn send(&self) -> Result<ExitCode, Failure> {
        let arguments = self.arguments;
        let expected = if arguments.broken.is_some() { 401 } else { 200 };
        let total = u64::from(arguments.count) * u64::from(self.source.deliveries(arguments.twice));
        let progress = Progress {
            poster: Poster::new(PATIENCE)?,
            summary: RefCell::new(Summary::new(expected)),
            bar: arguments.concurrency.map(|_| Bar::new(total)),
        };
        let runs = stream::iter(0..arguments.count).map(|_| self.run(&progress));
        let runs = runs.buffer_unordered(arguments.concurrency.unwrap_or(1).into());
        let mut interruption = std::pin::pin!(interrupted());
        let mut runs = std::pin::pin!(runs);
        let stopped = loop {
            tokio::select! {
                run = runs.next() => match run {
                    Some(run) => run?,
                    None => break false,
                },
                // Otherwise, the signal ends the program.
                () = &mut interruption, if progress.bar.is_some() => break true,
            }
        };
        let mut summary = progress.summary.borrow_mut();
        if let Some(bar) = &progress.bar {
            bar.clear();
            for line in summary.lines() {
                match arguments.json {
                    true => note!("{line}"),
                    false => say!("{line}"),
                }
            }
        }
        let (sent, unexpected) = (summary.sent(), summary.unexpected());
        if stopped {
            let at_once = arguments.concurrency.unwrap_or(1);
            note!("stopped before all {total} were sent; up to {at_once} more may have arrived");
            return Ok(ExitCode::from(INTERRUPTED));
        }
        if unexpected > 0 {
            return Err(Failure::new(format!(
                "{unexpected} of {sent} deliveries were not answered {expected}"
            )));
        }
        Ok(ExitCode::SUCCESS)
    }

    fn plan(&self) -> Result<Vec<Planned<'_>>, Failure> {
        let planned = self
            .source
            .plan(self.senders, &self.arguments.changes, self.arguments.twice)?;
        Ok(match &self.shuffle {
            Some(shuffle) => shuffle.apply(planned),
            None => planned,
        })
    }

    /// One run: an event, or those of a scenario, one after the other.
    async fn run(&self, progress: &Progress) -> Result<(), Failure> {
        for event in self.plan()? {
            if !event.delay.is_zero() {
                tokio::time::sleep(event.delay).await;
            }
            let Planned { sender, body, .. } = event;
            let (provider, now) = (sender.provider, SystemClock.now());
            let sample = Sample::signed(provider, body, &sender.secrets, now, self.arguments.broken)?;
            let about = self.about(sender, &sample.body);
            for _ in 0..=u32::from(event.twice) {
                let started = Instant::now();
                let answer = progress.poster.post(&sender.url, &sample.headers, &sample.body).await;
                let took = started.elapsed();
                progress.summary.borrow_mut().add(&answer, took);
                match (&progress.bar, answer) {
                    (Some(bar), answer) => {
                        bar.advance(1);
                        if self.arguments.json {
                            bar.suspend(|| print_json(sender, about.as_ref(), &answer, took));
                        }
                    }
                    (None, Ok(answer)) if self.arguments.json => print_json(sender, about.as_ref(), &Ok(answer), took),
                    (None, Ok(answer)) => print_line(about.as_ref(), &answer),
                    (None, Err(error)) => return Err(error.into()),
                }
            }
        }
        Ok(())
    }

    /// `None` if nobody asks, or if it is not known.
    fn about(&self, sender: &Sender, body: &Bytes) -> Option<About> {
        let is_shown = self.arguments.json || self.arguments.concurrency.is_none();
        let account = sender.secrets.account();
        is_shown
            .then(|| About::read(sender.provider, body, account, self.environment, SystemClock.now()))
            .flatten()
    }
}

fn print_line(about: Option<&About>, answer: &Answer) {
    let delivery = answer.delivery_id.as_ref().map(|id| format!("  delivery {id}"));
    let reference = about.and_then(|about| about.reference.as_ref());
    let reference = reference.map(|reference| format!("  reference {}", cut(reference, 60)));
    let key = about.map(|about| format!("  {}", about.key));
    let rest: String = [delivery, reference, key].into_iter().flatten().collect();
    say!("{} {}{rest}", answer.status, cut(&answer.text, 300));
}

fn print_json(sender: &Sender, about: Option<&About>, answer: &Result<Answer, PostError>, took: Duration) {
    let (answer, error) = (answer.as_ref().ok(), answer.as_ref().err());
    terminal::json(json!({
        "provider": sender.provider.name,
        "account": sender.secrets.account().name.as_str(),
        "type": about.map(|about| &about.type_name),
        "reference": about.and_then(|about| about.reference.as_ref()),
        "key": about.map(|about| &about.key),
        "milliseconds": took.as_millis(),
        "status": answer.map(|answer| answer.status),
        "answer": answer.map(|answer| &answer.text),
        "delivery_id": answer.and_then(|answer| answer.delivery_id.as_ref()),
        "error": error.map(with_cause),
    }));
}
