//! The quarantine: deliveries that failed verification, verified again.

use acuse_aws::config::ConfigError;
use acuse_aws::verifier::SqsOutbox;
use acuse_core::clock::Timestamp;
use acuse_core::delivery::{Delivery, Unverified};
use acuse_core::envelope::{Envelope, TooLong};
use acuse_core::provider::Provider;
use acuse_core::quarantine::{Kept, NotKept};
use acuse_core::receive::{Outbox, OutboxError, SecretStore, StoreError};
use acuse_core::secrets::Secrets;
use acuse_core::signature::{self, diagnose};
use aws_sdk_sqs::types::Message;
use serde_json::{Value, json};
use thiserror::Error;

use crate::queue::{QueueError, Walk, attribute};
use crate::sample;
use crate::target::{Target, TargetError};

/// A quarantined delivery, with its message.
pub struct Held {
    /// As it was received.
    pub message: Message,
    /// The provider's name; `?` where there is none.
    pub provider: String,
    /// Why it failed verification then.
    pub reason: String,
    /// The delivery, as the door received it.
    pub delivery: Result<Delivery<Unverified>, NotKept>,
}

/// A delivery that can't be verified again, or not be queued.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum BenchError {
    /// The stack has no such output.
    #[error(transparent)]
    Target(#[from] TargetError),
    /// Its signature settings can't be meant.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The secret can't be had.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// It fits no message.
    #[error("a delivery can't be queued: {0}")]
    TooLong(#[from] TooLong),
    /// The event queue.
    #[error(transparent)]
    Outbox(#[from] OutboxError),
    /// The quarantine queue.
    #[error(transparent)]
    Queue(#[from] QueueError),
}

/// Verifies what is held, with the secrets and settings that the stack has now.
pub struct Bench<'a> {
    target: &'a Target,
    outbox: SqsOutbox,
    verifiers: Vec<Verifier>,
}

/// A provider as the stack verifies it now.
struct Verifier {
    provider: &'static Provider,
    secrets: Secrets,
}

/// What verifying again says.
pub enum Verdict {
    /// It holds: this message queues it.
    Holds(&'static str, acuse_core::envelope::Message),
    /// It does not, under the secrets that there are.
    Fails,
    /// Nobody can say: there is no secret yet, no such provider, or the message can't be read.
    Unknown,
}

impl<'a> Bench<'a> {
    /// A bench for `target`'s quarantine.
    ///
    /// # Errors
    /// [`TargetError::NoOutput`].
    pub fn new(target: &'a Target) -> Result<Self, TargetError> {
        Ok(Self {
            target,
            outbox: target.outbox()?,
            verifiers: Vec::new(),
        })
    }

    /// Verifies `held` again.
    ///
    /// # Errors
    /// [`BenchError`].
    pub async fn judge(&mut self, held: &Held) -> Result<Verdict, BenchError> {
        let Ok(delivery) = &held.delivery else {
            return Ok(Verdict::Unknown);
        };
        let Some(Verifier { provider, secrets }) = self.verifier(&held.provider).await? else {
            return Ok(Verdict::Unknown);
        };
        if secrets.is_empty() {
            return Ok(Verdict::Unknown);
        }
        // A signature's own time counts from when it came, not from now.
        let verified = signature::verify(delivery, &provider.scheme, secrets, delivery.received_at());
        Ok(match verified {
            Err(_) => Verdict::Fails,
            Ok(verified) => {
                let message = Envelope::seal(provider.name, &verified).to_message()?;
                Verdict::Holds(provider.name, message)
            }
        })
    }

    /// Which header, form and secret would have matched, and what to set.
    ///
    /// # Errors
    /// [`BenchError`].
    pub async fn diagnose(&mut self, held: &Held) -> Result<String, BenchError> {
        let delivery = match &held.delivery {
            Ok(delivery) => delivery,
            Err(error) => return Ok(error.to_string()),
        };
        Ok(match self.verifier(&held.provider).await? {
            None => format!("there is no provider `{}`", held.provider),
            Some(Verifier { provider, secrets }) => {
                diagnose(delivery, &provider.scheme, secrets, delivery.received_at()).to_string()
            }
        })
    }

    /// Queues `held` where it holds now, and takes it from the quarantine; whether it did.
    ///
    /// # Errors
    /// [`BenchError`].
    pub async fn release(&mut self, held: &Held, walk: &mut Walk) -> Result<bool, BenchError> {
        let Verdict::Holds(name, message) = self.judge(held).await? else {
            return Ok(false);
        };
        // Queued first: an interruption between the two makes a duplicate, which the ledger drops.
        // The other way round it would make a loss.
        self.outbox.queue(name, message).await?;
        walk.delete(&held.message).await?;
        Ok(true)
    }

    /// The provider as the stack verifies it; its secret is read once.
    async fn verifier(&mut self, name: &str) -> Result<Option<&Verifier>, BenchError> {
        if !self.verifiers.iter().any(|known| known.provider.name == name) {
            let Ok(provider) = sample::provider(name) else {
                return Ok(None);
            };
            let provider = self.target.provider(provider)?;
            let secrets = self.target.secrets(provider)?.load().await?;
            self.verifiers.push(Verifier { provider, secrets });
        }
        Ok(self.verifiers.iter().find(|known| known.provider.name == name))
    }
}

impl Held {
    /// Reads a message.
    pub fn open(message: Message) -> Self {
        let text = message.body.as_deref().unwrap_or_default();
        let named = |name| attribute(&message, name).unwrap_or("?").to_owned();
        Self {
            provider: named("provider"),
            reason: named("reason"),
            delivery: Kept::open(text, |name| attribute(&message, name)),
            message,
        }
    }

    /// The delivery's id; `?` where there is none.
    pub fn delivery_id(&self) -> String {
        let id = attribute(&self.message, "delivery_id");
        id.unwrap_or("?").to_owned()
    }

    /// When the door received it.
    pub fn received_at(&self) -> Option<Timestamp> {
        self.delivery.as_ref().ok().map(Delivery::received_at)
    }

    /// One line of `--json`, with one thing more. Never a header's value, nor the body: either may hold what is secret.
    pub fn json(&self, more: Option<(&str, &str)>) -> Value {
        let delivery = self.delivery.as_ref().ok();
        let names = delivery.map(|delivery| delivery.headers().keys().map(|name| name.as_str()).collect::<Vec<_>>());
        let mut line = json!({
            "provider": self.provider,
            "delivery_id": self.delivery_id(),
            "received_at": self.received_at().map(|at| at.to_string()),
            "reason": self.reason,
            "bytes": delivery.map(|delivery| delivery.body().len()),
            "headers": names,
        });
        if let (Value::Object(line), Some((name, text))) = (&mut line, more) {
            line.insert(name.to_owned(), json!(text));
        }
        line
    }
}
