//! Queue age and consumers over time, as one SVG: a column a rate, a line a way of setting up.

use plotters::coord::Shift;
use plotters::prelude::*;

use crate::outcome::{Outcome, Sample};
use crate::settings::Setup;
use crate::table::{Run, thousands};

const SIZE: (u32, u32) = (1200, 640);
const INK: RGBColor = RGBColor(60, 60, 60);
const GRID: RGBColor = RGBColor(225, 225, 225);

type Failure = Box<dyn std::error::Error>;
type Panel<'a> = DrawingArea<SVGBackend<'a>, Shift>;

/// Draws the runs of each rate.
///
/// # Errors
/// What plotters says; it doesn't happen while drawing into a text.
pub fn svg(runs: &[Run], rates: &[f64]) -> Result<String, Failure> {
    let mut text = String::new();
    {
        let area = SVGBackend::with_string(&mut text, SIZE).into_drawing_area();
        area.fill(&WHITE)?;
        let (head, body) = area.split_vertically(44);
        legend(&head)?;
        for (row, strip) in ROWS.iter().zip(body.split_evenly((ROWS.len(), 1))) {
            for (rate, panel) in rates.iter().zip(strip.split_evenly((1, rates.len()))) {
                let drawn: Vec<&Run> = runs.iter().filter(|run| run.rate == *rate).collect();
                draw(&panel, &thousands(*rate as u64), row, &drawn)?;
            }
        }
        area.present()?;
    }
    Ok(text)
}

fn legend(area: &Panel<'_>) -> Result<(), Failure> {
    let mut x = 60;
    for setup in Setup::ALL {
        let line = [(x, 24), (x + 28, 24)];
        area.draw(&PathElement::new(line, style(setup)))?;
        let text = ("sans-serif", 15).into_font().color(&INK);
        area.draw_text(setup.name(), &text, (x + 36, 16))?;
        x += 70 + 8 * setup.name().chars().count() as i32;
    }
    let note = ("sans-serif", 13).into_font().color(&INK);
    area.draw_text("a burst of ten minutes, one provider", &note, (940, 17))?;
    Ok(())
}

/// The same logarithmic range in all panels of a row, so that they compare.
struct Row {
    title: &'static str,
    least: f64,
    most: f64,
    value: fn(&Sample) -> f64,
}

const ROWS: [Row; 2] = [
    Row {
        title: "age of the oldest event, seconds",
        least: 0.09,
        most: 2_000.0,
        value: |sample| sample.age,
    },
    Row {
        title: "consumers at once",
        least: 0.9,
        most: 1_000.0,
        value: |sample| sample.batches as f64,
    },
];

fn draw(area: &Panel<'_>, rate: &str, row: &Row, runs: &[&Run]) -> Result<(), Failure> {
    let mut chart = ChartBuilder::on(area)
        .margin(10)
        .caption(
            format!("{rate} per second: {}", row.title),
            ("sans-serif", 15).into_font().color(&INK),
        )
        .x_label_area_size(36)
        .y_label_area_size(48)
        .build_cartesian_2d(0.0..30.0, (row.least..row.most).log_scale())?;
    chart
        .configure_mesh()
        .light_line_style(WHITE)
        .bold_line_style(GRID)
        .axis_style(INK)
        .label_style(("sans-serif", 12).into_font().color(&INK))
        .x_labels(7)
        .y_labels(5)
        .x_label_formatter(&|minutes| format!("{minutes:.0}"))
        .y_label_formatter(&|value| match *value < 1.0 {
            true => value.to_string(),
            false => thousands(*value as u64),
        })
        .x_desc("minutes")
        .draw()?;
    for run in runs {
        let style = style(run.setup.unwrap_or(Setup::Default));
        chart.draw_series(LineSeries::new(points(&run.outcome, row), style))?;
    }
    Ok(())
}

/// The most of each ten seconds: peaks stay, and the file is small.
fn points(outcome: &Outcome, row: &Row) -> Vec<(f64, f64)> {
    let tens = outcome.samples.chunks(10).enumerate();
    tens.map(|(ten, samples)| {
        let highest = samples.iter().map(row.value).fold(row.least, f64::max);
        (ten as f64 / 6.0, highest)
    })
    .collect()
}

/// Colours that stay apart for the colour-blind (Okabe and Ito); the last are drawn thinner, over the others.
fn style(setup: Setup) -> ShapeStyle {
    let (colour, width) = match setup {
        Setup::Default => (RGBColor(213, 94, 0), 4),
        Setup::Sized => (RGBColor(0, 114, 178), 3),
        Setup::Provisioned => (RGBColor(0, 158, 115), 2),
    };
    colour.stroke_width(width)
}
