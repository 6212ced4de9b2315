//! The verifier: what happens to a delivery between its arrival and its answer.

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
use tracing::{error, info, warn};

use crate::clock::{Clock, Random, within};
use crate::error::chain;
use crate::metric;
use crate::provider::Provider;
use crate::wire::delivery::{Delivery, DeliveryId, Unverified, Verified};
use crate::wire::envelope::{Envelope, LONGEST_TEXT, Message, TooLong};
pub use keyring::{FRESH_FOR, Keyring, RELOAD_EVERY, SecretStore, StoreError};
use quarantine::{Quarantine, Quarantined, Window};
use registration::Registration;
use signature::{Factor, Refusal};

/// The longest that queue and secret store may take together. The providers give up at 5 s, and
/// the answer has to travel.
pub const BUDGET: Duration = Duration::from_millis(3500);

/// The longest that the quarantine may take of it: a delivery that is not authentic is answered 401, not 503,
/// whatever becomes of its copy.
pub const QUARANTINE_BUDGET: Duration = Duration::from_secs(1);

/// The header of a test delivery. It changes what a delivery that verifies is counted as, and nothing else:
/// an alarm for a provider that has gone silent must not take the operator's own deliveries for its.
pub const TEST_DELIVERY_HEADER: &str = "x-acuse-test";

/// Where messages go.
pub trait Outbox: Send + Sync {
    /// Puts a verified delivery's message on the event queue. It is there when this returns.
    fn queue(&self, provider: &'static str, message: Message) -> impl Future<Output = Result<(), OutboxError>> + Send;

    /// Puts a delivery that failed verification on the quarantine queue.
    fn quarantine(&self, message: Message) -> impl Future<Output = Result<(), OutboxError>> + Send;
}

/// A queue that could not be written to.
#[derive(Debug, Error)]
#[error("sending to the {queue} queue")]
pub struct OutboxError {
    /// `event` or `quarantine`.
    pub queue: &'static str,
    /// What the service said.
    pub source: Box<dyn std::error::Error + Send + Sync>,
}

/// What the sender is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer {
    /// 200: it is in the queue.
    Queued(DeliveryId),
    /// 200: this proof is missing or wrong, and it is in quarantine, which is all that becomes of it. Only within a
    /// [registration window](registration).
    Registered,
    /// 401: this proof is missing or wrong.
    Refused(Factor),
    /// 413: it can't fit one message.
    TooLong,
    /// 503: it could not be queued, or nobody could say whether it is authentic. Send it again.
    Unavailable,
}

impl Answer {
    /// Its name among the metrics.
    const fn name(self) -> &'static str {
        match self {
            Self::Queued(_) => "queued",
            Self::Registered => "registration",
            Self::Refused(factor) => factor.name(),
            Self::TooLong => "too_long",
            Self::Unavailable => "unavailable",
        }
    }
}

/// One provider's verifier. Knows nothing of the ledger.
pub struct Verifier<S, O, C, R> {
    provider: &'static Provider,
    keyring: Keyring<S>,
    registration: Registration,
    outbox: O,
    quarantine: Quarantine,
    clock: C,
    random: R,
}

impl<S: SecretStore, O: Outbox, C: Clock, R: Random> Verifier<S, O, C, R> {
    /// A verifier for `provider`'s deliveries.
    pub fn new(provider: &'static Provider, store: S, outbox: O, clock: C, random: R) -> Self {
        Self {
            provider,
            keyring: Keyring::new(store),
            registration: Registration::default(),
            outbox,
            quarantine: Quarantine::default(),
            clock,
            random,
        }
    }

    /// Loads the secrets ahead of the first delivery. A failure is logged, not returned: the
    /// first delivery tries again.
    pub async fn warm_up(&self) {
        if let Err(error) = self.keyring.current(self.clock.now()).await {
            error!(
                provider = self.provider.name,
                error = chain(&error),
                "secrets not loaded"
            );
        }
    }

    /// Takes one delivery in. `body` is what the provider sent, freed of the HTTP API's base64.
    pub async fn receive(&self, headers: HeaderMap, body: bytes::Bytes) -> Answer {
        let now = self.clock.now();
        let test = headers.contains_key(TEST_DELIVERY_HEADER);
        let id = DeliveryId::new(now, random_bytes(&self.random));
        let delivery = Delivery::received(id, now, headers, body);
        let answer = match within(&self.clock, BUDGET, self.take_in(&delivery)).await {
            Some(Ok(answer)) => answer,
            Some(Err(refusal)) => self.refuse(&delivery, refusal).await,
            None => {
                error!(provider = self.provider.name, delivery_id = %id, "delivery not taken in: no answer in time");
                Answer::Unavailable
            }
        };
        let outcome = match answer {
            Answer::Queued(_) if test => "test",
            answer => answer.name(),
        };
        metric::delivery(self.provider.name, outcome);
        answer
    }

    async fn take_in(&self, delivery: &Delivery<Unverified>) -> Result<Answer, Refusal> {
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

    /// Verifies with the secrets at hand, and where that fails once more with fresh ones: the
    /// secret may just have been rotated.
    async fn verify(&self, delivery: &Delivery<Unverified>) -> Result<Result<Delivery<Verified>, Refusal>, StoreError> {
        let now = delivery.received_at();
        let scheme = &self.provider.scheme;
        let secrets = self.keyring.current(now).await?;
        let refusal = match signature::verify(delivery, scheme, &secrets, now) {
            Ok(verified) => return Ok(Ok(verified)),
            Err(refusal) => refusal,
        };
        // What carries no proof at all needs no fresh secret.
        let carries_proof = scheme.headers().any(|name| delivery.headers().contains_key(name));
        if !carries_proof || !refusal.depends_on_secrets() {
            return Ok(Err(refusal));
        }
        Ok(match self.keyring.reload(now).await? {
            Some(fresh) => signature::verify(delivery, scheme, &fresh, now),
            None => Err(refusal),
        })
    }

    async fn queue(&self, verified: &Delivery<Verified>) -> Answer {
        let (provider, delivery_id) = (self.provider.name, verified.id());
        let message = match Envelope::seal(provider, verified).to_message() {
            Ok(message) => message,
            Err(TooLong { length }) => {
                warn!(provider, %delivery_id, length, longest = LONGEST_TEXT, "delivery too long");
                return Answer::TooLong;
            }
        };
        match self.outbox.queue(provider, message).await {
            Ok(()) => {
                let (form, length) = (verified.form().name(), verified.bytes().len());
                info!(provider, %delivery_id, form, length, "delivery queued");
                Answer::Queued(delivery_id)
            }
            Err(error) => {
                error!(provider, %delivery_id, error = chain(&error), "delivery not queued");
                Answer::Unavailable
            }
        }
    }

    /// Keeps what may turn out genuine once a secret is mended. The sender is answered 401 whether or not this
    /// works, and in time. Within a registration window it is answered 200, but only once it is kept: whoever is
    /// answered 200 does not send again.
    async fn refuse(&self, delivery: &Delivery<Unverified>, refusal: Refusal) -> Answer {
        let (provider, delivery_id) = (self.provider.name, delivery.id());
        let now = delivery.received_at();
        let left = || {
            let left = BUDGET.saturating_sub(self.clock.now().since(now));
            left.min(QUARANTINE_BUDGET)
        };
        let open = self.registration.is_open(self.keyring.store(), now);
        // Who signs with the right secret and comes too late has to come again: with the time of its receipt it
        // could never be released.
        let may_pass = refusal != Refusal::SignatureExpired;
        let window = match may_pass {
            true => within(&self.clock, left(), open).await,
            false => None,
        };
        let window = match window {
            Some(true) => Window::Open,
            _ => Window::Closed,
        };
        let names: Vec<&str> = delivery.headers().keys().map(|name| name.as_str()).collect();
        let mut answer = Answer::Refused(refusal.factor());
        let quarantined = match self.quarantine.admit(self.provider, delivery, refusal, window) {
            Quarantined::Kept(message) => match within(&self.clock, left(), self.outbox.quarantine(message)).await {
                Some(Ok(())) => {
                    metric::quarantined(provider);
                    if window == Window::Open {
                        metric::registered();
                        answer = Answer::Registered;
                    }
                    "kept"
                }
                Some(Err(error)) => {
                    error!(provider, %delivery_id, error = chain(&error), "delivery not quarantined");
                    "failed"
                }
                None => {
                    error!(provider, %delivery_id, error = "no answer in time", "delivery not quarantined");
                    "failed"
                }
            },
            Quarantined::Left(why) => why,
        };
        let status = if answer == Answer::Registered { 200 } else { 401 };
        warn!(provider, %delivery_id, reason = %refusal, headers = ?names, quarantined, status, "delivery refused");
        answer
    }
}

fn random_bytes(random: &impl Random) -> [u8; 10] {
    let bits = random.bits().to_le_bytes();
    std::array::from_fn(|i| bits.get(i).copied().unwrap_or_default())
}

#[cfg(test)]
mod tests;
