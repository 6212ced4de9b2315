//! The quarantine, with a diagnosis of each delivery.

use std::sync::Arc;

use axum::extract::State;
use axum::http::HeaderMap;
use maud::{Markup, html};

use super::super::page::{moment, page};
use super::super::words::Words;
use super::super::{Failed, Inspector};
use super::encoded;
use crate::stack::quarantine::{Quarantined, Reverifier, Verdict};
use crate::stack::queue::Walk;
use crate::terminal::escape;

/// So many are shown.
const MOST: usize = 100;

/// A delivery, as the page shows it.
pub(crate) struct Item {
    pub(crate) held: Quarantined,
    pub(crate) diagnosis: String,
    /// Whether it verifies now.
    pub(crate) holds: bool,
}

/// The first deliveries, each with its diagnosis. Looking hides nothing from others.
pub(crate) async fn first(inspector: &Inspector) -> Result<Vec<Item>, Failed> {
    let target = &inspector.target;
    let (sqs, queue) = (
        aws_sdk_sqs::Client::new(&target.sdk),
        target.output("QuarantineQueueUrl")?,
    );
    let mut bench = Reverifier::new(target)?;
    let mut found = Vec::new();
    // One more than is shown says that there are more.
    let messages = Walk::look(sqs, queue, MOST + 1).await?;
    for held in messages.into_iter().map(Quarantined::open) {
        let diagnosis = bench.diagnose(&held).await?;
        let holds = matches!(bench.verify(&held).await?, Verdict::Valid(..));
        found.push(Item { held, diagnosis, holds });
    }
    Ok(found)
}

pub(crate) async fn show(State(inspector): State<Arc<Inspector>>, headers: HeaderMap) -> Result<Markup, Failed> {
    let words = Words::of(&headers);
    let found = first(&inspector).await?;
    let more = found.len() > MOST;
    let content = html! {
        h1 { (words.quarantine) }
        @if found.is_empty() { p.nothing { (words.nothing) } } @else {
            table {
                thead { tr {
                    @for head in [words.received, words.provider, words.delivery, words.reason, words.diagnosis, ""] { th scope="col" { (head) } }
                } }
                tbody { @for Item { held, diagnosis, holds } in found.iter().take(MOST) { tr {
                    td { (moment(held.received_at().map(|at| at.to_string()).as_deref())) }
                    td { (escape(&held.provider)) }
                    td { code { (escape(&held.delivery_id())) } }
                    td { (escape(&held.reason)) @if held.registration { " (" (words.in_registration) ")" } }
                    td { (escape(diagnosis)) }
                    td { @if *holds { a href={ "/release?id=" (encoded(&held.delivery_id())) } { (words.release) } } }
                } } }
            }
        }
        @if more { p.more { (MOST) " · " (words.more_queued) " " code { "acuse quarantine list" } } }
    };
    Ok(page(&inspector, words, "/quarantine", &content))
}
