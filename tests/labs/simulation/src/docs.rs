//! The figures in docs/sizing.md and the plot, which this program writes and a test compares.

use std::path::{Path, PathBuf};

use crate::pipeline::Pipeline;
use crate::plot;
use crate::settings::Setup;
use crate::table::{self, Run};
use crate::time::{DAY, MINUTE};

/// The rates that are simulated.
pub const RATES: [f64; 3] = [10.0, 1_000.0, 10_000.0];

/// The rates for which docs/sizing.md lists parameters.
pub const SIZES: [f64; 4] = [1.0, 100.0, 1_000.0, 10_000.0];

/// The seed of the committed figures.
pub const SEED: u64 = 7;

type Failure = Box<dyn std::error::Error>;

/// A burst of ten minutes at every rate, in every setup, until every event is completed.
pub fn all_runs(seed: u64) -> Vec<Run> {
    let pairs = RATES.iter().flat_map(|rate| Setup::ALL.map(|setup| (*rate, setup)));
    pairs
        .map(|(rate, setup)| {
            let pipeline = Pipeline::new(setup.settings(rate), rate, 10 * MINUTE, seed);
            let outcome = pipeline.run(30 * DAY);
            let setup = Some(setup);
            Run { rate, setup, outcome }
        })
        .collect()
}

/// docs/sizing.md with the figures of `runs`, and the plot.
///
/// # Errors
/// If the page or a marker in it is missing.
pub fn with_figures(runs: &[Run]) -> Result<[(PathBuf, String); 2], Failure> {
    let docs = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../docs");
    let page = docs.join("sizing.md");
    let text = std::fs::read_to_string(&page)?;
    let text = replaced(&text, "parameters", &table::parameters(&SIZES))?;
    let text = replaced(&text, "outcomes", &table::outcomes(runs))?;
    let plot = plot::svg(runs, &RATES)?;
    Ok([(page, text), (docs.join("images/scale.svg"), plot)])
}

/// `text` with the figures between the markers of this name replaced.
fn replaced(text: &str, name: &str, figures: &str) -> Result<String, Failure> {
    let (begin, end) = (format!("<!-- simulation: {name} -->\n"), "<!-- end -->");
    let missing = || format!("docs/sizing.md has no marker {begin}");
    let (before, rest) = text.split_once(&begin).ok_or_else(missing)?;
    let (_, after) = rest.split_once(end).ok_or_else(missing)?;
    Ok([before, &begin, figures, end, after].concat())
}
