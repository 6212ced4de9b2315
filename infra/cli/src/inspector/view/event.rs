//! An event, with its timeline, conflicts and payload.

use std::sync::Arc;

use acuse_aws::ledger::record::Record;
use acuse_core::destination::DestinationName;
use acuse_core::destination::delivery::Delivery;
use acuse_core::ledger::Status;
use axum::extract::{Query, State};
use maud::{Markup, html};

use super::super::conflict::conflicts;
use super::super::page::{encoded, moment, page, status};
use super::super::pretty::pretty;
use super::super::words::Words;
use super::super::{Failed, Inspector, Key};
use crate::stack::destinations::progress::DeliveriesOf;
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
    let deliveries = DeliveriesOf::records(&inspector.target, [&record]).await?;
    let shown = deliveries.status(&record).unwrap_or(record.status);
    let conflicts = conflicts(&inspector, words, &record).await?;
    let content = html! {
        h1 { (escape(&record.type_name)) " " (status(words, shown)) }
        p.key { code { (escape(&record.key)) } }
        p {
            a href={ "/life?of=" (encoded(lookup::partition(&record.key))) } { (words.life) }
            @if ![Status::Completed, Status::Conflict].map(Status::name).contains(&record.status) {
                " · " a href={ "/replay?key=" (encoded(&record.key)) } { (words.replay) }
            }
        }
        @if !record.account.is_default() { p { (words.account) ": " code { (record.account) } } }
        h2 { (words.timeline) }
        (timeline(&record, &deliveries, words))
        @if let Some(reference) = &record.reference { p { (words.reference) ": " code { (escape(reference)) } } }
        @if let Some(time) = &record.invalid_time { p { (words.invalid_time) ": " code { (escape(time)) } } }
        @if let Some(error) = &record.error { p.error { (words.error) ": " (escape(error)) } }
        (conflicts)
        h2 { (words.payload) small { " " (words.as_sent) } }
        pre { (pretty(&payload.unwrap_or_default())) }
    };
    Ok(page(&inspector, words, "", &content))
}

fn timeline(record: &Record, deliveries: &DeliveriesOf, words: &Words) -> Markup {
    let of_destinations: Vec<_> = deliveries
        .of(record)
        .map(|(name, own)| destination(name, own, words))
        .collect();
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
    for (at, what) in &of_destinations {
        steps.push((Some(at), what.clone()));
    }
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

/// When a delivery ended or became owed, and what there is to know of it.
fn destination(name: &DestinationName, delivery: &Delivery, words: &Words) -> (String, Markup) {
    let at = delivery.ended_at.unwrap_or(delivery.owed_since);
    let what = html! {
        (words.destination) " " code { (name) } " " (status(words, delivery.status.name()))
        @if delivery.attempts > 0 { " · " (words.tries) " " (delivery.attempts) }
        @if let Some(error) = &delivery.error { " · " span.error { (escape(error)) } }
        @if delivery.fault { " · " (words.receivers_fault) }
        @if let Some(answer) = &delivery.answer {
            " · " (words.last_answer) " " (answer.status) " (" (answer.took_ms) " ms)"
            @if !answer.body.trim().is_empty() { ": " code { (escape(answer.body.trim())) } }
        }
        @if let Some(at) = delivery.retry_at { " · " (words.next_try) " " (moment(Some(&at.to_string()))) }
    };
    (at.to_string(), what)
}
