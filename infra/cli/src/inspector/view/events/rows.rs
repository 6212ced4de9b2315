//! The events as rows, one each.

use acuse_aws::ledger::record::Record;
use maud::{Markup, html};

use super::super::super::Failed;
use super::super::super::element::{Head, Row, encoded, moment, status, table};
use super::super::super::facts::Facts;
use super::super::super::words::Words;
use crate::stack::destinations::progress::DeliveriesOf;
use crate::stack::lookup;
use crate::stack::retry::Retry;
use crate::stack::target::Target;
use crate::terminal::escape;

/// The table of `records`.
pub(super) async fn rows(target: &Target, records: &[Record], words: &Words) -> Result<Markup, Failed> {
    let deliveries = DeliveriesOf::records(target, records).await?;
    let heads = [
        Head::new("", words.received),
        Head::new("reference", words.reference),
        Head::new("amount", words.amount),
        Head::new("", words.provider),
        Head::new("type", words.kind),
        Head::new("", words.status),
        Head::new("id", words.resource),
        Head::new("", words.environment),
        Head::new("number", words.attempts),
        Head::new("number", words.duplicates),
        Head::new("error", words.error),
    ];
    let mut rows = Vec::new();
    for record in records {
        let facts = Facts::of(record);
        let shown = deliveries.status(record).unwrap_or(record.status);
        rows.push(Row {
            key: record.key.clone(),
            cells: vec![
                html! { a href={ "/event?key=" (encoded(&record.key)) } { (moment(record.received_at.as_deref())) } },
                html! { span { (facts.reference) } },
                html! { (facts.amount) },
                html! { (record.scope()) },
                html! { (escape(&record.type_name)) },
                html! {
                    (status(words, shown))
                    @if record.reconciled { " " span.dim translate="yes" { "(" (words.reconciled) ")" } }
                    @else if record.confirmation { " " span.dim translate="yes" { "(" (words.confirmation) ")" } }
                    @else if record.conflict_of.is_some() && shown != "CONFLICT" { " " span.dim translate="yes" { "(" (words.conflict) ")" } }
                },
                html! { @if let Some(id) = &record.resource_id { a href={ "/life?of=" (encoded(lookup::partition(&record.key))) } title=(escape(id)) { (escape(id)) } } },
                html! { (record.environment) },
                html! { @if record.attempts > 1 { (record.attempts) } },
                html! { @if record.duplicates > 0 { span data-duplicates=(record.duplicates) { (record.duplicates) } } },
                html! {
                    @if let Some(retry) = Retry::of(target, record) { (next(&retry, words)) " · " }
                    span translate="yes" { (escape(&words.reason(record.error.as_deref().unwrap_or_default()))) }
                },
            ],
        });
    }
    Ok(table(words.events, &heads, &rows))
}

/// `try 11 of 12, next at …, then dead-lettered`
pub(in super::super) fn next(retry: &Retry<'_>, words: &Words) -> Markup {
    html! {
        span.retry translate="yes" {
            (words.attempt) " " (retry.attempt)
            @if let Some(most) = retry.most { " " (words.of) " " (most) }
            @if let Some(at) = retry.next { ", " (words.next_at) " " (moment(Some(at))) }
            @if retry.most.is_some() { ", " (words.then_dead_lettered) }
        }
    }
}
