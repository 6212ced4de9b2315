//! The committed counts, and how far from them is too far.

use std::path::PathBuf;

use crate::Failure;
use crate::callgrind::Counts;

/// More than this many per cent above the baseline is a regression. As much below it, the baseline has to be updated,
/// or the loss of that gain would not be noticed.
const TOLERANCE: u64 = 2;

/// Instruction counts are specific to an architecture.
fn path() -> PathBuf {
    let name = format!("baseline.{}.json", std::env::consts::ARCH);
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(name)
}

/// The baseline of this architecture, if there is one.
pub(crate) fn read() -> Result<Option<Counts>, Failure> {
    match path().exists() {
        true => Ok(Some(serde_json::from_slice(&std::fs::read(path())?)?)),
        false => Ok(None),
    }
}

/// Writes `counts` as the baseline of this architecture.
pub(crate) fn write(counts: &Counts) -> Result<(), Failure> {
    std::fs::write(path(), serde_json::to_string_pretty(counts)? + "\n")?;
    Ok(())
}

/// What differs too much.
pub(crate) fn compare(counts: &Counts, baseline: &Counts) -> Vec<String> {
    let names: std::collections::BTreeSet<_> = counts.keys().chain(baseline.keys()).collect();
    names
        .into_iter()
        .filter_map(|name| fault(name, counts.get(name).copied(), baseline.get(name).copied()))
        .collect()
}

fn fault(name: &str, now: Option<u64>, before: Option<u64>) -> Option<String> {
    let (Some(now), Some(before)) = (now, before) else {
        return Some(format!(
            "{name} is missing in the program or in the baseline: run `.ci/instructions update`"
        ));
    };
    if now.abs_diff(before) * 100 <= before * TOLERANCE {
        return None;
    }
    let percent = (now as f64 / before as f64 - 1.0) * 100.0;
    Some(match now > before {
        true => format!("{name} takes {percent:+.1} %: {before} → {now} instructions"),
        false => format!("{name} takes {percent:+.1} %, an improvement: run `.ci/instructions update`"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counts(of: &[(&str, u64)]) -> Counts {
        of.iter().map(|(name, count)| ((*name).to_owned(), *count)).collect()
    }

    #[test]
    fn two_percent_is_within_and_more_is_not_in_either_direction() {
        let baseline = counts(&[("a", 1000), ("b", 1000), ("c", 1000), ("d", 1000)]);
        let now = counts(&[("a", 1020), ("b", 980), ("c", 1021), ("d", 979)]);
        let faults = compare(&now, &baseline);
        assert_eq!(faults.len(), 2, "{faults:?}");
        assert!(faults[0].starts_with("c takes +2.1 %: 1000 → 1021"), "{faults:?}");
        assert!(faults[1].contains("instructions update"), "{faults:?}");
    }

    #[test]
    fn a_case_that_came_or_went_is_a_fault() {
        assert_eq!(compare(&counts(&[("a", 1)]), &counts(&[("b", 1)])).len(), 2);
    }
}
