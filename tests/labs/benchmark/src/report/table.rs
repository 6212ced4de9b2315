//! Tables for the terminal. In each cell the median of the rounds, and the smallest in brackets.

use comfy_table::presets::UTF8_FULL_CONDENSED;
use comfy_table::{CellAlignment, Table};

use super::Report;
use crate::summary::{Figure, Summary};

const MILLI: f64 = 1e3;
const MICRO: f64 = 1e6;
const MEGA: f64 = 1e-6;

pub(super) fn all(report: &Report) -> String {
    let machine = &report.machine;
    let spread = report.contenders.first().map(|first| (first.name, first.warm_p50));
    let noise = spread.map(|(name, warm)| {
        let (low, high) = (warm.min * MICRO, warm.max * MICRO);
        format!(", {name}'s warm p50 from {low:.0} to {high:.0} µs")
    });
    let parts = [
        format!(
            "{}, {} processors, {}; {} rounds of {} invocations, {}",
            machine.processor,
            machine.processors,
            machine.system,
            report.rounds,
            report.invocations,
            if report.tls { "TLS" } else { "no TLS" },
        ),
        format!(
            "noise: load {:.1} before, {:.1} after{}",
            machine.load.0,
            machine.load.1,
            noise.unwrap_or_default()
        ),
        "median of the rounds (minimum)".to_owned(),
        contenders(&report.contenders).to_string(),
        traffic(&report.contenders).to_string(),
        consumers(&report.contenders),
        targets(report),
    ];
    parts.join("\n")
}

fn contenders(summaries: &[Summary]) -> Table {
    let mut table = table(&[
        "",
        "init ms",
        "first ms",
        "warm p50 µs",
        "warm p99 µs",
        "CPU µs",
        "peak MB",
        "size MB",
        "zip MB",
    ]);
    for summary in summaries {
        table.add_row([
            summary.name.to_owned(),
            figure(summary.init, MILLI, 2),
            figure(summary.first, MILLI, 2),
            figure(summary.warm_p50, MICRO, 0),
            figure(summary.warm_p99, MICRO, 0),
            figure(summary.cpu, MICRO, 0),
            figure(summary.peak, MEGA, 1),
            format!("{:.2}", summary.size.plain as f64 * MEGA),
            format!("{:.2}", summary.size.zip as f64 * MEGA),
        ]);
    }
    table
}

fn traffic(summaries: &[Summary]) -> Table {
    let mut table = table(&[
        "connections in a life",
        "Runtime API",
        "SQS",
        "Secrets Manager",
        "DynamoDB",
        "calls in init",
        "calls after",
    ]);
    for summary in summaries {
        let (init, after) = (&summary.init_traffic, &summary.traffic);
        let calls = |traffic: &crate::backend::Traffic| {
            let calls = traffic.calls.iter();
            let calls: Vec<String> = calls.map(|(name, times)| format!("{times} {name}")).collect();
            calls.join("\n")
        };
        table.add_row([
            summary.name.to_owned(),
            summary.runtime_connections.to_string(),
            (init.sqs + after.sqs).to_string(),
            (init.secrets + after.secrets).to_string(),
            (init.dynamodb + after.dynamodb).to_string(),
            calls(init),
            calls(after),
        ]);
    }
    table
}

fn consumers(summaries: &[Summary]) -> String {
    let mut table = table(&[
        "batches",
        "events a CPU second",
        "peak MB at 100",
        "20 ms a call: one, ms",
        "ten, ms",
    ]);
    for summary in summaries {
        if let Some(own) = &summary.consumer {
            table.add_row([
                summary.name.to_owned(),
                format!(
                    "{:.0} ({:.0})",
                    own.events_per_cpu_second.median, own.events_per_cpu_second.max
                ),
                figure(own.peak_long, MEGA, 1),
                figure(own.slow_one, MILLI, 0),
                figure(own.slow_ten, MILLI, 0),
            ]);
        }
    }
    match table.is_empty() {
        true => String::new(),
        false => table.to_string(),
    }
}

fn targets(report: &Report) -> String {
    let mut table = table(&["target", "wanted", "measured", ""]);
    for target in &report.targets {
        table.add_row([
            target.what.clone(),
            format!("{} {}", if target.at_least { "≥" } else { "≤" }, target.limit),
            format!("{:.2}", target.value),
            if target.is_met() { "met" } else { "missed" }.to_owned(),
        ]);
    }
    match table.is_empty() {
        true => String::new(),
        false => table.to_string(),
    }
}

fn table(header: &[&str]) -> Table {
    let mut table = Table::new();
    table.load_style(UTF8_FULL_CONDENSED).set_header(header);
    for column in table.column_iter_mut().skip(1) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    table
}

fn figure(figure: Figure, scale: f64, digits: usize) -> String {
    let (median, min) = (figure.median * scale, figure.min * scale);
    format!("{median:.digits$} ({min:.digits$})")
}
