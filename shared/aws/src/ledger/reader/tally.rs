//! A day's events, counted page by page: what is kept does not grow with their number.

use std::time::Duration;

use acuse_core::account::AccountName;
use acuse_core::clock::{Clock, Timestamp};
use acuse_core::event::Environment;
use acuse_core::event::key::IdempotencyKey;
use acuse_core::ledger::Status;
use acuse_core::provider::Providers;
use acuse_core::summary::{Day, Entry, Tally};
use futures_util::{StreamExt, TryStreamExt, stream};

use super::{LedgerReader, ReadError};
use crate::ledger::Item;
use crate::ledger::item::{is_set, moment, number, text};
use crate::ledger::record::NotARecord;

/// Shards that are read at once, each a page at a time. DynamoDB's page is 1 MB of items, of which only [`NEEDED`] is
/// sent.
const AT_ONCE: usize = 4;

/// The attributes that a summary needs. All have names in the request, because many are reserved words.
const NEEDED: [&str; 13] = [
    "pk",
    "sk",
    "provider",
    "account",
    "environment",
    "type",
    "status",
    "error",
    "received_at",
    "duplicates",
    "confirmation",
    "amount",
    "currency",
];

/// What was counted, and whether that is the whole day.
#[derive(Debug, Default)]
pub struct Counted {
    /// The events.
    pub tally: Tally,
    /// False if the time was up before the end of the day.
    pub complete: bool,
}

/// Until when to read, and who is told of progress.
pub struct Reading<'a> {
    /// No page is begun after this moment.
    pub until: Option<Timestamp>,
    /// The time.
    pub clock: &'a dyn Clock,
    /// Called with the number of events of each page.
    pub progress: &'a (dyn Fn(usize) + Sync),
}

impl LedgerReader {
    /// Counts the events of `providers` that were received on `day`. If the time is up first, what was counted is less,
    /// and says so.
    ///
    /// Reads each event of the day once, eventually consistently.
    ///
    /// # Errors
    /// [`ReadError`] names the table.
    pub async fn tally(&self, providers: Providers, day: &Day, reading: &Reading<'_>) -> Result<Counted, ReadError> {
        let mut keys = Vec::new();
        for date in day.utc_days() {
            let names = providers.into_iter().map(|provider| provider.name);
            keys.extend(self.shards_of(names, &date).await?);
        }
        let shards: Vec<_> = keys
            .into_iter()
            .map(|key| self.tally_shard(key, day, reading))
            .collect();
        let whole = Counted {
            complete: true,
            ..Counted::default()
        };
        stream::iter(shards)
            .buffer_unordered(AT_ONCE)
            .try_fold(whole, async |mut whole, shard| {
                whole.tally.merge(shard.tally);
                whole.complete &= shard.complete;
                Ok(whole)
            })
            .await
    }

    async fn tally_shard(&self, key: String, day: &Day, reading: &Reading<'_>) -> Result<Counted, ReadError> {
        let mut counted = Counted::default();
        let mut start: Option<Item> = None;
        loop {
            if reading.until.is_some_and(|until| reading.clock.now() >= until) {
                return Ok(counted);
            }
            let (first, last) = (day.start(), day.end().minus(Duration::from_millis(1)));
            let mut query = self
                .in_shard(&key, first, last)
                .projection_expression(NEEDED.map(|name| format!("#{name}")).join(", "))
                .set_exclusive_start_key(start);
            for name in NEEDED {
                query = query.expression_attribute_names(format!("#{name}"), name);
            }
            let page = query.send().await.map_err(|error| self.failed(error))?;
            for item in page.items() {
                count(&mut counted.tally, item).map_err(|error| self.failed(error))?;
            }
            (reading.progress)(page.items().len());
            start = page.last_evaluated_key;
            if start.is_none() {
                counted.complete = true;
                return Ok(counted);
            }
        }
    }
}

fn count(tally: &mut Tally, item: &Item) -> Result<(), NotARecord> {
    let required = |name| text(item, name).ok_or(NotARecord(name));
    let account = AccountName::parse(text(item, "account").unwrap_or(AccountName::DEFAULT_TEXT));
    let scope = account.ok_or(NotARecord("account"))?;
    let scope = scope.scope(required("provider")?);
    let environment = Environment::from_name(required("environment")?).ok_or(NotARecord("environment"))?;
    let key = IdempotencyKey::new(required("pk")?, required("sk")?);
    tally.count(Entry {
        scope: &scope,
        environment,
        type_name: required("type")?,
        status: Status::from_name(required("status")?).ok_or(NotARecord("status"))?,
        reason: text(item, "error"),
        is_conflict: key.conflict_of().is_some(),
        is_confirmation: is_set(item, "confirmation"),
        received_at: moment(item, "received_at").ok_or(NotARecord("received_at"))?,
        duplicates: number(item, "duplicates").unwrap_or_default(),
        amount: text(item, "amount"),
        currency: text(item, "currency"),
    });
    Ok(())
}
