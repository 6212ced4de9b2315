//! What `webhooks check --fix` changes.

use acuse_core::endpoint::{Finding, Webhook};
use serde_json::Value;

/// Changes to a webhook; `None` leaves a setting as it is.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Repair {
    /// The URL to post to.
    pub(crate) url: Option<String>,
    /// The events to post: those that it has, and those that it lacks.
    pub(crate) events: Option<Vec<String>>,
    /// The member that says whether it is on, and its value for that.
    pub(crate) switch: Option<(String, Value)>,
}

impl Repair {
    /// What to change of `webhook`; `None` if nothing can be.
    pub(crate) fn of(webhook: &Webhook, findings: &[Finding]) -> Option<Self> {
        let mut repair = Self::default();
        for finding in findings {
            match finding {
                Finding::OtherUrl { url, .. } => repair.url = Some(url.clone()),
                Finding::LacksEvents(events) => repair.events = Some([webhook.events.as_slice(), events].concat()),
                // The opposite of a word is not known.
                Finding::Off {
                    member,
                    value: Value::Bool(value),
                } => repair.switch = Some((member.clone(), Value::Bool(!value))),
                _ => {}
            }
        }
        (repair != Self::default()).then_some(repair)
    }

    /// A line for each setting, without its verb.
    pub(crate) fn lines(&self) -> Vec<String> {
        let switch = self.switch.as_ref();
        [
            switch.map(|(member, value)| format!("`{member}` to {value}")),
            self.url.as_ref().map(|url| format!("the URL to {url}")),
            self.events
                .as_ref()
                .map(|events| format!("the events to {}", events.join(", "))),
        ]
        .into_iter()
        .flatten()
        .collect()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn only_what_is_wrong_is_changed() {
        let mut webhook = Webhook::default();
        webhook.events = vec!["a".to_owned()];
        let lacks = Finding::LacksEvents(vec!["b".to_owned()]);
        let repair = Repair::of(&webhook, std::slice::from_ref(&lacks)).unwrap();
        assert_eq!(
            (repair.url, repair.events, repair.switch),
            (None, Some(vec!["a".to_owned(), "b".to_owned()]), None)
        );
        let off = |value| Finding::Off {
            member: "is_active".to_owned(),
            value,
        };
        let repair = Repair::of(&webhook, &[off(json!(false)), lacks]).unwrap();
        assert_eq!(repair.lines(), ["`is_active` to true", "the events to a, b"]);
        assert_eq!(Repair::of(&webhook, &[off(json!("inactive"))]), None);
        let missing = Finding::Missing {
            url: "https://a".to_owned(),
            of: 0,
        };
        assert_eq!(Repair::of(&webhook, &[missing]), None);
    }
}
