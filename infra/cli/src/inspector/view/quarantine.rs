//! The quarantine, with a diagnosis of each delivery.

use std::sync::Arc;

use axum::extract::State;
use maud::{Markup, html};

use super::super::page::{encoded, moment, page};
use super::super::words::Words;
use super::super::{Failed, Inspector};
use crate::stack::quarantine::{Quarantined, Reverifier, Verdict};
use crate::stack::queue::Walk;
use crate::terminal::escape;

/// How many are shown.
const MOST: usize = 100;

/// A delivery, as the page shows it.
pub(crate) struct Item {
    pub(crate) delivery: Quarantined,
    pub(crate) diagnosis: String,
    /// Whether it verifies now.
    pub(crate) valid: bool,
}

/// The first deliveries, each with its diagnosis. They stay visible to others.
pub(crate) async fn first(inspector: &Inspector) -> Result<Vec<Item>, Failed> {
    let target = &inspector.target;
    // One more than is shown, to tell if there are more.
    let messages = Walk::look(target, "QuarantineQueueUrl", MOST + 1).await?;
    let mut reverifier = Reverifier::new(target)?;
    let mut found = Vec::new();
    for delivery in messages.into_iter().map(Quarantined::open) {
        found.push(Item {
            diagnosis: reverifier.diagnose(&delivery).await?,
            valid: matches!(reverifier.verify(&delivery).await?, Verdict::Valid(..)),
            delivery,
        });
    }
    Ok(found)
}

pub(crate) async fn show(State(inspector): State<Arc<Inspector>>, words: &'static Words) -> Result<Markup, Failed> {
    let found = first(&inspector).await?;
    let more = found.len() > MOST;
    let content = html! {
        h1 { (words.quarantine) }
        @if found.is_empty() { p.nothing { (words.nothing) } } @else {
            table {
                thead { tr {
                    @for head in [words.received, words.provider, words.delivery, words.reason, words.diagnosis, ""] { th scope="col" { (head) } }
                } }
                tbody { @for Item { delivery, diagnosis, valid } in found.iter().take(MOST) { tr {
                    td { (moment(delivery.received_at().map(|at| at.to_string()).as_deref())) }
                    td { (escape(&delivery.scope())) }
                    td { code { (escape(&delivery.delivery_id())) } }
                    td { (escape(&delivery.reason)) @if delivery.registration { " (" (words.in_registration) ")" } }
                    td { (escape(diagnosis)) }
                    td { @if *valid { a href={ "/release?id=" (encoded(&delivery.delivery_id())) } { (words.release) } } }
                } } }
            }
        }
        @if more { p.more { (MOST) " · " (words.more_queued) " " code { "acuse quarantine list" } } }
    };
    Ok(page(&inspector, words, "/quarantine", &content))
}
