//! Counts the instructions of verification and its neighbours, and compares them with a committed baseline.
//!
//! Time on a shared machine means little, but the number of instructions that callgrind counts is the same to a
//! thousandth on every run and machine. To make it so, `.ci/instructions` builds this program with the release
//! profile, statically against musl (glibc chooses its copies by processor) and with the software SHA-256
//! (valgrind shows no SHA instructions, but might one day). What ships hashes faster: `sha` measures that.

mod baseline;
mod body;
mod callgrind;
mod cases;
mod invocations;
mod sha;
mod shape;
mod stub;

use std::process::ExitCode;

const USAGE: &str = "\
acuse-instructions check          count every case, and compare with the committed baseline
acuse-instructions update         count every case, and write the baseline
acuse-instructions case NAME      run one case, under callgrind
acuse-instructions cases          list the cases
acuse-instructions hash           measure SHA-256 of this build, in MB/s
acuse-instructions sha PROGRAM    compare it with PROGRAM, a build with the software SHA-256";

/// Why a command failed, in one text for a person.
type Failure = Box<dyn std::error::Error + Send + Sync>;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let done = match *arguments {
        ["check"] => check(),
        ["update"] => update(),
        ["case", name] => cases::run(name),
        ["cases"] => {
            cases::all().iter().for_each(|case| println!("{}", case.name));
            Ok(())
        }
        ["hash"] => {
            println!("{:.0}", sha::megabytes_a_second());
            Ok(())
        }
        ["sha", program] => sha::compare(program),
        _ => Err(USAGE.into()),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("{failure}");
            ExitCode::FAILURE
        }
    }
}

fn check() -> Result<(), Failure> {
    let counts = callgrind::count_all()?;
    let mut faults = shape::faults(&counts);
    match baseline::read()? {
        Some(baseline) => faults.extend(baseline::compare(&counts, &baseline)),
        None => println!(
            "no baseline for {}, so only the proportions are checked",
            std::env::consts::ARCH
        ),
    }
    match faults.is_empty() {
        true => Ok(()),
        false => Err(faults.join("\n").into()),
    }
}

fn update() -> Result<(), Failure> {
    baseline::write(&callgrind::count_all()?)
}
