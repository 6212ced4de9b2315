//! What happened to an event, in the order in which it happened.

use acuse_aws::ledger::record::Record;
use acuse_core::destination::DestinationName;
use acuse_core::destination::delivery::Delivery;
use maud::{Markup, html};

use super::super::super::element::{moment, status};
use super::super::super::words::Words;
use crate::stack::audit::Entry;
use crate::stack::destinations::progress::DeliveriesOf;
use crate::terminal::escape;

pub(super) fn timeline(record: &Record, deliveries: &DeliveriesOf, acted: &[Entry], words: &Words) -> Markup {
    let of_destinations: Vec<_> = deliveries
        .of(record)
        .map(|(name, own)| destination(name, own, words))
        .collect();
    let acted: Vec<_> = acted
        .iter()
        .map(|entry| (entry.at.to_string(), operator(entry, words)))
        .collect();
    let mut steps: Vec<(Option<&str>, Markup)> = vec![
        (record.occurred_at.as_deref(), html! { (words.happened) }),
        (
            record.received_at.as_deref(),
            html! { (words.received) " · " (words.delivery) " " code { (record.delivery_id.as_deref().unwrap_or("–")) } },
        ),
        (
            record.received_at.as_deref(),
            match record.reconciled {
                true => html! { (words.taken_in) },
                false => html! { (words.verified) " " code { (record.form.as_deref().unwrap_or("–")) } },
            },
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
    for (at, what) in of_destinations.iter().chain(&acted) {
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

/// What an operator did with it.
fn operator(entry: &Entry, words: &Words) -> Markup {
    html! {
        (words.operator) " " span translate="no" { (escape(&entry.who)) } " · " code { (escape(&entry.command)) }
        @if let Some(reason) = &entry.reason { " · " (words.reason) ": " span translate="no" { (escape(reason)) } }
    }
}

/// When a delivery ended or became owed, and what there is to know of it.
fn destination(name: &DestinationName, delivery: &Delivery, words: &Words) -> (String, Markup) {
    let at = delivery.ended_at.unwrap_or(delivery.owed_since);
    let what = html! {
        (words.destination) " " code { (name) } " " (status(words, delivery.status.name()))
        @if delivery.tries > 0 { " · " (words.tries) " " (delivery.tries) }
        @if let Some(error) = &delivery.error { " · " span.error { (escape(&words.failure(error))) } }
        @if delivery.fault { " · " (words.receivers_fault) }
        @if let Some(answer) = &delivery.answer {
            " · " (words.last_answer) " " (answer.status) " (" (answer.took_ms) " ms)"
            @if !answer.body.trim().is_empty() { ": " code { (escape(answer.body.trim())) } }
        }
        @if let Some(at) = delivery.retry_at { " · " (words.next_try) " " (moment(Some(&at.to_string()))) }
    };
    (at.to_string(), what)
}

#[cfg(test)]
mod tests {
    use acuse_core::clock::Timestamp;
    use acuse_core::destination::delivery::Status;

    use super::*;

    #[test]
    fn a_delivery_that_was_queued_again_shows_all_its_tries() {
        let at = Timestamp::from_seconds(1_795_694_400);
        let mut delivery = Delivery {
            status: Status::Owed,
            attempts: 0,
            tries: 12,
            tried_at: Some(at),
            owed_since: at,
            retry_at: None,
            ended_at: None,
            error: None,
            fault: false,
            answer: None,
        };
        let shown = |delivery: &Delivery| {
            let name = DestinationName::parse("shop").unwrap();
            destination(&name, delivery, Words::of(&axum::http::HeaderMap::new()))
                .1
                .into_string()
        };
        assert!(shown(&delivery).contains("tries: 12"), "{}", shown(&delivery));
        delivery.tries = 0;
        assert!(!shown(&delivery).contains("tries:"));
    }
}
