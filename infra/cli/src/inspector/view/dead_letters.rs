//! The dead-letter queue.

use std::cmp::Reverse;
use std::sync::Arc;

use axum::extract::{Query, State};
use maud::{Markup, html};

use super::super::element::{Head, Row, encoded, moment, table};
use super::super::facts::Facts;
use super::super::page::Page;
use super::super::selection;
use super::super::{Failed, Inspector};
use super::dates::Dates;
use crate::stack::dead_letters::DeadLetter;
use crate::stack::queue::Walk;
use crate::terminal::escape;

/// How many are shown.
const MOST: usize = 100;

/// At least so many messages of the queue, or all. They stay visible to others.
pub(crate) async fn look(inspector: &Inspector, enough: usize) -> Result<Vec<DeadLetter>, Failed> {
    let target = &inspector.target;
    let messages = Walk::look(target, "DeadLetterQueueUrl", enough).await?;
    let references = target.references();
    let open = |message| DeadLetter::open(message, target.environment()).with_references(&references);
    Ok(messages.into_iter().map(open).collect())
}

pub(crate) async fn show(
    State(inspector): State<Arc<Inspector>>,
    Query(dates): Query<Dates>,
    page: Page,
) -> Result<Markup, Failed> {
    let words = page.words;
    let mut found = look(&inspector, dates.look_at(MOST)).await?;
    found.retain(|dead| dates.have(dead.received_at()));
    found.sort_by_key(|dead| Reverse(dead.received_at()));
    let heads = [
        Head::new("choice", ""),
        Head::new("", words.received),
        Head::new("reference", words.reference),
        Head::new("amount", words.amount),
        Head::new("", words.provider),
        Head::new("type", words.kind),
        Head::new("id", words.resource),
        Head::new("error", words.reason),
        Head::new("", ""),
    ];
    let rows: Vec<Row> = found
        .iter()
        .take(MOST)
        .map(|dead| {
            let id = dead.message.message_id().unwrap_or_default();
            let event = dead.events.first();
            let facts = event.map(Facts::of_event).unwrap_or_default();
            let [_, provider, type_name, resource, _] = dead.row().map(|cell| escape(&cell));
            let received = moment(dead.received_at().map(|at| at.to_string()).as_deref());
            Row {
                key: id.to_owned(),
                cells: vec![
                    selection::checkbox(id, &resource, words),
                    match event {
                        Some(event) => {
                            html! { a href={ "/event?key=" (encoded(&event.key.to_string())) } { (received) } }
                        }
                        None => received,
                    },
                    html! { span { (facts.reference) } },
                    html! { (facts.amount) },
                    html! { (provider) },
                    html! { @if dead.events.is_empty() { span translate="yes" { (words.unreadable) } } @else { (type_name) } },
                    html! { span title=(resource) { (resource) } },
                    html! { span translate="yes" { @match &dead.reason { Some(reason) => (escape(&words.reason(reason))), None => (words.received_too_often) } } },
                    html! { a translate="yes" href={ "/redrive?id=" (encoded(id)) } { (words.redrive) } },
                ],
            }
        })
        .collect();
    let content = html! {
        h1 { (words.dead_letters) }
        (dates.form("/dead-letters", words))
        @if rows.is_empty() { p.nothing { (words.nothing) } } @else {
            (selection::form("/redrive", words.redrive_chosen, words))
            (table(words.dead_letters, &heads, &rows))
        }
        @if found.len() > MOST { p.more { (MOST) " · " (words.more_queued) " " code { "acuse dlq list" } } }
    };
    Ok(page.show("/dead-letters", &content))
}
