//! What an answer is that can't be read, in words and without its values.

use acuse_core::json::{self, Value};

/// Most names of members that are shown.
const SHOWN: usize = 6;

/// `HTML`, `JSON that is cut off after 512 bytes`, `an object with the members …`.
pub(super) fn of(body: &[u8]) -> String {
    let text = String::from_utf8_lossy(body);
    let text = text.trim();
    match json::parse(body) {
        _ if text.is_empty() => "an empty body".to_owned(),
        _ if text.starts_with('<') => format!("HTML ({} bytes)", body.len()),
        Err(_) if text.starts_with(['{', '[']) => format!("JSON that is cut off or damaged ({} bytes)", body.len()),
        Err(_) => format!("text that is not JSON ({} bytes)", body.len()),
        Ok(Value::Object(members)) => {
            let names = members.iter().take(SHOWN);
            let names: Vec<String> = names.map(|(name, _)| format!("`{}`", name.to_string_lossy())).collect();
            match names.is_empty() {
                true => "an empty object".to_owned(),
                false => format!("an object with the members {}", names.join(", ")),
            }
        }
        Ok(Value::Array(items)) => format!("an array of {} items", items.len()),
        Ok(_) => "JSON that is neither an object nor an array".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::of;

    #[test]
    fn an_answer_is_described_without_its_values() {
        for (body, came) in [
            ("", "an empty body"),
            ("  <html>", "HTML (8 bytes)"),
            (r#"{"data":[{"id":"p1""#, "JSON that is cut off or damaged (19 bytes)"),
            ("upstream error", "text that is not JSON (14 bytes)"),
            (
                r#"{"email":"ana@example.com","n":1}"#,
                "an object with the members `email`, `n`",
            ),
            ("{}", "an empty object"),
            ("[1,2]", "an array of 2 items"),
            ("7", "JSON that is neither an object nor an array"),
        ] {
            assert_eq!(of(body.as_bytes()), came, "{body}");
        }
    }
}
