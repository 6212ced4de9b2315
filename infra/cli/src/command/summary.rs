//! `acuse summary`: what a day came to, as the function of the same name sends it.

use std::process::ExitCode;

use acuse_aws::ledger::reader::Reading;
use acuse_aws::summary::{Publisher, QueueUrls, Sources};
use acuse_aws::system::SystemClock;
use acuse_core::clock::Clock;
use acuse_core::summary::{Day, Language, Summary, Zone};
use clap::Args;
use serde_json::json;

use super::Failure;
use super::options::StackOptions;
use super::progress::Count;
use crate::registry::providers;
use crate::stack::target::{Target, TargetError};
use crate::terminal;
use crate::{note, say};

/// The day, how it is written, and who gets it.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  acuse summary
  acuse summary --day 2026-11-26 --lang es --stack acuse
  acuse summary --timezone America/Mexico_City --json --stack acuse | jq '.live.rows'
  acuse summary --send --stack acuse")]
pub(crate) struct Arguments {
    /// The day [default: yesterday]
    #[arg(long, value_name = "YYYY-MM-DD")]
    day: Option<String>,
    /// Time zone whose days are meant, by its IANA name [default: the stack's SummaryTimezone]
    #[arg(long, value_name = "ZONE")]
    timezone: Option<Zone>,
    /// Language [default: the stack's SummaryLanguage]
    #[arg(long, value_name = "en|es")]
    lang: Option<Language>,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
    /// Send it to those who get the daily summary, by mail and chat
    #[arg(long)]
    send: bool,
    #[command(flatten)]
    stack: StackOptions,
}

pub(crate) async fn run(arguments: Arguments) -> Result<ExitCode, Failure> {
    let target = arguments.stack.target().await?;
    let zone = match &arguments.timezone {
        Some(zone) => zone.clone(),
        None => setting(&target, "SummaryTimezone", Zone::UTC)?,
    };
    let language = match arguments.lang {
        Some(language) => language,
        None => setting(&target, "SummaryLanguage", Language::En)?,
    };
    let day = day(arguments.day.as_deref(), &zone)?;
    // Found out before a long day is read.
    let publisher = match arguments.send {
        true => Some(Publisher::new(&target.sdk, topic(&target)?)),
        false => None,
    };
    let bar = Count::new("events read");
    let reading = Reading {
        until: None,
        clock: &SystemClock,
        progress: &|events| bar.advance(events),
    };
    let summary = sources(&target)?.summary(providers(), &day, &reading).await;
    bar.clear();
    let summary = summary?;
    match SystemClock.now() {
        now if now < day.start() => note!("the day has not begun: it begins at {}", day.start()),
        now if now < day.end() => note!("the day is not over: it ends at {}", day.end()),
        _ => {}
    }
    match arguments.json {
        true => terminal::json(json!(summary)),
        false => {
            let named = arguments.stack.named();
            print(
                &Summary {
                    named,
                    ..summary.clone()
                },
                language,
            );
        }
    }
    if let Some(publisher) = publisher {
        publisher.send(&summary, language).await?;
        note!("sent to those who get the daily summary");
    }
    Ok(ExitCode::SUCCESS)
}

/// A stack's setting; the default if its template has no such parameter.
fn setting<T: std::str::FromStr>(target: &Target, parameter: &str, default: T) -> Result<T, Failure>
where
    T::Err: ToString,
{
    match target.parameter(parameter) {
        "" => Ok(default),
        value => value
            .parse()
            .map_err(|error: T::Err| Failure::new(format!("the stack's {parameter}: {}", error.to_string()))),
    }
}

fn day(given: Option<&str>, zone: &Zone) -> Result<Day, Failure> {
    let Some(given) = given else {
        return Ok(Day::before(SystemClock.now(), zone));
    };
    let day = Day::parse(given, zone);
    day.ok_or_else(|| Failure::new(format!("`{given}` is no day; a day is written as 2026-11-26")))
}

fn topic(target: &Target) -> Result<String, Failure> {
    match target.output("SummaryTopicArn") {
        Ok(topic) => Ok(topic.to_owned()),
        Err(_) => Err(Failure::with_advice(
            "nobody gets the stack's summary: its SummarySchedule is empty",
            "deploy with `SummarySchedule=\"cron(0 8 * * ? *)\"`, and `SummaryEmail` or a chat (docs/operations.md#be-told)",
        )),
    }
}

fn sources(target: &Target) -> Result<Sources, TargetError> {
    let url = |name| target.output(name).map(str::to_owned);
    Ok(Sources {
        stack: target.name().to_owned(),
        // Who gets it has a machine of their own.
        named: match target.is_local() {
            true => String::new(),
            false => format!(" --stack {}", target.name()),
        },
        ledger: target.ledger()?,
        sqs: aws_sdk_sqs::Client::new(&target.sdk),
        queues: QueueUrls {
            events: url("EventQueueUrl")?,
            dead_letters: url("DeadLetterQueueUrl")?,
            quarantine: url("QuarantineQueueUrl")?,
            destinations: url("DestinationQueueUrl").ok(),
        },
    })
}

fn print(summary: &Summary, language: Language) {
    // The space that does not break a line is for phones: here a line can be searched and copied.
    let text = summary.text(language).replace('\u{a0}', " ");
    text.lines().for_each(|line| say!("{line}"));
}
