//! The secrets at hand, and when to ask the store again.

use std::future::Future;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use thiserror::Error;

use crate::clock::Timestamp;
use crate::receive::secrets::{SecretError, Secrets};

/// How long loaded secrets are used without asking again: a secret that was withdrawn may be
/// accepted for so long after that.
pub const FRESH_FOR: Duration = Duration::from_secs(300);

/// A failed verification asks the store at most this often, so that forged deliveries can't
/// turn into a bill, or use up the store's quota. So long after a new secret was stored, every
/// instance accepts it: it has been read since, or the first delivery that fails reads it.
pub const RELOAD_EVERY: Duration = Duration::from_secs(30);

/// Where secrets are kept.
pub trait SecretStore: Send + Sync {
    /// All secrets that may verify now. Empty where the operator has put none yet.
    fn load(&self) -> impl Future<Output = Result<Secrets, StoreError>> + Send;

    /// When the provider's [registration window](super::registration) ends, as the operator has stored it. `None`
    /// where none was ever opened, or where what is stored names no time.
    fn registration_until(&self) -> impl Future<Output = Result<Option<Timestamp>, StoreError>> + Send {
        std::future::ready(Ok(None))
    }
}

/// The secrets could not be had: nobody can say whether a delivery is authentic.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum StoreError {
    /// The store did not answer, or refused.
    #[error("reading the secret `{secret}`")]
    Unreachable {
        /// Its name or ARN.
        secret: String,
        /// What the service said.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// What it holds can't be a secret.
    #[error(transparent)]
    Unusable(#[from] SecretError),
    /// The store failed a moment ago and is not asked again yet.
    #[error("the secret store failed less than {} s ago", RELOAD_EVERY.as_secs())]
    FailedJustNow,
}

/// Secrets kept for five minutes, and reloaded when a verification fails.
pub struct Keyring<S> {
    store: S,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    loaded: Option<(Arc<Secrets>, Timestamp)>,
    reload: Option<Reload>,
}

struct Reload {
    at: Timestamp,
    failed: bool,
}

impl<S: SecretStore> Keyring<S> {
    /// An empty keyring over `store`.
    pub fn new(store: S) -> Self {
        Self {
            store,
            state: Mutex::default(),
        }
    }

    /// The secrets at hand, loaded where there are none or where they are too old.
    ///
    /// # Errors
    /// [`StoreError`] where the store can't say: old secrets are not used in its place, since
    /// one of them may have been withdrawn.
    pub async fn current(&self, now: Timestamp) -> Result<Arc<Secrets>, StoreError> {
        if let Some((secrets, at)) = &self.state().loaded
            && now.since(*at) < FRESH_FOR
        {
            return Ok(Arc::clone(secrets));
        }
        self.load(now).await
    }

    /// Fresh secrets after a failed verification; `None` where it is too early to ask again.
    ///
    /// # Errors
    /// [`StoreError`] where the store can't say, or could not a moment ago.
    pub async fn reload(&self, now: Timestamp) -> Result<Option<Arc<Secrets>>, StoreError> {
        {
            let mut state = self.state();
            if let Some(reload) = &state.reload
                && now.since(reload.at) < RELOAD_EVERY
            {
                return if reload.failed {
                    Err(StoreError::FailedJustNow)
                } else {
                    Ok(None)
                };
            }
            state.reload = Some(Reload { at: now, failed: true });
        }
        let secrets = self.load(now).await?;
        self.state().reload = Some(Reload { at: now, failed: false });
        Ok(Some(secrets))
    }

    /// Where the secrets are from.
    pub(super) fn store(&self) -> &S {
        &self.store
    }

    async fn load(&self, now: Timestamp) -> Result<Arc<Secrets>, StoreError> {
        let secrets = Arc::new(self.store.load().await?);
        self.state().loaded = Some((Arc::clone(&secrets), now));
        Ok(secrets)
    }

    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        // Nothing panics while it is held; and what it holds stays true in any case.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
