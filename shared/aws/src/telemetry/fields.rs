//! The fields of a log line or span, as members of a JSON object.

use std::fmt::{self, Write};

use tracing::field::{Field, Visit};

/// Names and JSON texts, in the order in which they were recorded. A field without a text is not written, and neither is
/// an outer span's of its name.
#[derive(Debug)]
pub(super) struct Fields {
    text: String,
    /// Where each field's JSON ends in the text; it begins where the one before it ends.
    ends: Vec<(&'static str, usize)>,
}

impl Default for Fields {
    /// With room for what a delivery's line has.
    fn default() -> Self {
        let (text, ends) = (String::with_capacity(256), Vec::with_capacity(8));
        Self { text, ends }
    }
}

impl Fields {
    /// The JSON text of the field `name`.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.all().find(|(own, _)| *own == name).map(|(_, json)| json)
    }

    /// Appends the fields that none of `before` has and that are kept, each after a comma.
    pub(super) fn write(&self, line: &mut String, before: &[&Self], is_kept: impl Fn(&str) -> bool) {
        let is_new = |name: &str| {
            before
                .iter()
                .all(|other| other.ends.iter().all(|(own, _)| *own != name))
        };
        let is_shown = |name: &str, json: &str| !json.is_empty() && is_new(name) && is_kept(name);
        for (name, json) in self.all().filter(|(name, json)| is_shown(name, json)) {
            line.extend([",\"", name, "\":", json]);
        }
    }

    fn all(&self) -> impl Iterator<Item = (&'static str, &str)> {
        self.ends.iter().scan(0, |begin, (name, end)| {
            let json = self.text.get(*begin..*end).unwrap_or_default();
            *begin = *end;
            Some((*name, json))
        })
    }

    fn add(&mut self, field: &Field, write: impl FnOnce(&mut String) -> fmt::Result) {
        let begin = self.text.len();
        match write(&mut self.text) {
            Ok(()) => self.ends.push((field.name(), self.text.len())),
            // A value that fails to write itself is left out whole.
            Err(fmt::Error) => self.text.truncate(begin),
        }
    }
}

impl Visit for Fields {
    fn record_str(&mut self, field: &Field, value: &str) {
        let value = match field.name() {
            "xrayTraceId" => recorded_trace(value),
            _ => Some(value),
        };
        self.add(field, |text| match value {
            Some(value) => quote(text, |json| json.write_str(value)),
            None => Ok(()),
        });
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.add(field, |text| quote(text, |json| write!(json, "{value:?}")));
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.add(field, |text| write!(text, "{value}"));
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.add(field, |text| write!(text, "{value}"));
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.add(field, |text| write!(text, "{value}"));
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        self.add(field, |text| match value.is_finite() {
            true => write!(text, "{value}"),
            // JSON has no infinity.
            false => quote(text, |json| write!(json, "{value}")),
        });
    }
}

/// The id of a trace that X-Ray records, from its header. Any other one leads nowhere: a delivery's lines are found by
/// the delivery's id.
/// <https://docs.aws.amazon.com/xray/latest/devguide/xray-concepts.html#xray-concepts-tracingheader>
pub(crate) fn recorded_trace(header: &str) -> Option<&str> {
    let mut parts = header.split(';').map(str::trim);
    let is_sampled = parts.clone().any(|part| part == "Sampled=1");
    parts.find_map(|part| part.strip_prefix("Root=")).filter(|_| is_sampled)
}

/// `text` as a JSON string.
pub(super) fn quoted(text: &str) -> String {
    let mut json = String::with_capacity(text.len() + 2);
    push_quoted(&mut json, text);
    json
}

/// Appends `text` as a JSON string.
pub(super) fn push_quoted(json: &mut String, text: &str) {
    // Writing to a string does not fail.
    let _ = quote(json, |json| json.write_str(text));
}

/// Appends what `write` writes as a JSON string.
fn quote(json: &mut String, write: impl FnOnce(&mut Escaping<'_>) -> fmt::Result) -> fmt::Result {
    json.push('"');
    let written = write(&mut Escaping(json));
    json.push('"');
    written
}

/// Escapes as JSON does.
struct Escaping<'a>(&'a mut String);

impl Write for Escaping<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let is_special = |byte: u8| byte < b' ' || byte == b'"' || byte == b'\\';
        // Looks at every byte, which is what the processor does for many at once. Few texts have such a byte.
        if !text.bytes().fold(false, |found, byte| found | is_special(byte)) {
            self.0.push_str(text);
            return Ok(());
        }
        for letter in text.chars() {
            match letter {
                '"' | '\\' => self.0.extend(['\\', letter]),
                '\0'..' ' => write!(self.0, "\\u{:04x}", u32::from(letter))?,
                _ => self.0.push(letter),
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_escaped_as_json_reads_it() {
        for text in ["plain", "", "a \"b\" \\ c", "line\nline\t\u{1}\u{7f}", "Ñandú 🦤"] {
            assert_eq!(serde_json::from_str::<String>(&quoted(text)).unwrap(), text);
        }
    }

    #[test]
    fn only_a_trace_that_is_recorded_is_named() {
        let header = |sampled| format!("Root=1-65a1b2c3-0123456789abcdef01234567;Parent=0123456789abcdef;{sampled}");
        let id = |text: &str| recorded_trace(text).map(str::to_owned);
        assert_eq!(
            id(&header("Sampled=1")).as_deref(),
            Some("1-65a1b2c3-0123456789abcdef01234567")
        );
        for text in [&header("Sampled=0"), &header("Lineage=1:a:0"), "", "Sampled=1"] {
            assert_eq!(id(text), None, "{text}");
        }
    }
}
