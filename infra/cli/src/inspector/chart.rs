//! A chart of deliveries per minute by status, as SVG.

use std::collections::BTreeMap;

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
    let mut counts: BTreeMap<(usize, usize), usize> = BTreeMap::new();
    for record in records {
        let at = record.received_at.as_deref().and_then(Timestamp::from_rfc3339);
        let ago = at.and_then(|at| usize::try_from(now.since(at).as_secs() / 60).ok());
        let minute = ago.and_then(|ago| (MINUTES - 1).checked_sub(ago));
        let outcome = OUTCOMES.iter().position(|name| *name == record.status);
        if let (Some(minute), Some(outcome)) = (minute, outcome) {
            let duplicates = usize::try_from(record.duplicates).unwrap_or_default();
            *counts.entry((minute, outcome)).or_default() += 1 + duplicates;
        }
    }
    let up_to = |minute, outcome| counts.range((minute, 0)..=(minute, outcome)).map(|(_, count)| count);
    let most = (0..MINUTES)
        .map(|minute| up_to(minute, OUTCOMES.len()).sum::<usize>())
        .max();
    let most = most.unwrap_or_default().max(1);
    let height = |count: &usize| (count * HEIGHT).div_ceil(most).max(1);
    let bars = counts.iter().filter_map(|(&(minute, outcome), count)| {
        let top: usize = up_to(minute, outcome).map(height).sum();
        let name = OUTCOMES.get(outcome)?;
        Some((minute * WIDTH, HEIGHT.saturating_sub(top), height(count), *name, *count))
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
