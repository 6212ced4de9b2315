//! An event, with its timeline, conflicts and payload.

use std::sync::Arc;

use acuse_aws::ledger::record::Record;
use acuse_core::ledger::Status;
use axum::extract::{Query, State};
use maud::{Markup, html};

use super::super::conflict::conflicts;
use super::super::page::{encoded, moment, page, status};
use super::super::pretty::pretty;
use super::super::words::Words;
use super::super::{Failed, Inspector, Key};
use crate::stack::lookup;
use crate::terminal::escape;

pub(crate) async fn show(
    State(inspector): State<Arc<Inspector>>,
    Query(Key { key }): Query<Key>,
    words: &'static Words,
) -> Result<Markup, Failed> {
    let Some(record) = inspector.record(&key).await? else {
        return Ok(page(&inspector, words, "", &html! { p { (words.not_found) } }));
    };
    let payload = inspector.target.ledger()?.payload(&record).await?;
    let conflicts = conflicts(&inspector, words, &record).await?;
    let content = html! {
        h1 { (escape(&record.type_name)) " " (status(words, record.status)) }
        p.key { code { (escape(&record.key)) } }
        p {
            a href={ "/life?of=" (encoded(lookup::partition(&record.key))) } { (words.life) }
            @if ![Status::Completed, Status::Conflict].map(Status::name).contains(&record.status) {
                " · " a href={ "/replay?key=" (encoded(&record.key)) } { (words.replay) }
            }
        }
        @if !record.account.is_default() { p { (words.account) ": " code { (record.account) } } }
        h2 { (words.timeline) }
        (timeline(&record, words))
        @if let Some(reference) = &record.reference { p { (words.reference) ": " code { (escape(reference)) } } }
        @if let Some(time) = &record.invalid_time { p { (words.invalid_time) ": " code { (escape(time)) } } }
        @if let Some(error) = &record.error { p.error { (words.error) ": " (escape(error)) } }
        (conflicts)
        h2 { (words.payload) small { " " (words.as_sent) } }
        pre { (pretty(&payload.unwrap_or_default())) }
    };
    Ok(page(&inspector, words, "", &content))
}

fn timeline(record: &Record, words: &Words) -> Markup {
    let mut steps: Vec<(Option<&str>, Markup)> = vec![
        (record.occurred_at.as_deref(), html! { (words.happened) }),
        (
            record.received_at.as_deref(),
            html! { (words.received) " · " (words.delivery) " " code { (record.delivery_id.as_deref().unwrap_or("–")) } },
        ),
        (
            record.received_at.as_deref(),
            html! { (words.verified) " " code { (record.form.as_deref().unwrap_or("–")) } },
        ),
        (
            record.claimed_at.as_deref(),
            html! { (words.claimed) " " (record.attempts) },
        ),
    ];
    for (hook, at) in &record.hooks {
        steps.push((Some(at), html! { (words.hook) " " code { (hook) } " ✓" }));
    }
    steps.push((record.completed_at.as_deref(), html! { (status(words, record.status)) }));
    if record.duplicates > 0 {
        steps.push((
            record.last_duplicate_at.as_deref(),
            html! { (words.last_duplicate) " " (record.duplicates) },
        ));
    }
    steps.retain(|(at, _)| at.is_some());
    // The texts have one format, so they sort by time. The sort is stable.
    steps.sort_by_key(|(at, _)| *at);
    html! {
        ol.timeline { @for (at, what) in steps { li { (moment(at)) " " (what) } } }
    }
}
