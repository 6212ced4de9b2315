//! A day's shards in the index `by-day`, and the query of one.

use std::collections::VecDeque;

use acuse_core::clock::Timestamp;
use acuse_core::event::key::IdempotencyKey;
use aws_sdk_dynamodb::operation::query::builders::QueryFluentBuilder;

use super::{LedgerReader, ReadError};
use crate::ledger::Item;
use crate::ledger::day::{self, ALWAYS_READ, SHARDS};
use crate::ledger::expression::{n, s};
use crate::ledger::item::number;
use crate::ledger::record::Record;

/// Shards, or parts of them, that are read at once.
pub(super) const AT_ONCE: usize = 16;

/// A shard that is read page by page.
pub(super) struct Shard {
    pub(super) key: String,
    /// Read and not used yet, in the order in which it is read.
    pub(super) read: VecDeque<Found>,
    pub(super) next: Next,
}

/// Where a shard's next page begins.
pub(super) enum Next {
    First,
    After(Item),
    End,
}

/// A record, and when its event was received.
pub(super) type Found = (Timestamp, Record);

impl Shard {
    pub(super) fn unread(key: String) -> Self {
        Self {
            key,
            read: VecDeque::new(),
            next: Next::First,
        }
    }

    /// Whether nothing that was read is left, and there may be more.
    pub(super) fn is_due(&self) -> bool {
        self.read.is_empty() && !matches!(self.next, Next::End)
    }
}

impl LedgerReader {
    /// The keys of all shards that may have events of `providers` received on `day`.
    pub(super) async fn shards_of<'a>(
        &self,
        providers: impl IntoIterator<Item = &'a str>,
        day: &str,
    ) -> Result<Vec<String>, ReadError> {
        let shards = self.shards_in(day::shards_key(day)).await?;
        let keys = |provider| (0..shards).map(move |shard| day::key(provider, day, shard));
        Ok(providers.into_iter().flat_map(keys).collect())
    }

    /// How many shards of an index may have events, from the item that says so.
    pub(super) async fn shards_in(&self, at: IdempotencyKey) -> Result<u32, ReadError> {
        let get = self.get(at).consistent_read(true);
        let item = get.send().await.map_err(|error| self.failed(error))?.item;
        let recorded = item.and_then(|item| number(&item, SHARDS)).unwrap_or_default();
        Ok(ALWAYS_READ.max(recorded))
    }

    /// The events of a shard that were received from `first` to `last`, both included, oldest first.
    pub(super) fn in_shard(&self, key: &str, first: Timestamp, last: Timestamp) -> QueryFluentBuilder {
        self.client
            .query()
            .table_name(&self.table)
            .index_name("by-day")
            .key_condition_expression("#day = :day AND received_at BETWEEN :first AND :last")
            .expression_attribute_names("#day", "day")
            .expression_attribute_values(":day", s(key))
            .expression_attribute_values(":first", n(first.as_millis()))
            .expression_attribute_values(":last", n(last.as_millis()))
    }
}
