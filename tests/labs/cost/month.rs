//! A month of one, ten and a hundred million events, here and at gateways that others host.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use acuse_tests::recording::life::Life;
use acuse_tests::recording::recorder::Written;
use serde_json::Value;

use super::pipeline::{self, DEFAULT_MB, LOGGED, Pipeline};
use super::prices::{Prices, REGIONS};
use super::{capacity, destinations, fixed};

/// Millions of events a month.
const MILLIONS: [f64; 3] = [1.0, 10.0, 100.0];

/// What DynamoDB adds to each item that it keeps, in a table and in an index.
/// <https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/CapacityUnitCalculations.html>
const ITEM_OVERHEAD: usize = 100;

/// Sizes are rounded to so many bytes, because those of times and amounts vary.
const ROUNDED: f64 = 100.0;

/// Bytes that DynamoDB keeps of an event.
#[derive(Clone, Copy, Default)]
struct Kept {
    /// In the ledger, until the record expires, and as much again in its index.
    record: f64,
    in_index: f64,
    /// In the other tables, where nothing expires.
    rows: f64,
}

/// What is kept of the recorded new event.
fn kept(life: &Life) -> Kept {
    let mut last: BTreeMap<(&str, String), &Value> = BTreeMap::new();
    for write in life.of("a new event").iter().flat_map(|call| &call.written) {
        let Written { table, after, .. } = write;
        let Some(item) = after.as_ref().filter(|_| write.done) else {
            continue;
        };
        let key = format!("{} {}", item["pk"], item.get("sk").unwrap_or(&Value::Null));
        last.insert((table, key), item);
    }
    assert!(!last.is_empty(), "a new event writes");
    let mut kept = Kept::default();
    for ((table, _), item) in last {
        let bytes = ((capacity::size(item) + ITEM_OVERHEAD) as f64 / ROUNDED).round() * ROUNDED;
        let is_listed = item.get("day").is_some();
        match life.logical(table).as_str() {
            "LedgerTable" => {
                kept.record += bytes;
                kept.in_index += if is_listed { bytes } else { 0.0 };
            }
            _ => kept.rows += bytes,
        }
    }
    kept
}

/// Dollars a month for what an event of each month leaves, once records expire as fast as they come, and a year's rows
/// are there. Recovery is charged for tables, and not for such indexes.
/// <https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/PointInTimeRecovery_Howitworks.html>
fn keeping(kept: Kept, template: &fixed::Template, prices: &Prices) -> f64 {
    let months = template.records_days / 30.0;
    let in_tables = kept.record * months + kept.rows * 12.0;
    let in_index = kept.in_index * months;
    let logs = LOGGED.iter().sum::<f64>() * template.logs_days / 30.0;
    let dollars = (in_tables + in_index) * prices["dynamodb_gb"] + in_tables * prices["recovery_gb"];
    (dollars + logs * prices["log_kept_gb"]) / 1e9
}

/// Dollars a month for what a million events of each month leave.
pub(crate) fn left(life: &Life, template: &fixed::Template, prices: &Prices) -> f64 {
    1e6 * keeping(kept(life), template, prices)
}

/// The table of a month.
pub(crate) fn table(
    life: &Life,
    prices: [&Prices; 2],
    acuse: Pipeline,
    published: Pipeline,
    template: &fixed::Template,
) -> String {
    let mut table = "| dollars a month |".to_owned();
    for region in REGIONS {
        for millions in MILLIONS {
            write!(table, " {millions} million, {region} |").unwrap();
        }
    }
    table.push_str("\n|---|---|---|---|---|---|---|\n");
    let mut row = |name: &str, cell: &dyn Fn(&Prices, f64) -> f64| {
        write!(table, "| {name} |").unwrap();
        for prices in prices {
            for millions in MILLIONS {
                write!(table, " {:.0} |", cell(prices, 1e6 * millions)).unwrap();
            }
        }
        table.push('\n');
    };
    let kept = kept(life);
    let once = |prices: &Prices| pipeline::together(acuse, prices, 1.0, DEFAULT_MB);
    let keeping = |prices: &Prices| keeping(kept, template, prices);
    row("events, each delivered once", &|prices, events| events * once(prices));
    row("what they leave", &|prices, events| events * keeping(prices));
    row("fixed", &|prices, _| template.dollars(prices));
    row("**together**", &|prices, events| {
        events * (once(prices) + keeping(prices)) + template.dollars(prices)
    });
    row("each delivered three times, more", &|prices, events| {
        events * (pipeline::together(acuse, prices, 3.0, DEFAULT_MB) - once(prices))
    });
    row("each published on a bus, more", &|prices, events| {
        let published = pipeline::together(published, prices, 1.0, DEFAULT_MB) + prices["bus_events"];
        events * (published - once(prices))
    });
    row("each to one destination, more", &|prices, events| {
        events * destinations::sum(&destinations::extra(life, prices))
    });
    table
}

/// What a gateway charges by its published plan.
struct Plan {
    name: &'static str,
    /// Dollars a month, the events in it, and dollars for each further one.
    base: f64,
    included: f64,
    more: f64,
    page: &'static str,
}

/// Read by others from the pages on 2026-09-20.
const PLANS: [Plan; 4] = [
    Plan {
        name: "Hookdeck, Team",
        base: 39.0,
        included: 10_000.0,
        more: 1.0 / 100_000.0,
        page: "https://hookdeck.com/pricing",
    },
    Plan {
        name: "Svix, Free and what exceeds it",
        base: 0.0,
        included: 50_000.0,
        more: 0.0001,
        page: "https://www.svix.com/pricing/",
    },
    Plan {
        name: "Svix, Professional",
        base: 490.0,
        included: 50_000.0,
        more: 0.0001,
        page: "https://www.svix.com/pricing/",
    },
    Plan {
        name: "Convoy, Premium, on servers of your own",
        base: 999.0,
        included: f64::INFINITY,
        more: 0.0,
        page: "https://www.getconvoy.io/pricing",
    },
];

/// A month at gateways, beside the same here: received, and sent to one URL.
pub(crate) fn gateways(life: &Life, prices: &Prices, acuse: Pipeline, template: &fixed::Template) -> String {
    let mut table = "| dollars a month | 1 million | 10 million | 100 million |\n|---|---|---|---|\n".to_owned();
    let mut row = |name: &str, cell: &dyn Fn(f64) -> f64| {
        let [one, ten, hundred] = MILLIONS.map(|millions| cell(1e6 * millions));
        writeln!(table, "| {name} | {one:.0} | {ten:.0} | {hundred:.0} |").unwrap();
    };
    let kept = kept(life);
    let of_one = pipeline::together(acuse, prices, 1.0, DEFAULT_MB)
        + destinations::sum(&destinations::extra(life, prices))
        + keeping(kept, template, prices);
    row("Acuse with one destination", &|events| {
        events * of_one + template.dollars_with("Destinations", prices)
    });
    for Plan {
        name,
        base,
        included,
        more,
        page,
    } in PLANS
    {
        row(&format!("[{name}]({page})"), &|events| {
            let exceeding = (events - included).max(0.0);
            if more > 0.0 { base + exceeding * more } else { base }
        });
    }
    table
}
