//! An entry of the audit trail.

use std::collections::HashMap;
use std::time::Duration;

use acuse_core::clock::Timestamp;
use aws_sdk_dynamodb::types::AttributeValue;
use serde_json::{Value, json};

/// What came of an action.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// It was begun. If it stays so, the tool was stopped before it ended.
    Begun,
    /// It ran to its end.
    Done,
    /// It stopped with an error; some of it may have been done.
    Failed,
    /// In an event's timeline: what came of it is in the event's own steps.
    Asked,
}

impl Outcome {
    const ALL: [Self; 4] = [Self::Begun, Self::Done, Self::Failed, Self::Asked];

    /// Its name in the table and in `--json`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Begun => "BEGUN",
            Self::Done => "DONE",
            Self::Failed => "FAILED",
            Self::Asked => "ASKED",
        }
    }

    fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|outcome| outcome.name() == name)
    }
}

/// One action of an operator.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// When it was begun.
    pub at: Timestamp,
    /// The ARN of the operator's credentials; on the local stack, the local user.
    pub who: String,
    /// The command, without the tool's name.
    pub command: String,
    /// What it was done to; `None` if it was whatever a filter let through.
    pub target: Option<String>,
    /// The operator's reason.
    pub reason: Option<String>,
    /// To how many things it was done; `None` until it ended.
    pub count: Option<usize>,
    /// What came of it.
    pub outcome: Outcome,
}

impl Entry {
    /// One line of `--json`.
    pub fn json(&self) -> Value {
        json!({
            "at": self.at.to_string(),
            "who": self.who,
            "command": self.command,
            "target": self.target,
            "reason": self.reason,
            "count": self.count,
            "outcome": self.outcome.name(),
        })
    }

    /// The command as it was given: `events dismiss (only the attempt number differs)`.
    pub fn what(&self) -> String {
        match &self.reason {
            Some(reason) => format!("{} ({reason})", self.command),
            None => self.command.clone(),
        }
    }

    pub(super) fn item(&self, partition: &str, sort: &str, retention: Duration) -> HashMap<String, AttributeValue> {
        let text = |text: &str| Some(AttributeValue::S(text.to_owned()));
        let number = |number: i64| Some(AttributeValue::N(number.to_string()));
        let attributes = [
            ("pk", text(partition)),
            ("sk", text(sort)),
            ("at", number(self.at.as_millis())),
            ("who", text(&self.who)),
            ("command", text(&self.command)),
            ("target", self.target.as_deref().and_then(text)),
            ("reason", self.reason.as_deref().and_then(text)),
            ("outcome", text(self.outcome.name())),
            ("expires_at", number(self.at.plus(retention).as_seconds())),
        ];
        let given = attributes.into_iter();
        given
            .filter_map(|(name, value)| Some((name.to_owned(), value?)))
            .collect()
    }

    /// `None` if the item is no entry, such as one of a newer version.
    pub(super) fn read(item: &HashMap<String, AttributeValue>) -> Option<Self> {
        let text = |name| item.get(name).and_then(|value| value.as_s().ok());
        let number = |name| item.get(name).and_then(|value| value.as_n().ok());
        Some(Self {
            at: Timestamp::from_millis(number("at")?.parse().ok()?),
            who: text("who")?.clone(),
            command: text("command")?.clone(),
            target: text("target").cloned(),
            reason: text("reason").cloned(),
            count: number("count").and_then(|count| count.parse().ok()),
            outcome: Outcome::from_name(text("outcome")?)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry() -> Entry {
        Entry {
            at: Timestamp::from_rfc3339("2026-11-27T08:15:00Z").unwrap(),
            who: "arn:aws:iam::123456789012:user/ana".to_owned(),
            command: "events dismiss".to_owned(),
            target: Some("onepay#live#payment#p1|payment.approved".to_owned()),
            reason: Some("a retry".to_owned()),
            count: None,
            outcome: Outcome::Begun,
        }
    }

    #[test]
    fn an_entry_is_read_as_it_was_written_and_expires_with_the_retention() {
        for outcome in Outcome::ALL {
            let entry = Entry { outcome, ..entry() };
            let item = entry.item("audit#2026-11-27", "s", Duration::from_hours(24));
            assert_eq!(Entry::read(&item), Some(entry.clone()));
            let expires_at = entry.at.as_seconds() + 24 * 60 * 60;
            assert_eq!(item["expires_at"], AttributeValue::N(expires_at.to_string()));
            // These would make it look like an event, or list it among them.
            assert!(
                ["status", "day", "received_at"]
                    .iter()
                    .all(|name| !item.contains_key(*name))
            );
        }
        assert_eq!(Entry::read(&HashMap::new()), None);
    }

    #[test]
    fn a_step_says_what_was_done_and_why() {
        assert_eq!(entry().what(), "events dismiss (a retry)");
        let without = Entry {
            reason: None,
            ..entry()
        };
        assert_eq!(without.what(), "events dismiss");
    }
}
