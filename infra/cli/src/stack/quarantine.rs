//! The quarantine: deliveries that failed verification, verified again.

mod advice;
mod causes;

use std::collections::BTreeMap;

use acuse_aws::verifier::SqsOutbox;
use acuse_core::account::{Account, AccountName};
use acuse_core::clock::Timestamp;
use acuse_core::event::reference::References;
use acuse_core::event::{Environment, Event, payload};
use acuse_core::provider::Provider;
use acuse_core::receive::quarantine::{ACCOUNT, InvalidMessage, QuarantinedDelivery, REGISTRATION};
use acuse_core::receive::secrets::{Accounts, Secrets};
use acuse_core::receive::signature::{self, diagnose};
use acuse_core::receive::{Outbox, SecretStore};
use acuse_core::wire::content::Content;
use acuse_core::wire::delivery::{CanonicalForm, Delivery, DeliveryId, Unverified};
use acuse_core::wire::envelope::{self, Envelope};
use aws_sdk_sqs::types::Message;
use futures_util::{StreamExt, TryStreamExt, stream};
use serde_json::{Value, json};

pub use advice::{Advice, Cause, OtherSecret, Setting};
pub use causes::Causes;

use crate::registry::providers;
use crate::stack::audit::Begun;
use crate::stack::error::StackError;
use crate::stack::queue::{RefusedMessage, Walk, attribute};
use crate::stack::target::{Target, TargetError};

const AT_ONCE: usize = 16;

/// A quarantined delivery.
pub struct Quarantined {
    /// Its message.
    pub message: Message,
    /// The provider's name; `?` if it has none.
    pub provider: String,
    /// The account that it was sent to, which may be any text.
    pub account: String,
    /// Why it failed verification when it was received.
    pub reason: String,
    /// Whether it was answered 200, in a registration window. The provider does not send it again.
    pub registration: bool,
    /// The delivery, as the verifier received it.
    pub delivery: Result<Delivery<Unverified>, InvalidMessage>,
}

/// Verifies quarantined deliveries with the secrets and settings that the stack has now.
pub struct Reverifier<'a> {
    target: &'a Target,
    outbox: SqsOutbox,
    verifiers: Vec<Verifier>,
    as_account: Option<AccountName>,
    /// How many would verify as deliveries of another account, by provider and account.
    of_others: BTreeMap<(String, AccountName), usize>,
}

/// A provider with the stack's settings, and its secrets.
type Verifier = (&'static Provider, Accounts);

/// The result of verifying again.
pub enum Verdict {
    /// It verifies; this message of this group queues it.
    Valid(String, envelope::Message),
    /// It does not verify, but would if it had been sent to this account.
    OtherAccount(AccountName),
    /// It does not verify with the secrets of any account.
    Invalid,
    /// It can't be verified: the secret is missing, the provider or account is unknown, or the message can't be read.
    Unknown,
}

impl<'a> Reverifier<'a> {
    /// A verifier for `target`'s quarantine.
    pub fn new(target: &'a Target) -> Result<Self, TargetError> {
        Ok(Self {
            target,
            outbox: target.outbox()?,
            verifiers: Vec::new(),
            as_account: None,
            of_others: BTreeMap::new(),
        })
    }

    /// The same, but deliveries are verified as if they had been sent to this account, with its secret and token.
    #[must_use]
    pub fn as_account(self, as_account: Option<AccountName>) -> Self {
        Self { as_account, ..self }
    }

    /// Verifies a delivery again.
    pub async fn verify(&mut self, item: &Quarantined) -> Result<Verdict, StackError> {
        let delivery = match (&item.delivery, &self.as_account) {
            (Err(_), _) => return Ok(Verdict::Unknown),
            (Ok(delivery), None) => delivery.clone(),
            (Ok(delivery), Some(account)) => delivery.clone().sent_to(account.as_str()),
        };
        let Some((provider, accounts)) = self.verifier(&item.provider).await? else {
            return Ok(Verdict::Unknown);
        };
        let own = accounts.get(delivery.account()).and_then(Result::ok);
        let own = own.filter(|own| !own.is_empty());
        // A signature's timestamp is compared with the time of receipt, not with now.
        let verify =
            |secrets: &Secrets| signature::verify(&delivery, &provider.scheme, secrets, delivery.received_at());
        if let Some(Ok(verified)) = own.map(verify) {
            let message = Envelope::seal(provider.name, &verified).to_message()?;
            let group = verified.account().name.scope(provider.name);
            return Ok(Verdict::Valid(group.into_owned(), message));
        }
        Ok(match (accounts.iter().find(|other| verify(other).is_ok()), own) {
            (Some(other), _) => Verdict::OtherAccount(other.account().name.clone()),
            (None, Some(_)) => Verdict::Invalid,
            (None, None) => Verdict::Unknown,
        })
    }

    /// Which header, canonical form and secret would have matched, and what to set.
    pub async fn diagnose(&mut self, item: &Quarantined) -> Result<Advice, StackError> {
        let delivery = match &item.delivery {
            Ok(delivery) => delivery,
            Err(error) => return Ok(Advice::Unreadable(error.clone())),
        };
        Ok(match self.verifier(&item.provider).await? {
            None => match providers()
                .by_name(&item.provider)
                .map(|provider| self.target.is_used(provider))
            {
                Some(Err(switched_off)) => Advice::SwitchedOff(switched_off),
                _ => Advice::NoProvider(item.provider.clone()),
            },
            Some((provider, accounts)) => {
                let (provider, at) = (*provider, delivery.received_at());
                let diagnosis = diagnose(delivery, &provider.scheme, accounts, at);
                Advice::of(self.target, provider, diagnosis)
            }
        })
    }

    /// Why it is in quarantine, in a few words: where its signature was found, if that is the cause.
    pub async fn cause(&mut self, item: &Quarantined) -> Result<Cause, StackError> {
        let found = match (&item.delivery, self.verifier(&item.provider).await?) {
            (Ok(delivery), Some((provider, accounts))) => {
                let diagnosis = diagnose(delivery, &provider.scheme, accounts, delivery.received_at());
                match (diagnosis.signature, diagnosis.verdict, diagnosis.token) {
                    (_, Ok(_), _) => Some(Cause::VerifiesNow),
                    (Some(found), _, None) => Some(Cause::Signature(found.carrier)),
                    (Some(_), _, Some(token)) => Some(Cause::Token(token)),
                    (None, ..) => None,
                }
            }
            _ => None,
        };
        Ok(found.unwrap_or_else(|| Cause::Refused(item.reason.clone())))
    }

    /// Those of `items` that verify now.
    pub async fn valid<'q>(&mut self, items: &[&'q Quarantined]) -> Result<Vec<&'q Quarantined>, StackError> {
        let valid = self.verify_all(items).await?.into_iter();
        let valid = valid.filter(|(_, verdict)| matches!(verdict, Verdict::Valid(..)));
        Ok(valid.map(|(item, _)| item).collect())
    }

    /// Queues those of `items` that verify now, and deletes them from the quarantine. Returns them. After an error, a
    /// delivery may be both queued and here: releasing it again makes a duplicate, which the ledger drops.
    pub async fn release<'q>(
        &mut self,
        items: &[&'q Quarantined],
        walk: &mut Walk,
        begun: &Begun<'_>,
    ) -> Result<Vec<&'q Quarantined>, StackError> {
        let verdicts = self.verify_all(items).await?.into_iter();
        let valid = verdicts.filter_map(|(item, verdict)| match verdict {
            Verdict::Valid(group, message) => Some((item, group, message)),
            _ => None,
        });
        let valid: Vec<_> = valid.collect();
        let own = self.target.environment();
        let events = valid.iter().flat_map(|(_, _, message)| events_of(message, own));
        begun.to_events(events.map(|event| event.key)).await?;
        let outbox = &self.outbox;
        let calls = valid
            .into_iter()
            .map(|(item, group, message)| async move { outbox.queue(&group, message).await.map(|()| item) });
        let calls: Vec<_> = calls.collect();
        // Queued first: an interruption between the two makes a duplicate, not a loss.
        let queued: Vec<_> = stream::iter(calls).buffer_unordered(AT_ONCE).try_collect().await?;
        delete(&queued, walk).await?;
        Ok(queued)
    }

    /// What to do about deliveries that were neither released nor deleted, since they verify as ones of another
    /// account.
    pub fn of_others(&self) -> impl Iterator<Item = String> {
        self.of_others.iter().map(|((provider, account), count)| {
            format!(
                "left in quarantine: {count} sent to another account, but signed with the secret of `{account}`. Correct the URL at the provider, then release them with `acuse quarantine release --provider {provider} --as-account {account}`"
            )
        })
    }

    async fn verify_all<'q>(
        &mut self,
        items: &[&'q Quarantined],
    ) -> Result<Vec<(&'q Quarantined, Verdict)>, StackError> {
        let mut verdicts = Vec::new();
        for item in items {
            let verdict = self.verify(item).await?;
            if let Verdict::OtherAccount(account) = &verdict {
                let account = (item.provider.clone(), account.clone());
                *self.of_others.entry(account).or_default() += 1;
            }
            verdicts.push((*item, verdict));
        }
        Ok(verdicts)
    }

    /// Deletes those of `items` that don't verify with the secrets of any account. Returns them.
    pub async fn purge<'q>(
        &mut self,
        items: &[&'q Quarantined],
        walk: &mut Walk,
    ) -> Result<Vec<&'q Quarantined>, StackError> {
        let verdicts = self.verify_all(items).await?.into_iter();
        // One that can't be verified stays: its secret may still be put.
        let invalid = verdicts.filter(|(_, verdict)| matches!(verdict, Verdict::Invalid));
        let invalid: Vec<_> = invalid.map(|(item, _)| item).collect();
        delete(&invalid, walk).await?;
        Ok(invalid)
    }

    /// The provider with the stack's settings. Its secret is read once.
    async fn verifier(&mut self, name: &str) -> Result<Option<&Verifier>, StackError> {
        if !self.verifiers.iter().any(|(known, _)| known.name == name) {
            let used = providers()
                .by_name(name)
                .filter(|provider| self.target.is_used(provider).is_ok());
            let Some(provider) = used else {
                return Ok(None);
            };
            let provider = self.target.provider(provider)?;
            let accounts = self.target.secrets(provider)?.load().await?;
            self.verifiers.push((provider, accounts));
        }
        Ok(self.verifiers.iter().find(|(known, _)| known.name == name))
    }
}

/// The events of a message that is about to be queued.
fn events_of(message: &envelope::Message, own: Environment) -> Vec<Event> {
    let attribute = |name: &str| {
        let mut attributes = message.attributes.iter();
        attributes.find_map(|(own, value)| (*own == name).then_some(value.as_str()))
    };
    let envelope = Envelope::from_message(message.text.clone(), attribute).ok();
    let events = envelope.and_then(|envelope| {
        let provider = providers().by_name(&envelope.provider)?;
        Some(payload::events(&envelope, provider, own))
    });
    events.unwrap_or_default()
}

async fn delete(items: &[&Quarantined], walk: &mut Walk) -> Result<(), StackError> {
    let messages: Vec<&Message> = items.iter().map(|item| &item.message).collect();
    match walk.delete(&messages).await?.refused.into_iter().next() {
        None => Ok(()),
        Some(RefusedMessage { message, reason }) => Err(StackError::NotDeleted {
            message_id: message.message_id.clone().unwrap_or_default(),
            reason,
        }),
    }
}

impl Quarantined {
    /// Reads a message.
    pub fn open(message: Message) -> Self {
        let text = message.body.as_deref().unwrap_or_default();
        let named = |name| attribute(&message, name).unwrap_or("?").to_owned();
        let account = attribute(&message, ACCOUNT).unwrap_or(AccountName::DEFAULT_TEXT);
        Self {
            provider: named("provider"),
            account: account.to_owned(),
            reason: named("reason"),
            registration: attribute(&message, REGISTRATION).is_some(),
            delivery: QuarantinedDelivery::open(text, |name| attribute(&message, name)),
            message,
        }
    }

    /// The provider, with the account that it was sent to unless that is the default one.
    pub fn scope(&self) -> String {
        match self.account.as_str() {
            AccountName::DEFAULT_TEXT => self.provider.clone(),
            account => format!("{}/{account}", self.provider),
        }
    }

    /// The delivery's id; `?` if it has none.
    pub fn delivery_id(&self) -> String {
        attribute(&self.message, "delivery_id").unwrap_or("?").to_owned()
    }

    /// What its body says, if it is the provider's. **Not verified**: anybody can send it. For searches and lists alone.
    pub fn unverified(&self, target: &Target, references: &References) -> Vec<Event> {
        let (Ok(delivery), Some(provider)) = (&self.delivery, providers().by_name(&self.provider)) else {
            return Vec::new();
        };
        let id = attribute(&self.message, "delivery_id").and_then(DeliveryId::parse);
        let envelope = Envelope {
            provider: self.provider.clone(),
            account: Account::default(),
            content: Content::from_headers(delivery.headers()),
            delivery_id: id.unwrap_or_else(|| DeliveryId::new(delivery.received_at(), [0; 10])),
            received_at: delivery.received_at(),
            form: CanonicalForm::Raw,
            body: delivery.body().clone(),
            replay: None,
        };
        references.applied(payload::events(&envelope, provider, target.environment()))
    }

    /// When the verifier received it.
    pub fn received_at(&self) -> Option<Timestamp> {
        self.delivery.as_ref().ok().map(Delivery::received_at)
    }

    /// One line of `--json`, with more members. It has neither header values nor the body: both may contain secrets.
    pub fn json<'m>(&self, more: impl IntoIterator<Item = (&'m str, &'m str)>) -> Value {
        let delivery = self.delivery.as_ref().ok();
        let names = delivery.map(|delivery| delivery.headers().keys().map(|name| name.as_str()).collect::<Vec<_>>());
        let mut line = json!({
            "provider": self.provider,
            "account": self.account,
            "delivery_id": self.delivery_id(),
            "received_at": self.received_at().map(|at| at.to_string()),
            "reason": self.reason,
            "registration": self.registration,
            "bytes": delivery.map(|delivery| delivery.body().len()),
            "headers": names,
        });
        if let Value::Object(line) = &mut line {
            let more = more.into_iter();
            line.extend(more.map(|(name, text)| (name.to_owned(), json!(text))));
        }
        line
    }
}
