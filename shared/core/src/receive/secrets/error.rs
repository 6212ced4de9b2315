//! Why a stored secret can't be used.

use thiserror::Error;

use crate::account::AccountName;
use crate::json::{self, shown_name};
use crate::provider::Provider;

/// An account's secret, as error messages show it.
const EXPECTED: &str = r#"{"signing_secrets": ["…"], "token": "… where the provider has one"}"#;

/// A provider's stored secret can't be used. Shows no part of a value.
#[derive(Debug, Clone, Error, PartialEq, Eq)]
#[error("the secret of `{}` {problem}", account.scope(provider))]
#[expect(missing_docs, reason = "the texts say it")]
pub struct SecretError {
    pub provider: &'static str,
    pub account: AccountName,
    pub problem: Problem,
}

/// What is wrong with a stored secret, and how to fix it.
#[derive(Debug, Clone, Error, PartialEq, Eq)]
#[non_exhaustive]
#[expect(missing_docs, reason = "the texts say it")]
pub enum Problem {
    #[error("is not JSON ({0}); it should be {EXPECTED}")]
    NotJson(json::Error),
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
    DuplicateField { field: &'static str },
    #[error("has an invalid `{field}`; it should be {expected}")]
    WrongType {
        field: &'static str,
        expected: &'static str,
    },
    #[error("has other fields beside `accounts`; put them into an account: {{\"accounts\": {{\"default\": {{…}}}}}}")]
    BesideAccounts,
    #[error("has `accounts` that are not an object of accounts by name: {{\"default\": {EXPECTED}}}")]
    NotAccounts,
    #[error(
        "has an account with an invalid name: {name}; it should be {}",
        AccountName::EXPECTED
    )]
    AccountName {
        /// The name, or only its position if it may be a secret itself.
        name: String,
    },
    #[error("is there twice; keep one")]
    DuplicateAccount,
    #[error("is marked as a placeholder, but is not empty; remove `placeholder`")]
    PlaceholderWithSecret,
    #[error("is stored as binary; store it as text: {EXPECTED}")]
    Binary,
    /// `signing_secrets` is empty, or contains an empty string.
    #[error("has an empty signing secret; copy it from the provider's panel")]
    EmptySigningSecret,
    #[error(
        "has no `token`; copy the value that the provider sends in `{header}` from its panel, or if its webhook has no token, store `\"token\": null`"
    )]
    MissingToken { header: &'static str },
    #[error("has `\"token\": null`, but the provider signs nothing: without a token, anybody could send deliveries")]
    NoProof,
    #[error(
        "has a signing secret that is not hex, as the signature settings require; copy it whole from the provider's panel, or remove `key=hex`"
    )]
    NotHex,
    #[error("has a signing secret that is not base64 after `{prefix}`; copy it whole from the provider's panel")]
    NotBase64 { prefix: &'static str },
    #[error("has a signing secret that is not base64; copy it whole from the provider's panel")]
    NotPlainBase64,
    /// The provider signs with a private key, and the stored text is not the public key that belongs to it.
    #[error(
        "has a signing secret that is not {expected} {written}; copy the provider's public key whole, not a private key or a certificate"
    )]
    NotPublicKey {
        expected: &'static str,
        written: &'static str,
    },
    /// The provider's own [check](Provider::check_secret) failed, with this advice.
    #[error("has a wrong signing secret: {0}")]
    WrongValue(&'static str),
}

impl Problem {
    /// The error of `provider`'s secret.
    pub fn of(self, provider: &Provider) -> SecretError {
        self.of_account(provider, &AccountName::DEFAULT)
    }

    /// The error of one account of `provider`.
    pub fn of_account(self, provider: &Provider, account: &AccountName) -> SecretError {
        SecretError {
            provider: provider.name,
            account: account.clone(),
            problem: self,
        }
    }

    pub(super) fn unknown_field(name: &str, place: usize) -> Self {
        let field = shown_name(name, place);
        Self::UnknownField { field }
    }

    pub(super) fn account_name(name: &str, place: usize) -> Self {
        let name = shown_name(name, place);
        Self::AccountName { name }
    }
}
