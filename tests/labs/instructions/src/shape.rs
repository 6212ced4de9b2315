//! Proportions between cases, which are the same on every machine.

use crate::callgrind::Counts;

/// A body of 1 MiB is hashed once, and not otherwise looked at nor copied: beside HMAC itself, verification of
/// the raw form takes less than this part more. A copy by words of eight bytes would take 0.0024.
const BESIDE_HMAC: f64 = 0.001;

/// 16 times the body, 16 times the work, but for this part.
const FROM_LINEAR: f64 = 0.05;

/// What is not in proportion, in words.
pub(crate) fn faults(counts: &Counts) -> Vec<String> {
    let mut faults = Vec::new();
    let ratio = |a: &str, b: &str| {
        let (a, b) = (counts.get(a)?, counts.get(b)?);
        Some(*a as f64 / *b as f64)
    };
    match ratio("verify/raw/1M", "hmac/1M") {
        Some(ratio) => {
            println!("verifying 1 MiB in the raw form: {ratio:.4} times HMAC alone (one pass is 1)");
            if (ratio - 1.0).abs() > BESIDE_HMAC {
                faults.push(format!("verify/raw/1M is not a single pass: {ratio:.3} times hmac/1M"));
            }
        }
        None => faults.push("verify/raw/1M or hmac/1M was not counted".to_owned()),
    }
    for form in ["raw", "js", "python"] {
        let (large, small) = (format!("verify/{form}/1M"), format!("verify/{form}/64K"));
        match ratio(&large, &small) {
            Some(ratio) => {
                println!("verifying in the form {form}: 1 MiB takes {ratio:.2} times 64 KiB");
                if (ratio / 16.0 - 1.0).abs() > FROM_LINEAR {
                    faults.push(format!("{large} is not linear: {ratio:.2} times {small}, not 16"));
                }
            }
            None => faults.push(format!("{large} or {small} was not counted")),
        }
    }
    // No limit: the baseline has both. With the processor's SHA instructions the ratio is lower.
    if let Some(ratio) = ratio("deliver/kuenta", "deliver/sdk") {
        println!("a delivery: {ratio:.2} times what the SDK takes to send it");
    }
    faults
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counts(of: [u64; 4]) -> Counts {
        let [hmac, raw, small, form] = of;
        let mut counts = Counts::new();
        counts.insert("hmac/1M".to_owned(), hmac);
        for (name, large, small) in [
            ("raw", raw, small),
            ("js", form, form / 16),
            ("python", form, form / 16),
        ] {
            counts.insert(format!("verify/{name}/1M"), large);
            counts.insert(format!("verify/{name}/64K"), small);
        }
        counts
    }

    #[test]
    fn one_pass_is_accepted_and_two_are_not() {
        assert_eq!(faults(&counts([16_000, 16_010, 1_010, 80_000])), [""; 0]);
        let twice = faults(&counts([16_000, 32_010, 2_010, 80_000]));
        assert_eq!(twice, ["verify/raw/1M is not a single pass: 2.001 times hmac/1M"]);
    }

    #[test]
    fn quadratic_growth_is_found() {
        let square = faults(&counts([16_000, 16_010, 64, 80_000]));
        assert_eq!(
            square,
            ["verify/raw/1M is not linear: 250.16 times verify/raw/64K, not 16"]
        );
    }
}
