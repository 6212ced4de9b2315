//! The name of a hook or a table, in all the forms that code and template write it in.

use std::str::FromStr;

use thiserror::Error;

/// Generated lines are formatted as rustfmt wants up to this length.
const LONGEST: usize = 30;

/// Words that can't name a module, <https://doc.rust-lang.org/reference/keywords.html>, and `tests`.
const RESERVED: &str = "abstract as async await become box break const continue crate do dyn else enum extern false \
     final fn for gen if impl in let loop macro match mod move mut override priv pub ref return self static struct \
     super tests trait true try type typeof unsafe unsized use virtual where while yield";

/// A name such as `loyalty-points`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Name(String);

/// A text that is no [`Name`].
#[derive(Debug, Error, PartialEq, Eq)]
pub(crate) enum NameError {
    #[error(
        "a name has lowercase letters and digits, in words joined by `-` or `_`, and begins with a letter: `{example}`"
    )]
    Form { example: String },
    #[error("it is longer than {LONGEST} characters")]
    Long,
    #[error("`{0}` is a word of Rust: use another name, such as `{0}-orders`")]
    Reserved(String),
}

impl Name {
    /// `loyalty-points`
    pub(crate) fn kebab(&self) -> &str {
        &self.0
    }

    /// `loyalty_points`
    pub(crate) fn snake(&self) -> String {
        self.0.replace('-', "_")
    }

    /// `LOYALTY_POINTS`
    pub(crate) fn upper(&self) -> String {
        self.snake().to_uppercase()
    }

    /// `LoyaltyPoints`
    pub(crate) fn pascal(&self) -> String {
        let words = self.0.split('-').map(|word| {
            let (first, rest) = word.split_at(1); // They are ASCII, and not empty.
            first.to_uppercase() + rest
        });
        words.collect()
    }

    /// The same without a last word `table`, which is added where it belongs.
    pub(crate) fn of_table(self) -> Self {
        match self.0.strip_suffix("-table") {
            Some(name) => Self(name.to_owned()),
            None => self,
        }
    }
}

impl FromStr for Name {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, NameError> {
        let name = text.replace('_', "-");
        if !has_form(&name) {
            let example = suggested(text);
            return Err(NameError::Form { example });
        }
        if name.len() > LONGEST {
            return Err(NameError::Long);
        }
        if is_reserved(&name) {
            return Err(NameError::Reserved(name));
        }
        Ok(Self(name))
    }
}

/// Words of lowercase letters and digits, joined by `-`, with a letter first.
fn has_form(name: &str) -> bool {
    let is_word = |word: &str| {
        !word.is_empty()
            && word
                .bytes()
                .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
    };
    name.starts_with(|first: char| first.is_ascii_lowercase()) && name.split('-').all(is_word)
}

fn is_reserved(name: &str) -> bool {
    RESERVED.split_whitespace().any(|word| word == name)
}

/// `text` as a name, if that is what it can have meant.
fn suggested(text: &str) -> String {
    let mut name = String::new();
    let mut after_lowercase = false;
    for c in text.chars() {
        match c.is_ascii_alphanumeric() {
            true => {
                if c.is_ascii_uppercase() && after_lowercase {
                    name.push('-');
                }
                name.push(c.to_ascii_lowercase());
            }
            false if !name.is_empty() && !name.ends_with('-') => name.push('-'),
            false => {}
        }
        after_lowercase = c.is_ascii_lowercase();
    }
    let name = name.trim_matches('-');
    match has_form(name) && name.len() <= LONGEST && !is_reserved(name) {
        true => name.to_owned(),
        false => "loyalty-points".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_has_four_forms() {
        for text in ["loyalty-points2", "loyalty_points2"] {
            let name: Name = text.parse().unwrap();
            let forms = [name.kebab(), &name.snake(), &name.upper(), &name.pascal()];
            assert_eq!(
                forms,
                [
                    "loyalty-points2",
                    "loyalty_points2",
                    "LOYALTY_POINTS2",
                    "LoyaltyPoints2"
                ]
            );
        }
        let table: Name = "orders_table".parse().unwrap();
        assert_eq!(table.of_table().kebab(), "orders");
    }

    #[test]
    fn what_is_no_name_is_answered_with_one() {
        for (text, expected) in [
            ("MarkPaid", "mark-paid"),
            ("mark paid.rs", "mark-paid-rs"),
            ("-orders-", "orders"),
            ("a--b", "a-b"),
            ("../../etc/passwd", "etc-passwd"),
            ("2fa", "loyalty-points"),
            ("pedidos-año", "pedidos-a-o"),
            ("", "loyalty-points"),
            ("Type", "loyalty-points"),
        ] {
            let example = expected.to_owned();
            assert_eq!(text.parse::<Name>(), Err(NameError::Form { example }), "{text}");
        }
        assert_eq!("a".repeat(31).parse::<Name>(), Err(NameError::Long));
        assert!("a".repeat(30).parse::<Name>().is_ok());
        for word in ["type", "self", "async", "tests"] {
            assert_eq!(word.parse::<Name>(), Err(NameError::Reserved(word.to_owned())));
        }
    }
}
