//! One version of a secret, as JSON. Unknown fields are refused: if they were ignored, somebody would believe that a
//! secret is in use when it is not.

use serde::Serialize;

use super::{Problem, SecretError};
use crate::json::{self, Value};
use crate::provider::Provider;

/// One version of a secret in the store, with its plain values. Has no `Debug` on purpose.
#[derive(Clone, Default, Serialize)]
pub struct SecretVersion {
    /// A signature may be made with any of them.
    pub signing_secrets: Vec<String>,
    /// The static token, if the provider has one.
    #[serde(skip_serializing_if = "TokenField::is_absent")]
    pub token: TokenField,
    /// The template's initial value, until the operator stores the real secret.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub placeholder: bool,
}

/// The field `token`. "No token" must be explicit: a forgotten field must not switch a check off.
#[derive(Clone, Default, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum TokenField {
    /// Absent.
    #[default]
    Absent,
    /// `null`: the provider sends no token, and only the signature is checked.
    Null,
    /// The token.
    Text(String),
}

impl TokenField {
    /// Whether the field is absent.
    pub fn is_absent(&self) -> bool {
        *self == Self::Absent
    }

    /// The token, if there is one.
    pub fn text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            Self::Absent | Self::Null => None,
        }
    }
}

impl From<Option<String>> for TokenField {
    /// `None` is [`Absent`](Self::Absent).
    fn from(text: Option<String>) -> Self {
        text.map_or(Self::Absent, Self::Text)
    }
}

impl SecretVersion {
    /// Reads the JSON, with or without a byte order mark before it.
    ///
    /// # Errors
    /// [`SecretError`], which shows no value.
    pub fn parse(provider: &Provider, text: &str) -> Result<Self, SecretError> {
        Self::read(text).map_err(|problem| problem.of(provider))
    }

    fn read(text: &str) -> Result<Self, Problem> {
        const FIELDS: [&str; 3] = ["signing_secrets", "token", "placeholder"];
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let object = json::parse(text.as_bytes()).map_err(Problem::NotJson)?;
        let mut seen = Vec::new();
        let mut version = Self::default();
        for (place, (name, value)) in (1..).zip(object.as_object().ok_or(Problem::NotObject)?) {
            let Some(field) = FIELDS.into_iter().find(|field| name.as_str() == Some(field)) else {
                let field = shown(&name.to_string_lossy(), place);
                return Err(Problem::UnknownField { field });
            };
            if seen.contains(&field) {
                return Err(Problem::DuplicateField { field });
            }
            seen.push(field);
            let wrong = |expected| Problem::WrongType { field, expected };
            match (field, value) {
                ("signing_secrets", Value::Array(items)) => {
                    let secrets: Option<_> = items.iter().map(string).collect();
                    version.signing_secrets = secrets.ok_or_else(|| wrong("a list of strings"))?;
                }
                ("signing_secrets", _) => return Err(wrong("a list of strings")),
                ("token", Value::Null) => version.token = TokenField::Null,
                ("token", value) => {
                    version.token = TokenField::Text(string(value).ok_or_else(|| wrong("a string or `null`"))?);
                }
                (_, Value::Bool(placeholder)) => version.placeholder = *placeholder,
                _ => return Err(wrong("`true` or `false`")),
            }
        }
        if version.placeholder && (!version.signing_secrets.is_empty() || version.token.text().is_some()) {
            return Err(Problem::PlaceholderWithSecret);
        }
        Ok(version)
    }

    /// The JSON.
    pub fn to_json(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }

    /// Without white space around the values. A blank token counts as absent.
    #[must_use]
    pub fn trimmed(mut self) -> Self {
        for secret in &mut self.signing_secrets {
            *secret = secret.trim().to_owned();
        }
        if let TokenField::Text(text) = &self.token {
            let text = Some(text.trim().to_owned()).filter(|text| !text.is_empty());
            self.token = text.into();
        }
        self
    }
}

fn string(value: &Value<'_>) -> Option<String> {
    match value {
        Value::String(text) => text.as_str().map(str::to_owned),
        _ => None,
    }
}

/// The name of an unknown field; only its position if the name may be a secret, as in `{"wh_tok_…": "wh_hdr_…"}`.
fn shown(name: &str, place: usize) -> String {
    match looks_like_words(name) {
        true => format!("`{name}`"),
        false => format!("number {place}, whose name is not shown since it may be a secret"),
    }
}

/// Whether `name` is a few short words, like the names that people give to fields. Random text has digits, long runs,
/// scattered capitals or parts without a vowel.
fn looks_like_words(name: &str) -> bool {
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
