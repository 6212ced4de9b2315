//! The outcomes as tables of Markdown, and as CSV.

use std::fmt::Write;

use crate::outcome::Outcome;
use crate::settings::{Settings, Setup};
use crate::time::{SECOND, seconds};

/// A run and its outcome.
pub struct Run {
    /// Deliveries per second.
    pub rate: f64,
    /// Its setup, or `None` if it was set up by hand.
    pub setup: Option<Setup>,
    /// Its outcome.
    pub outcome: Outcome,
}

/// One line per run.
pub fn outcomes(runs: &[Run]) -> String {
    let mut table = String::from(
        "| per second | setup | longest wait on the queue | consumers | refused | given up | dead-lettered | finished after | limits met: from when, for how long |\n|---|---|---|---|---|---|---|---|---|\n",
    );
    for Run { rate, setup, outcome } in runs {
        // Writing to a String can't fail.
        let _ = writeln!(
            table,
            "| {} | {} | {} | {} | {} | {} | {} | {} | {} |",
            thousands(*rate as u64),
            name(*setup),
            duration(outcome.longest_wait),
            thousands(u64::from(outcome.most_consumers)),
            thousands(outcome.refused),
            thousands(outcome.given_up),
            thousands(outcome.dead),
            duration(seconds(0, outcome.finished)),
            limits(outcome),
        );
    }
    table
}

fn name(setup: Option<Setup>) -> &'static str {
    setup.map_or("by hand", Setup::name)
}

/// The limits that were met for more than a moment, in the order in which they were met first.
fn limits(outcome: &Outcome) -> String {
    let met = outcome.limits.in_order();
    let texts: Vec<String> = met
        .into_iter()
        .filter(|(_, _, steps)| *steps >= 5 * SECOND)
        .map(|(limit, first, steps)| {
            let (first, held) = (duration(seconds(0, first)), duration(seconds(0, steps)));
            format!("{limit}: {first}, {held}")
        })
        .collect();
    match texts.is_empty() {
        true => "none".to_owned(),
        false => texts.join("; "),
    }
}

/// The parameters to set, one column per rate.
pub fn parameters(rates: &[f64]) -> String {
    let columns: Vec<[Settings; 2]> = rates
        .iter()
        .map(|rate| [Setup::Sized, Setup::Provisioned].map(|setup| setup.settings(*rate)))
        .collect();
    let mut table = String::from("| deliveries per second |");
    rates
        .iter()
        .for_each(|rate| table += &format!(" {} |", thousands(*rate as u64)));
    table += "\n|---|";
    rates.iter().for_each(|_| table += "---|");
    let mut row = |name: &str, value: &dyn Fn(&Settings, &Settings) -> f64| {
        table += &format!("\n| {name} |");
        for [sized, provisioned] in &columns {
            table += &format!(" {} |", thousands(value(sized, provisioned) as u64));
        }
    };
    row("`ThrottleRate`", &|s, _| s.template.throttle_rate);
    row("`ThrottleBurst`", &|s, _| s.template.throttle_burst);
    row("`ConsumerMaxConcurrency`", &|s, _| {
        f64::from(s.template.consumer_max_concurrency)
    });
    row("or `ConsumerProvisionedPollers`", &|_, p| {
        f64::from(p.template.consumer_provisioned_pollers)
    });
    row("with `ConsumerProvisionedPollersMax`", &|_, p| {
        f64::from(p.template.consumer_provisioned_pollers_max)
    });
    row("`LedgerDayShards`", &|s, _| f64::from(s.template.ledger_day_shards));
    row("API Gateway, requests per second (quota)", &|s, _| s.account.api_rate);
    row("API Gateway, burst (follows from it)", &|s, _| s.account.api_burst);
    row("Lambda, concurrent executions (quota)", &|s, _| {
        f64::from(s.account.concurrency)
    });
    row("DynamoDB, write units of a table or index (quota)", &|s, _| {
        s.account.table_quota
    });
    row("the ledger's warm write units", &|s, _| s.account.ledger_warm);
    row("its index's warm write units", &|s, _| s.account.index_warm);
    table.push('\n');
    table
}

/// One line per second of every run.
pub fn csv(runs: &[Run]) -> String {
    let mut csv = String::from("deliveries_a_second,setup,second,queue_age_s,queue_length,consumers,verifiers\n");
    for Run { rate, setup, outcome } in runs {
        for (second, sample) in outcome.samples.iter().enumerate() {
            // Writing to a String can't fail.
            let _ = writeln!(
                csv,
                "{rate},\"{}\",{second},{:.2},{},{},{}",
                name(*setup),
                sample.age,
                sample.waiting,
                sample.batches,
                sample.verifying
            );
        }
    }
    csv
}

/// `1234567` as `1,234,567`.
pub fn thousands(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// In the most readable unit.
fn duration(seconds: f64) -> String {
    match seconds {
        ..60.0 => format!("{seconds:.1} s"),
        ..3600.0 => format!("{:.1} min", seconds / 60.0),
        ..172_800.0 => format!("{:.1} h", seconds / 3600.0),
        _ => format!("{:.1} days", seconds / 86400.0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_durations_read_well() {
        assert_eq!(
            [0, 999, 1000, 1_234_567].map(thousands),
            ["0", "999", "1,000", "1,234,567"]
        );
        let times = [0.52, 30.0, 90.0, 5400.0, 259_200.0];
        assert_eq!(times.map(duration), ["0.5 s", "30.0 s", "1.5 min", "1.5 h", "3.0 days"]);
    }
}
