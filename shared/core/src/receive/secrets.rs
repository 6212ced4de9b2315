//! The secrets that a provider and its merchant share, as the secret store holds them.

mod accounts;
mod error;
#[cfg(test)]
mod tests;
mod version;

use secrecy::{ExposeSecret, SecretString};

use crate::account::{Account, AccountName, Environment};
use crate::provider::Provider;
use crate::provider::scheme::{Key, Signature};
pub use accounts::Accounts;
pub use error::{Problem, SecretError};
pub use version::{LONGEST, SecretVersion, StoredAccount};

/// All secrets that may verify one account's deliveries now: those of the store's current version and of the previous
/// one. Values are never printed.
#[derive(Debug, Clone, Default)]
pub struct Secrets {
    account: Account,
    signing: Vec<SecretString>,
    tokens: Vec<SecretString>,
    /// Whether the provider sends no token.
    no_token: bool,
    /// How many of `signing` are from the current version; the others are from the previous one.
    current: usize,
}

impl Secrets {
    /// Reads and checks the JSON of one account, as the default one.
    ///
    /// # Errors
    /// [`SecretError`] names the problem and how to fix it.
    pub fn parse(provider: &Provider, text: &str) -> Result<Self, SecretError> {
        let stored = StoredAccount::parse(provider, text)?;
        Self::of(provider, AccountName::DEFAULT, &stored)
    }

    /// Checks a stored account, whose values have no white space around them.
    ///
    /// # Errors
    /// [`SecretError`] names the account, the problem and how to fix it.
    pub fn of(provider: &Provider, name: AccountName, stored: &StoredAccount) -> Result<Self, SecretError> {
        check(provider, stored).map_err(|problem| problem.of_account(provider, &name))?;
        Ok(Self {
            account: Account {
                name,
                environment: stored.environment,
            },
            current: stored.signing_secrets.len(),
            no_token: stored.has_no_token(),
            signing: stored.signing_secrets.iter().cloned().map(SecretString::from).collect(),
            tokens: stored
                .tokens
                .iter()
                .flatten()
                .cloned()
                .map(SecretString::from)
                .collect(),
        })
    }

    /// The account that these secrets prove.
    pub fn account(&self) -> &Account {
        &self.account
    }

    /// Whether there is nothing to verify with.
    pub fn is_empty(&self) -> bool {
        self.signing.is_empty() && self.tokens.is_empty()
    }

    /// These secrets and those of the previous version, which are accepted too.
    #[must_use]
    pub fn and_previous(mut self, previous: Self) -> Self {
        if self.is_empty() {
            return previous;
        }
        add_new(&mut self.signing, previous.signing);
        add_new(&mut self.tokens, previous.tokens);
        self.no_token |= previous.no_token;
        self
    }

    /// The same secrets, bound to `environment`; as they are if that is `None`.
    fn bound_to(mut self, environment: Option<Environment>) -> Self {
        self.account.environment = environment.or(self.account.environment);
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
                account: self.account.clone(),
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
            account: self.account.clone(),
            ..*self
        }
    }
}

fn check(provider: &Provider, stored: &StoredAccount) -> Result<(), Problem> {
    let signing = &stored.signing_secrets;
    let signs = !provider.scheme.signatures.is_empty();
    if (signs && signing.is_empty()) || signing.iter().any(String::is_empty) {
        return Err(Problem::EmptySigningSecret);
    }
    for secret in signing {
        (provider.check_secret)(secret).map_err(Problem::WrongValue)?;
    }
    for signature in provider.scheme.signatures {
        for secret in signing {
            check_key(signature, secret)?;
        }
    }
    match provider.scheme.token {
        Some(token) if stored.tokens.is_empty() => Err(Problem::MissingToken { header: token.header }),
        Some(_) if stored.has_no_token() && !signs => Err(Problem::NoProof),
        _ => Ok(()),
    }
}

/// Whether `secret` can be a key of `signature`.
fn check_key(signature: &Signature, secret: &str) -> Result<(), Problem> {
    let Some(key) = signature.key.of(secret.as_bytes()) else {
        return Err(match signature.key {
            Key::Base64After("") => Problem::NotPlainBase64,
            Key::Base64After(prefix) => Problem::NotBase64 { prefix },
            Key::Hex | Key::Text => Problem::NotHex,
        });
    };
    match signature.digest.wrong_key(&key) {
        None => Ok(()),
        Some(expected) => Err(Problem::NotPublicKey {
            expected,
            written: match signature.key {
                Key::Text => "in PEM, from `-----BEGIN PUBLIC KEY-----` to `-----END PUBLIC KEY-----`",
                Key::Base64After(_) => "in base64",
                Key::Hex => "in hex",
            },
        }),
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
