//! Counts instructions with valgrind.

use std::collections::BTreeMap;
use std::process::Command;

use crate::invocations::ENVIRONMENT;
use crate::{Failure, cases};

/// Instructions by the case's name.
pub(crate) type Counts = BTreeMap<String, u64>;

/// Counts and prints every case, each in its own process.
pub(crate) fn count_all() -> Result<Counts, Failure> {
    let mut counts = Counts::new();
    for case in cases::all() {
        let count = count(&case.name)?;
        println!("{:<20} {count:>12}", case.name);
        counts.insert(case.name, count);
    }
    Ok(counts)
}

fn count(case: &str) -> Result<u64, Failure> {
    let output = Command::new("valgrind")
        // Only the sum is of interest, not the profile.
        .args(["--tool=callgrind", "--callgrind-out-file=/dev/null"])
        .args(["--collect-atstart=no", "--toggle-collect=*cases*measured*"])
        .arg(std::env::current_exe()?)
        .args(["case", case])
        // Nothing that a machine has set, such as certificates of its own.
        .env_clear()
        .envs(std::env::var_os("PATH").map(|path| ("PATH", path)))
        .envs(ENVIRONMENT)
        .output()
        .map_err(|error| format!("valgrind: {error}"))?;
    let printed = String::from_utf8_lossy(&output.stderr);
    let count = collected(&printed).filter(|count| *count > 0 && output.status.success());
    count.ok_or_else(|| format!("{case} was not counted:\n{printed}").into())
}

/// The number in valgrind's line `==123== Collected : 4567`.
fn collected(printed: &str) -> Option<u64> {
    let (_, number) = printed.lines().find_map(|line| line.split_once("Collected :"))?;
    number.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn valgrinds_sum_is_read() {
        assert_eq!(
            collected("==7== Events    : Ir\n==7== Collected : 4567\n==7==\n"),
            Some(4567)
        );
        assert_eq!(collected("==7== error"), None);
    }
}
