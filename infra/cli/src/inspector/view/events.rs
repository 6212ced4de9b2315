//! The list of events, with its filters and its place in the URL.

mod form;
mod queues;
mod rows;
mod samples;

use std::collections::BTreeSet;
use std::sync::Arc;

use acuse_aws::ledger::record::Record;
use acuse_aws::system::SystemClock;
use acuse_core::account::AccountName;
use acuse_core::clock::Clock;
use axum::extract::{Query, State};
use maud::{Markup, html};
use serde::Deserialize;

use super::super::element::moment;
use super::super::page::Page;
use super::super::{Failed, Inspector};
use crate::stack::destinations::progress::DeliveriesOf;
use crate::stack::events::{complete, passes};
use crate::stack::filter::{self, Filter, StatusFilter};
use crate::stack::find::{self, Find};
use crate::stack::lookup;
use crate::stack::pages::{self, Place};
use crate::stack::target::Target;
use crate::terminal::escape;
pub(super) use rows::next;

/// How many events a page has.
const MOST: usize = 100;

/// How many pages are read for one that is not empty.
const MOST_PAGES: usize = 10;

/// The filters in the query. Empty ones are ignored.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Filters {
    provider: String,
    account: String,
    #[serde(rename = "type")]
    type_name: String,
    status: String,
    environment: String,
    /// Not empty: only events that came again.
    duplicates: String,
    since: String,
    until: String,
    /// What is searched for: an id, a reference or a key.
    #[serde(alias = "id")]
    q: String,
    /// Where the page begins.
    from: String,
}

/// A part of the list, or what a search has found.
#[derive(Default)]
struct Found {
    records: Vec<Record>,
    next: Option<Place>,
    /// There are more of this reference.
    more: bool,
}

impl Filters {
    fn filter(&self) -> Filter {
        let some = |text: &str| Some(text.trim().to_owned()).filter(|text| !text.is_empty());
        let time = |text: &str| some(text).and_then(|text| filter::moment(&text).ok());
        Filter {
            provider: some(&self.provider),
            account: AccountName::parse(self.account.trim()),
            type_name: some(&self.type_name),
            status: StatusFilter::from_name(self.status.trim()),
            since: time(&self.since),
            until: time(&self.until),
            ..Filter::default()
        }
    }

    /// The filters that [`Filter`] does not have, and the search.
    fn passes(&self, record: &Record) -> bool {
        let wanted = self.q.trim();
        let own = [
            record.resource_id.as_deref(),
            record.delivery_id.as_deref(),
            record.reference.as_deref(),
            Some(&record.key),
        ];
        // As stored, or as the page shows it.
        let has = |own: &str| own.contains(wanted) || escape(own).contains(wanted);
        self.passes_more(record) && (wanted.is_empty() || own.into_iter().flatten().any(has))
    }

    fn passes_more(&self, record: &Record) -> bool {
        let environment = self.environment.is_empty() || self.environment == record.environment;
        environment && (self.duplicates.is_empty() || record.duplicates > 0)
    }

    /// Times that are not valid.
    fn bad_times(&self) -> impl Iterator<Item = &str> {
        let times = [self.since.trim(), self.until.trim()];
        let bad = times.into_iter().filter(|time| !time.is_empty());
        bad.filter(|time| filter::moment(time).is_err())
    }

    async fn find(&self, target: &Target) -> Result<Found, Failed> {
        let (filter, ledger, from) = (self.filter(), target.ledger()?, Place::parse(&self.from));
        let wanted = self.q.trim();
        if !wanted.is_empty() && from.is_none() {
            // By keys and indexes, however old it is.
            let find = Find {
                text: wanted,
                account: filter.account.as_ref(),
                limit: MOST,
            };
            let found = find::in_ledger(target, &find).await?;
            let (mut records, more) = (found.records, found.more);
            if records.is_empty() && filter.account.is_none() {
                // Without the permission to read secrets, only the default account is searched.
                records = lookup::in_other_accounts(target, wanted).await.unwrap_or_default();
            }
            if !records.is_empty() {
                records.retain(|record| passes(&filter, record) && self.passes_more(record));
                let records = only(target, &filter, records).await?;
                let next = None;
                return Ok(Found { records, next, more });
            }
        }
        let also = |record: &Record| self.passes(record);
        let mut from = from;
        // What destinations have taken is known only after a page is read, and may leave none of it.
        for _ in 1..MOST_PAGES {
            let page = pages::page(&ledger, &filter, also, from, SystemClock.now(), MOST).await?;
            let records = only(target, &filter, page.records).await?;
            if !records.is_empty() || page.next.is_none() {
                return Ok(Found {
                    records,
                    next: page.next,
                    more: false,
                });
            }
            from = page.next;
        }
        Ok(Found {
            records: Vec::new(),
            next: from,
            more: false,
        })
    }
}

/// Those of `records` whose destinations are as far as the filter wants.
async fn only(target: &Target, filter: &Filter, records: Vec<Record>) -> Result<Vec<Record>, Failed> {
    match filter.progress() {
        None => Ok(records),
        Some(progress) => Ok(DeliveriesOf::only(target, records, progress, MOST).await?),
    }
}

pub(crate) async fn show(
    State(inspector): State<Arc<Inspector>>,
    Query(filters): Query<Filters>,
    page: Page,
) -> Result<Markup, Failed> {
    let (target, words) = (&inspector.target, page.words);
    let mut found = filters.find(target).await?;
    let references = target.references();
    found
        .records
        .iter_mut()
        .for_each(|record| complete(&references, record));
    let elsewhere = match filters.q.trim() {
        text if !text.is_empty() && filters.from.is_empty() => queues::found(target, text, &found.records, words).await,
        _ => None,
    };
    let accounts: BTreeSet<&AccountName> = found.records.iter().map(|record| &record.account).collect();
    let rows = rows::rows(target, &found.records, words).await?;
    let content = html! {
        h1 { (words.events) }
        (form::form(&filters, &accounts, words))
        @for time in filters.bad_times() { p.error { (words.bad_time) " " code { (escape(time)) } } }
        @if let Some(elsewhere) = &elsewhere { (elsewhere) }
        @match (found.records.is_empty(), &elsewhere) {
            (false, _) => (rows),
            // What it was not applied as, the list above says.
            (true, Some(_)) => p.nothing { (words.no_event) },
            (true, None) => p.nothing { (words.nothing) @if !filters.q.trim().is_empty() { " " (words.looked_in) } },
        }
        @if found.more { p.more { (words.more_found) } }
        nav.pages aria-label=(words.pages) {
            @if !filters.from.is_empty() { a href={ "/events?" (filters.link(None)) } { (words.newest) } }
            @if let Some(next) = &found.next {
                a.older href={ "/events?" (filters.link(Some(next))) } { (words.older) }
                span.dim { (words.searched_to) " " (moment(Some(&next.at().to_string()))) }
            }
        }
        @if target.is_local() { (samples::form(&inspector, words)) }
    };
    Ok(page.show("/events", &content))
}
