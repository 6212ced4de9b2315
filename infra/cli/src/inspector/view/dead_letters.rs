//! The dead-letter queue.

use std::sync::Arc;

use axum::extract::State;
use maud::{Markup, html};

use super::super::page::{encoded, page};
use super::super::words::Words;
use super::super::{Failed, Inspector};
use crate::stack::dead_letters::DeadLetter;
use crate::stack::queue::Walk;
use crate::terminal::escape;

/// How many are shown.
const MOST: usize = 100;

/// The first messages of the queue. They stay visible to others.
pub(crate) async fn first(inspector: &Inspector) -> Result<Vec<DeadLetter>, Failed> {
    let target = &inspector.target;
    // One more than is shown, to tell if there are more.
    let messages = Walk::look(target, "DeadLetterQueueUrl", MOST + 1).await?;
    let open = |message| DeadLetter::open(message, target.environment());
    Ok(messages.into_iter().map(open).collect())
}

pub(crate) async fn show(State(inspector): State<Arc<Inspector>>, words: &'static Words) -> Result<Markup, Failed> {
    let found = first(&inspector).await?;
    let more = found.len() > MOST;
    let content = html! {
        h1 { (words.dead_letters) }
        @if found.is_empty() { p.nothing { (words.nothing) } } @else {
            table {
                thead { tr {
                    @for head in [words.received, words.provider, words.kind, words.resource, words.reason, ""] { th scope="col" { (head) } }
                } }
                tbody { @for dead in found.iter().take(MOST) { tr {
                    @for cell in dead.row() { td { (escape(&cell)) } }
                    td { a href={ "/redrive?id=" (encoded(dead.message.message_id().unwrap_or_default())) } { (words.redrive) } }
                } } }
            }
        }
        @if more { p.more { (MOST) " · " (words.more_queued) " " code { "acuse dlq list" } } }
    };
    Ok(page(&inspector, words, "/dead-letters", &content))
}
