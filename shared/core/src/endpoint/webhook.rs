//! Webhooks in the answers of providers' APIs.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::Value;

use crate::clock::Timestamp;

/// A webhook as a provider lists it, without anything secret.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Webhook {
    /// The provider's id.
    pub id: String,
    /// Its name, if any.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The URL it posts to.
    pub url: String,
    /// The event types it posts.
    pub events: Vec<String>,
    /// Whether it belongs to the provider's test environment.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub is_test: Option<bool>,
    /// Whether its deliveries carry a token in a header, if the provider tells.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub has_token: Option<bool>,
    /// When it was created, as the provider writes it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub created_at: Option<String>,
    /// When it was last changed, as the provider writes it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub updated_at: Option<String>,
    /// Members that no reference documents, as they were sent: booleans, numbers and short words. Nothing whose name
    /// sounds like a secret.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub undocumented: BTreeMap<String, Value>,
}

/// The members that references document, and those that are secret.
const DOCUMENTED: [&str; 13] = [
    "id",
    "name",
    "description",
    "url",
    "events",
    "header",
    "secret",
    "is_test",
    "created_at",
    "createdAt",
    "updated_at",
    "updatedAt",
    "tag",
];

/// What the name of a secret may contain.
const SECRET: [&str; 9] = [
    "secret",
    "token",
    "key",
    "auth",
    "header",
    "password",
    "credential",
    "signature",
    "hash",
];

/// Bytes of a text that is shown.
const LONGEST_WORD: usize = 40;

impl Webhook {
    /// From one element of a provider's answer. `None` if it has no id.
    pub fn from_json(value: &Value) -> Option<Self> {
        let text = |names: &[&str]| {
            let found = names.iter().find_map(|name| value.get(name)?.as_str());
            found.map(str::to_owned)
        };
        let id = match value.get("id")? {
            Value::String(id) => id.clone(),
            Value::Number(id) => id.to_string(),
            _ => return None,
        };
        let events = value.get("events").and_then(Value::as_array).into_iter().flatten();
        let members = value.as_object()?.iter();
        let undocumented = members.filter(|(name, value)| is_shown(name, value));
        Some(Self {
            id,
            name: text(&["name"]),
            url: text(&["url"]).unwrap_or_default(),
            events: events.filter_map(Value::as_str).map(str::to_owned).collect(),
            is_test: value.get("is_test").and_then(Value::as_bool),
            has_token: value.get("header").map(|header| !header.is_null()),
            created_at: text(&["created_at", "createdAt"]),
            updated_at: text(&["updated_at", "updatedAt"]),
            undocumented: undocumented
                .map(|(name, value)| (name.clone(), value.clone()))
                .collect(),
        })
    }

    /// The member that says that the webhook is switched off. Neither OnePay's nor Kuenta's reference has such a
    /// member, so only names that leave no doubt count.
    pub fn switched_off(&self) -> Option<(&str, &Value)> {
        let off = self.undocumented.iter().find(|(name, value)| {
            let plain = name.to_ascii_lowercase().replace('_', "");
            match (plain.as_str(), value) {
                ("active" | "isactive" | "enabled" | "isenabled", Value::Bool(on)) => !on,
                ("disabled" | "isdisabled" | "paused" | "ispaused", Value::Bool(off)) => *off,
                ("status" | "state", Value::String(word)) => {
                    ["inactive", "disabled", "paused", "suspended"].contains(&word.to_ascii_lowercase().as_str())
                }
                _ => false,
            }
        });
        off.map(|(name, value)| (name.as_str(), value))
    }
}

fn is_shown(name: &str, value: &Value) -> bool {
    let plain = name.to_ascii_lowercase();
    let named = !DOCUMENTED.contains(&name) && !SECRET.iter().any(|secret| plain.contains(secret));
    named
        && match value {
            Value::Bool(_) | Value::Number(_) | Value::Null => true,
            // No secret looks like this: lower-case words, or a time.
            Value::String(text) => {
                text.len() <= LONGEST_WORD
                    && (Timestamp::from_rfc3339(text).is_some()
                        || text.chars().all(|c| c.is_ascii_alphabetic() || "_- ".contains(c)))
            }
            _ => false,
        }
}

/// The webhooks in an answer, which is an array or contains one as `data` or `webhooks`. `None` if any item is not a
/// webhook, since one that is overlooked would be created twice.
pub fn many(answer: &Value) -> Option<Vec<Webhook>> {
    match answer {
        Value::Object(_) => many(["data", "webhooks"].iter().find_map(|name| answer.get(name))?),
        Value::Array(items) => items.iter().map(Webhook::from_json).collect(),
        Value::Null => Some(Vec::new()),
        _ => None,
    }
}

/// The webhook in an answer, which is one or contains one as `data` or `webhook`, with its JSON object.
pub fn single(answer: &Value) -> Option<(&Value, Webhook)> {
    let data = answer.get("data");
    let places = [
        data.and_then(|data| data.get("webhook")),
        data,
        answer.get("webhook"),
        Some(answer),
    ];
    let mut places = places.into_iter().flatten();
    places.find_map(|value| Some((value, Webhook::from_json(value)?)))
}

/// How many pages a list has; 1 if it does not say. Lists of webhooks are not documented to have pages. OnePay's list of
/// invoices is, with these members: <https://docs.onepay.la/client/invoices/list>.
pub fn pages(answer: &Value) -> u64 {
    let last = |object: &Value| object.get("last_page").and_then(Value::as_u64);
    last(answer).or_else(|| last(answer.get("meta")?)).unwrap_or(1).max(1)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn lists_are_found_in_any_envelope() {
        let one = json!({"id": 7, "url": "https://a", "events": ["x"], "header": "hunter2"});
        for answer in [
            json!([one]),
            json!({"data": [one]}),
            json!({"webhooks": [one]}),
            json!({"success": true, "data": {"webhooks": [one]}}),
        ] {
            let found = many(&answer).unwrap();
            assert_eq!((found.len(), found[0].id.as_str()), (1, "7"), "{answer}");
            assert!(!serde_json::to_string(&found).unwrap().contains("hunter2"));
        }
        assert_eq!(many(&json!({"data": null})), Some(Vec::new()));
        for answer in [json!({"error": "no"}), json!("x"), json!([one, {"url": "https://b"}])] {
            assert_eq!(many(&answer), None, "{answer}");
        }
    }

    #[test]
    fn a_webhook_is_found_in_any_envelope() {
        let one = json!({"id": "w1", "url": "https://a"});
        for answer in [
            one.clone(),
            json!({"data": one}),
            json!({"webhook": one}),
            json!({"data": {"webhook": one}}),
        ] {
            assert_eq!(single(&answer).unwrap().1.id, "w1", "{answer}");
        }
        assert!(single(&json!({"data": {"url": "https://a"}})).is_none());
    }

    #[test]
    fn a_null_token_differs_from_an_absent_one() {
        let token = |header: Value| {
            let mut one = json!({"id": "w1", "url": "https://a"});
            one["header"] = header;
            Webhook::from_json(&one).unwrap().has_token
        };
        assert_eq!(token(json!(null)), Some(false));
        assert_eq!(token(json!("wh_hdr_x")), Some(true));
        assert_eq!(Webhook::from_json(&json!({"id": "w1"})).unwrap().has_token, None);
    }

    #[test]
    fn undocumented_members_are_kept_as_they_are_and_secrets_are_not() {
        let webhook = Webhook::from_json(&json!({
            "id": "w1", "url": "https://a", "description": "ours", "is_active": false, "failures": 20, "state": "paused",
            "last_delivery_at": "2026-11-27T08:00:00Z", "signing_secret": "hunter", "api_key": true, "x": "hunter2",
            "nested": {"a": 1},
        }));
        let kept = webhook.unwrap().undocumented;
        let expected = json!({"failures": 20, "is_active": false, "last_delivery_at": "2026-11-27T08:00:00Z",
            "state": "paused"});
        assert_eq!(json!(kept), expected);
    }

    #[test]
    fn only_members_that_leave_no_doubt_switch_a_webhook_off() {
        let off = |member: Value| {
            let mut one = json!({"id": "w1", "url": "https://a"});
            one.as_object_mut().unwrap().extend(member.as_object().unwrap().clone());
            Webhook::from_json(&one).unwrap().switched_off().is_some()
        };
        for member in [
            json!({"active": false}),
            json!({"isActive": false}),
            json!({"is_enabled": false}),
            json!({"disabled": true}),
            json!({"status": "INACTIVE"}),
        ] {
            assert!(off(member.clone()), "{member}");
        }
        for member in [
            json!({"active": true}),
            json!({"active": 0}),
            json!({"active": null}),
            json!({"disabled": false}),
            json!({"status": "active"}),
            json!({"status": "failed"}),
            json!({"is_visible": false}),
        ] {
            assert!(!off(member.clone()), "{member}");
        }
    }

    #[test]
    fn pages_are_counted_where_the_answer_says_so() {
        assert_eq!(pages(&json!([])), 1);
        assert_eq!(pages(&json!({"data": []})), 1);
        assert_eq!(pages(&json!({"data": [], "last_page": 3})), 3);
        assert_eq!(pages(&json!({"data": [], "meta": {"last_page": 2}})), 2);
        assert_eq!(pages(&json!({"last_page": "x"})), 1);
        assert_eq!(pages(&json!({"last_page": 0})), 1);
    }
}
