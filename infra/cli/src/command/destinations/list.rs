//! `acuse destinations list`.

use std::process::ExitCode;

use acuse_aws::system::SystemClock;
use acuse_core::clock::{Clock, Timestamp};
use acuse_core::destination::config::Destination;
use acuse_core::destination::filter::Pattern;
use acuse_core::destination::gate::State;
use clap::Args;
use serde::Serialize;

use crate::command::Failure;
use crate::command::options::StackOptions;
use crate::stack::destinations::StackDestinations;
use crate::stack::destinations::owed::Summary;
use crate::terminal::{self, Table};
use crate::{note, say};

#[derive(Debug, Args)]
pub(crate) struct List {
    /// Print one JSON object per line
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    stack: StackOptions,
}

/// A destination as it is listed. Has no secret: of a URL, only scheme, host and port.
#[derive(Debug, Serialize)]
struct Row<'a> {
    name: &'a str,
    target: String,
    providers: Vec<&'a str>,
    accounts: Vec<&'a str>,
    environments: Vec<&'static str>,
    types: Vec<&'a str>,
    kinds: Vec<&'a str>,
    timeout_seconds: u64,
    parallel: u32,
    allow_private: bool,
    headers: Vec<&'a str>,
    /// Two while a rotation lasts.
    signing_secrets: usize,
    /// `open`, `recovering`, `closed`, `paused`.
    state: &'static str,
    /// The state in words.
    state_detail: String,
    owed: usize,
    given_up: usize,
    /// There are more than are counted.
    more: bool,
    oldest_owed_since: Option<String>,
    /// Why the latest try failed, of those that are owed.
    error: Option<String>,
}

impl List {
    pub(super) async fn run(&self) -> Result<ExitCode, Failure> {
        let target = self.stack.target().await?;
        let stack = StackDestinations::of(&target)?;
        let (destinations, now) = (stack.configuration.get().await?, SystemClock.now());
        let mut rows = Vec::new();
        for destination in destinations.iter() {
            let gate = stack.gates.get(&destination.name).await?;
            let summary = stack.summary(&destination.name).await?;
            rows.push(row(destination, &gate.state(now), summary));
        }
        match self.json {
            true => rows
                .iter()
                .try_for_each(|row| serde_json::to_string(row).map(terminal::json))?,
            false => print(&rows, now),
        }
        let mut code = ExitCode::SUCCESS;
        for error in destinations.errors() {
            note!("error: {error}; it gets nothing until that is corrected, and what it wants stays owed");
            code = ExitCode::FAILURE;
        }
        Ok(code)
    }
}

fn row<'a>(destination: &'a Destination, state: &State, summary: Summary) -> Row<'a> {
    let texts = |patterns: &'a [Pattern]| patterns.iter().map(Pattern::as_str).collect();
    let filters = &destination.filters;
    let (state, state_detail) = state_text(destination, state);
    Row {
        name: destination.name.as_str(),
        target: destination.target.to_string(),
        providers: texts(&filters.providers),
        accounts: texts(&filters.accounts),
        environments: filters
            .environments
            .iter()
            .map(|environment| environment.name())
            .collect(),
        types: texts(&filters.types),
        kinds: texts(&filters.kinds),
        timeout_seconds: destination.timeout.as_secs(),
        parallel: destination.parallel,
        allow_private: destination.allow_private,
        headers: destination.headers.expose().map(|(name, _)| name).collect(),
        signing_secrets: destination.signing_secrets.len(),
        state,
        state_detail,
        owed: summary.owed,
        given_up: summary.given_up,
        more: summary.more,
        oldest_owed_since: summary.oldest.map(|at| at.to_string()),
        error: summary.error,
    }
}

/// A state in a word, and in more words.
pub(crate) fn state_text(destination: &Destination, state: &State) -> (&'static str, String) {
    match state {
        State::Paused(pause) => {
            let since = Timestamp::from_millis(pause.since_ms);
            ("paused", format!("paused since {since}: {}", pause.reason))
        }
        _ if destination.paused => ("paused", "paused, says the configuration".to_owned()),
        State::Closed { until, failures } => (
            "closed",
            format!("closed until {until} after {failures} failures in a row"),
        ),
        State::Recovering { allowance } => (
            "recovering",
            format!("recovering: {allowance} of {} at a time", destination.parallel),
        ),
        State::Open => ("open", "open".to_owned()),
    }
}

/// What a destination gets, in words.
fn wants(row: &Row<'_>) -> String {
    let mut what = row.types.clone();
    what.extend(&row.kinds);
    let parts = [&row.providers, &row.accounts, &row.environments, &what];
    let parts: Vec<String> = parts
        .into_iter()
        .filter(|part| !part.is_empty())
        .map(|part| part.join(", "))
        .collect();
    match parts.is_empty() {
        true => "all events".to_owned(),
        false => parts.join("; "),
    }
}

/// How long ago that is: `45 s`, `12 min`, `5 h`, `3 d`.
pub(crate) fn age(since: Timestamp, now: Timestamp) -> String {
    match now.since(since).as_secs() {
        seconds @ ..120 => format!("{seconds} s"),
        seconds @ ..7200 => format!("{} min", seconds / 60),
        seconds @ ..172_800 => format!("{} h", seconds / 3600),
        seconds => format!("{} d", seconds / 86_400),
    }
}

fn print(rows: &[Row<'_>], now: Timestamp) {
    if rows.is_empty() {
        say!("no destinations yet: `acuse destinations add NAME --url URL`");
        return;
    }
    let mut table = Table::new([
        ("NAME", 64),
        ("TARGET", 60),
        ("GETS", 50),
        ("STATE", 70),
        ("OWED", 8),
        ("OLDEST", 8),
        ("GIVEN UP", 8),
    ]);
    for row in rows {
        let more = if row.more { "+" } else { "" };
        let oldest = row.oldest_owed_since.as_deref().and_then(Timestamp::from_rfc3339);
        table.add_row([
            row.name,
            &row.target,
            &wants(row),
            &row.state_detail,
            &format!("{}{more}", row.owed),
            &oldest.map_or_else(|| "-".to_owned(), |at| age(at, now)),
            &format!("{}{more}", row.given_up),
        ]);
    }
    table.print();
    for row in rows.iter().filter(|row| row.signing_secrets > 1) {
        note!(
            "a rotation of `{0}` is under way: finish it with `acuse destinations rotate {0} --finish`",
            row.name
        );
    }
    for row in rows {
        if let Some(error) = &row.error {
            say!("✗ {}: {error}", row.name);
        }
    }
}

#[cfg(test)]
mod tests {
    use acuse_core::destination::DestinationName;
    use acuse_core::destination::config::Target;
    use acuse_core::destination::filter::Filters;
    use acuse_core::destination::gate::Pause;

    use super::*;

    fn destination(types: &[&str], kinds: &[&str]) -> Destination {
        let name = DestinationName::parse("shop").unwrap();
        let target = Target::parse("https://shop.example/hunter2?key=hunter2").unwrap();
        let mut destination = Destination::new(name, target, Vec::new());
        let patterns = |texts: &[&str]| texts.iter().map(|text| Pattern::parse(text).unwrap()).collect();
        destination.filters = Filters {
            types: patterns(types),
            kinds: patterns(kinds),
            ..Filters::default()
        };
        destination.headers.add("authorization", "hunter2").unwrap();
        destination
    }

    #[test]
    fn a_row_has_no_secret() {
        let shop = destination(&["payment.*"], &["Refund*"]);
        let row = row(&shop, &State::Open, Summary::default());
        let json = serde_json::to_string(&row).unwrap();
        assert!(
            json.contains("https://shop.example\"") && !json.contains("hunter2"),
            "{json}"
        );
        assert_eq!(wants(&row), "payment.*, Refund*");
        let all = destination(&[], &[]);
        assert_eq!(wants(&super::row(&all, &State::Open, Summary::default())), "all events");
    }

    #[test]
    fn a_state_says_why() {
        let shop = destination(&[], &[]);
        let pause = Pause {
            reason: "answered 410 Gone".to_owned(),
            since_ms: 1_800_000_000_000,
        };
        let text = |state: &State| state_text(&shop, state).1;
        assert_eq!(
            text(&State::Paused(pause)),
            "paused since 2027-01-15T08:00:00.000Z: answered 410 Gone"
        );
        let until = Timestamp::from_seconds(1_800_000_020);
        assert_eq!(
            text(&State::Closed { until, failures: 5 }),
            "closed until 2027-01-15T08:00:20.000Z after 5 failures in a row"
        );
        assert_eq!(
            text(&State::Recovering { allowance: 1 }),
            "recovering: 1 of 10 at a time"
        );
    }

    #[test]
    fn an_age_is_short() {
        let now = Timestamp::from_seconds(1_800_000_000);
        let ages = [5, 119, 120, 7199, 7200, 172_800]
            .map(|seconds| age(Timestamp::from_seconds(1_800_000_000 - seconds), now));
        assert_eq!(ages, ["5 s", "119 s", "2 min", "119 min", "2 h", "2 d"]);
    }
}
