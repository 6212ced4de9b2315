//! What the ledger has of a provider's account.

use std::collections::{BTreeMap, BTreeSet};

use acuse_aws::ledger::reader::{LedgerReader, ReadError, Wanted};
use acuse_aws::ledger::record::Record;
use acuse_core::account::AccountName;
use acuse_core::clock::Timestamp;
use acuse_core::event::key::IdempotencyKey;
use acuse_core::provider::Provider;
use futures_util::{StreamExt, TryStreamExt, stream};

use super::onepay::{Means, PAYMENT, means};
use crate::stack::DAY;

const AT_ONCE: usize = 16;

/// Most events of one order number.
const MOST: usize = 100;

/// So many days back are searched for a webhook of the account.
const DAYS: u32 = 30;

/// So many of a day's newest events are read for that. On a busier day, the events before them are not.
const OF_A_DAY: usize = 1_000;

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
    /// None of the webhooks has one.
    None,
    /// The ledger has no webhook of the account that would show it.
    Unknown,
}

impl EventIds {
    /// What these records show beside what was seen before.
    fn and(self, records: &[Record]) -> Self {
        // Another resource's webhooks may have another shape.
        let is_webhook = |record: &&Record| {
            !record.reconciled
                && record.resource_kind.as_deref() == Some(PAYMENT)
                && record
                    .type_name
                    .split_once('.')
                    .is_some_and(|(kind, _)| kind == PAYMENT)
        };
        let mut webhooks = records.iter().filter(is_webhook).peekable();
        let seen = match (self, webhooks.peek()) {
            (Self::Unknown, Some(_)) => Self::None,
            (before, _) => before,
        };
        // A key's parts contain no plain `#`.
        match webhooks.find(|record| record.key.contains("#event#")) {
            Some(record) => Self::Sent(record.key.clone()),
            None => seen,
        }
    }
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

    /// Whether the account's webhooks of payments have event ids: the newest thousand events of each of the last thirty
    /// days are read, up to the first id.
    ///
    /// # Errors
    /// The table can't be read.
    pub async fn event_ids(&self, now: Timestamp) -> Result<EventIds, ReadError> {
        let mut ids = EventIds::Unknown;
        for back in 0..DAYS {
            let day = now.minus(DAY * back);
            let records = self
                .ledger
                .on_day(self.provider.name, Some(self.account), day, OF_A_DAY)
                .await?;
            ids = ids.and(&records);
            if matches!(ids, EventIds::Sent(_)) {
                break;
            }
        }
        Ok(ids)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use aws_sdk_dynamodb::types::AttributeValue;

    use super::*;

    fn record(type_name: &str, id: Option<&str>, reconciled: bool) -> Record {
        let text = |text: &str| AttributeValue::S(text.to_owned());
        let kind = type_name.split('.').next().unwrap();
        let event_id = id.map(|id| format!("#event#{id}")).unwrap_or_default();
        Record::from_item(&HashMap::from([
            ("pk".to_owned(), text(&format!("onepay#live#{kind}#p1"))),
            ("sk".to_owned(), text(&format!("{type_name}{event_id}"))),
            ("status".to_owned(), text("COMPLETED")),
            ("provider".to_owned(), text("onepay")),
            ("environment".to_owned(), text("live")),
            ("type".to_owned(), text(type_name)),
            ("resource_kind".to_owned(), text(kind)),
            ("resource_id".to_owned(), text("p1")),
            ("reconciled".to_owned(), AttributeValue::Bool(reconciled)),
            ("attempts".to_owned(), AttributeValue::N("1".to_owned())),
            ("body_sha256".to_owned(), text("5a")),
        ]))
        .unwrap()
    }

    fn of(days: &[&[Record]]) -> EventIds {
        days.iter().fold(EventIds::Unknown, |ids, day| ids.and(day))
    }

    #[test]
    fn one_id_of_any_day_shows_that_the_provider_sends_them() {
        let without = || record("payment.created", None, false);
        let with = || record("payment.approved", Some("evt_1"), false);
        let sent = EventIds::Sent("onepay#live#payment#p1|payment.approved#event#evt_1".to_owned());
        assert_eq!(of(&[&[without()], &[], &[without(), with()]]), sent);
        assert_eq!(of(&[&[with()], &[without()]]), sent, "it stays so");
        assert_eq!(of(&[&[without()], &[]]), EventIds::None);
    }

    #[test]
    fn only_a_webhook_of_a_payment_shows_that_there_are_none() {
        let charge = record("charge.paid", None, false);
        let reconciled = record("payment.approved", None, true);
        assert_eq!(of(&[&[charge], &[reconciled]]), EventIds::Unknown);
        assert_eq!(of(&[]), EventIds::Unknown);
    }
}
