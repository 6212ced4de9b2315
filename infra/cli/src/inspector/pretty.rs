//! Indents JSON and keeps numbers as they were sent, such as `150000.00`. Invisible characters and those that change
//! the direction of text are escaped.

use acuse_core::json::{self, Value};

use crate::terminal::{escape, escape_json};

/// The payload, indented if it is JSON.
pub(super) fn pretty(payload: &[u8]) -> String {
    match json::parse(payload) {
        Ok(value) => {
            let mut out = String::new();
            write(&value, 0, &mut out);
            out
        }
        Err(_) => {
            let text = String::from_utf8_lossy(payload);
            text.lines().map(escape).collect::<Vec<_>>().join("\n")
        }
    }
}

fn write(value: &Value<'_>, depth: usize, out: &mut String) {
    match value {
        Value::Null => out.push_str("null"),
        Value::Bool(value) => out.push_str(if *value { "true" } else { "false" }),
        Value::Number(text) => out.push_str(text),
        Value::String(text) => out.push_str(&quoted(&text.to_string_lossy())),
        Value::Array(items) => {
            let items = items.iter().map(|item| (None, item)).collect();
            list(['[', ']'], items, depth, out);
        }
        Value::Object(members) => {
            let members = members
                .iter()
                .map(|(name, value)| (Some(name.to_string_lossy().into_owned()), value));
            list(['{', '}'], members.collect(), depth, out);
        }
    }
}

fn list([open, close]: [char; 2], items: Vec<(Option<String>, &Value<'_>)>, depth: usize, out: &mut String) {
    out.push(open);
    let empty = items.is_empty();
    for (place, (name, value)) in items.into_iter().enumerate() {
        if place > 0 {
            out.push(',');
        }
        new_line(depth + 1, out);
        if let Some(name) = name {
            out.push_str(&quoted(&name));
            out.push_str(": ");
        }
        write(value, depth + 1, out);
    }
    if !empty {
        new_line(depth, out);
    }
    out.push(close);
}

fn new_line(depth: usize, out: &mut String) {
    out.push('\n');
    out.push_str(&"  ".repeat(depth));
}

fn quoted(text: &str) -> String {
    escape_json(&serde_json::Value::from(text).to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_stay_as_they_were_sent() {
        let text = pretty(br#"{"amount":150000.00,"id":9007199254740993,"tags":[],"who":{"n":"Pe\u00f1a"}}"#);
        assert_eq!(
            text,
            "{\n  \"amount\": 150000.00,\n  \"id\": 9007199254740993,\n  \"tags\": [],\n  \"who\": {\n    \"n\": \"Peña\"\n  }\n}"
        );
        assert_eq!(pretty(b"no json"), "no json");
    }

    #[test]
    fn characters_that_change_direction_are_escaped() {
        assert_eq!(
            pretty("{\"id\":\"a\u{202e}b\"}".as_bytes()),
            "{\n  \"id\": \"a\\u202eb\"\n}"
        );
        assert_eq!(pretty("a\u{202e}b\nc".as_bytes()), "a\\u{202e}b\nc");
    }
}
