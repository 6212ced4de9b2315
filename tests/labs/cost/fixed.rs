//! What the stack costs each month before its first event: counted in the transformed template, and metrics in the
//! recorded functions' logs.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::Path;
use std::process::Command;

use acuse_core::providers;
use serde::Deserialize;
use serde_json::Value;

use super::prices::{Prices, REGIONS};

/// What `fixed.py` prints.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Template {
    default: Counts,
    changed: Vec<Change>,
    /// How long records are kept, and logs, in days.
    pub(crate) records_days: f64,
    pub(crate) logs_days: f64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Change {
    parameter: String,
    value: String,
    counts: Counts,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
struct Counts {
    alarms: u32,
    alarm_metrics: u32,
    dashboards: u32,
    secrets: u32,
    keys: u32,
    polled_queues: u32,
    /// Series that are written while all is well.
    #[serde(skip)]
    metrics: u32,
}

/// Lambda has five pollers for a queue, and each waits 20 s for a message.
/// <https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-scaling.html>
const EMPTY_RECEIVES: f64 = 5.0 * 3.0 * 60.0 * 24.0 * 30.0;

/// Outcomes of what goes well. CloudWatch charges by the hour, so a series of a failure costs little.
const WELL: [&str; 4] = ["queued", "completed", "duplicate", "delivered"];
/// Metrics without an outcome that are written only if something is wrong.
const ILL: [&str; 8] = [
    "Quarantined",
    "Registrations",
    "AccountMismatches",
    "OpenEventAge",
    "DestinationOldest",
    "EventBridgeOmissions",
    "EndpointsUnknown",
    "EndpointsWrong",
];
/// Dimensions of the recording that a stack with one destination and no bus does not have.
const BESIDES: [&str; 3] = ["books", "crm", "eventbridge"];

impl Template {
    /// Counts with the emulator's Python, which has the translator. It is installed once a stack has run.
    pub(crate) fn count() -> Self {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
        let mut count = Command::new(root.join("target/local/venv/bin/python"));
        let output = count.arg(root.join("tests/labs/cost/fixed.py")).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        serde_json::from_slice(&output.stdout).unwrap()
    }

    /// Adds the series that the functions have written. Those of one provider are those of each, and belong to the
    /// parameter with its name; those of `Destination…` and of the hook `destinations` to the parameter `Destinations`.
    pub(crate) fn with_metrics(mut self, lines: &[String]) -> Self {
        let names: Vec<&str> = providers::ALL.into_iter().map(|provider| provider.name).collect();
        let series = lines.iter().flat_map(|line| series(line));
        let of_each =
            series.flat_map(
                |(metric, values)| match values.iter().position(|own| names.contains(&own.as_str())) {
                    None => vec![(metric, values)],
                    Some(place) => names
                        .iter()
                        .map(|name| {
                            let mut values = values.clone();
                            values[place] = (*name).to_owned();
                            (metric.clone(), values)
                        })
                        .collect(),
                },
            );
        let all: BTreeSet<Series> = of_each.collect();
        assert!(!all.is_empty(), "no metric is in the logs");
        let count =
            |wanted: &dyn Fn(&Series) -> bool| u32::try_from(all.iter().filter(|own| wanted(own)).count()).unwrap();
        let hook = "destinations".to_owned();
        let is_optional = |(metric, values): &Series| metric.starts_with("Destination") || values.contains(&hook);
        let own = count(&|own| !is_optional(own));
        self.default.metrics = own;
        for change in &mut self.changed {
            let name = change.parameter.to_lowercase();
            let without = count(&|(_, values)| change.value == "off" && values.contains(&name));
            let more = count(&|own| change.parameter == "Destinations" && is_optional(own));
            change.counts.metrics = own + more - without;
        }
        self
    }

    /// Dollars a month by default.
    pub(crate) fn dollars(&self, prices: &Prices) -> f64 {
        self.default.rows(prices).iter().map(|(.., dollars)| dollars).sum()
    }

    /// Dollars a month with the other value of a parameter.
    pub(crate) fn dollars_with(&self, parameter: &str, prices: &Prices) -> f64 {
        let change = self.changed.iter().find(|change| change.parameter == parameter);
        let rows = change.unwrap().counts.rows(prices);
        rows.iter().map(|(.., dollars)| dollars).sum()
    }

    /// The table.
    pub(crate) fn table(&self, prices: [&Prices; 2]) -> String {
        let [first, second] = REGIONS;
        let mut table = format!("| dollars a month | | {first} | {second} |\n|---|---|---|---|\n");
        let [first, second] = prices.map(|prices| self.default.rows(prices));
        for ((name, count, dollars), (.., others)) in first.into_iter().zip(second) {
            writeln!(table, "| {name} | {count} | {dollars:.2} | {others:.2} |").unwrap();
        }
        let mut row = |name: &str, what: &str, dollars: [f64; 2]| {
            let [first, second] = dollars.map(|dollars| format!("{dollars:.2}"));
            writeln!(table, "| {name} | {what} | {first} | {second} |").unwrap();
        };
        row("**together**", "", prices.map(|prices| self.dollars(prices)));
        for change in &self.changed {
            let name = format!("with `{}={}`", change.parameter, change.value);
            let dollars = prices.map(|prices| self.dollars_with(&change.parameter, prices));
            row(&name, &change.counts.difference(&self.default), dollars);
        }
        row(
            "a key of your own with `KmsKeyArn`, more",
            "1, without its requests",
            prices.map(|prices| prices["keys"]),
        );
        table
    }
}

impl Counts {
    fn rows(&self, prices: &Prices) -> Vec<(&'static str, String, f64)> {
        let Self {
            alarms, alarm_metrics, ..
        } = self;
        let of = |count: u32, price: &str| f64::from(count) * prices[price];
        let empty = f64::from(self.polled_queues) * EMPTY_RECEIVES * prices["sqs_requests"];
        let mut rows = vec![
            (
                "metrics",
                format!("{} series", self.metrics),
                of(self.metrics, "metrics"),
            ),
            (
                "alarms",
                format!("{alarms} on {alarm_metrics} metrics"),
                of(*alarm_metrics, "alarm_metrics"),
            ),
            (
                "dashboards",
                self.dashboards.to_string(),
                of(self.dashboards, "dashboards"),
            ),
            ("secrets", self.secrets.to_string(), of(self.secrets, "secrets")),
            ("polling", format!("{} queue", self.polled_queues), empty),
        ];
        if self.keys > 0 {
            rows.push(("KMS keys", self.keys.to_string(), of(self.keys, "keys")));
        }
        rows
    }

    /// What is more or less than in `other`.
    fn difference(&self, other: &Self) -> String {
        let counts = [
            ("series", self.metrics, other.metrics),
            ("alarms", self.alarms, other.alarms),
            ("metrics of alarms", self.alarm_metrics, other.alarm_metrics),
            ("dashboards", self.dashboards, other.dashboards),
            ("secrets", self.secrets, other.secrets),
            ("keys", self.keys, other.keys),
            ("polled queues", self.polled_queues, other.polled_queues),
        ];
        let changed = counts.into_iter().filter(|(_, own, other)| own != other);
        let words = changed.map(|(name, own, other)| format!("{:+} {name}", i64::from(own) - i64::from(other)));
        words.collect::<Vec<_>>().join(", ")
    }
}

/// A metric's name, and its dimensions' values.
type Series = (String, Vec<String>);

/// The series of a line in the embedded metric format, of what goes well.
fn series(line: &str) -> Vec<Series> {
    let Ok(line) = serde_json::from_str::<Value>(line) else {
        return Vec::new();
    };
    let mut found = Vec::new();
    let array = |value: &Value| value.as_array().cloned().unwrap_or_default();
    for directive in array(&line["_aws"]["CloudWatchMetrics"]) {
        for dimensions in array(&directive["Dimensions"]) {
            let dimensions = array(&dimensions);
            let value = |name: &Value| Some(line[name.as_str()?].as_str()?.to_owned());
            let values: Vec<_> = dimensions.iter().filter_map(value).collect();
            let outcome = line["Outcome"]
                .as_str()
                .filter(|_| dimensions.contains(&"Outcome".into()));
            for metric in array(&directive["Metrics"]) {
                let name = metric["Name"].as_str().unwrap();
                let is_well = outcome.is_none_or(|outcome| WELL.contains(&outcome)) && !ILL.contains(&name);
                let is_besides = values.iter().any(|value| BESIDES.contains(&value.as_str()));
                found.extend((is_well && !is_besides).then(|| (name.to_owned(), values.clone())));
            }
        }
    }
    found
}

#[test]
fn series_are_told_apart_by_dimensions() {
    let line = |outcome: &str| {
        let aws =
            r#""_aws":{"CloudWatchMetrics":[{"Dimensions":[["Provider","Outcome"]],"Metrics":[{"Name":"Events"}]}]}"#;
        format!(r#"{{{aws},"Provider":"kuenta","Outcome":"{outcome}","Events":1}}"#)
    };
    let values = vec!["kuenta".to_owned(), "completed".to_owned()];
    assert_eq!(series(&line("completed")), [("Events".to_owned(), values)]);
    assert!(series(&line("failed")).is_empty());
    assert!(series("START").is_empty());
}
