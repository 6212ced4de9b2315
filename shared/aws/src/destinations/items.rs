//! What destinations are owed: one item for each event and destination, beside the event's record.
//!
//! ```text
//! pk  onepay#live#payment#p1
//! sk  payment.approved                          COMPLETED   the event
//! sk  payment.approved|destination#shop         OWED        what the destination `shop` is owed
//! ```
//!
//! While it is owed or given up, an item has the attribute `day` = `destination#shop`, so the index `by-day` lists it.

mod many;

use acuse_core::clock::Timestamp;
use acuse_core::destination::DestinationName;
use acuse_core::destination::delivery::{Answer, Change, Delivery, DeliveryKey, Status};
use acuse_core::event::key::IdempotencyKey;
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::error::BuildError;
use aws_sdk_dynamodb::types::{AttributeValue, Put, ReturnValue, TransactWriteItem};

use super::{Item, TableError};
use crate::ledger::expression::{Step, n, s};
use crate::ledger::item::{ERASED_AT, NotARecord, moment, number, short, text};
use crate::ledger::reference;
use crate::ledger::write::{Updated, update};

/// The deliveries in the ledger's table.
#[derive(Debug, Clone)]
pub struct Deliveries {
    client: Client,
    table: String,
}

/// What came of a change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Changed {
    /// The delivery as it is now.
    Written(Delivery),
    /// It is not in a state that the change applies to. The delivery as it is; `None` if there is none.
    Refused(Option<Delivery>),
}

/// A delivery in a destination's list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    /// Which event is owed to whom.
    pub key: DeliveryKey,
    /// When the event was received.
    pub received_at: Timestamp,
    /// Where the delivery stands.
    pub delivery: Delivery,
}

/// A part of a list.
#[derive(Debug, Clone)]
pub struct Page {
    /// What it lists.
    pub deliveries: Vec<Listed>,
    /// Where the list goes on; `None` at its end.
    pub next: Option<Place>,
}

/// A place in a list.
#[derive(Debug, Clone)]
pub struct Place(Item);

impl Deliveries {
    /// Those in `table`.
    pub fn new(client: Client, table: impl Into<String>) -> Self {
        Self {
            client,
            table: table.into(),
        }
    }

    /// One delivery as it is now; `None` if there is none.
    ///
    /// # Errors
    /// [`TableError`]
    pub async fn get(&self, key: &DeliveryKey) -> Result<Option<Delivery>, TableError> {
        let failed = TableError::of("reading a delivery", &self.table);
        let get = self.client.get_item().table_name(&self.table).consistent_read(true);
        let get = get.key("pk", s(&key.event.partition)).key("sk", s(key.sort()));
        let item = get.send().await.map_err(|error| failed(error.into()))?.item;
        let item = item.map(|item| read(&item)).transpose();
        item.map_err(|error| failed(error.into()))
    }

    /// All deliveries of one event, by destination.
    ///
    /// # Errors
    /// [`TableError`]
    pub async fn of_event(&self, event: &IdempotencyKey) -> Result<Vec<(DestinationName, Delivery)>, TableError> {
        let failed = TableError::of("reading an event's deliveries", &self.table);
        let query = self
            .client
            .query()
            .table_name(&self.table)
            .consistent_read(true)
            .key_condition_expression("pk = :pk AND begins_with(sk, :sk)")
            .expression_attribute_values(":pk", s(&event.partition))
            .expression_attribute_values(":sk", s(format!("{}|", event.sort)));
        let items: Result<Vec<_>, _> = query.into_paginator().items().send().collect().await;
        let mut found = Vec::new();
        for item in items.map_err(|error| failed(error.into()))? {
            // A conflict begins the same way, and may have deliveries of its own.
            let Some(key) = key_of(&item).filter(|key| key.event == *event) else {
                continue;
            };
            let delivery = read(&item).map_err(|error| failed(error.into()))?;
            found.push((key.destination, delivery));
        }
        Ok(found)
    }

    /// What `destination` is owed and what was given up, the oldest event first, from `from` on. The index follows the
    /// table within a moment.
    ///
    /// # Errors
    /// [`TableError`]
    pub async fn list(&self, destination: &DestinationName, from: Option<Place>) -> Result<Page, TableError> {
        let failed = TableError::of("listing deliveries", &self.table);
        let query = self
            .client
            .query()
            .table_name(&self.table)
            .index_name("by-day")
            .key_condition_expression("#day = :day")
            .expression_attribute_names("#day", "day")
            .expression_attribute_values(":day", s(DeliveryKey::list(destination)))
            .set_exclusive_start_key(from.map(|Place(key)| key));
        let page = query.send().await.map_err(|error| failed(error.into()))?;
        let mut deliveries = Vec::new();
        for item in page.items() {
            deliveries.push(listed(item).map_err(|error| failed(error.into()))?);
        }
        let next = page.last_evaluated_key.filter(|key| !key.is_empty()).map(Place);
        Ok(Page { deliveries, next })
    }

    /// The write that makes a delivery owed from `now` on. `received_at` is the event's, `expires_at` that of its record.
    ///
    /// It has no condition: it belongs into the transaction that records the event's hook as done, which happens once.
    ///
    /// # Errors
    /// Never, in effect: the SDK's builder asks for a table and an item.
    pub fn owe(
        &self,
        key: &DeliveryKey,
        received_at: Timestamp,
        now: Timestamp,
        expires_at: Timestamp,
    ) -> Result<TransactWriteItem, BuildError> {
        let put = Put::builder()
            .table_name(&self.table)
            .item("pk", s(&key.event.partition))
            .item("sk", s(key.sort()))
            .item("status", s(Status::Owed.name()))
            .item("attempts", n(0))
            .item("owed_since", n(now.as_millis()))
            .item("day", s(DeliveryKey::list(&key.destination)))
            .item("received_at", n(received_at.as_millis()))
            .item("expires_at", n(expires_at.as_seconds()))
            // Found by what the destination got as `webhook-id`.
            .item(reference::OF, s(reference::WEBHOOK_ID))
            .item(reference::KEY, s(key.event.uuid()))
            .build()?;
        Ok(TransactWriteItem::builder().put(put).build())
    }

    /// Makes `change`, on the condition that [`Delivery::changed`] gives.
    ///
    /// # Errors
    /// [`TableError`]
    pub async fn change(&self, key: &DeliveryKey, change: &Change, now: Timestamp) -> Result<Changed, TableError> {
        let failed = TableError::of("writing a delivery", &self.table);
        let item = IdempotencyKey::new(&key.event.partition, key.sort());
        let step = step(Step::of(&self.table, &item), &key.destination, change, now);
        let call = step.into_update(&self.client).return_values(ReturnValue::AllNew);
        let changed = match update(call).await.map_err(&failed)? {
            Updated::Written(item) => read(&item.unwrap_or_default()).map(Changed::Written),
            Updated::Refused(item) => item.as_ref().map(read).transpose().map(Changed::Refused),
        };
        changed.map_err(|error| failed(error.into()))
    }
}

/// The update that makes `change`.
fn step(step: Step, destination: &DestinationName, change: &Change, now: Timestamp) -> Step {
    let owed = |step: Step, condition: &str| {
        step.condition(condition)
            .name("#status", "status")
            .value(":owed", s(Status::Owed.name()))
    };
    let ended = |step: Step, status: Status| {
        step.set("status", s(status.name()))
            .set("ended_at", n(now.as_millis()))
            .remove("retry_at")
    };
    match change {
        Change::Delivered(answer) => ended(step, Status::Delivered)
            .condition("attribute_exists(pk) AND #status <> :delivered")
            .value(":delivered", s(Status::Delivered.name()))
            .add("attempts", n(1))
            .add("tries", n(1))
            .set("answer", answer_value(answer))
            .remove("error")
            .remove("fault")
            .remove("day"),
        Change::Failed {
            attempts,
            error,
            fault,
            answer,
            retry_at,
        } => {
            let step = owed(step, "#status = :owed AND #attempts = :attempts").value(":attempts", n(attempts));
            let step = match retry_at {
                Some(at) => step.set("retry_at", n(at.as_millis())),
                None => ended(step, Status::GivenUp),
            };
            let step = match answer {
                Some(answer) => step.set("answer", answer_value(answer)),
                None => step.remove("answer"),
            };
            step.set("attempts", n(attempts.saturating_add(1)))
                .add("tries", n(1))
                .set("tried_at", n(now.as_millis()))
                .set("error", s(short(error)))
                .set("fault", AttributeValue::Bool(*fault))
        }
        Change::GiveUp { reason } => {
            ended(owed(step, "#status = :owed"), Status::GivenUp).set("error", s(short(reason)))
        }
        Change::Skip => ended(owed(step, "#status = :owed"), Status::Skipped).remove("day"),
        // What was erased is nothing to send.
        Change::Requeue => step
            .condition("attribute_exists(pk) AND attribute_not_exists(#erased_at)")
            .name("#erased_at", ERASED_AT)
            .set("status", s(Status::Owed.name()))
            .set("attempts", n(0))
            .set("owed_since", n(now.as_millis()))
            .set("day", s(DeliveryKey::list(destination)))
            .remove("retry_at")
            .remove("ended_at")
            .remove("tried_at")
            .remove("error")
            .remove("fault"),
    }
}

fn listed(item: &Item) -> Result<Listed, NotARecord> {
    Ok(Listed {
        key: key_of(item).ok_or(NotARecord("sk"))?,
        received_at: moment(item, "received_at").ok_or(NotARecord("received_at"))?,
        delivery: read(item)?,
    })
}

fn key_of(item: &Item) -> Option<DeliveryKey> {
    DeliveryKey::parse(text(item, "pk")?, text(item, "sk")?)
}

fn read(item: &Item) -> Result<Delivery, NotARecord> {
    let status = text(item, "status").and_then(Status::from_name);
    let attempts = number(item, "attempts").ok_or(NotARecord("attempts"))?;
    // An earlier version did not count all of them.
    let tries = number(item, "tries").unwrap_or_default();
    Ok(Delivery {
        status: status.ok_or(NotARecord("status"))?,
        attempts,
        tries: attempts.max(tries),
        tried_at: moment(item, "tried_at"),
        owed_since: moment(item, "owed_since").ok_or(NotARecord("owed_since"))?,
        retry_at: moment(item, "retry_at"),
        ended_at: moment(item, "ended_at"),
        error: text(item, "error").map(str::to_owned),
        fault: matches!(item.get("fault"), Some(AttributeValue::Bool(true))),
        answer: item.get("answer").and_then(answer),
    })
}

fn answer_value(answer: &Answer) -> AttributeValue {
    AttributeValue::M(Item::from([
        ("status".to_owned(), n(answer.status)),
        ("took_ms".to_owned(), n(answer.took_ms)),
        ("body".to_owned(), s(&answer.body)),
    ]))
}

fn answer(value: &AttributeValue) -> Option<Answer> {
    let item = value.as_m().ok()?;
    Some(Answer {
        status: number(item, "status")?,
        took_ms: number(item, "took_ms").unwrap_or_default(),
        body: text(item, "body").unwrap_or_default().to_owned(),
    })
}

#[cfg(test)]
mod tests;
