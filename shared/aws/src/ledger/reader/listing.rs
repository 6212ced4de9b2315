//! The events of a day from all its shards, newest first.
//!
//! ```text
//! shard 0   10:05  10:02 │ 09:58 …       Shards are read page by page. The next event of the list is the newest of
//! shard 1   10:04  10:03 │ 10:01 …       the shards' next events, once every shard has its next one or has no more.
//! ```

use acuse_core::account::AccountName;
use acuse_core::clock::Timestamp;
use aws_sdk_dynamodb::operation::query::builders::QueryFluentBuilder;
use aws_sdk_dynamodb::types::AttributeValue;
use futures_util::{StreamExt, TryStreamExt, stream};

use super::shards::{AT_ONCE, Found, Next, Shard};
use super::{LedgerReader, ReadError};
use crate::ledger::Item;
use crate::ledger::item::moment;
use crate::ledger::record::{NotARecord, Record};

/// A day's list in the making.
struct Listing {
    shards: Vec<Shard>,
    /// Newest first.
    found: Vec<Found>,
    limit: usize,
}

impl LedgerReader {
    /// The events of `provider` received on the UTC day of `day`, at most `limit`, newest first. Those of the same
    /// millisecond are ordered by their keys.
    ///
    /// With `account`, those of this account alone. DynamoDB filters what it has read, so a whole day takes as many read
    /// units; but other accounts' payloads are not sent, and a list ends where it is full.
    ///
    /// # Errors
    /// [`ReadError`] names the table.
    pub async fn on_day(
        &self,
        provider: &str,
        account: Option<&AccountName>,
        day: Timestamp,
        limit: usize,
    ) -> Result<Vec<Record>, ReadError> {
        self.list(provider, account, day, None, limit).await
    }

    /// [`on_day`](Self::on_day), of the UTC day of `until`, without events received after that millisecond: the next
    /// page of a list.
    ///
    /// # Errors
    /// [`ReadError`] names the table.
    pub async fn on_day_until(
        &self,
        provider: &str,
        account: Option<&AccountName>,
        until: Timestamp,
        limit: usize,
    ) -> Result<Vec<Record>, ReadError> {
        self.list(provider, account, until, Some(until), limit).await
    }

    async fn list(
        &self,
        provider: &str,
        account: Option<&AccountName>,
        day: Timestamp,
        until: Option<Timestamp>,
        limit: usize,
    ) -> Result<Vec<Record>, ReadError> {
        let shards = self
            .shards_of([provider], &day.day())
            .await?
            .into_iter()
            .map(Shard::unread);
        let mut listing = Listing {
            shards: shards.collect(),
            found: Vec::new(),
            limit,
        };
        let mut page = listing.first_page();
        while !listing.advance() {
            // Most of a page may be of other accounts.
            let most = match account {
                None => page.min(listing.missing()),
                Some(_) => page,
            };
            let due = listing.shards.iter_mut().filter(|shard| shard.is_due());
            stream::iter(due.map(Ok))
                .try_for_each_concurrent(AT_ONCE, |shard| self.read_page(shard, account, until, most))
                .await?;
            page = page.saturating_mul(2);
        }
        Ok(listing.into_records())
    }

    /// The events of `provider` received at this millisecond, which is in the id of their delivery.
    ///
    /// # Errors
    /// [`ReadError`] names the table.
    pub async fn received_at(&self, provider: &str, at: Timestamp) -> Result<Vec<Record>, ReadError> {
        let shards = self.shards_of([provider], &at.day()).await?;
        let queries: Vec<_> = shards
            .iter()
            .map(|key| {
                let query = self.in_shard(key, at, at);
                query.into_paginator().items().send().collect::<Result<Vec<_>, _>>()
            })
            .collect();
        let found: Vec<Vec<Item>> = stream::iter(queries)
            .buffered(AT_ONCE)
            .try_collect()
            .await
            .map_err(|error| self.failed(error))?;
        found.iter().flatten().map(|item| self.record(item)).collect()
    }

    async fn read_page(
        &self,
        shard: &mut Shard,
        account: Option<&AccountName>,
        until: Option<Timestamp>,
        most: usize,
    ) -> Result<(), ReadError> {
        let last = until.unwrap_or(Timestamp::from_millis(i64::MAX));
        let query = self
            .in_shard(&shard.key, Timestamp::from_millis(0), last)
            .scan_index_forward(false)
            .limit(i32::try_from(most).unwrap_or(i32::MAX));
        let query = of_account(query, account);
        let start = match std::mem::replace(&mut shard.next, Next::End) {
            Next::First => None,
            Next::After(item) => Some(item),
            Next::End => return Ok(()),
        };
        let page = query.set_exclusive_start_key(start).send().await;
        let page = page.map_err(|error| self.failed(error))?;
        for item in page.items() {
            shard.read.push_back(self.found(item)?);
        }
        shard.next = page.last_evaluated_key.map_or(Next::End, Next::After);
        Ok(())
    }

    pub(super) fn found(&self, item: &Item) -> Result<Found, ReadError> {
        let received_at = moment(item, "received_at").ok_or_else(|| self.failed(NotARecord("received_at")))?;
        Ok((received_at, self.record(item)?))
    }
}

/// The same query, of this account alone. DynamoDB filters what it has read.
pub(super) fn of_account(query: QueryFluentBuilder, account: Option<&AccountName>) -> QueryFluentBuilder {
    match account {
        None => query,
        Some(own) if own.is_default() => query.filter_expression("attribute_not_exists(account)"),
        Some(own) => query
            .filter_expression("account = :account")
            .expression_attribute_values(":account", AttributeValue::S(own.to_string())),
    }
}

impl Listing {
    /// A shard's share of the list and what it may have more by chance, so that most lists need no second page and
    /// little is read in vain. A day whose events are all in one shard is read in larger and larger pages.
    fn first_page(&self) -> usize {
        let share = self.limit.div_ceil(self.shards.len().max(1));
        share.saturating_add(2 * share.isqrt()).saturating_add(1)
    }

    /// How many events the list lacks, and one more, which may be of the same millisecond as its last.
    fn missing(&self) -> usize {
        self.limit.saturating_sub(self.found.len()).saturating_add(1)
    }

    /// Takes the newest events until a shard's next page has to be read. True if the list is complete.
    fn advance(&mut self) -> bool {
        if self.limit == 0 {
            return true;
        }
        while !self.shards.iter().any(Shard::is_due) {
            // A shard with no more events compares as the oldest.
            let newest = self.shards.iter_mut().max_by_key(|shard| shard.newest());
            let Some(found) = newest.and_then(|shard| shard.read.pop_front()) else {
                return true;
            };
            // All events of the last millisecond are needed, to choose those with the first keys.
            let last = self.found.last().map(|(at, _)| *at);
            if self.found.len() >= self.limit && last != Some(found.0) {
                return true;
            }
            self.found.push(found);
        }
        false
    }

    fn into_records(mut self) -> Vec<Record> {
        self.found
            .sort_by(|(at, a), (other, b)| other.cmp(at).then_with(|| a.key.cmp(&b.key)));
        self.found.truncate(self.limit);
        self.found.into_iter().map(|(_, record)| record).collect()
    }
}

impl Shard {
    fn newest(&self) -> Option<Timestamp> {
        self.read.front().map(|(at, _)| *at)
    }
}
