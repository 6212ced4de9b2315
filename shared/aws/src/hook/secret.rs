//! A secret of the owner's in Secrets Manager.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use acuse_core::clock::{Clock, Timestamp};
use aws_sdk_secretsmanager::Client;
use secrecy::{ExposeSecret, SecretString};
use thiserror::Error;

/// How long a secret is kept: a rotated one is used after this time at the latest.
const KEPT_FOR: Duration = Duration::from_secs(5 * 60);

/// A secret, read when it is first needed and kept for five minutes. [`Setup::secret`](super::Setup::secret) makes it.
#[derive(Clone)]
pub struct Secret {
    variable: String,
    source: Source,
    kept_for: Duration,
    kept: Arc<Mutex<Option<(Timestamp, SecretText)>>>,
}

#[derive(Clone)]
enum Source {
    Fixed(SecretText),
    Store {
        client: Client,
        id: String,
        clock: Arc<dyn Clock>,
    },
}

/// A secret's text. `{:?}` does not show it.
#[derive(Debug, Clone)]
pub struct SecretText(SecretString);

/// A secret that can't be used. The texts name the variable and the secret, and never its value.
#[derive(Debug, Error)]
#[non_exhaustive]
#[expect(missing_docs, reason = "the texts say it")]
pub enum SecretReadError {
    #[error("can't read the secret `{id}`, which the environment variable {variable} names")]
    Read {
        variable: String,
        id: String,
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    #[error("the secret in the environment variable {variable} is not a text")]
    NotText { variable: String },
    #[error("the secret in the environment variable {variable} should be a JSON object with the text `{field}`")]
    NoField { variable: String, field: String },
}

impl Secret {
    pub(super) fn new(client: Client, variable: &str, id: String, clock: Arc<dyn Clock>) -> Self {
        Self {
            variable: variable.to_owned(),
            source: Source::Store { client, id, clock },
            kept_for: KEPT_FOR,
            kept: Arc::default(),
        }
    }

    pub(crate) fn fixed(variable: &str, text: &str) -> Self {
        Self {
            variable: variable.to_owned(),
            source: Source::Fixed(SecretText::from(text)),
            kept_for: KEPT_FOR,
            kept: Arc::default(),
        }
    }

    /// The same, kept for `kept_for` instead.
    pub(crate) fn kept_for(self, kept_for: Duration) -> Self {
        Self { kept_for, ..self }
    }

    /// Reads it anew the next time.
    pub(crate) fn forget(&self) {
        *self.kept() = None;
    }

    /// The whole secret, without white space around it.
    ///
    /// # Errors
    /// [`SecretReadError`] names the variable and the secret.
    pub async fn text(&self) -> Result<SecretText, SecretReadError> {
        let (client, id, clock) = match &self.source {
            Source::Fixed(text) => return Ok(text.clone()),
            Source::Store { client, id, clock } => (client, id, clock),
        };
        let now = clock.now();
        let kept = self.kept().clone();
        if let Some((_, text)) = kept.filter(|(at, _)| now.since(*at) < self.kept_for) {
            return Ok(text);
        }
        let variable = || self.variable.clone();
        let answer = client.get_secret_value().secret_id(id).send().await;
        let answer = answer.map_err(|error| SecretReadError::Read {
            variable: variable(),
            id: id.clone(),
            source: error.into(),
        })?;
        let text = answer
            .secret_string
            .ok_or_else(|| SecretReadError::NotText { variable: variable() })?;
        let text = SecretText::from(text.trim());
        *self.kept() = Some((now, text.clone()));
        Ok(text)
    }

    /// One text of a secret that is a JSON object, such as `api_key` of `{"api_key": "…"}`.
    ///
    /// # Errors
    /// [`SecretReadError`] names the variable and the field.
    pub async fn field(&self, name: &str) -> Result<SecretText, SecretReadError> {
        let text = self.text().await?;
        let members: Option<HashMap<String, serde_json::Value>> = serde_json::from_str(text.expose()).ok();
        let found = members.as_ref().and_then(|members| members.get(name)?.as_str());
        found.map(SecretText::from).ok_or_else(|| SecretReadError::NoField {
            variable: self.variable.clone(),
            field: name.to_owned(),
        })
    }

    fn kept(&self) -> std::sync::MutexGuard<'_, Option<(Timestamp, SecretText)>> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl SecretText {
    /// The text itself. Don't log it.
    pub fn expose(&self) -> &str {
        self.0.expose_secret()
    }
}

impl From<&str> for SecretText {
    fn from(text: &str) -> Self {
        Self(text.to_owned().into())
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Secret")
            .field("variable", &self.variable)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
