//! The events that are new in the ledger's lists.

use std::collections::{HashMap, HashSet};

use acuse_aws::ledger::reader::{LedgerReader, ReadError};
use acuse_aws::ledger::record::Record;
use acuse_core::ledger::Status;

use crate::command::Failure;
use crate::stack::events::{passes, recent};
use crate::stack::filter::Filter;
use crate::stack::target::Target;

/// How many of the newest events of each provider a look reads at first. If all of them are new, it reads more.
const NEWEST: usize = 50;

/// The most that it reads.
const MOST: usize = 12_800;

/// The events that are to be sent, each once.
pub(super) struct News<'a> {
    ledger: LedgerReader,
    filter: &'a Filter,
    /// Those that were there before, or were returned.
    known: HashSet<String>,
    /// What to begin with.
    first: Vec<Record>,
}

impl<'a> News<'a> {
    /// From now on, and what was received since the filter's `since`.
    pub(super) async fn start(target: &Target, filter: &'a Filter) -> Result<Self, Failure> {
        let mut news = Self {
            ledger: target.ledger()?,
            filter,
            known: HashSet::new(),
            first: Vec::new(),
        };
        let before = news.newest(MOST / 4).await?;
        if filter.since.is_some() {
            let mut first = recent(&news.ledger, filter, 1, usize::MAX).await?;
            first.reverse();
            news.first = news.take(first);
        }
        // What is rejected may be replayed, and is new then.
        let before = before.into_iter().filter(is_sendable);
        news.known.extend(before.map(|record| record.key));
        Ok(news)
    }

    /// The events that have come since the last look, the oldest first.
    pub(super) async fn look(&mut self) -> Result<Vec<Record>, ReadError> {
        let mut found = std::mem::take(&mut self.first);
        let mut newest = self.newest(NEWEST).await?;
        for most in (1..)
            .map(|times| NEWEST << (2 * times))
            .take_while(|most| *most <= MOST)
        {
            if reaches_known(&newest, &self.known, most / 4) {
                break;
            }
            newest = self.newest(most).await?;
        }
        newest.reverse();
        found.extend(self.take(newest));
        Ok(found)
    }

    /// Of all types, since a list by type reads whole days.
    async fn newest(&self, most: usize) -> Result<Vec<Record>, ReadError> {
        let all = Filter {
            provider: self.filter.provider.clone(),
            account: self.filter.account.clone(),
            ..Filter::default()
        };
        recent(&self.ledger, &all, 2, most).await
    }

    fn take(&mut self, records: Vec<Record>) -> Vec<Record> {
        let is_new = |record: &Record| is_sendable(record) && self.known.insert(record.key.clone());
        let new: Vec<Record> = records.into_iter().filter(is_new).collect();
        new.into_iter().filter(|record| passes(self.filter, record)).collect()
    }
}

/// Whether hooks get it, or have got it.
fn is_sendable(record: &Record) -> bool {
    ![Status::Rejected, Status::Conflict]
        .map(Status::name)
        .contains(&record.status)
}

/// Whether there is nothing new behind the `read` newest records of each provider: a provider has no more, or its oldest
/// of them is known. Events don't come in the order in which they were received, and one provider's say nothing of
/// another's.
fn reaches_known(newest: &[Record], known: &HashSet<String>, read: usize) -> bool {
    let mut providers: HashMap<&str, (usize, bool)> = HashMap::new();
    for record in newest {
        let (count, oldest_is_known) = providers.entry(&record.provider).or_default();
        *count += 1;
        // What can't be sent is never known.
        if is_sendable(record) {
            *oldest_is_known = known.contains(&record.key);
        }
    }
    providers
        .values()
        .all(|(count, oldest_is_known)| *count < read || *oldest_is_known)
}

#[cfg(test)]
mod tests {
    use aws_sdk_dynamodb::types::AttributeValue;

    use super::*;

    fn record(provider: &str, number: u32) -> Record {
        let text = |text: &str| AttributeValue::S(text.to_owned());
        let item = HashMap::from([
            ("pk".to_owned(), text(&format!("{provider}#live#payment#{number}"))),
            ("sk".to_owned(), text("payment.approved")),
            ("provider".to_owned(), text(provider)),
            ("environment".to_owned(), text("live")),
            ("type".to_owned(), text("payment.approved")),
            ("status".to_owned(), text("COMPLETED")),
            ("attempts".to_owned(), AttributeValue::N("1".to_owned())),
            ("body_sha256".to_owned(), text("5a")),
        ]);
        Record::from_item(&item).unwrap()
    }

    #[test]
    fn a_look_reads_on_until_each_provider_has_nothing_new() {
        let reaches = |records: &[(&str, u32)], known: &[(&str, u32)], read| {
            let records: Vec<_> = records.iter().map(|(name, number)| record(name, *number)).collect();
            let known = known.iter().map(|(name, number)| record(name, *number).key).collect();
            reaches_known(&records, &known, read)
        };
        let newest = [("onepay", 3), ("kuenta", 1), ("onepay", 2)];
        // Another provider's event is known, and there may be a third one behind these two.
        assert!(!reaches(&newest, &[("kuenta", 1)], 2));
        assert!(reaches(&newest, &[("kuenta", 1), ("onepay", 2)], 2));
        // A known one before a new one: the new one came late, and so may more.
        assert!(!reaches(&newest, &[("kuenta", 1), ("onepay", 3)], 2));
        assert!(reaches(&newest, &[], 3) && reaches(&[], &[], 3));
    }
}
