//! The list of events, with its filters in the URL.

use std::collections::BTreeSet;
use std::sync::Arc;

use acuse_aws::ledger::record::Record;
use acuse_aws::system::SystemClock;
use acuse_core::account::AccountName;
use acuse_core::clock::Clock;
use acuse_core::provider::Provider;
use axum::extract::{Query, State};
use maud::{Markup, html};
use serde::Deserialize;

use super::super::chart::chart;
use super::super::page::{encoded, moment, page, status};
use super::super::words::Words;
use super::super::{Failed, Inspector};
use crate::registry::providers;
use crate::stack::destinations::progress::DeliveriesOf;
use crate::stack::events::{passes, recent};
use crate::stack::filter::{self, Filter, StatusFilter};
use crate::stack::find::{self, Find};
use crate::stack::lookup;
use crate::stack::target::Target;
use crate::terminal::escape;

/// How many events are listed, and how many of each provider are searched.
const MOST: usize = 200;
const LOOKED_AT: usize = 2000;

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
    since: String,
    id: String,
}

impl Filters {
    fn filter(&self) -> Filter {
        let some = |text: &str| Some(text.trim().to_owned()).filter(|text| !text.is_empty());
        Filter {
            provider: some(&self.provider),
            account: AccountName::parse(self.account.trim()),
            type_name: some(&self.type_name),
            status: StatusFilter::from_name(self.status.trim()),
            since: some(&self.since).and_then(|text| filter::moment(&text).ok()),
            ..Filter::default()
        }
    }

    /// The filters that [`Filter`] does not have.
    fn passes(&self, record: &Record) -> bool {
        let id = self.id.trim();
        let ids = [
            record.resource_id.as_deref(),
            record.delivery_id.as_deref(),
            Some(&record.key),
            record.reference.as_deref(),
        ];
        // As stored, or as the page shows it.
        let has = |own: &str| own.contains(id) || escape(own).contains(id);
        self.passes_environment(record) && (id.is_empty() || ids.into_iter().flatten().any(has))
    }

    fn passes_environment(&self, record: &Record) -> bool {
        self.environment.is_empty() || self.environment == record.environment
    }

    /// `since`, if it is not a valid time.
    fn bad_since(&self) -> Option<&str> {
        let since = self.since.trim();
        (!since.is_empty() && filter::moment(since).is_err()).then_some(since)
    }

    /// The matching events, newest first, and whether there may be more.
    async fn records(&self, target: &Target) -> Result<(Vec<Record>, bool), Failed> {
        let (filter, ledger) = (self.filter(), target.ledger()?);
        let mut records = recent(&ledger, &filter, 2, LOOKED_AT + 1).await?;
        let of = |provider: &Provider| records.iter().filter(|record| record.provider == provider.name).count();
        let more = filter.providers().into_iter().any(|provider| of(provider) > LOOKED_AT);
        records.retain(|record| self.passes(record));
        let id = self.id.trim();
        if records.is_empty() && !id.is_empty() {
            // It may be older than the events searched.
            let find = Find {
                text: id,
                account: filter.account.as_ref(),
                limit: MOST,
            };
            records = find::in_ledger(target, &find).await?.records;
            if records.is_empty() && filter.account.is_none() {
                // Without the permission to read secrets, only the default account is searched.
                records = lookup::in_other_accounts(target, id).await.unwrap_or_default();
            }
            records.retain(|record| passes(&filter, record) && self.passes_environment(record));
            return Ok((only(target, &filter, records).await?, false));
        }
        records = only(target, &filter, records).await?;
        Ok((records, more))
    }
}

/// Those of `records` whose destinations are as far as the filter wants, and one more than are listed at most.
async fn only(target: &Target, filter: &Filter, records: Vec<Record>) -> Result<Vec<Record>, Failed> {
    match filter.progress() {
        None => Ok(records),
        Some(progress) => Ok(DeliveriesOf::only(target, records, progress, MOST + 1).await?),
    }
}

pub(crate) async fn show(
    State(inspector): State<Arc<Inspector>>,
    Query(filters): Query<Filters>,
    words: &'static Words,
) -> Result<Markup, Failed> {
    let (mut records, more) = filters.records(&inspector.target).await?;
    let accounts: BTreeSet<AccountName> = records.iter().map(|record| record.account.clone()).collect();
    let more = more || records.len() > MOST;
    let chart = chart(&records, SystemClock.now(), words);
    records.truncate(MOST);
    let deliveries = DeliveriesOf::records(&inspector.target, &records).await?;
    let content = html! {
        @if inspector.target.is_local() { (samples(&inspector, words)) }
        (form(&filters, &accounts, words))
        @if let Some(since) = filters.bad_since() { p.error { (words.bad_since) " " code { (escape(since)) } } }
        (chart)
        @if records.is_empty() { p.nothing { (words.nothing) } } @else { (table(&records, &deliveries, words)) }
        @if more { p.more { (records.len()) " · " (words.more) " " code { "acuse events list --limit" } } }
    };
    Ok(page(&inspector, words, "/", &content))
}

fn form(filters: &Filters, accounts: &BTreeSet<AccountName>, words: &Words) -> Markup {
    let names: Vec<&str> = providers().names().collect();
    let types = || providers().iter().flat_map(|provider| provider.types);
    let select = |name: &str, label: &str, value: &str, options: &[&str]| {
        html! {
            label { (label)
                select name=(name) {
                    option value="" { (words.all) }
                    @for option in options { option value=(option) selected[value == *option] { (words.status(option)) } }
                }
            }
        }
    };
    html! {
        form.filters method="get" action="/" {
            (select("provider", words.provider, &filters.provider, &names))
            // Most stacks have one account. A platform has too many for a list of choices.
            @if accounts.len() > 1 || !filters.account.is_empty() {
                label { (words.account) input name="account" list="accounts" value=(filters.account) size="12"; }
                datalist id="accounts" { @for name in accounts { option value=(name) {} } }
            }
            label { (words.kind) input name="type" list="types" value=(filters.type_name); }
            datalist id="types" { @for name in types() { option value=(name) {} } }
            (select("status", words.status, &filters.status, &StatusFilter::names().collect::<Vec<_>>()))
            (select("environment", words.environment, &filters.environment, &["live", "test"]))
            label { (words.since) input name="since" placeholder="2h, 2026-11-20" value=(filters.since) size="12"; }
            label { (words.id) input type="search" name="id" value=(filters.id) accesskey="s"; }
            button { (words.search) }
        }
    }
}

fn table(records: &[Record], deliveries: &DeliveriesOf, words: &Words) -> Markup {
    html! {
        table.events {
            thead { tr {
                @for head in [words.received, words.provider, words.environment, words.kind, words.resource, words.status, words.attempts, words.duplicates, words.error] {
                    th scope="col" { (head) }
                }
            } }
            tbody { @for record in records { tr data-key=(record.key) {
                td { a href={ "/event?key=" (encoded(&record.key)) } { (moment(record.received_at.as_deref())) } }
                td { (record.scope()) }
                td { (record.environment) }
                td { (escape(&record.type_name)) }
                td.id { @if let Some(id) = &record.resource_id { a href={ "/life?of=" (encoded(lookup::partition(&record.key))) } { (escape(id)) } } }
                td { (status(words, deliveries.status(record).unwrap_or(record.status))) }
                td.number { (record.attempts) }
                td.number data-duplicates=(record.duplicates) { (record.duplicates) }
                td.error { (escape(record.error.as_deref().unwrap_or_default())) }
            } } }
        }
    }
}

/// The form that sends samples, on the local stack.
fn samples(inspector: &Inspector, words: &Words) -> Markup {
    html! {
        form.samples method="post" action="/send" {
            input type="hidden" name="token" value=(inspector.token);
            label { (words.sample)
                select name="sample" {
                    @for provider in providers() { optgroup label=(provider.name) {
                        @for name in provider.types { option value={ (provider.name) " " (name) } { (provider.name) " · " (name) } }
                    } }
                }
            }
            label { input type="checkbox" name="twice" value="1"; (words.twice) }
            label { input type="checkbox" name="broken" value="1"; (words.broken) }
            button { (words.send) }
        }
    }
}
