//! Indents JSON and keeps numbers as they were sent, such as `150000.00`. Invisible characters and those that change
//! the direction of text are escaped.

use acuse_core::json::{self, Value};
use serde::ser::{Error as _, Serialize, Serializer};
use serde_json::value::RawValue;

use crate::terminal::{escape, escape_json};

/// The payload, indented if it is JSON.
pub(super) fn pretty(payload: &[u8]) -> String {
    let indented = json::parse(payload).ok();
    let indented = indented.and_then(|value| serde_json::to_string_pretty(&AsSent(&value)).ok());
    match indented {
        Some(json) => escape_json(&json),
        None => {
            let text = String::from_utf8_lossy(payload);
            text.lines().map(escape).collect::<Vec<_>>().join("\n")
        }
    }
}

/// A value that is written with the text of its numbers.
struct AsSent<'a>(&'a Value<'a>);

impl Serialize for AsSent<'_> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            Value::Null => to.serialize_unit(),
            Value::Bool(value) => to.serialize_bool(*value),
            Value::Number(text) => RawValue::from_string((*text).to_owned())
                .map_err(S::Error::custom)?
                .serialize(to),
            Value::String(text) => to.serialize_str(&text.to_string_lossy()),
            Value::Array(items) => to.collect_seq(items.iter().map(AsSent)),
            Value::Object(members) => to.collect_map(
                members
                    .iter()
                    .map(|(name, value)| (name.to_string_lossy(), AsSent(value))),
            ),
        }
    }
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
