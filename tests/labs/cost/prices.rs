//! What AWS charges in two regions, and when it was read.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde::Deserialize;

/// The regions of the page.
pub(crate) const REGIONS: [&str; 2] = ["us-east-1", "sa-east-1"];

/// Dollars of one unit, by the price's name.
pub(crate) type Prices = BTreeMap<String, f64>;

/// A line of `prices.json`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Price {
    what: String,
    /// Units that `usd` is for.
    per: f64,
    of: String,
    /// The service's code in AWS's price list, or else the page that has the price.
    list: Option<String>,
    page: Option<String>,
    #[serde(rename = "us-east-1")]
    first: Quote,
    #[serde(rename = "sa-east-1")]
    second: Quote,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Quote {
    usd: f64,
    /// The day on which somebody read it. None: nobody did, and it is as known to the project.
    read: Option<String>,
    /// The region it was read for, if another one.
    of: Option<String>,
}

impl Price {
    fn quotes(&self) -> [&Quote; 2] {
        [&self.first, &self.second]
    }
}

/// All prices.
pub(crate) fn all() -> Vec<Price> {
    serde_json::from_str(include_str!("prices.json")).unwrap()
}

/// The prices of one of the [`REGIONS`].
pub(crate) fn of(prices: &[Price], region: usize) -> Prices {
    let dollars = |price: &Price| price.quotes()[region].usd / price.per;
    prices
        .iter()
        .map(|price| (price.what.clone(), dollars(price)))
        .collect()
}

/// The table of all prices.
pub(crate) fn listed(prices: &[Price]) -> String {
    let [first, second] = REGIONS;
    let mut table = format!("| of | {first} | read | {second} | read |\n|---|---|---|---|---|\n");
    for price in prices {
        let per = if price.per > 1.0 { " a million" } else { "" };
        write!(table, "| {} |", price.of).unwrap();
        for (quote, region) in price.quotes().into_iter().zip(REGIONS) {
            write!(table, " ${}{per} | {} |", quote.usd, read(price, quote, region)).unwrap();
        }
        table.push('\n');
    }
    table
}

fn read(price: &Price, quote: &Quote, region: &str) -> String {
    let Some(day) = &quote.read else {
        return "not read".to_owned();
    };
    assert!(
        day.len() == 10 && day.as_str() > "2025",
        "{} was read on {day}",
        price.what
    );
    let read_for = quote.of.as_deref().unwrap_or(region);
    let other = quote.of.as_ref().map_or(String::new(), |of| format!(", for {of}"));
    let source = match (&price.list, &price.page) {
        (Some(code), None) => {
            format!("https://pricing.us-east-1.amazonaws.com/offers/v1.0/aws/{code}/current/{read_for}/index.json")
        }
        (None, Some(page)) => page.clone(),
        _ => panic!("{} needs a price list or a page", price.what),
    };
    format!("[{day}]({source}){other}")
}
