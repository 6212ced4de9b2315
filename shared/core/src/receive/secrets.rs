//! The secrets that a provider and its merchant share, as the secret store holds them.

mod error;
#[cfg(test)]
mod tests;
mod version;

use secrecy::{ExposeSecret, SecretString};

use crate::provider::Provider;
use crate::provider::scheme::Key;
pub use error::{Problem, SecretError};
pub use version::{SecretVersion, TokenField};

/// All secrets that may verify one provider's deliveries now: every secret of the store's current and previous
/// versions. Values are never printed.
#[derive(Debug, Clone, Default)]
pub struct Secrets {
    signing: Vec<SecretString>,
    tokens: Vec<SecretString>,
    /// Whether a version says that the provider sends no token.
    no_token: bool,
    /// How many of `signing` are from the current version; the others are from the previous one.
    current: usize,
}

impl Secrets {
    /// Reads one stored version. `Ok(None)` is the template's placeholder: no secret was stored yet.
    ///
    /// # Errors
    /// [`SecretError`] names the provider, the problem and how to fix it.
    pub fn parse(provider: &Provider, text: &str) -> Result<Option<Self>, SecretError> {
        let version = SecretVersion::parse(provider, text)?.trimmed();
        if version.placeholder {
            return Ok(None);
        }
        let failed = |problem: Problem| Err(problem.of(provider));
        let signing: Vec<&str> = version.signing_secrets.iter().map(String::as_str).collect();
        let signs = !provider.scheme.signatures.is_empty();
        if (signs && signing.is_empty()) || signing.iter().any(|secret| secret.is_empty()) {
            return failed(Problem::EmptySigningSecret);
        }
        for secret in &signing {
            if let Err(advice) = (provider.check_secret)(secret) {
                return failed(Problem::WrongValue(advice));
            }
        }
        for signature in provider.scheme.signatures {
            let mut keys = signing.iter().map(|secret| signature.key.of(secret.as_bytes()));
            match signature.key {
                _ if keys.all(|key| key.is_some()) => {}
                Key::Base64After(prefix) => return failed(Problem::NotBase64 { prefix }),
                Key::Hex => return failed(Problem::NotHex),
                Key::Text => {}
            }
        }
        match (provider.scheme.token, &version.token) {
            (Some(token), TokenField::Absent) => return failed(Problem::MissingToken { header: token.header }),
            (Some(_), TokenField::Null) if !signs => return failed(Problem::NoProof),
            _ => {}
        }
        Ok(Some(Self {
            current: signing.len(),
            signing: signing.into_iter().map(SecretString::from).collect(),
            tokens: version.token.text().map(SecretString::from).into_iter().collect(),
            no_token: version.token == TokenField::Null,
        }))
    }

    /// Whether there is nothing to verify with.
    pub fn is_empty(&self) -> bool {
        self.signing.is_empty() && self.tokens.is_empty()
    }

    /// These secrets and those of the previous version, which are accepted too.
    #[must_use]
    pub fn and_previous(mut self, previous: Self) -> Self {
        add_new(&mut self.signing, previous.signing);
        add_new(&mut self.tokens, previous.tokens);
        self.no_token |= previous.no_token;
        self
    }

    /// How many secrets and tokens are accepted beside the newest signing secret and the newest token. Not zero during
    /// a rotation, or if something other than `acuse` wrote the secret.
    pub fn older(&self) -> usize {
        self.signing.len().saturating_sub(1) + self.older_tokens()
    }

    /// How many tokens are accepted beside the newest one. "No token" counts as one.
    pub fn older_tokens(&self) -> usize {
        (self.tokens.len() + usize::from(self.no_token)).saturating_sub(1)
    }

    /// Whether the current version, or during a rotation the previous one, says that the provider sends no token. Then
    /// only the signature is checked.
    pub fn has_no_token(&self) -> bool {
        self.no_token
    }

    pub(crate) fn signing(&self) -> impl Iterator<Item = &[u8]> {
        self.signing.iter().map(|secret| secret.expose_secret().as_bytes())
    }

    pub(crate) fn tokens(&self) -> impl Iterator<Item = &[u8]> {
        self.tokens.iter().map(|token| token.expose_secret().as_bytes())
    }

    /// Each secret by itself, with a name that does not show it. Tokens are included because people swap the two.
    pub(crate) fn each(&self) -> impl Iterator<Item = (String, Self)> {
        let signing = (0..).zip(&self.signing).map(|(place, secret)| {
            let name = match place < self.current {
                true => format!("signing secret {}", place + 1),
                false => format!("signing secret {} of the previous version", place - self.current + 1),
            };
            (name, secret)
        });
        let swapped = "the stored token (swap the two with `acuse secrets put`)";
        let tokens = self.tokens.iter().map(|token| (swapped.to_owned(), token));
        signing.chain(tokens).map(|(name, secret)| {
            let alone = Self {
                signing: vec![secret.clone()],
                ..Self::default()
            };
            (name, alone)
        })
    }

    /// These secrets with white space around each value, in case the provider's copy has it.
    pub(crate) fn padded(&self, before: &str, after: &str) -> Self {
        let pad = |values: &[SecretString]| {
            let values = values.iter();
            let padded = values.map(|value| format!("{before}{}{after}", value.expose_secret()));
            padded.map(SecretString::from).collect()
        };
        Self {
            signing: pad(&self.signing),
            tokens: pad(&self.tokens),
            ..*self
        }
    }
}

fn add_new(secrets: &mut Vec<SecretString>, more: Vec<SecretString>) {
    for secret in more {
        let mut known = secrets.iter().map(ExposeSecret::expose_secret);
        if !known.any(|known| known == secret.expose_secret()) {
            secrets.push(secret);
        }
    }
}
