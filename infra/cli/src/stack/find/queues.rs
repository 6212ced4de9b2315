//! What of a search is in quarantine or dead-lettered, and so perhaps in no ledger.

use std::collections::BTreeSet;

use acuse_core::event::Event;
use acuse_core::provider::id::bounded;

use super::OnDay;
use crate::stack::dead_letters::DeadLetter;
use crate::stack::error::StackError;
use crate::stack::lookup::spellings;
use crate::stack::quarantine::{Cause, Quarantined, Reverifier};
use crate::stack::queue::{Depth, Walk};
use crate::stack::target::Target;

/// Most messages of a queue that are looked at.
const MOST: usize = 1000;

/// When to look into the queues: each costs a second or two, since SQS says that a queue is empty only then.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum When {
    /// Always: the ledger has nothing.
    Always,
    /// If SQS says that there are messages, which may be a minute late.
    NotEmpty,
}

/// What is in the queues.
#[derive(Default)]
pub struct InQueues {
    /// Deliveries in quarantine, not applied.
    pub quarantine: Vec<Quarantine>,
    /// Dead letters.
    pub dead_letters: Vec<DeadLetter>,
    /// How many messages of the quarantine were looked at.
    pub in_quarantine: usize,
    /// How many dead letters were looked at.
    pub dead_lettered: usize,
}

/// A delivery in quarantine.
pub struct Quarantine {
    /// The delivery.
    pub item: Quarantined,
    /// Why it is there, in a few words: `signature in header `x-one-signature``.
    pub cause: Cause,
    /// Whether the text is its delivery's id.
    pub is_delivery: bool,
}

impl InQueues {
    /// Whether nothing was found.
    pub fn is_empty(&self) -> bool {
        self.quarantine.is_empty() && self.dead_letters.is_empty()
    }
}

/// What of the queues has `text` as a reference or the beginning of one, as an id or key, or somewhere in its payload.
/// Every message stays where it is, and others can receive it meanwhile.
///
/// # Errors
/// A queue or, for causes, a secret can't be read.
pub async fn in_queues(target: &Target, text: &str, when: When) -> Result<InQueues, StackError> {
    let (quarantine, dead) = tokio::try_join!(
        in_quarantine_when(target, text, when),
        in_dead_letters_when(target, text, when),
    )?;
    Ok(InQueues {
        quarantine: quarantine.quarantine,
        in_quarantine: quarantine.in_quarantine,
        ..dead
    })
}

/// The same in quarantine alone.
///
/// # Errors
/// As [`in_queues`].
pub async fn in_quarantine(target: &Target, text: &str) -> Result<InQueues, StackError> {
    in_quarantine_when(target, text, When::Always).await
}

/// The same of dead letters alone.
///
/// # Errors
/// As [`in_queues`].
pub async fn in_dead_letters(target: &Target, text: &str) -> Result<InQueues, StackError> {
    in_dead_letters_when(target, text, When::Always).await
}

async fn in_quarantine_when(target: &Target, text: &str, when: When) -> Result<InQueues, StackError> {
    let (text, references) = (text.trim(), target.references());
    let spellings = spellings(text);
    let quarantined = messages(target, "QuarantineQueueUrl", when).await?;
    let (mut found, mut reverifier) = (InQueues::default(), Reverifier::new(target)?);
    found.in_quarantine = quarantined.len();
    for item in quarantined.into_iter().map(Quarantined::open) {
        let is_delivery = item.delivery_id() == text;
        let body = item.delivery.as_ref().map_or(&[][..], |delivery| delivery.body());
        let events = item.unverified(target, &references);
        let is_it = |text: &String| is_about(&events, text) || mentions(body, text);
        if is_delivery || spellings.iter().any(is_it) {
            found.quarantine.push(Quarantine {
                cause: reverifier
                    .cause(&item)
                    .await
                    .unwrap_or_else(|_| Cause::Refused(item.reason.clone())),
                is_delivery,
                item,
            });
        }
    }
    Ok(found)
}

async fn in_dead_letters_when(target: &Target, text: &str, when: When) -> Result<InQueues, StackError> {
    let (text, references) = (text.trim(), target.references());
    let spellings = spellings(text);
    let dead = messages(target, "DeadLetterQueueUrl", when).await?;
    let mut found = InQueues {
        dead_lettered: dead.len(),
        ..InQueues::default()
    };
    for message in dead {
        let letter = DeadLetter::open(message, target.environment()).with_references(&references);
        let is_message = letter.message.message_id() == Some(text);
        let in_payload = |text: &str| letter.events.iter().any(|event| mentions(event.body(), text));
        let is_it = |text: &String| is_about(&letter.events, text) || in_payload(text);
        if is_message || spellings.iter().any(is_it) {
            found.dead_letters.push(letter);
        }
    }
    Ok(found)
}

/// What the queues have of these resources, each a provider's name and an id: messages that may hold the same person's
/// data as their events in the ledger.
///
/// # Errors
/// As [`in_queues`].
pub async fn of_resources(target: &Target, resources: &BTreeSet<(&str, &str)>) -> Result<InQueues, StackError> {
    let references = target.references();
    let is_one = |event: &Event| {
        let resource = event.resource.as_ref();
        resource.is_some_and(|own| resources.contains(&(event.provider, bounded(&own.id).as_ref())))
    };
    let quarantined = messages(target, "QuarantineQueueUrl", When::NotEmpty).await?;
    let dead = messages(target, "DeadLetterQueueUrl", When::NotEmpty).await?;
    let mut found = InQueues {
        in_quarantine: quarantined.len(),
        dead_lettered: dead.len(),
        ..InQueues::default()
    };
    for item in quarantined.into_iter().map(Quarantined::open) {
        if item.unverified(target, &references).iter().any(is_one) {
            found.quarantine.push(Quarantine {
                cause: Cause::Refused(item.reason.clone()),
                is_delivery: false,
                item,
            });
        }
    }
    let letters = dead
        .into_iter()
        .map(|message| DeadLetter::open(message, target.environment()));
    found.dead_letters = letters.filter(|letter| letter.events.iter().any(is_one)).collect();
    Ok(found)
}

async fn messages(target: &Target, queue: &str, when: When) -> Result<Vec<aws_sdk_sqs::types::Message>, StackError> {
    if when == When::NotEmpty && Depth::of(target, queue).await?.visible == 0 {
        return Ok(Vec::new());
    }
    Walk::look(target, queue, MOST).await
}

/// Whether one of these events is what `text` says.
fn is_about(events: &[Event], text: &str) -> bool {
    let on_day = OnDay::parse(text);
    let (prefix, exact) = match text.strip_suffix('*').filter(|prefix| !prefix.is_empty()) {
        Some(prefix) => (prefix, false),
        None => (text, true),
    };
    events.iter().any(|event| {
        let reference = event.reference.as_deref().unwrap_or_default();
        let is_amount = |on_day: &OnDay| {
            let amount = event.amount.as_deref().unwrap_or_default();
            on_day.day.day() == event.received_at.day() && on_day.amount.is(amount)
        };
        reference.starts_with(prefix)
            || on_day.as_ref().is_some_and(is_amount)
            || exact
                && (event.delivery_id.to_string() == text
                    || event.key.to_string() == text
                    || event.key.partition == text
                    || event.resource.as_ref().is_some_and(|resource| resource.id == text))
    })
}

/// Whether a payload has this text as a word of its own: `4821` is in `ORD-4821`, and not in `148210`.
pub fn mentions(payload: &[u8], text: &str) -> bool {
    let text = text.strip_suffix('*').unwrap_or(text).as_bytes();
    // Shorter texts are in nearly every payload.
    if text.len() < 3 {
        return false;
    }
    let is_word = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_alphanumeric);
    let places = payload.windows(text.len()).enumerate();
    places.filter(|(_, found)| *found == text).any(|(start, _)| {
        let before = start.checked_sub(1).and_then(|at| payload.get(at));
        !is_word(before) && !is_word(payload.get(start + text.len()))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_payload_mentions_whole_words() {
        let payload = br#"{"order":"ORD-4821","amount":148210,"n":4816}"#;
        for text in ["4821", "ORD-4821", "4816", "order"] {
            assert!(mentions(payload, text), "{text}");
        }
        for text in ["482", "1482", "4822", "RD-4821", "48", ""] {
            assert!(!mentions(payload, text), "{text}");
        }
    }
}
