//! Which events: the same options wherever events are chosen.

use crate::sample;
use acuse_core::clock::{Clock, Timestamp};
use acuse_core::ledger::Status;
use acuse_core::provider::Provider;
use acuse_core::providers;
use clap::Args;
use clap::builder::PossibleValuesParser;
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
    /// Received since then: 90m, 6h, 7d, or 2026-11-20T08:00:00Z
    #[arg(long, value_parser = moment, value_name = "WHEN")]
    pub since: Option<Timestamp>,
    /// Received before then
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

/// So long ago (`90m`, `7d`), or then (RFC 3339).
///
/// # Errors
/// What would be right.
pub fn moment(text: &str) -> Result<Timestamp, String> {
    if let Some(moment) = Timestamp::from_rfc3339(text) {
        return Ok(moment);
    }
    let span: Result<Span, _> = text.parse();
    let ago = span.and_then(|span| span.to_duration(SpanRelativeTo::days_are_24_hours()));
    let ago = ago.ok().and_then(|ago| std::time::Duration::try_from(ago).ok());
    match ago {
        Some(ago) => Ok(acuse_aws::system::SystemClock.now().minus(ago)),
        None => Err("expected a time ago (90m, 6h, 7d) or a moment (2026-11-20T08:00:00Z)".to_owned()),
    }
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
}
