//! A provider's day in the index `by-day`, spread over shards: one key of an index takes 1,000 write units a second,
//! and DynamoDB can't split a key at which all writes go to the end.
//! <https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/bp-partition-key-sharding.html>
//!
//! ```text
//! shard 0    kuenta#2026-11-26      the only one if `LedgerDayShards` is 1
//! shard 1    kuenta#2026-11-26#1
//! shard 2    kuenta#2026-11-26#2    …
//! ```
//!
//! The number of shards may change at any time: an item keeps its first key, and readers look up how many shards a day
//! has had at most. They always read four. A writer with more records its number beside the items, once a day and
//! process, before its first item.
//!
//! ```text
//! writer    by-day#2026-11-26: shards = 16, unless as many are recorded ── item in shard 0 … 15
//! reader    by-day#2026-11-26 ── shards 0 … 15, or 0 … 3 if nothing is recorded
//! ```

use std::collections::HashSet;
use std::sync::Arc;

use acuse_core::event::Event;
use acuse_core::event::key::IdempotencyKey;
use tokio::sync::Mutex;

use super::DynamoLedger;
use super::error::Source;
use super::expression::n;
use super::write::update;

/// Shards that readers always read. It is also the template's default, which therefore costs no write.
pub(super) const ALWAYS_READ: u32 = 4;

/// The most shards that a day may have: each costs a query when the day is listed.
pub const MOST_SHARDS: u32 = 256;

/// The attribute that says how many shards a day has had at most.
pub(super) const SHARDS: &str = "shards";

/// The number of shards, and the items in which it is recorded.
#[derive(Debug, Clone)]
pub(super) struct Days {
    shards: u32,
    recorded: Arc<Mutex<HashSet<String>>>,
}

impl Days {
    pub(super) fn spread_over(shards: u32) -> Self {
        Self {
            shards: shards.clamp(1, MOST_SHARDS),
            recorded: Arc::default(),
        }
    }
}

impl DynamoLedger {
    /// The key of a new event's item in the index. Readers find it from now on.
    pub(super) async fn day_key(&self, event: &Event) -> Result<String, Source> {
        let day = event.received_at.day();
        self.record_shards(shards_key(&day)).await?;
        Ok(key(event.provider, &day, self.shard(event)))
    }

    /// The shard of an event's item.
    pub(super) fn shard(&self, event: &Event) -> u32 {
        event.key.shard(self.days.shards)
    }

    /// Writes the number of shards to the item `at`, if readers would not read them all. The number only grows: if the
    /// write is refused, as many are recorded already.
    pub(super) async fn record_shards(&self, at: IdempotencyKey) -> Result<(), Source> {
        if self.days.shards <= ALWAYS_READ {
            return Ok(());
        }
        let mut recorded = self.days.recorded.lock().await;
        if !recorded.contains(&at.partition) {
            let step = self
                .step(&at)
                .set(SHARDS, n(self.days.shards))
                .condition("attribute_not_exists(#shards) OR #shards < :set_shards");
            update(step.into_update(&self.client)).await?;
            recorded.insert(at.partition);
        }
        Ok(())
    }
}

/// The index's key of one shard.
pub(super) fn key(provider: &str, day: &str, shard: u32) -> String {
    shard_of(&format!("{provider}#{day}"), shard)
}

/// The key of one shard of what has the key `whole` in the first one.
pub(super) fn shard_of(whole: &str, shard: u32) -> String {
    match shard {
        0 => whole.to_owned(),
        _ => format!("{whole}#{shard}"),
    }
}

/// The item that says how many shards a day has had at most. It is small and never expires, since nothing says when the
/// last event of its day is gone.
pub(super) fn shards_key(day: &str) -> IdempotencyKey {
    IdempotencyKey::new(format!("by-day#{day}"), SHARDS)
}
