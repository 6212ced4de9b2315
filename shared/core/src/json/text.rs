//! A JSON string's content, which need not be Unicode.

use std::borrow::Cow;

/// A string's code points, where a lone surrogate is one too: JSON can write `\ud800`, UTF-8
/// can't. Two texts are equal where their code points are.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Text<'a>(Content<'a>);

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Content<'a> {
    Unicode(Cow<'a, str>),
    /// At least one of them is a surrogate.
    CodePoints(Vec<u32>),
}

impl<'a> Text<'a> {
    pub(super) fn borrowed(text: &'a str) -> Self {
        Self(Content::Unicode(Cow::Borrowed(text)))
    }

    /// The text, unless a lone surrogate is in it.
    pub fn as_str(&self) -> Option<&str> {
        match &self.0 {
            Content::Unicode(text) => Some(text),
            Content::CodePoints(_) => None,
        }
    }

    /// The text, with U+FFFD for a lone surrogate.
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

    /// Calls `each` with every code point, lone surrogates included.
    pub fn for_each(&self, mut each: impl FnMut(u32)) {
        match &self.0 {
            Content::Unicode(text) => text.chars().for_each(|c| each(u32::from(c))),
            Content::CodePoints(points) => points.iter().copied().for_each(each),
        }
    }
}

/// A text under construction: Unicode until the first lone surrogate.
#[derive(Default)]
pub(super) struct Builder {
    unicode: String,
    points: Option<Vec<u32>>,
    /// A high surrogate that waits for its low one.
    high: Option<u32>,
}

impl Builder {
    pub(super) fn push_str(&mut self, text: &str) {
        self.settle();
        match &mut self.points {
            None => self.unicode.push_str(text),
            Some(points) => points.extend(text.chars().map(u32::from)),
        }
    }

    /// Adds a UTF-16 code unit, as `\uXXXX` writes it: two surrogates may make one code point.
    pub(super) fn push_unit(&mut self, unit: u32) {
        match (self.high, unit) {
            (Some(high), 0xDC00..=0xDFFF) => {
                self.high = None;
                self.push_point(0x10000 + ((high - 0xD800) << 10) + (unit - 0xDC00));
            }
            (_, 0xD800..=0xDBFF) => {
                self.settle();
                self.high = Some(unit);
            }
            _ => {
                self.settle();
                self.push_point(unit);
            }
        }
    }

    pub(super) fn finish(mut self) -> Text<'static> {
        self.settle();
        Text(match self.points {
            None => Content::Unicode(Cow::Owned(self.unicode)),
            Some(points) => Content::CodePoints(points),
        })
    }

    /// A high surrogate whose low one did not come stands alone.
    fn settle(&mut self) {
        if let Some(high) = self.high.take() {
            self.push_point(high);
        }
    }

    fn push_point(&mut self, point: u32) {
        match (char::from_u32(point), &mut self.points) {
            (Some(c), None) => self.unicode.push(c),
            (_, Some(points)) => points.push(point),
            (None, empty) => {
                let unicode = std::mem::take(&mut self.unicode);
                *empty = Some(unicode.chars().map(u32::from).chain([point]).collect());
            }
        }
    }
}
