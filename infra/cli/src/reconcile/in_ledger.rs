//! What the ledger has of a provider's account.

use std::collections::{BTreeMap, BTreeSet};

use acuse_aws::ledger::reader::{LedgerReader, ReadError, Wanted};
use acuse_aws::ledger::record::Record;
use acuse_core::account::AccountName;
use acuse_core::clock::Timestamp;
use acuse_core::event::TEST_DELIVERY_MEMBER;
use acuse_core::event::key::IdempotencyKey;
use acuse_core::provider::Provider;
use futures_util::{StreamExt, TryStreamExt, stream};

use super::onepay::{Means, means};
use crate::stack::DAY;

const AT_ONCE: usize = 16;

/// Most events of one order number.
const MOST: usize = 100;

/// So many days back are searched for a webhook of the account.
const DAYS: u32 = 30;

/// So many of a day's events show whether the provider sends event ids.
const ENOUGH: usize = 200;

/// The events of one account of a provider.
#[derive(Debug)]
pub struct InLedger<'a> {
    /// The stack's ledger.
    pub ledger: &'a LedgerReader,
    /// Whose events.
    pub provider: &'static Provider,
    /// Of which account.
    pub account: &'a AccountName,
}

/// Whether the provider gives each event of an account an id, which is part of its key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EventIds {
    /// It does, such as in this event's key.
    Sent(String),
    /// None of the newest webhooks has one.
    None,
    /// The ledger has no webhook of the account that would show it.
    Unknown,
}

impl InLedger<'_> {
    /// All events of the resource with this id: of this kind, or of any.
    ///
    /// # Errors
    /// The table can't be read.
    pub async fn of_id(&self, kind: Option<&str>, id: &str) -> Result<Vec<Record>, ReadError> {
        let likely = IdempotencyKey::likely_partitions(self.provider, self.account, id);
        // `onepay#live#payment#p1`: no part contains a plain `#`.
        let is_of_kind = |key: &&String| kind.is_none_or(|kind| key.split('#').nth(2) == Some(kind));
        let queries: Vec<_> = likely
            .iter()
            .filter(is_of_kind)
            .map(|key| self.ledger.partition(key))
            .collect();
        let found: Vec<Vec<Record>> = stream::iter(queries).buffered(AT_ONCE).try_collect().await?;
        Ok(found.into_iter().flatten().collect())
    }

    /// All events of the resource with this id, or with this order number.
    ///
    /// # Errors
    /// The table can't be read.
    pub async fn of_text(&self, text: &str) -> Result<Vec<Record>, ReadError> {
        let found = self.of_id(None, text).await?;
        if !found.is_empty() {
            return Ok(found);
        }
        let found = self
            .ledger
            .by_reference([self.provider.name], Wanted::Exact(text), MOST);
        let mut records = found.await?.records;
        records.retain(|record| record.account == *self.account);
        Ok(records)
    }

    /// The resources whose newest event since then leaves them open, by kind and id.
    ///
    /// # Errors
    /// The table can't be read.
    pub async fn open_since(&self, since: Timestamp, now: Timestamp) -> Result<BTreeSet<(String, String)>, ReadError> {
        let days = now.since(since).as_secs() / DAY.as_secs() + 2;
        let mut newest: BTreeMap<(String, String), Record> = BTreeMap::new();
        for back in 0..u32::try_from(days).unwrap_or(u32::MAX).min(400) {
            let day = now.minus(DAY * back);
            let records = self
                .ledger
                .on_day(self.provider.name, Some(self.account), day, usize::MAX)
                .await?;
            for record in records {
                let at = record.received_at.as_deref().and_then(Timestamp::from_rfc3339);
                let (Some(kind), Some(id)) = (record.resource_kind.clone(), record.resource_id.clone()) else {
                    continue;
                };
                if at.is_some_and(|at| at >= since) {
                    // Days and events come newest first.
                    newest.entry((kind, id)).or_insert(record);
                }
            }
        }
        let is_open = |kind: &str, record: &Record| {
            let (_, happened) = record.type_name.rsplit_once('.').unwrap_or_default();
            // More may be paid.
            means(kind, happened) == Means::Open || happened == "partially_paid"
        };
        newest.retain(|(kind, _), record| is_open(kind, record));
        Ok(newest.into_keys().collect())
    }

    /// Whether the account's newest webhooks have event ids.
    ///
    /// # Errors
    /// The table can't be read.
    pub async fn event_ids(&self, now: Timestamp) -> Result<EventIds, ReadError> {
        for back in 0..DAYS {
            let day = now.minus(DAY * back);
            let mut records = self
                .ledger
                .on_day(self.provider.name, Some(self.account), day, ENOUGH)
                .await?;
            records.retain(|record| {
                !record.reconciled && record.type_name != TEST_DELIVERY_MEMBER && record.resource_id.is_some()
            });
            if records.is_empty() {
                continue;
            }
            // A key's parts contain no plain `#`.
            let with_id = records.into_iter().find(|record| record.key.contains("#event#"));
            return Ok(with_id.map_or(EventIds::None, |record| EventIds::Sent(record.key)));
        }
        Ok(EventIds::Unknown)
    }
}
