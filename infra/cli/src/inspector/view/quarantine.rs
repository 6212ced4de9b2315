//! The quarantine, with a diagnosis of each delivery.

pub(crate) mod delivery;

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
use crate::stack::quarantine::{Advice, Quarantined, Reverifier, Verdict};
use crate::stack::queue::Walk;
use crate::terminal::escape;

/// How many are shown.
const MOST: usize = 100;

/// A delivery, as the page shows it.
pub(crate) struct Item {
    pub(crate) delivery: Quarantined,
    pub(crate) diagnosis: Advice,
    /// Whether it verifies now.
    pub(crate) valid: bool,
}

/// Those of at least `enough` deliveries, or all, that are `wanted`, each with its diagnosis. They stay visible to others.
pub(crate) async fn look(
    inspector: &Inspector,
    enough: usize,
    wanted: impl Fn(&Quarantined) -> bool,
) -> Result<Vec<Item>, Failed> {
    let target = &inspector.target;
    let messages = Walk::look(target, "QuarantineQueueUrl", enough).await?;
    let mut reverifier = Reverifier::new(target)?;
    let mut found = Vec::new();
    for delivery in messages.into_iter().map(Quarantined::open).filter(wanted) {
        found.push(Item {
            diagnosis: reverifier.diagnose(&delivery).await?,
            valid: matches!(reverifier.verify(&delivery).await?, Verdict::Valid(..)),
            delivery,
        });
    }
    Ok(found)
}

pub(crate) async fn show(
    State(inspector): State<Arc<Inspector>>,
    Query(dates): Query<Dates>,
    page: Page,
) -> Result<Markup, Failed> {
    let (target, words) = (&inspector.target, page.words);
    let references = target.references();
    let wanted = |item: &Quarantined| dates.have(item.received_at());
    let mut found = look(&inspector, dates.look_at(MOST), wanted).await?;
    found.sort_by_key(|item| Reverse(item.delivery.received_at()));
    let heads = [
        Head::new("choice", ""),
        Head::new("", words.received),
        Head::new("", words.provider),
        Head::new("reference", words.reference),
        Head::new("amount", words.amount),
        Head::new("id", words.delivery),
        Head::new("", words.reason),
        Head::new("error", words.diagnosis),
        Head::new("", ""),
    ];
    let rows: Vec<Row> = found
        .iter()
        .take(MOST)
        .map(|item| {
            let Item { delivery, diagnosis, valid } = item;
            let id = delivery.delivery_id();
            let event = delivery.unverified(target, &references).into_iter().next();
            let facts = event.as_ref().map(Facts::of_event).unwrap_or_default();
            let received = moment(delivery.received_at().map(|at| at.to_string()).as_deref());
            Row {
                key: format!("{id} {}", delivery.message.message_id().unwrap_or_default()),
                cells: vec![
                    html! { @if *valid { (selection::checkbox(&id, &id, words)) } },
                    html! { a href={ "/quarantine/delivery?id=" (encoded(&id)) } { (received) } },
                    html! { (escape(&delivery.scope())) },
                    html! { span { (facts.reference) } },
                    html! { (facts.amount) },
                    html! { code title=(escape(&id)) { (escape(&id)) } },
                    html! {
                        span translate="yes" { (escape(&words.reason(&delivery.reason))) }
                        @if delivery.registration { " " span translate="yes" { "(" (words.in_registration) ")" } }
                    },
                    html! { span translate="yes" { (escape(&words.advice(diagnosis))) } },
                    html! { @if *valid { a translate="yes" href={ "/release?id=" (encoded(&id)) } { (words.release) } } },
                ],
            }
        })
        .collect();
    let content = html! {
        h1 { (words.quarantine) }
        p.dim { (words.not_applied) }
        (dates.form("/quarantine", words))
        @if rows.is_empty() { p.nothing { (words.nothing) } } @else {
            @if found.iter().any(|item| item.valid) { (selection::form("/release", words.release_chosen, words)) }
            (table(words.quarantine, &heads, &rows))
        }
        @if found.len() > MOST { p.more { (MOST) " · " (words.more_queued) " " code { "acuse quarantine list" } } }
    };
    Ok(page.show("/quarantine", &content))
}
