//! Dead letters, each with the remedy that helps it: a redrive only if it would not come straight back.

use std::collections::BTreeMap;

use super::queues::is_empty;
use super::{Checked, Problem};
use crate::stack::dead_letters::DeadLetter;
use crate::stack::queue::Walk;
use crate::stack::target::Target;
use crate::terminal::counted;

/// Most dead letters that are looked at.
const MOST: usize = 1000;

const REDRIVE: &str = "`acuse dlq list`, fix, `acuse dlq redrive`";

/// What ends a dead letter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Remedy {
    Redrive,
    Table,
    Rejected,
    Unreadable,
}

impl Remedy {
    fn of(reason: &str, is_readable: bool) -> Self {
        // `given up after 12 attempts: hook …` was tried again; without it, the hook wants no other attempt.
        let rejected = reason.starts_with("hook `");
        match is_readable {
            false => Self::Unreadable,
            true if reason.contains("_TABLE)") => Self::Table,
            true if rejected => Self::Rejected,
            true => Self::Redrive,
        }
    }

    fn text(self, count: usize) -> String {
        let what = match self {
            Self::Redrive => return format!("{count}: {REDRIVE}"),
            Self::Table => "without its table: correct the table, deploy, then `acuse dlq redrive`",
            Self::Rejected => {
                "rejected by a hook, which does so again: change the hook and `acuse dlq redrive`, or `acuse dlq drop ID --reason TEXT`"
            }
            Self::Unreadable => {
                "unreadable, so a redrive brings it straight back: `acuse dlq show ID`, then `acuse dlq drop ID --reason TEXT`"
            }
        };
        format!("{count} {what}")
    }
}

/// Whether there are no dead letters.
pub(super) async fn check(target: &Target) -> Checked {
    let Err(Problem(all)) = is_empty(target, "DeadLetterQueueUrl", REDRIVE).await else {
        return Ok("empty".to_owned());
    };
    let mut remedies: BTreeMap<Remedy, usize> = BTreeMap::new();
    for message in Walk::look(target, "DeadLetterQueueUrl", MOST).await? {
        let dead = DeadLetter::open(message, target.environment());
        let is_readable = !dead.events.is_empty() && dead.events.iter().all(|event| event.unreadable.is_none());
        *remedies.entry(Remedy::of(dead.reason(), is_readable)).or_default() += 1;
    }
    if remedies.keys().all(|remedy| *remedy == Remedy::Redrive) {
        return Err(Problem(all));
    }
    let count = remedies.values().sum::<usize>();
    let texts: Vec<String> = remedies.iter().map(|(remedy, count)| remedy.text(*count)).collect();
    Err(Problem(format!("{}: {}", counted(count, "message"), texts.join("; "))))
}

#[cfg(test)]
mod tests {
    use super::Remedy;

    #[test]
    fn a_redrive_is_for_what_would_not_come_straight_back() {
        for (reason, is_readable, remedy) in [
            ("the payload is not JSON", false, Remedy::Unreadable),
            ("hook `payments`: no such order", true, Remedy::Rejected),
            (
                "given up after 12 attempts: hook `payments`: timeout",
                true,
                Remedy::Redrive,
            ),
            (
                "given up after 12 attempts: hook `payments`: no table `p` (PAYMENTS_TABLE)",
                true,
                Remedy::Table,
            ),
            ("received too often without success", true, Remedy::Redrive),
        ] {
            assert_eq!(Remedy::of(reason, is_readable), remedy, "{reason}");
            let text = remedy.text(1);
            assert_eq!(
                text.contains("drop"),
                matches!(remedy, Remedy::Rejected | Remedy::Unreadable)
            );
        }
    }
}
