//! All events of one resource, such as a payment.

use std::sync::Arc;

use axum::extract::{Query, State};
use maud::{Markup, html};
use serde::Deserialize;

use super::super::page::{encoded, moment, page, status};
use super::super::words::Words;
use super::super::{Failed, Inspector};
use crate::terminal::escape;

#[derive(Debug, Deserialize)]
pub(crate) struct Of {
    of: String,
}

pub(crate) async fn show(
    State(inspector): State<Arc<Inspector>>,
    Query(Of { of }): Query<Of>,
    words: &'static Words,
) -> Result<Markup, Failed> {
    let mut records = inspector.target.ledger()?.partition(&of).await?;
    records.sort_by_key(|record| record.occurred_at.clone().or(record.received_at.clone()));
    let content = html! {
        h1 { (words.life) }
        p.key { code { (escape(&of)) } }
        @if records.is_empty() { p.nothing { (words.nothing) } }
        ol.life { @for record in &records { li {
            a href={ "/event?key=" (encoded(&record.key)) } { (escape(&record.type_name)) }
            (status(words, record.status))
            small { (moment(record.occurred_at.as_deref().or(record.received_at.as_deref()))) }
            @if record.duplicates > 0 { small { "+" (record.duplicates) } }
        } } }
    };
    Ok(page(&inspector, words, "", &content))
}
