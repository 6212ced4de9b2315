//! A delivery in quarantine: what it would be if it were genuine.

use std::sync::Arc;

use axum::extract::{Query, State};
use maud::{Markup, html};
use serde::Deserialize;

use super::super::super::element::{encoded, moment, status};
use super::super::super::facts::Facts;
use super::super::super::page::Page;
use super::super::super::pretty::pretty;
use super::super::super::words::Words;
use super::super::super::{Failed, Inspector};
use super::super::dates::LOOKED_AT;
use super::{Item, look};
use crate::terminal::escape;

#[derive(Debug, Deserialize)]
pub(crate) struct Id {
    id: String,
}

pub(crate) async fn show(
    State(inspector): State<Arc<Inspector>>,
    Query(Id { id }): Query<Id>,
    page: Page,
) -> Result<Markup, Failed> {
    let words = page.words;
    let found = look(&inspector, LOOKED_AT, |item| item.delivery_id() == id).await?;
    let Some(item) = found.into_iter().next() else {
        let content = html! { h1 { (words.quarantine) } p { (words.not_found) } p { a href="/quarantine" { "←" } } };
        return Ok(page.show("", &content));
    };
    let content = html! {
        h1 { (words.delivery_in_quarantine) }
        p.banner role="note" { (words.not_applied) }
        (properties(&item, words))
        @if let Ok(delivery) = &item.delivery.delivery {
            (events(&inspector, &item, words).await?)
            h2 { (words.headers) }
            p.key { @for name in delivery.headers().keys() { code { (name) } " " } }
            h2 { (words.payload) small { " " (words.not_proven) } }
            pre tabindex="0" aria-label=(words.payload) { (pretty(delivery.body())) }
        }
    };
    Ok(page.show("", &content))
}

fn properties(item: &Item, words: &Words) -> Markup {
    let delivery = &item.delivery;
    let row = |name: &str, value: &Markup| html! { div { dt { (name) } dd translate="no" { (value) } } };
    html! {
        dl.properties {
            (row(words.received, &moment(delivery.received_at().map(|at| at.to_string()).as_deref())))
            (row(words.provider, &html! { (escape(&delivery.scope())) }))
            (row(words.delivery, &html! { code { (escape(&delivery.delivery_id())) } }))
            (row(words.reason, &html! { span translate="yes" { (escape(&words.reason(&delivery.reason))) } }))
            (row(words.diagnosis, &html! { span translate="yes" { (escape(&words.advice(&item.diagnosis))) } }))
        }
        @if item.valid { p.actions { a href={ "/release?id=" (encoded(&delivery.delivery_id())) } { (words.release) } } }
    }
}

/// What its payload reads as, and what the ledger knows of those events.
async fn events(inspector: &Inspector, item: &Item, words: &Words) -> Result<Markup, Failed> {
    let mut shown = Vec::new();
    let target = &inspector.target;
    for event in item.delivery.unverified(target, &target.references()) {
        let (key, facts) = (event.key.to_string(), Facts::of_event(&event));
        let record = inspector.record(&key).await?;
        shown.push(html! {
            li {
                span translate="no" { (escape(&event.type_name)) " " strong { (facts.amount) } " " (facts.reference) }
                " · "
                @match record {
                    Some(record) => { a href={ "/event?key=" (encoded(&key)) } { (words.in_ledger) } " " (status(words, record.status)) },
                    None => (words.not_in_ledger),
                }
            }
        });
    }
    Ok(html! { @if !shown.is_empty() { h2 { (words.event) } ul { @for event in &shown { (event) } } } })
}
