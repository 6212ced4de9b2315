//! A chart of deliveries per hour by status, as SVG.

use std::collections::BTreeMap;

use acuse_aws::ledger::record::Record;
use acuse_core::clock::Timestamp;
use maud::{Markup, html};

use super::words::Words;

/// How many hours a chart has.
pub(super) const HOURS: usize = 24;
const WIDTH: usize = 8;
const HEIGHT: usize = 28;

/// What a bar is made of, from the bottom up.
const OUTCOMES: [&str; 5] = ["COMPLETED", "REJECTED", "CONFLICT", "RELEASED", "IN_PROGRESS"];

/// The chart of the last day. A record counts as one delivery, plus one for each duplicate, in the hour of its receipt.
pub(super) fn chart<'a>(records: impl Iterator<Item = &'a Record>, now: Timestamp, words: &Words) -> Markup {
    let mut counts: BTreeMap<(usize, usize), usize> = BTreeMap::new();
    for record in records {
        let at = record.received_at.as_deref().and_then(Timestamp::from_rfc3339);
        let ago = at.and_then(|at| usize::try_from(now.since(at).as_secs() / 3600).ok());
        let hour = ago.and_then(|ago| (HOURS - 1).checked_sub(ago));
        let outcome = OUTCOMES.iter().position(|name| *name == record.status);
        if let (Some(hour), Some(outcome)) = (hour, outcome) {
            let duplicates = usize::try_from(record.duplicates).unwrap_or_default();
            *counts.entry((hour, outcome)).or_default() += 1 + duplicates;
        }
    }
    let up_to = |hour, outcome| counts.range((hour, 0)..=(hour, outcome)).map(|(_, count)| count);
    let total = |hour| up_to(hour, OUTCOMES.len()).sum::<usize>();
    let most = (0..HOURS).map(total).max().unwrap_or_default().max(1);
    let height = |count: &usize| (count * HEIGHT).div_ceil(most).max(1);
    let bars = counts.iter().filter_map(|(&(hour, outcome), count)| {
        let top: usize = up_to(hour, outcome).map(height).sum();
        let name = OUTCOMES.get(outcome)?;
        Some((hour * WIDTH, HEIGHT.saturating_sub(top), height(count), *name, *count))
    });
    let (last, all) = (total(HOURS - 1), (0..HOURS).map(total).sum::<usize>());
    html! {
        svg.chart viewBox={ "0 0 " (HOURS * WIDTH) " " (HEIGHT) } preserveAspectRatio="none" role="img"
            aria-label={ (words.last_hour) " " (last) ", " (words.last_day) " " (all) } {
            @for (x, y, height, outcome, count) in bars {
                rect data-status=(outcome) x=(x) y=(y) width=(WIDTH - 2) height=(height) { title { (count) " " (words.status(outcome)) } }
            }
        }
    }
}
