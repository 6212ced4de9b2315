//! A strict JSON reader that loses nothing.
//!
//! serde_json does not fit: it rounds large numbers (or, with a feature, changes them for every crate in the build),
//! refuses lone surrogates that a provider may have signed, and forgets the order of members and the text of numbers.
//! Signatures and amounts depend on all of these.

mod name;
mod parse;
mod text;

use thiserror::Error;

pub(crate) use name::shown_name;
pub use parse::{items, parse};
pub use text::Text;

/// The deepest nesting of arrays and objects.
pub const MAX_DEPTH: usize = 128;

/// One JSON value (RFC 8259), borrowed from its document if possible.
#[derive(Debug, Clone, PartialEq)]
#[expect(missing_docs, reason = "the names say it")]
pub enum Value<'a> {
    Null,
    Bool(bool),
    /// A number, as its text.
    Number(&'a str),
    String(Text<'a>),
    Array(Vec<Value<'a>>),
    /// An object's members in their order, duplicates included.
    Object(Vec<(Text<'a>, Value<'a>)>),
}

/// Why a document is not JSON, and at which byte.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[non_exhaustive]
#[expect(missing_docs, reason = "the texts say it")]
pub enum Error {
    #[error("byte {at} is not UTF-8")]
    NotUtf8 { at: usize },
    #[error("byte {at}: expected {expected}")]
    Expected { at: usize, expected: &'static str },
    #[error("byte {at}: nested deeper than {MAX_DEPTH}")]
    TooDeep { at: usize },
}

impl<'a> Value<'a> {
    /// The member `name`: the last one, as common parsers have it. `None` if there is none, or if this is not an object.
    pub fn get(&self, name: &str) -> Option<&Self> {
        let members = self.as_object()?;
        let (_, value) = members.iter().rev().find(|(own, _)| own.as_str() == Some(name))?;
        Some(value)
    }

    /// Follows `names` through nested objects with [`get`](Self::get).
    pub fn path(&self, names: &[&str]) -> Option<&Self> {
        names.iter().try_fold(self, |value, name| value.get(name))
    }

    /// An object's members.
    pub fn as_object(&self) -> Option<&[(Text<'a>, Value<'a>)]> {
        match self {
            Self::Object(members) => Some(members),
            _ => None,
        }
    }

    /// The text of a non-empty string or of a number, exactly as sent; `None` for anything else. Timestamps and amounts
    /// are read with it. A lone surrogate becomes U+FFFD.
    pub fn scalar_text(&self) -> Option<String> {
        match self {
            Self::Number(text) => Some((*text).to_owned()),
            Self::String(text) => Some(text.to_string_lossy().into_owned()).filter(|text| !text.is_empty()),
            _ => None,
        }
    }

    /// Whether no text in it has a lone surrogate, which other parsers refuse, and the whole document with it.
    pub fn is_unicode(&self) -> bool {
        match self {
            Self::Null | Self::Bool(_) | Self::Number(_) => true,
            Self::String(text) => text.as_str().is_some(),
            Self::Array(items) => items.iter().all(Self::is_unicode),
            Self::Object(members) => members
                .iter()
                .all(|(name, value)| name.as_str().is_some() && value.is_unicode()),
        }
    }
}

#[cfg(test)]
mod tests;
