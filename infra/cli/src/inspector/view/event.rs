//! An event, with its timeline, conflicts and payload.

mod copies;
mod timeline;

use std::sync::Arc;

use acuse_aws::destinations::events;
use acuse_aws::ledger::record::Record;
use acuse_core::event::key::IdempotencyKey;
use acuse_core::ledger::Status;
use axum::extract::{Query, State};
use maud::{Markup, html};

use super::super::conflict::conflicts;
use super::super::element::{copy, encoded, moment, status};
use super::super::facts::Facts;
use super::super::page::Page;
use super::super::pretty::pretty;
use super::super::words::Words;
use super::super::{Failed, Inspector, Key};
use super::events::next;
use crate::registry::providers;
use crate::stack::destinations::progress::DeliveriesOf;
use crate::stack::events::complete;
use crate::stack::lookup;
use crate::stack::retry::Retry;
use crate::terminal::escape;

pub(crate) async fn show(
    State(inspector): State<Arc<Inspector>>,
    Query(Key { key }): Query<Key>,
    page: Page,
) -> Result<Markup, Failed> {
    let (target, words) = (&inspector.target, page.words);
    let ledger = target.ledger()?;
    let Some(mut record) = inspector.record(&key).await? else {
        let content = html! {
            h1 { (words.event) }
            p { (words.no_such_event) " " code { (escape(&key)) } }
            p { a href={ "/dead-letters" } { (words.dead_letters) } " · " a href="/quarantine" { (words.quarantine) } }
        };
        return Ok(page.show("", &content));
    };
    let payload = ledger.payload(&record).await?;
    let event = payload
        .clone()
        .map(|payload| events::read(&record, payload, providers()));
    let event = event.and_then(Result::ok);
    complete(&target.references(), &mut record);
    let facts = Facts::of(&record);
    let deliveries = DeliveriesOf::records(target, [&record]).await?;
    let shown = deliveries.status(&record).unwrap_or(record.status);
    let acted = match IdempotencyKey::parse(&record.key) {
        Some(key) => inspector.audit()?.of_event(&key).await?,
        None => Vec::new(),
    };
    let conflicts = conflicts(&inspector, words, &record).await?;
    let content = html! {
        h1 { span translate="no" { (escape(&record.type_name)) } " " (status(words, shown)) }
        (properties(&record, &facts, words))
        p.actions {
            a href={ "/life?of=" (encoded(lookup::partition(&record.key))) } { (words.life) }
            @if record.erased_at.is_none() && ![Status::Completed, Status::Conflict].map(Status::name).contains(&record.status) {
                " · " a href={ "/replay?key=" (encoded(&record.key)) } { (words.replay) }
            }
        }
        @if let Some(retry) = Retry::of(target, &record) { p { (next(&retry, words)) } }
        @if let Some(error) = &record.error { p.error { (words.error) ": " (escape(&words.reason(error))) } }
        h2 { (words.timeline) }
        (timeline::timeline(&record, &deliveries, &acted, words))
        @if record.duplicates > 0 {
            p.dim { (words.same_bytes) " " (record.duplicates) " · " (moment(record.last_duplicate_at.as_deref())) }
        }
        @if let Some(time) = &record.invalid_time { p { (words.invalid_time) ": " code { (escape(time)) } } }
        (conflicts)
        h2 { (words.payload) small { " " (words.as_sent) } }
        @if let Some(erasure) = record.erasure() {
            p { (words.erased) }
            p.dim translate="no" { (escape(&erasure)) }
        } @else {
            (copies::buttons(target, &record, event.as_ref(), words))
            pre tabindex="0" aria-label=(words.payload) { (pretty(&payload.unwrap_or_default())) }
        }
    };
    Ok(page.show("", &content))
}

/// What identifies the event, and how to copy it.
fn properties(record: &Record, facts: &Facts, words: &Words) -> Markup {
    let row = |name: &str, value: &Markup| html! { div { dt { (name) } dd translate="no" { (value) } } };
    let text = |text: &str| html! { (escape(text)) };
    let with_copy = |text: &str| html! { code { (escape(text)) } " " (copy(words, words.copy, text)) };
    html! {
        dl.properties {
            @if !facts.amount.is_empty() { (row(words.amount, &html! { strong { (facts.amount) } })) }
            @if let Some(reference) = &record.reference { (row(words.reference, &with_copy(reference))) }
            (row(words.provider, &text(&record.provider)))
            @if !record.account.is_default() { (row(words.account, &html! { code { (record.account) } })) }
            (row(words.environment, &text(&record.environment)))
            @if let Some(id) = &record.resource_id { (row(words.resource, &with_copy(id))) }
            @if let Some(id) = &record.delivery_id { (row(words.delivery, &with_copy(id))) }
            (row(words.key, &with_copy(&record.key)))
        }
    }
}
