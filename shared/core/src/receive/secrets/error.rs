//! Why a stored secret can't be used.

use thiserror::Error;

use crate::json;
use crate::provider::Provider;

/// A secret, as error messages show it.
const EXPECTED: &str = r#"{"signing_secrets": ["…"], "token": "… where the provider has one"}"#;

/// A provider's stored secret can't be used. Shows no part of a value.
#[derive(Debug, Error, PartialEq, Eq)]
#[error("the secret of `{provider}` {problem}")]
pub struct SecretError {
    /// The provider's name.
    pub provider: &'static str,
    /// What is wrong with it.
    pub problem: Problem,
}

/// What is wrong with a stored secret, and how to fix it.
#[derive(Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum Problem {
    /// Not JSON.
    #[error("is not JSON ({0}); it should be {EXPECTED}")]
    NotJson(json::Error),
    /// JSON, but not an object.
    #[error("is not a JSON object; it should be {EXPECTED}")]
    NotObject,
    /// A field with an unknown name. It is refused because a misspelt field would be ignored silently.
    #[error("has an unknown field: {field}; it should be {EXPECTED}")]
    UnknownField {
        /// Its name, or only its position if the name may be a secret itself.
        field: String,
    },
    /// A field that occurs twice: one of the two would be ignored.
    #[error("has the field `{field}` twice; keep one")]
    DuplicateField {
        /// Its name.
        field: &'static str,
    },
    /// A field of the wrong type.
    #[error("has a `{field}` that is not {expected}")]
    WrongType {
        /// Its name.
        field: &'static str,
        /// The right type.
        expected: &'static str,
    },
    /// Both the template's placeholder and a secret.
    #[error("is marked as a placeholder but contains a secret; remove `placeholder`")]
    PlaceholderWithSecret,
    /// Bytes instead of text.
    #[error("is stored as binary; store it as text: {EXPECTED}")]
    Binary,
    /// `signing_secrets` is empty, or contains an empty string.
    #[error("has an empty signing secret; copy it from the provider's panel")]
    EmptySigningSecret,
    /// The provider sends a static token, but none is stored.
    #[error(
        "has no `token`; copy the value that the provider sends in `{header}` from its panel, or if its webhook has no token, store `\"token\": null`"
    )]
    MissingToken {
        /// The header that carries the token.
        header: &'static str,
    },
    /// No token, from a provider that does not sign either.
    #[error("has `\"token\": null`, but the provider signs nothing: without a token, anybody could send deliveries")]
    NoProof,
    /// The signature settings have `key=hex`, but a secret is not hex.
    #[error(
        "has a signing secret that is not hex, as the signature settings require; copy it whole from the provider's panel, or remove `key=hex`"
    )]
    NotHex,
    /// The scheme's secrets are base64, but one is not.
    #[error("has a signing secret that is not base64 after `{prefix}`; copy it whole from the provider's panel")]
    NotBase64 {
        /// What precedes the base64.
        prefix: &'static str,
    },
    /// The provider's own [check](Provider::check_secret) failed, with this advice.
    #[error("has a wrong signing secret: {0}")]
    WrongValue(&'static str),
}

impl Problem {
    /// The error of `provider`'s secret.
    pub fn of(self, provider: &Provider) -> SecretError {
        SecretError {
            provider: provider.name,
            problem: self,
        }
    }
}
