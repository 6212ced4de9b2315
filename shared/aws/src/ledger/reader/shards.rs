//! A day's shards in the index `by-day`, and the query of one.

use acuse_core::clock::Timestamp;
use acuse_core::event::key::IdempotencyKey;
use aws_sdk_dynamodb::operation::query::builders::QueryFluentBuilder;

use super::{LedgerReader, ReadError};
use crate::ledger::day::{self, ALWAYS_READ, SHARDS};
use crate::ledger::expression::{n, s};
use crate::ledger::item::number;

/// Shards, or parts of them, that are read at once.
pub(super) const AT_ONCE: usize = 16;

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
