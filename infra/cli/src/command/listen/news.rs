//! The events that are new in the ledger's lists.

use std::collections::HashSet;

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
            if newest.iter().any(|record| self.known.contains(&record.key)) || newest.len() < most / 4 {
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
