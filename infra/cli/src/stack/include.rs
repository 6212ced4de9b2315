//! Events that the consumer set aside, and the options that send them to hooks after all.

use std::fmt;

use acuse_core::consume::SetAside;
use clap::Args;

/// Which events that were set aside are sent to hooks. All others stay set aside.
#[derive(Debug, Clone, Copy, Default, Args)]
#[command(next_help_heading = "Events that were set aside")]
pub struct Include {
    /// Include events of an environment that the stack does not accept. Hooks of a live stack then get test events
    #[arg(long)]
    pub wrong_environment: bool,
    /// Include events older than the stack's retention: hooks may have processed them before
    #[arg(long, alias = "stale")]
    pub expired: bool,
}

impl Include {
    /// Whether any option was given.
    pub fn any(self) -> bool {
        self.wrong_environment || self.expired
    }

    /// Whether an event is sent, given why it was set aside. Test deliveries are never sent.
    pub fn includes(self, set_aside: Option<SetAside>) -> bool {
        match set_aside {
            None => true,
            Some(SetAside::WrongEnvironment(_)) => self.wrong_environment,
            Some(SetAside::Expired(_)) => self.expired,
            Some(SetAside::TestDelivery | SetAside::AccountEnvironment { .. }) => false,
        }
    }
}

/// How many events there are of each kind.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts([usize; KINDS.len()]);

/// Events by why they were set aside; the first were not.
const KINDS: [&str; 5] = [
    "that failed",
    "of an environment that the stack does not take",
    "of another environment than their account is bound to",
    "expired",
    TEST_DELIVERIES,
];

const TEST_DELIVERIES: &str = "test deliveries";

impl Counts {
    /// Counts one more event.
    pub fn add(&mut self, set_aside: Option<SetAside>) {
        let Self([failed, wrong_environment, account_environment, expired, test_deliveries]) = self;
        *match set_aside {
            None => failed,
            Some(SetAside::WrongEnvironment(_)) => wrong_environment,
            Some(SetAside::AccountEnvironment { .. }) => account_environment,
            Some(SetAside::Expired(_)) => expired,
            Some(SetAside::TestDelivery) => test_deliveries,
        } += 1;
    }

    /// All events.
    pub fn total(self) -> usize {
        self.0.iter().sum()
    }

    /// The events that were set aside.
    pub fn set_aside(self) -> usize {
        self.0.iter().skip(1).sum()
    }

    /// What a command without the options says it left out; `None` if it left out nothing.
    pub fn left_out(self) -> Option<String> {
        let Self([_, set_aside @ ..]) = self;
        let [wrong_environment, account_environment, expired, test_deliveries] = set_aside;
        let kinds = Self([0, wrong_environment, account_environment, expired, test_deliveries]);
        let binding = match account_environment {
            0 => "",
            _ => {
                ". Where an account is bound to the wrong environment, correct that first (`acuse secrets bind PROVIDER --account NAME --environment …`), then name each event (`acuse events replay KEY`)"
            }
        };
        (self.set_aside() > 0).then(|| {
            format!(
                "left out, because they were set aside: {kinds}. Send them to hooks with `--wrong-environment` or `--expired`, or name one by its key{binding}"
            )
        })
    }
}

/// `3 that failed, 2 of an environment that the stack does not take, 1 expired`
impl fmt::Display for Counts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kinds = self.0.iter().zip(KINDS).filter(|(count, _)| **count > 0);
        let kinds = kinds.map(|(count, kind)| match (count, kind) {
            (1, TEST_DELIVERIES) => "1 test delivery".to_owned(),
            _ => format!("{count} {kind}"),
        });
        let kinds: Vec<_> = kinds.collect();
        match kinds.is_empty() {
            true => f.write_str("none"),
            false => f.write_str(&kinds.join(", ")),
        }
    }
}

#[cfg(test)]
mod tests {
    use acuse_core::clock::Timestamp;
    use acuse_core::event::Environment;

    use super::*;

    const ALL: [Option<SetAside>; 5] = [
        None,
        Some(SetAside::AccountEnvironment {
            named: Environment::Live,
            bound: Environment::Test,
        }),
        Some(SetAside::WrongEnvironment(Environment::Test)),
        Some(SetAside::Expired(Timestamp::from_millis(0))),
        Some(SetAside::TestDelivery),
    ];

    #[test]
    fn each_kind_is_sent_only_if_its_option_is_given() {
        let sent = |wrong_environment, expired| {
            let include = Include {
                wrong_environment,
                expired,
            };
            ALL.map(|aside| include.includes(aside))
        };
        assert_eq!(sent(false, false), [true, false, false, false, false]);
        assert_eq!(sent(true, false), [true, false, true, false, false]);
        assert_eq!(sent(false, true), [true, false, false, true, false]);
        assert_eq!(sent(true, true), [true, false, true, true, false]);
    }

    #[test]
    fn each_kind_is_counted() {
        let mut counts = Counts::default();
        assert_eq!((counts.to_string().as_str(), counts.left_out()), ("none", None));
        ALL.into_iter().chain([None]).for_each(|aside| counts.add(aside));
        assert_eq!(
            counts.to_string(),
            "2 that failed, 1 of an environment that the stack does not take, 1 of another environment than their account is bound to, 1 expired, 1 test delivery"
        );
        assert_eq!((counts.total(), counts.set_aside()), (6, 4));
        let left_out = counts.left_out().unwrap();
        assert!(left_out.contains("set aside: 1 of an environment"), "{left_out}");
        assert!(
            left_out.contains("correct that first (`acuse secrets bind PROVIDER --account NAME --environment …`)"),
            "{left_out}"
        );
    }
}
