//! What a provider calls something, exactly.

use std::borrow::Cow;
use std::fmt::Write;

use data_encoding::HEXLOWER;
use sha2::{Digest, Sha256};

use crate::json::Value;

/// The longest part of a key in bytes. Partition and sort keys have at most three parts each, and DynamoDB allows 2,048
/// and 1,024 bytes for them.
/// <https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html>
const LONGEST_PART: usize = 256;

/// An id, a type or another name, as the provider sent it. Two are equal only if they are the same JSON value: `7` is
/// not `"7"`, and one lone surrogate is not another.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Id {
    text: String,
    json: JsonType,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum JsonType {
    /// A string that is `text`.
    String,
    /// A number that is written like `text`.
    Number,
    /// A string with lone surrogates, which are U+FFFD in `text`: its code points.
    CodePoints(Vec<u32>),
}

impl Id {
    /// A JSON number, as written.
    pub fn number(text: impl Into<String>) -> Self {
        Self {
            text: text.into(),
            json: JsonType::Number,
        }
    }

    /// A string with lone surrogates.
    pub(crate) fn code_points(points: Vec<u32>) -> Self {
        let text = points.iter().map(|point| char::from_u32(*point));
        Self {
            text: text.map(|c| c.unwrap_or(char::REPLACEMENT_CHARACTER)).collect(),
            json: JsonType::CodePoints(points),
        }
    }

    /// The text for people and hooks: a number's digits, and U+FFFD for a lone surrogate.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Whether it is a string without lone surrogates, so that [`as_str`](Self::as_str) is exact.
    pub(crate) fn is_text(&self) -> bool {
        self.json == JsonType::String
    }

    /// The part before the byte `end` of [`as_str`](Self::as_str); all of it if it is shorter.
    ///
    /// ```
    /// # use acuse_core::provider::Id;
    /// let type_name = Id::from("payment.paid");
    /// let end = type_name.as_str().find('.').unwrap_or(usize::MAX);
    /// assert_eq!(type_name.before(end).as_str(), "payment");
    /// ```
    #[must_use]
    pub fn before(&self, end: usize) -> Self {
        let text = self.text.get(..end).unwrap_or(&self.text);
        match &self.json {
            JsonType::CodePoints(points) => {
                Self::code_points(points.iter().copied().take(text.chars().count()).collect())
            }
            json => Self {
                text: text.to_owned(),
                json: json.clone(),
            },
        }
    }

    /// The id as a part of a key. Different ids have different parts: separators, control characters and lone
    /// surrogates are percent-encoded, a number begins with `~n`, and a long id becomes `~` and its digest.
    pub fn key_part(&self) -> Cow<'_, str> {
        match &self.json {
            JsonType::String => key_part(&self.text),
            JsonType::Number => Cow::Owned(format!("~n{}", key_part(&self.text))),
            JsonType::CodePoints(points) => {
                let bytes = || points.iter().flat_map(|point| utf8(*point)).collect::<Vec<u8>>();
                Cow::Owned(or_digest(encode(points.iter().copied()).into(), bytes).into_owned())
            }
        }
    }

    /// As [`key_part`](Self::key_part), but never one of the key's own words, `event` and `body`: for types and for
    /// kinds of resources.
    pub(crate) fn key_word(&self) -> Cow<'_, str> {
        match self.json {
            JsonType::String => key_word(&self.text),
            _ => self.key_part(),
        }
    }
}

impl From<&str> for Id {
    fn from(text: &str) -> Self {
        Self::from(text.to_owned())
    }
}

impl From<String> for Id {
    fn from(text: String) -> Self {
        Self {
            text,
            json: JsonType::String,
        }
    }
}

/// [`Id::key_word`] of a string.
pub(crate) fn key_word(text: &str) -> Cow<'_, str> {
    match text {
        "event" => Cow::Borrowed("%65vent"),
        "body" => Cow::Borrowed("%62ody"),
        text => key_part(text),
    }
}

/// [`Id::key_part`] of a string.
pub(crate) fn key_part(text: &str) -> Cow<'_, str> {
    let encoded = if text.is_empty() {
        // An empty part would look like a missing one.
        Cow::Borrowed("%")
    } else if text.chars().all(is_plain) {
        Cow::Borrowed(text)
    } else {
        Cow::Owned(encode(text.chars().map(u32::from)))
    };
    or_digest(encoded, || text.as_bytes().to_vec())
}

/// `encoded`, or the digest of `bytes` if that is too long.
fn or_digest(encoded: Cow<'_, str>, bytes: impl FnOnce() -> Vec<u8>) -> Cow<'_, str> {
    match encoded.len() <= LONGEST_PART {
        true => encoded,
        false => Cow::Owned(digest(bytes())),
    }
}

/// `#` and `|` separate parts, `%` begins an escape, and `~` marks numbers and digests.
fn is_plain(c: char) -> bool {
    !matches!(c, '#' | '%' | '|' | '~') && !c.is_control()
}

fn encode(points: impl Iterator<Item = u32>) -> String {
    let mut encoded = String::new();
    for point in points {
        match char::from_u32(point) {
            Some(c) if is_plain(c) => encoded.push(c),
            _ => {
                for byte in utf8(point) {
                    // Writing to a String can't fail.
                    let _ = write!(encoded, "%{byte:02X}");
                }
            }
        }
    }
    encoded
}

/// A code point in UTF-8, extended to lone surrogates: `ED A0 80` occurs in no text.
fn utf8(point: u32) -> Vec<u8> {
    match char::from_u32(point) {
        Some(c) => c.encode_utf8(&mut [0; 4]).as_bytes().to_vec(),
        None => {
            let six_bits = |shift: u32| 0x80 | (point >> shift & 0x3F);
            let bytes = [0xE0 | point >> 12, six_bits(6), six_bits(0)];
            bytes.iter().filter_map(|byte| u8::try_from(*byte).ok()).collect()
        }
    }
}

/// A provider's text that becomes an attribute of a record: the text itself, or its digest if it is too long, since a
/// provider may send a megabyte as an id. Different texts stay different: only digests begin with `~`.
pub fn bounded(text: &str) -> Cow<'_, str> {
    match text.len() <= LONGEST_PART && !text.starts_with('~') {
        true => Cow::Borrowed(text),
        false => Cow::Owned(digest(text)),
    }
}

/// What replaces a text that is too long: `~` and its SHA-256.
pub fn digest(text: impl AsRef<[u8]>) -> String {
    format!("~{}", HEXLOWER.encode(&Sha256::digest(text)))
}

impl Value<'_> {
    /// A non-empty string or a number as an [`Id`]; `None` for anything else. Ids and types are read with it.
    pub fn scalar_id(&self) -> Option<Id> {
        match self {
            Self::Number(text) => Some(Id::number(*text)),
            Self::String(text) => match text.as_str() {
                Some("") => None,
                Some(text) => Some(Id::from(text)),
                None => Some(Id::code_points(text.code_points())),
            },
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn bounded_texts_fit_and_stay_distinct() {
        let long = "x".repeat(420_000);
        let of_long = bounded(&long).into_owned();
        let texts = ["", "a#b|c", &long[..256], &long[..257], &long, &of_long];
        let bounded: BTreeSet<_> = texts.iter().map(|text| bounded(text)).collect();
        assert_eq!(bounded.len(), texts.len());
        assert!(bounded.iter().all(|text| text.len() <= LONGEST_PART));
        assert!(bounded.contains("a#b|c"), "what fits stays as it is");
    }

    #[test]
    fn key_parts_mark_everything_but_plain_strings() {
        let ids = [
            Id::from("p1"),
            Id::from("7"),
            Id::number("7"),
            Id::from("~n7"),
            Id::code_points(vec![0xD800, u32::from('x')]),
            Id::code_points(vec![0xD801, u32::from('x')]),
            Id::from("%ED%A0%80x"),
            Id::from("\u{FFFD}x"),
            Id::from("a b\t#1"),
        ];
        let parts: Vec<_> = ids.iter().map(Id::key_part).collect();
        insta::assert_snapshot!(parts.join("\n"), @r"
        p1
        7
        ~n7
        %7En7
        %ED%A0%80x
        %ED%A0%81x
        %25ED%25A0%2580x
        �x
        a b%09%231
        ");
    }

    #[test]
    fn kinds_and_types_never_look_like_the_keys_own_words() {
        let names = ["event", "body", "payment"].map(|name| Id::from(name).key_word().into_owned());
        assert_eq!(names, ["%65vent", "%62ody", "payment"]);
        assert_eq!(Id::from("event").key_part(), "event", "an id is never where they are");
    }

    #[test]
    fn a_prefix_is_as_exact_as_the_id() {
        let id = Id::code_points([0xD800, u32::from('é'), 0xDC00].to_vec());
        assert_eq!(id.as_str(), "\u{FFFD}é\u{FFFD}");
        assert_eq!(id.before(5), Id::code_points(vec![0xD800, u32::from('é')]));
        assert_eq!(Id::from("payment.paid").before(7), Id::from("payment"));
        assert_eq!(Id::number("7.5").before(1), Id::number("7"));
    }
}
