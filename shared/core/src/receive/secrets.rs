//! What a provider and its merchant share, as the secret store holds it.

mod error;
mod stored;
#[cfg(test)]
mod tests;

use secrecy::{ExposeSecret, SecretString};

use crate::provider::Provider;
use crate::provider::scheme::Key;
pub use error::SecretError;
pub use stored::{Stored, Token};

/// Everything that may verify one provider's deliveries now: every secret of the list, of the
/// store's current and previous versions. Values never print.
#[derive(Debug, Clone, Default)]
pub struct Secrets {
    signing: Vec<SecretString>,
    tokens: Vec<SecretString>,
    /// Whether a version says that the provider sends no token.
    no_token: bool,
    /// How many of `signing` are of the current version; the rest are of the previous one.
    current: usize,
}

impl Secrets {
    /// Reads one stored version. `Ok(None)` is the template's placeholder: no secret was put yet.
    ///
    /// # Errors
    /// [`SecretError`] names the provider, what is wrong and what would be right.
    pub fn parse(provider: &Provider, text: &str) -> Result<Option<Self>, SecretError> {
        let name = provider.name;
        let stored = Stored::parse(provider, text)?.trimmed();
        if stored.is_placeholder() {
            return Ok(None);
        }
        let signing: Vec<&str> = stored.signing_secrets.iter().map(String::as_str).collect();
        let signs = !provider.scheme.signatures.is_empty();
        if (signs && signing.is_empty()) || signing.iter().any(|secret| secret.is_empty()) {
            return Err(SecretError::EmptySigningSecret { provider: name });
        }
        if let Some(advice) = signing.iter().find_map(|secret| (provider.misplaced)(secret)) {
            return Err(SecretError::Misplaced { provider: name, advice });
        }
        for signature in provider.scheme.signatures {
            let mut keys = signing.iter().map(|secret| signature.key.of(secret.as_bytes()));
            match signature.key {
                _ if keys.all(|key| key.is_some()) => {}
                Key::Base64After(prefix) => return Err(SecretError::NotBase64 { provider: name, prefix }),
                Key::Hex => return Err(SecretError::NotHex { provider: name }),
                Key::Text => {}
            }
        }
        match (provider.scheme.token, &stored.token) {
            (Some(token), Token::Absent) => {
                let header = token.header;
                return Err(SecretError::MissingToken { provider: name, header });
            }
            (Some(_), Token::Null) if !signs => return Err(SecretError::TokenIsAll { provider: name }),
            _ => {}
        }
        Ok(Some(Self {
            current: signing.len(),
            signing: signing.into_iter().map(SecretString::from).collect(),
            tokens: stored.token.text().map(SecretString::from).into_iter().collect(),
            no_token: stored.token == Token::Null,
        }))
    }

    /// Whether there is nothing that could verify.
    pub fn is_empty(&self) -> bool {
        self.signing.is_empty() && self.tokens.is_empty()
    }

    /// These, and those of the version before that are not among them: they are accepted as well.
    #[must_use]
    pub fn and_previous(mut self, previous: Self) -> Self {
        add_new(&mut self.signing, previous.signing);
        add_new(&mut self.tokens, previous.tokens);
        self.no_token |= previous.no_token;
        self
    }

    /// How many are accepted beside the newest signing secret and the newest token: more than none
    /// while a rotation is under way, or where something else than `acuse` wrote the secret.
    pub fn older(&self) -> usize {
        self.signing.len().saturating_sub(1) + self.older_tokens()
    }

    /// How many tokens are accepted beside the newest. That there is none counts as one.
    pub fn older_tokens(&self) -> usize {
        (self.tokens.len() + usize::from(self.no_token)).saturating_sub(1)
    }

    /// Whether the provider is said to send no token, so that the signature alone is checked: by the
    /// version in use, or by the one before, until a rotation is finished.
    pub fn has_no_token(&self) -> bool {
        self.no_token
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

    /// These with white space around each value, as a careless copy at the other side has it.
    pub(crate) fn between(&self, before: &str, after: &str) -> Self {
        let pad = |values: &[SecretString]| {
            let values = values
                .iter()
                .map(|value| format!("{before}{}{after}", value.expose_secret()));
            values.map(SecretString::from).collect()
        };
        Self {
            signing: pad(&self.signing),
            tokens: pad(&self.tokens),
            ..*self
        }
    }

    pub(crate) fn tokens(&self) -> impl Iterator<Item = &[u8]> {
        self.tokens.iter().map(|token| token.expose_secret().as_bytes())
    }
}

/// Adds those of `more` that are not there yet.
fn add_new(secrets: &mut Vec<SecretString>, more: Vec<SecretString>) {
    for secret in more {
        if !secrets
            .iter()
            .any(|known| known.expose_secret() == secret.expose_secret())
        {
            secrets.push(secret);
        }
    }
}
