//! The dead-letter queue: events that could not be processed, and why.

use std::borrow::Cow;
use std::collections::HashSet;

use acuse_aws::ledger::reader::{LedgerReader, ReadError};
use acuse_core::account::{Account, AccountName};
use acuse_core::clock::Timestamp;
use acuse_core::consume::SetAside;
use acuse_core::event::key::IdempotencyKey;
use acuse_core::event::payload;
use acuse_core::event::reference::References;
use acuse_core::event::{Environment, Event};
use acuse_core::wire::envelope::Envelope;
use aws_sdk_sqs::types::{Message, MessageAttributeValue};
use serde_json::json;

use crate::registry::providers;
use crate::stack::bindings::Bindings;
use crate::stack::error::StackError;
use crate::stack::filter::Filter;
use crate::stack::lookup;
use crate::stack::queue::{Attributes, QueueError, RefusedMessage, Walk, attribute};
use crate::stack::target::Target;

/// A message of the dead-letter queue, as far as it can be read.
pub struct DeadLetter {
    /// As it was received.
    pub message: Message,
    /// The provider's name; `?` if it has none.
    pub provider: String,
    /// The account whose secret proved the delivery.
    pub account: AccountName,
    /// Its events: several if it is an array that was not read, none if it can't be opened.
    pub events: Vec<Event>,
    /// `None` if SQS moved it here after too many receives.
    pub reason: Option<String>,
}

impl DeadLetter {
    /// Reads a message. Events that name no environment belong to `own`.
    pub fn open(message: Message, own: Environment) -> Self {
        let text = message.body.as_deref().unwrap_or_default();
        let envelope = Envelope::from_message(text, |name| attribute(&message, name)).ok();
        let events = envelope.and_then(|envelope| {
            let provider = providers().by_name(&envelope.provider)?;
            Some(payload::events(&envelope, provider, own))
        });
        let sender = attribute(&message, "provider").unwrap_or("?");
        let (provider, account) = Account::split(sender).unwrap_or((sender, Account::default()));
        Self {
            provider: provider.to_owned(),
            account: account.name,
            reason: attribute(&message, "reason").map(str::to_owned),
            events: events.unwrap_or_default(),
            message,
        }
    }

    /// The same, with its events' references where the stack's consumer reads them.
    #[must_use]
    pub fn with_references(mut self, references: &References) -> Self {
        self.events = references.applied(self.events);
        self
    }

    /// Whether it passes the filter, by its status in `ledger`.
    pub async fn passes(&self, filter: &Filter, ledger: &LedgerReader) -> Result<bool, ReadError> {
        let (reason, received_at) = (self.reason.as_deref(), self.received_at());
        let passes = |type_name| filter.passes(&self.provider, &self.account, type_name, reason, received_at);
        if self.events.is_empty() {
            return Ok(passes("") && filter.status.is_none());
        }
        for event in self.events.iter().filter(|event| passes(&event.type_name)) {
            if filter.status.is_none() {
                return Ok(true);
            }
            // One read for each event, so only if the filter has a status.
            let record = lookup::by_key(ledger, &event.key.to_string()).await?;
            if record.is_some_and(|record| filter.passes_status(&record)) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// The provider, with the account unless it is the default one.
    pub fn scope(&self) -> Cow<'_, str> {
        self.account.scope(&self.provider)
    }

    /// The delivery's id, even if nothing else can be read.
    pub fn delivery_id(&self) -> Option<&str> {
        attribute(&self.message, "delivery_id")
    }

    /// The keys of its events' records. A conflict's replay has the key of the conflict.
    pub fn keys(&self) -> Vec<IdempotencyKey> {
        let is_conflict = attribute(&self.message, "replay") == Some("conflict");
        let own = |event: &Event| match is_conflict {
            true => event.clone().into_conflict().key,
            false => event.key.clone(),
        };
        self.events.iter().map(own).collect()
    }

    /// When the verifier received it.
    pub fn received_at(&self) -> Option<Timestamp> {
        let millis = attribute(&self.message, "received_at")?.parse().ok()?;
        Some(Timestamp::from_millis(millis))
    }

    /// Why it is here.
    pub fn reason(&self) -> &str {
        self.reason.as_deref().unwrap_or("received too often without success")
    }

    /// Received, provider, type, resource, reason.
    pub fn row(&self) -> [String; 5] {
        let event = self.events.first();
        let resource = event.and_then(|event| event.resource.as_ref());
        let type_name = event.map_or("unreadable", |event| &event.type_name);
        [
            self.received_at().map_or_else(|| "-".to_owned(), |at| at.to_string()),
            self.scope().into_owned(),
            match self.events.len() {
                0 | 1 => type_name.to_owned(),
                count => format!("{type_name} and {} more", count - 1),
            },
            resource.map_or("-", |resource| &resource.id).to_owned(),
            self.reason().to_owned(),
        ]
    }

    /// One line of `--json`. An array's line has its first event, and how many there are.
    pub fn json(&self) -> serde_json::Value {
        let event = self.events.first();
        json!({
            "provider": self.provider,
            "account": self.account,
            "environment": event.map(|event| event.environment.name()),
            "type": event.map(|event| &event.type_name),
            "resource_id": event.and_then(|event| event.resource.as_ref()).map(|resource| &resource.id),
            "key": event.map(|event| event.key.to_string()),
            "delivery_id": event.map(|event| event.delivery_id.to_string()),
            "reference": event.and_then(|event| event.reference.as_deref()),
            "amount": event.and_then(|event| event.amount.as_deref()),
            "currency": event.and_then(|event| event.currency.as_deref()),
            "events": self.events.len(),
            "received_at": self.received_at().map(|at| at.to_string()),
            "reason": self.reason(),
            "message_id": self.message.message_id,
        })
    }

    /// Why the consumer would set aside this message or one of its events if it were not marked as a replay. Messages
    /// that could not be read in time are here without the consumer having checked that.
    pub fn set_aside_reason(&self, target: &Target, now: Timestamp) -> Option<SetAside> {
        let events = self.events.iter();
        let mut reasons = events.filter_map(|event| target.set_aside_reason(event, now));
        // A test delivery reaches no hook even as a replay.
        reasons.find(|reason| *reason != SetAside::TestDelivery)
    }

    /// Checks that its events are of the environment that its account is bound to now. The message has the account as
    /// it was when it was received, and the consumer goes by that.
    pub fn check(&self, bindings: &Bindings) -> Result<(), StackError> {
        let mut events = self.events.iter();
        let no_hooks = |event: &Event| event.test_delivery || event.unreadable.is_some();
        events.try_for_each(|event| if no_hooks(event) { Ok(()) } else { bindings.check(event) })
    }

    /// Its attributes, marked as a replay, so that a rejected event may be claimed again. A conflict's replay keeps its
    /// own mark, which tells the consumer which record is meant.
    fn attributes(&self) -> Attributes {
        let mut attributes = self.message.message_attributes.clone().unwrap_or_default();
        attributes.remove("reason");
        let replay = MessageAttributeValue::builder()
            .data_type("String")
            .string_value("1")
            .build();
        if let Ok(replay) = replay {
            attributes.entry("replay".to_owned()).or_insert(replay);
        }
        attributes
    }
}

/// Which dead letters were sent back.
#[derive(Debug, Default)]
pub struct Returned {
    /// The message ids of those that are in the event queue.
    pub sent: HashSet<String>,
    /// Why SQS refused others, which stay where they are. One that was sent but not deleted is sent again by the next
    /// run, and the ledger drops it as a duplicate.
    pub refused: Vec<String>,
}

/// Sends `letters` to the event queue `to`, and deletes them from the dead-letter queue. After an error, letters that
/// were sent are still here: sending them again makes duplicates, which the ledger drops.
pub async fn send_back(to: &str, walk: &mut Walk, letters: &[&DeadLetter]) -> Result<Returned, QueueError> {
    let scopes: Vec<_> = letters.iter().map(|letter| letter.scope()).collect();
    let entries = letters.iter().zip(&scopes);
    let entries = entries.map(|(letter, scope)| (&letter.message, letter.attributes(), scope.as_ref()));
    // Sent first: an interruption between the two makes a duplicate, not a loss.
    let sent = walk.send(to, entries.collect()).await?;
    let deleted = walk.delete(&sent.done).await?;
    let id = |message: &&Message| message.message_id.clone().unwrap_or_default();
    let refused = |what: &'static str| move |refused: RefusedMessage<'_>| format!("{what}: {}", refused.reason);
    let not_sent = sent.refused.into_iter().map(refused("not sent"));
    let not_deleted = deleted.refused.into_iter();
    let not_deleted = not_deleted.map(refused("sent, but not deleted from the dead-letter queue"));
    Ok(Returned {
        sent: sent.done.iter().map(id).collect(),
        refused: not_sent.chain(not_deleted).collect(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_redriven_message_is_marked_as_a_replay_and_a_conflict_stays_a_conflict() {
        let kept = ["1", "conflict", "reconciled"].map(|replay| (Some(replay), replay));
        for (replay, sent) in kept.into_iter().chain([(None, "1")]) {
            let text = |text: &str| {
                let value = MessageAttributeValue::builder().data_type("String");
                value.string_value(text).build().unwrap()
            };
            let mut message = Message::builder().message_attributes("reason", text("no such order"));
            if let Some(replay) = replay {
                message = message.message_attributes("replay", text(replay));
            }
            let attributes = DeadLetter::open(message.build(), Environment::Live).attributes();
            assert_eq!(attributes["replay"].string_value(), Some(sent));
            assert!(!attributes.contains_key("reason"));
        }
    }

    #[test]
    fn the_account_is_read_from_the_message_and_an_unreadable_one_is_shown_as_it_is() {
        for (sender, provider, account, scope) in [
            ("onepay", "onepay", "default", "onepay"),
            ("onepay/test@live", "onepay", "test", "onepay/test"),
            ("onepay/T", "onepay/T", "default", "onepay/T"),
        ] {
            let value = MessageAttributeValue::builder().data_type("String");
            let value = value.string_value(sender).build().unwrap();
            let message = Message::builder().message_attributes("provider", value).build();
            let dead = DeadLetter::open(message, Environment::Live);
            assert_eq!(
                (&*dead.provider, dead.account.as_str(), &*dead.scope()),
                (provider, account, scope)
            );
            assert_eq!(dead.json()["account"], account);
        }
    }
}
