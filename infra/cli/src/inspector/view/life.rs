//! All events of one resource, such as a payment: as a picture and as a list.

mod picture;

use std::sync::Arc;

use acuse_aws::ledger::record::Record;
use axum::extract::{Query, State};
use maud::{Markup, html};
use serde::Deserialize;

use super::super::element::{Head, Row, encoded, moment, status, table};
use super::super::facts::Facts;
use super::super::page::Page;
use super::super::{Failed, Inspector};
use crate::stack::destinations::progress::DeliveriesOf;
use crate::stack::events::complete;
use crate::terminal::escape;

#[derive(Debug, Deserialize)]
pub(crate) struct Of {
    of: String,
}

pub(crate) async fn show(
    State(inspector): State<Arc<Inspector>>,
    Query(Of { of }): Query<Of>,
    page: Page,
) -> Result<Markup, Failed> {
    let (target, words) = (&inspector.target, page.words);
    let mut records = target.ledger()?.partition(&of).await?;
    let references = target.references();
    records.iter_mut().for_each(|record| complete(&references, record));
    let at = |record: &Record| record.occurred_at.clone().or(record.received_at.clone());
    records.sort_by_key(at);
    let deliveries = DeliveriesOf::records(target, &records).await?;
    let heads = [
        Head::new("type", words.kind),
        Head::new("", words.status),
        Head::new("", words.happened),
        Head::new("", words.received),
        Head::new("", words.done),
        Head::new("amount", words.amount),
        Head::new("number", words.duplicates),
    ];
    let mut rows = Vec::new();
    for record in &records {
        rows.push(Row {
            key: record.key.clone(),
            cells: vec![
                html! { a href={ "/event?key=" (encoded(&record.key)) } { (escape(&record.type_name)) } },
                status(words, deliveries.status(record).unwrap_or(record.status)),
                moment(record.occurred_at.as_deref()),
                moment(record.received_at.as_deref()),
                moment(record.completed_at.as_deref()),
                html! { (Facts::of(record).amount) },
                html! { @if record.duplicates > 0 { (record.duplicates) } },
            ],
        });
    }
    let content = html! {
        h1 { (words.life) }
        p.key { code { (escape(&of)) } }
        @if records.is_empty() { p.nothing { (words.nothing) } } @else {
            (picture::picture(&records, &deliveries, words))
            (table(words.life, &heads, &rows))
        }
    };
    Ok(page.show("", &content))
}
