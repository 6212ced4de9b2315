//! The events of a day from all its shards, oldest first, a page at a time.
//!
//! ```text
//! shard 0   09:58  10:02 │ 10:05 …       What came before 10:02 is known from every shard, so it is handed out. The rest
//! shard 1   10:01  10:03 │ 10:04 …       waits for the next page of the shard that may have more.
//! ```

use std::time::Duration;

use acuse_core::account::AccountName;
use acuse_core::clock::Timestamp;
use futures_util::{TryStreamExt, stream};

use super::listing::of_account;
use super::shards::{AT_ONCE, Found, Next, Shard};
use super::{LedgerReader, ReadError};
use crate::ledger::record::Record;

/// How many events of all shards together are in memory, about. A page of DynamoDB's is never longer than 1 MB.
/// <https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Query.Pagination.html>
const AT_A_TIME: usize = 2000;

/// The fewest events of a page.
const SHORTEST_PAGE: usize = 25;

/// A way through a day's events.
pub struct DayWalk<'a> {
    reader: &'a LedgerReader,
    account: Option<AccountName>,
    from: Timestamp,
    last: Timestamp,
    page: i32,
    shards: Vec<Shard>,
}

impl LedgerReader {
    /// The events of `providers` received on the UTC day of `from`: those since that millisecond and before `until`. With
    /// `account`, those of this account alone.
    ///
    /// # Errors
    /// [`ReadError`] names the table.
    pub async fn walk_day<'a>(
        &self,
        providers: impl IntoIterator<Item = &'a str>,
        account: Option<&AccountName>,
        from: Timestamp,
        until: Timestamp,
    ) -> Result<DayWalk<'_>, ReadError> {
        let shards: Vec<Shard> = self
            .shards_of(providers, &from.day())
            .await?
            .into_iter()
            .map(Shard::unread)
            .collect();
        let page = (AT_A_TIME / shards.len().max(1)).max(SHORTEST_PAGE);
        Ok(DayWalk {
            reader: self,
            account: account.cloned(),
            from,
            last: until.minus(Duration::from_millis(1)),
            page: i32::try_from(page).unwrap_or(i32::MAX),
            shards,
        })
    }
}

impl DayWalk<'_> {
    /// The same, reading so many events of a shard at a time.
    #[must_use]
    pub fn by_pages_of(self, events: i32) -> Self {
        Self { page: events, ..self }
    }

    /// The next events, oldest first; those of the same millisecond by their keys, and never in two parts. None if the
    /// day has no more.
    ///
    /// # Errors
    /// [`ReadError`] names the table. Nothing is lost: the next call reads the same page again.
    pub async fn next(&mut self) -> Result<Vec<Record>, ReadError> {
        // A page of one millisecond: its shard may have more of it.
        let mut full = None;
        loop {
            self.read(full).await?;
            if self.shards.iter().any(Shard::is_due) {
                continue;
            }
            let horizon = self.shards.iter().filter_map(Shard::horizon).min();
            let mut found = Vec::new();
            for shard in &mut self.shards {
                while let Some(next) = shard.read.pop_front_if(|(at, _)| horizon.is_none_or(|end| *at < end)) {
                    found.push(next);
                }
            }
            if !found.is_empty() || horizon.is_none() {
                found.sort_by(|(at, a), (other, b)| at.cmp(other).then_with(|| a.key.cmp(&b.key)));
                return Ok(found.into_iter().map(|(_, record)| record).collect());
            }
            full = horizon;
        }
    }

    /// Reads a page of each shard that has nothing left, or whose page ends with the millisecond `full`.
    async fn read(&mut self, full: Option<Timestamp>) -> Result<(), ReadError> {
        let (reader, account, range, page) = (self.reader, self.account.as_ref(), (self.from, self.last), self.page);
        let is_due = |shard: &&mut Shard| shard.is_due() || (full.is_some() && shard.horizon() == full);
        stream::iter(self.shards.iter_mut().filter(is_due).map(Ok))
            .try_for_each_concurrent(AT_ONCE, |shard| reader.read_shard(shard, account, range, page))
            .await
    }
}

impl LedgerReader {
    async fn read_shard(
        &self,
        shard: &mut Shard,
        account: Option<&AccountName>,
        (from, last): (Timestamp, Timestamp),
        page: i32,
    ) -> Result<(), ReadError> {
        let query = self.in_shard(&shard.key, from, last).limit(page);
        let start = match &shard.next {
            Next::First => None,
            Next::After(item) => Some(item.clone()),
            Next::End => return Ok(()),
        };
        let query = of_account(query, account).set_exclusive_start_key(start);
        let answer = query.send().await.map_err(|error| self.failed(error))?;
        let found: Result<Vec<Found>, _> = answer.items().iter().map(|item| self.found(item)).collect();
        shard.read.extend(found?);
        shard.next = answer.last_evaluated_key.map_or(Next::End, Next::After);
        Ok(())
    }
}

impl Shard {
    /// From when on the shard may have events that are not read; `None` if it has no more.
    fn horizon(&self) -> Option<Timestamp> {
        match self.next {
            Next::End => None,
            Next::First | Next::After(_) => self.read.back().map(|(at, _)| *at),
        }
    }
}
