//! Storing the secret and token that OnePay issues.

use std::time::Duration;

use acuse_core::providers::onepay::PROVIDER;
use acuse_core::receive::secrets::{Secrets, StoredAccount};
use secrecy::ExposeSecret;

use super::{NotStored, Register};
use crate::command::Failure;
use crate::command::secrets::ACCEPTED_AFTER;
use crate::note;
use crate::stack::filter::account_option;
use crate::stack::secret::{StackSecret, StackSecretError, Stored};
use crate::webhooks::onepay::Issued;

const RELEASE: &str = "release the deliveries refused meanwhile: `acuse quarantine release --provider onepay`";

/// Longer than the secret and the token that OnePay generates.
pub(super) const LONGEST_ISSUED: usize = 128;

/// How often a secret and token are stored that somebody else's change got ahead of: OnePay does not give them again.
const STORE_ATTEMPTS: u32 = 5;

/// How long a read may still return what was stored before somebody else's change.
const PAUSE: Duration = Duration::from_secs(1);

impl Register {
    /// The account with what OnePay issued, before the secrets stored already.
    pub(super) fn issued(&self, stored: &Stored, secret: &str, token: &str) -> StoredAccount {
        let old = stored.account(&self.create.account.name);
        let new = StoredAccount {
            tokens: vec![Some(token.to_owned())],
            ..self.create.account.with_secret(old, secret)
        };
        match old {
            Some(old) => new.beside(old),
            None => new,
        }
    }

    pub(super) async fn store(&self, store: &StackSecret, stored: Stored, issued: &Issued) -> Result<(), Failure> {
        let id = issued.webhook.id.clone();
        let advice = format!(
            "copy both from OnePay's panel and store them with `{}` (`--no-token` if it shows no token); then {RELEASE}",
            self.put()
        );
        let (Some(secret), Some(token)) = (&issued.signing_secret, &issued.token) else {
            let why = format!("created the webhook `{id}`, but OnePay's answer contains no secret and token");
            return Err(Failure::with_advice(why, advice));
        };
        let (mut stored, mut attempt) = (stored, 1);
        let kept = async {
            loop {
                let account = self.issued(&stored, secret.expose_secret(), token.expose_secret());
                Secrets::of(&PROVIDER, self.create.account.name.clone(), &account)?;
                match store.put(&stored, &self.create.account.name, account).await {
                    Err(StackSecretError::Changed { .. }) if attempt < STORE_ATTEMPTS => {
                        tokio::time::sleep(PAUSE).await;
                        stored = store.get().await?;
                        attempt += 1;
                    }
                    put => return Ok(put?),
                }
            }
        };
        let kept = kept.await;
        kept.map_err(|source| Failure::with_advice(NotStored { id, source }, advice))?;
        note!(
            "stored its secret and token in `{}`; all running functions accept them within {} s",
            store.id(),
            ACCEPTED_AFTER.as_secs()
        );
        note!("to queue deliveries refused until then: `acuse quarantine release --provider onepay`");
        Ok(())
    }

    /// The command that stores this account's secret.
    pub(super) fn put(&self) -> String {
        format!("acuse secrets put onepay{}", account_option(&self.create.account.name))
    }

    /// The operator must state that there is no token, since a forgotten one must not switch off the check.
    pub(super) fn put_without_token(&self) -> String {
        format!(
            "copy its secret from OnePay's panel and store it with `{} --no-token`; then {RELEASE}",
            self.put()
        )
    }
}
