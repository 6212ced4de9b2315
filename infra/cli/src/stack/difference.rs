//! How the payload of a conflict differs from the event's, member by member.
//!
//! Numbers are compared as they were sent: an amount of `150000` that comes again as `150000.00` is a
//! difference that an operator wants to see. Texts are as they came, and whoever shows them escapes them.

use std::collections::BTreeMap;
use std::fmt::Write;

use acuse_core::json::{self, Text, Value};

/// What one payload has and another has not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Difference {
    /// None: they are the same bytes.
    None,
    /// These members, in the order of their paths.
    Members(Vec<Member>),
    /// The same members and values: white space, the order of members, or how a string is written.
    Notation,
    /// One of them is not JSON: they are the same up to this byte.
    Bytes {
        /// Counted from 0.
        at: usize,
    },
}

/// A member that differs: `before` is the event's value as JSON, `after` the conflict's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    /// `payment.items[0].amount`; empty for the payload itself.
    pub path: String,
    /// `None` where it was added.
    pub before: Option<String>,
    /// `None` where it was removed.
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
    let mut members: Vec<Member> = before
        .iter()
        .filter(|(path, value)| after.get(*path) != Some(*value))
        .map(|(path, value)| Member {
            path: path.clone(),
            before: Some(value.clone()),
            after: after.get(path).cloned(),
        })
        .collect();
    let added = after.iter().filter(|(path, _)| !before.contains_key(*path));
    members.extend(added.map(|(path, value)| Member {
        path: path.clone(),
        before: None,
        after: Some(value.clone()),
    }));
    members.sort_by(|a, b| a.path.cmp(&b.path));
    match members.is_empty() {
        true => Difference::Notation,
        false => Difference::Members(members),
    }
}

/// Every value that holds no other, by its path.
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
                // A name may come twice, and parsers disagree about which one counts.
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

/// A name as it is, where it can't be mistaken for a path.
fn named(name: &Text<'_>) -> String {
    match name.as_str() {
        Some(text) if !text.is_empty() && text.chars().all(|c| c.is_alphanumeric() || "_-".contains(c)) => {
            text.to_owned()
        }
        _ => quoted(name),
    }
}

/// As JSON: other texts are other ones here too, also where a lone surrogate makes the difference.
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
    fn told(event: &str, conflict: &str) -> Vec<String> {
        match between(event.as_bytes(), conflict.as_bytes()) {
            Difference::Members(members) => members.iter().map(ToString::to_string).collect(),
            other => vec![format!("{other:?}")],
        }
    }

    #[test]
    fn members_are_added_removed_and_changed_wherever_they_are() {
        assert_eq!(
            told(
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
    fn a_name_that_comes_twice_and_texts_that_are_no_unicode_stay_apart() {
        assert_eq!(told(r#"{"a":1,"a":2}"#, r#"{"a":1,"a":3}"#), ["changed  a (2): 2 → 3"]);
        let surrogates = told(r#"{"a":"\ud800x"}"#, r#"{"a":"\ud801x"}"#);
        assert_eq!(surrogates, [r#"changed  a: "\ud800x" → "\ud801x""#]);
        assert_eq!(told("[]", "[1]"), ["removed  the payload: []", "added    [0]: 1"]);
    }

    #[test]
    fn where_no_member_differs_it_is_said_how_they_do() {
        assert_eq!(between(b"{}", b"{}"), Difference::None);
        let other_order = between(br#"{"a":"\u00e9", "b":1}"#, "{\"b\":1,\"a\":\"é\"}".as_bytes());
        assert_eq!(other_order, Difference::Notation);
        assert_eq!(between(b"{\"a\":1}", b"{\"a\":x}"), Difference::Bytes { at: 5 });
    }
}
