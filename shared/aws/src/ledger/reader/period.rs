//! The events of a period, in parts that are read at once.
//!
//! ```text
//! shard 0   00–04 │ 04–08 │ 08–12 …      A query answers with 1 MB at most, and the next one needs its end. Parts of
//! shard 1   00–04 │ 04–08 │ 08–12 …      a day don't wait for each other.
//! ```

use std::time::Duration;

use acuse_core::clock::Timestamp;
use aws_sdk_dynamodb::types::AttributeValue;
use futures_util::{StreamExt, TryStreamExt, stream};

use super::shards::AT_ONCE;
use super::{LedgerReader, ReadError};
use crate::ledger::Item;
use crate::ledger::record::Record;

/// How much of a shard one query reads at most. An empty part costs half a read unit.
const PART: Duration = Duration::from_hours(4);

const DAY_MILLIS: i64 = 86_400_000;

/// A shard's part: its key in the index, and its first and last milliseconds.
type Part = (String, Timestamp, Timestamp);

impl LedgerReader {
    /// The events of `provider` received from `since` until just before `until`, in no order.
    ///
    /// With `amount`, those alone whose amount has this text in it, and those without an amount, since records of before
    /// version 0.8 have it in their payload. DynamoDB filters what it has read, so the period takes as many read units;
    /// but the rest is not sent.
    /// <https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Query.FilterExpression.html>
    ///
    /// # Errors
    /// [`ReadError`] names the table.
    pub async fn received_between(
        &self,
        provider: &str,
        since: Timestamp,
        until: Timestamp,
        amount: Option<&str>,
    ) -> Result<Vec<Record>, ReadError> {
        let mut queries = Vec::new();
        let mut from = since;
        while from < until {
            let end = next_day(from).min(until);
            for key in self.shards_of([provider], &from.day()).await? {
                queries.extend(parts(&key, from, end).map(|part| self.read_part(part, amount)));
            }
            from = end;
        }
        let found: Vec<Vec<Item>> = stream::iter(queries).buffer_unordered(AT_ONCE).try_collect().await?;
        found.iter().flatten().map(|item| self.record(item)).collect()
    }

    async fn read_part(&self, (key, first, last): Part, amount: Option<&str>) -> Result<Vec<Item>, ReadError> {
        let query = self.in_shard(&key, first, last);
        let query = match amount {
            None => query,
            Some(amount) => query
                .filter_expression("attribute_not_exists(amount) OR contains(amount, :amount)")
                .expression_attribute_values(":amount", AttributeValue::S(amount.to_owned())),
        };
        let items = query.into_paginator().items().send().collect::<Result<Vec<_>, _>>();
        items.await.map_err(|error| self.failed(error))
    }
}

/// Where the UTC day after that of `at` begins.
fn next_day(at: Timestamp) -> Timestamp {
    Timestamp::from_millis((at.as_millis().div_euclid(DAY_MILLIS) + 1) * DAY_MILLIS)
}

/// The parts of a shard from `from` until just before `end`, which are of one day.
fn parts(key: &str, from: Timestamp, end: Timestamp) -> impl Iterator<Item = Part> {
    let begins = std::iter::successors(Some(from), |begin| Some(begin.plus(PART)));
    begins.take_while(move |begin| *begin < end).map(move |begin| {
        let last = begin.plus(PART).min(end).minus(Duration::from_millis(1));
        (key.to_owned(), begin, last)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_follow_each_other_without_a_gap() {
        let at = |text: &str| Timestamp::from_rfc3339(text).unwrap();
        let (from, end) = (at("2026-11-27T03:30:00Z"), at("2026-11-27T12:00:00Z"));
        let parts: Vec<Part> = parts("onepay#2026-11-27", from, end).collect();
        let times: Vec<String> = parts.iter().map(|(_, first, last)| format!("{first} {last}")).collect();
        assert_eq!(
            times,
            [
                "2026-11-27T03:30:00.000Z 2026-11-27T07:29:59.999Z",
                "2026-11-27T07:30:00.000Z 2026-11-27T11:29:59.999Z",
                "2026-11-27T11:30:00.000Z 2026-11-27T11:59:59.999Z",
            ]
        );
        assert_eq!(super::parts("k", end, end).count(), 0);
        assert_eq!(next_day(end), at("2026-11-28T00:00:00Z"));
        assert_eq!(next_day(at("2026-11-28T00:00:00Z")), at("2026-11-29T00:00:00Z"));
    }
}
