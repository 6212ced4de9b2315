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

/// A text under construction: Unicode until the first lone surrogate.
#[derive(Default)]
pub(super) struct Builder {
    unicode: String,
    points: Option<Vec<u32>>,
    /// A high surrogate whose low one may follow.
    high: Option<u32>,
}

impl Builder {
    pub(super) fn push_str(&mut self, text: &str) {
        self.flush_high();
        match &mut self.points {
            None => self.unicode.push_str(text),
            Some(points) => points.extend(text.chars().map(u32::from)),
        }
    }

    /// Adds a UTF-16 code unit (`\uXXXX`): a pair of surrogates makes one code point.
    pub(super) fn push_unit(&mut self, unit: u32) {
        match (self.high, unit) {
            (Some(high), 0xDC00..=0xDFFF) => {
                self.high = None;
                self.push_point(0x10000 + ((high - 0xD800) << 10) + (unit - 0xDC00));
            }
            (_, 0xD800..=0xDBFF) => {
                self.flush_high();
                self.high = Some(unit);
            }
            _ => {
                self.flush_high();
                self.push_point(unit);
            }
        }
    }

    pub(super) fn finish(mut self) -> Text<'static> {
        self.flush_high();
        Text(match self.points {
            None => Content::Unicode(Cow::Owned(self.unicode)),
            Some(points) => Content::CodePoints(points),
        })
    }

    /// Keeps a high surrogate that no low one followed.
    fn flush_high(&mut self) {
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
