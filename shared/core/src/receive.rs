//! The verify function: what happens to a delivery between its arrival and its answer.

pub mod canonical;
mod keyring;
pub mod quarantine;
pub mod registration;
pub mod secrets;
pub mod signature;

use std::future::Future;
use std::time::Duration;

use http::HeaderMap;
use thiserror::Error;
use tracing::{Instrument, error, info, info_span, warn};

use crate::account::AccountName;
use crate::clock::{Clock, Random, within};
use crate::error::chain;
use crate::metric::{self, WORK};
use crate::provider::Provider;
use crate::wire::delivery::{Delivery, DeliveryId, Unverified, Verified};
use crate::wire::envelope::{Envelope, LONGEST_TEXT, Message, TooLong};
pub use keyring::{FRESH_FOR, Keyring, RELOAD_EVERY, SecretStore, StoreError};
use quarantine::{Quarantine, shown_account};
use registration::Registration;
use secrets::Accounts;
use signature::{Refusal, has_proof};

/// The longest that the queue and the secret store may take together. Providers give up after 5 s, and the answer
/// needs time to travel.
pub const BUDGET: Duration = Duration::from_millis(3500);

/// The part of the budget that the quarantine may use: a delivery that is not authentic is answered 401, not 503,
/// whether or not it was kept.
pub const QUARANTINE_BUDGET: Duration = Duration::from_secs(1);

/// The header of a test delivery. It only changes what a verified delivery is counted as: the alarm for a provider that
/// has gone silent must not count the operator's own deliveries.
pub const TEST_DELIVERY_HEADER: &str = "x-acuse-test";

/// The verifier's queues.
pub trait Outbox: Send + Sync {
    /// Puts a verified delivery's message on the event queue. The message is stored when this returns.
    /// Messages of one `group` are delayed by a flood of that group alone.
    fn queue(&self, group: &str, message: Message) -> impl Future<Output = Result<(), OutboxError>> + Send;

    /// Puts a delivery that failed verification on the quarantine queue.
    fn quarantine(&self, message: Message) -> impl Future<Output = Result<(), OutboxError>> + Send;
}

/// A message that could not be sent.
#[derive(Debug, Error)]
#[error("sending to the {queue} queue")]
pub struct OutboxError {
    /// `event` or `quarantine`.
    pub queue: &'static str,
    /// The service's error.
    pub source: Box<dyn std::error::Error + Send + Sync>,
}

/// The answer to the sender.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer {
    /// 200: it verified, and it is in the queue.
    Queued(DeliveryId),
    /// 200: it failed verification within a [registration window](registration), and is only kept in quarantine.
    Registered,
    /// 401: this proof, `token` or `signature`, is missing or wrong.
    Refused(&'static str),
    /// 404: the URL names an account that is not stored.
    UnknownAccount,
    /// 413: it does not fit one message.
    TooLong,
    /// 503: it could not be queued, or the secrets were not available. Send it again.
    Unavailable,
}

impl Answer {
    /// The HTTP status.
    pub const fn status(self) -> u16 {
        match self {
            Self::Queued(_) | Self::Registered => 200,
            Self::Refused(_) => 401,
            Self::UnknownAccount => 404,
            Self::TooLong => 413,
            Self::Unavailable => 503,
        }
    }

    /// The outcome in metrics.
    fn name(self) -> &'static str {
        match self {
            Self::Queued(_) => "queued",
            Self::Registered => "registration",
            Self::Refused(factor) => factor,
            Self::UnknownAccount => "account",
            Self::TooLong => "too_long",
            Self::Unavailable => "unavailable",
        }
    }
}

/// What the URL of a delivery says.
#[derive(Debug, Clone)]
pub struct Address {
    /// What follows `/webhooks/{provider}/`.
    pub account: String,
    /// The query string, without `?`; empty if there is none.
    pub query: String,
}

/// The URL of this account, without a query string.
impl<T: AsRef<str> + ?Sized> From<&T> for Address {
    fn from(account: &T) -> Self {
        Self {
            account: account.as_ref().to_owned(),
            query: String::new(),
        }
    }
}

/// Receives one provider's deliveries. Knows nothing of the ledger.
pub struct Verifier<S, O> {
    provider: &'static Provider,
    keyring: Keyring<S>,
    registration: Registration,
    outbox: O,
    quarantine: Quarantine,
    clock: Box<dyn Clock>,
    random: Box<dyn Random>,
}

impl<S: SecretStore, O: Outbox> Verifier<S, O> {
    /// A verifier for `provider`'s deliveries.
    pub fn new(
        provider: &'static Provider,
        store: S,
        outbox: O,
        clock: impl Clock + 'static,
        random: impl Random + 'static,
    ) -> Self {
        Self {
            provider,
            keyring: Keyring::new(store),
            registration: Registration::default(),
            outbox,
            quarantine: Quarantine::default(),
            clock: Box::new(clock),
            random: Box::new(random),
        }
    }

    /// Whose deliveries it receives.
    pub fn provider(&self) -> &'static Provider {
        self.provider
    }

    /// Loads the secrets before the first delivery. A failure is only logged: the first delivery tries again.
    pub async fn warm_up(&self) {
        if let Err(error) = self.keyring.current(self.clock.now()).await {
            let (provider, error) = (self.provider.name, chain(&error));
            error!(provider, error, "secrets not loaded");
        }
    }

    /// Receives one delivery to `address`. `body` is what the provider sent, after decoding the HTTP API's base64.
    pub async fn receive(&self, address: impl Into<Address>, headers: HeaderMap, body: bytes::Bytes) -> Answer {
        let Address { account, query } = address.into();
        let now = self.clock.now();
        let is_test = headers.contains_key(TEST_DELIVERY_HEADER);
        let random = self.random.bits().to_le_bytes();
        let id = DeliveryId::new(now, random.first_chunk().copied().unwrap_or_default());
        let delivery = Delivery::received(id, now, headers, body)
            .sent_to(account)
            .with_query(query);
        let span = info_span!(target: WORK, "delivery", delivery_id = %id);
        self.answer(delivery, is_test).instrument(span).await
    }

    async fn answer(&self, delivery: Delivery<Unverified>, is_test: bool) -> Answer {
        let answer = match within(self.clock.as_ref(), BUDGET, self.verify_and_queue(&delivery)).await {
            Some(Ok(answer)) => answer,
            Some(Err(refusal)) => self.refuse(&delivery, refusal).await,
            None => {
                let delivery_id = delivery.id();
                error!(provider = self.provider.name, %delivery_id, "delivery not accepted: out of time");
                Answer::Unavailable
            }
        };
        let outcome = match answer {
            Answer::Queued(_) if is_test => "test",
            answer => answer.name(),
        };
        // Who looks for URLs without a token or signature is no misconfigured sender.
        if answer != Answer::UnknownAccount || has_proof(&delivery, &self.provider.scheme) {
            // In the other cases nobody has looked for the account, and anybody can make up a name.
            let named = matches!(answer, Answer::Queued(_) | Answer::Refused(_))
                .then(|| AccountName::parse(delivery.account()));
            let account = named.flatten().unwrap_or_default();
            metric::delivery(self.provider.name, &account, outcome);
        }
        answer
    }

    async fn verify_and_queue(&self, delivery: &Delivery<Unverified>) -> Result<Answer, Refusal> {
        let (provider, delivery_id) = (self.provider.name, delivery.id());
        if delivery.body().len() > LONGEST_TEXT {
            let length = delivery.body().len();
            warn!(provider, %delivery_id, length, longest = LONGEST_TEXT, "delivery too long");
            return Ok(Answer::TooLong);
        }
        Ok(match self.verify(delivery).await {
            Ok(Ok(verified)) => self.queue(&verified).await,
            Ok(Err(refusal @ Refusal::TooLong)) => {
                warn!(provider, %delivery_id, reason = %refusal, longest = LONGEST_TEXT, "delivery too long");
                Answer::TooLong
            }
            Ok(Err(refusal)) => return Err(refusal),
            Err(error) => {
                error!(provider, %delivery_id, error = chain(&error), "delivery not verified");
                Answer::Unavailable
            }
        })
    }

    /// Verifies with the secrets in memory, and if that fails, once more with fresh ones: the secret may just have been
    /// rotated.
    async fn verify(&self, delivery: &Delivery<Unverified>) -> Result<Result<Delivery<Verified>, Refusal>, StoreError> {
        let now = delivery.received_at();
        let first = self.verify_with(&*self.keyring.current(now).await?, delivery);
        let depends_on_secrets = match &first {
            Ok(verified) => verified.as_ref().is_err_and(|refusal| refusal.depends_on_secrets()),
            Err(_) => true,
        };
        // Without any proof, no other secret would make a difference.
        if !depends_on_secrets || !has_proof(delivery, &self.provider.scheme) {
            return first;
        }
        match self.keyring.reload(now).await? {
            Some(fresh) => self.verify_with(&fresh, delivery),
            None => first,
        }
    }

    /// Verifies with the secrets of the account that the URL names, and no other.
    fn verify_with(
        &self,
        accounts: &Accounts,
        delivery: &Delivery<Unverified>,
    ) -> Result<Result<Delivery<Verified>, Refusal>, StoreError> {
        let Some(secrets) = accounts.get(delivery.account()) else {
            return Ok(Err(Refusal::AccountUnknown));
        };
        let secrets = secrets.map_err(|error| StoreError::Unusable(error.clone()))?;
        let now = delivery.received_at();
        Ok(signature::verify(delivery, &self.provider.scheme, secrets, now))
    }

    async fn queue(&self, verified: &Delivery<Verified>) -> Answer {
        let (provider, delivery_id) = (self.provider.name, verified.id());
        let account = &verified.account().name;
        let message = match Envelope::seal(provider, verified).to_message() {
            Ok(message) => message,
            Err(TooLong { length }) => {
                warn!(provider, %account, %delivery_id, length, longest = LONGEST_TEXT, "delivery too long");
                return Answer::TooLong;
            }
        };
        match self.outbox.queue(&account.scope(provider), message).await {
            Ok(()) => {
                info!(target: WORK, account = account.named(), form = verified.form().name(), "delivery queued");
                Answer::Queued(delivery_id)
            }
            Err(error) => {
                error!(provider, %account, %delivery_id, error = chain(&error), "delivery not queued");
                Answer::Unavailable
            }
        }
    }

    /// Keeps a delivery that may turn out to be genuine once a secret is fixed. The answer is 401 in any case, and in
    /// time. Within a registration window it is 200, but only if the delivery was kept: a sender that gets 200 does not
    /// send it again.
    async fn refuse(&self, delivery: &Delivery<Unverified>, refusal: Refusal) -> Answer {
        let (provider, delivery_id) = (self.provider.name, delivery.id());
        let now = delivery.received_at();
        let clock = self.clock.as_ref();
        let left = || BUDGET.saturating_sub(clock.now().since(now)).min(QUARANTINE_BUDGET);
        // An expired delivery is genuine and must be sent again: with this time of receipt it could never be released.
        let registering = refusal != Refusal::SignatureExpired
            && within(
                clock,
                left(),
                self.registration.is_open(self.keyring.store(), delivery.account(), now),
            )
            .await
                == Some(true);
        let mut answer = match refusal {
            Refusal::AccountUnknown => Answer::UnknownAccount,
            Refusal::TokenMissing | Refusal::TokenWrong => Answer::Refused("token"),
            _ => Answer::Refused("signature"),
        };
        let quarantined = match self.quarantine.admit(self.provider, delivery, refusal, registering) {
            Err(why) => why,
            Ok(message) => match within(clock, left(), self.outbox.quarantine(message)).await {
                Some(Ok(())) => {
                    metric::quarantined(provider);
                    if registering {
                        metric::registered();
                        answer = Answer::Registered;
                    }
                    "kept"
                }
                failed => {
                    let error = match &failed {
                        Some(Err(error)) => chain(error),
                        _ => "out of time".to_owned(),
                    };
                    error!(provider, %delivery_id, error, "delivery not quarantined");
                    "failed"
                }
            },
        };
        let status = answer.status();
        let headers: Vec<&str> = delivery.headers().keys().map(|name| name.as_str()).collect();
        let account = shown_account(delivery.account());
        warn!(provider, account, %delivery_id, reason = %refusal, ?headers, quarantined, status, "delivery refused");
        answer
    }
}

#[cfg(test)]
mod tests;
