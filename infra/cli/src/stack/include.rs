//! Events that the consumer set aside on purpose, and operators who want them all the same.

use std::fmt;

use acuse_core::consume::SetAside;
use clap::Args;

/// Which of them to send to hooks. What is not named here stays set aside.
#[derive(Debug, Clone, Copy, Default, Args)]
#[command(next_help_heading = "What was set aside on purpose")]
pub struct Include {
    /// Also events of an environment that the stack does not take: its hooks get test events, say
    #[arg(long)]
    pub wrong_environment: bool,
    /// Also events that happened longer ago than the stack remembers: hooks may have had them before
    #[arg(long, alias = "stale")]
    pub expired: bool,
}

impl Include {
    /// Whether any of them is wanted.
    pub fn any(self) -> bool {
        self.wrong_environment || self.expired
    }

    /// Whether an event is sent. Test deliveries are for no hook, whoever asks.
    pub fn takes(self, aside: Option<SetAside>) -> bool {
        match aside {
            None => true,
            Some(SetAside::WrongEnvironment(_)) => self.wrong_environment,
            Some(SetAside::Expired(_)) => self.expired,
            Some(SetAside::TestDelivery) => false,
        }
    }
}

/// How many events there are of each kind.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    ordinary: usize,
    wrong_environment: usize,
    expired: usize,
    tests: usize,
}

impl Counts {
    /// Counts one more.
    pub fn count(&mut self, aside: Option<SetAside>) {
        *match aside {
            None => &mut self.ordinary,
            Some(SetAside::WrongEnvironment(_)) => &mut self.wrong_environment,
            Some(SetAside::Expired(_)) => &mut self.expired,
            Some(SetAside::TestDelivery) => &mut self.tests,
        } += 1;
    }

    /// All of them.
    pub fn total(self) -> usize {
        self.ordinary + self.set_aside()
    }

    /// Those that were set aside on purpose.
    pub fn set_aside(self) -> usize {
        self.wrong_environment + self.expired + self.tests
    }

    /// What was left out of a command that had no option for it; `None` where that is nothing.
    pub fn left_out(self) -> Option<String> {
        let kinds = Self { ordinary: 0, ..self };
        (kinds.total() > 0).then(|| {
            format!(
                "left out, since they were set aside on purpose: {kinds} (`--wrong-environment` and `--expired` send them to hooks, as does naming one by its key)"
            )
        })
    }
}

/// `3 that failed, 2 of another environment, 1 expired`
impl fmt::Display for Counts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kinds = [
            (self.ordinary, "that failed"),
            (self.wrong_environment, "of an environment that the stack does not take"),
            (self.expired, "expired"),
            (self.tests, "test deliveries"),
        ];
        let kinds = kinds.iter().filter(|(count, _)| *count > 0);
        let kinds: Vec<_> = kinds.map(|(count, kind)| format!("{count} {kind}")).collect();
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

    const ALL: [Option<SetAside>; 4] = [
        None,
        Some(SetAside::WrongEnvironment(Environment::Test)),
        Some(SetAside::Expired(Timestamp::from_millis(0))),
        Some(SetAside::TestDelivery),
    ];

    #[test]
    fn each_kind_is_taken_only_where_it_is_named() {
        let taken = |wrong_environment, expired| {
            let wanted = Include {
                wrong_environment,
                expired,
            };
            ALL.map(|aside| wanted.takes(aside))
        };
        assert_eq!(taken(false, false), [true, false, false, false]);
        assert_eq!(taken(true, false), [true, true, false, false]);
        assert_eq!(taken(false, true), [true, false, true, false]);
        assert_eq!(taken(true, true), [true, true, true, false]);
    }

    #[test]
    fn each_kind_is_counted() {
        let mut kinds = Counts::default();
        assert_eq!((kinds.to_string().as_str(), kinds.left_out()), ("none", None));
        ALL.into_iter().chain([None]).for_each(|aside| kinds.count(aside));
        assert_eq!(
            kinds.to_string(),
            "2 that failed, 1 of an environment that the stack does not take, 1 expired, 1 test deliveries"
        );
        assert_eq!((kinds.total(), kinds.set_aside()), (5, 3));
        assert!(kinds.left_out().unwrap().contains("purpose: 1 of an environment"));
    }
}
