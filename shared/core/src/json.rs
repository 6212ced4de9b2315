//! A strict JSON reader that loses nothing.
//!
//! serde_json can't serve here: it rounds large numbers or changes what other crates see of
//! them, refuses a lone surrogate that a provider may have signed, and forgets the order and
//! the number's own text, all of which signatures and amounts depend on.

mod parse;
mod text;

use thiserror::Error;

pub use parse::{items, parse};
pub use text::Text;

/// Arrays and objects may lie this deep in one another.
pub const MAX_DEPTH: usize = 128;

/// One JSON value (RFC 8259), borrowed from its document where that is possible.
#[derive(Debug, Clone, PartialEq)]
pub enum Value<'a> {
    /// `null`
    Null,
    /// `true` or `false`
    Bool(bool),
    /// A number, as its text.
    Number(&'a str),
    /// A string.
    String(Text<'a>),
    /// An array.
    Array(Vec<Value<'a>>),
    /// An object's members in their order, duplicates and all.
    Object(Vec<(Text<'a>, Value<'a>)>),
}

/// Why a document is not JSON, and at which byte.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum Error {
    /// Not UTF-8.
    #[error("byte {at} is not UTF-8")]
    NotUtf8 {
        /// Offset from the document's begin.
        at: usize,
    },
    /// Something else than the grammar allows.
    #[error("byte {at}: expected {expected}")]
    Expected {
        /// Offset from the document's begin.
        at: usize,
        /// What would be right.
        expected: &'static str,
    },
    /// Arrays and objects deeper than [`MAX_DEPTH`].
    #[error("byte {at}: nested deeper than {MAX_DEPTH}")]
    TooDeep {
        /// Offset from the document's begin.
        at: usize,
    },
}

impl<'a> Value<'a> {
    /// The member of this name: the last one, as every usual parser has it. `None` where this
    /// is no object or has no such member.
    pub fn get(&self, name: &str) -> Option<&Self> {
        let members = self.as_object()?;
        let (_, value) = members.iter().rev().find(|(own, _)| own.as_str() == Some(name))?;
        Some(value)
    }

    /// [`get`](Self::get), name after name.
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

    /// A non-empty string's text, or a number's text exactly as sent; `None` for anything else.
    /// What timestamps and amounts are read with. A lone surrogate reads as U+FFFD.
    pub fn scalar_text(&self) -> Option<String> {
        match self {
            Self::Number(text) => Some((*text).to_owned()),
            Self::String(text) => Some(text.to_string_lossy().into_owned()).filter(|text| !text.is_empty()),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests;
