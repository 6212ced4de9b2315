//! The destinations as they are configured now.

use std::sync::Arc;
use std::time::Duration;

use acuse_core::clock::{Clock, Timestamp};
use acuse_core::destination::Destinations;
use acuse_core::destination::config::ConfigError as Invalid;
use acuse_core::error::chain;
use thiserror::Error;
use tokio::sync::Mutex;
use tracing::{error, warn};

use crate::config::ConfigError;
use crate::hook::{Secret, SecretReadError, Setup};

/// The variable that names the secret.
const VARIABLE: &str = "DESTINATIONS_SECRET_ID";

/// A change is in effect after this time at the latest.
const KEPT_FOR: Duration = Duration::from_secs(30);

/// While Secrets Manager can't be reached, what was read last is used for this long.
const OUTAGE: Duration = Duration::from_secs(5 * 60);

/// The secret with all destinations, read anew every 30 seconds.
#[derive(Clone)]
pub struct Configuration(Arc<Inner>);

struct Inner {
    secret: Secret,
    clock: Arc<dyn Clock>,
    kept: Mutex<Option<Kept>>,
}

struct Kept {
    text: String,
    at: Timestamp,
    destinations: Arc<Destinations>,
}

/// No destination can be read from the secret.
#[derive(Debug, Error)]
#[non_exhaustive]
#[expect(missing_docs, reason = "the texts say it")]
pub enum ConfigurationError {
    #[error(transparent)]
    Read(#[from] SecretReadError),
    #[error("the destinations' secret is invalid")]
    Invalid(#[from] Invalid),
}

impl Configuration {
    /// The secret that `DESTINATIONS_SECRET_ID` names.
    ///
    /// # Errors
    /// [`ConfigError`] names the variable.
    pub fn from_env(setup: &Setup) -> Result<Self, ConfigError> {
        Ok(Self::new(setup.secret(VARIABLE)?, setup))
    }

    /// The same; `None` if the variable is not set or empty.
    pub fn optional_from_env(setup: &Setup) -> Option<Self> {
        Some(Self::new(setup.optional_secret(VARIABLE)?, setup))
    }

    fn new(secret: Secret, setup: &Setup) -> Self {
        Self(Arc::new(Inner {
            secret: secret.kept_for(KEPT_FOR),
            clock: setup.clock(),
            kept: Mutex::default(),
        }))
    }

    /// Reads the secret beside whatever else happens, so that the first event need not wait for it.
    pub fn warm_up(&self) {
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            let own = self.clone();
            runtime.spawn(async move { own.get().await.map(drop) });
        }
    }

    /// The destinations as they were configured 30 seconds ago or later.
    ///
    /// # Errors
    /// [`ConfigurationError`]
    pub async fn get(&self) -> Result<Arc<Destinations>, ConfigurationError> {
        self.read(OUTAGE).await
    }

    /// While it can't be read, what was read less than `outage` ago is used.
    async fn read(&self, outage: Duration) -> Result<Arc<Destinations>, ConfigurationError> {
        // Whoever comes while it is read waits for the same answer.
        let mut kept = self.0.kept.lock().await;
        let now = self.0.clock.now();
        let text = match (self.0.secret.text().await, &*kept) {
            (Ok(text), _) => text,
            (Err(error), Some(kept)) if now.since(kept.at) < outage => {
                warn!(error = chain(&error), "the destinations that were read last are used");
                return Ok(Arc::clone(&kept.destinations));
            }
            (Err(error), _) => return Err(error.into()),
        };
        if let Some(kept) = kept.as_mut().filter(|kept| kept.text == text.expose()) {
            kept.at = now;
            return Ok(Arc::clone(&kept.destinations));
        }
        let destinations = Arc::new(Destinations::parse(text.expose())?);
        for error in destinations.errors() {
            error!(error = chain(error), "a destination can't be used as it is stored");
        }
        *kept = Some(Kept {
            text: text.expose().to_owned(),
            at: now,
            destinations: Arc::clone(&destinations),
        });
        Ok(destinations)
    }

    /// The destinations as they are configured now, and never what was read before: whoever asks is about to give up
    /// a delivery that older ones don't want.
    ///
    /// # Errors
    /// [`ConfigurationError`]
    pub async fn newest(&self) -> Result<Arc<Destinations>, ConfigurationError> {
        self.0.secret.forget();
        self.read(Duration::ZERO).await
    }
}

#[cfg(test)]
mod tests;
