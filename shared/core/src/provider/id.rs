//! What a provider calls something, exactly.

use crate::json::Value;
use std::borrow::Cow;
use std::fmt::Write;

use sha2::{Digest, Sha256};

/// A part of a key is no longer: a partition key has at most three of them, a sort key too, and DynamoDB allows
/// 2,048 bytes of the one and 1,024 of the other.
/// <https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html>
const LONGEST_PART: usize = 256;

/// An id, a type or another name, as the provider sent it. Two are the same only where both are the same JSON
/// value: `7` is not `"7"`, and one lone surrogate is not another.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Id {
    text: String,
    made_of: MadeOf,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum MadeOf {
    /// A string that is `text`.
    Text,
    /// A number that is written like `text`.
    Number,
    /// A string of these code points, of which some are lone surrogates: they are U+FFFD in `text`.
    CodePoints(Vec<u32>),
}

impl Id {
    /// A JSON number, as it is written.
    pub fn number(text: impl Into<String>) -> Self {
        Self {
            text: text.into(),
            made_of: MadeOf::Number,
        }
    }

    /// A string that is not Unicode.
    pub(crate) fn code_points(points: Vec<u32>) -> Self {
        let text = points.iter().map(|point| char::from_u32(*point));
        Self {
            text: text.map(|c| c.unwrap_or(char::REPLACEMENT_CHARACTER)).collect(),
            made_of: MadeOf::CodePoints(points),
        }
    }

    /// To be read by people and hooks: a number's text, and U+FFFD for a lone surrogate.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Whether it is a string, and Unicode: then [`as_str`](Self::as_str) is exact.
    pub(crate) fn is_text(&self) -> bool {
        self.made_of == MadeOf::Text
    }

    /// What comes before the byte `end` of [`as_str`](Self::as_str).
    #[must_use]
    pub(crate) fn before(&self, end: usize) -> Self {
        let text = self.text.get(..end).unwrap_or(&self.text);
        match &self.made_of {
            MadeOf::CodePoints(points) => {
                Self::code_points(points.iter().copied().take(text.chars().count()).collect())
            }
            made_of => Self {
                text: text.to_owned(),
                made_of: made_of.clone(),
            },
        }
    }

    /// A part of a key. Different ids have different parts: separators, control characters and lone surrogates
    /// are percent-encoded, a number begins with `~n`, and what is too long is its digest after `~`.
    pub fn part(&self) -> Cow<'_, str> {
        match &self.made_of {
            MadeOf::Text => part(&self.text),
            MadeOf::Number => Cow::Owned(format!("~n{}", part(&self.text))),
            MadeOf::CodePoints(points) => Cow::Owned(part_of_points(points)),
        }
    }

    /// A resource's kind or an event's type: one that is called as our own words stays apart from them.
    pub(crate) fn name(&self) -> Cow<'_, str> {
        match self.made_of {
            MadeOf::Text => name(&self.text),
            _ => self.part(),
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
            made_of: MadeOf::Text,
        }
    }
}

pub(crate) fn name(text: &str) -> Cow<'_, str> {
    match text {
        "event" => Cow::Borrowed("%65vent"),
        "body" => Cow::Borrowed("%62ody"),
        text => part(text),
    }
}

/// One part of a key, so that distinct texts stay distinct.
pub(crate) fn part(text: &str) -> Cow<'_, str> {
    let encoded = if text.is_empty() {
        // An empty part would read like a missing one.
        Cow::Borrowed("%")
    } else if text.chars().all(is_plain) {
        Cow::Borrowed(text)
    } else {
        Cow::Owned(encode(text.chars().map(u32::from)))
    };
    match encoded.len() <= LONGEST_PART {
        true => encoded,
        false => Cow::Owned(digest_of(text.as_bytes())),
    }
}

fn part_of_points(points: &[u32]) -> String {
    let encoded = encode(points.iter().copied());
    match encoded.len() <= LONGEST_PART {
        true => encoded,
        false => digest_of(&points.iter().flat_map(|point| bytes_of(*point)).collect::<Vec<u8>>()),
    }
}

/// `~` begins what is no plain text, and `#`, `%` and `|` have a meaning of their own.
fn is_plain(c: char) -> bool {
    !matches!(c, '#' | '%' | '|' | '~') && !c.is_control()
}

fn encode(points: impl Iterator<Item = u32>) -> String {
    let mut encoded = String::new();
    for point in points {
        match char::from_u32(point) {
            Some(c) if is_plain(c) => encoded.push(c),
            _ => {
                for byte in bytes_of(point) {
                    // Writing to a String can't fail.
                    let _ = write!(encoded, "%{byte:02X}");
                }
            }
        }
    }
    encoded
}

/// A code point as UTF-8 would have it, if it had surrogates too: `ED A0 80` is in no text.
fn bytes_of(point: u32) -> Vec<u8> {
    match char::from_u32(point) {
        Some(c) => c.encode_utf8(&mut [0; 4]).as_bytes().to_vec(),
        None => {
            let six_bits = |shift: u32| 0x80 | (point >> shift & 0x3F);
            let bytes = [0xE0 | point >> 12, six_bits(6), six_bits(0)];
            bytes.iter().filter_map(|byte| u8::try_from(*byte).ok()).collect()
        }
    }
}

/// A provider's text where it becomes an attribute: as it is, and where it is too long for that its digest. A
/// provider may send a megabyte as an id. Distinct texts stay distinct: `~` comes first in digests alone.
pub fn bounded(text: &str) -> Cow<'_, str> {
    match text.len() <= LONGEST_PART && !text.starts_with('~') {
        true => Cow::Borrowed(text),
        false => Cow::Owned(digest(text)),
    }
}

/// What stands for a text that is too long where it should be.
pub fn digest(text: &str) -> String {
    digest_of(text.as_bytes())
}

fn digest_of(bytes: &[u8]) -> String {
    format!("~{}", data_encoding::HEXLOWER.encode(&Sha256::digest(bytes)))
}

impl Value<'_> {
    /// A non-empty string or a number, with all that tells it apart from others: what ids and types are read with.
    pub fn scalar_id(&self) -> Option<Id> {
        match self {
            Self::Number(text) => Some(Id::number(*text)),
            Self::String(text) => match text.as_str() {
                Some("") => None,
                Some(text) => Some(Id::from(text)),
                None => {
                    let mut points = Vec::new();
                    text.for_each(|point| points.push(point));
                    Some(Id::code_points(points))
                }
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
    fn a_text_of_any_length_fits_an_attribute_and_stays_apart() {
        let long = "x".repeat(420_000);
        let of_long = bounded(&long).into_owned();
        let texts = ["", "a#b|c", &long[..256], &long[..257], &long, &of_long];
        let bounded: BTreeSet<_> = texts.iter().map(|text| bounded(text)).collect();
        assert_eq!(bounded.len(), texts.len());
        assert!(bounded.iter().all(|text| text.len() <= LONGEST_PART));
        assert!(bounded.contains("a#b|c"), "what fits stays as it is");
    }

    #[test]
    fn what_is_no_plain_string_is_marked() {
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
        let parts: Vec<_> = ids.iter().map(Id::part).collect();
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
    fn a_kind_or_type_that_is_called_as_a_word_of_the_key_stays_apart() {
        let names = ["event", "body", "payment"].map(|name| Id::from(name).name().into_owned());
        assert_eq!(names, ["%65vent", "%62ody", "payment"]);
        assert_eq!(Id::from("event").part(), "event", "an id is never where they are");
    }

    #[test]
    fn what_comes_before_a_place_is_as_exact() {
        let id = Id::code_points([0xD800, u32::from('é'), 0xDC00].to_vec());
        assert_eq!(id.as_str(), "\u{FFFD}é\u{FFFD}");
        assert_eq!(id.before(5), Id::code_points(vec![0xD800, u32::from('é')]));
        assert_eq!(Id::from("payment.paid").before(7), Id::from("payment"));
        assert_eq!(Id::number("7.5").before(1), Id::number("7"));
    }
}
