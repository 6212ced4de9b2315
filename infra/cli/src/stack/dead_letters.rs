//! The dead-letter queue: what could not be done, and why.

use std::collections::HashSet;

use acuse_aws::ledger::reader::ReadError;
use acuse_aws::ledger::record::Record;
use acuse_core::clock::Timestamp;
use acuse_core::consume::SetAside;
use acuse_core::event::payload;
use acuse_core::event::{Environment, Event};
use acuse_core::providers;
use acuse_core::wire::envelope::Envelope;
use aws_sdk_sqs::Client;
use aws_sdk_sqs::types::{Message, MessageAttributeValue};
use serde_json::json;
use thiserror::Error;

use crate::stack::filter::{Facts, Filter};
use crate::stack::queue::{self, Attributes, QueueError, Walk, attribute};
use crate::stack::target::{Target, TargetError};

/// A message of the dead-letter queue, as far as it can be read.
pub struct DeadLetter {
    /// As it was received.
    pub message: Message,
    /// The provider's name; `?` where there is none.
    pub provider: String,
    /// Those that it brings: several for an array that was not read, none where it can't be opened.
    pub events: Vec<Event>,
    /// `None` for what SQS moved here after too many receives.
    pub reason: Option<String>,
}

/// The ledger could not be asked for an event's status.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum StatusError {
    /// There is no ledger.
    #[error(transparent)]
    Target(#[from] TargetError),
    /// It does not answer.
    #[error(transparent)]
    Read(#[from] ReadError),
}

impl DeadLetter {
    /// Reads a message. `own` is the environment of events that name none.
    pub fn open(message: Message, own: Environment) -> Self {
        let text = message.body.as_deref().unwrap_or_default();
        let envelope = Envelope::from_message(text, |name| attribute(&message, name)).ok();
        let events = envelope.and_then(|envelope| {
            let provider = providers::by_name(&envelope.provider)?;
            Some(payload::events(&envelope, provider, own))
        });
        Self {
            provider: attribute(&message, "provider").unwrap_or("?").to_owned(),
            reason: attribute(&message, "reason").map(str::to_owned),
            events: events.unwrap_or_default(),
            message,
        }
    }

    /// Whether it passes; its status is the ledger's.
    ///
    /// # Errors
    /// [`StatusError`].
    pub async fn passes(&self, filter: &Filter, target: &Target) -> Result<bool, StatusError> {
        let passes = |type_name| {
            filter.passes(&Facts {
                provider: &self.provider,
                type_name,
                error: self.reason.as_deref(),
                received_at: self.received_at(),
            })
        };
        if self.events.is_empty() {
            return Ok(passes("") && filter.status().is_none());
        }
        for event in self.events.iter().filter(|event| passes(&event.type_name)) {
            let Some(status) = filter.status() else {
                return Ok(true);
            };
            // Only asked for where it matters: a read for each event.
            let records = target.ledger()?.partition(&event.key.partition).await?;
            let key = event.key.to_string();
            let is_so = |record: &Record| record.key == key && record.status == status.name();
            if records.iter().any(is_so) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// When the verifier received it.
    pub fn received_at(&self) -> Option<Timestamp> {
        let millis = attribute(&self.message, "received_at")?.parse().ok()?;
        Some(Timestamp::from_millis(millis))
    }

    /// Why it is here.
    pub fn reason(&self) -> &str {
        self.reason
            .as_deref()
            .unwrap_or("received too often without being done")
    }

    /// Received, provider, type, resource, reason.
    pub fn row(&self) -> [String; 5] {
        let event = self.events.first();
        let resource = event.and_then(|event| event.resource.as_ref());
        let type_name = event.map_or("unreadable", |event| &event.type_name);
        [
            self.received_at().map_or_else(|| "-".to_owned(), |at| at.to_string()),
            self.provider.clone(),
            match self.events.len() {
                0 | 1 => type_name.to_owned(),
                count => format!("{type_name} and {} more", count - 1),
            },
            resource.map_or("-", |resource| &resource.id).to_owned(),
            self.reason().to_owned(),
        ]
    }

    /// One line of `--json`: of an array, its first event, and how many there are.
    pub fn json(&self) -> serde_json::Value {
        let event = self.events.first();
        json!({
            "provider": self.provider,
            "environment": event.map(|event| event.environment.name()),
            "type": event.map(|event| &event.type_name),
            "resource_id": event.and_then(|event| event.resource.as_ref()).map(|resource| &resource.id),
            "key": event.map(|event| event.key.to_string()),
            "events": self.events.len(),
            "received_at": self.received_at().map(|at| at.to_string()),
            "reason": self.reason(),
            "message_id": self.message.message_id,
        })
    }

    /// Why the consumer would set it aside, or one of its events, were it not marked as a replay: it may be here
    /// since it could not be read in time, without having been looked at.
    pub fn aside(&self, target: &Target, now: Timestamp) -> Option<SetAside> {
        let mut asides = self.events.iter().filter_map(|event| target.sets_aside(event, now));
        // That one reaches no hook in any case.
        asides.find(|aside| *aside != SetAside::TestDelivery)
    }

    /// As it came, marked as a replay: a rejected event may be claimed again. What a conflict's replay says stays:
    /// by it the consumer knows which record is meant.
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

/// What became of dead letters that were sent back.
#[derive(Debug, Default)]
pub struct Returned {
    /// The message ids of those that are in the event queue.
    pub sent: HashSet<String>,
    /// Why SQS refused others, which stay where they are. One that is sent and not deleted is sent again by
    /// the next run, and the ledger drops it.
    pub refused: Vec<String>,
}

/// Sends `letters` to the event queue, and takes those that are there from the dead-letter queue.
///
/// # Errors
/// [`QueueError`] names the call. What was sent by then is a duplicate, which the ledger drops.
pub async fn send_back(
    client: &Client,
    to: &str,
    walk: &mut Walk,
    letters: &[&DeadLetter],
) -> Result<Returned, QueueError> {
    let entries = letters.iter();
    let entries = entries.map(|letter| (&letter.message, letter.attributes(), letter.provider.as_str()));
    // Sent first: an interruption between the two makes a duplicate. The other way round it would make a loss.
    let sent = queue::send(client, to, entries.collect()).await?;
    let deleted = walk.delete(&sent.done).await?;
    let id = |message: &&Message| message.message_id.clone().unwrap_or_default();
    let refused = sent
        .refused
        .into_iter()
        .map(|refused| format!("not sent: {}", refused.reason));
    let kept = deleted.refused.into_iter();
    let kept = kept.map(|refused| format!("sent, and not deleted from the dead-letter queue: {}", refused.reason));
    Ok(Returned {
        sent: sent.done.iter().map(id).collect(),
        refused: refused.chain(kept).collect(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_sent_back_is_a_replay_and_a_conflicts_stays_one() {
        for (replay, sent) in [(None, "1"), (Some("1"), "1"), (Some("conflict"), "conflict")] {
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
}
