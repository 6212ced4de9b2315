//! A chart of deliveries per minute by status, as SVG.

use acuse_aws::ledger::record::Record;
use acuse_core::clock::Timestamp;
use maud::{Markup, html};

use super::words::Words;

const MINUTES: usize = 60;
const WIDTH: usize = 10;
const HEIGHT: usize = 60;

/// The chart of the last hour. A record counts as one delivery, plus one for each duplicate.
pub(super) fn chart(records: &[Record], now: Timestamp, words: &Words) -> Markup {
    const OUTCOMES: [&str; 4] = ["COMPLETED", "REJECTED", "RELEASED", "IN_PROGRESS"];
    let mut minutes = vec![[0usize; OUTCOMES.len()]; MINUTES];
    for record in records {
        let at = record.received_at.as_deref().and_then(Timestamp::from_rfc3339);
        let ago = at
            .map(|at| now.since(at).as_secs() / 60)
            .and_then(|ago| usize::try_from(ago).ok());
        let minute = ago.and_then(|ago| minutes.get_mut((MINUTES - 1).checked_sub(ago)?));
        let outcome = OUTCOMES.iter().position(|name| *name == record.status);
        let (Some(minute), Some(outcome)) = (minute, outcome) else {
            continue;
        };
        let duplicates = usize::try_from(record.duplicates).unwrap_or_default();
        if let Some(count) = minute.get_mut(outcome) {
            *count += 1 + duplicates;
        }
    }
    let most: usize = minutes
        .iter()
        .map(|minute| minute.iter().sum())
        .max()
        .unwrap_or(1)
        .max(1);
    let bars = minutes.iter().enumerate().flat_map(|(place, minute)| {
        let mut below = 0;
        minute
            .iter()
            .zip(OUTCOMES)
            .filter(|(count, _)| **count > 0)
            .map(move |(count, outcome)| {
                let height = (count * HEIGHT).div_ceil(most).max(1);
                below += height;
                (place * WIDTH, HEIGHT.saturating_sub(below), height, outcome, *count)
            })
            .collect::<Vec<_>>()
    });
    let view = format!("0 0 {} {}", MINUTES * WIDTH, HEIGHT);
    html! {
        figure.chart {
            svg viewBox=(view) preserveAspectRatio="none" role="img" aria-label=(words.per_minute) {
                @for (x, y, height, outcome, count) in bars {
                    rect data-status=(outcome) x=(x) y=(y) width=(WIDTH - 2) height=(height) { title { (count) " " (words.status(outcome)) } }
                }
            }
            figcaption { (words.per_minute) }
        }
    }
}
