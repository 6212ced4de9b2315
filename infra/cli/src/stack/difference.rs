//! How the payload of a conflict differs from the event's, member by member.
//!
//! Numbers are compared as they were sent: an operator wants to see that an amount of `150000` came again as
//! `150000.00`. Texts are not escaped here, but when they are shown.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use acuse_core::json::{self, Text, Value};

/// How two payloads differ.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Difference {
    /// They have the same bytes.
    None,
    /// In these members, ordered by path.
    Members(Vec<Member>),
    /// In white space, the order of members, or how a string is written; members and values are the same.
    Notation,
    /// One of them is not JSON. They are the same up to this byte.
    Bytes {
        /// Counted from 0.
        at: usize,
    },
}

/// A member that differs: `before` is the event's value as JSON, `after` the conflict's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    /// Such as `payment.items[0].amount`; empty for the payload itself.
    pub path: String,
    /// `None` if it was added.
    pub before: Option<String>,
    /// `None` if it was removed.
    pub after: Option<String>,
}

/// Compares the event's payload with the conflict's.
pub fn between(event: &[u8], conflict: &[u8]) -> Difference {
    if event == conflict {
        return Difference::None;
    }
    let (Ok(before), Ok(after)) = (json::parse(event), json::parse(conflict)) else {
        let at = event.iter().zip(conflict).take_while(|(a, b)| a == b).count();
        return Difference::Bytes { at };
    };
    let (before, after) = (leaves(&before), leaves(&after));
    let paths: BTreeSet<&String> = before.keys().chain(after.keys()).collect();
    let members = paths.into_iter().map(|path| Member {
        path: path.clone(),
        before: before.get(path).cloned(),
        after: after.get(path).cloned(),
    });
    let members: Vec<Member> = members.filter(|member| member.before != member.after).collect();
    match members.is_empty() {
        true => Difference::Notation,
        false => Difference::Members(members),
    }
}

/// Every value that contains no other, by its path.
fn leaves(value: &Value<'_>) -> BTreeMap<String, String> {
    let mut leaves = BTreeMap::new();
    collect(value, String::new(), &mut leaves);
    leaves
}

fn collect(value: &Value<'_>, path: String, leaves: &mut BTreeMap<String, String>) {
    let text = match value {
        Value::Array(items) if !items.is_empty() => {
            for (place, item) in items.iter().enumerate() {
                collect(item, format!("{path}[{place}]"), leaves);
            }
            return;
        }
        Value::Object(members) if !members.is_empty() => {
            let mut times: BTreeMap<String, usize> = BTreeMap::new();
            for (name, value) in members {
                let name = named(name);
                let time = times.entry(name.clone()).or_default();
                *time += 1;
                let dot = if path.is_empty() { "" } else { "." };
                // A name may occur twice, and parsers disagree about which one counts.
                let path = match *time {
                    1 => format!("{path}{dot}{name}"),
                    time => format!("{path}{dot}{name} ({time})"),
                };
                collect(value, path, leaves);
            }
            return;
        }
        Value::Array(_) => "[]".to_owned(),
        Value::Object(_) => "{}".to_owned(),
        Value::Null => "null".to_owned(),
        Value::Bool(value) => value.to_string(),
        Value::Number(text) => (*text).to_owned(),
        Value::String(text) => quoted(text),
    };
    leaves.insert(path, text);
}

/// A name, quoted if it could be mistaken for a path.
fn named(name: &Text<'_>) -> String {
    match name.as_str() {
        Some(text) if !text.is_empty() && text.chars().all(|c| c.is_alphanumeric() || "_-".contains(c)) => {
            text.to_owned()
        }
        _ => quoted(name),
    }
}

/// As JSON. Different texts stay different, even if only by a lone surrogate.
fn quoted(text: &Text<'_>) -> String {
    let mut quoted = String::from("\"");
    text.for_each(|point| match char::from_u32(point) {
        Some(c @ ('"' | '\\')) => quoted.extend(['\\', c]),
        Some(c) => quoted.push(c),
        // Writing to a string does not fail.
        None => drop(write!(quoted, "\\u{point:04x}")),
    });
    quoted.push('"');
    quoted
}

/// `changed  data.amount: 1 → 2`
impl std::fmt::Display for Member {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let path = match self.path.as_str() {
            "" => "the payload",
            path => path,
        };
        match (&self.before, &self.after) {
            (Some(before), Some(after)) => write!(f, "changed  {path}: {before} → {after}"),
            (Some(before), None) => write!(f, "removed  {path}: {before}"),
            (None, after) => write!(f, "added    {path}: {}", after.as_deref().unwrap_or_default()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// One line a member, as the terminal shows them.
    fn lines(event: &str, conflict: &str) -> Vec<String> {
        match between(event.as_bytes(), conflict.as_bytes()) {
            Difference::Members(members) => members.iter().map(ToString::to_string).collect(),
            other => vec![format!("{other:?}")],
        }
    }

    #[test]
    fn added_removed_and_changed_members_are_found_at_any_depth() {
        assert_eq!(
            lines(
                r#"{"event":"payment.completed","data":{"id":"p1","amount":150000,"items":[{"n":1},{"n":2}],"old":null}}"#,
                r#"{"event":"payment.completed","data":{"id":"p1","amount":150000.00,"items":[{"n":1},{"n":"2"},3],"a.b":{}}}"#,
            ),
            [
                r#"added    data."a.b": {}"#,
                "changed  data.amount: 150000 → 150000.00",
                r#"changed  data.items[1].n: 2 → "2""#,
                "added    data.items[2]: 3",
                "removed  data.old: null",
            ]
        );
    }

    #[test]
    fn repeated_names_and_lone_surrogates_are_told_apart() {
        assert_eq!(lines(r#"{"a":1,"a":2}"#, r#"{"a":1,"a":3}"#), ["changed  a (2): 2 → 3"]);
        let surrogates = lines(r#"{"a":"\ud800x"}"#, r#"{"a":"\ud801x"}"#);
        assert_eq!(surrogates, [r#"changed  a: "\ud800x" → "\ud801x""#]);
        assert_eq!(lines("[]", "[1]"), ["removed  the payload: []", "added    [0]: 1"]);
    }

    #[test]
    fn without_a_different_member_the_kind_of_difference_is_given() {
        assert_eq!(between(b"{}", b"{}"), Difference::None);
        let other_order = between(br#"{"a":"\u00e9", "b":1}"#, "{\"b\":1,\"a\":\"é\"}".as_bytes());
        assert_eq!(other_order, Difference::Notation);
        assert_eq!(between(b"{\"a\":1}", b"{\"a\":x}"), Difference::Bytes { at: 5 });
    }
}
