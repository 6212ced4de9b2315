//! Events that are set aside on purpose: recorded as rejected, and handed to no hook. Expired ones are dead-lettered
//! as well, for somebody to look at: hooks may have had them long ago, or never.

use std::time::Duration;

use crate::clock::Timestamp;
use crate::event::{Environment, Event};

/// Why an event is set aside. Its text is the reason in the ledger.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SetAside {
    /// Sent by `acuse doctor`.
    #[error("a test delivery of `acuse doctor`")]
    TestDelivery,
    /// The payload names another environment than its account is bound to: a test webhook's secret signs what poses as
    /// live money, or the account is bound by mistake.
    #[error("of environment `{}`, but its account is bound to `{}`", .named.name(), .bound.name())]
    AccountEnvironment {
        /// What the payload names.
        named: Environment,
        /// What the account is bound to.
        bound: Environment,
    },
    /// Test money on a live stack, or the other way round.
    #[error("of environment `{}`, which this stack does not take", .0.name())]
    WrongEnvironment(Environment),
    /// It happened so long ago that the ledger may have forgotten it.
    #[error("expired: it happened at {0}, longer ago than the ledger remembers")]
    Expired(Timestamp),
}

/// What the reason of an expired event began with in version 0.1.
const STALE: &str = "stale: ";

impl SetAside {
    /// Why a stack sets `event` aside that takes events of `environment` (`None`: of any) and remembers them for
    /// `retention`. Replays are the caller's business.
    pub fn of(event: &Event, environment: Option<Environment>, retention: Duration, now: Timestamp) -> Option<Self> {
        if event.test_delivery {
            return Some(Self::TestDelivery);
        }
        if let Some(bound) = event.account.environment
            && bound != event.environment
        {
            let named = event.environment;
            return Some(Self::AccountEnvironment { named, bound });
        }
        if environment.is_some_and(|own| own != event.environment) {
            return Some(Self::WrongEnvironment(event.environment));
        }
        let expired = event.occurred_at.filter(|at| now.since(*at) > retention);
        expired.map(Self::Expired)
    }

    /// Reads a reason from the ledger; `None` if it is another. A hook's or provider's text is never taken for one of
    /// these: a hook's reason begins with the hook's name, and the whole text must match.
    pub fn from_reason(reason: &str) -> Option<Self> {
        let reason = match reason.strip_prefix(STALE) {
            Some(rest) => format!("expired: {rest}"),
            None => reason.to_owned(),
        };
        let environment = || Environment::from_name(between(&reason, "of environment `", "`")?);
        let moment = || Timestamp::from_rfc3339(between(&reason, "expired: it happened at ", ",")?);
        let named = environment();
        let of_account = || {
            let bound = Environment::from_name(reason.rsplit_once(" to `")?.1.strip_suffix('`')?)?;
            named.map(|named| Self::AccountEnvironment { named, bound })
        };
        let found = of_account().or_else(|| named.map(Self::WrongEnvironment));
        let found = found.or_else(|| moment().map(Self::Expired));
        let mut known = found.into_iter().chain([Self::TestDelivery]);
        known.find(|known| known.to_string() == reason)
    }
}

fn between<'a>(text: &'a str, before: &str, after: &str) -> Option<&'a str> {
    Some(text.strip_prefix(before)?.split_once(after)?.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reason_is_read_back() {
        for aside in [
            SetAside::TestDelivery,
            SetAside::WrongEnvironment(Environment::Test),
            SetAside::WrongEnvironment(Environment::Live),
            SetAside::AccountEnvironment {
                named: Environment::Live,
                bound: Environment::Test,
            },
            SetAside::AccountEnvironment {
                named: Environment::Test,
                bound: Environment::Live,
            },
            SetAside::Expired(Timestamp::from_millis(1_710_928_800_000)),
            SetAside::Expired(Timestamp::from_millis(1_710_928_800_123)),
            SetAside::Expired(Timestamp::from_millis(-1)),
        ] {
            assert_eq!(SetAside::from_reason(&aside.to_string()), Some(aside));
        }
    }

    /// Records live for months: these are the texts of version 0.1.
    #[test]
    fn reasons_of_version_0_1_are_read() {
        for (reason, aside) in [
            ("a test delivery of `acuse doctor`", SetAside::TestDelivery),
            (
                "of environment `test`, which this stack does not take",
                SetAside::WrongEnvironment(Environment::Test),
            ),
            (
                "stale: it happened at 2024-03-20T10:00:00.000Z, longer ago than the ledger remembers",
                SetAside::Expired(Timestamp::from_millis(1_710_928_800_000)),
            ),
        ] {
            assert_eq!(SetAside::from_reason(reason), Some(aside), "{reason}");
        }
        let ledger = include_str!("../../../../tests/fixtures/upgrade/v1/ledger.json");
        let records: Vec<serde_json::Value> = serde_json::from_str(ledger).unwrap();
        let reasons = records.iter().filter_map(|record| record["error"]["S"].as_str());
        let reasons: Vec<_> = reasons.map(SetAside::from_reason).collect();
        assert!(!reasons.is_empty() && reasons.iter().all(Option::is_none));
    }

    #[test]
    fn no_other_text_is_taken_for_one() {
        for reason in [
            "",
            "hook `stale`: no such order",
            "hook `h`: of environment `test`, which this stack does not take",
            "stale: it happened at 2024-03-20T10:00:00.000Z, says the provider",
            "expired: it happened at 2024-03-20T10:00:00.000Z, says the provider",
            "stale: a test delivery of `acuse doctor`",
            "stale: expired: it happened at 2024-03-20T10:00:00.000Z, longer ago than the ledger remembers",
            "of environment `live`, but its account is bound to `staging`",
            "hook `h`: of environment `live`, but its account is bound to `test`",
            "of environment `staging`, which this stack does not take",
            "of environment `production`, which this stack does not take",
            "the payload's environment is \"a test delivery of `acuse doctor`\"; it should be test, live or production",
        ] {
            assert_eq!(SetAside::from_reason(reason), None, "{reason}");
        }
    }
}
