//! `acuse events export`: the ledger's events of a period, as lines for other programs.
//!
//! ```text
//! day by day ─▶ a page of all providers, oldest first ─▶ filter ─▶ a line for each event ─▶ file or pipe
//! ```
//!
//! All providers' events are in one order, by the time of receipt. So the last line of a file says where it ends, and
//! what it continues with is never before that.

mod line;
mod output;
mod tail;

use std::collections::HashSet;
use std::path::PathBuf;
use std::process::ExitCode;

use acuse_aws::destinations::events;
use acuse_aws::ledger::reader::LedgerReader;
use acuse_aws::ledger::record::Record;
use acuse_aws::system::SystemClock;
use acuse_core::clock::{Clock, Timestamp};
use clap::{Args, ValueEnum};
use line::Lines;
use output::Output;

use crate::command::Failure;
use crate::command::interrupt::{INTERRUPTED, interrupted};
use crate::command::options::StackOptions;
use crate::command::progress::Bar;
use crate::note;
use crate::registry::providers;
use crate::stack::DAY;
use crate::stack::destinations::progress::DeliveriesOf;
use crate::stack::events::{complete, passes};
use crate::stack::filter::{Filter, start_of_day};
use crate::stack::target::Target;
use crate::terminal::counted;

#[derive(Debug, Args)]
pub(crate) struct Export {
    /// How to write an event
    #[arg(long, value_enum, default_value_t = Format::Jsonl)]
    format: Format,
    /// Write to this file, which must not exist yet [default: standard output]
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Continue the file where it ends, or begin it if there is none; give the same filter as before
    #[arg(long, requires = "output")]
    resume: bool,
    /// Only events of this environment
    #[arg(long, value_name = "NAME", value_parser = ["live", "test"])]
    environment: Option<String>,
    #[command(flatten)]
    filter: Filter,
    #[command(flatten)]
    stack: StackOptions,
}

/// How an event is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// A JSON object a line, with the payload as sent
    Jsonl,
    /// Comma-separated values (RFC 4180) with a line of names, without the payload
    Csv,
}

/// The period, and what is in the file already.
struct Period {
    since: Timestamp,
    until: Timestamp,
    /// The keys, as written, of the events that were received at `since` and are in the file.
    written: HashSet<String>,
}

/// What came of an export.
#[derive(Default)]
struct Exported {
    events: usize,
    /// When the last event in the output was received.
    last: Option<String>,
}

impl Export {
    pub(super) async fn run(&self) -> Result<ExitCode, Failure> {
        let asked = self.period()?;
        // The signals are caught before there is a file.
        let stop = tokio::spawn(interrupted());
        tokio::task::yield_now().await;
        let target = self.stack.target().await?.patient();
        let continued = self.resume && self.output.as_ref().is_some_and(|path| path.exists());
        let (mut output, period) = Output::open(self.output.as_deref(), self.resume, self.format, asked)?;
        let mut exported = Exported::default();
        let ended = tokio::select! {
            written = self.write(&target, &period, &mut output, &mut exported) => Some(written),
            _ = stop => None,
        };
        // Whatever ended it, the lines so far are whole.
        output.finish()?;
        let count = counted(exported.events, "event");
        match ended {
            Some(Ok(())) => {
                let now = if continued { "added" } else { "written" };
                note!("{count} {now}, received from {} until {}", period.since, period.until);
                Ok(ExitCode::SUCCESS)
            }
            Some(Err(failure)) => {
                note!("stopped after {count}; {}", self.how_to_go_on(&exported));
                Err(failure)
            }
            None => {
                note!("stopped after {count}; {}", self.how_to_go_on(&exported));
                Ok(ExitCode::from(INTERRUPTED))
            }
        }
    }

    /// # Errors
    /// Without `--since`, or if nothing can be in it.
    fn period(&self) -> Result<Asked, Failure> {
        let Some(since) = self.filter.since else {
            return Err(Failure::with_advice(
                "an export needs `--since`: from when on",
                "for everything that the ledger has, go back as far as `RetentionDays`: `--since 90d`",
            ));
        };
        let now = SystemClock.now();
        if since > now {
            return Err(Failure::with_advice(
                format!("`--since` ({since}) is in the future: it is {now}"),
                "name an earlier time: `--since 24h`, or a day that has begun",
            ));
        }
        let until = self.filter.until.unwrap_or(now);
        if until <= since {
            return Err(Failure::with_advice(
                format!("`--until` ({until}) is not after `--since` ({since})"),
                "a day itself is not included by `--until`: for the 20th, `--since 2026-11-20 --until 2026-11-21`",
            ));
        }
        Ok(Asked { since, until })
    }

    async fn write(
        &self,
        target: &Target,
        period: &Period,
        output: &mut Output,
        exported: &mut Exported,
    ) -> Result<(), Failure> {
        let (ledger, references) = (target.ledger()?, target.references());
        let names: Vec<&str> = self.filter.providers().iter().map(|provider| provider.name).collect();
        let days: Vec<Timestamp> = days(period).collect();
        let bar = Bar::days(u64::try_from(days.len()).unwrap_or(u64::MAX));
        let lines = Lines::of(self.format);
        for from in days {
            let end = next_day(from).min(period.until);
            let account = self.filter.account.as_ref();
            let mut walk = ledger.walk_day(names.iter().copied(), account, from, end).await?;
            loop {
                let page = walk.next().await?;
                if page.is_empty() {
                    break;
                }
                let mut records = self.chosen(target, page, period, &lines).await?;
                records.iter_mut().for_each(|record| complete(&references, record));
                let deliveries = match self.format {
                    Format::Csv => DeliveriesOf::default(),
                    Format::Jsonl => DeliveriesOf::records(target, &records).await?,
                };
                for record in records {
                    output.line(&self.line(&ledger, &record, &deliveries, &lines).await?)?;
                    exported.events += 1;
                    exported.last = record.received_at;
                }
                bar.events(exported.events);
            }
            bar.advance(1);
        }
        bar.clear();
        Ok(())
    }

    /// The events of a page that pass the filter and are not in the file yet.
    async fn chosen(
        &self,
        target: &Target,
        mut page: Vec<Record>,
        period: &Period,
        lines: &Lines,
    ) -> Result<Vec<Record>, Failure> {
        let since = period.since.to_string();
        page.retain(|record| {
            let is_written =
                record.received_at.as_deref() == Some(&since) && period.written.contains(&lines.key(record));
            let environment = self.environment.as_ref();
            !is_written && passes(&self.filter, record) && environment.is_none_or(|own| *own == record.environment)
        });
        Ok(match self.filter.progress() {
            Some(progress) => DeliveriesOf::only(target, page, progress, usize::MAX).await?,
            None => page,
        })
    }

    async fn line(
        &self,
        ledger: &LedgerReader,
        record: &Record,
        deliveries: &DeliveriesOf,
        lines: &Lines,
    ) -> Result<String, Failure> {
        let payload = match self.format {
            // It has no payloads, only what one says.
            Format::Csv => ledger.payload(record).await.unwrap_or_default(),
            Format::Jsonl => ledger.payload(record).await?,
        };
        let event = payload
            .clone()
            .map(|payload| events::read(record, payload, providers()));
        let kind = event.and_then(Result::ok).map(|event| event.kind.name());
        match self.format {
            Format::Csv => lines.csv(record, kind),
            Format::Jsonl => Ok(lines.json(record, deliveries.json(record), kind, payload.as_deref())),
        }
    }

    fn how_to_go_on(&self, exported: &Exported) -> String {
        match (&self.output, &exported.last) {
            (Some(_), _) => "the file has whole lines: go on with the same command and `--resume`".to_owned(),
            (None, Some(last)) => {
                format!("go on with `--since {last}`, from where the last line is, which comes once more")
            }
            (None, None) => "run it again".to_owned(),
        }
    }
}

/// What the command line asks for.
#[derive(Debug, Clone, Copy)]
struct Asked {
    since: Timestamp,
    until: Timestamp,
}

/// The start of each UTC day of the period; of the first one, the period's start.
fn days(period: &Period) -> impl Iterator<Item = Timestamp> {
    let until = period.until;
    std::iter::successors(Some(period.since), |day| Some(next_day(*day))).take_while(move |day| *day < until)
}

fn next_day(at: Timestamp) -> Timestamp {
    start_of_day(&at.day()).unwrap_or(at).plus(DAY)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        Timestamp::from_rfc3339(text).unwrap()
    }

    #[test]
    fn a_period_is_taken_day_by_day_and_its_end_is_not_in_it() {
        let days_of = |since: &str, until: &str| -> Vec<String> {
            let period = Period {
                since: at(since),
                until: at(until),
                written: HashSet::new(),
            };
            days(&period).map(|day| day.to_string()).collect()
        };
        let (since, until) = ("2026-11-30T22:15:00Z", "2026-12-02T00:00:00Z");
        let found = days_of(since, until);
        assert_eq!(found, [at(since).to_string(), at("2026-12-01T00:00:00Z").to_string()]);
        assert_eq!(days_of("2026-11-30T22:15:00Z", "2026-11-30T22:15:00.001Z").len(), 1);
    }
}
