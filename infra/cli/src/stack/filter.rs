//! Which events: the same options wherever events are chosen.

use crate::sample;
use acuse_core::clock::{Clock, Timestamp};
use acuse_core::ledger::Status;
use acuse_core::provider::Provider;
use acuse_core::providers;
use clap::Args;
use clap::builder::PossibleValuesParser;
use jiff::civil::DateTime;
use jiff::{Span, SpanRelativeTo};

/// Which events.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Which events")]
pub struct Filter {
    /// Only this provider's
    #[arg(long, value_parser = sample::names())]
    pub provider: Option<String>,
    /// Only of this type: payment.approved
    #[arg(long = "type", value_name = "TYPE")]
    pub type_name: Option<String>,
    /// Only those whose record has this status
    #[arg(long, ignore_case = true, value_parser = status_names())]
    pub status: Option<String>,
    /// Only those whose error or reason contains this text
    #[arg(long, value_name = "TEXT")]
    pub error: Option<String>,
    /// Received since then: 90m, 6h, 7d ago, 2026-11-20 (the day's start in UTC), or 2026-11-20T08:00:00-05:00
    #[arg(long, value_parser = moment, value_name = "WHEN")]
    pub since: Option<Timestamp>,
    /// Received before then, written as for `--since`; a date leaves its own day out
    #[arg(long, value_parser = moment, value_name = "WHEN")]
    pub until: Option<Timestamp>,
}

/// What a filter looks at.
pub struct Facts<'a> {
    #[expect(missing_docs, reason = "the name says it")]
    pub provider: &'a str,
    #[expect(missing_docs, reason = "the name says it")]
    pub type_name: &'a str,
    #[expect(missing_docs, reason = "the name says it")]
    pub error: Option<&'a str>,
    #[expect(missing_docs, reason = "the name says it")]
    pub received_at: Option<Timestamp>,
}

impl Filter {
    /// The providers whose events may pass.
    pub fn providers(&self) -> Vec<&'static Provider> {
        let only = self.provider.as_deref().and_then(|name| sample::provider(name).ok());
        only.map_or_else(|| providers::ALL.to_vec(), |provider| vec![provider])
    }

    /// The status that a record must have.
    pub fn status(&self) -> Option<Status> {
        let name = self.status.as_deref()?.to_ascii_uppercase();
        Status::from_name(&name)
    }

    /// Whether everything passes.
    pub fn is_open(&self) -> bool {
        let texts = [&self.type_name, &self.status, &self.error];
        texts.into_iter().all(Option::is_none) && self.since.is_none() && self.until.is_none()
    }

    /// Whether an event passes, whatever its status is.
    pub fn passes(&self, facts: &Facts<'_>) -> bool {
        let provider = self.provider.as_deref().is_none_or(|own| own == facts.provider);
        let type_name = self.type_name.as_deref().is_none_or(|own| own == facts.type_name);
        let error = self.error.as_deref();
        let error = error.is_none_or(|own| facts.error.is_some_and(|error| error.contains(own)));
        let since = self
            .since
            .is_none_or(|since| facts.received_at.is_some_and(|at| at >= since));
        let until = self
            .until
            .is_none_or(|until| facts.received_at.is_some_and(|at| at < until));
        provider && type_name && error && since && until
    }
}

fn status_names() -> PossibleValuesParser {
    PossibleValuesParser::new(Status::ALL.map(Status::name))
}

/// So long ago (`90m`, `7d`), the start of a day in UTC (`2026-11-20`), or then (RFC 3339).
///
/// # Errors
/// What would be right.
pub fn moment(text: &str) -> Result<Timestamp, String> {
    let text = text.trim();
    if let Some(moment) = Timestamp::from_rfc3339(text).or_else(|| start_of_day(text)) {
        return Ok(moment);
    }
    // Nobody can say which zone was meant: that of the operator's machine, the provider's, or UTC.
    if text.contains(':') && text.parse::<DateTime>().is_ok() {
        return Err("this time has no zone: add `Z` for UTC, or an offset (2026-11-20T08:00:00-05:00)".to_owned());
    }
    let span: Result<Span, _> = text.parse();
    let ago = span.and_then(|span| span.to_duration(SpanRelativeTo::days_are_24_hours()));
    let ago = ago.ok().and_then(|ago| std::time::Duration::try_from(ago).ok());
    match ago {
        Some(ago) => Ok(acuse_aws::system::SystemClock.now().minus(ago)),
        None => Err(
            "expected a time ago (90m, 6h, 7d), a day in UTC (2026-11-20), or a moment (2026-11-20T08:00:00Z)"
                .to_owned(),
        ),
    }
}

/// Of `yyyy-mm-dd`. The ledger's days are UTC's as well.
fn start_of_day(text: &str) -> Option<Timestamp> {
    let date = text.len() == "2026-11-20".len();
    Timestamp::from_rfc3339(&format!("{text}T00:00:00Z")).filter(|_| date)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_is_a_time_ago_or_a_date() {
        assert_eq!(
            moment("2026-11-20T08:00:00Z"),
            Ok(Timestamp::from_seconds(1_795_161_600))
        );
        let week = std::time::Duration::from_secs(7 * 24 * 3600);
        let ago = moment("7d").unwrap();
        assert!(acuse_aws::system::SystemClock.now().since(ago) >= week);
        assert!(moment("yesterday").is_err() && moment("-3h").is_err());
    }

    #[test]
    fn a_date_alone_is_the_start_of_its_day_in_utc() {
        let start = Timestamp::from_rfc3339("2026-11-26T00:00:00Z").unwrap();
        assert_eq!(moment("2026-11-26"), Ok(start));
        assert_eq!(moment(" 2026-11-26 "), Ok(start));
        for wrong in [
            "2026-02-30",
            "2026-13-01",
            "26-11-2026",
            "20261126",
            "2026-11-26Z",
            "2026-11-2",
            "",
        ] {
            let error = moment(wrong).unwrap_err();
            assert!(error.contains("a day in UTC (2026-11-20)"), "{wrong}: {error}");
        }
    }

    #[test]
    fn a_time_without_its_zone_is_asked_for_it() {
        for local in ["2026-11-26T08:00:00", "2026-11-26 08:00", "2026-11-26T08:00:00.5"] {
            let error = moment(local).unwrap_err();
            assert!(error.contains("this time has no zone"), "{local}: {error}");
            let there = moment(&format!("{local}-05:00")).unwrap();
            assert!(there.to_string().starts_with("2026-11-26T13:00:00"), "{there}");
        }
    }
}
