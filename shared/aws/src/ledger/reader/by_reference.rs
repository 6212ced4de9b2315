//! Events by what people know: the merchant's reference, or the id that a destination got.
//!
//! ```text
//! index, each shard at once     the keys of what has this reference     half a read unit a shard
//! table, 100 at once            their records                           as long as they are
//! ```

use std::collections::BTreeSet;

use acuse_core::destination::delivery::DeliveryKey;
use acuse_core::event::key::IdempotencyKey;
use aws_sdk_dynamodb::error::ProvideErrorMetadata;
use futures_util::{StreamExt, stream};

use super::shards::AT_ONCE;
use super::{LedgerReader, ReadError};
use crate::ledger::Item;
use crate::ledger::batch_get::{BATCH, batch_get};
use crate::ledger::expression::s;
use crate::ledger::item::text;
use crate::ledger::record::Record;
use crate::ledger::reference::{self, INDEX, KEY, OF, WEBHOOK_ID};

/// Which references.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wanted<'a> {
    /// This one.
    Exact(&'a str),
    /// Those that begin with this text, which is not empty.
    Prefix(&'a str),
}

/// What the index has.
#[derive(Debug, Clone, Default)]
pub struct ByReference {
    /// The events, newest first.
    pub records: Vec<Record>,
    /// Whether there are more.
    pub more: bool,
    /// The table has no such index, or not yet: it was deployed from an older template.
    pub no_index: bool,
}

impl Wanted<'_> {
    fn key(&self) -> Option<&str> {
        let (Self::Exact(text) | Self::Prefix(text)) = self;
        reference::key(text)
    }

    fn condition(&self) -> String {
        match self {
            Self::Exact(_) => format!("{OF} = :of AND {KEY} = :key"),
            Self::Prefix(_) => format!("{OF} = :of AND begins_with({KEY}, :key)"),
        }
    }

    /// The key may be cut.
    fn is(&self, record: &Record) -> bool {
        let own = record.reference.as_deref().unwrap_or_default();
        match self {
            Self::Exact(text) => own == reference::kept(text) || own.starts_with('~'),
            Self::Prefix(text) => own.starts_with(reference::kept(text)) || own.starts_with('~'),
        }
    }
}

impl LedgerReader {
    /// The events of `providers` with such a reference, at most `limit`. The index follows the table within a moment.
    ///
    /// # Errors
    /// [`ReadError`] names the table.
    pub async fn by_reference(
        &self,
        providers: impl IntoIterator<Item = &'static str>,
        wanted: Wanted<'_>,
        limit: usize,
    ) -> Result<ByReference, ReadError> {
        let Some(key) = wanted.key() else {
            return Ok(ByReference::default());
        };
        let shards = self.shards_in(reference::shards_key()).await?;
        let of: Vec<String> = providers
            .into_iter()
            .flat_map(|provider| (0..shards).map(move |shard| reference::of(provider, shard)))
            .collect();
        let Some(found) = self.keys_in_index(of, &wanted.condition(), key, limit).await? else {
            return Ok(ByReference {
                no_index: true,
                ..ByReference::default()
            });
        };
        let more = found.len() > limit;
        let keys = found.into_iter().take(limit).map(|(_, key)| key);
        let mut records = self.events(keys.collect()).await?;
        records.retain(|record| wanted.is(record));
        Ok(ByReference {
            records,
            more,
            no_index: false,
        })
    }

    /// The event that a destination got under this `webhook-id`. Nothing if no destination did.
    ///
    /// # Errors
    /// [`ReadError`] names the table.
    pub async fn by_webhook_id(&self, id: &str) -> Result<Vec<Record>, ReadError> {
        let condition = Wanted::Exact(id).condition();
        let of = vec![WEBHOOK_ID.to_owned()];
        let found = self.keys_in_index(of, &condition, id, BATCH).await?.unwrap_or_default();
        let keys = found.into_iter();
        let events = keys.filter_map(|(_, key)| Some(DeliveryKey::parse(&key.partition, &key.sort)?.event));
        self.events(events.collect()).await
    }

    /// The events whose reference this was until an operator erased it, at most `limit`.
    ///
    /// # Errors
    /// [`ReadError`] names the table.
    pub async fn erased(&self, reference: &str, limit: usize) -> Result<Vec<Record>, ReadError> {
        let key = reference::erased_key(reference);
        let condition = Wanted::Exact(&key).condition();
        let of = vec![reference::ERASED.to_owned()];
        let found = self
            .keys_in_index(of, &condition, &key, limit)
            .await?
            .unwrap_or_default();
        self.events(found.into_iter().map(|(_, key)| key).collect()).await
    }

    /// The keys of the items in these partitions of the index, with their references and in their order, one more than
    /// `limit` at most. `None` if there is no index.
    async fn keys_in_index(
        &self,
        of: Vec<String>,
        condition: &str,
        key: &str,
        limit: usize,
    ) -> Result<Option<Vec<(String, IdempotencyKey)>>, ReadError> {
        let most = limit.saturating_add(1);
        let queries = of.into_iter().map(|of| {
            let query = self
                .client
                .query()
                .table_name(&self.table)
                .index_name(INDEX)
                .key_condition_expression(condition)
                .expression_attribute_values(":of", s(of))
                .expression_attribute_values(":key", s(key))
                .limit(i32::try_from(most).unwrap_or(i32::MAX));
            async move { query.send().await }
        });
        let queries: Vec<_> = queries.collect();
        let mut answers = stream::iter(queries).buffered(AT_ONCE);
        let mut found = Vec::new();
        while let Some(answer) = answers.next().await {
            let page = match answer {
                Ok(page) => page,
                // "The table does not have the specified index", or "Cannot read from backfilling … index".
                Err(error)
                    if error.code() == Some("ValidationException")
                        && error.message().is_some_and(|message| message.contains("index")) =>
                {
                    return Ok(None);
                }
                Err(error) => return Err(self.failed(error)),
            };
            let text = |item: &Item, name| text(item, name).unwrap_or_default().to_owned();
            found.extend(page.items().iter().map(|item| {
                let key = IdempotencyKey::new(text(item, "pk"), text(item, "sk"));
                (text(item, KEY), key)
            }));
        }
        found.sort_by(|(a, _), (b, _)| a.cmp(b));
        found.truncate(most);
        Ok(Some(found))
    }

    /// The records with these keys, newest first. Those that have expired are left out.
    async fn events(&self, keys: Vec<IdempotencyKey>) -> Result<Vec<Record>, ReadError> {
        let mut seen = BTreeSet::new();
        let keys: Vec<_> = keys.into_iter().filter(|key| seen.insert(key.to_string())).collect();
        let items = batch_get(&self.client, &self.table, &keys).await;
        let items = items.map_err(|error| self.failed(error))?;
        let records: Result<Vec<Record>, _> = items.iter().map(|item| self.record(item)).collect();
        let mut records = records?;
        records.sort_by(|a, b| b.received_at.cmp(&a.received_at).then_with(|| a.key.cmp(&b.key)));
        Ok(records)
    }
}
