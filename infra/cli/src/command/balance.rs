//! `acuse balance`: whether anything that was accepted is missing.

use std::process::ExitCode;
use std::time::Duration;

use acuse_aws::system::SystemClock;
use acuse_core::clock::{Clock, Timestamp};
use acuse_core::provider::Provider;
use clap::Args;
use serde_json::json;

use super::Failure;
use super::options::StackOptions;
use crate::registry::providers;
use crate::stack::DAY;
use crate::stack::balance::{Balance, NotCounted, Period, Place, check, in_flight};
use crate::stack::filter::{length, moment, provider_parser};
use crate::terminal::{self, counted};
use crate::{note, say};

/// Most ids that are printed; `--json` has all.
const SHOWN: usize = 20;

/// Compares what the verify functions accepted, by their log, with what the ledger and the queues hold. Exits 1 if
/// an accepted delivery is in neither, and prints its id.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  acuse balance --since 2h
  acuse balance --since 2026-11-20 --until 2026-11-21 --provider kuenta --stack acuse
  acuse balance --since 1d --json --stack acuse | jq .unrecorded

The last minute is left out, on the local stack the last 5 seconds (`--in-flight`): these deliveries are still on their
way. Needs LogLevel INFO and SuccessLogPercent 100, and on AWS logs:FilterLogEvents on the functions' log
groups and cloudformation:ListStackResources. Everything that was received in the period is read.

If the ledger has events that the log does not tell of, the log is not complete. Then nobody can tell whether more is
missing, and a note says so.")]
pub(crate) struct Arguments {
    /// Received since: a time ago (90m, 6h, 7d), a day in UTC (2026-11-20), or a moment (2026-11-20T08:00:00-05:00)
    #[arg(long, value_name = "WHEN", default_value = "2h", value_parser = moment)]
    since: Timestamp,
    /// Received before: written as for `--since` [default: as late as `--in-flight` allows]
    #[arg(long, value_name = "WHEN", value_parser = moment)]
    until: Option<Timestamp>,
    /// Leave out deliveries younger than this: they, and their log lines, may be on their way [default: 60s, on the
    /// local stack 5s]
    #[arg(long, value_name = "LENGTH", value_parser = length_parser)]
    in_flight: Option<Duration>,
    /// Only this provider's
    #[arg(long, value_parser = provider_parser())]
    provider: Option<&'static Provider>,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    stack: StackOptions,
}

pub(crate) async fn run(arguments: Arguments) -> Result<ExitCode, Failure> {
    let target = arguments.stack.target().await?;
    check(&target).map_err(failed)?;
    let now = SystemClock.now();
    let in_flight = arguments.in_flight.unwrap_or_else(|| in_flight(&target));
    let border = now.minus(in_flight);
    let period = Period {
        since: arguments.since,
        until: arguments.until.map_or(border, |until| until.min(border)),
    };
    if period.since >= period.until {
        return Err(Failure::with_advice(
            format!("no time is between {} and {}", period.since, period.until),
            format!(
                "begin earlier: deliveries of the last {} s are left out, since they are on their way (`--in-flight`)",
                in_flight.as_secs()
            ),
        ));
    }
    let kept: u32 = target.parameter("LogRetentionDays").parse().unwrap_or(u32::MAX);
    if now.since(period.since) > DAY * kept {
        note!("the log is kept for {kept} days (LogRetentionDays): what was accepted before is not counted");
    }
    let mut own = arguments
        .provider
        .map_or_else(|| providers().iter().collect(), |one| vec![one]);
    own.retain(|provider| target.is_used(provider).is_ok());
    let balance = Balance::of(&target, &own, period).await.map_err(failed)?;
    match arguments.json {
        true => terminal::json(line(&balance)),
        false => print(&balance, in_flight),
    }
    Ok(match balance.books.missing() {
        0 => ExitCode::SUCCESS,
        _ => ExitCode::FAILURE,
    })
}

fn length_parser(text: &str) -> Result<Duration, &'static str> {
    length(text).ok_or("expected a length of time, such as 60s or 5m")
}

/// Says what helps, where something does.
fn failed(error: NotCounted) -> Failure {
    match error {
        NotCounted::Watched => Failure::with_advice(error.to_string(), "start `acuse local` without `--watch`"),
        NotCounted::LogLevel(_) => Failure::with_advice(
            error.to_string(),
            "deploy with LogLevel=INFO; what was accepted before can't be counted",
        ),
        NotCounted::Sampled(_) => Failure::with_advice(
            error.to_string(),
            "deploy with SuccessLogPercent=100; what was accepted before can't be counted",
        ),
        NotCounted::Logs(error) => error.into(),
        NotCounted::Stack(error) => error.into(),
    }
}

fn print(balance: &Balance, in_flight: Duration) {
    let (accepted, books) = (&balance.accepted, &balance.books);
    let Period { since, until } = balance.period;
    say!(
        "received from {since} to {until}; what is younger than {} s is on its way and left out (`--in-flight`)",
        in_flight.as_secs()
    );
    say!("{}", sentence(balance));
    let (queued, missing) = (books.queued(), books.missing());
    if missing > 0 {
        let of = match queued {
            0 => String::new(),
            _ => format!(", {missing} of these {}", books.unrecorded.len()),
        };
        say!("missing{of}: in no record, not dead-lettered, and not in the event queue");
    } else if queued > 0 {
        note!(
            "{} without a record yet, and {} in the event queue. Run this again when it is empty",
            counted(queued, "waiting message"),
            counted(books.event_queue, "message")
        );
    }
    if missing > 0 {
        for id in books.unrecorded.iter().take(SHOWN) {
            let provider = accepted.queued.get(id).map_or("?", String::as_str);
            say!("  {provider} {id}");
        }
        if books.unrecorded.len() > SHOWN {
            say!("  and {} more: `--json` has them all", books.unrecorded.len() - SHOWN);
        }
    }
    if books.released > 0 {
        say!("released from quarantine, and in the ledger: {}", books.released);
    }
    if !books.is_sure() {
        note!(
            "can't tell whether {} missing: {} no line in the log, which is therefore not complete. What was accepted before the log begins (`LogRetentionDays`, or the start of a local stack with `--keep`), while LogLevel was WARN, or was queued by hand, has none",
            if missing > 0 { "more is" } else { "anything is" },
            match books.unlogged.len() {
                1 => "1 event in the ledger has".to_owned(),
                count => format!("{count} events in the ledger have"),
            }
        );
    }
}

/// `accepted 29 = 13 completed + 10 waiting + 4 rejected (1 dead-lettered) + 2 duplicates; 5 in quarantine; 0 missing`.
fn sentence(balance: &Balance) -> String {
    let books = &balance.books;
    let test = books.count(Place::Test);
    let mut terms = vec![
        format!("{} completed", books.count(Place::Completed)),
        format!("{} waiting", balance.waiting()),
        match books.dead_lettered {
            0 => format!("{} rejected", books.count(Place::Rejected)),
            dead => format!("{} rejected ({dead} dead-lettered)", books.count(Place::Rejected)),
        },
        counted(books.count(Place::Duplicate), "duplicate"),
    ];
    match books.count(Place::Conflict) {
        0 => {}
        conflicts => terms.push(counted(conflicts, "conflict")),
    }
    if books.missing() > 0 {
        terms.push(format!("{} missing", books.missing()));
    }
    let mut sentence = format!(
        "accepted {} = {}; {} in quarantine; {} missing",
        balance.accepted(),
        terms.join(" + "),
        books.quarantine,
        books.missing()
    );
    if test > 0 {
        let deliveries = if test == 1 { "delivery" } else { "deliveries" };
        sentence.push_str(&format!("; {test} test {deliveries} apart"));
    }
    sentence
}

fn line(balance: &Balance) -> serde_json::Value {
    let (period, books) = (balance.period, &balance.books);
    let ids = |ids: &std::collections::BTreeSet<_>| {
        let ids = ids
            .iter()
            .map(|id: &acuse_core::wire::delivery::DeliveryId| id.to_string());
        ids.collect::<Vec<_>>()
    };
    let test = books.count(Place::Test);
    json!({
        "since": period.since.to_string(),
        "until": period.until.to_string(),
        "accepted": balance.accepted(),
        "completed": books.count(Place::Completed),
        "waiting": balance.waiting(),
        "rejected": books.count(Place::Rejected),
        "dead_lettered": books.dead_lettered,
        "duplicates": books.count(Place::Duplicate),
        "conflicts": books.count(Place::Conflict),
        "test_deliveries": test,
        "quarantine": books.quarantine,
        "released": books.released,
        "missing": books.missing(),
        "unrecorded": ids(&books.unrecorded),
        "unlogged": ids(&books.unlogged),
        "log_complete": books.is_sure(),
        "event_queue": books.event_queue,
    })
}
