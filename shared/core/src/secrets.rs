//! What a provider and its merchant share, as the secret store holds it.

use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::provider::Provider;
use crate::signature::{Key, Token};

/// Everything that may verify one provider's deliveries now: every secret of the list, of the
/// store's current and previous versions. Values never print.
#[derive(Debug, Clone, Default)]
pub struct Secrets {
    signing: Vec<SecretString>,
    tokens: Vec<SecretString>,
    /// How many of `signing` are of the current version; the rest are of the previous one.
    current: usize,
}

/// Why a stored secret can't be used. Carries no part of a value.
#[derive(Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum SecretError {
    /// Not the JSON object that is expected.
    #[error(
        "the secret of `{provider}` is not the expected JSON (line {line}, column {column}); it should be {expected}"
    )]
    Malformed {
        /// The provider's name.
        provider: &'static str,
        /// Where reading stopped.
        line: usize,
        /// Where reading stopped.
        column: usize,
        /// What is right.
        expected: &'static str,
    },
    /// `signing_secrets` holds nothing, or an empty text.
    #[error("the secret of `{provider}` has an empty signing secret; copy it from the provider's panel")]
    EmptySigningSecret {
        /// The provider's name.
        provider: &'static str,
    },
    /// The provider sends a static token and the secret has none.
    #[error("the secret of `{provider}` has no `token`; copy the value that it sends in `{header}` from its panel")]
    MissingToken {
        /// The provider's name.
        provider: &'static str,
        /// The header that carries the token.
        header: &'static str,
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

/// One version as the store holds it: the values themselves. Has no `Debug` on purpose.
#[derive(Clone, Serialize, Deserialize)]
pub struct Stored {
    /// Each of them verifies.
    #[serde(default)]
    pub signing_secrets: Vec<String>,
    /// The static token, where the provider has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token: Option<String>,
    /// What the template creates before the operator puts the real secret.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub placeholder: bool,
}

impl Stored {
    /// Reads the JSON.
    ///
    /// # Errors
    /// [`SecretError::Malformed`].
    pub fn parse(provider: &Provider, text: &str) -> Result<Self, SecretError> {
        // serde's message may quote the value it stumbled on, so only its place goes further.
        serde_json::from_str(text).map_err(|error| SecretError::Malformed {
            provider: provider.name,
            line: error.line(),
            column: error.column(),
            expected: EXPECTED,
        })
    }

    /// The JSON.
    pub fn to_json(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }

    /// Whether it is what the template put.
    pub fn is_placeholder(&self) -> bool {
        self.placeholder && self.signing_secrets.is_empty()
    }

    /// Without white space around the values.
    #[must_use]
    pub fn trimmed(mut self) -> Self {
        for secret in self.signing_secrets.iter_mut().chain(&mut self.token) {
            *secret = secret.trim().to_owned();
        }
        self
    }
}

const EXPECTED: &str = r#"{"signing_secrets": ["…"], "token": "… where the provider has one"}"#;

impl Secrets {
    /// Reads one stored version. `Ok(None)` is the template's placeholder: no secret was put yet.
    ///
    /// # Errors
    /// [`SecretError`] names the provider, what is wrong and what would be right.
    pub fn parse(provider: &Provider, text: &str) -> Result<Option<Self>, SecretError> {
        let name = provider.name;
        let stored = Stored::parse(provider, text)?;
        if stored.is_placeholder() {
            return Ok(None);
        }
        let signing: Vec<&str> = stored.signing_secrets.iter().map(|s| s.trim()).collect();
        let signs = !provider.scheme.signatures.is_empty();
        if (signs && signing.is_empty()) || signing.iter().any(|secret| secret.is_empty()) {
            return Err(SecretError::EmptySigningSecret { provider: name });
        }
        if let Some(advice) = signing.iter().find_map(|secret| (provider.misplaced)(secret)) {
            return Err(SecretError::Misplaced { provider: name, advice });
        }
        for signature in provider.scheme.signatures {
            if let Key::Base64After(prefix) = signature.key
                && signing
                    .iter()
                    .any(|secret| signature.key.of(secret.as_bytes()).is_none())
            {
                return Err(SecretError::NotBase64 { provider: name, prefix });
            }
        }
        let token = stored.token.as_deref().map(str::trim).filter(|t| !t.is_empty());
        if let (Some(Token { header, .. }), None) = (provider.scheme.token, token) {
            return Err(SecretError::MissingToken { provider: name, header });
        }
        Ok(Some(Self {
            current: signing.len(),
            signing: signing.into_iter().map(SecretString::from).collect(),
            tokens: token.map(SecretString::from).into_iter().collect(),
        }))
    }

    /// Whether there is nothing that could verify.
    pub fn is_empty(&self) -> bool {
        self.signing.is_empty() && self.tokens.is_empty()
    }

    /// These, and those of an earlier version that still hold.
    #[must_use]
    pub fn and_previous(mut self, previous: Self) -> Self {
        self.signing.extend(previous.signing);
        self.tokens.extend(previous.tokens);
        self
    }

    pub(crate) fn signing(&self) -> impl Iterator<Item = &[u8]> {
        self.signing.iter().map(|secret| secret.expose_secret().as_bytes())
    }

    /// Each secret by itself, named without showing it. The tokens as well: the two get swapped.
    pub(crate) fn each(&self) -> impl Iterator<Item = (String, Self)> {
        let signing = (0..).zip(&self.signing).map(|(place, secret)| {
            let name = match place < self.current {
                true => format!("signing secret {}", place + 1),
                false => format!("signing secret {} of the previous version", place - self.current + 1),
            };
            (name, secret)
        });
        let tokens = self.tokens.iter();
        let tokens = tokens.map(|token| {
            (
                "what is stored as the token (swap the two with `acuse secrets put`)".to_owned(),
                token,
            )
        });
        signing.chain(tokens).map(|(name, secret)| {
            let alone = Self {
                signing: vec![secret.clone()],
                ..Self::default()
            };
            (name, alone)
        })
    }

    pub(crate) fn tokens(&self) -> impl Iterator<Item = &[u8]> {
        self.tokens.iter().map(|token| token.expose_secret().as_bytes())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::providers::{kuenta, onepay};

    fn error(provider: &Provider, text: &str) -> SecretError {
        Secrets::parse(provider, text).unwrap_err()
    }

    #[test]
    fn white_space_around_a_secret_is_not_part_of_it() {
        let secrets = Secrets::parse(&kuenta::PROVIDER, r#"{"signing_secrets":["  s3cret\n"]}"#)
            .unwrap()
            .unwrap();
        assert_eq!(secrets.signing().collect::<Vec<_>>(), [b"s3cret"]);
    }

    #[test]
    fn the_placeholder_is_no_secret() {
        let none = Secrets::parse(&kuenta::PROVIDER, r#"{"placeholder": true}"#).unwrap();
        assert!(none.is_none());
    }

    #[test]
    fn an_empty_secret_is_refused() {
        for text in [
            r#"{}"#,
            r#"{"signing_secrets":[]}"#,
            r#"{"signing_secrets":["ok"," "]}"#,
        ] {
            assert_eq!(
                error(&kuenta::PROVIDER, text),
                SecretError::EmptySigningSecret { provider: "kuenta" }
            );
        }
    }

    #[test]
    fn swapped_secret_and_token_are_told_apart() {
        let error = error(
            &onepay::PROVIDER,
            r#"{"signing_secrets":["wh_hdr_abc"],"token":"wh_tok_abc"}"#,
        );
        insta::assert_snapshot!(error, @"the signing secret of `onepay` can't be right: it starts with `wh_hdr_`, which is the token; `signing_secrets` wants the value that starts with `wh_tok_`, and `token` this one");
    }

    #[test]
    fn a_provider_with_a_token_needs_one() {
        let error = error(&onepay::PROVIDER, r#"{"signing_secrets":["wh_tok_a"],"token":" "}"#);
        assert!(matches!(
            error,
            SecretError::MissingToken {
                header: "x-webhook-token",
                ..
            }
        ));
    }

    #[test]
    fn an_error_or_debug_never_shows_a_value() {
        let error = error(&kuenta::PROVIDER, r#"{"signing_secrets":"hunter2"}"#);
        assert!(!error.to_string().contains("hunter2") && !format!("{error:?}").contains("hunter2"));
        let secrets = Secrets::parse(&kuenta::PROVIDER, r#"{"signing_secrets":["hunter2"]}"#);
        assert!(!format!("{secrets:?}").contains("hunter2"));
    }
}
