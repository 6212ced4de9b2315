//! Pages of the list of events, through any number of days.
//!
//! ```text
//! newest ───────────────────────────────────────────▶ oldest
//!   today                │ yesterday        │ the day before
//!   ▓▓▓ ▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓ │ ▓▓▓▓▓▓▓▓         │
//!   from                            │ next: everything before it was searched, of every provider
//! ```

use std::cmp::Reverse;
use std::fmt;

use acuse_aws::ledger::reader::{LedgerReader, ReadError};
use acuse_aws::ledger::record::Record;
use acuse_core::clock::Timestamp;
use futures_util::FutureExt;
use futures_util::future::{BoxFuture, try_join_all};

use crate::stack::DAY;
use crate::stack::events::passes;
use crate::stack::filter::Filter;

/// How many events of a provider are read at once, if a filter may leave most of them out.
const CHUNK: usize = 1000;

/// How much is searched for one page: the next one goes on from there.
const MOST_RECORDS: usize = 5000;
const MOST_DAYS: u32 = 7;

/// An event's place in the list: everything after it is older, or of the same millisecond with a later key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    at: Timestamp,
    key: String,
}

impl Place {
    /// Parses what [`Display`](fmt::Display) prints.
    pub fn parse(text: &str) -> Option<Self> {
        let (millis, key) = text.split_once('~')?;
        Some(Self {
            at: Timestamp::from_millis(millis.parse().ok()?),
            key: key.to_owned(),
        })
    }

    /// When its event was received: the list was searched back to then.
    pub fn at(&self) -> Timestamp {
        self.at
    }

    fn of(record: &Record) -> Self {
        Self {
            at: received_at(record),
            key: record.key.clone(),
        }
    }

    /// Just before the first event of this moment's day: the whole day is done.
    fn day_before(&self) -> Self {
        let start = Timestamp::from_rfc3339(&format!("{}T00:00:00Z", self.at.day())).unwrap_or(self.at);
        Self::newest(start.minus(std::time::Duration::from_millis(1)))
    }

    /// The place of the newest event that was received until `at`.
    fn newest(at: Timestamp) -> Self {
        Self { at, key: String::new() }
    }

    /// Ascending as the list is: the newest first.
    fn order(&self) -> (Reverse<Timestamp>, &str) {
        (Reverse(self.at), &self.key)
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}~{}", self.at.as_millis(), self.key)
    }
}

/// A part of the list.
#[derive(Debug, Default)]
pub struct Page {
    /// The events, newest first.
    pub records: Vec<Record>,
    /// Where the next page begins; `None` at the end.
    pub next: Option<Place>,
}

/// The events after `from` (`None`: the newest) that pass the filter and `also`, at most `limit`. A page may be short
/// or even empty although there is a next one, if what it searched does not pass.
///
/// # Errors
/// [`ReadError`] names the table.
pub async fn page(
    ledger: &LedgerReader,
    filter: &Filter,
    also: impl Fn(&Record) -> bool + Send + Sync,
    from: Option<Place>,
    now: Timestamp,
    limit: usize,
) -> Result<Page, ReadError> {
    let read = |until: Timestamp, most: usize| {
        let account = filter.account.as_ref();
        let lists = filter.providers().into_iter();
        let lists = lists.map(move |provider| ledger.on_day_until(provider.name, account, until, most));
        try_join_all(lists).boxed()
    };
    let search = Search {
        since: filter.since.unwrap_or_else(|| now.minus(DAY * 400)),
        chunk: if filter.is_open() { limit + 1 } else { CHUNK },
        limit,
    };
    // A provider's clock, or ours, may be a little ahead.
    let newest = now.plus(std::time::Duration::from_secs(60));
    let newest = Place::newest(filter.until.map_or(newest, |until| until.min(newest)));
    let from = from.unwrap_or(newest);
    search
        .run(read, |record| passes(filter, record) && also(record), from)
        .await
}

struct Search {
    since: Timestamp,
    /// How many events of a provider are read at once.
    chunk: usize,
    limit: usize,
}

impl Search {
    /// `read` gives each provider's newest events of a day until a moment, at most so many.
    async fn run<'a, E: 'a>(
        &self,
        read: impl Fn(Timestamp, usize) -> BoxFuture<'a, Result<Vec<Vec<Record>>, E>>,
        passes: impl Fn(&Record) -> bool,
        from: Place,
    ) -> Result<Page, E> {
        let (mut place, mut chunk, mut page) = (from, self.chunk, Page::default());
        let (mut seen, mut days) = (0, 0);
        while place.at >= self.since {
            let lists = read(place.at, chunk).await?;
            // A list that is full ends there; what comes after it in other lists waits for the next round.
            let ends = lists.iter().filter(|list| list.len() >= chunk);
            let end = ends.filter_map(|list| list.last()).map(Place::of);
            let end = end.min_by(|a, b| a.order().cmp(&b.order()));
            let mut found: Vec<(Place, Record)> = lists.into_iter().flatten().map(|r| (Place::of(&r), r)).collect();
            found.retain(|(own, _)| {
                own.order() > place.order() && end.as_ref().is_none_or(|end| own.order() <= end.order())
            });
            found.sort_by(|(a, _), (b, _)| a.order().cmp(&b.order()));
            seen += found.len();
            match end {
                // More events of one millisecond than were read: read more of them.
                Some(end) if found.is_empty() && end.at == place.at => chunk *= 2,
                Some(end) => (place, chunk) = (end, self.chunk),
                None => (place, chunk, days) = (place.day_before(), self.chunk, days + 1),
            }
            let mut matching = found.into_iter().filter(|(_, record)| passes(record)).peekable();
            while page.records.len() < self.limit
                && let Some((_, record)) = matching.next()
            {
                page.records.push(record);
            }
            if matching.peek().is_some() {
                place = page.records.last().map_or(place, Place::of);
                page.next = Some(place);
                return Ok(page);
            }
            if place.at >= self.since && (seen >= MOST_RECORDS || days >= MOST_DAYS) {
                page.next = Some(place);
                return Ok(page);
            }
        }
        Ok(page)
    }
}

fn received_at(record: &Record) -> Timestamp {
    let at = record.received_at.as_deref().and_then(Timestamp::from_rfc3339);
    at.unwrap_or(Timestamp::from_millis(0))
}

#[cfg(test)]
mod tests;
