//! Why a stored secret can't be used.

use thiserror::Error;

/// The whole secret, as messages show it.
const EXPECTED: &str = r#"{"signing_secrets": ["…"], "token": "… where the provider has one"}"#;

/// Why a stored secret can't be used. Carries no part of a value.
#[derive(Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum SecretError {
    /// Not the JSON object that is expected.
    #[error(
        "the secret of `{provider}` is not the expected JSON (line {line}, column {column}); it should be {}",
        EXPECTED
    )]
    Malformed {
        /// The provider's name.
        provider: &'static str,
        /// Where reading stopped.
        line: usize,
        /// Where reading stopped.
        column: usize,
    },
    /// A field that no secret has: a misspelt one would be missed in silence.
    #[error(
        "the secret of `{provider}` has a field that no secret has: {field}; it should be {}",
        EXPECTED
    )]
    UnknownField {
        /// The provider's name.
        provider: &'static str,
        /// Its name, or only its place where the name may be a secret itself.
        field: String,
    },
    /// A field twice: one of the two would be dropped.
    #[error("the secret of `{provider}` has the field `{field}` twice; keep one")]
    DuplicateField {
        /// The provider's name.
        provider: &'static str,
        /// Its name.
        field: &'static str,
    },
    /// A field that holds something else than it should.
    #[error("`{field}` in the secret of `{provider}` is not {expected}")]
    WrongType {
        /// The provider's name.
        provider: &'static str,
        /// Its name.
        field: &'static str,
        /// What is right.
        expected: &'static str,
    },
    /// What the template puts, and a secret: one of the two is not meant.
    #[error("the secret of `{provider}` says that it is a placeholder, and holds a secret; remove `placeholder`")]
    PlaceholderWithSecret {
        /// The provider's name.
        provider: &'static str,
    },
    /// Bytes, where the text is expected.
    #[error("the secret of `{provider}` is stored as binary; store it as text: {}", EXPECTED)]
    Binary {
        /// The provider's name.
        provider: &'static str,
    },
    /// `signing_secrets` holds nothing, or an empty text.
    #[error("the secret of `{provider}` has an empty signing secret; copy it from the provider's panel")]
    EmptySigningSecret {
        /// The provider's name.
        provider: &'static str,
    },
    /// The provider sends a static token and the secret has none.
    #[error(
        "the secret of `{provider}` has no `token`; copy the value that it sends in `{header}` from its panel, or say that its webhook has none: `\"token\": null`"
    )]
    MissingToken {
        /// The provider's name.
        provider: &'static str,
        /// The header that carries the token.
        header: &'static str,
    },
    /// There is said to be no token, which is all that the provider proves itself with.
    #[error(
        "the secret of `{provider}` has `\"token\": null`, but {provider} signs nothing: without a token anybody could post"
    )]
    TokenIsAll {
        /// The provider's name.
        provider: &'static str,
    },
    /// Its signature settings say that the provider's secrets are hex, and this one is not.
    #[error(
        "a signing secret of `{provider}` is not hex, as its signature settings say; copy it whole from the provider's panel, or remove `key=hex`"
    )]
    NotHex {
        /// The provider's name.
        provider: &'static str,
    },
    /// The provider's secrets are base64, and this one is not.
    #[error("a signing secret of `{provider}` is not base64 after `{prefix}`; copy it whole from the provider's panel")]
    NotBase64 {
        /// The provider's name.
        provider: &'static str,
        /// What stands before it.
        prefix: &'static str,
    },
    /// The provider's own rule tells that this value belongs elsewhere.
    #[error("the signing secret of `{provider}` can't be right: {advice}")]
    Misplaced {
        /// The provider's name.
        provider: &'static str,
        /// What to do.
        advice: &'static str,
    },
}
