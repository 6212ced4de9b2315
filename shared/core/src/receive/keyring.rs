//! The secrets in memory, and when to ask the store again.

use std::future::Future;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use thiserror::Error;

use crate::clock::Timestamp;
use crate::receive::registration::Window;
use crate::receive::secrets::{Accounts, SecretError};

/// How long loaded secrets are used before the store is asked again. A withdrawn secret may be accepted for this long.
pub const FRESH_FOR: Duration = Duration::from_secs(300);

/// After a failed verification the store is asked at most this often, so that forged deliveries can't run up a bill or
/// use up the store's quota. This long after a new secret was stored, every instance accepts it: it has loaded the
/// secret since, or loads it for the first delivery that fails.
pub const RELOAD_EVERY: Duration = Duration::from_secs(30);

/// Where secrets are stored.
pub trait SecretStore: Send + Sync {
    /// The provider's accounts with all secrets that may verify a delivery now.
    fn load(&self) -> impl Future<Output = Result<Accounts, StoreError>> + Send;

    /// The accounts with their newest secrets at least: what they verify is authentic, and nothing else may be called
    /// wrong before [`load`](Self::load) has been asked.
    fn load_newest(&self) -> impl Future<Output = Result<Accounts, StoreError>> + Send {
        self.load()
    }

    /// The provider's [registration window](super::registration). `None` if none was ever opened, or if the stored value
    /// is invalid.
    fn registration(&self) -> impl Future<Output = Result<Option<Window>, StoreError>> + Send {
        std::future::ready(Ok(None))
    }
}

/// Why the secrets are not available. Until they are, no delivery can be accepted or refused.
#[derive(Debug, Error)]
#[non_exhaustive]
#[expect(missing_docs, reason = "the texts say it")]
pub enum StoreError {
    /// The store did not answer, or refused.
    #[error("reading the secret `{secret}`")]
    Unreachable {
        secret: String,
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    #[error(transparent)]
    Unusable(#[from] SecretError),
    #[error("the secret store failed less than {} s ago", RELOAD_EVERY.as_secs())]
    FailedJustNow,
}

/// Secrets that are kept for five minutes and reloaded when a verification fails.
///
/// ```text
/// first delivery, or after five minutes   load_newest ── verifies ──▶ accepted
///                                              └ fails ── load, all that may verify ──▶ accepted, or refused
/// fails within 30 s after a load of all                                             ──▶ refused
/// ```
///
/// Secrets in memory are only replaced by the newest alone when they are older than [`FRESH_FOR`], which is longer than
/// [`RELOAD_EVERY`]: nothing is refused that was not checked with all.
pub struct Keyring<S> {
    store: S,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    loaded: Option<(Arc<Accounts>, Timestamp)>,
    reload: Option<Reload>,
}

struct Reload {
    at: Timestamp,
    failed: bool,
}

impl<S: SecretStore> Keyring<S> {
    /// An empty keyring for `store`.
    pub fn new(store: S) -> Self {
        Self {
            store,
            state: Mutex::default(),
        }
    }

    /// The secrets in memory, loaded first if there are none or they are too old.
    ///
    /// # Errors
    /// [`StoreError`] if the store fails. Old secrets are not used instead: one of them may have been withdrawn.
    pub async fn current(&self, now: Timestamp) -> Result<Arc<Accounts>, StoreError> {
        if let Some((secrets, at)) = &self.state().loaded
            && now.since(*at) < FRESH_FOR
        {
            return Ok(Arc::clone(secrets));
        }
        let newest = self.store.load_newest().await?;
        Ok(self.keep(newest, now))
    }

    /// Fresh secrets after a failed verification; `None` if it is too early to ask again.
    ///
    /// # Errors
    /// [`StoreError`] if the store fails, or failed a moment ago.
    pub async fn reload(&self, now: Timestamp) -> Result<Option<Arc<Accounts>>, StoreError> {
        {
            let mut state = self.state();
            if let Some(reload) = &state.reload
                && now.since(reload.at) < RELOAD_EVERY
            {
                return match reload.failed {
                    true => Err(StoreError::FailedJustNow),
                    false => Ok(None),
                };
            }
            // Until it succeeds it counts as failed, so that a store that hangs is not asked again either.
            state.reload = Some(Reload { at: now, failed: true });
        }
        let secrets = self.store.load().await?;
        self.state().reload = Some(Reload { at: now, failed: false });
        Ok(Some(self.keep(secrets, now)))
    }

    pub(super) fn store(&self) -> &S {
        &self.store
    }

    fn keep(&self, secrets: Accounts, now: Timestamp) -> Arc<Accounts> {
        let secrets = Arc::new(secrets);
        self.state().loaded = Some((Arc::clone(&secrets), now));
        secrets
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
