//! What a provider's accounts received lately: the newest events in the ledger, so that it costs little with any
//! number of them.

use std::collections::BTreeMap;
use std::time::Duration;

use acuse_aws::ledger::reader::{LedgerReader, ReadError};
use acuse_aws::ledger::record::Record;
use acuse_aws::system::SystemClock;
use acuse_core::account::AccountName;
use acuse_core::clock::Clock;
use acuse_core::event::TEST_DELIVERY_MEMBER;
use acuse_core::provider::Provider;

use crate::stack::events::recent;
use crate::stack::filter::Filter;
use crate::terminal::counted;

/// How far back it looks, in days.
const DAYS: u32 = 7;

/// The newest events of a provider, newest first.
pub(super) struct Arrivals {
    records: Vec<Record>,
    /// How far back it looked.
    pub since: String,
    /// Whether these are all events since then, which is a week ago.
    complete: bool,
}

/// What one account received.
#[derive(Debug, Default)]
pub(super) struct Received {
    /// Events by type.
    types: BTreeMap<String, usize>,
    pub last: Option<String>,
}

impl Arrivals {
    /// Reads at most `most` events.
    pub(super) async fn read(ledger: &LedgerReader, provider: &Provider, most: usize) -> Result<Self, ReadError> {
        let filter = Filter {
            provider: Some(provider.name.to_owned()),
            ..Filter::default()
        };
        let week_ago = SystemClock
            .now()
            .minus(Duration::from_secs(u64::from(DAYS) * 24 * 3600));
        // A week touches eight days of UTC.
        let records = recent(ledger, &filter, DAYS + 1, most).await?;
        Ok(Self::of_week(records, week_ago.to_string(), most))
    }

    fn of_week(mut records: Vec<Record>, week_ago: String, most: usize) -> Self {
        let oldest = records.last().filter(|_| records.len() >= most);
        let oldest = oldest.and_then(|record| record.received_at.clone());
        let since = oldest.map_or(week_ago.clone(), |oldest| oldest.max(week_ago.clone()));
        records
            .retain(|record| record.received_at.as_ref() >= Some(&since) && record.type_name != TEST_DELIVERY_MEMBER);
        Self {
            records,
            complete: since == week_ago,
            since,
        }
    }

    pub(super) fn of(&self, account: &AccountName) -> Received {
        let mut received = Received::default();
        for record in self
            .records
            .iter()
            .filter(|record| record.account.as_str() == account.as_str())
        {
            *received.types.entry(record.type_name.clone()).or_default() += 1;
            received.last = received.last.or_else(|| record.received_at.clone());
        }
        received
    }

    /// `in the last 7 days`, or what was looked at instead.
    pub(super) fn period(&self) -> String {
        match self.complete {
            true => format!("in the last {DAYS} days"),
            false => format!("since {}, as far as was looked back", self.since),
        }
    }
}

impl Received {
    /// `3 events (payment.approved 2, payment.rejected 1)`
    pub(super) fn text(&self) -> String {
        let types = self.types.iter().map(|(name, count)| format!("{name} {count}"));
        let types: Vec<_> = types.collect();
        let count = counted(self.types.values().sum::<usize>(), "event");
        format!("{count} ({})", types.join(", "))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use aws_sdk_dynamodb::types::AttributeValue;

    use super::*;

    fn record(account: &str, type_name: &str, day: u32) -> Record {
        let text = |text: &str| AttributeValue::S(text.to_owned());
        let millis = 1_793_491_200_000_i64 + i64::from(day) * 24 * 3600 * 1000;
        let item = HashMap::from([
            ("pk".to_owned(), text("onepay#live#payment#1")),
            ("sk".to_owned(), text(type_name)),
            ("provider".to_owned(), text("onepay")),
            ("account".to_owned(), text(account)),
            ("environment".to_owned(), text("live")),
            ("type".to_owned(), text(type_name)),
            ("status".to_owned(), text("COMPLETED")),
            ("attempts".to_owned(), AttributeValue::N("1".to_owned())),
            ("received_at".to_owned(), AttributeValue::N(millis.to_string())),
            ("body_sha256".to_owned(), text("5a")),
        ]);
        Record::from_item(&item).unwrap()
    }

    #[test]
    fn an_account_has_received_what_is_recorded_of_it_in_the_last_week() {
        let records = || {
            vec![
                record("test", TEST_DELIVERY_MEMBER, 9),
                record("test", "payment.approved", 8),
                record("default", "payment.approved", 7),
                record("test", "payment.rejected", 6),
                record("test", "payment.approved", 5),
                record("test", "payment.approved", 1),
            ]
        };
        let name = |text| AccountName::parse(text).unwrap();
        let all = Arrivals::of_week(records(), "2026-11-03T00:00:00.000Z".to_owned(), 10);
        let received = all.of(&name("test"));
        assert_eq!(received.text(), "3 events (payment.approved 2, payment.rejected 1)");
        assert_eq!(received.last.as_deref(), Some("2026-11-09T00:00:00.000Z"));
        assert_eq!(all.of(&name("default")).text(), "1 event (payment.approved 1)");
        assert_eq!(all.of(&name("other")).last, None);
        assert_eq!(all.period(), "in the last 7 days");

        // There are more than it looks at.
        let newest = records().into_iter().take(4).collect();
        let newest = Arrivals::of_week(newest, "2026-11-03T00:00:00.000Z".to_owned(), 4);
        assert_eq!(
            newest.of(&name("test")).text(),
            "2 events (payment.approved 1, payment.rejected 1)"
        );
        assert_eq!(
            newest.period(),
            "since 2026-11-07T00:00:00.000Z, as far as was looked back"
        );
        assert_eq!(newest.since, "2026-11-07T00:00:00.000Z");
    }
}
