//! Reads the ledger, for operators.

mod by_reference;
mod listing;
mod period;
mod shards;
mod tally;
mod walk;

use acuse_core::destination::delivery::DeliveryKey;
use acuse_core::event::key::IdempotencyKey;
use acuse_core::wire::delivery::DeliveryId;
use acuse_core::wire::gzip;
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::operation::get_item::builders::GetItemFluentBuilder;
use aws_sdk_dynamodb::types::AttributeValue;
use thiserror::Error;

use super::Item;
use super::error::Source;
use super::expression::s;
use super::item::{self, NotARecord, text};
use super::payload::part_key;
use super::record::Record;
pub use by_reference::{ByReference, Wanted};
pub use tally::{Counted, Reading};
pub use walk::DayWalk;

/// The ledger's table, read only.
#[derive(Debug, Clone)]
pub struct LedgerReader {
    client: Client,
    table: String,
}

/// The ledger could not be read.
#[derive(Debug, Error)]
#[error("reading the table `{table}`")]
pub struct ReadError {
    table: String,
    source: Source,
}

impl LedgerReader {
    /// Reads `table`.
    pub fn new(client: Client, table: impl Into<String>) -> Self {
        Self {
            client,
            table: table.into(),
        }
    }

    /// All events of one partition, which is one resource, by type.
    pub async fn partition(&self, partition: &str) -> Result<Vec<Record>, ReadError> {
        let query = self
            .client
            .query()
            .table_name(&self.table)
            .key_condition_expression("pk = :pk")
            .expression_attribute_values(":pk", s(partition));
        let items: Result<Vec<_>, _> = query.into_paginator().items().send().collect().await;
        let items = items.map_err(|error| self.failed(error))?;
        let events = items.iter().filter(|item| !is_delivery(item) && !is_audit(item));
        events.map(|item| self.record(item)).collect()
    }

    /// The record of one event, as it is now; `None` if there is none.
    pub async fn event(&self, key: &IdempotencyKey) -> Result<Option<Record>, ReadError> {
        let get = self.get(key.clone()).consistent_read(true);
        let item = get.send().await.map_err(|error| self.failed(error))?.item;
        item.map(|item| self.record(&item)).transpose()
    }

    /// The key of the event that a delivery is a duplicate of; `None` if it is none, or one of before version 0.8.
    ///
    /// # Errors
    /// [`ReadError`] names the table.
    pub async fn duplicate_of(&self, delivery: DeliveryId) -> Result<Option<String>, ReadError> {
        let get = self.get(item::duplicate_key(delivery)).send().await;
        let item = get.map_err(|error| self.failed(error))?.item;
        Ok(item.and_then(|item| text(&item, item::DUPLICATE_OF).map(str::to_owned)))
    }

    /// A record's payload, put together from its parts if it has some. `None` if one is missing.
    pub async fn payload(&self, record: &Record) -> Result<Option<Vec<u8>>, ReadError> {
        if record.parts == 0 {
            return Ok(record.payload.clone());
        }
        let key = IdempotencyKey::parse(&record.key).ok_or_else(|| self.failed(NotARecord("pk")))?;
        let mut packed = Vec::new();
        for place in 0..record.parts {
            let get = self.get(part_key(&key, &record.body_sha256, place));
            let item = get.send().await.map_err(|error| self.failed(error))?.item;
            let Some(AttributeValue::B(bytes)) = item.as_ref().and_then(|item| item.get("part")) else {
                return Ok(None);
            };
            packed.extend_from_slice(bytes.as_ref());
        }
        Ok(gzip::decompress(&packed, usize::MAX).ok())
    }

    fn get(&self, key: IdempotencyKey) -> GetItemFluentBuilder {
        let get = self.client.get_item().table_name(&self.table);
        get.key("pk", s(key.partition)).key("sk", s(key.sort))
    }

    fn record(&self, item: &Item) -> Result<Record, ReadError> {
        Record::from_item(item).map_err(|error| self.failed(error))
    }

    /// DynamoDB did not answer as it should, or an item is no record.
    fn failed(&self, error: impl Into<Source>) -> ReadError {
        ReadError {
            table: self.table.clone(),
            source: error.into(),
        }
    }
}

/// What an event is owed to a destination is in its partition, too.
fn is_delivery(item: &Item) -> bool {
    let key = |name| text(item, name).unwrap_or_default();
    DeliveryKey::parse(key("pk"), key("sk")).is_some()
}

/// What operators did with an event is in its partition, too. No key of an event contains a plain `|audit#`.
fn is_audit(item: &Item) -> bool {
    text(item, "sk").is_some_and(|sort| sort.contains("|audit#"))
}
