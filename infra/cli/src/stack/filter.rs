//! Which events: the same options wherever events are chosen.

use std::time::Duration;

use acuse_aws::system::SystemClock;
use acuse_core::account::AccountName;
use acuse_core::clock::{Clock, Timestamp};
use acuse_core::ledger::Status;
use acuse_core::provider::Provider;
use clap::Args;
use clap::builder::{PossibleValue, PossibleValuesParser, StringValueParser, TypedValueParser};
use jiff::civil::DateTime;
use jiff::{Span, SpanRelativeTo};

use crate::registry::providers;

/// How people read the status RELEASED: a hook failed, and the event is processed again.
pub const RETRYING: &str = "retrying";

/// Which events.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Which events")]
pub struct Filter {
    /// Only this provider's
    #[arg(long, value_parser = provider_names())]
    pub provider: Option<String>,
    /// Only this account's; `default` is the one without a name in its URL
    #[arg(long, value_name = "NAME", value_parser = account_parser())]
    pub account: Option<AccountName>,
    /// Only this type, such as payment.approved
    #[arg(long = "type", value_name = "TYPE")]
    pub type_name: Option<String>,
    /// Only events whose record has this status
    #[arg(long, ignore_case = true, value_parser = status_parser())]
    pub status: Option<Status>,
    /// Only events whose error or reason contains this text
    #[arg(long, value_name = "TEXT")]
    pub error: Option<String>,
    /// Received since: a time ago (90m, 6h, 7d), a day in UTC (2026-11-20), or a moment (2026-11-20T08:00:00-05:00)
    #[arg(long, value_parser = moment, value_name = "WHEN")]
    pub since: Option<Timestamp>,
    /// Received before: written as for `--since`; a day itself is not included
    #[arg(long, value_parser = moment, value_name = "WHEN")]
    pub until: Option<Timestamp>,
}

impl Filter {
    /// The providers whose events may pass.
    pub fn providers(&self) -> Vec<&'static Provider> {
        let only = self.provider.as_deref().and_then(|name| providers().by_name(name));
        only.map_or_else(|| providers().iter().collect(), |provider| vec![provider])
    }

    /// Whether every event of those providers and of the account passes.
    pub fn is_open(&self) -> bool {
        let no_text = self.type_name.is_none() && self.error.is_none();
        no_text && self.status.is_none() && self.since.is_none() && self.until.is_none()
    }

    /// Whether an event passes, whatever its status.
    pub fn passes(
        &self,
        provider: &str,
        account: &AccountName,
        type_name: &str,
        error: Option<&str>,
        received: Option<Timestamp>,
    ) -> bool {
        self.provider.as_deref().is_none_or(|own| own == provider)
            && self.account.as_ref().is_none_or(|own| own == account)
            && self.type_name.as_deref().is_none_or(|own| own == type_name)
            && (self.error.as_deref()).is_none_or(|own| error.is_some_and(|error| error.contains(own)))
            && self.since.is_none_or(|since| received.is_some_and(|at| at >= since))
            && self.until.is_none_or(|until| received.is_some_and(|at| at < until))
    }
}

fn provider_names() -> PossibleValuesParser {
    PossibleValuesParser::new(providers().names())
}

/// Parses a provider's name. An error lists all names.
pub fn provider_parser() -> impl TypedValueParser<Value = &'static Provider> {
    provider_names().try_map(|name| providers().by_name(&name).ok_or("not a provider"))
}

/// Parses an account's name. An error says what a name looks like.
pub fn account_parser() -> impl TypedValueParser<Value = AccountName> {
    StringValueParser::new().try_map(|name| AccountName::parse(&name).ok_or(AccountName::EXPECTED))
}

/// Takes a status as the ledger writes it, or as lists show it.
fn status_parser() -> impl TypedValueParser<Value = Status> {
    let values = Status::ALL.map(|status| match status {
        Status::Released => PossibleValue::new(status.name()).alias(RETRYING),
        _ => PossibleValue::new(status.name()),
    });
    PossibleValuesParser::new(values).try_map(|name| match name.eq_ignore_ascii_case(RETRYING) {
        true => Ok(Status::Released),
        false => Status::from_name(&name.to_ascii_uppercase()).ok_or("not a status"),
    })
}

/// A time ago (`90m`, `7d`), the start of a day in UTC (`2026-11-20`), or a moment (RFC 3339).
pub fn moment(text: &str) -> Result<Timestamp, String> {
    let text = text.trim();
    if let Some(moment) = Timestamp::from_rfc3339(text).or_else(|| start_of_day(text)) {
        return Ok(moment);
    }
    // The zone meant may be the operator's, the provider's or UTC.
    if text.contains(':') && text.parse::<DateTime>().is_ok() {
        return Err("this time has no zone: add `Z` for UTC, or an offset (2026-11-20T08:00:00-05:00)".to_owned());
    }
    let ago = length(text)
        .ok_or("expected a time ago (90m, 6h, 7d), a day in UTC (2026-11-20), or a moment (2026-11-20T08:00:00Z)")?;
    Ok(SystemClock.now().minus(ago))
}

/// A length of time, such as `90m` or `7d`.
pub fn length(text: &str) -> Option<Duration> {
    let span: Span = text.parse().ok()?;
    let length = span.to_duration(SpanRelativeTo::days_are_24_hours()).ok()?;
    Duration::try_from(length).ok()
}

/// The option that names an account in an `acuse` command; empty for the default one.
pub fn account_option(name: &AccountName) -> String {
    match name.is_default() {
        true => String::new(),
        false => format!(" --account {name}"),
    }
}

/// The start of `yyyy-mm-dd`. The ledger's days are UTC days too.
pub fn start_of_day(text: &str) -> Option<Timestamp> {
    let date = text.len() == "2026-11-20".len();
    Timestamp::from_rfc3339(&format!("{text}T00:00:00Z")).filter(|_| date)
}

#[cfg(test)]
mod tests {
    use clap::{Command, FromArgMatches};

    use super::*;

    #[test]
    fn a_moment_is_a_time_ago_or_a_timestamp() {
        assert_eq!(
            moment("2026-11-20T08:00:00Z"),
            Ok(Timestamp::from_seconds(1_795_161_600))
        );
        let week = Duration::from_secs(7 * 24 * 3600);
        let ago = moment("7d").unwrap();
        assert!(SystemClock.now().since(ago) >= week);
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
    fn a_time_without_a_zone_is_refused() {
        for local in ["2026-11-26T08:00:00", "2026-11-26 08:00", "2026-11-26T08:00:00.5"] {
            let error = moment(local).unwrap_err();
            assert!(error.contains("this time has no zone"), "{local}: {error}");
            let there = moment(&format!("{local}-05:00")).unwrap();
            assert!(there.to_string().starts_with("2026-11-26T13:00:00"), "{there}");
        }
    }

    #[test]
    fn a_status_is_taken_as_the_ledger_writes_it_and_as_lists_show_it() {
        let parsed = |status: &str| {
            let command = Filter::augment_args(Command::new("list"));
            let matches = command.try_get_matches_from(["list", "--status", status]).ok()?;
            Filter::from_arg_matches(&matches).unwrap().status
        };
        for status in Status::ALL {
            assert_eq!(parsed(status.name()), Some(status));
            assert_eq!(parsed(&status.name().to_lowercase()), Some(status));
        }
        assert_eq!(parsed("retrying"), Some(Status::Released));
        assert_eq!(parsed("done"), None);
    }

    #[test]
    fn an_account_is_given_by_name_and_an_error_says_what_a_name_looks_like() {
        let parsed = |account: &str| {
            let command = Filter::augment_args(Command::new("list"));
            let matches = command.try_get_matches_from(["list", "--account", account])?;
            Ok::<_, clap::Error>(Filter::from_arg_matches(&matches).unwrap().account)
        };
        assert_eq!(parsed("test").unwrap(), AccountName::parse("test"));
        assert_eq!(parsed("default").unwrap(), Some(AccountName::DEFAULT));
        for wrong in ["Test", "onepay/test", ""] {
            let error = parsed(wrong).unwrap_err().to_string();
            assert!(error.contains(AccountName::EXPECTED), "{error}");
        }
    }
}
