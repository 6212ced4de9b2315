//! The function `summary`, which a schedule invokes once a day.

use std::sync::Arc;
use std::time::Duration;

use acuse_core::clock::{Clock, Timestamp};
use acuse_core::provider::Providers;
use acuse_core::summary::{Day, Language, Zone};
use lambda_runtime::{Error, LambdaEvent, run, service_fn};
use serde::Deserialize;
use tracing::info;

use super::{Publisher, QueueUrls, Sources};
use crate::config::{ConfigError, Variables};
use crate::consumer::deadline;
use crate::hook::Setup;
use crate::ledger::reader::{LedgerReader, Reading};
use crate::sdk;
use crate::system::SystemClock;
use crate::telemetry;

/// Kept free at the end of an invocation, to ask the queues and to send what was counted.
const RESERVE: Duration = Duration::from_secs(20);

/// Sends a summary of the events of `providers` on each invocation, until Lambda ends the process.
///
/// Reads `STACK_NAME`, `LEDGER_TABLE`, `EVENT_QUEUE_URL`, `DEAD_LETTER_QUEUE_URL`, `QUARANTINE_QUEUE_URL`,
/// `DESTINATION_QUEUE_URL` (none), `SUMMARY_TOPIC_ARN`, `SUMMARY_TIMEZONE` (UTC) and `SUMMARY_LANGUAGE` (en).
///
/// # Errors
/// A missing or invalid variable, by name; the runtime's own errors.
pub async fn run_summary(providers: Providers) -> Result<(), Error> {
    let variables = Variables::ENVIRONMENT;
    let settings = Settings::read(&variables)?;
    let queues = queues(&variables)?;
    let stack = variables.required("STACK_NAME", "the stack's name")?;
    let table = variables.required("LEDGER_TABLE", "the name of the ledger's table")?;
    let topic = variables.required("SUMMARY_TOPIC_ARN", "the ARN of the summary's topic")?;
    // Only the local stack's functions have an endpoint, and commands find that stack by themselves.
    let named = match variables.optional("AWS_ENDPOINT_URL") {
        Some(_) => String::new(),
        None => format!(" --stack {stack}"),
    };
    let setup = Setup::new(sdk::load()?, variables);
    let sources = Sources {
        stack,
        named,
        ledger: LedgerReader::new(setup.dynamodb().clone(), table),
        sqs: aws_sdk_sqs::Client::new(setup.sdk()),
        queues,
    };
    let publisher = Publisher::new(setup.sdk(), topic);
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let (settings, sources, publisher, clock) = (&settings, &sources, &publisher, &clock);
    run(service_fn(|event: LambdaEvent<Invocation>| async move {
        let now = clock.now();
        let day = event.payload.day(now, &settings.zone)?;
        let reading = Reading {
            until: Some(deadline(event.context.deadline, now).minus(RESERVE)),
            clock: &**clock,
            progress: &|_| {},
        };
        let summary = sources.summary(providers, &day, &reading).await?;
        publisher.send(&summary, settings.language).await?;
        info!(
            day = %day.date(),
            live = summary.tally.live.accepted(),
            complete = summary.complete,
            "summary sent"
        );
        telemetry::flush_metrics();
        Ok::<_, Error>(())
    }))
    .await
}

/// How summaries are written.
#[derive(Debug, PartialEq, Eq)]
struct Settings {
    zone: Zone,
    language: Language,
}

impl Settings {
    fn read(variables: &Variables) -> Result<Self, ConfigError> {
        Ok(Self {
            zone: variables.read_as(
                "SUMMARY_TIMEZONE",
                Zone::UTC,
                "the IANA name of a time zone, such as America/Bogota",
                |name| name.parse().ok(),
            )?,
            language: variables.read_as("SUMMARY_LANGUAGE", Language::En, "en or es", |name| name.parse().ok())?,
        })
    }
}

fn queues(variables: &Variables) -> Result<QueueUrls, ConfigError> {
    Ok(QueueUrls {
        events: variables.required("EVENT_QUEUE_URL", "the URL of the event queue")?,
        dead_letters: variables.required("DEAD_LETTER_QUEUE_URL", "the URL of the dead-letter queue")?,
        quarantine: variables.required("QUARANTINE_QUEUE_URL", "the URL of the quarantine queue")?,
        destinations: variables.optional("DESTINATION_QUEUE_URL"),
    })
}

/// What the function is invoked with.
#[derive(Debug, Default, Deserialize)]
struct Invocation {
    /// The day to sum up, for whoever invokes the function by hand.
    day: Option<String>,
    /// When the schedule meant to invoke it. A retry may come on the next day.
    scheduled_at: Option<String>,
}

impl Invocation {
    fn day(&self, now: Timestamp, zone: &Zone) -> Result<Day, Error> {
        if let Some(day) = &self.day {
            return Day::parse(day, zone).ok_or_else(|| "`day` should be a date, such as 2026-11-26".into());
        }
        let scheduled = self.scheduled_at.as_deref().and_then(Timestamp::from_rfc3339);
        Ok(Day::before(scheduled.unwrap_or(now), zone))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        Timestamp::from_rfc3339(text).unwrap()
    }

    #[test]
    fn the_day_is_the_one_before_the_schedule_even_if_a_retry_comes_later() {
        let zone: Zone = "America/Bogota".parse().unwrap();
        let day = |json: &str| {
            let invocation: Invocation = serde_json::from_str(json).unwrap();
            let day = invocation.day(at("2026-11-28T05:30:00Z"), &zone);
            day.map(|day| day.date().to_string()).map_err(|error| error.to_string())
        };
        assert_eq!(day("{}").unwrap(), "2026-11-27");
        assert_eq!(
            day(r#"{"scheduled_at": "2026-11-27T13:00:00Z"}"#).unwrap(),
            "2026-11-26"
        );
        assert_eq!(
            day(r#"{"scheduled_at": "<aws.scheduler.scheduled-time>"}"#).unwrap(),
            "2026-11-27"
        );
        assert_eq!(day(r#"{"day": "2026-11-01"}"#).unwrap(), "2026-11-01");
        assert_eq!(
            day(r#"{"day": "1 November"}"#).unwrap_err(),
            "`day` should be a date, such as 2026-11-26"
        );
    }

    #[test]
    fn an_invalid_setting_is_an_error_that_names_the_variable() {
        let read = |name: &str, value: &str| {
            let variables = Variables::listed([(name.to_owned(), value.to_owned())]);
            Settings::read(&variables).map_err(|error| error.to_string())
        };
        let settings = read("SUMMARY_TIMEZONE", "America/Mexico_City").unwrap();
        assert_eq!(
            (settings.zone.to_string().as_str(), settings.language),
            ("America/Mexico_City", Language::En)
        );
        assert_eq!(
            read("SUMMARY_TIMEZONE", "Bogota").unwrap_err(),
            "the environment variable SUMMARY_TIMEZONE is \"Bogota\"; it should be the IANA name of a time zone, such as \
             America/Bogota"
        );
        assert!(
            read("SUMMARY_LANGUAGE", "de")
                .unwrap_err()
                .ends_with("it should be en or es")
        );
    }
}
