//! The quarantine: deliveries that failed verification, verified again.

use acuse_aws::config::ConfigError;
use acuse_aws::verifier::SqsOutbox;
use acuse_core::clock::Timestamp;
use acuse_core::provider::Provider;
use acuse_core::provider::scheme::merged;
use acuse_core::receive::quarantine::{InvalidMessage, QuarantinedDelivery, REGISTRATION};
use acuse_core::receive::secrets::Secrets;
use acuse_core::receive::signature::{self, Diagnosis, diagnose};
use acuse_core::receive::{Outbox, OutboxError, SecretStore, StoreError};
use acuse_core::wire::delivery::{Delivery, Unverified};
use acuse_core::wire::envelope::{Envelope, TooLong};
use aws_sdk_sqs::types::Message;
use futures_util::{StreamExt, TryStreamExt, stream};
use serde_json::{Value, json};
use thiserror::Error;

use crate::sample;
use crate::stack::queue::{QueueError, Refused, Walk, attribute};
use crate::stack::target::{Target, TargetError};

/// So many deliveries are queued at once.
const AT_ONCE: usize = 16;

/// A quarantined delivery, with its message.
pub struct Held {
    /// As it was received.
    pub message: Message,
    /// The provider's name; `?` where there is none.
    pub provider: String,
    /// Why it failed verification then.
    pub reason: String,
    /// Whether it was answered 200, in a registration window: its sender does not send it again.
    pub registration: bool,
    /// The delivery, as the verifier received it.
    pub delivery: Result<Delivery<Unverified>, InvalidMessage>,
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
    /// It is done with, and still in quarantine. Doing it again is safe.
    #[error("message `{message_id}` could not be taken from the quarantine: {reason}; run this again")]
    NotTaken {
        /// SQS's id of it.
        message_id: String,
        /// What SQS said.
        reason: String,
    },
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
    Holds(&'static str, acuse_core::wire::envelope::Message),
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
                let (provider, at) = (*provider, delivery.received_at());
                let diagnosis = diagnose(delivery, &provider.scheme, secrets, at);
                advice(provider.name, &diagnosis, self.target.signature_settings(provider))
            }
        })
    }

    /// Those of `held` that verify now.
    ///
    /// # Errors
    /// [`BenchError`].
    pub async fn valid<'h>(&mut self, held: &[&'h Held]) -> Result<Vec<&'h Held>, BenchError> {
        let mut valid = Vec::new();
        for item in held {
            if let Verdict::Holds(..) = self.judge(item).await? {
                valid.push(*item);
            }
        }
        Ok(valid)
    }

    /// Queues those of `held` that verify now, and takes them from the quarantine. Gives those.
    ///
    /// # Errors
    /// [`BenchError`]. What was queued by then and not taken is a duplicate, which the ledger drops.
    pub async fn release<'h>(&mut self, held: &[&'h Held], walk: &mut Walk) -> Result<Vec<&'h Held>, BenchError> {
        let mut valid = Vec::new();
        for item in held {
            if let Verdict::Holds(name, message) = self.judge(item).await? {
                valid.push((*item, name, message));
            }
        }
        // Queued first: an interruption between the two makes a duplicate. The other way round it would make
        // a loss.
        let calls: Vec<_> = valid
            .into_iter()
            .map(|(item, name, message)| queue(&self.outbox, item, name, message))
            .collect();
        let queued: Vec<&Held> = stream::iter(calls).buffer_unordered(AT_ONCE).try_collect().await?;
        take(&queued, walk).await?;
        Ok(queued)
    }

    /// Deletes those of `held` that don't verify under the secrets that there are. Gives those.
    ///
    /// # Errors
    /// [`BenchError`].
    pub async fn purge<'h>(&mut self, held: &[&'h Held], walk: &mut Walk) -> Result<Vec<&'h Held>, BenchError> {
        let mut invalid = Vec::new();
        for item in held {
            // What nobody can judge stays: the secret may still come.
            if let Verdict::Fails = self.judge(item).await? {
                invalid.push(*item);
            }
        }
        take(&invalid, walk).await?;
        Ok(invalid)
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

/// What a diagnosis says, with the parameter to set where one helps. It is set as a whole: what is in it already has
/// to stay.
fn advice(provider: &str, diagnosis: &Diagnosis, (parameter, settings): (String, &str)) -> String {
    let Some(named) = diagnosis.settings() else {
        return diagnosis.to_string();
    };
    let whole = merged(settings, &named);
    let what = match settings.trim() {
        "" => "the parameter",
        _ => "with what is set already",
    };
    match sample::provider(provider).map(|own| own.with_settings(&whole)) {
        Ok(Err(error)) => format!("{diagnosis}; but with what is set already, {error}"),
        _ => format!("{diagnosis}; {what}: `{parameter}=\"{whole}\"`"),
    }
}

async fn queue<'h>(
    outbox: &SqsOutbox,
    item: &'h Held,
    provider: &'static str,
    message: acuse_core::wire::envelope::Message,
) -> Result<&'h Held, OutboxError> {
    outbox.queue(provider, message).await.map(|()| item)
}

/// Takes them from the quarantine.
async fn take(held: &[&Held], walk: &mut Walk) -> Result<(), BenchError> {
    let messages: Vec<&Message> = held.iter().map(|held| &held.message).collect();
    match walk.delete(&messages).await?.refused.into_iter().next() {
        None => Ok(()),
        Some(Refused { message, reason }) => Err(BenchError::NotTaken {
            message_id: message.message_id.clone().unwrap_or_default(),
            reason,
        }),
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
            registration: attribute(&message, REGISTRATION).is_some(),
            delivery: QuarantinedDelivery::open(text, |name| attribute(&message, name)),
            message,
        }
    }

    /// The delivery's id; `?` where there is none.
    pub fn delivery_id(&self) -> String {
        let id = attribute(&self.message, "delivery_id");
        id.unwrap_or("?").to_owned()
    }

    /// When the verifier received it.
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
            "registration": self.registration,
            "bytes": delivery.map(|delivery| delivery.body().len()),
            "headers": names,
        });
        if let (Value::Object(line), Some((name, text))) = (&mut line, more) {
            line.insert(name.to_owned(), json!(text));
        }
        line
    }
}

#[cfg(test)]
mod tests {
    use acuse_core::receive::signature::{Match, Refusal};
    use acuse_core::wire::delivery::CanonicalForm;

    use super::*;

    #[test]
    fn the_whole_parameter_is_named_also_where_nothing_is_set() {
        let diagnosis = Diagnosis {
            verdict: Err(Refusal::SignatureWrong),
            token: None,
            signature: Some(Match {
                header: "signature".to_owned(),
                encodings: None,
                form: CanonicalForm::Trimmed,
                secret: "signing secret 1".to_owned(),
                caveat: None,
                settings: Some("forms=raw,trimmed".to_owned()),
            }),
            is_signed: true,
            headers: Vec::new(),
            has_secrets: true,
        };
        for (set, ends) in [
            ("", r#"; the parameter: `KuentaSignature="forms=raw,trimmed"`"#),
            (
                "headers=x-hook",
                r#"; with what is set already: `KuentaSignature="headers=x-hook forms=raw,trimmed"`"#,
            ),
        ] {
            let told = advice("kuenta", &diagnosis, ("KuentaSignature".to_owned(), set));
            assert!(told.ends_with(ends), "{told}");
        }
    }
}
