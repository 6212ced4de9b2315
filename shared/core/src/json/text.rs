//! The content of a JSON string, which may not be valid Unicode.

use std::borrow::Cow;

/// A string's code points, including lone surrogates: JSON can write `\ud800`, UTF-8 can't. Two texts are equal if
/// their code points are.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Text<'a>(Content<'a>);

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Content<'a> {
    Unicode(Cow<'a, str>),
    /// Contains at least one lone surrogate.
    CodePoints(Vec<u32>),
}

impl<'a> Text<'a> {
    pub(super) fn borrowed(text: &'a str) -> Self {
        Self(Content::Unicode(Cow::Borrowed(text)))
    }

    /// The text; `None` if it contains a lone surrogate.
    pub fn as_str(&self) -> Option<&str> {
        match &self.0 {
            Content::Unicode(text) => Some(text),
            Content::CodePoints(_) => None,
        }
    }

    /// The text, with U+FFFD in place of lone surrogates.
    pub fn to_string_lossy(&self) -> Cow<'_, str> {
        match &self.0 {
            Content::Unicode(text) => Cow::Borrowed(text),
            Content::CodePoints(points) => Cow::Owned(
                points
                    .iter()
                    .map(|point| char::from_u32(*point).unwrap_or(char::REPLACEMENT_CHARACTER))
                    .collect(),
            ),
        }
    }

    /// All code points, including lone surrogates.
    pub fn code_points(&self) -> Vec<u32> {
        let mut points = Vec::new();
        self.for_each(|point| points.push(point));
        points
    }

    /// Calls `each` with every code point, lone surrogates included.
    pub fn for_each(&self, mut each: impl FnMut(u32)) {
        match &self.0 {
            Content::Unicode(text) => text.chars().for_each(|c| each(u32::from(c))),
            Content::CodePoints(points) => points.iter().copied().for_each(each),
        }
    }
}

/// A text under construction: its code points. A high surrogate at the end may still become half of a pair.
#[derive(Default)]
pub(super) struct Builder(Vec<u32>);

impl Builder {
    pub(super) fn push_str(&mut self, text: &str) {
        self.0.extend(text.chars().map(u32::from));
    }

    /// Adds a UTF-16 code unit (`\uXXXX`): a pair of surrogates makes one code point.
    pub(super) fn push_unit(&mut self, unit: u32) {
        match (self.0.last().copied(), unit) {
            (Some(high @ 0xD800..=0xDBFF), 0xDC00..=0xDFFF) => {
                self.0.pop();
                self.0.push(0x10000 + ((high - 0xD800) << 10) + (unit - 0xDC00));
            }
            _ => self.0.push(unit),
        }
    }

    pub(super) fn finish(self) -> Text<'static> {
        let unicode: Option<String> = self.0.iter().map(|point| char::from_u32(*point)).collect();
        Text(match unicode {
            Some(text) => Content::Unicode(Cow::Owned(text)),
            None => Content::CodePoints(self.0),
        })
    }
}
