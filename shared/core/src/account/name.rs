//! The name of an account.

use std::borrow::{Borrow, Cow};
use std::fmt;

use serde::Serialize;

/// The name of an account: 1 to 64 of `a-z`, `0-9`, `-` and `_`, the first one a letter or digit. It is part of the
/// webhook's URL, `/webhooks/{provider}/{account}`, and of keys.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(transparent)]
pub struct AccountName(Cow<'static, str>);

/// The longest name, which is enough for a UUID.
const LONGEST: usize = 64;

impl AccountName {
    /// The account of `/webhooks/{provider}`.
    pub const DEFAULT: Self = Self(Cow::Borrowed(Self::DEFAULT_TEXT));

    /// The text of [`DEFAULT`](Self::DEFAULT).
    pub const DEFAULT_TEXT: &'static str = "default";

    /// What a name looks like, for messages.
    pub const EXPECTED: &'static str = "1 to 64 of a-z, 0-9, - and _, beginning with a letter or digit";

    /// Reads a name. `None` if it is invalid.
    pub fn parse(text: &str) -> Option<Self> {
        let first = text.bytes().next()?;
        let is_valid = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'-' | b'_');
        let valid = text.len() <= LONGEST && text.bytes().all(is_valid) && first.is_ascii_alphanumeric();
        match text == Self::DEFAULT_TEXT {
            true => Some(Self::DEFAULT),
            false => valid.then(|| Self(Cow::Owned(text.to_owned()))),
        }
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The name, unless it is the default one: a field that most log lines don't need.
    pub(crate) fn named(&self) -> Option<&str> {
        (!self.is_default()).then_some(self.as_str())
    }

    /// Whether this is the [default](Self::DEFAULT) account.
    pub fn is_default(&self) -> bool {
        *self == Self::DEFAULT
    }
}

impl Default for AccountName {
    fn default() -> Self {
        Self::DEFAULT
    }
}

impl Borrow<str> for AccountName {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for AccountName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_fits_a_url_and_a_key() {
        let longest = "a".repeat(64);
        for name in [
            "default",
            "test",
            "0",
            "tienda-2",
            "org_1",
            "0190a3c4-7b1f-7e2a-9c3d-5e6f7a8b9c0d",
            &longest,
        ] {
            assert_eq!(AccountName::parse(name).unwrap().as_str(), name);
        }
        let long = "a".repeat(65);
        for name in [
            "", "Test", "a b", "a/b", "a#b", "a|b", "a@b", "a.b", "-a", "_a", "é", "a%20b", "..", &long,
        ] {
            assert_eq!(AccountName::parse(name), None, "{name:?}");
        }
    }

    #[test]
    fn only_one_name_is_the_default() {
        assert!(AccountName::parse("default").unwrap().is_default());
        assert!(!AccountName::parse("default-2").unwrap().is_default());
    }
}
