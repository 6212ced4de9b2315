//! One version of a secret, as JSON. What it does not know it refuses: a field that is dropped in
//! silence is a secret that somebody believes to be in use.

use std::fmt;

use serde::de::{DeserializeOwned, MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;

use super::SecretError;
use crate::provider::Provider;

const SIGNING_SECRETS: &str = "signing_secrets";
const TOKEN: &str = "token";
const PLACEHOLDER: &str = "placeholder";

/// One version as the store holds it: the values themselves. Has no `Debug` on purpose.
#[derive(Clone, Default, Serialize)]
pub struct Stored {
    /// Each of them verifies.
    pub signing_secrets: Vec<String>,
    /// The static token, where the provider has one.
    #[serde(skip_serializing_if = "Token::is_absent")]
    pub token: Token,
    /// What the template creates before the operator puts the real secret.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub placeholder: bool,
}

/// What a version says of the static token. That there is none has to be said: a token that was
/// forgotten must not switch a check off.
#[derive(Clone, Default, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum Token {
    /// Nothing.
    #[default]
    Absent,
    /// `null`: the provider sends none, and the signature alone is checked.
    Null,
    /// The token.
    Text(String),
}

impl Token {
    /// Whether nothing is said of it.
    pub fn is_absent(&self) -> bool {
        *self == Self::Absent
    }

    /// The token, where there is one.
    pub fn text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            Self::Absent | Self::Null => None,
        }
    }

    /// Without white space around it; what is nothing else is absent.
    fn trimmed(self) -> Self {
        match self {
            Self::Text(text) if text.trim().is_empty() => Self::Absent,
            Self::Text(text) => Self::Text(text.trim().to_owned()),
            other => other,
        }
    }
}

impl From<Option<String>> for Token {
    /// `None` is absent.
    fn from(text: Option<String>) -> Self {
        text.map_or(Self::Absent, Self::Text)
    }
}

impl Stored {
    /// Reads the JSON. A byte order mark before it is no part of it.
    ///
    /// # Errors
    /// [`SecretError`] says what is not as it should be, and shows no value.
    pub fn parse(provider: &Provider, text: &str) -> Result<Self, SecretError> {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        // serde's message may quote the value it stumbled on, so only its place goes further.
        let Fields(fields) = serde_json::from_str(text).map_err(|error| SecretError::Malformed {
            provider: provider.name,
            line: error.line(),
            column: error.column(),
        })?;
        let mut seen = Vec::new();
        let mut stored = Self::default();
        for (place, (name, value)) in (1..).zip(fields) {
            let known = [SIGNING_SECRETS, TOKEN, PLACEHOLDER];
            let Some(field) = known.into_iter().find(|known| *known == name) else {
                return Err(SecretError::UnknownField {
                    provider: provider.name,
                    field: shown(&name, place),
                });
            };
            if seen.contains(&field) {
                return Err(SecretError::DuplicateField {
                    provider: provider.name,
                    field,
                });
            }
            seen.push(field);
            match field {
                SIGNING_SECRETS => stored.signing_secrets = read(provider, field, value, "a list of texts")?,
                TOKEN if value.is_null() => stored.token = Token::Null,
                TOKEN => stored.token = Token::Text(read(provider, field, value, "a text or `null`")?),
                _ => stored.placeholder = read(provider, field, value, "`true` or `false`")?,
            }
        }
        if stored.placeholder && (!stored.signing_secrets.is_empty() || stored.token.text().is_some()) {
            return Err(SecretError::PlaceholderWithSecret {
                provider: provider.name,
            });
        }
        Ok(stored)
    }

    /// The JSON.
    pub fn to_json(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }

    /// Whether it is what the template put.
    pub fn is_placeholder(&self) -> bool {
        self.placeholder
    }

    /// Without white space around the values. A token that is nothing but white space is none.
    #[must_use]
    pub fn trimmed(mut self) -> Self {
        for secret in &mut self.signing_secrets {
            *secret = secret.trim().to_owned();
        }
        self.token = self.token.trimmed();
        self
    }
}

fn read<T: DeserializeOwned>(
    provider: &Provider,
    field: &'static str,
    value: Value,
    expected: &'static str,
) -> Result<T, SecretError> {
    serde_json::from_value(value).map_err(|_| SecretError::WrongType {
        provider: provider.name,
        field,
        expected,
    })
}

/// An unknown field's name; only its place where the name may be a secret, as in
/// `{"wh_tok_…": "wh_hdr_…"}`.
fn shown(name: &str, place: usize) -> String {
    match is_word_like(name) {
        true => format!("`{name}`"),
        false => format!("number {place}, whose name is not shown since it may be a secret"),
    }
}

/// Whether `name` is a few short words, as people name a field. What is random has digits, long
/// runs, capitals in odd places or parts without a vowel.
fn is_word_like(name: &str) -> bool {
    // `signingSecrets` as `signing_secrets`.
    let mut snake = String::new();
    for letter in name.chars() {
        if letter.is_ascii_uppercase() && !snake.is_empty() {
            snake.push('_');
        }
        snake.push(letter.to_ascii_lowercase());
    }
    let is_word = |word: &str| {
        (2..=12).contains(&word.len())
            && word.bytes().all(|letter| letter.is_ascii_lowercase())
            && word.contains(['a', 'e', 'i', 'o', 'u', 'y'])
    };
    name.len() <= 32 && !snake.starts_with("wh") && snake.split(['_', '-']).all(is_word)
}

/// An object's fields in their order, each as often as it is there: serde's maps keep the last.
struct Fields(Vec<(String, Value)>);

impl<'de> Deserialize<'de> for Fields {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Object;

        impl<'de> Visitor<'de> for Object {
            type Value = Fields;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Fields, A::Error> {
                let mut fields = Vec::new();
                while let Some(field) = map.next_entry()? {
                    fields.push(field);
                }
                Ok(Fields(fields))
            }
        }

        deserializer.deserialize_map(Object)
    }
}
