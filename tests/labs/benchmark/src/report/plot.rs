//! A picture of the run: bars, as long as what they show.

use std::fmt::Write;

use super::Report;
use crate::summary::{Figure, Summary};

const WIDTH: f64 = 860.0;
const NAMES: f64 = 150.0;
const BAR: f64 = 16.0;
const ROW: f64 = 24.0;
/// Room for the text after the longest bar.
const AFTER: f64 = 110.0;

/// What is shown, in which order.
const PANELS: &[Panel] = &[
    Panel {
        title: "Cold start: init and first delivery",
        contenders: &["hello", "floor", "kuenta", "node-verify", "python-verify"],
        unit: "ms",
        scale: 1e3,
        value: |summary| summary.cold,
    },
    Panel {
        title: "A warm delivery, median",
        contenders: &["hello", "sender", "kuenta", "node-verify", "python-verify"],
        unit: "µs",
        scale: 1e6,
        value: |summary| summary.warm_p50,
    },
    Panel {
        title: "Peak memory of the verify function",
        contenders: &["hello", "floor", "kuenta", "node-verify", "python-verify"],
        unit: "MB",
        scale: 1e-6,
        value: |summary| summary.peak,
    },
    Panel {
        title: "The consumer: processor time of a batch of ten events",
        contenders: &["consumer", "node-consume", "python-consume"],
        unit: "ms",
        scale: 1e3,
        value: |summary| summary.cpu,
    },
];

struct Panel {
    title: &'static str,
    contenders: &'static [&'static str],
    unit: &'static str,
    scale: f64,
    value: fn(&Summary) -> Figure,
}

pub(super) fn svg(report: &Report) -> String {
    let mut body = String::new();
    let mut y = 16.0;
    for panel in PANELS {
        y = draw(&mut body, panel, report, y);
    }
    let note = format!(
        "{} · {} rounds, median (thin line: minimum to maximum) · {} · shorter is better",
        escaped(&report.machine.processor),
        report.rounds,
        if report.tls {
            "TLS to local services"
        } else {
            "local services"
        },
    );
    let _ = write!(body, r#"<text class="note" x="0" y="{:.0}">{note}</text>"#, y + 4.0);
    let height = y + 16.0;
    format!(
        r##"<svg xmlns="http://www.w3.org/2000/svg" viewBox="-16 0 {:.0} {height:.0}" width="{:.0}" height="{height:.0}" role="img" aria-label="Acuse's functions beside their peers">
<style>
  text {{ font: 13px system-ui, -apple-system, "Segoe UI", sans-serif; fill: #24292f }}
  .title {{ font-weight: 600; font-size: 14px }} .note {{ font-size: 11px; fill: #57606a }} .value {{ font-size: 12px }}
  .bar {{ fill: #afb8c1 }} .own {{ fill: #1a7f64 }} .range {{ stroke: #57606a; stroke-width: 1 }} .own-text {{ font-weight: 600 }}
</style>
<rect x="-16" width="100%" height="100%" fill="#ffffff"/>
{body}
</svg>
"##,
        WIDTH + 32.0,
        WIDTH + 32.0,
    )
}

/// Draws `panel` from `y` on, and says where the next one begins.
fn draw(body: &mut String, panel: &Panel, report: &Report, y: f64) -> f64 {
    let shown = panel.contenders.iter().filter_map(|name| {
        let summary = report.contenders.iter().find(|summary| summary.name == *name)?;
        Some((*name, (panel.value)(summary)))
    });
    let shown: Vec<(&str, Figure)> = shown.collect();
    let longest = shown.iter().map(|(_, figure)| figure.max).fold(0.0, f64::max);
    if longest <= 0.0 {
        return y;
    }
    let own = shown
        .iter()
        .find(|(name, _)| is_own(name))
        .map(|(_, figure)| figure.median);
    let _ = write!(
        body,
        r#"<text class="title" x="0" y="{:.0}">{}</text>"#,
        y + 12.0,
        panel.title
    );
    let mut y = y + 24.0;
    for (name, figure) in shown {
        let at = |value: f64| NAMES + (WIDTH - NAMES - AFTER) * value / longest;
        let (middle, end) = (y + BAR / 2.0, at(figure.median));
        let class = if is_own(name) { ("own", "own-text") } else { ("bar", "") };
        let value = figure.median * panel.scale;
        let digits = usize::from(value < 100.0) + usize::from(value < 10.0);
        let times = own.filter(|_| !is_own(name)).map(|own| figure.median / own);
        let times = times.map(|times| format!(" · {times:.1}×")).unwrap_or_default();
        let _ = write!(
            body,
            r#"<text class="{}" x="0" y="{:.1}">{}</text>
<rect class="{}" x="{NAMES}" y="{y:.1}" width="{:.1}" height="{BAR}" rx="2"/>
<line class="range" x1="{:.1}" x2="{:.1}" y1="{middle:.1}" y2="{middle:.1}"/>
<text class="value" x="{:.1}" y="{:.1}">{value:.digits$} {}{times}</text>
"#,
            class.1,
            y + BAR - 4.0,
            label(name),
            class.0,
            end - NAMES,
            at(figure.min),
            at(figure.max),
            at(figure.max) + 6.0,
            y + BAR - 4.0,
            panel.unit,
        );
        y += ROW;
    }
    y + 16.0
}

fn is_own(name: &str) -> bool {
    matches!(name, "kuenta" | "consumer")
}

fn label(name: &str) -> &str {
    match name {
        "hello" => "Rust, hello world",
        "floor" => "Rust, without an SDK",
        "sender" => "only the SDK’s call",
        "kuenta" | "consumer" => "Acuse",
        "node-verify" => "Node",
        "python-verify" => "Python",
        "node-consume" => "Node, Powertools",
        "python-consume" => "Python, Powertools",
        other => other,
    }
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;")
}
