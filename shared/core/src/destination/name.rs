//! The name of a destination.

use std::borrow::Borrow;
use std::fmt;

use serde::Serialize;

/// The name of a destination: 1 to 64 of `a-z`, `0-9`, `-` and `_`, the first one a letter or digit. It is part of keys,
/// the message group of its queue, and the dimension of its metrics.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(transparent)]
pub struct DestinationName(String);

impl DestinationName {
    /// What a name looks like, for messages.
    pub const EXPECTED: &'static str = crate::account::AccountName::EXPECTED;

    /// Reads a name. `None` if it is invalid.
    pub fn parse(text: &str) -> Option<Self> {
        // The same rules, for the same reasons.
        crate::account::AccountName::parse(text).map(|_| Self(text.to_owned()))
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Borrow<str> for DestinationName {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for DestinationName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
