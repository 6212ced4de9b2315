//! A resource's events as a picture: a line for each, from when it happened to when it was completed.
//!
//! Moments are a step apart, however much time passes between them: most come within a second, and a refund weeks
//! later.

use std::collections::BTreeSet;

use acuse_aws::ledger::record::Record;
use acuse_core::clock::Timestamp;
use maud::{Markup, html};

use super::super::super::element::utc;
use super::super::super::words::Words;
use crate::stack::destinations::progress::DeliveriesOf;
use crate::terminal::{cut, escape};

const WIDTH: usize = 360;
const MARGIN: usize = 10;
const LANE: usize = 34;

/// The most events that are drawn; the list below has all of them.
const MOST: usize = 40;

/// A moment of an event, with the shape that marks it.
struct Mark {
    at: Timestamp,
    class: &'static str,
    status: &'static str,
    what: String,
}

pub(super) fn picture(records: &[Record], deliveries: &DeliveriesOf, words: &Words) -> Markup {
    let lanes: Vec<(&Record, Vec<Mark>)> = records
        .iter()
        .take(MOST)
        .map(|record| (record, marks(record, deliveries, words)))
        .collect();
    let moments: BTreeSet<Timestamp> = lanes.iter().flat_map(|(_, marks)| marks).map(|mark| mark.at).collect();
    let moments: Vec<Timestamp> = moments.into_iter().collect();
    let steps = moments.len().saturating_sub(1).max(1);
    let x = |at: Timestamp| {
        let step = moments.binary_search(&at).unwrap_or_default();
        MARGIN + step * (WIDTH - 2 * MARGIN) / steps
    };
    let height = lanes.len() * LANE + 24;
    let mut before: Option<Timestamp> = None;
    let drawn: Vec<Markup> = (0..)
        .zip(&lanes)
        .map(|(place, (record, marks))| {
            let (top, line) = (place * LANE + 12, place * LANE + 22);
            let (first, last) = (
                marks.first().map(|mark| x(mark.at)),
                marks.last().map(|mark| x(mark.at)),
            );
            let at = marks.first().map(|mark| mark.at);
            let later = at
                .zip(before)
                .map(|(at, before)| format!("+{}", length(at.since(before).as_secs())));
            before = at.or(before);
            let shown = deliveries.status(record).unwrap_or(record.status);
            html! {
                text x=(MARGIN) y=(top) {
                    tspan translate="no" { (cut(&escape(&record.type_name), 36)) }
                    tspan.dim { " " (words.status(shown)) }
                    @if let Some(later) = later { tspan.dim translate="no" { " " (later) } }
                }
                @if let (Some(first), Some(last)) = (first, last) { line x1=(first) x2=(last) y1=(line) y2=(line) {} }
                @for mark in marks {
                    circle.(mark.class) data-status=(mark.status) cx=(x(mark.at)) cy=(line) r="4" {
                        title translate=[(mark.class == "hook").then_some("no")] { (mark.what) " " (utc(&mark.at.to_string())) }
                    }
                }
            }
        })
        .collect();
    html! {
        figure.picture {
            svg viewBox={ "0 0 " (WIDTH) " " (height) } role="img" aria-label=(words.life) {
                @for lane in &drawn { (lane) }
                @if let (Some(first), Some(last)) = (moments.first(), moments.last()) {
                    text.axis x=(MARGIN) y=(height - 4) datetime=(first) {}
                    text.axis x=(WIDTH - MARGIN) y=(height - 4) text-anchor="end" datetime=(last) {}
                }
            }
            figcaption {
                span.legend.happened { (words.happened) } " " span.legend.received { (words.received) } " "
                span.legend.hook { (words.hook) } " " span.legend.done { (words.done) }
            }
        }
    }
}

/// The moments of one event, in order.
fn marks(record: &Record, deliveries: &DeliveriesOf, words: &Words) -> Vec<Mark> {
    let mark = |at: Option<&str>, class, status, what: &str| {
        let at = at.and_then(Timestamp::from_rfc3339)?;
        let what = what.to_owned();
        Some(Mark {
            at,
            class,
            status,
            what,
        })
    };
    let mut marks = vec![
        mark(record.occurred_at.as_deref(), "happened", "", words.happened),
        mark(record.received_at.as_deref(), "received", "", words.received),
        mark(
            record.completed_at.as_deref(),
            "done",
            record.status,
            words.status(record.status),
        ),
        mark(
            record.last_duplicate_at.as_deref(),
            "received",
            "",
            words.last_duplicate,
        ),
    ];
    for (hook, at) in &record.hooks {
        marks.push(mark(Some(at), "hook", "", &format!("{} {hook}", words.hook)));
    }
    for (name, delivery) in deliveries.of(record) {
        let status = delivery.status.name();
        let what = format!("{} {name}: {}", words.destination, words.status(status));
        let at = delivery.ended_at.unwrap_or(delivery.owed_since).to_string();
        marks.push(mark(Some(&at), "done", status, &what));
    }
    let mut marks: Vec<Mark> = marks.into_iter().flatten().collect();
    marks.sort_by_key(|mark| mark.at);
    marks
}

/// A length of time in its largest unit.
fn length(seconds: u64) -> String {
    match seconds {
        0..60 => format!("{seconds} s"),
        60..3600 => format!("{} min", seconds / 60),
        3600..86_400 => format!("{} h", seconds / 3600),
        _ => format!("{} d", seconds / 86_400),
    }
}

#[cfg(test)]
mod tests {
    use super::length;

    #[test]
    fn a_length_is_in_its_largest_unit() {
        let lengths = [0, 59, 60, 7199, 86_399, 86_400 * 12].map(length);
        assert_eq!(lengths, ["0 s", "59 s", "1 min", "1 h", "23 h", "12 d"]);
    }
}
